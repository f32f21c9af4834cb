"""A desk's budget of counted calls, shared by all replicas through the store (PostgreSQL).

What this process saw last is kept in a bucket of its own: it says how much mail is worth claiming and how
long to wait, and never lets a call go by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from gateway.desk.pacing import LEAST_WAIT, Bucket, Urgency
from gateway.store import budget
from gateway.store.engine import Store

BELIEVE = 2.0  # calls by which the desk's word has to be lower before it is written down


class SharedPacing:
    """``database_now`` is for tests: the time that the database goes by."""

    def __init__(
        self,
        store: Store,
        limit: budget.Limit,
        now: float,
        database_now: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.throttled = 0
        self._store = store
        self._limit = limit
        self._now = database_now
        self._seen = Bucket(limit.rate, limit.burst, float(limit.burst), now)

    def left(self, now: float) -> float:
        return self._seen.left(now)

    def calls(self, now: float, urgency: Urgency) -> int:
        return self._seen.calls(now, urgency)

    def wait(self, now: float, urgency: Urgency) -> float:
        return self._seen.wait(now, urgency)

    async def take(self, now: float, urgency: Urgency) -> float:
        if wait := self._seen.wait(now, urgency):
            return wait
        leave = self._seen.leave(now, urgency)
        seen = await self._store.apart(lambda c: budget.take(c, self._limit, leave, self._now()))
        queue = self._seen.queue
        self._seen = Bucket(self._limit.rate, self._limit.burst, seen.tokens, now, now + seen.closed_for, queue)
        if seen.taken:
            queue.had(urgency)
            return 0.0
        wait = self._seen.wait(now, urgency) or LEAST_WAIT
        return wait * random.uniform(1.0, 1.2)  # noqa: S311 - so that no replica is always the first

    async def learn(self, remaining: str | None, now: float) -> None:
        if remaining is None or not remaining.isdigit() or float(remaining) > self._seen.left(now) - BELIEVE:
            return
        tokens = float(remaining)
        self._seen.lower(tokens, now)
        await self._store.apart(lambda c: budget.lower(c, self._limit, tokens, now=self._now()))

    async def refuse(self, after: float, now: float) -> None:
        self.throttled += 1
        self._seen.close(after, now)
        await self._store.apart(lambda c: budget.lower(c, self._limit, 0.0, after, self._now()))
