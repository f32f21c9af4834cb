"""The store of a trial: one operation after the other in the caller's thread, in one transaction until ``checkpoint``.

What a process that dies leaves behind is the last checkpoint, whole: the trial goes on from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, event

from gateway.store.engine import Store, make_engine
from gateway.store.reading import Unreadable
from gateway.store.writer import Operation

T = TypeVar("T")
CACHE = 48 * 1024
"""kB of pages: what is changed between two checkpoints is written once."""


class TrialStore(Store):
    """``Store`` without its threads, for a single SQLite file. Raises StoreBusy, NoDatabase."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url, durable=False)
        event.listen(self.engine, "connect", _in_memory)
        self.sqlite = True
        self.on_damage: Callable[[Unreadable], None] = lambda found: None
        self._lock_file = self._lock()
        self._connection: Connection | None = None

    def open(self) -> None:
        """From here on there is a transaction. The schema has to be there."""
        self._connection = self.engine.connect()
        self._run_sql("BEGIN IMMEDIATE")

    def checkpoint(self) -> None:
        """All that was done is kept."""
        self._run_sql("COMMIT")
        self._run_sql("BEGIN IMMEDIATE")

    def close(self) -> None:
        """What was done since the last checkpoint is not kept."""
        if self._connection is not None:
            self._run_sql("ROLLBACK")
            self._connection.close()
            self._connection = None
        self.engine.dispose()
        if self._lock_file:
            self._lock_file.close()

    def write_sync(self, operation: Operation[T]) -> T:
        """An operation that fails leaves nothing behind."""
        self._run_sql("SAVEPOINT op")
        try:
            value = self.read_sync(operation)
        except BaseException:
            self._run_sql("ROLLBACK TO op")
            self._run_sql("RELEASE op")
            raise
        self._run_sql("RELEASE op")
        return value

    def read_sync(self, operation: Operation[T]) -> T:
        assert self._connection is not None
        with self._telling():
            return operation(self._connection)

    async def write(self, operation: Operation[T]) -> T:
        return self.write_sync(operation)

    async def read(self, operation: Operation[T]) -> T:
        return self.read_sync(operation)

    def _run_sql(self, statement: str) -> None:
        """Past SQLAlchemy, which takes ten times as long for it."""
        assert self._connection is not None
        self._connection.connection.execute(statement)


def _in_memory(connection: Any, _record: Any) -> None:
    """What a savepoint takes back is no file, which would be written with each operation."""
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute(f"PRAGMA cache_size=-{CACHE}")
