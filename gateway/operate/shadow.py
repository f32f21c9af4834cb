"""A desk in shadow: what was planned for it, and the way out of the shadow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, select

from gateway.config.settings import Settings
from gateway.mail.head import split_head, with_line_feeds
from gateway.mail.ids import ids_of
from gateway.model.effects import CommentBody, FurtherTicketBody
from gateway.store import mapping, shadow
from gateway.store.effects import body_of
from gateway.store.raw import RawMail
from gateway.store.reading import looking
from gateway.store.schema import delivery, effect, raw, ticket
from gateway.store.shadow import Real
from gateway.store.stage import OPEN, Stage

HIDDEN, SHOWN, UNSAID = "internal", "public", ""


@dataclass(frozen=True, slots=True)
class Further:
    """One more ticket that a mail of several problems would have made."""

    title: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A mail that was accepted in shadow, and what it ``became``: ticket, comment, suppressed, quarantined, or pending.
    ``comments`` says of each comment that it would have written whether that is internal or public, "" where the words
    are no longer kept; ``further`` are the tickets that it would have made beside the first."""

    id: str
    message_id: str
    sender: str
    subject: str
    at: float
    became: str
    why: str
    ticket_id: str
    client_id: str
    board_id: str
    comments: tuple[str, ...] = ()
    further: tuple[Further, ...] = ()


@dataclass(slots=True)
class Summary:
    """What was planned in some time: mails by what they became and by reason, tickets by client."""

    mails: int
    became: dict[str, int]
    reasons: dict[str, int]
    clients: dict[str, int]


def planned(connection: Connection, desk: str, since: float, until: float) -> list[Planned]:
    """The mails of a desk in shadow, in order."""
    query = (
        select(delivery, ticket.c.client_id)
        .outerjoin(ticket, and_(ticket.c.desk == delivery.c.desk, ticket.c.ticket_id == delivery.c.ticket_id))
        .where(delivery.c.desk == desk, delivery.c.rehearsed)
        .where(delivery.c.accepted_at >= since, delivery.c.accepted_at < until)
    )
    rows = connection.execute(query.order_by(delivery.c.seq)).mappings().all()
    comments: dict[str, tuple[str, ...]] = {}
    for delivery_id, body in _effects(connection, desk, since, until, CommentBody.kind):
        readers = (HIDDEN if body.internal else SHOWN) if isinstance(body, CommentBody) else UNSAID
        comments[delivery_id] = (*comments.get(delivery_id, ()), readers)
    further: dict[str, tuple[Further, ...]] = {}
    for delivery_id, body in _effects(connection, desk, since, until, FurtherTicketBody.kind):
        if isinstance(body, FurtherTicketBody):
            made = Further(body.title, body.whose or body.ids.get("client_id", ""))
            further[delivery_id] = (*further.get(delivery_id, ()), made)
    return [_planned(row, comments.get(row["id"], ()), further.get(row["id"], ())) for row in rows]


def _effects(connection: Connection, desk: str, since: float, until: float, kind: str) -> Iterator[tuple[str, Any]]:
    """The effects of that kind that were as if done, with the mail of each by its id, in order."""
    query = select(effect.c.delivery_id, effect.c.body).join(
        delivery, and_(delivery.c.id == effect.c.delivery_id, delivery.c.generation == effect.c.generation)
    )
    query = query.where(delivery.c.desk == desk, delivery.c.rehearsed, effect.c.kind == kind)
    query = query.where(delivery.c.accepted_at >= since, delivery.c.accepted_at < until)
    for delivery_id, body in connection.execute(query.order_by(effect.c.delivery_id, effect.c.idx)):
        yield delivery_id, body_of(kind, body)


def _planned(row: RowMapping, comments: tuple[str, ...], further: tuple[Further, ...]) -> Planned:
    stage = Stage(row["stage"])
    is_done = stage is Stage.DONE or row["posted"]
    return Planned(
        id=row["id"],
        message_id=row["message_id"],
        sender=row["sender"],
        subject=row["subject"],
        at=row["accepted_at"],
        became=row["outcome"] if is_done else "pending" if stage in OPEN else stage.lower(),
        why="" if is_done else row["reason"],
        ticket_id=row["ticket_id"],
        client_id=row["client_id"] or "",
        board_id=row["board_id"],
        comments=comments,
        further=further if is_done else (),
    )


def summary(mails: Sequence[Planned], names: Mapping[str, str]) -> Summary:
    """``names`` are the desk's ids with their names."""
    clients = [mail.client_id for mail in mails if mail.became == "ticket"]
    clients += [ticket.client_id for mail in mails for ticket in mail.further]
    return Summary(
        len(mails),
        dict(Counter(mail.became for mail in mails).most_common()),
        dict(Counter(mail.why for mail in mails if mail.why).most_common()),
        dict(Counter(names.get(client_id, client_id) for client_id in clients).most_common()),
    )


def end(
    connection: Connection, settings: Settings, desk: str, now: float, take_up: float | None, real: Mapping[str, Real]
) -> shadow.Left:
    """The desk is live from now on (``store.shadow.leave``)."""
    kept = RawMail(settings.store)

    def keys(row: RowMapping) -> list[bytes]:
        """What later mail names, by which it waits for this one."""
        with looking():
            found = connection.execute(select(raw).where(raw.c.id == row["raw_id"])).mappings().first()
        mail = kept.read_or_none(found) if found is not None else None
        head = split_head(with_line_feeds(mail or b""))
        named = [row["message_id"]]
        for field_name in ("in-reply-to", "references"):
            for value in head.values(field_name)[:1]:
                named += ids_of(value.decode("utf-8", "replace"))
        return list(dict.fromkeys(mapping.key(desk, name) for name in named if name))

    return shadow.leave(connection, desk, now, take_up=take_up, keys=keys, real=real)
