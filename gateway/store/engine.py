"""The database: one writer thread with group commit, and a few readers.

Promised: ``write`` returns only after its operation is committed and synced. Operations that
queued while the last commit ran share the next one, each in a savepoint, so that one that fails
does not harm the others. One that another process stood in the way of (a deadlock) runs again in the
next transaction. A failed commit ends the store: after it nothing is known, every waiter
gets StoreFailed and ``on_fatal`` is called. An operation that needs a row which cannot be read raises
Unreadable, and ``on_damage`` hears of it; the others go on. Source: docs/design.md "Store".
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from gateway.store import notify, private
from gateway.store.damage import is_damage, unreadable
from gateway.store.prepared import plainly
from gateway.store.reading import Missing, Unreadable, decoded, looking
from gateway.store.waiters import Told, tell

T = TypeVar("T")
Operation = Callable[[Connection], T]

BATCH = 256
READERS = 4
BUSY_WAIT = 30_000  # milliseconds for SQLite's lock
WAL_LONG = 16 * 1024 * 1024  # bytes of SQLite's write-ahead log after which it is made to start over
WAL_LOOK = 64  # commits
WAL_WAIT = 250  # milliseconds for readers to end
TRIES = 5  # of an operation that another process stood in the way of
IN_THE_WAY = frozenset({"40P01", "40001"})  # SQLSTATE: deadlock, serialization failure


class StoreFailed(Exception):
    """Nothing is known of the operation: the commit failed or the store is closed."""


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
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _unsynced(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")


class Store:
    """Runs operations: functions of a connection that return a value."""

    def __init__(
        self,
        url: str,
        on_fatal: Callable[[BaseException], None] = lambda error: None,
        idle: float = 0.0,
        on_damage: Callable[[Unreadable], None] = lambda found: None,
        durable: bool = True,
    ) -> None:
        self.url = url
        self.engine = make_engine(url, idle, durable=durable)
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._on_fatal = on_fatal
        self.on_damage = on_damage
        self._lock_file = self._lock() if self.sqlite else None
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._left: list[_Item] = []
        self._commits = 0
        self._wal = Path(f"{self.engine.url.database}-wal") if self.sqlite and self.engine.url.database else None
        self._failed: BaseException | None = None
        self._of_thread = threading.local()
        self._readers = ThreadPoolExecutor(READERS, "store-read", initializer=self._keep_connection)
        self._kept: list[Connection] = []  # of reading threads
        self._thread = threading.Thread(target=self._write_loop, name="store-write", daemon=True)
        self._thread.start()

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
        self._check()
        self._queue.put(_Item(operation, loop, future))
        return await future

    async def read(self, operation: Operation[T]) -> T:
        """Run on one consistent snapshot, beside the writer."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_sync, operation)

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

    def _keep_connection(self) -> None:
        """Of this thread: it is one of those that read."""
        self._of_thread.keeps = True

    @contextlib.contextmanager
    def _reader(self) -> Iterator[Connection]:
        """A connection to read by. On SQLite a reading thread keeps its own until something fails: to take one from
        the pool and to give it back costs more than a small statement."""
        kept = self._of_thread
        if not (self.sqlite and getattr(kept, "keeps", False)):
            with self.engine.connect() as connection:
                yield connection
            return
        if (mine := getattr(kept, "connection", None)) is None:
            mine = kept.connection = self.engine.connect()
            self._kept.append(mine)
        try:
            yield mine
        except BaseException:
            kept.connection = None
            self._kept.remove(mine)
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
        self._check()
        self._queue.put(_Item(operation, None, done))
        good, value = done.get()
        if not good:
            raise value
        return value  # type: ignore[no-any-return]

    def _check(self) -> None:
        if self._failed is not None:
            raise StoreFailed("the store has failed, or is closed") from self._failed

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()
        self._failed = self._failed or StoreFailed("the store is closed")
        with contextlib.suppress(queue.Empty):
            while item := self._queue.get_nowait():  # who came too late must not wait for ever
                _resolve([(item, False, self._failed)])
        self._readers.shutdown()
        for connection in self._kept:
            connection.close()
        self.engine.dispose()
        if self._lock_file:
            self._lock_file.close()

    def _write_loop(self) -> None:
        closing = False
        try:
            with self.engine.connect() as connection:
                while not closing or self._left:
                    batch = self._next_batch()
                    closing = closing or None in batch
                    if work := [item for item in batch if item is not None]:
                        self._commit(connection, work)
        except BaseException as error:
            self._failed = error
            self._on_fatal(error)
        while not closing:  # nobody may wait for ever on a failed store
            item = self._queue.get()
            if item is None:
                return
            _resolve([(item, False, StoreFailed("the store has failed"))])

    def _next_batch(self) -> list[_Item | None]:
        """Whatever is queued, at least one; first what is left of the last batch."""
        batch: list[_Item | None] = list(self._left) or [self._queue.get()]
        self._left = []
        while len(batch) < BATCH:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _commit(self, connection: Connection, batch: list[_Item]) -> None:
        results: list[tuple[_Item, bool, Any]] = []
        try:
            if self.sqlite:
                plainly(connection, "BEGIN IMMEDIATE")
            for place, item in enumerate(batch):
                try:
                    results.append(self._run(connection, item))
                except _InTheWay:
                    self._left = batch[place:]
                    break
            notify.forget(connection)
            if self.sqlite:
                plainly(connection, "COMMIT")
                self._shorten(connection)
            else:
                connection.commit()
        except BaseException as error:
            failure = StoreFailed(f"commit failed: {type(error).__name__}")
            failure.__cause__ = error
            _resolve([(item, False, failure) for item in batch])
            raise
        _resolve(results)

    def _shorten(self, connection: Connection) -> None:
        """The write-ahead log starts over only when nobody reads, which on a busy store is never by chance:
        when it has grown, wait for the readers, a moment at most."""
        self._commits += 1
        if self._commits % WAL_LOOK or not self._wal or not self._wal.exists() or self._wal.stat().st_size < WAL_LONG:
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={WAL_WAIT}")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_WAIT}")

    def _run(self, connection: Connection, item: _Item) -> tuple[_Item, bool, Any]:
        run = plainly if self.sqlite else _told
        run(connection, "SAVEPOINT op")
        try:
            with self._telling():
                value = item.operation(connection)
        except Exception as error:
            if isinstance(error, DBAPIError) and (error.connection_invalidated or is_damage(error)):
                raise
            run(connection, "ROLLBACK TO SAVEPOINT op")
            run(connection, "RELEASE SAVEPOINT op")
            notify.forget(connection)
            item.tries += 1
            if isinstance(error, DBAPIError) and _state(error) in IN_THE_WAY and item.tries < TRIES:
                raise _InTheWay from error
            return item, False, error
        run(connection, "RELEASE SAVEPOINT op")
        return item, True, value


def _told(connection: Connection, statement: str) -> None:
    """So that SQLAlchemy, which commits, knows of the transaction."""
    connection.exec_driver_sql(statement)


class _InTheWay(Exception):
    """The operation has to run again, in a transaction of its own locks."""


def _state(error: DBAPIError) -> str:
    """The SQLSTATE, "" where the database has none."""
    return str(getattr(error.orig, "sqlstate", "") or "")


class _Item:
    __slots__ = ("loop", "operation", "tries", "waiter")

    def __init__(self, operation: Operation[Any], loop: asyncio.AbstractEventLoop | None, waiter: Any) -> None:
        self.operation = operation
        self.tries = 0
        self.loop = loop
        self.waiter = waiter


def _resolve(results: list[tuple[_Item, bool, Any]]) -> None:
    """Wake those who wait, threads and tasks."""
    for item, good, value in results:
        if item.loop is None:
            item.waiter.put((good, value))
    tell(Told(item.loop, item.waiter, good, value) for item, good, value in results if item.loop is not None)
