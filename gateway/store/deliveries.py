"""Deliveries: accept, defer, move.

Every function takes a connection and runs inside one of the store's transactions. A worker's
verbs name the fence of its claim; LostClaim says that another claim came after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    select,
    update,
)

from gateway.match import domains
from gateway.model.envelope import Envelope
from gateway.model.reasons import Reason
from gateway.model.release import Audience
from gateway.model.waiting import MOST_WORDS, Waiting, Waits
from gateway.store import notify, order
from gateway.store.constants import constant
from gateway.store.prepared import Prepared
from gateway.store.reading import Garbled, Missing, Unreadable, parsed, whole
from gateway.store.schema import delivery, event, file, mention, raw, seen, thread, ticket
from gateway.store.stage import PENDING, Stage, check


class LostClaim(Exception):
    """The delivery was claimed again, or moved, since this worker claimed it."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A mail for one mailbox, before it is kept. ``mention_keys`` are the hashed ids of its headers; ``sender``
    is From, lower case, "" when it is unclear or disproven: it tells who may be waited for, and proves nothing.
    ``subject`` is for people."""

    id: str
    desk: str
    mailbox: str
    envelope: Envelope
    message_id: str
    mention_keys: tuple[bytes, ...]
    dedupe_key: bytes
    remember_until: float
    sender: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed delivery."""

    seq: int
    id: str
    raw_id: int
    desk: str
    mailbox: str
    envelope: Envelope
    message_id: str
    accepted_at: float
    stage: Stage
    fence: int
    deaths: int = 0
    interrupts: int = 0
    tries: int = 0
    waits_from: float = 0
    waits_for: str = ""
    waits_on: str = ""
    waits_since: float = 0
    generation: int = 1
    posted: bool = False
    board_id: str = ""
    ticket_id: str = ""
    detail: str = ""
    released: bool = False
    files_released: bool = False
    moved_to: str = ""
    moved_from: str = ""
    overruled: str = ""
    released_by: str = ""
    audience: Audience = ""
    admits: bool = False
    whole: bool = False
    continues: str = ""
    plan: dict[str, Any] | None = None

    def waited_for(self, what: Waiting, now: float) -> float:
        """Seconds for which it has waited for that, before this claim."""
        return max(now - self.waits_since, 0.0) if self.waits_for == what.value else 0.0

    @property
    def taken_from(self) -> str:
        """The ticket from which an operator takes it away, "" for none: what is shown whole stays on its ticket."""
        return self.moved_from if self.moved_from != self.moved_to else ""


# -- accept ---------------------------------------------------------------------------------------


def _insertion(table: Table, *columns: str) -> Any:
    return lambda dialect: dialect.insert(table).values({name: bindparam(name) for name in columns})


_INSERT_RAW = Prepared(lambda dialect: _insertion(raw, "data", "path", "size", "sha256")(dialect).returning(raw.c.id))
_NEW = (
    "id", "raw_id", "desk", "mailbox", "envelope", "message_id", "accepted_at", "stage", "due_at", "sender",
    "sender_domain", "subject",
)  # fmt: skip
_INSERT_DELIVERY = Prepared(lambda dialect: _insertion(delivery, *_NEW)(dialect).returning(delivery.c.seq))
_INSERT_MENTION = Prepared(_insertion(mention, "key", "seq"))


def _seen_statement(dialect: Any) -> Any:
    """Claim the dedupe key unless a claim that is still remembered holds it. One statement."""
    statement = dialect.insert(seen).values(
        key=bindparam("key"), delivery_id=bindparam("delivery_id"), until=bindparam("until")
    )
    return statement.on_conflict_do_update(
        index_elements=[seen.c.key],
        set_={"delivery_id": statement.excluded.delivery_id, "until": statement.excluded.until},
        where=seen.c.until < bindparam("now"),
    ).returning(seen.c.delivery_id)


_CLAIM_KEY = Prepared(_seen_statement)


def is_seen(connection: Connection, dedupe_key: bytes) -> bool:
    """Whether mail of this key was accepted, as far as is remembered."""
    return connection.execute(select(seen.c.key).where(seen.c.key == dedupe_key)).first() is not None


def accept(
    connection: Connection, news: Sequence[NewDelivery], data: bytes | None, path: str | None, size: int, digest: bytes
) -> list[str]:
    """Keep one mail, whose sha256 is ``digest``, for its mailboxes. Returns the id for each: the new one, or
    that of the delivery which the same bytes already made (a redelivery, counted there)."""
    ids = []
    raw_id = None
    for new in news:
        now = new.envelope.time
        claimed = _CLAIM_KEY.run(
            connection, {"key": new.dedupe_key, "delivery_id": new.id, "until": new.remember_until, "now": now}
        )
        if claimed is None:
            ids.append(_redelivered(connection, new))
            continue
        if raw_id is None:
            raw_id = _INSERT_RAW.run(connection, {"data": data, "path": path, "size": size, "sha256": digest})
        seq = _INSERT_DELIVERY.run(
            connection,
            {
                "id": new.id,
                "raw_id": raw_id,
                "desk": new.desk,
                "mailbox": new.mailbox,
                "envelope": new.envelope.as_json(),
                "message_id": new.message_id,
                "accepted_at": now,
                "stage": Stage.ACCEPTED.value,
                "due_at": now,
                "sender": new.sender,
                "sender_domain": domains.of(new.sender),
                "subject": new.subject,
            },
        )
        for key in new.mention_keys:
            _INSERT_MENTION.run(connection, {"key": key, "seq": seq})
        ids.append(new.id)
    if raw_id is not None:
        notify.wake_workers(connection)
    return ids


