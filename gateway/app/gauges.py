"""The gauges that a scrape brings up to date: counts of the store, the arrivals, the desks, the loop's lag."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from gateway.metrics import Metrics
from gateway.model.spans import DAY
from gateway.model.waiting import Waiting
from gateway.store import counts, gonedesks, heldfiles, problems, waiting
from gateway.store.arrivals import Waiting as Arriving
from gateway.store.engine import Store
from gateway.store.gonedesks import GoneDesk
from gateway.store.reading import Unreadable
from gateway.store.writer import StoreFailed

LAG_EVERY = 0.05
LAG_WINDOW = 10.0
PATIENCE = 5.0  # seconds for a store that does not answer
STATES = ("accepted", "done", "suppressed", "quarantined", "pending", "arriving", "redelivered")


class LoopLag:
    """How late the event loop came back, in seconds: the worst of the last ``LAG_WINDOW``."""

    def __init__(self) -> None:
        self._stalls: list[tuple[float, float]] = []

    @property
    def worst(self) -> float:
        return max((stall for _, stall in self._stalls), default=0.0)

    async def watch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            before = time.monotonic()
            await asyncio.sleep(LAG_EVERY)
            now = time.monotonic()
            self._stalls = [stall for stall in self._stalls if stall[0] > now - LAG_WINDOW]
            self._stalls.append((now, max(0.0, now - before - LAG_EVERY)))


class Gauges:
    """``clock`` is the store's; ``desks`` are those of the configuration."""

    def __init__(self, metrics: Metrics, store: Store, clock: Callable[[], float], desks: Collection[str]) -> None:
        self.metrics = metrics
        self.store = store
        self.clock = clock
        self.desks = desks
        self.lag = LoopLag()

    async def collect(self, arriving: Arriving, sessions: int | None, desks: Mapping[str, Mapping[str, Any]]) -> None:
        """Bring the gauges up to date; those of what cannot be read stay as they were. ``sessions`` is None where
        nothing listens."""
        with contextlib.suppress(Unreadable):
            await self._collect_store(arriving)
        if sessions is not None:
            self.metrics.smtp_sessions.set(sessions)
        self.metrics.set_arrivals(arriving.bytes, arriving.oldest, arriving.aside)
        self.metrics.loop_lag.set(self.lag.worst)
        for name, desk in desks.items():
            self.metrics.desk_up.labels(name).set(desk["up"])
            self.metrics.desk_budget.labels(name).set(desk["budget"])
            self.metrics.desk_missing.labels(name).set(len(desk["missing"]))
            self.metrics.desk_blind.labels(name).set(len(desk["blind"]))
            for mailbox, faults in desk["wrong"].items():
                self.metrics.mailbox_faults.labels(mailbox).set(faults)

    async def _collect_store(self, arriving: Arriving) -> None:
        counted = await self.store.read(counts.census)
        sums = await self.store.read(lambda c: counts.sums(c, counted, arriving.deliveries))
        for state in STATES:
            self.metrics.deliveries.labels(state).set(getattr(sums, state))
        self.metrics.by_mailbox.clear()
        for stage, mailbox, reason, count in counted:
            self.metrics.by_mailbox.labels(mailbox, stage.lower(), reason).set(count)
        oldest = await self.store.read(lambda c: counts.oldest_pending(c, self.clock()))
        self.metrics.oldest_pending.set(self.clock() - oldest if oldest else 0)
        waits = await self.store.read(lambda c: waiting.counted(c, self.clock()))
        for kind in Waiting:
            if kind is not Waiting.NOTHING:
                self.metrics.waiting.labels(kind.value).set(waits.get(kind, 0))
        await self._collect_gone_desks()
        await self._collect_problems()
        self.metrics.files_held.clear()
        for rule, count in (await self.store.read_to_show(heldfiles.counted)).items():
            self.metrics.files_held.labels(rule).set(count)

    async def gone_desks(self) -> list[dict[str, Any]]:
        """What is left of desks that the configuration has no longer, as far as it can be read now."""
        try:
            async with asyncio.timeout(PATIENCE):
                return [asdict(desk) for desk in await self._gone()]
        except (TimeoutError, Unreadable, StoreFailed, SQLAlchemyError):
            return []

    async def _gone(self) -> tuple[GoneDesk, ...]:
        return await self.store.read_to_show(lambda c: gonedesks.gone(c, self.desks))

    async def _collect_gone_desks(self) -> None:
        self.metrics.desk_gone.clear()
        for desk in await self._gone():
            self.metrics.desk_gone.labels(desk.name, "mails").set(desk.mails)
            self.metrics.desk_gone.labels(desk.name, "problems").set(desk.problems)

    async def _collect_problems(self) -> None:
        since = self.clock() - DAY
        counted, drift = await self.store.read_to_show(lambda c: (problems.counted(c), problems.drift(c, since)))
        for gauge in (self.metrics.problems, self.metrics.notices, self.metrics.notices_unread):
            gauge.clear()
        for state, count in counted.items():
            self.metrics.problems.labels(state).set(count)
        for profile, total, unread in drift:
            self.metrics.notices.labels(profile).set(total)
            self.metrics.notices_unread.labels(profile).set(unread)
