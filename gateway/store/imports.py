"""How far the store came with each file of arrivals, and the ids of redeliveries that were answered with 250.

Every function takes a connection and runs inside one transaction: mail and progress are committed together, so a mail
is imported exactly once whatever dies in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from gateway.model.reasons import Reason
from gateway.store import deliveries, dialects
from gateway.store.deliveries import NewDelivery
from gateway.store.pruning import Dropped
from gateway.store.schema import arrivals, delivery, raw, redelivery
from gateway.store.stage import Stage


@dataclass(frozen=True, slots=True)
class Import:
    """A mail of the arrivals: its number there, a delivery for each mailbox, its bytes or where they are. ``damaged``
    says what of its row could not be read."""

    seq: int
    news: Sequence[NewDelivery]
    data: bytes | None
    path: str | None
    size: int
    sha256: bytes
    damaged: str = ""


def progress(connection: Connection, origin: str) -> int:
    """The number of the last mail that was imported from there, 0 for none."""
    return connection.execute(select(arrivals.c.seq).where(arrivals.c.origin == origin)).scalar() or 0


def take(connection: Connection, origin: str, mails: Sequence[Import]) -> list[str | None]:
    """Import the mails that are new here. Returns the path of each whose bytes are not needed."""
    before = progress(connection, origin)
    unneeded: list[str | None] = []
    for mail in mails:
        if mail.seq <= before and is_known(connection, mail):
            if mail.path and not _is_named(connection, mail.path):
                unneeded.append(mail.path)
            continue
        ids = deliveries.accept(connection, mail.news, mail.data, mail.path, mail.size, mail.sha256)
        again = [(new, first) for new, first in zip(mail.news, ids, strict=True) if first != new.id]
        for new, first in again:
            row = {"id": new.id, "delivery_id": first, "until": new.remember_until}
            connection.execute(insert(redelivery).values(row))
        if len(again) == len(mail.news):
            unneeded.append(mail.path)
        elif mail.damaged:
            _set_aside(connection, mail)
    _advance(connection, origin, before, max(mail.seq for mail in mails))
    return unneeded


def _set_aside(connection: Connection, mail: Import) -> None:
    """Nothing is done by guess with a mail of which something cannot be read."""
    ended = {"stage": Stage.QUARANTINED.value, "reason": Reason.DAMAGED.value, "detail": mail.damaged}
    for new in mail.news:
        connection.execute(update(delivery).where(delivery.c.id == new.id).values(**ended))
        deliveries.note(connection, new.id, new.envelope.time, f"{Stage.ACCEPTED} -> {Stage.QUARANTINED}", mail.damaged)
        seq = connection.execute(select(delivery.c.seq).where(delivery.c.id == new.id)).scalar()
        if seq is not None:
            deliveries.settle_ids(connection, seq, new.id, new.envelope.time)


def is_known(connection: Connection, mail: Import) -> bool:
    """Whether it was imported before. Mail that was set aside is imported after later mail."""
    ids = [new.id for new in mail.news]
    return any(
        connection.execute(select(column).where(column.in_(ids)).limit(1)).first()
        for column in (delivery.c.id, redelivery.c.id)
    )


def _is_named(connection: Connection, path: str) -> bool:
    """The file may be the very one that was imported then."""
    return connection.execute(select(raw.c.id).where(raw.c.path == path).limit(1)).first() is not None


def _advance(connection: Connection, origin: str, before: int, seq: int) -> None:
    if seq <= before:
        return
    if not connection.execute(update(arrivals).where(arrivals.c.origin == origin).values(seq=seq)).rowcount:
        connection.execute(insert(arrivals).values(origin=origin, seq=seq))


def first_of(connection: Connection, prefix: str) -> str:
    """The delivery that a redelivery with this id leads to, "" for none."""
    query = select(redelivery.c.delivery_id).where(dialects.begins(redelivery.c.id, prefix.lower())).limit(2)
    found = connection.execute(query).scalars().all()
    return str(found[0]) if len(found) == 1 else ""


def row_of(connection: Connection, delivery_id: str) -> RowMapping | None:
    """The delivery with the id of a 250, or the first one where that was a redelivery's; None until it is imported."""
    known = (delivery_id, first_of(connection, delivery_id))
    return connection.execute(select(delivery).where(delivery.c.id.in_(known))).mappings().one_or_none()


def drop_redeliveries(connection: Connection, now: float, limit: int) -> Dropped:
    """Forget the ids of redeliveries whose time is over."""
    ids = connection.execute(select(redelivery.c.id).where(redelivery.c.until < now).limit(limit)).scalars().all()
    if ids:
        connection.execute(delete(redelivery).where(redelivery.c.id.in_(ids)))
    return Dropped(len(ids))
