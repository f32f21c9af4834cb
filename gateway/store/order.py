"""The order of a thread: who waits for whose text, and who is woken when it is there.

A mail waits for earlier mail that shares an id with it. Where a ticket has the id already, only people of that
ticket can write there: nobody waits for a stranger, who may name any id as often as they like.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from gateway.match import domains
from gateway.model.effects import FurtherTicketBody, TicketBody
from gateway.model.waiting import Waiting
from gateway.store import dialects
from gateway.store.constants import IS_PENDING, constant
from gateway.store.mapping import key
from gateway.store.prepared import Prepared, is_any, numbered
from gateway.store.schema import delivery, effect, mention, participant, thread
from gateway.store.stage import PENDING, EffectState, Stage


@dataclass(frozen=True, slots=True)
class Blocker:
    """An earlier delivery, or one that is planned, that shares an id with ours."""

    id: str
    seq: int
    stage: Stage
    accepted_at: float
    creating: bool  # its ticket may be on the way to the desk: wait without limit


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
_COLUMNS = (delivery.c.id, delivery.c.seq, delivery.c.stage, delivery.c.accepted_at, _CREATING.label("creating"))
_stage = dialects.without_index(delivery.c.stage)
"""Ids lead to few mails, while everything may be pending."""
_IS_AHEAD = and_(
    delivery.c.seq != bindparam("k_seq"),
    _stage.in_([constant(stage) for stage in PENDING]),
    delivery.c.posted.is_(False),
    delivery.c.waits_for != constant(Waiting.WINDOW),  # nobody waits for what a maintenance window holds
    or_(delivery.c.seq < bindparam("k_seq"), delivery.c.stage == constant(Stage.PLANNED)),
)
_AHEAD = select(*_COLUMNS).join(mention, mention.c.seq == delivery.c.seq).where(_IS_AHEAD)
_AHEAD_BY_IDS = _AHEAD.where(mention.c.key.in_(bindparam("k_keys", expanding=True)))
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
    .where(_IS_AHEAD, or_(~_LEADS, _SAME_DOMAIN, _TAKES_PART))
)
_THREAD_BY_HEADER = Prepared(
    lambda _: _IN_THREAD.where(mention.c.key.in_(select(_SHARED.c.key).where(_SHARED.c.seq == bindparam("k_seq"))))
)


@cache
def _thread_by_ids(count: int) -> Prepared:
    return Prepared(lambda _: _IN_THREAD.where(is_any(mention.c.key, count)))


def blockers(connection: Connection, desk: str, seq: int, message_ids: Collection[str]) -> list[Blocker]:
    """Deliveries that share one of the thread's ids and whose text is not posted yet: those accepted earlier, and
    any that is planned already (it waits for nobody, so this makes no cycle). See ``_counts`` for whom."""
    if not message_ids:
        return []
    keys = [key(desk, message_id) for message_id in message_ids]
    return _in_thread(_thread_by_ids(len(keys)).rows(connection, {"k_seq": seq, **numbered(keys)}))


def blockers_by_header(connection: Connection, seq: int) -> list[Blocker]:
    """``blockers`` by the ids that were kept at accept: before the mail is read."""
    return _in_thread(_THREAD_BY_HEADER.rows(connection, {"k_seq": seq}))


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
    return Blocker(row["id"], row["seq"], Stage(row["stage"]), row["accepted_at"], bool(row["creating"]))


def ahead(connection: Connection, desk: str, seq: int, ids: Collection[str]) -> list[Blocker]:
    """Everybody who shares one of the ids by which notices of a problem wait for each other."""
    if not ids:
        return []
    rows = connection.execute(_AHEAD_BY_IDS, {"k_seq": seq, "k_keys": [key(desk, message_id) for message_id in ids]})
    return list({row["seq"]: _blocker(row) for row in rows.mappings()}.values())


def planned(connection: Connection, desk: str, seq: int, ids: Collection[str]) -> list[Blocker]:
    """Those of ``ahead`` that are planned: whoever decided at the same time has not seen them."""
    return [delivery for delivery in ahead(connection, desk, seq, ids) if delivery.stage is Stage.PLANNED]


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


_WAKE = Prepared(
    lambda _: (
        update(delivery)
        .where(
            delivery.c.seq.in_(
                select(mention.c.seq).where(
                    mention.c.key.in_(select(_SHARED.c.key).where(_SHARED.c.seq == bindparam("k_seq"))),
                    mention.c.seq > bindparam("k_seq"),
                )
            ),
            _stage == constant(Stage.ACCEPTED),
            delivery.c.waits_from > 0,
            delivery.c.due_at > bindparam("k_now"),
        )
        .values(due_at=bindparam("k_now"))
    )
)


def wake(connection: Connection, seq: int, now: float) -> None:
    """Make the deliveries that wait for a shared id due: the text is posted, or the mail came to another end."""
    _WAKE.change(connection, {"k_seq": seq, "k_now": now})
