"""Processes that decide kept mail again, each a batch at a time.

They need nothing but the store and what this process knows of the desks: what only a desk can answer, and what
depends on the mail before, comes back undecided, as it was read. So the result is that of one process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from multiprocessing.util import Finalize
from typing import Any

from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.desk.catalog import Catalog
from gateway.desk.directory import Directory
from gateway.model.email import Email
from gateway.operate import beside
from gateway.operate.preview.kept import Batch, Kept
from gateway.operate.preview.replay import Change, Looked, Opened, Replay
from gateway.store.engine import make_engine
from gateway.work.desks import directory_of, product_of
from gateway.work.parser import Parser
from gateway.work.readings import KeptReader, Readings

MOST = 8
AHEAD = 3  # batches that wait for each process

Undecided = tuple[Kept, Email]
Found = tuple[int, int, int, list[tuple[float, Undecided | Change | None]]]
"""What is found of a batch, as one process tells another: ``replay.Looked`` with mail that is to be decided here."""


def worth(mails: int) -> int:
    """How many processes so many mails are worth, 0 for none beside this one."""
    return min(beside.cores(mails), MOST)


class Deciders:
    """``code`` as ``work.readings.code`` says. Use it as a context."""

    def __init__(self, settings: Settings, directories: Mapping[str, Directory], count: int, code: bytes) -> None:
        self.count = count
        catalogs = {name: directory.catalog for name, directory in directories.items()}
        self._pool = beside.processes(count, _begin, settings, catalogs, code)

    def __enter__(self) -> Deciders:
        return self

    def __exit__(self, *raised: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    async def looked(self, work: Replay, batches: list[Batch]) -> AsyncIterator[Looked]:
        """What is found of each batch, in order. ``work`` decides what nobody else can, and all that is left where a
        process was killed."""
        coming, under_way = deque(batches), deque[tuple[Batch, asyncio.Future[Found] | None]]()
        while coming or under_way:
            while coming and len(under_way) < AHEAD * self.count:
                batch = coming.popleft()
                under_way.append((batch, self._begun(batch)))
            batch, future = under_way.popleft()
            try:
                found = await future if future else None
            except BrokenExecutor:
                found = None
            yield _opened(work, found) if found else await work.look(batch)

    def _begun(self, batch: Batch) -> asyncio.Future[Found] | None:
        try:
            return asyncio.get_running_loop().run_in_executor(self._pool, _look, batch)
        except BrokenExecutor:
            return None


def _opened(work: Replay, found: Found) -> Looked:
    count, left_out, asked, mails = found
    opened = [(at, work.opened(*mail) if isinstance(mail, tuple) else mail) for at, mail in mails]
    return Looked(count, left_out, asked, opened)


# -- in the process that decides ------------------------------------------------------------------

_work: Callable[[Batch], Found]


def _begin(settings: Settings, catalogs: Mapping[str, Catalog | None], code: bytes) -> None:
    """Make ready what decides in this process."""
    global _work
    decider = _Decider(settings, catalogs, code)
    _work = decider.look
    Finalize(None, decider.close, exitpriority=1)


def _look(batch: Batch) -> Found:
    return _work(batch)


class _Decider:
    """``catalogs`` are of the desks, by name."""

    def __init__(self, settings: Settings, catalogs: Mapping[str, Catalog | None], code: bytes) -> None:
        self._engine = make_engine(settings.store.url, create=False)
        own = settings.own_addresses()
        self._readings = Readings(settings.store.spool_dir, code, own)
        self._parser = Parser(children=1, own=own, memory=settings.parser.memory)
        directories = {name: _directory(settings, name, catalog) for name, catalog in catalogs.items()}
        self._replay = Replay(self._read, KeptReader(self._parser, self._readings), directories, settings)
        self._loop = asyncio.Runner()

    def look(self, batch: Batch) -> Found:
        looked = self._loop.run(self._replay.look(batch))
        self._readings.commit()
        mails = [(at, _undecided(mail) if isinstance(mail, Opened) else mail) for at, mail in looked.mails]
        return looked.count, looked.left_out, looked.asked, mails

    def close(self) -> None:
        self._loop.run(self._parser.close())
        self._loop.close()
        self._readings.close()
        self._engine.dispose()

    def _read(self, operation: Callable[[Connection], Any]) -> Any:
        with self._engine.connect() as connection:
            return operation(connection)


def _undecided(opened: Opened) -> Undecided:
    return replace(opened.kept, mail=b""), opened.email


def _directory(settings: Settings, name: str, catalog: Catalog | None) -> Directory:
    directory = directory_of(settings, name, product_of(settings, name).unasked(name))
    directory.catalog = catalog
    return directory
