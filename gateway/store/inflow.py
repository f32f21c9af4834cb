"""When mail came into the mailboxes: others' mail, not the gateway's own."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, and_, func, select

from gateway.match.probe import PREFIX
from gateway.model.ids import uuid7
from gateway.store.schema import delivery, notice

OVERLAP = 1000  # numbers
MARGIN = 3600.0
"""Seconds by which the order of acceptance may differ from the times of acceptance."""
_OTHERS = and_(delivery.c.envelope.contains('"internal": ""'), delivery.c.message_id.not_like(f"{PREFIX}%"))

_OF_SOURCES = (
    select(notice.c.accepted_at).join(delivery, delivery.c.id == notice.c.delivery_id).where(notice.c.proven, _OTHERS)
)


def first(connection: Connection, since: float) -> int:
    """The number from which on mail came since then, nearly: some may be older. No index has the times, the ids do."""
    query = select(delivery.c.seq).where(delivery.c.id >= first_id(since)).order_by(delivery.c.id).limit(1)
    return int(connection.execute(query).scalar() or 1 << 62)


def first_id(since: float) -> str:
    """The ids of mail that came since then are not smaller; some that are not may be of older mail."""
    return uuid7(max(0.0, since - MARGIN))[:13]


def told_since(told: Table, moment: float) -> tuple[ColumnElement[bool], ...]:
    """Whether a row of notices, or of their parts, came since then: the ids have an index."""
    return told.c.delivery_id >= first_id(moment), told.c.accepted_at >= moment


def since(connection: Connection, moment: float) -> dict[str, list[float]]:
    """The times at which mail came since then, by mailbox, oldest first."""
    query = select(delivery.c.mailbox, delivery.c.accepted_at).where(
        delivery.c.seq >= first(connection, moment), delivery.c.accepted_at >= moment, _OTHERS
    )
    found: dict[str, list[float]] = {}
    for mailbox, at in connection.execute(query.order_by(delivery.c.seq)):
        found.setdefault(mailbox, []).append(at)
    return {mailbox: sorted(times) for mailbox, times in found.items()}


def after(connection: Connection, seq: int, since: float) -> tuple[int, dict[str, float]]:
    """The last delivery, and when the last mail came into each mailbox of those behind ``seq``, and since then. Some
    before it are looked at again: transactions may end out of order."""
    newest = connection.execute(select(func.max(delivery.c.seq))).scalar() or 0
    low = max(seq - OVERLAP + 1, first(connection, since))
    query = select(delivery.c.mailbox, func.max(delivery.c.accepted_at)).where(delivery.c.seq >= low, _OTHERS)
    query = query.where(delivery.c.accepted_at >= since).group_by(delivery.c.mailbox)
    return max(seq, newest), {row[0]: row[1] for row in connection.execute(query)}


def of_source(connection: Connection, source: str, moment: float) -> list[float]:
    """The times at which proven notices of a source came since then, oldest first."""
    mine = _OF_SOURCES.where(notice.c.profile == source, notice.c.accepted_at >= moment)
    return list(connection.execute(mine.order_by(notice.c.accepted_at)).scalars())


def last_of_source(connection: Connection, source: str, since: float) -> float:
    """When the last proven notice of a source came since then, 0 for none. Reads no more than that."""
    mine = _OF_SOURCES.where(notice.c.profile == source, notice.c.accepted_at >= since)
    return float(connection.execute(mine.order_by(notice.c.accepted_at.desc()).limit(1)).scalar() or 0.0)
