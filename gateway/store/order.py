"""The order of a thread: who waits for whose text, and who is woken when it is there.

A mail waits for earlier mail that shares an id with it. Where a ticket has the id already, only people of that
ticket can write there: nobody waits for a stranger, who may name any id as often as they like.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, and_, bindparam, or_, select, union_all, update

from gateway.match import domains
from gateway.model.effects import FurtherTicketBody, TicketBody
from gateway.model.waiting import Waiting
from gateway.store import dialects
from gateway.store.constants import IS_PENDING, constant
from gateway.store.mapping import key
from gateway.store.prepared import Prepared, is_any, numbered
from gateway.store.schema import delivery, effect, mention, participant, thread
from gateway.store.stage import PENDING, EffectState, Stage

SOME = 50
"""So many of those ahead are looked at, and all only where none of these is waited for."""
NEXT = 32
"""So many of the mails behind are woken by each id."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """An earlier delivery, or one that is planned, that shares an id with ours."""

    id: str
    seq: int
    stage: Stage
    accepted_at: float


# Statements are built once: building one costs more than running it.
_WAITING = delivery.alias()
_SHARED = mention.alias()
_CREATING = (
    select(effect.c.idx)
    .where(
        effect.c.delivery_id == delivery.c.id,
        effect.c.generation == delivery.c.generation,
        effect.c.kind.in_([constant(body.kind) for body in (TicketBody, FurtherTicketBody)]),
        effect.c.state == constant(EffectState.SENT),
    )
    .exists()
)
_LEADS = select(thread.c.key).where(thread.c.key == mention.c.key, thread.c.ticket_id != constant("")).exists()
_TAKES_PART = (
    select(participant.c.role)
    .join(thread, thread.c.ticket_id == participant.c.ticket_id)
    .where(
        thread.c.key == mention.c.key,
        participant.c.desk == delivery.c.desk,
        participant.c.address == delivery.c.sender,
    )
    .exists()
)
_SAME_DOMAIN = delivery.c.sender_domain == _WAITING.c.sender_domain
_COLUMNS = (delivery.c.id, delivery.c.seq, delivery.c.stage, delivery.c.accepted_at)
_stage = dialects.without_index(delivery.c.stage)
"""Ids lead to few mails, while everything may be pending."""
_IS_PLANNED = _stage == constant(Stage.PLANNED)
_IS_AHEAD = and_(
    _stage.in_([constant(stage) for stage in PENDING]),
    delivery.c.posted.is_(False),
    delivery.c.waits_for != constant(Waiting.WINDOW),  # nobody waits for what a maintenance window holds
)
_BEFORE = mention.c.seq < bindparam("k_seq")
_PLANNED_BEHIND = and_(mention.c.seq > bindparam("k_seq"), _IS_PLANNED)
_PLANNED_OTHER = and_(mention.c.seq != bindparam("k_seq"), _IS_PLANNED)
"""By ``mention.planned``, which leads to them past the thousands that wait; it stays, whatever became of them."""
_IS_WAITED_FOR = or_(bindparam("k_patient", type_=Boolean), and_(_IS_PLANNED, _CREATING))
"""Who has no patience left waits, without limit, for a ticket that may be on the way to the desk."""
_IN_THREAD = (
    select(
        *_COLUMNS,
        mention.c.key,
        delivery.c.desk,
        delivery.c.message_id,
        delivery.c.sender_domain,
        (delivery.c.sender == _WAITING.c.sender).label("same_sender"),
        _SAME_DOMAIN.label("same_domain"),
        _LEADS.label("leads"),
        _TAKES_PART.label("takes_part"),
    )
    .join(mention, mention.c.seq == delivery.c.seq)
    .join(_WAITING, _WAITING.c.seq == bindparam("k_seq"))
    .where(_IS_AHEAD, _IS_WAITED_FOR, or_(~_LEADS, _SAME_DOMAIN, _TAKES_PART))
)


class _Thread:
    """Who is ahead of a mail in its thread, at any of these places: some of them, or all. In one condition they would
    have all mail of the thread read."""

    def __init__(self, *places: ColumnElement[bool]) -> None:
        query = union_all(*(_IN_THREAD.where(place) for place in places))
        self._all = Prepared(lambda _: query)
        self._some = Prepared(lambda _: query.limit(bindparam("k_most")))

    def blockers(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Blocker]:
        """Those that count, where they are many some of them: who shares an id with thousands waits for any."""
        rows = self._some.rows(connection, {**parameters, "k_most": SOME})
        found = _in_thread(rows)
        if found or len(rows) < SOME:
            return found
        return _in_thread(self._all.rows(connection, parameters))


def _with(count: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Mail that has one of so many ids: that was accepted before, and that is planned already."""
    return and_(is_any(mention.c.key, count), _BEFORE), and_(is_any(mention.c.planned, count), _PLANNED_BEHIND)


_THREAD_BY_HEADER = _Thread(
    and_(mention.c.key.in_(select(_SHARED.c.key).where(_SHARED.c.seq == bindparam("k_seq"))), _BEFORE)
)


@cache
def _thread_by_ids(count: int) -> _Thread:
    return _Thread(*_with(count))


def blockers(
    connection: Connection, desk: str, seq: int, message_ids: Collection[str], patient: bool = True
) -> list[Blocker]:
    """Deliveries that share one of the thread's ids and whose text is not posted yet: those accepted earlier, and
    any that is planned already (it waits for nobody, so this makes no cycle), some of them where they are many. See
    ``_counts`` for whom. Who is not ``patient`` is told only of those whose ticket is being made."""
    if not message_ids:
        return []
    keys = [key(desk, message_id) for message_id in message_ids]
    return _thread_by_ids(len(keys)).blockers(connection, {"k_seq": seq, "k_patient": patient, **numbered(keys)})


