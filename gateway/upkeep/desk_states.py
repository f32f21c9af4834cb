"""Writes down how each desk is, so that whoever looks at the queue sees what its mail waits for.

Commands and listeners do not ask a desk themselves. A single failure is none of this: a desk counts as away once no
mail of it is claimed. Of a desk that the configuration has no longer, no mail ever is: that is written down as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from gateway.desk.directory import Directory
from gateway.model.waiting import Waiting, Waits
from gateway.periodic import run_every
from gateway.store import gonedesks, waiting
from gateway.store.engine import Store

log = structlog.get_logger("desk")

EVERY = 1.0
GONE_EVERY = 60.0  # seconds between two looks for mail of desks that are gone


class DeskStates:
    def __init__(self, store: Store, directories: Mapping[str, Directory], clock: Callable[[], float]) -> None:
        self._store = store
        self._directories = directories
        self._clock = clock
        self._seen: dict[str, Waiting] = {}
        self._told: dict[str, Waiting] = {}
        self._logged: dict[str, Waiting] = {}
        self._away: dict[str, float] = {}  # since when, of those that are away
        self._gone_at = 0.0  # when it was last looked for those that are gone

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.record)

    async def record(self) -> None:
        """Write down what was the same at two looks and is not written yet."""
        now = self._clock()
        for name, directory in self._directories.items():
            waits = state_of(directory, now)
            if self._seen.get(name) is waits.kind:
                if self._told.get(name) is not waits.kind:
                    await self._store.write(partial(waiting.tell, desk=name, waits=waits, now=now))
                    self._told[name] = waits.kind
                # Not asked yet, as at each start, is no outage.
                if directory.catalog is not None or directory.desk.breaker.reason:
                    self._log(name, waits, now)
            self._seen[name] = waits.kind
        if now >= self._gone_at + GONE_EVERY:
            self._gone_at = now
            await self._record_gone(now)

    async def _record_gone(self, now: float) -> None:
        """By what is written down, and not by what we told: while one gateway after another takes a new configuration,
        those that have a desk and those that have it not both say how it is, and the last one is to be right."""
        states = await self._store.read(waiting.desks)
        for name in self._directories:
            if name in states and states[name].waits.kind is Waiting.GONE:
                self._told.pop(name, None)
        for desk in await self._store.read(partial(gonedesks.gone, configured=list(self._directories))):
            if self._logged.get(desk.name) is not Waiting.GONE:
                self._logged[desk.name] = Waiting.GONE
                log.error("desk gone", desk=desk.name, mails=desk.mails, tickets=desk.problems)
            if desk.mails and (desk.name not in states or states[desk.name].waits.kind is not Waiting.GONE):
                waits = Waits(Waiting.GONE, desk.name)
                await self._store.write(partial(waiting.tell, desk=desk.name, waits=waits, now=now))

    def _log(self, desk: str, waits: Waits, now: float) -> None:
        if self._logged.get(desk) is waits.kind:
            return
        self._logged[desk] = waits.kind
        if waits.kind is not Waiting.NOTHING:
            self._away.setdefault(desk, now)
            log.error("desk away", desk=desk, waits_for=waits.kind.value, why=waits.on[:300])
        elif (since := self._away.pop(desk, None)) is not None:
            log.warning("desk is back", desk=desk, after=round(now - since, 1))


def state_of(directory: Directory, now: float) -> Waits:
    """What the mail of this desk waits for."""
    breaker = directory.desk.breaker
    if breaker.key_refused:
        return Waits(Waiting.KEY, breaker.reason)
    if directory.catalog is None:
        return Waits(Waiting.DESK, breaker.reason or "it has not answered yet")
    if breaker.wait(now):
        return Waits(Waiting.DESK, breaker.reason)
    return Waits()
