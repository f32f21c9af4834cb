"""What an operator does with kept mail: find, list, release, hold, drop, retry, move.

Every function takes a connection and runs inside one transaction, beside a running gateway or without one.
Whoever changes something raises Unreadable when a row that it goes by is damaged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, exists, or_, select, update

from gateway.store import notify
from gateway.store.deliveries import note, settle_ids
from gateway.store.reading import looking, whole
from gateway.store.schema import delivery, effect, event, thread
from gateway.store.stage import PENDING, EffectState, Stage, check

GONE = "{}: the mail itself is not kept any more (see [retention])"


class NotPossible(Exception):
    """The operator asked for something that the delivery's stage does not allow."""


def find(connection: Connection, prefix: str) -> RowMapping:
    """The delivery whose id starts with ``prefix``; what cannot be read of it is Garbled. Raises NotPossible
    unless there is exactly one."""
    query = select(delivery).where(delivery.c.id.startswith(prefix, autoescape=True)).limit(2)
    with looking():
        rows = connection.execute(query).mappings().all()
    if len(rows) != 1:
        raise NotPossible(f"{prefix}: {'no delivery has' if not rows else 'several deliveries have'} this id")
    return rows[0]


def restage(
    connection: Connection, prefix: str, to: Stage | None, *, now: float, reason: str = "", moved_to: str = ""
) -> str:
    """Release (``to`` None: resume when any effect was sent, else decide anew), hold or drop.

    The fence grows, so that a worker that holds the delivery loses it. Returns the id.
    Raises NotPossible."""
    row = whole(find(connection, prefix), "id", "stage", "generation", "kept")
    old = Stage(row["stage"])
    values: dict[str, Any] = {}
    if to is None:
        if old not in (Stage.QUARANTINED, Stage.HELD):
            raise NotPossible(f"{row['id']} is {old}: only quarantined and held mail is released")
        to = _resume_stage(connection, row)
        if to is Stage.ACCEPTED:
            values = {
                "generation": row["generation"] + 1,
                "plan": None,
                "ticket_id": "",
                "posted": False,
                "released": True,
                "moved_to": moved_to,
            }
        elif moved_to:
            raise NotPossible(f"{row['id']}: part of it is at the desk already; release it, then `thread move`")
    if to in PENDING and not row["kept"]:
        raise NotPossible(GONE.format(row["id"]))
    if to is Stage.SUPPRESSED and _sent(connection, row):
        raise NotPossible(f"{row['id']}: the desk has part of it already; release it or leave it")
    try:
        check(old, to)
    except Exception as error:
        raise NotPossible(f"{row['id']} is {old}: it cannot become {to}") from error
    connection.execute(
        update(delivery)
        .where(delivery.c.seq == row["seq"])
        .values(
            stage=to.value,
            reason=reason,
            detail="",
            due_at=now,
            lease_until=0,
            needs="",
            waits_for="",
            tries=0,
            deaths=0,
            interrupts=0,
            fence=delivery.c.fence + 1,
            **values,
        )
    )
    note(connection, row["id"], now, f"{old} -> {to}", "operator")
    if to not in PENDING:
        settle_ids(connection, row["seq"], row["id"], now)
    notify.tell(connection)
    return str(row["id"])


def _sent(connection: Connection, row: RowMapping) -> bool:
    return bool(
        connection.execute(
            select(
                exists().where(
                    effect.c.delivery_id == row["id"],
                    effect.c.generation == row["generation"],
                    or_(effect.c.state == EffectState.SENT.value, effect.c.state == EffectState.DONE.value),
                )
            )
        ).scalar()
    )


def _resume_stage(connection: Connection, row: RowMapping) -> Stage:
    return Stage.PLANNED if _sent(connection, row) else Stage.ACCEPTED


def move_to(connection: Connection, prefix: str, target: str, *, now: float) -> str:
    """Take a finished mail to another ticket, or to one of its own ("new"): its ids lead there from
    now on, what is missing there is posted, and the wrong place gets an internal comment. Doing it
    twice changes nothing. Returns the id. Raises NotPossible."""
    row = whole(find(connection, prefix), "id", "stage", "generation", "kept", "ticket_id", "moved_to")
    if row["stage"] != Stage.DONE:
        raise NotPossible(f"{row['id']} is {row['stage']}: only mail that is done can be moved")
    if not row["kept"]:
        raise NotPossible(GONE.format(row["id"]))
    if target in (row["ticket_id"], row["moved_to"] or None):
        return str(row["id"])
    connection.execute(delete(thread).where(thread.c.delivery_id == row["id"]))
    connection.execute(
        update(delivery)
        .where(delivery.c.seq == row["seq"])
        .values(
            stage=Stage.ACCEPTED.value,
            generation=row["generation"] + 1,
            moved_to=target,
            moved_from=row["ticket_id"],
            ticket_id="",
            posted=False,
            plan=None,
            due_at=now,
            lease_until=0,
            needs="",
            waits_for="",
            fence=delivery.c.fence + 1,
        )
    )
    note(connection, row["id"], now, f"moved from ticket {row['ticket_id']}", f"operator: to {target}")
    notify.tell(connection)
    return str(row["id"])


def retry_now(connection: Connection, prefix: str, *, now: float) -> str:
    """Make a pending delivery due at once. Raises NotPossible."""
    row = whole(find(connection, prefix), "id", "stage")
    if row["stage"] not in PENDING:
        raise NotPossible(f"{row['id']} is {row['stage']}: only pending mail is retried; use release")
    connection.execute(update(delivery).where(delivery.c.seq == row["seq"]).values(due_at=now, needs="", waits_for=""))
    note(connection, row["id"], now, "retry", "operator")
    notify.tell(connection)
    return str(row["id"])


def listing(connection: Connection, stages: Iterable[Stage] | None, limit: int) -> list[RowMapping]:
    """The newest deliveries, all or of these stages."""
    query = select(delivery).order_by(delivery.c.seq.desc()).limit(limit)
    if stages is not None:
        query = query.where(delivery.c.stage.in_([stage.value for stage in stages]))
    return list(connection.execute(query).mappings().all())


def history(connection: Connection, delivery_id: str) -> list[RowMapping]:
    """The events of a delivery, oldest first."""
    query = select(event.c.at, event.c.what, event.c.detail).where(event.c.delivery_id == delivery_id)
    return list(connection.execute(query.order_by(event.c.id)).mappings().all())
