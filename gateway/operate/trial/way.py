"""The way of a trial's mails: one after the other through planner, executor and closings of the running gateway, under
a clock that goes with them."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, update

from gateway.config.settings import Settings
from gateway.desk.catalog import Catalog
from gateway.desk.directory import Directory
from gateway.desk.port import Desk
from gateway.desk.trial import Account
from gateway.model.spans import DAY
from gateway.operate.preview.backtest import AFTERWARDS
from gateway.operate.progress import Progress
from gateway.operate.trial import state
from gateway.operate.trial.ahead import Ahead
from gateway.operate.trial.feeder import Ready
from gateway.operate.trial.given import MailInPlace, ReadBefore
from gateway.operate.trial.incoming import Door
from gateway.operate.trial.planner import TrialPlanner
from gateway.operate.trial.store import TrialStore
from gateway.store import claims, deliveries
from gateway.store.schema import delivery, effect
from gateway.store.stage import ENDED
from gateway.upkeep.expectations import Expectations
from gateway.work.desks import directory_of, product_of
from gateway.work.executor import Executor
from gateway.work.leases import Leases
from gateway.work.worker import Worker

BATCH = 500
LOOK_EVERY = 900.0  # seconds of the trial's time between two looks for mail that is missing
LONGEST_PAUSE = 30 * DAY
"""Seconds without any mail in which none is missed: the mailbox was not in use, or a sender's clock was wrong."""
KEPT_EVERY = 500  # mails
SHOWN_EVERY = 0.2  # seconds of ours
FOR_EVER = 1e9


class NotUsable(Exception):
    """No mail can be tried with this desk and configuration; the text says why."""


