"""When mail came into the mailboxes: others' mail, not the gateway's own."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, select

from gateway.match.probe import PREFIX
from gateway.store.schema import delivery, notice

_OTHERS = and_(delivery.c.envelope.contains('"internal": ""'), delivery.c.message_id.not_like(f"{PREFIX}%"))

_OF_SOURCES = (
    select(notice.c.profile, notice.c.accepted_at)
    .join(delivery, delivery.c.id == notice.c.delivery_id)
    .where(notice.c.proven, _OTHERS)
)


def since(connection: Connection, moment: float) -> dict[str, list[float]]:
    """The times at which mail came since then, by mailbox, oldest first."""
    query = select(delivery.c.mailbox, delivery.c.accepted_at).where(delivery.c.accepted_at >= moment, _OTHERS)
    found: dict[str, list[float]] = {}
    for mailbox, at in connection.execute(query.order_by(delivery.c.seq)):
        found.setdefault(mailbox, []).append(at)
    return {mailbox: sorted(times) for mailbox, times in found.items()}


def after(connection: Connection, seq: int, since: float) -> tuple[int, dict[str, float]]:
    """The last delivery, and when the last mail came into each mailbox of those behind ``seq``, and since then."""
    newest = connection.execute(select(func.max(delivery.c.seq))).scalar() or 0
    query = select(delivery.c.mailbox, func.max(delivery.c.accepted_at)).where(delivery.c.seq > seq, _OTHERS)
    query = query.where(delivery.c.accepted_at >= since).group_by(delivery.c.mailbox)
    return max(seq, newest), {row[0]: row[1] for row in connection.execute(query)}


def of_sources(connection: Connection, moment: float) -> dict[str, list[float]]:
    """The times at which proven notices came since then, by "notice" and the name of their source, oldest first."""
    found: dict[str, list[float]] = {}
    for name, at in connection.execute(
        _OF_SOURCES.where(notice.c.accepted_at >= moment).order_by(notice.c.accepted_at)
    ):
        found.setdefault(f"notice {name}", []).append(at)
    return found


def last_of_sources(connection: Connection, since: float) -> dict[str, float]:
    """When the last proven notice of each source came since then."""
    last = func.max(notice.c.accepted_at)
    query = _OF_SOURCES.with_only_columns(notice.c.profile, last, maintain_column_froms=True)
    rows = connection.execute(query.where(notice.c.accepted_at >= since).group_by(notice.c.profile))
    return {f"notice {row[0]}": float(row[1]) for row in rows}