def blockers_by_header(connection: Connection, seq: int, patient: bool = True) -> list[Blocker]:
    """Those of ``blockers`` that were accepted earlier, by the ids that were kept then: before the mail is read."""
    return _THREAD_BY_HEADER.blockers(connection, {"k_seq": seq, "k_patient": patient})


def _in_thread(rows: Iterable[Any]) -> list[Blocker]:
    blockers = {row["seq"]: _blocker(row) for row in rows if _counts(row)}
    return list(blockers.values())


def _counts(row: Any) -> bool:
    """Whether it is waited for: it is by the same sender or a colleague; or by somebody who takes part in the
    ticket that has the id; or no ticket has the id, and it is the very mail of that id, or will have it first."""
    if row["same_sender"] or (row["same_domain"] and not domains.is_public(row["sender_domain"])):
        return True
    if row["leads"]:
        return bool(row["takes_part"])
    return row["stage"] == Stage.PLANNED.value or key(row["desk"], row["message_id"]) == bytes(row["key"])


def _blocker(row: Any) -> Blocker:
    return Blocker(row["id"], row["seq"], Stage(row["stage"]), row["accepted_at"])


@cache
def _ahead(count: int, is_planned: bool) -> Prepared:
    places = (and_(is_any(mention.c.planned, count), _PLANNED_OTHER),) if is_planned else _with(count)
    query = select(*_COLUMNS).join(mention, mention.c.seq == delivery.c.seq).where(_IS_AHEAD, _IS_WAITED_FOR)
    return Prepared(lambda _: union_all(*(query.where(place) for place in places)).limit(1))


def ahead(connection: Connection, desk: str, seq: int, ids: Collection[str], patient: bool = True) -> list[Blocker]:
    """Somebody who shares one of the ids by which notices of a problem wait for each other; ``patient`` as above."""
    return _any_of(connection, desk, {"k_seq": seq, "k_patient": patient}, ids, is_planned=False)


def planned(connection: Connection, desk: str, seq: int, ids: Collection[str], patient: bool = True) -> list[Blocker]:
    """Such a one that is planned: whoever decided at the same time has not seen it."""
    return _any_of(connection, desk, {"k_seq": seq, "k_patient": patient}, ids, is_planned=True)


def _any_of(
    connection: Connection, desk: str, of_mail: Mapping[str, Any], ids: Collection[str], is_planned: bool
) -> list[Blocker]:
    keys = [key(desk, message_id) for message_id in ids]
    if not keys:
        return []
    return [_blocker(row) for row in _ahead(len(keys), is_planned).rows(connection, {**of_mail, **numbered(keys)})]


_EARLIER = Prepared(
    lambda _: (
        select(delivery.c.id)
        .where(
            delivery.c.ticket_id == bindparam("k_ticket"),
            delivery.c.seq < bindparam("k_seq"),
            IS_PENDING,
            delivery.c.desk == bindparam("k_desk"),
            delivery.c.posted.is_(False),
        )
        .limit(1)
    )
)


def earlier_on_ticket(connection: Connection, desk: str, ticket_id: str, seq: int) -> str:
    """The earlier delivery that still has to post its text on this ticket, "" for none."""
    parameters = {"k_desk": desk, "k_ticket": ticket_id, "k_seq": seq}
    return str(_EARLIER.run(connection, parameters) or "")


_PLAN = Prepared(lambda _: update(mention).where(mention.c.seq == bindparam("k_seq")).values(planned=mention.c.key))


def is_planned(connection: Connection, seq: int) -> None:
    """From now on those ahead that share an id with this delivery wait for it."""
    _PLAN.change(connection, {"k_seq": seq})


_KEYS = Prepared(lambda _: select(mention.c.key).where(mention.c.seq == bindparam("k_seq")))


@cache
def _wake(count: int) -> Prepared:
    """Of each of so many ids the next mails that share it."""

    def make(_: Any) -> Any:
        behind = [
            select(mention.c.seq)
            .where(mention.c.key == bindparam(f"k_value{number}", type_=mention.c.key.type))
            .where(mention.c.seq > bindparam("k_seq"))
            .order_by(mention.c.seq)
            .limit(bindparam("k_most"))
            .subquery()
            for number in range(count)
        ]
        return (
            update(delivery)
            .where(
                delivery.c.seq.in_(union_all(*(select(following.c.seq) for following in behind))),
                _stage == constant(Stage.ACCEPTED),
                delivery.c.waits_from > 0,
                delivery.c.due_at > bindparam("k_now"),
            )
            .values(due_at=bindparam("k_now"))
        )

    return Prepared(make)


def wake(connection: Connection, seq: int, now: float) -> None:
    """The text of this delivery is posted, or it came to another end: make the next ones due of those that wait for an
    id that it shares. They wake those behind them: to wake all of thousands each time would end no storm."""
    wake_behind(connection, seq, _KEYS.column(connection, {"k_seq": seq}), now)


def wake_behind(connection: Connection, seq: int, keys: Sequence[bytes], now: float) -> None:
    """The same, by the keys of the ids."""
    if keys:
        _wake(len(keys)).change(connection, {"k_seq": seq, "k_now": now, "k_most": NEXT, **numbered(keys)})
