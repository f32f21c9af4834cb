"""The mails of a trial in order, each made ready before its turn by a process beside this one.

What decides is one process, for which a trial waits: all that another can do is taken from it. Where few mails are
to be tried, or there is one core only, it does that as well.
"""

from __future__ import annotations

import asyncio
import pickle
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import cached_property
from multiprocessing.util import Finalize
from pathlib import Path

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import Settings
from gateway.operate import beside
from gateway.operate.trial.feeder import Feeder, Ready
from gateway.operate.trial.given import ReadBefore
from gateway.operate.trial.incoming import Door
from gateway.operate.trial.state import Waiting
from gateway.priority import be_nice

BATCH = 8  # mails that are made ready at once
BATCH_BYTES = 4 * 1024 * 1024  # from which on a batch is full
BATCHES = 4
BYTES = 48 * 1024 * 1024  # of mail that waits for its turn; no batch begins beyond

NICE = 5

UnderWay = asyncio.Future[list[Ready]] | asyncio.Future[bytes]


class Ahead:
    """``parser`` reads here; ``work`` is the folder of the mails' files."""

    def __init__(self, settings: Settings, door: Door, parser: ReadBefore, work: Path) -> None:
        self.settings, self.door, self.parser, self.work = settings, door, parser, work
        self._pool: ProcessPoolExecutor | None = None
        self._under_way: deque[tuple[list[Waiting], UnderWay]] = deque()

    async def made(self, coming: Iterator[Waiting], count: int) -> AsyncIterator[Ready]:
        """Each of so many mails when it is ready, in their order. Raises OSError."""
        if beside.cores(count):
            told = self.settings, self.door.home, self.door.authserv_ids, self.work
            self._pool = beside.processes(1, _begin, *told)
        held = 0
        while True:
            while len(self._under_way) < BATCHES and held < BYTES and (batch := _batch(coming)):
                self._under_way.append((batch, self._begun(batch)))
                held += _bytes(batch)
            if not self._under_way:
                return
            batch, under_way = self._under_way.popleft()
            for ready in await self._done(batch, under_way):
                yield ready
            held -= _bytes(batch)

    @cached_property
    def _feeder(self) -> Feeder:
        return Feeder(self.settings, self.door, self.parser, self.work)

    def _begun(self, batch: list[Waiting]) -> UnderWay:
        if self._pool is not None:
            try:
                return asyncio.get_running_loop().run_in_executor(self._pool, _feed, batch)
            except BrokenExecutor:
                self._pool = None
        return asyncio.ensure_future(self._feeder.feed(batch))

    async def _done(self, batch: list[Waiting], under_way: UnderWay) -> list[Ready]:
        try:
            done = await under_way
        except BrokenExecutor:  # killed, as by want of memory
            return await self._feeder.feed(batch)
        found: list[Ready] = pickle.loads(done) if isinstance(done, bytes) else done  # noqa: S301 - of our own process
        return found

    async def close(self) -> None:
        for _, under_way in self._under_way:
            under_way.cancel()
        await asyncio.gather(*(under_way for _, under_way in self._under_way), return_exceptions=True)
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)


def _batch(coming: Iterator[Waiting]) -> list[Waiting]:
    batch: list[Waiting] = []
    for waiting in coming:
        batch.append(waiting)
        if len(batch) == BATCH or _bytes(batch) >= BATCH_BYTES:
            break
    return batch


def _bytes(batch: list[Waiting]) -> int:
    return sum(waiting.size for waiting in batch)


# -- in the process beside ------------------------------------------------------------------------

_work: Callable[[list[Waiting]], bytes]


def _begin(settings: Settings, home: MailboxSettings, authserv_ids: tuple[str, ...], work: Path) -> None:
    """Behind the process that decides, which would else have to share its core with what is done for it."""
    global _work
    be_nice(NICE)
    _work = _Beside(settings, home, authserv_ids, work).feed


def _feed(batch: list[Waiting]) -> bytes:
    return _work(batch)


class _Beside:
    def __init__(self, settings: Settings, home: MailboxSettings, authserv_ids: tuple[str, ...], work: Path) -> None:
        self._loop = asyncio.Runner()
        self._parser = ReadBefore(settings)
        self._feeder = Feeder(settings, Door(settings, home, authserv_ids), self._parser, work)
        Finalize(None, self._close, exitpriority=1)

    def feed(self, batch: list[Waiting]) -> bytes:
        """Pickled here: a thread of the other process would read it in the midst of a decision."""
        return pickle.dumps(self._loop.run(self._feeder.feed(batch)), pickle.HIGHEST_PROTOCOL)

    def _close(self) -> None:
        self._loop.run(self._parser.close())
        self._loop.close()
