"""Arrivals into the store, in order and exactly once.

A batch is one transaction of the store, which also notes how far it came; then the arrivals are forgotten. If the
process dies in between they are met again, and known. A mail that cannot be imported is set aside in the arrivals,
loudly, and tried again at the next start; the others go on. Source: docs/decisions/006-arrivals.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from gateway.config.settings import WorkSettings
from gateway.intake.arrivals import PATIENCE
from gateway.intake.maildata import HEADER_SCAN
from gateway.intake.register import deliveries_of
from gateway.mail.head import split_head, with_line_feeds
from gateway.model.envelope import Envelope
from gateway.model.spans import HOUR
from gateway.periodic import wait
from gateway.store import imports
from gateway.store.arrivalrow import Arrived
from gateway.store.arrivals import ArrivalsFile, is_cut
from gateway.store.engine import Store
from gateway.store.imports import Import
from gateway.store.raw import ORPHAN_AGE, RawMail
from gateway.store.writer import StoreFailed

log = structlog.get_logger("importer")

T = TypeVar("T")

LOOK_EVERY = 1.0  # seconds, in case nobody tells
BATCH = 250
LULL = 0.03  # seconds without a word of new mail after which a batch is imported; listeners say it more often
GATHER = 0.2  # seconds after which it is imported while more comes: the ticket must not wait long
STORM = 500.0  # mails a second, some three times what a worker works off: their tickets wait for it and not for us
LET_PASS = 2.0  # seconds after which it is imported while a storm lasts
AGAIN = 1.0, 30.0  # seconds to the next try, growing
SWEEP_EVERY = HOUR
LOG_STEP = 8 * 1024 * 1024  # octets of the log of the arrivals that are made in a second without mail


class Importer:
    """``on_import`` is called after each transaction; ``damaged`` hears what could not be imported. By ``clock``, which
    nobody can set, files are old that belong to no mail."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        raws: RawMail,
        work: WorkSettings,
        on_import: Callable[[], None] = lambda: None,
        damaged: Callable[[str], None] = lambda why: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._file = ArrivalsFile(folder, durable=False)  # what is forgotten twice does no harm
        self._origin = self._file.origin
        self._store = store
        self._raws = raws
        self._work = work
        self._on_import = on_import
        self._damaged = damaged
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "arrivals")
        self._told = asyncio.Event()
        self._swept_at = 0.0

    def wake(self) -> None:
        """There are arrivals. From the event loop's thread."""
        self._told.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Import until ``stop``, then what is there."""
        if again := await self._in_thread(self._file.take_back):
            log.warning("arrivals that were set aside are tried again", mails=again)
        pause = AGAIN[0]
        while True:
            is_last = stop.is_set()
            try:
                while await self.step():
                    pass
                pause = AGAIN[0]
            except OSError as error:  # a disk or an object store that may come back
                log.error("arrivals cannot be imported now", error=type(error).__name__, why=str(error)[:300])
                await wait(stop, pause)
                pause = min(pause * 2, AGAIN[1])
            if is_last:
                return
            await self._rest(stop)

    def close(self) -> None:
        """Close the arrivals' file, after what its thread still does: a task that is cancelled does not end that, and
        SQLite may not be closed in the midst of a statement. A thread that is held up is not waited for."""
        closed = self._thread.submit(self._file.close)
        self._thread.shutdown(wait=False)
        with contextlib.suppress(TimeoutError):
            closed.result(PATIENCE)

    async def _in_thread(self, function: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, partial(function, *given))

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until there is something and nothing more comes at the moment, or it is time to look. What comes in a burst
        is accepted first and then shares a transaction: its sync is one of the disk's, and its time the machine's.
        Of a storm more is let pass, for whoever sends it wants both of the machine."""
        if time.monotonic() > self._swept_at + SWEEP_EVERY:
            self._swept_at = time.monotonic()
            await self._in_thread(self._file.sweep, self._clock() - ORPHAN_AGE)
        if not await self._is_told(stop, LOOK_EVERY):
            await self._in_thread(self._file.lengthen_log, LOG_STEP)
            return
        if await self._keeps_coming(stop, GATHER):
            waits = await self._in_thread(self._file.waiting)
            if waits.deliveries > STORM * GATHER:
                await self._keeps_coming(stop, LET_PASS - GATHER)

    async def _keeps_coming(self, stop: asyncio.Event, seconds: float) -> bool:
        """Whether there is word of new mail all that time; returns at once when there is none, or at ``stop``."""
        latest = time.monotonic() + seconds
        while time.monotonic() < latest:
            self._told.clear()
            if stop.is_set() or not await self._is_told(stop, LULL):
                return False
        return True

    async def _is_told(self, stop: asyncio.Event, seconds: float) -> bool:
        """Whether there is a word of new mail, or ``stop``, within that time."""
        waits = [asyncio.ensure_future(self._told.wait()), asyncio.ensure_future(stop.wait())]
        told, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for waiting in waits:
            waiting.cancel()
        return bool(told)

    async def step(self) -> bool:
        """Import a batch. Returns whether there may be more. Raises StoreFailed, OSError."""
        arrived = await self._in_thread(self._file.read, BATCH)
        if not arrived:
            return False
        prepared = await self._in_thread(lambda: list(self._all_prepared(arrived)))
        if mails := [moved for mail in prepared if (moved := await self._moved(mail))]:
            await self._take(mails)
        await self._in_thread(self._file.forget, arrived[-1].seq)
        self._on_import()
        return is_cut(arrived, BATCH)

    def _all_prepared(self, arrived: Sequence[Arrived]) -> Iterator[Import]:
        """Without those that are set aside: one that cannot be read holds up nobody. Raises OSError."""
        for mail in arrived:
            try:
                yield self._prepared(mail)
            except OSError:
                raise
            except Exception as error:
                self._set_aside(mail.seq, f"{type(error).__name__}: {error}")

    def _prepared(self, mail: Arrived) -> Import:
        start = mail.data if mail.path is None else _start(self._file.folder / mail.path)
        head = split_head(with_line_feeds((start or b"")[:HEADER_SCAN]))
        envelope = mail.envelope or Envelope("", "", time=mail.at)
        news = deliveries_of(head, mail.sha256, envelope, mail.recipients, self._work)
        damaged = "" if mail.envelope else "its envelope cannot be read"
        return Import(mail.seq, news, mail.data, mail.path, mail.size, mail.sha256, damaged)

    async def _moved(self, mail: Import) -> Import | None:
        """A large mail is put where the store's mail is; the arrivals keep theirs until it is imported. None for one
        that is set aside. Raises OSError."""
        if not mail.news:  # nobody knows where it belongs
            await self._in_thread(self._set_aside, mail.seq, "its row cannot be read")
            return None
        if mail.path is None:
            return mail
        try:
            file = await asyncio.to_thread(_link, self._file.folder / mail.path, self._raws.spool / mail.path)
        except FileNotFoundError:
            if not await self._store.read(lambda c: imports.is_known(c, mail)):
                await self._in_thread(self._set_aside, mail.seq, f"its file {mail.path} is gone")
            return None
        return Import(mail.seq, mail.news, None, await self._raws.put(file), mail.size, mail.sha256, mail.damaged)

    async def _take(self, mails: Sequence[Import]) -> None:
        """All in one transaction; when that fails each by itself, and those that fail alone are set aside."""
        try:
            unneeded = await self._store.write(lambda c: imports.take(c, self._origin, mails))
        except (StoreFailed, OSError):
            raise
        except Exception as error:
            if len(mails) == 1:
                log.error("not imported", error=type(error).__name__, exc_info=error)
                await self._in_thread(self._set_aside, mails[0].seq, f"{type(error).__name__}: {error}")
                return
            for mail in mails:
                await self._take([mail])
            return
        for path in unneeded:
            await self._raws.drop(path)

    def _set_aside(self, seq: int, why: str) -> None:
        self._file.set_aside(seq, why)
        log.critical("an arrival cannot be imported: it is kept in the arrivals", arrival=seq, why=why)
        self._damaged(f"arrival {seq}: {why}")


def _start(file: Path) -> bytes:
    """The beginning of a large mail; of one that is gone the store says so."""
    with contextlib.suppress(FileNotFoundError), file.open("rb") as handle:
        return handle.read(HEADER_SCAN)
    return b""


def _link(source: Path, target: Path) -> Path:
    """The same file under another name, fresh to those who sweep; a copy on another disk. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        try:
            os.link(source, target)
        except OSError as error:
            if isinstance(error, (FileExistsError, FileNotFoundError)):
                raise
            part = target.with_suffix(".part")
            shutil.copyfile(source, part)
            part.rename(target)
    os.utime(target)
    for path in (target, target.parent):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return target
