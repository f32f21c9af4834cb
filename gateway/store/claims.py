"""Claims: which worker has which delivery, until when.

A claim is a lease that its process renews while it lives, and a fence that grows with each claim. A
claim that ran out may be taken by anyone; the fence then keeps the old worker from changing anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, bindparam, case, false, select, text, update

from gateway.store import dialects
from gateway.store.constants import IS_PENDING, constant, flag
from gateway.store.deliveries import COLUMNS, Delivery, of_row, set_aside
from gateway.store.prepared import Prepared, is_any, numbered
from gateway.store.reading import Unreadable, looking
from gateway.store.schema import delivery
from gateway.store.stage import PENDING

# What a delivery waits for before its next call to the desk; "" is nothing that we know of.
NEEDS = ("ticket", "", "reply", "file")

_AWAKE = (IS_PENDING, flag(delivery.c.asleep, False))
"""What was put back until later is in none of the queues below, however much it is, until ``_ROUSE`` finds it due."""
_DUE = (
    select(delivery.c.seq)
    .where(
        *_AWAKE,
        delivery.c.desk == bindparam("k_desk"),
        delivery.c.needs == bindparam("k_needs"),
        delivery.c.mailbox == bindparam("k_mailbox"),
        delivery.c.due_at <= bindparam("k_now"),
        delivery.c.lease_until <= bindparam("k_now"),
    )
    .order_by(delivery.c.seq)
    .limit(bindparam("k_limit"))
)


def taking(*which: Any) -> Any:
    """A claim that is found expired counts as an interruption of the delivery."""
    return (
        update(delivery)
        .where(*which)
        .values(
            lease_until=bindparam("k_until"),
            claimed_by=bindparam("k_name"),
            fence=delivery.c.fence + 1,
            interrupts=delivery.c.interrupts + case((delivery.c.lease_until > 0, 1), else_=0),
        )
        .returning(*COLUMNS)
    )


def _take(dialect: Any, due: Any) -> Any:
    if dialects.is_postgresql(dialect):
        return taking(delivery.c.seq.in_(select(due.with_for_update(skip_locked=True).cte("due").c.seq)))
    return taking(delivery.c.seq.in_(due))


_TAKE = Prepared(partial(_take, due=_DUE))
_ROUSED = (
    select(delivery.c.seq)
    .where(flag(delivery.c.asleep), delivery.c.due_at <= bindparam("k_now"))
    .order_by(delivery.c.due_at)
    .limit(bindparam("k_most"))
)


def _rouse(dialect: Any) -> Any:
    due = _ROUSED
    if dialects.is_postgresql(dialect):  # another process may be at it
        due = select(due.with_for_update(skip_locked=True).cte("due").c.seq)
    return update(delivery).where(delivery.c.seq.in_(due)).values(asleep=false())


_ROUSE = Prepared(_rouse)
MOST_ROUSED = 1000  # at a time, the longest due first


@cache
def _take_these(count: int) -> Prepared:
    """So many by their seq, as far as they are due and free. Their stage is to be found by no index: all may wait."""
    due = select(delivery.c.seq).where(
        is_any(delivery.c.seq, count),
        dialects.without_index(delivery.c.stage).in_([constant(stage) for stage in PENDING]),
        delivery.c.due_at <= bindparam("k_now"),
        delivery.c.lease_until <= bindparam("k_now"),
    )
    return Prepared(partial(_take, due=due))


_IN_BOX = """d.stage IN ('ACCEPTED', 'PLANNED') AND NOT d.asleep AND d.desk = :k_desk AND d.needs = :k_needs
                AND d.mailbox = :k_mailbox"""
# The oldest mail that is due of each of the next senders: steps through an index from one sender to the next, from the
# one who was the last in turn. By LIMIT and not by min(), for which PostgreSQL reads all that waits where it believes
# that this is little.
_OF_SENDERS = Prepared(
    lambda _: text(
        f"""
        WITH RECURSIVE turn(sender, place) AS (
            SELECT CAST(:k_after AS TEXT), 0
            UNION ALL
            SELECT (SELECT d.sender FROM delivery d WHERE {_IN_BOX}
                AND d.sender > turn.sender ORDER BY d.sender LIMIT 1), turn.place + 1
            FROM turn WHERE turn.sender IS NOT NULL AND turn.place < :k_limit
        )
        SELECT turn.sender AS sender, (SELECT d.seq FROM delivery d WHERE {_IN_BOX}
            AND d.sender = turn.sender AND d.due_at <= :k_now AND d.lease_until <= :k_now ORDER BY d.seq LIMIT 1) AS seq
        FROM turn WHERE turn.sender IS NOT NULL AND turn.place > 0 ORDER BY turn.place
        """  # noqa: S608
    ).columns(sender=delivery.c.sender.type, seq=delivery.c.seq.type)
)
# The mailboxes with mail that is awake, by need: steps from one mailbox to the next, by LIMIT as above.
_BOXES = text(
    """
    WITH RECURSIVE box(needs, mailbox) AS (
        SELECT lane.needs, (SELECT d.mailbox FROM delivery d
            WHERE d.stage IN ('ACCEPTED', 'PLANNED') AND NOT d.asleep AND d.desk = :desk AND d.needs = lane.needs
            ORDER BY d.mailbox LIMIT 1)
        FROM (SELECT '' AS needs UNION ALL SELECT 'ticket' UNION ALL SELECT 'reply' UNION ALL SELECT 'file') lane
        UNION ALL
        SELECT box.needs, (SELECT d.mailbox FROM delivery d
            WHERE d.stage IN ('ACCEPTED', 'PLANNED') AND NOT d.asleep AND d.desk = :desk AND d.needs = box.needs
            AND d.mailbox > box.mailbox ORDER BY d.mailbox LIMIT 1)
        FROM box WHERE box.mailbox IS NOT NULL
    )
    SELECT needs, mailbox FROM box WHERE mailbox IS NOT NULL
    """
).columns(needs=delivery.c.needs.type, mailbox=delivery.c.mailbox.type)
_WAITING = Prepared(lambda _: _BOXES)


@cache
def _next_due(desks: int) -> Prepared:
    """For so many desks."""

    def make(dialect: Any) -> Any:
        by = "" if dialects.is_postgresql(dialect) else "INDEXED BY delivery_due"  # it would take the one by stage
        names = ", ".join(f":k_value{number}" for number in range(desks))
        return text(
            f"""SELECT due_at FROM delivery {by} WHERE stage IN ('ACCEPTED', 'PLANNED') AND due_at > :k_now
            AND desk IN ({names}) ORDER BY due_at LIMIT 1"""  # noqa: S608
        ).columns(due_at=delivery.c.due_at.type)

    return Prepared(make)


class Turns:
    """Whose turn it is: the mailbox that was served longest ago goes first, and of the mail of one that has more than
    there are places, half goes by its age and half by its senders in turn."""

    def __init__(self) -> None:
        self._count = 0
        self._served: dict[tuple[str, str], int] = {}
        self._halves: dict[tuple[str, str], int] = {}
        self._sender: dict[tuple[str, str], str] = {}  # who was the last in turn

    def order(self, needs: str, mailboxes: Iterable[str]) -> list[str]:
        return sorted(mailboxes, key=lambda mailbox: (self._served.get((needs, mailbox), 0), mailbox))

    def had(self, needs: str, mailbox: str) -> None:
        self._count += 1
        self._served[needs, mailbox] = self._count

    def for_senders(self, needs: str, mailbox: str, places: int) -> int:
        """How many of these places go by senders: half, of single ones every other."""
        halves = self._halves.get((needs, mailbox), 0) + places
        self._halves[needs, mailbox] = halves % 2
        return halves // 2

    def last_sender(self, needs: str, mailbox: str) -> str:
        """The one behind whom the next turn begins, "" for the first of all."""
        return self._sender.get((needs, mailbox), "")

    def had_senders(self, needs: str, mailbox: str, last: str) -> None:
        self._sender[needs, mailbox] = last


@dataclass(slots=True)
class _Claiming:
    """What is taken in one claim; ``of_all`` are the parameters of each of its statements."""

    connection: Connection
    of_all: Mapping[str, Any]
    turns: Turns
    damaged: list[Unreadable]
    taken: list[Delivery] = field(default_factory=list)

    def of_box(self, needs: str, mailbox: str, limit: int) -> int:
        """Take up to so many of a mailbox: some of the oldest, then some of its senders in turn, and what those leave
        of the oldest again. Returns how many."""
        box = {**self.of_all, "k_needs": needs, "k_mailbox": mailbox}
        in_turn = self.turns.for_senders(needs, mailbox, limit)
        count = self._oldest(box, limit - in_turn)
        if in_turn and count == limit - in_turn:  # there may be more
            count += self._of_senders(box, self.turns.last_sender(needs, mailbox), in_turn)
            count += self._oldest(box, limit - count)
        if count:
            self.turns.had(needs, mailbox)
        return count

    def _oldest(self, box: Mapping[str, Any], limit: int) -> int:
        return self._take(_TAKE, {**box, "k_limit": limit}) if limit else 0

    def _of_senders(self, box: Mapping[str, Any], after: str, limit: int) -> int:
        with looking():
            found = _OF_SENDERS.rows(self.connection, {**box, "k_limit": limit, "k_after": after})
        last = found[-1]["sender"] if len(found) == limit else ""
        self.turns.had_senders(box["k_needs"], box["k_mailbox"], last)
        seqs = [row["seq"] for row in found if row["seq"] is not None]
        return self._take(_take_these(len(seqs)), {**box, **numbered(seqs)}) if seqs else 0

    def _take(self, statement: Prepared, values: Mapping[str, Any]) -> int:
        with looking():
            claimed = statement.rows(self.connection, values)
        self.taken += readable(self.connection, claimed, values["k_now"], self.damaged)
        return len(claimed)


def claim(
    connection: Connection,
    desk: str,
    places: int,
    *,
    now: float,
    lease: float,
    name: str = "",
    most: Mapping[str, int] | None = None,
    turns: Turns | None = None,
    damaged: list[Unreadable] | None = None,
) -> list[Delivery]:
    """Take up to ``places`` due deliveries of a desk: in the order of NEEDS, of each need no more than
    ``most`` says, the mailboxes in turn, of each mailbox the oldest first, and where it has more than that, its senders
    in turn: a storm of one holds up no other. One that cannot be read is set aside, and ``damaged`` gets its place."""
    _ROUSE.change(connection, {"k_now": now, "k_most": MOST_ROUSED})
    most = most or {}
    turns = turns or Turns()
    of_all = {"k_desk": desk, "k_now": now, "k_until": now + lease, "k_name": name}
    claiming = _Claiming(connection, of_all, turns, [] if damaged is None else damaged)
    waiting = waiting_boxes(connection, desk)
    for needs in NEEDS:
        left = min(places - len(claiming.taken), most.get(needs, places))
        boxes = turns.order(needs, waiting.get(needs, ()))
        while left > 0 and boxes:
            more = []
            for number, mailbox in enumerate(boxes):
                share = -(-left // (len(boxes) - number))
                if share <= 0:
                    break
                count = claiming.of_box(needs, mailbox, share)
                left -= count
                if count == share:
                    more.append(mailbox)
            boxes = more
    return claiming.taken


def readable(
    connection: Connection, rows: Sequence[Mapping[Any, Any]], now: float, damaged: list[Unreadable]
) -> list[Delivery]:
    """The deliveries of these rows, by seq."""
    deliveries = []
    for row in rows:
        try:
            deliveries.append(of_row(row))
        except Unreadable as why:
            set_aside(connection, row, why, now)
            damaged.append(why)
    return sorted(deliveries, key=lambda delivery: delivery.seq)


def waiting_boxes(connection: Connection, desk: str) -> dict[str, list[str]]:
    """The mailboxes of a desk with mail that is not put back until later, by what that mail needs."""
    mailboxes: dict[str, list[str]] = {}
    for row in _WAITING.rows(connection, {"desk": desk}):
        mailboxes.setdefault(row["needs"], []).append(row["mailbox"])
    return mailboxes


def renew(connection: Connection, name: str, held: Mapping[int, int], now: float, until: float) -> set[int]:
    """Lengthen the claims of this process: ``held`` is the fence of each by its seq. Returns those that
    it still has; one that ran out is not renewed, for another may have seen it free."""
    if not held:
        return set()
    query = (
        update(delivery)
        .where(delivery.c.seq.in_(list(held)), delivery.c.claimed_by == name, delivery.c.lease_until > now)
        .values(lease_until=until)
        .returning(delivery.c.seq, delivery.c.fence)
    )
    return {seq for seq, fence in connection.execute(query) if held[seq] == fence}


def free(connection: Connection, name: str | None = None) -> int:
    """At the start of a process: the claims of its last run ended with it. Without a name: all claims, for
    the only process of a store."""
    query = update(delivery).where(IS_PENDING, delivery.c.lease_until > 0)
    if name is not None:
        query = query.where(delivery.c.claimed_by == name)
    return connection.execute(query.values(lease_until=0, interrupts=delivery.c.interrupts + 1)).rowcount


def give_back(connection: Connection, name: str, seqs: Sequence[int]) -> None:
    """At an orderly stop: others may go on at once. No interruption of the mail."""
    query = update(delivery).where(delivery.c.seq.in_(seqs), delivery.c.claimed_by == name, delivery.c.lease_until > 0)
    connection.execute(query.values(lease_until=0))


def next_due(connection: Connection, desks: Sequence[str], now: float) -> float | None:
    """When the next delivery of these desks that is not due yet becomes due, None when there is none."""
    found = _next_due(len(desks)).run(connection, {"k_now": now, **numbered(desks)})
    return None if found is None else float(found)
