"""The deliveries, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, func, literal_column, or_, select

from gateway.model.waiting import Waiting
from gateway.store.constants import IS_PENDING
from gateway.store.reading import looking
from gateway.store.schema import carried, delivery
from gateway.store.stage import PENDING, Stage


@dataclass(frozen=True, slots=True)
class Sums:
    """The promise in numbers: accepted = done + suppressed + quarantined + pending. ``arriving`` of the pending are
    not in the store yet."""

    accepted: int
    done: int
    suppressed: int
    quarantined: int
    pending: int
    redelivered: int
    arriving: int = 0


Census = list[tuple[str, str, str, int]]
"""(stage, mailbox, reason, count) of all deliveries, those too whose rows were deleted."""


def census(connection: Connection) -> Census:
    """Count the deliveries, from an index."""
    query = select(delivery.c.stage, delivery.c.mailbox, delivery.c.reason, func.count())
    query = query.group_by(delivery.c.stage, delivery.c.mailbox, delivery.c.reason)
    gone = select(carried.c.stage, carried.c.mailbox, carried.c.reason, carried.c.count)
    counts: Counter[tuple[str, str, str]] = Counter()
    with looking():  # what cannot be read was accepted too
        for row in (*connection.execute(query), *connection.execute(gone)):
            counts[row[0], row[1], row[2]] += row[3]
    return [(*key, count) for key, count in counts.items()]


def sums(connection: Connection, counted: Census | None = None, arriving: int = 0) -> Sums:
    """Count the deliveries by what they became. HELD counts as pending. ``counted`` when that was done; ``arriving``
    deliveries wait to be imported."""
    counts: Counter[str] = Counter()
    for stage, _, _, count in census(connection) if counted is None else counted:
        counts[stage] += count
    again = 0
    for column in (delivery.c.redelivered, carried.c.redelivered):
        query = select(func.coalesce(func.sum(column), 0)).where(column > literal_column("0"))  # by an index of those
        again += int(connection.execute(query).scalar_one())
    return Sums(
        accepted=counts.total() + arriving,
        done=counts[Stage.DONE.value],
        suppressed=counts[Stage.SUPPRESSED.value],
        quarantined=counts[Stage.QUARANTINED.value],
        pending=sum(counts[stage.value] for stage in (*PENDING, Stage.HELD)) + arriving,
        redelivered=again,
        arriving=arriving,
    )


def oldest_pending(connection: Connection, now: float) -> float | None:
    """When the oldest mail that is under way was accepted. What was posted and waits on purpose does not count."""
    query = select(func.min(delivery.c.accepted_at)).where(
        IS_PENDING,
        or_(delivery.c.posted.is_(False) & (delivery.c.waits_for != Waiting.WINDOW.value), delivery.c.due_at <= now),
    )
    return connection.execute(query).scalar()
