"""Takes due mail and brings it to its end; the only place that moves stages on a step's word.

A desk that is down is one fact: its mail is not claimed. An unknown exception means "later".
Poison is counted, bad luck is not (DESIGN "State of a delivery").
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections import Counter
from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from gateway import backoff
from gateway.config import WorkSettings
from gateway.desk.directory import Directory
from gateway.executor import Executor
from gateway.parser import ParserDied
from gateway.planner import DEATH_PAUSE, GONE, MOST_DEATHS, Planned, Planner
from gateway.steps import Defer, Done, Ended, Quarantine, Redecide, Step, Wait
from gateway.store import inbox, problems, threads
from gateway.store.engine import Store, StoreFailed
from gateway.store.inbox import Delivery, LostClaim
from gateway.store.stage import Stage

log = structlog.get_logger("work")

IDLE = 1.0
CLAIM_ROOM = 4  # free places from which a claim is worth its commit
INTERRUPTED_OFTEN = 5


class Worker:
    """``finished`` is told (delivery, stage, reason) of every delivery that reaches an end."""

    def __init__(
        self,
        store: Store,
        planner: Planner,
        executor: Executor,
        directories: dict[str, Directory],
        settings: WorkSettings,
        clock: Callable[[], float],
        finished: Callable[[Delivery, Stage, str], None] = lambda one, stage, reason: None,
    ) -> None:
        self.store = store
        self.planner = planner
        self.executor = executor
        self.directories = directories
        self.settings = settings
        self.clock = clock
        self.finished = finished
        self._wake = asyncio.Event()
        self._stopping = False
        self._running: dict[asyncio.Task[None], str] = {}  # the desk of each

    def wake(self) -> None:
        """There is new mail."""
        self._wake.set()

    async def run(self) -> None:
        """Work until ``stop``. Raises StoreFailed."""
        while not self._stopping:
            for one in await self._claim():
                if one.interrupts >= INTERRUPTED_OFTEN:
                    await self._alone(one)
                else:
                    self._start(one)
            await self._rest()
        await self._drain()

    async def stop(self) -> None:
        """Take no more mail."""
        self._stopping = True
        self._wake.set()

    # -- taking -----------------------------------------------------------------------------------

    def _places(self) -> dict[str, int]:
        """How much mail of each desk may be taken now. Each desk has places of its own, so that one which
        is slow or down delays nobody else; one on trial after a failure gets a single mail."""
        now = self.clock()
        busy = Counter(self._running.values())
        room = {}
        for name, directory in self.directories.items():
            free = self.settings.concurrency - busy[name]
            breaker = directory.desk.breaker
            if directory.catalog is None or breaker.wait(now) or free < min(CLAIM_ROOM, self.settings.concurrency):
                continue
            room[name] = free if breaker.is_closed else min(free, 1 - min(1, busy[name]))
        return {name: free for name, free in room.items() if free > 0}

    async def _claim(self) -> list[Delivery]:
        places = self._places()
        if not places or await self._next_due(places) > self.clock():
            return []
        now, lease = self.clock(), self.settings.lease

        def claim(connection: Connection) -> list[Delivery]:
            return [
                one
                for name, limit in places.items()
                for one in inbox.claim(connection, now=now, lease=lease, limit=limit, desks=[name])
            ]

        return await self.store.write(claim)

    async def _next_due(self, places: dict[str, int]) -> float:
        due = await self.store.read(lambda c: inbox.next_due(c, list(places)))
        return float("inf") if due is None else due

    def _start(self, one: Delivery) -> None:
        task = asyncio.create_task(self._work(one), name=one.id)
        self._running[task] = one.desk
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker failed", error=type(error).__name__, exc_info=error)
            self._stopping = isinstance(error, StoreFailed)

    async def _alone(self, one: Delivery) -> None:
        """A delivery that was interrupted often is worked on with nothing beside it."""
        await self._drain()
        self._start(one)
        await self._drain()

    async def _drain(self) -> None:
        while self._running:
            await asyncio.wait(list(self._running))

    async def _rest(self) -> None:
        """Until something is due, or new mail or a free place wakes us."""
        self._wake.clear()
        places = self._places()
        pause = min(IDLE, max(0.0, await self._next_due(places) - self.clock())) if places else IDLE
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    # -- working ----------------------------------------------------------------------------------

    async def _work(self, one: Delivery) -> None:
        with structlog.contextvars.bound_contextvars(delivery=one.id):
            try:
                one, step = await self._step(one)
                await self._apply(one, step)
            except LostClaim:
                log.warning("claim lost")
            except StoreFailed:
                raise
            except Exception as error:
                log.error("step failed", error=type(error).__name__, exc_info=error)
                await self._retry_later(one, f"{type(error).__name__}: {error}"[:300])

    async def _step(self, one: Delivery) -> tuple[Delivery, Step]:
        """Plan if need be, then carry out. Returns the delivery as it then stands."""
        if one.stage is Stage.PLANNED:
            return one, await self.executor.run(one)
        try:
            planned = await self.planner.plan(one)
        except ParserDied as died:
            return one, await self._poisoned(one, str(died))
        if not isinstance(planned, Planned):
            return one, planned
        return planned.delivery, await self.executor.run(planned.delivery, planned.effects, planned.sent)

    async def _poisoned(self, one: Delivery, why: str) -> Step:
        deaths = one.deaths + 1
        if deaths >= MOST_DEATHS:
            return Quarantine("unparseable", why)
        log.warning("parser died", deaths=deaths, why=why)
        await self.store.write(lambda c: inbox.touch(c, one, deaths=deaths))
        return Defer(self.clock() + DEATH_PAUSE * deaths, why)

    async def _apply(self, one: Delivery, step: Step) -> None:
        now = self.clock()
        match step:
            case Done():
                await self._end(one, Stage.DONE)
            case Ended(stage, reason, detail):
                self._tell(one, stage, reason, detail)
            case Quarantine(reason, detail):
                await self._end(one, Stage.QUARANTINED, reason, detail)
            case Wait(until, since, behind):
                log.debug("waits", behind=behind)
                await self.store.write(lambda c: inbox.defer(c, one, until, waits_from=since))
            case Defer(until, why, False):
                log.info("later", seconds=round(until - now, 1), why=why)
                await self.store.write(lambda c: inbox.defer(c, one, until, detail=why[:500]))
            case Defer(_, why, True):
                await self._retry_later(one, why)
            case Redecide(ticket_id):
                await self._redecide(one, ticket_id)

    async def _end(self, one: Delivery, stage: Stage, reason: str = "", detail: str = "") -> None:
        now = self.clock()
        await self.store.write(lambda c: inbox.move(c, one, stage, now=now, reason=reason, detail=detail))
        self._tell(one, stage, reason, detail)

    def _tell(self, one: Delivery, stage: Stage, reason: str, detail: str) -> None:
        log.info("ended", stage=stage.value, reason=reason, detail=detail[:300])
        shutil.rmtree(self.planner.work_folder(one.id), ignore_errors=True)
        self.finished(one, stage, reason)

    async def _retry_later(self, one: Delivery, why: str) -> None:
        """A temporary failure: later, for ``retry_for`` seconds in all."""
        now = self.clock()
        if now - one.accepted_at > self.settings.retry_for:
            await self._end(one, Stage.QUARANTINED, "retries-exhausted", why)
            return
        tries = one.tries + 1
        until = now + backoff.pause(tries)

        def later(connection: Connection) -> None:
            inbox.defer(connection, one, until, tries=tries, detail=why[:500])
            inbox.note(connection, one.id, now, f"failed, try {tries}", why)

        await self.store.write(later)

    async def _redecide(self, one: Delivery, ticket_id: str) -> None:
        """Decide the mail anew. A ticket that is gone from the desk has nothing lead to it any more."""
        now = self.clock()

        def again(connection: Connection) -> None:
            if ticket_id:
                threads.forget_ticket(connection, one.desk, ticket_id)
                problems.forget_ticket(connection, one.desk, ticket_id)
            inbox.move(
                connection,
                one,
                Stage.ACCEPTED,
                now=now,
                reason="",
                detail=f"{GONE} {ticket_id}, which the desk no longer has" if ticket_id else "its time has come",
                generation=one.generation + 1,
                plan=None,
                ticket_id="",
                posted=False,
            )

        await self.store.write(again)
