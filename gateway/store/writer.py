"""Operations that change the store. Those that wait share a transaction, each in a savepoint, so that one that fails
does not harm the others; who asked for one is told when it is committed and synced.

Where the transaction runs is the choice of the process:

- ``ThreadWriter``, in a thread of its own: the event loop goes on meanwhile.
- ``LoopWriter``, in the event loop's thread, but for the commit: for a process whose loop accepts no mail. Two threads
  that both run Python take turns at each of a mail's statements, which costs a tenth of its processor time.

A failed commit ends the store: after it nothing is known, every waiter gets StoreFailed and ``on_fatal`` is called.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from gateway.store import notify
from gateway.store.damage import is_damage
from gateway.store.prepared import plainly
from gateway.store.waiters import Told, tell

T = TypeVar("T")
Operation = Callable[[Connection], T]

BATCH = 256
BUSY_WAIT = 30_000  # milliseconds for SQLite's lock
WAL_LONG = 32 * 1024 * 1024  # bytes of SQLite's write-ahead log after which it is made to start over
WAL_LOOK = 64  # commits
WAL_WAIT = 250  # milliseconds for readers to end
TRIES = 5  # of an operation that another process stood in the way of
IN_THE_WAY = frozenset({"40P01", "40001"})  # SQLSTATE: deadlock, serialization failure


class StoreFailed(Exception):
    """Nothing is known of the operation: the commit failed or the store is closed."""


class Request:
    """An operation, and who waits for it: a future of an event loop, or a queue of a thread that has none."""

    __slots__ = ("loop", "operation", "tries", "waiter")

    def __init__(self, operation: Operation[Any], loop: asyncio.AbstractEventLoop | None, waiter: Any) -> None:
        self.operation = operation
        self.tries = 0
        self.loop = loop
        self.waiter = waiter


Result = tuple[Request, bool, Any]
"""What became of a request: whether it is good, and its value or its error."""


class Writer(Protocol):
    def put(self, request: Request) -> None:
        """Run it in the next transaction. Raises StoreFailed."""

    def close(self) -> None:
        """Return when all that was put is done. What comes later is StoreFailed."""


class Transactions:
    """On one connection. ``telling``: what is done of it reports damage."""

    def __init__(self, engine: Engine, telling: Callable[[], AbstractContextManager[None]]) -> None:
        self._engine = engine
        self._telling = telling
        self._sqlite = engine.dialect.name == "sqlite"
        self._wal = Path(f"{engine.url.database}-wal") if self._sqlite and engine.url.database else None
        self._commits = 0
        self._kept: Connection | None = None

    @property
    def _connection(self) -> Connection:
        if self._kept is None:
            self._kept = self._engine.connect()
        return self._kept

    def begin(self) -> None:
        """Raises DBAPIError."""
        if self._sqlite:
            plainly(self._connection, "BEGIN IMMEDIATE")

    def begin_at_once(self) -> bool:
        """False where another process writes. Raises DBAPIError."""
        plainly(self._connection, "PRAGMA busy_timeout=0")
        try:
            self.begin()
        except DBAPIError as error:
            if is_locked(error):
                return False
            raise
        finally:
            plainly(self._connection, f"PRAGMA busy_timeout={BUSY_WAIT}")
        return True

    def run(self, batch: list[Request]) -> list[Result]:
        """Up to one that another process stood in the way of, which has to run again in a transaction of its own
        locks, with all behind it. Raises DBAPIError where the connection is lost or the database damaged."""
        results = []
        for request in batch:
            try:
                results.append(self._run(request))
            except _InTheWay:
                break
        return results

    def commit(self) -> None:
        """Raises DBAPIError."""
        notify.forget(self._connection)
        if self._sqlite:
            plainly(self._connection, "COMMIT")
            self._shorten()
        else:
            self._connection.commit()

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _run(self, request: Request) -> Result:
        self._tell("SAVEPOINT op")
        try:
            with self._telling():
                value = request.operation(self._connection)
        except Exception as error:
            if isinstance(error, DBAPIError) and (error.connection_invalidated or is_damage(error)):
                raise
            self._tell("ROLLBACK TO SAVEPOINT op")
            self._tell("RELEASE SAVEPOINT op")
            notify.forget(self._connection)
            request.tries += 1
            if isinstance(error, DBAPIError) and _state(error) in IN_THE_WAY and request.tries < TRIES:
                raise _InTheWay from error
            return request, False, error
        self._tell("RELEASE SAVEPOINT op")
        return request, True, value

    def _tell(self, statement: str) -> None:
        """Through SQLAlchemy where it commits, so that it knows of the transaction."""
        if self._sqlite:
            plainly(self._connection, statement)
        else:
            self._connection.exec_driver_sql(statement)

    def _shorten(self) -> None:
        """The write-ahead log starts over only when nobody reads, which on a busy store is never by chance:
        when it has grown, wait for the readers, a moment at most."""
        self._commits += 1
        if self._commits % WAL_LOOK or not self._wal or not self._wal.exists() or self._wal.stat().st_size < WAL_LONG:
            return
        self._connection.exec_driver_sql(f"PRAGMA busy_timeout={WAL_WAIT}")
        self._connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
        self._connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_WAIT}")


class ThreadWriter:
    """One thread that runs and commits."""

    def __init__(self, transactions: Transactions, on_fatal: Callable[[BaseException], None]) -> None:
        self._transactions = transactions
        self._on_fatal = on_fatal
        self._queue: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._left: list[Request] = []
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="store-write", daemon=True)
        self._thread.start()

    def put(self, request: Request) -> None:
        if self._failed is not None:
            raise StoreFailed("the store has failed, or is closed") from self._failed
        self._queue.put(request)

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()
        self._failed = self._failed or StoreFailed("the store is closed")
        with contextlib.suppress(queue.Empty):
            while request := self._queue.get_nowait():  # who came too late must not wait for ever
                _resolve([(request, False, self._failed)])

    def _work(self) -> None:
        closing = False
        try:
            while not closing or self._left:
                batch = self._next_batch()
                closing = closing or None in batch
                if requests := [request for request in batch if request is not None]:
                    self._commit(requests)
        except BaseException as error:
            self._failed = error
            self._on_fatal(error)
        finally:
            self._transactions.close()
        while not closing:  # nobody may wait for ever on a failed store
            if (request := self._queue.get()) is None:
                return
            _resolve([(request, False, StoreFailed("the store has failed"))])

    def _next_batch(self) -> list[Request | None]:
        """Whatever is queued, at least one; first what is left of the last batch."""
        batch: list[Request | None] = list(self._left) or [self._queue.get()]
        self._left = []
        while len(batch) < BATCH:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _commit(self, batch: list[Request]) -> None:
        try:
            self._transactions.begin()
            results = self._transactions.run(batch)
            self._left = batch[len(results) :]
            self._transactions.commit()
        except BaseException as error:
            _resolve(_failures(batch, error))
            raise
        _resolve(results)


class LoopWriter:
    """Operations run in the thread of the event loop that asks for them, all that wait in one transaction. A thread
    commits, and does the whole where another process writes just then: the loop waits for nobody. SQLite only."""

    def __init__(self, transactions: Transactions, on_fatal: Callable[[BaseException], None]) -> None:
        self._transactions = transactions
        self._on_fatal = on_fatal
        self._queue: deque[Request] = deque()
        self._has_turn = False  # the loop, now or soon
        self._in_use = threading.Lock()  # from a transaction's begin to its end
        self._thread = ThreadPoolExecutor(1, "store-write")
        self._failed: BaseException | None = None

    def put(self, request: Request) -> None:
        if self._failed is not None:
            raise StoreFailed("the store has failed, or is closed") from self._failed
        self._queue.append(request)
        if request.loop is None:
            self._run_queue()
        elif not self._has_turn:
            self._has_turn = True
            request.loop.call_soon(self._turn, request.loop)

    def close(self) -> None:
        self._run_queue()
        self._failed = self._failed or StoreFailed("the store is closed")
        self._thread.shutdown()
        self._transactions.close()

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._in_use.acquire()
        if not (batch := self._next_batch()):  # another thread was faster
            self._in_use.release()
            self._has_turn = False
            return
        results = None
        try:
            if self._transactions.begin_at_once():
                results = self._transactions.run(batch)
        except BaseException as error:
            results = self._ended(batch, error)
            self._in_use.release()
            _resolve(results)
        else:
            self._thread.submit(self._finish, loop, batch, results)

    def _finish(self, loop: asyncio.AbstractEventLoop, batch: list[Request], results: list[Result] | None) -> None:
        """In the thread: a transaction of the loop's, or one that it could not begin."""
        results = self._committed(batch, results)
        self._in_use.release()
        try:
            loop.call_soon_threadsafe(self._over, loop, results)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._has_turn = False

    def _over(self, loop: asyncio.AbstractEventLoop, results: list[Result]) -> None:
        """Who waited goes on first: what they ask for next shares the next transaction."""
        _resolve(results)
        if self._queue:
            loop.call_soon(self._turn, loop)
        else:
            self._has_turn = False

    def _run_queue(self) -> None:
        """In the thread of the caller, who waits: after the transaction under way."""
        with self._in_use:
            results = self._committed(batch) if (batch := self._next_batch()) else []
        _resolve(results)

    def _committed(self, batch: list[Request], results: list[Result] | None = None) -> list[Result]:
        """What became of a batch; without ``results`` it has not run yet."""
        try:
            if results is None:
                self._transactions.begin()
                results = self._transactions.run(batch)
            self._transactions.commit()
        except BaseException as error:
            return self._ended(batch, error)
        return results

    def _next_batch(self) -> list[Request]:
        batch = list(self._queue)
        self._queue.clear()
        return batch

    def _ended(self, batch: list[Request], error: BaseException) -> list[Result]:
        """The store has: what all who wait are told."""
        self._failed = error
        self._on_fatal(error)
        return _failures(batch + self._next_batch(), error)


def is_locked(error: DBAPIError) -> bool:
    """Whether another process has locked the SQLite file."""
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # an extended code has more above


class _InTheWay(Exception):
    """The operation has to run again, in a transaction of its own locks."""


def _state(error: DBAPIError) -> str:
    """The SQLSTATE, "" where the database has none."""
    return str(getattr(error.orig, "sqlstate", "") or "")


def _failures(batch: list[Request], error: BaseException) -> list[Result]:
    failure = StoreFailed(f"commit failed: {type(error).__name__}")
    failure.__cause__ = error
    return [(request, False, failure) for request in batch]


def _resolve(results: list[Result]) -> None:
    """Wake those who wait, threads and tasks."""
    for request, good, value in results:
        if request.loop is None:
            request.waiter.put((good, value))
    tell(
        Told(request.loop, request.waiter, good, value) for request, good, value in results if request.loop is not None
    )
