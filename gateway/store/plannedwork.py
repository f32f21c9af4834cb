"""Planned work that is moved or over: the problems that wait for its end are looked at anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, select, update

from gateway.model.effects import AgainBody
from gateway.model.problem import Problem
from gateway.store import effects
from gateway.store.constants import IS_PENDING
from gateway.store.problems import A_PART, OPEN
from gateway.store.schema import delivery, problem

OVER_FOR = 600.0
"""Seconds after the end of work in which what it took down may come up by itself."""


def ends_anew(connection: Connection, changed: Sequence[Problem], now: float) -> list[tuple[str, float]]:
    """The ids of planned work whose times these changes take back or whose end they tell, each with the time at which
    what waits for it is looked at. To be asked before the changes are stored. Work keeps its begin when its times are
    taken back, so that of other problems nothing is asked."""
    ids = [work.id for work in changed if work.revision and work.window_from]
    if not ids:  # as with most mail
        return []
    columns = (problem.c.id, problem.c.state, problem.c.window_from, problem.c.window_to, problem.c.windows)
    query = select(*columns).where(problem.c.id.in_(ids), problem.c.window_to > now)
    before = {row.id: row for row in connection.execute(query)}
    out = []
    for work in changed:
        if (was := before.get(work.id)) is None or was.state != OPEN:
            continue
        if work.state != OPEN:
            out.append((work.id, now + OVER_FOR))
        elif (work.window_from, work.window_to, work.windows) != (was.window_from, was.window_to, was.windows):
            out.append((work.id, now))
    return out


def wake(connection: Connection, work_id: str, at: float, now: float) -> None:
    """What waits for the end of this work is looked at again at another time, if that is sooner or the work lasts
    longer."""
    waits = (problem.c.part_of == work_id, A_PART, problem.c.state == OPEN, problem.c.until > at)
    for waiting in connection.execute(select(problem.c.id, problem.c.delivery_id).where(*waits)).all():
        soon = {"until": at, "revision": problem.c.revision + 1}
        connection.execute(update(problem).where(problem.c.id == waiting.id).values(soon))
        for again in effects.to_do(connection, waiting.delivery_id, AgainBody):
            if again.body.problem == waiting.id:
                effects.touch(connection, again, body=effects.as_json(replace(again.body, after=at)))
        later = (delivery.c.id == waiting.delivery_id, IS_PENDING, delivery.c.due_at > max(at, now))
        connection.execute(update(delivery).where(*later).values(due_at=max(at, now)))
