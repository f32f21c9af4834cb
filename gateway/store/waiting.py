"""What pending mail waits for: each mail by its own row, or its desk for all of them.

Mail of a desk that is away is not claimed, so its rows say nothing of it. The workers write down how each desk is, for
commands and listeners that do not ask it themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select, text

from gateway.model.waiting import MOST_WORDS, Waiting, Waits
from gateway.store import deliveries
from gateway.store.constants import IS_PENDING
from gateway.store.deliveries import Delivery
from gateway.store.reading import garbled, looking
from gateway.store.schema import delivery, desk_state
from gateway.store.stage import OPEN, Stage

OF_THE_DESK = frozenset(
    {Waiting.DESK, Waiting.KEY, Waiting.RATE, Waiting.EARLIER, Waiting.READ_BACK, Waiting.PLACE, Waiting.ANSWER}
)
"""What does not come while the desk is away."""
UNTIL_THERE = frozenset({Waiting.RATE, Waiting.PLACE})
"""What is waited for though the mail is due: it is taken when there is a call or a place."""


@dataclass(frozen=True, slots=True)
class DeskState:
    """``waits``: why nothing of this desk moves, Waiting.NOTHING while it does; ``since`` then."""

    waits: Waits
    since: float


@dataclass(frozen=True, slots=True)
class Wait:
    """What a mail waits for, since when, and when it is looked at again; 0.0 for not known."""

    waits: Waits
    since: float
    until: float


def tell(connection: Connection, desk: str, waits: Waits, now: float) -> None:
    """Write down how a desk is. ``since`` stays as long as it is the same."""
    connection.execute(
        text(
            """INSERT INTO desk_state (desk, waits_for, waits_on, since) VALUES (:desk, :kind, :about, :now)
            ON CONFLICT (desk) DO UPDATE SET waits_for = excluded.waits_for, waits_on = excluded.waits_on,
            since = CASE WHEN desk_state.waits_for = excluded.waits_for THEN desk_state.since ELSE excluded.since END"""
        ),
        {"desk": desk, "kind": waits.kind.value, "about": waits.on[:MOST_WORDS], "now": now},
    )


def desks(connection: Connection) -> dict[str, DeskState]:
    """How each desk is, by name."""
    with looking():
        rows = connection.execute(select(desk_state)).mappings().all()
    return {row["desk"]: DeskState(Waits(Waiting.of(row["waits_for"]), row["waits_on"]), row["since"]) for row in rows}


def of_row(row: Mapping[Any, Any], states: Mapping[str, DeskState], now: float) -> Wait | None:
    """What this delivery waits for, None when it has come to its end."""
    if row["stage"] not in {stage.value for stage in OPEN} or garbled(row.values()):
        return None
    if row["stage"] == Stage.HELD:
        return Wait(Waits(Waiting.OPERATOR), row["due_at"], 0.0)
    own = Waiting.of(row["waits_for"])
    kind = _effective(own, states.get(row["desk"]), working=row["lease_until"] > now, due=row["due_at"] <= now)
    if kind in (Waiting.WORK, Waiting.WORKER):
        return Wait(Waits(kind), row["due_at"], 0.0)
    if kind is not own or kind in (Waiting.DESK, Waiting.KEY):
        state = states.get(row["desk"])
        if state is not None and state.waits.kind is kind:
            return Wait(state.waits, state.since, 0.0)
    return Wait(Waits(kind, row["waits_on"]), row["waits_since"], row["due_at"] if row["due_at"] > now else 0.0)


def _effective(own: Waiting, state: DeskState | None, *, working: bool, due: bool) -> Waiting:
    """What counts of what the row and its desk say."""
    if working:
        return Waiting.WORK
    if state is not None and state.waits.kind is not Waiting.NOTHING and (due or own in OF_THE_DESK):
        return state.waits.kind
    return own if own is not Waiting.NOTHING and (not due or own in UNTIL_THERE) else Waiting.WORKER


def counted(connection: Connection, now: float) -> dict[Waiting, int]:
    """How many deliveries wait for what."""
    working = case((delivery.c.lease_until > now, 1), else_=0).label("working")
    due = case((delivery.c.due_at <= now, 1), else_=0).label("due")
    query = select(delivery.c.desk, delivery.c.waits_for, working, due, func.count().label("mails"))
    query = query.where(IS_PENDING)
    states = desks(connection)
    counts: Counter[Waiting] = Counter()
    with looking():
        rows = connection.execute(query.group_by(delivery.c.desk, delivery.c.waits_for, working, due)).mappings()
        for row in rows:
            state = states.get(row["desk"])
            kind = _effective(Waiting.of(row["waits_for"]), state, working=bool(row["working"]), due=bool(row["due"]))
            counts[kind] += row["mails"]
    held = select(func.count()).where(delivery.c.stage == Stage.HELD.value)
    counts[Waiting.OPERATOR] += int(connection.execute(held).scalar_one())
    return dict(counts)


def numbers_between(
    connection: Connection, desk: str, mailboxes: Collection[str], since: float, until: float
) -> list[int]:
    """The numbers of the mail of these mailboxes that was accepted then and is not posted, in their order."""
    query = select(delivery.c.seq).where(
        IS_PENDING,
        delivery.c.posted.is_(False),
        delivery.c.desk == desk,
        delivery.c.mailbox.in_(list(mailboxes)),
        delivery.c.accepted_at >= since,
        delivery.c.accepted_at <= until,
    )
    with looking():
        return list(connection.execute(query.order_by(delivery.c.seq)).scalars())


def numbered(connection: Connection, numbers: Collection[int]) -> list[Delivery]:
    """The mails of these numbers that still wait, in their order; without those that are damaged."""
    query = select(delivery).where(delivery.c.seq.in_(list(numbers)), IS_PENDING).order_by(delivery.c.seq)
    with looking():
        rows = connection.execute(query).mappings().all()
        return [deliveries.of_row(row) for row in rows if not garbled(row.values())]
