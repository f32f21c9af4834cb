"""Tells senders whose mail waits because a desk is away for long, where a mailbox wants that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from gateway.config.settings import Settings
from gateway.desk.directory import Directory
from gateway.model.waiting import Waiting
from gateway.periodic import run_every
from gateway.store import waiting
from gateway.store.deliveries import Delivery
from gateway.store.engine import Store
from gateway.store.waiting import DeskState
from gateway.work import unplanned
from gateway.work.acknowledging import LATE
from gateway.work.parser import ParserBusy

log = structlog.get_logger("work")

EVERY = 60.0
BATCH = 50  # mails of a desk in one round


class Away:
    def __init__(
        self,
        store: Store,
        settings: Settings,
        directories: Mapping[str, Directory],
        planner: unplanned.Reads,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._directories = directories
        self._planner = planner
        self._clock = clock
        self._looked: dict[str, frozenset[int]] = {}  # the mail that waits and was looked at, by desk
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """Go on by another configuration."""
        self._after = settings.acknowledge.away_after
        self._boxes = {box.address: box for box in settings.mailbox if "away" in box.acknowledge}

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check)

    async def check(self) -> int:
        """Tell the senders whose mail waits too long by now. Returns how many are told."""
        states = await self._store.read(waiting.desks) if self._boxes else {}
        return sum([await self._tell_all(name) for name in self._directories if self._is_away(states.get(name))])

    def _is_away(self, state: DeskState | None) -> bool:
        if state is None or state.waits.kind not in (Waiting.DESK, Waiting.KEY):
            return False
        return self._clock() - state.since >= self._after

    async def _tell_all(self, desk: str) -> int:
        now, told = self._clock(), 0
        wanted = partial(
            waiting.numbers_between,
            desk=desk,
            mailboxes=tuple(self._boxes),
            since=now - LATE,
            until=now - self._after,
        )
        waits = await self._store.read(wanted)
        seen = self._looked[desk] = self._looked.get(desk, frozenset()) & frozenset(waits)
        numbers = [number for number in waits if number not in seen][:BATCH]
        mails = await self._store.read(partial(waiting.numbered, numbers=numbers))
        done = seen | set(numbers).difference(mail.seq for mail in mails)  # those that are damaged
        for delivery in mails:
            try:
                told += await self._tell(delivery)
            except ParserBusy:  # large mail: in the next round
                break
            done |= {delivery.seq}
        self._looked[desk] = done
        return told

    async def _tell(self, delivery: Delivery) -> bool:
        """Whether the sender of this mail is told. Raises ParserBusy."""
        directory = self._directories[delivery.desk]
        letter = await unplanned.letter(self._planner, delivery, directory, "away")
        if letter is None:
            return False
        why = await self._store.write(partial(self._planner.acknowledger.keep, letter=letter))
        if not why:
            log.info("sender told", delivery=delivery.id, recipient=letter.recipient)
        return not why