@dataclass(slots=True)
class Clock:
    """The trial's time, in seconds since the epoch."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class TrialDirectory(Directory):
    """Says nothing of its own: the trial tells what is wrong, once and before any mail."""

    def tell(self, before: Mapping[str, str], catalog: Catalog) -> None:
        pass


class Way:
    """``stop`` ends it after the mail that is being tried."""

    def __init__(
        self, settings: Settings, store: TrialStore, door: Door, stop: asyncio.Event, progress: Progress
    ) -> None:
        self.settings, self.store, self.door, self.stop, self.progress = settings, store, door, stop, progress
        self.clock = clock = Clock()
        self.accounts = {name: Account(store.read_sync(partial(state.asked_at, desk=name))) for name in settings.desks}
        self.directories = {
            name: directory_of(settings, name, self._desk(name), TrialDirectory) for name in settings.desks
        }
        self.raws = MailInPlace(settings.store, store)
        self.parser = ReadBefore(settings)
        leases = Leases(store, FOR_EVER, "trial", clock)
        self.planner = TrialPlanner(store, self.parser, self.directories, settings, leases, self.raws, clock)
        self.worker = Worker(Executor(self.planner))
        self.expectations = Expectations(store, settings, self.planner.policies.sources, clock)
        self.ahead = Ahead(settings, door, self.parser, self.planner.work_folder(""))
        self.looked_at = 0.0
        self.after = [0.0, 0]
        """When the mail came that was tried last, and its number."""
        self.calls: Counter[int] = Counter()  # by the hour

    def _desk(self, name: str) -> Desk:
        taken = self.store.read_sync(lambda c: state.get(c, f"desk {name}"))
        product, url = product_of(self.settings, name), str(self.settings.desks[name].url)
        return product.on_trial(name, url, store=self.store, taken=taken, account=self.accounts[name], clock=self.clock)

    async def open(self) -> None:
        """Everything as it was when the trial was stopped. Raises NotUsable."""
        if known := await self.store.read(lambda c: state.get(c, "way")):
            self.clock.now, self.expectations.started, self.looked_at, *self.after = known
        await self.store.write(lambda c: claims.free(c))
        shutil.rmtree(self.planner.spool / "work", ignore_errors=True)
        for directory in self.directories.values():
            if not await directory.refresh() or directory.catalog is None:
                raise NotUsable(f"desk {directory.desk.name}: {directory.desk.breaker.reason}")
            directory.up_since = self.clock.now or 1.0
        if wrong := [line for directory in self.directories.values() for line in _wrong_names(directory)]:
            raise NotUsable("\n".join(wrong))
        for account in self.accounts.values():
            account.calls_made = 0  # the lists are asked for once an hour, whatever the mail

    async def close(self) -> None:
        await self.ahead.close()
        await self.parser.close()
        for directory in self.directories.values():
            await directory.desk.close()

    async def through(self) -> bool:
        """Every mail in turn, and what its time brings; False when the trial was stopped."""
        total, done = await self.store.read(partial(state.counts, after=self._last()))
        shown = 0.0
        async for ready in self.ahead.made(self._coming(), total - done):
            if self.stop.is_set():
                await self._keep()
                return False
            await self._until(ready.waiting.at)
            await self._take(ready)
            self.after = [ready.waiting.at, ready.waiting.id]
            done += 1
            if done % KEPT_EVERY == 0:
                await self._keep()
            if time.monotonic() > shown + SHOWN_EVERY or done == total:
                shown = time.monotonic()
                self.progress("mails tried", done, total)
        await self._until(self.clock.now + AFTERWARDS)
        await self._keep()
        return True

    def _last(self) -> tuple[float, int]:
        return float(self.after[0]), int(self.after[1])

    def _coming(self) -> Iterator[state.Waiting]:
        """The mails that are still to be tried."""
        last = self._last()
        while found := self.store.read_sync(partial(state.next_mails, after=last, many=BATCH)):
            yield from found
            last = found[-1].at, found[-1].id

    async def _take(self, ready: Ready) -> None:
        """The mail comes in and goes its way."""
        waiting, new, fit = ready.waiting, ready.incoming.new, ready.fit
        if new is None:
            await self.store.write(lambda c: state.refuse(c, waiting.id, ready.incoming.refused))
            return

        def accept(connection: Connection) -> bool:
            (kept,) = deliveries.accept(connection, [new], None, str(waiting.id), len(ready.raw), ready.digest)
            return kept == new.id

        if not await self.store.write(accept):
            await asyncio.to_thread(shutil.rmtree, ready.folder, ignore_errors=True)
            return
        self.raws.given, self.parser.given = {waiting.id: ready.raw}, {ready.folder: ready.read}
        await self._work_off()
        self.raws.given, self.parser.given = {}, {}
        if fit is not None:
            await self.store.write(lambda c: state.note_fit(c, fit))

    async def _until(self, moment: float) -> None:
        """What is due by then happens, each at its own time."""
        names = list(self.directories)
        is_watched = bool(self.expectations.sources)
        if moment - self.clock.now > LONGEST_PAUSE:  # as before the first mail
            is_watched = False
            self.expectations.started = self.looked_at = moment
        while True:
            now = self.clock.now
            if is_watched and now - self.looked_at >= LOOK_EVERY:
                self.looked_at = now
                await self.expectations.check()
            due = await self.store.read(partial(claims.next_due, desks=names, now=now))
            step = min(moment, now + LOOK_EVERY) if is_watched else moment
            if due is not None and due <= step:
                self.clock.now = max(now, due)
                await self._work_off()
            elif step < moment and now:
                self.clock.now = step
            else:
                self.clock.now = max(now, moment)
                return

    async def _work_off(self) -> None:
        await self.worker.work_off()
        for account in self.accounts.values():
            if account.calls_made:
                self.calls[int(self.clock.now // 3600)] += account.calls_made
                account.calls_made = 0

    async def _keep(self) -> None:
        """The trial can go on from here, whatever becomes of the process."""
        way = [self.clock.now, self.expectations.started, self.looked_at, *self.after]
        calls = self.calls
        unasked = sum((account.unasked for account in self.accounts.values()), Counter[str]())

        def note(connection: Connection) -> None:
            state.put(connection, "way", way)
            for name, account in self.accounts.items():
                state.note_asked(connection, name, account.news)
            for hour, count in calls.items():
                state.note_calls(connection, hour, count)
            state.note_unasked(connection, unasked)
            _trim(connection)

        await self.store.write(note)
        self.store.checkpoint()
        self.calls = Counter()
        for account in self.accounts.values():
            account.news = {}
            account.unasked.clear()


def _wrong_names(directory: Directory) -> list[str]:
    """A line for each mailbox whose names the desk lacks."""
    faults = directory.catalog.faults if directory.catalog else {}
    return [f"mailbox {box}: {'; '.join(map(str, lacking))}" for box, lacking in faults.items()]


def _trim(connection: Connection) -> None:
    """The words of mail that is done are of no more use: the report needs none."""
    done = (delivery.c.stage.in_(ENDED), delivery.c.traced)
    ids = update(delivery).where(*done).values(trace=None, plan=None, traced=False).returning(delivery.c.id)
    ended = list(connection.execute(ids).scalars())
    if ended:
        connection.execute(update(effect).where(effect.c.delivery_id.in_(ended)).values(body="{}", remote=""))
