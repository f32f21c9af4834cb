"""Desks that the configuration has no longer, while something of theirs is not over: nothing here reaches them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.store.constants import IS_PENDING
from gateway.store.problems import CLOSING, OPEN, RECOVERED, TICKET_KNOWN
from gateway.store.reading import looking
from gateway.store.schema import delivery, problem

MOST = 5
"""Tickets of a desk that are named; `gateway notices problems` lists all."""
ENDS_HERE = (TICKET_KNOWN, problem.c.state.in_((OPEN, CLOSING, RECOVERED)), problem.c.left == "")
"""Of a problem whose ticket the gateway would close when it is over."""


@dataclass(frozen=True, slots=True)
class GoneDesk:
    """``mails`` wait for it; ``problems`` have an open ticket there, of which ``tickets`` are the newest numbers."""

    name: str
    mails: int
    problems: int
    tickets: tuple[str, ...]


def gone(connection: Connection, configured: Collection[str]) -> tuple[GoneDesk, ...]:
    """Those that are not ``configured``, by name."""
    waits = select(delivery.c.desk, func.count()).where(IS_PENDING, delivery.c.desk.not_in(configured))
    left = select(problem.c.desk, func.count()).where(*ENDS_HERE, problem.c.desk.not_in(configured))
    with looking():
        mails = Counter({row[0]: int(row[1]) for row in connection.execute(waits.group_by(delivery.c.desk))})
        problems = Counter({row[0]: int(row[1]) for row in connection.execute(left.group_by(problem.c.desk))})
        return tuple(
            GoneDesk(name, mails[name], problems[name], _tickets(connection, name))
            for name in sorted({*mails, *problems})
        )


def _tickets(connection: Connection, desk: str) -> tuple[str, ...]:
    query = select(problem.c.number, problem.c.ticket_id).where(*ENDS_HERE, problem.c.desk == desk)
    rows = connection.execute(query.order_by(problem.c.last_at.desc(), problem.c.id).limit(MOST))
    return tuple(number or ticket_id for number, ticket_id in rows)
