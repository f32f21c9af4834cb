"""Takes due mail and brings it to its end; the only place that moves stages on a step's word.

A desk that is down is one fact: its mail is not claimed. An unknown exception means: deferred.
Poison is counted, bad luck is not (docs/design.md "State of a delivery").
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Mapping
from typing import Any, Literal

import structlog
from sqlalchemy import Connection

from gateway.desk.pacing import Urgency
from gateway.model.reasons import Reason
from gateway.model.waiting import Waiting, Waits
from gateway.store import claims, claims_by_page, deliveries, effects, mapping, problems
from gateway.store.deliveries import Delivery, LostClaim
from gateway.store.raw import Damaged
from gateway.store.reading import Unavailable, Unreadable
from gateway.store.stage import EffectState, Stage
from gateway.store.writer import StoreFailed
from gateway.work import backoff, unplanned
from gateway.work.executor import Executor
from gateway.work.parser import ParserDied
from gateway.work.planner import DEATH_PAUSE, MOST_DEATHS, Planned
from gateway.work.steps import Defer, Done, Ended, Held, Quarantine, Redecide, Step, Wait

log = structlog.get_logger("work")

IDLE = 1.0  # seconds until it looks by itself
IDLE_TOLD = 5.0  # the same while others tell us of new mail
CLAIM_ROOM = 4  # a claim is worth its commit once one in so many places is free
INTERRUPTED_OFTEN = 5
LANES = tuple(need for need in claims.NEEDS if need)  # what mail may wait for at the desk


class Worker:
    """``finished`` is told (delivery, stage, reason) of every delivery that reaches an end; ``told`` says
    whether somebody wakes us when other processes have work for us."""

    def __init__(
        self,
        executor: Executor,
        finished: Callable[[Delivery, Stage, str], None] = lambda delivery, stage, reason: None,
        told: Callable[[], bool] = lambda: False,
    ) -> None:
        self.executor = executor
        self.planner = executor.planner
        self.store = executor.store
        self.directories = executor.directories
        self.settings = executor.settings
        self.clock = executor.clock
        self.finished = finished
        self.told = told
        self.leases = executor.leases
        self.slots = executor.slots
        self.first_claim = 0.0  # when the first mail was taken, by our clock
        self._turns = {name: claims.Turns() for name in self.directories}
        self._wake = asyncio.Event()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There is new mail."""
        self._wake.set()

    async def run(self) -> None:
        """Work until ``stop``. Raises StoreFailed."""
        renewing = asyncio.create_task(self.leases.run())
        renewing.add_done_callback(self._over)
        try:
            while not self._stopping:
                self._wake.clear()  # before the claim: what is said while it runs counts for the next
                for delivery in await self._claim():
                    if delivery.interrupts >= INTERRUPTED_OFTEN:
                        await self._alone(delivery)
                    else:
                        self._start(delivery)
                await self._rest()
            await self._drain()
        finally:
            renewing.cancel()
            await self._leave()

    async def work_off(self) -> int:
        """Take what is due now and finish it, for a caller who lets the time go by himself. Returns how much it was.
        Raises StoreFailed."""
        taken = await self._claim()
        for delivery in taken:
            await self._work(delivery)
        return len(taken)

    async def stop(self) -> None:
        """Take no more mail."""
        self._stopping = True
        self._wake.set()

    async def _leave(self) -> None:
        """What did not end in time is free for others at once."""
        held = self.leases.held()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        with contextlib.suppress(StoreFailed):
            await self.leases.give_back(held)

    # -- taking -----------------------------------------------------------------------------------

    def _room(self) -> dict[str, tuple[int, dict[str, int]]]:
        """How much mail of each desk may be taken now, and how much of what waits for a call: as many as
        there are calls. A desk on trial after a failure gets a single mail."""
        now = self.clock()
        room = {}
        for name, directory in self.directories.items():
            free = self.slots.free(name)
            breaker = directory.desk.breaker
            if directory.catalog is None or breaker.wait(now) or free * CLAIM_ROOM < self.settings.concurrency:
                continue
            if not breaker.is_closed:
                free = min(free, 1 - min(1, self.slots.busy(name)))
            most = {lane: directory.desk.pacing.calls(now, Urgency(lane)) for lane in LANES}
            most[Urgency.FILE] = min(most[Urgency.FILE], self.slots.free_for_files(name))
            if free > 0:
                room[name] = free, most
        return room

    async def _claim(self) -> list[Delivery]:
        room = self._room()
        if not room:
            return []
        now, asked, leases = self.clock(), self.leases.uptime(), self.leases
        damaged: list[Unreadable] = []

        def claim(connection: Connection) -> list[Delivery]:
            return [
                delivery
                for name, (places, most) in room.items()
                for delivery in claims.claim(
                    connection,
                    name,
                    places,
                    now=now,
                    lease=leases.length,
                    name=leases.name,
                    most=most,
                    turns=self._turns[name],
                    damaged=damaged,
                )
            ]

        try:
            taken = await self.store.write(claim)
        except Unavailable:
            taken = await self._claim_around(room, damaged)
        for place in damaged:
            self.store.on_damage(place)
        leases.took(taken, asked)
        for delivery in taken:
            self.slots.take(delivery.id, delivery.desk, files=delivery.posted)
        if taken and not self.first_claim:
            self.first_claim = now
            log.info("first claim", mails=len(taken))
        return taken

    async def _claim_around(
        self, room: dict[str, tuple[int, dict[str, int]]], damaged: list[Unreadable]
    ) -> list[Delivery]:
        """A page of the deliveries is not given out: those on the others go on."""
        now, leases = self.clock(), self.leases

        def claim(connection: Connection) -> list[Delivery]:
            return [
                delivery
                for name, (places, most) in room.items()
                for delivery in claims_by_page.claim(
                    connection, name, places, now=now, lease=leases.length, name=leases.name, most=most, damaged=damaged
                )
            ]

        try:
            return await self.store.write(claim)
        except Unavailable:
            return []

    def _start(self, delivery: Delivery) -> None:
        task = asyncio.create_task(self._work(delivery), name=delivery.id)
        self._running.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker failed", error=type(error).__name__, exc_info=error)
            self._stopping = self._stopping or isinstance(error, StoreFailed)

    async def _alone(self, delivery: Delivery) -> None:
        """A delivery that was interrupted often is worked on with nothing beside it."""
        await self._drain()
        self._start(delivery)
        await self._drain()

    async def _drain(self) -> None:
        while self._running:
            await asyncio.wait(list(self._running))

    async def _rest(self) -> None:
        """Until something is due, there is a call for what waits for one, or somebody wakes us."""
        pause = IDLE_TOLD if self.told() else IDLE
        if room := self._room():
            now = self.clock()
            with contextlib.suppress(Unavailable):
                due, waiting = await self.store.glance(lambda c: self._ahead(c, list(room), now))
                pause = min([pause, *([due - now] if due is not None else []), *self._calls_in(waiting, now)])
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    @staticmethod
    def _ahead(
        connection: Connection, desks: list[str], now: float
    ) -> tuple[float | None, dict[str, dict[str, list[str]]]]:
        """When the next mail is due, and for which calls there is mail that waits."""
        return claims.next_due(connection, desks, now), {name: claims.waiting_boxes(connection, name) for name in desks}

    def _calls_in(self, waiting: dict[str, dict[str, list[str]]], now: float) -> list[float]:
        """Seconds until there is a call for mail that waits for one."""
        return [
            wait
            for name, lanes in waiting.items()
            for lane in lanes
            if lane and (wait := self.directories[name].desk.pacing.wait(now, Urgency(lane)))
        ]

    # -- working ----------------------------------------------------------------------------------

    async def _work(self, delivery: Delivery) -> None:
        with structlog.contextvars.bound_contextvars(delivery=delivery.id):
            try:
                delivery, step = await self._step(delivery)
                await self._apply(delivery, step)
            except LostClaim:
                log.warning("claim lost")
            except StoreFailed:
                raise
            except Exception as error:
                log.error("step failed", error=type(error).__name__, exc_info=error)
                why = f"{type(error).__name__}: {error}"[:300]
                await self._retry_later(delivery, why, Waits(Waiting.FAILURE, why))
            finally:
                self.slots.leave(delivery.id)
                self.leases.over(delivery.id)

    async def _step(self, delivery: Delivery) -> tuple[Delivery, Step]:
        """Plan if need be, then carry out. Returns the delivery as it then stands."""
        try:
            planned = Planned(delivery) if delivery.stage is Stage.PLANNED else await self._plan(delivery)
            if not isinstance(planned, Planned):
                return delivery, planned
            delivery = planned.delivery
            return delivery, await self.executor.run(delivery, planned.effects, planned.sent, planned.told)
        except Unavailable as away:
            return delivery, Defer(self.clock(), Waits(Waiting.STORE, str(away)), str(away), counts=True)
        except (Damaged, Unreadable) as damaged:
            return delivery, Quarantine(Reason.DAMAGED, str(damaged))

    async def _plan(self, delivery: Delivery) -> Step | Planned:
        try:
            return await self.planner.plan(delivery)
        except ParserDied as died:
            return await self._poisoned(delivery, str(died))

    async def _poisoned(self, delivery: Delivery, why: str) -> Step:
        deaths = delivery.deaths + 1
        if deaths >= MOST_DEATHS:
            return Quarantine(Reason.UNPARSEABLE, why)
        log.warning("parser died", deaths=deaths, why=why)
        await self.store.write(lambda c: deliveries.touch(c, delivery, deaths=deaths))
        return Defer(self.clock() + DEATH_PAUSE * deaths, Waits(Waiting.PARSER, why), why)

    async def _apply(self, delivery: Delivery, step: Step) -> None:
        now = self.clock()
        match step:
            case Done():
                await self._end(delivery, Stage.DONE)
            case Ended(stage, reason, detail, told):
                await self._tell(delivery, stage, reason, detail, told)
            case Held(until, why):
                log.info("held", seconds=round(until - now, 1), why=why)
            case Quarantine(reason, detail):
                await self._end(delivery, Stage.QUARANTINED, reason, detail)
            case Wait(until, since, behind):
                log.debug("waits", behind=behind)
                waits = Waits(Waiting.EARLIER, behind)
                await self.store.write(lambda c: deliveries.defer(c, delivery, until, waits, now=now, waits_from=since))
            case Defer(until, waits, why, False, needs):
                log.info("deferred", seconds=round(until - now, 1), why=why or str(waits))
                await self.store.write(
                    lambda c: deliveries.defer(c, delivery, until, waits, now=now, needs=needs, detail=why[:500])
                )
            case Defer(_, waits, why, True, _):
                await self._retry_later(delivery, why, waits)
            case Redecide() as step:
                await self._redecide(delivery, step)

    async def _end(self, delivery: Delivery, stage: Stage, reason: Reason | Literal[""] = "", detail: str = "") -> None:
        letter = await unplanned.held(self.planner, delivery, self.directories, reason)

        def end(connection: Connection) -> None:
            deliveries.move(connection, delivery, stage, now=self.clock(), reason=reason, detail=detail)
            self.planner.acknowledger.keep(connection, letter)

        await self.store.write(end)
        await self._tell(delivery, stage, reason, detail)

    async def _tell(
        self, delivery: Delivery, stage: Stage, reason: str, detail: str, told: Mapping[Any, Any] | None = None
    ) -> None:
        """One line with all that is asked after a mail; what is not ``told`` and cannot be read is left out."""
        envelope = delivery.envelope
        end: Mapping[Any, Any] = told or {}
        if told is None:
            with contextlib.suppress(Unreadable):
                end = await self.store.glance(lambda c: deliveries.end(c, delivery.id))
        log.info(
            "finished",
            became=(end.get("outcome") if stage is Stage.DONE else "") or stage.value.lower(),
            ticket=end.get("number") or end.get("ticket_id") or "",
            reason=reason,
            detail=detail[:300],
            number=delivery.seq,
            sender=end.get("sender", ""),
            mail_from=envelope.mail_from,
            recipient=envelope.rcpt_to,
            mailbox=delivery.mailbox,
            message_id=delivery.message_id,
            size=end.get("size", 0),
            verdict=envelope.verdict,
            seconds=round(self.clock() - delivery.accepted_at, 1),
        )
        shutil.rmtree(self.planner.work_folder(delivery.id), ignore_errors=True)
        self.finished(delivery, stage, reason)

    async def _retry_later(self, delivery: Delivery, why: str, waits: Waits) -> None:
        """A temporary failure: later, for ``retry_for`` seconds in all."""
        now = self.clock()
        if now - delivery.accepted_at > self.settings.retry_for:
            await self._end(delivery, Stage.QUARANTINED, Reason.RETRIES_EXHAUSTED, why)
            return
        tries = delivery.tries + 1
        until = now + backoff.pause(tries)

        def later(connection: Connection) -> None:
            deliveries.defer(connection, delivery, until, waits, now=now, tries=tries, detail=why[:500])
            deliveries.note(connection, delivery.id, now, f"failed, try {tries}", why)

        await self.store.write(later)

    async def _redecide(self, delivery: Delivery, step: Redecide) -> None:
        """Decide the mail anew. A ticket that is gone from the desk has nothing lead to it any more."""
        now, ticket_id = self.clock(), step.ticket_id

        def again(connection: Connection) -> None:
            lost: dict[str, Any] = {}
            detail = "its time has come" if step.waited is not None else step.why
            if step.waited is not None:
                effects.set_state(connection, step.waited, EffectState.SKIPPED, reason=step.why)
            if ticket_id:
                known = mapping.get_ticket(connection, delivery.desk, ticket_id)
                lost = {"continues": known["number"] or ticket_id if known else ticket_id}
                detail = f"the desk no longer has ticket {lost['continues']}"
                mapping.forget_ticket(connection, delivery.desk, ticket_id)
                problems.forget_ticket(connection, delivery.desk, ticket_id)
            deliveries.move(
                connection,
                delivery,
                Stage.ACCEPTED,
                now=now,
                reason="",
                detail=detail,
                **lost,
                generation=delivery.generation + 1,
                plan=None,
                ticket_id="",
                posted=False,
            )

        try:
            await self.store.write(again)
        except Unavailable:
            raise
        except Unreadable as damaged:
            await self._end(delivery, Stage.QUARANTINED, Reason.DAMAGED, str(damaged))