def _redelivered(connection: Connection, new: NewDelivery) -> str:
    first = connection.execute(select(seen.c.delivery_id).where(seen.c.key == new.dedupe_key)).scalar_one()
    connection.execute(update(delivery).where(delivery.c.id == first).values(redelivered=delivery.c.redelivered + 1))
    return str(first)


# -- a claimed delivery ----------------------------------------------------------------------------


COLUMNS = tuple(delivery.c[field.name] for field in fields(Delivery))
"""What ``of_row`` needs: without the trace, which is long."""


def of_row(row: Mapping[Any, Any]) -> Delivery:
    """A delivery as its row says. Raises Unreadable."""
    whole(row, *(column.name for column in COLUMNS))
    return Delivery(
        seq=row["seq"],
        id=row["id"],
        raw_id=row["raw_id"],
        desk=row["desk"],
        mailbox=row["mailbox"],
        envelope=_envelope(row["envelope"]),
        message_id=row["message_id"],
        accepted_at=row["accepted_at"],
        stage=_stage(row["stage"]),
        fence=row["fence"],
        deaths=row["deaths"],
        interrupts=row["interrupts"],
        tries=row["tries"],
        waits_from=row["waits_from"],
        waits_for=row["waits_for"],
        waits_on=row["waits_on"],
        waits_since=row["waits_since"],
        generation=row["generation"],
        posted=row["posted"],
        board_id=row["board_id"],
        ticket_id=row["ticket_id"],
        detail=row["detail"],
        released=row["released"],
        files_released=row["files_released"],
        moved_to=row["moved_to"],
        moved_from=row["moved_from"],
        overruled=row["overruled"],
        released_by=row["released_by"],
        audience=row["audience"],
        admits=row["admits"],
        whole=row["whole"],
        continues=row["continues"],
        plan=parsed(row["plan"], "delivery.plan") if row["plan"] else None,
    )


def _envelope(text: str) -> Envelope:
    try:
        return Envelope(**parsed(text, "delivery.envelope"))
    except TypeError as error:
        raise Unreadable("delivery.envelope cannot be read") from error


def _stage(name: str) -> Stage:
    try:
        return Stage(name)
    except ValueError as error:
        raise Unreadable("delivery.stage cannot be read") from error


def set_aside(connection: Connection, row: Mapping[Any, Any], why: Unreadable, now: float) -> None:
    """A pending delivery whose row cannot be read: nothing is done by guess, others go on. Whoever had a claim
    on it has lost it."""
    ended = {"stage": Stage.QUARANTINED.value, "reason": Reason.DAMAGED.value, "detail": str(why)}
    query = update(delivery).where(delivery.c.seq == row["seq"])
    connection.execute(query.values(**ended, needs="", due_at=now, lease_until=0, fence=delivery.c.fence + 1))
    if not isinstance(row["id"], Garbled):
        note(connection, row["id"], now, f"{row['stage']} -> {Stage.QUARANTINED}", f"{Reason.DAMAGED}: {why}")
        settle_ids(connection, row["seq"], row["id"], now)


# -- the worker's verbs ---------------------------------------------------------------------------


# Statements are built once: building one costs more than running it.
_IS_MINE = (
    delivery.c.seq == bindparam("k_seq"),
    delivery.c.fence == bindparam("k_fence"),
    delivery.c.stage == bindparam("k_stage"),
)
_TOUCH = Prepared(lambda _: update(delivery).where(*_IS_MINE))


_CHECK = Prepared(lambda _: select(delivery.c.seq).where(*_IS_MINE).with_for_update(key_share=True))
_NOTE = Prepared(_insertion(event, "delivery_id", "at", "what", "detail"))
_SETTLE = (
    Prepared(lambda _: delete(mention).where(mention.c.seq == bindparam("k_seq")).returning(mention.c.key)),
    Prepared(
        lambda _: delete(thread).where(thread.c.delivery_id == bindparam("k_id"), thread.c.ticket_id == constant(""))
    ),
    Prepared(lambda _: delete(file).where(file.c.delivery_id == bindparam("k_id"), file.c.document_id == constant(""))),
)
_CONTENT = Prepared(lambda _: select(raw).where(raw.c.id == bindparam("k_id")))


def held(claim: Delivery) -> dict[str, Any]:
    """The parameters that tie a statement to a claim."""
    return {"k_seq": claim.seq, "k_fence": claim.fence, "k_stage": claim.stage.value}


