"""The database: what changes it (``writer.py``), and a few readers.

Promised: ``write`` returns only after its operation is committed and synced. One that another process stood in the way
of (a deadlock) runs again in the next transaction. A failed commit ends the store. An operation that needs a row which
cannot be read raises Unreadable, and ``on_damage`` hears of it; the others go on. Source: docs/design.md "Store".
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from gateway.store import private
from gateway.store.damage import is_damage, unreadable
from gateway.store.prepared import plainly
from gateway.store.reading import Missing, Unreadable, decoded, looking
from gateway.store.writer import (
    BUSY_WAIT,
    LoopWriter,
    Operation,
    Request,
    ThreadWriter,
    Transactions,
    Writer,
    is_locked,
)

T = TypeVar("T")

READERS = 4


class StoreBusy(Exception):
    """Another process holds the SQLite file."""


class NoDatabase(LookupError):
    """There is no SQLite file where the configuration says."""


def name_of(url: str) -> str:
    """How people call a database: its address without the password."""
    return make_url(url).render_as_string(hide_password=True)


def make_engine(url: str, idle: float = 0.0, *, create: bool = True, durable: bool = True) -> Engine:
    """An engine with the settings that durability needs. Without ``create`` an SQLite file has to be there: raises
    NoDatabase. PostgreSQL ends a transaction that is idle for ``idle``
    seconds, 0 for never: its process was stopped in it, and nobody else gets at the rows that it locked. An SQLite file
    that is not ``durable`` outlives the process, but a loss of power may cost it the last commits."""
    if url.startswith("sqlite"):
        file = make_url(url).database
        if not create and file and not Path(file).exists():
            raise NoDatabase(f"{file} does not exist: the gateway of this configuration has not run yet")
        if create and file:
            private.create(Path(file))
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=READERS + 2,
            connect_args={"check_same_thread": False, "timeout": 30, "isolation_level": None},
        )
        event.listen(engine, "connect", _sqlite_pragmas)
        if not durable:
            event.listen(engine, "connect", _unsynced)
        return engine
    limits = {"options": f"-c idle_in_transaction_session_timeout={round(1000 * idle)}"} if idle else {}
    return create_engine(url, pool_size=READERS + 2, pool_pre_ping=True, connect_args=limits)


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    connection.text_factory = decoded
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_WAIT}",
        "foreign_keys=ON",
        "cache_size=-16384",
        "mmap_size=268435456",
        "journal_size_limit=67108864",
        "wal_autocheckpoint=4000",  # 16 MB: a page that many mails change is copied less often
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _unsynced(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


class Store:
    """Runs operations: functions of a connection that return a value. ``in_loop``: of an SQLite file they may keep the
    event loop, which accepts no mail."""

    _in_loop = False

    def __init__(
        self,
        url: str,
        on_fatal: Callable[[BaseException], None] = lambda error: None,
        idle: float = 0.0,
        on_damage: Callable[[Unreadable], None] = lambda found: None,
        durable: bool = True,
        in_loop: bool = False,
    ) -> None:
        self.url = url
        self.engine = make_engine(url, idle, durable=durable)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._in_loop = in_loop and self.sqlite
        self._on_fatal = on_fatal
        self.on_damage = on_damage
        self._lock_file = self._lock() if self.sqlite else None
        self._of_thread = threading.local()
        self._readers = ThreadPoolExecutor(READERS, "store-read", initializer=partial(self._keep_connection, BUSY_WAIT))
        self._kept: list[Connection] = []  # of reading threads
        writer = LoopWriter if self._in_loop else ThreadWriter
        self._writer: Writer = writer(Transactions(self.engine, self._telling), on_fatal)

    def _lock(self) -> Any:
        """SQLite is for one process: hold a lock file beside the database while open."""
        path = self.engine.url.database
        if not path or path == ":memory:":
            return None
        private.create(lock := Path(path + ".lock"))
        handle = lock.open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.close()
            raise StoreBusy(f"{path} is in use by another process") from error
        return handle

    async def write(self, operation: Operation[T]) -> T:
        """Run in the next transaction; return its value once it is durable.

        Raises what the operation raised, or StoreFailed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._writer.put(Request(operation, loop, future))
        return await future

    async def read(self, operation: Operation[T]) -> T:
        """Run on one consistent snapshot, beside the writer."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_sync, operation)

    async def glance(self, operation: Operation[T]) -> T:
        """``read`` for a few rows that an index finds: in the loop's own thread where it may, for the change to another
        thread and back takes as long as they do. Where another process has locked the file, a thread waits for it."""
        if self._in_loop:
            self._keep_connection(wait=0)
            try:
                return self.read_sync(operation)
            except DBAPIError as error:
                if not is_locked(error):
                    raise
        return await self.read(operation)

    def read_sync(self, operation: Operation[T]) -> T:
        """The same, in this thread. What is missing is looked for once more before it counts as damage: a snapshot from
        before a migration that made a table anew finds that table empty. Source: PostgreSQL 13.6 "Caveats"."""
        with contextlib.suppress(Missing):
            return self._on_snapshot(operation)
        try:
            return self._on_snapshot(operation)
        except Missing as missing:
            self.on_damage(missing)
            raise

    def _on_snapshot(self, operation: Operation[T]) -> T:
        with self._reader() as connection:
            if self.sqlite:
                plainly(connection, "BEGIN")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            try:
                with self._telling():
                    return operation(connection)
            except DBAPIError as error:
                if is_damage(error):
                    self._on_fatal(error)
                raise
            finally:
                plainly(connection, "ROLLBACK") if self.sqlite else connection.rollback()

    def _keep_connection(self, wait: int) -> None:
        """This thread is one of those that read, and waits so many milliseconds for SQLite's lock."""
        self._of_thread.wait = wait

    @contextlib.contextmanager
    def _reader(self) -> Iterator[Connection]:
        """A connection to read by. On SQLite a reading thread keeps its own until something fails: to take one from
        the pool and to give it back costs more than a small statement."""
        kept = self._of_thread
        if not (self.sqlite and hasattr(kept, "wait")):
            with self.engine.connect() as connection:
                yield connection
            return
        if (mine := getattr(kept, "connection", None)) is None:
            mine = kept.connection = self.engine.connect()
            mine.exec_driver_sql(f"PRAGMA busy_timeout={kept.wait}")
            self._kept.append(mine)
        try:
            yield mine
        except BaseException:
            kept.connection = None
            self._kept.remove(mine)
            mine.invalidate()
            mine.close()
            raise

    async def read_to_show(self, operation: Operation[T]) -> T:
        """``read`` for callers that only display rows: what cannot be read is Garbled."""

        def read(connection: Connection) -> T:
            with looking():
                return operation(connection)

        return await self.read(read)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """What cannot be read is Unreadable to the caller, and reported through ``on_damage``."""
        try:
            yield
        except Missing:
            raise
        except Exception as error:
            if (found := unreadable(error)) is None:
                raise
            self.on_damage(found)
            raise found from (None if found is error else error)

    async def apart(self, operation: Operation[T]) -> T:
        """Run in a small transaction of its own, beside the writer: for rows that other processes wait for.
        Not on SQLite, which has one writer."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._apart, operation)

    def _apart(self, operation: Operation[T]) -> T:
        with self._telling(), self.engine.begin() as connection:
            return operation(connection)

    def write_sync(self, operation: Operation[T]) -> T:
        """Like ``write`` for callers without an event loop (the commands)."""
        done: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()
        self._writer.put(Request(operation, None, done))
        good, value = done.get()
        if not good:
            raise value
        return value  # type: ignore[no-any-return]

    def close(self) -> None:
        self._writer.close()
        self._readers.shutdown()
        for connection in self._kept:
            connection.close()
        self.engine.dispose()
        if self._lock_file:
            self._lock_file.close()
