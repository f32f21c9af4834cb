"""Looks at tickets that were left open though their problem is over, until somebody has closed them at the desk.

A ticket that a person touched is that person's to close, and the desk tells nobody of it. Without a look it would stay
in the lists of what waits for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from gateway.desk.directory import Directory
from gateway.desk.outcome import Good, Outcome, Refused
from gateway.model.spans import HOUR
from gateway.periodic import run_every
from gateway.store import lefttickets, problems
from gateway.store.engine import Store

EVERY = 600.0
AGAIN = HOUR
BATCH = 5
"""Tickets of a desk that are looked at in a round: each look is a call that counts."""


class LeftTickets:
    def __init__(self, store: Store, directories: Mapping[str, Directory], clock: Callable[[], float]) -> None:
        self._store = store
        self._directories = directories
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.look)

    async def look(self) -> None:
        """One round over all desks that answer."""
        for name, directory in self._directories.items():
            if directory.catalog is not None and directory.desk.breaker.is_closed:
                await self._look_at(name, directory)

    async def _look_at(self, name: str, directory: Directory) -> None:
        """A few tickets of a desk; what it does not answer is looked at again in an hour."""
        take = partial(lefttickets.take, desk=name, now=self._clock(), again=AGAIN, limit=BATCH)
        for row in await self._store.write(take):
            closed_at = _closed(await directory.desk.ticket(row["ticket_id"]), self._clock())
            if closed_at is not None:
                end = partial(problems.end_closing, problem_id=row["id"], changed_at=row["changed_at"])
                await self._store.write(partial(end, closed_at=closed_at, left=""))


def _closed(outcome: Outcome, now: float) -> float | None:
    """When a ticket was closed (seconds since the epoch), now for one that is gone, None for one that is open or of
    which the desk told nothing."""
    if isinstance(outcome, Refused) and outcome.is_of_nothing:
        return now
    if isinstance(outcome, Good) and outcome.data.is_closed:
        return float(outcome.data.closed_at or now)
    return None