def check_claim(connection: Connection, claim: Delivery) -> None:
    """Nobody can claim the delivery until this transaction ends. Raises LostClaim when somebody has."""
    if _CHECK.run(connection, held(claim)) is None:
        raise LostClaim(claim.id)


def touch(connection: Connection, claim: Delivery, **values: Any) -> None:
    """Change columns of a claimed delivery. Raises LostClaim."""
    if _TOUCH.change(connection, {**values, **held(claim)}, columns=values) != 1:
        raise LostClaim(claim.id)


def move(
    connection: Connection, claim: Delivery, to: Stage, *, now: float, reason: str = "", detail: str = "", **values: Any
) -> None:
    """Move a claimed delivery to another stage and free the claim, with an event.

    Raises LostClaim; IllegalTransition for a step that the table does not allow."""
    check(claim.stage, to)
    freed = {"lease_until": 0, "due_at": now, "asleep": False, "needs": "", "waits_for": ""}
    touch(connection, claim, stage=to.value, reason=reason, detail=detail, **freed, **values)
    note(connection, claim.id, now, f"{claim.stage} -> {to}", ": ".join(filter(None, (reason, detail))))
    if to not in PENDING:
        settle_ids(connection, claim.seq, claim.id, now)


def advance(connection: Connection, claim: Delivery, to: Stage, *, now: float, **values: Any) -> None:
    """Move a claimed delivery to another pending stage and keep the claim, with an event.

    Raises LostClaim; IllegalTransition."""
    check(claim.stage, to)
    touch(connection, claim, stage=to.value, needs="", waits_for="", **values)
    if to is Stage.PLANNED:
        order.is_planned(connection, claim.seq)
    note(connection, claim.id, now, f"{claim.stage} -> {to}")


def defer(
    connection: Connection, claim: Delivery, until: float, waits: Waits, *, now: float, needs: str = "", **values: Any
) -> None:
    """Free the claim; the delivery is due again at ``until``, once there is what it ``needs``. ``waits`` says for what,
    since now or since it began to wait for the same. Raises LostClaim."""
    touch(
        connection,
        claim,
        due_at=until,
        asleep=until > now,
        lease_until=0,
        needs=needs,
        waits_for=waits.kind.value,
        waits_on=waits.on[:MOST_WORDS],
        waits_since=claim.waits_since if claim.waits_for == waits.kind.value else now,
        **values,
    )


def settle_ids(connection: Connection, seq: int, delivery_id: str, now: float) -> None:
    """Nobody waits for this delivery any more: who did is due, its mentions and unfulfilled reservations go."""
    mentions, reservations, files = _SETTLE
    order.wake_behind(connection, seq, mentions.column(connection, {"k_seq": seq}), now)
    reservations.change(connection, {"k_id": delivery_id})
    files.change(connection, {"k_id": delivery_id})


def free_file(connection: Connection, delivery_id: str, sha256: str) -> None:
    """The upload of this content did not happen: another delivery may take it."""
    connection.execute(
        delete(file).where(file.c.delivery_id == delivery_id, file.c.sha256 == sha256, file.c.document_id == "")
    )


def note(connection: Connection, delivery_id: str, at: float, what: str, detail: str = "") -> None:
    """Add a row to the delivery's history."""
    _NOTE.change(connection, {"delivery_id": delivery_id, "at": at, "what": what, "detail": detail[:2000]})


def by_id(connection: Connection, delivery_id: str) -> Delivery | None:
    """Another delivery, None where its row is gone."""
    row = connection.execute(select(delivery).where(delivery.c.id == delivery_id)).mappings().first()
    return of_row(row) if row is not None else None


_END = Prepared(
    lambda _: (
        select(delivery.c.sender, delivery.c.outcome, delivery.c.ticket_id, raw.c.size, ticket.c.number)
        .select_from(delivery)
        .outerjoin(raw, raw.c.id == delivery.c.raw_id)
        .outerjoin(ticket, and_(ticket.c.desk == delivery.c.desk, ticket.c.ticket_id == delivery.c.ticket_id))
        .where(delivery.c.id == bindparam("k_id"))
    )
)


def end(connection: Connection, delivery_id: str) -> Mapping[Any, Any]:
    """What is said of a delivery at its end: sender, outcome, ticket_id, size, and the ticket's number. What is not
    known is None; where the row is gone there is nothing."""
    return next(iter(_END.rows(connection, {"k_id": delivery_id})), {})


def content(connection: Connection, raw_id: int) -> dict[str, Any]:
    """data, path, size and sha256 of a kept mail. Raises Missing where its row is gone."""
    if (row := content_of(connection, raw_id)) is None:
        raise Missing("raw: the row of the mail is gone")
    return row


def content_of(connection: Connection, raw_id: int) -> dict[str, Any] | None:
    """The same of a mail that may be kept no longer: then None."""
    return next(iter(_CONTENT.rows(connection, {"k_id": raw_id})), None)
