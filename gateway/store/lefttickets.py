"""Tickets that were left open though their problem is over: which of them is looked at next."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, select, update

from gateway.store.problems import RECOVERED
from gateway.store.schema import problem


def take(connection: Connection, desk: str, now: float, again: float, limit: int) -> list[RowMapping]:
    """Those that nobody looked at for ``again`` seconds, the longest first. They count as looked at now, so that
    another worker takes others."""
    query = select(problem.c.id, problem.c.ticket_id, problem.c.changed_at).where(
        problem.c.state == RECOVERED,
        problem.c.left != "",
        problem.c.desk == desk,
        problem.c.ticket_id != "",
        problem.c.checked_at <= now - again,
    )
    rows = list(connection.execute(query.order_by(problem.c.checked_at, problem.c.id).limit(limit)).mappings())
    taken = problem.c.id.in_([row["id"] for row in rows])
    connection.execute(update(problem).where(taken).values(checked_at=now))
    return rows
