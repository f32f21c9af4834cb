"""When mail came into the mailboxes: others' mail, not the gateway's own."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, and_, func, select

from gateway.match.probe import PREFIX
from gateway.model.ids import uuid7
from gateway.model.reasons import Reason
from gateway.model.spans import HOUR
from gateway.store.schema import delivery, notice

OVERLAP = 1000  # numbers
MARGIN = HOUR
"""Seconds by which the order of acceptance may differ from the times of acceptance."""
_OTHERS = and_(
    delivery.c.envelope.contains('"internal": ""'),
    delivery.c.message_id.not_like(f"{PREFIX}%"),
    delivery.c.reason != Reason.PROBE,
)
_OF_PEOPLE = delivery.c["class"].in_(("human", ""))
"""What is not read yet may be a person's."""

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


def since(connection: Connection, moment: float) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """The times at which mail came since then, by mailbox, oldest first: of all, and of that which people wrote."""
    query = select(delivery.c.mailbox, delivery.c.accepted_at, _OF_PEOPLE).where(
        delivery.c.seq >= first(connection, moment), delivery.c.accepted_at >= moment, _OTHERS
    )
    of_all: dict[str, list[float]] = {}
    of_people: dict[str, list[float]] = {}
    for mailbox, at, of_a_person in connection.execute(query.order_by(delivery.c.seq)):
        of_all.setdefault(mailbox, []).append(at)
        if of_a_person:
            of_people.setdefault(mailbox, []).append(at)
    return _in_order(of_all), _in_order(of_people)


def _in_order(found: dict[str, list[float]]) -> dict[str, list[float]]:
    return {mailbox: sorted(times) for mailbox, times in found.items()}


def last_of_people(connection: Connection, mailbox: str, since: float) -> float:
    """When the last mail of a person came into the mailbox since then, 0 for none."""
    mine = _of_box(connection, mailbox, since)
    newest = select(delivery.c.accepted_at).where(*mine, _OF_PEOPLE).order_by(delivery.c.seq.desc()).limit(1)
    return float(connection.execute(newest).scalar() or 0.0)


def of_machines(connection: Connection, mailbox: str, since: float) -> tuple[int, float]:
    """How much mail of machines came into the mailbox since then, and when the last of it came, 0 for none."""
    mine = _of_box(connection, mailbox, since)
    query = select(func.count(), func.max(delivery.c.accepted_at)).where(*mine, ~_OF_PEOPLE)
    count, last = connection.execute(query).one()
    return int(count), float(last or 0.0)


def _of_box(connection: Connection, mailbox: str, since: float) -> tuple[ColumnElement[bool], ...]:
    newer = (delivery.c.seq >= first(connection, since), delivery.c.accepted_at >= since)
    return (*newer, delivery.c.mailbox == mailbox, _OTHERS)


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
