"""The store as commands and pages use it: beside a running gateway or without one, and never made by looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from gateway.config.settings import StoreSettings
from gateway.store.engine import make_engine
from gateway.store.reading import looking

T = TypeVar("T")


class Access:
    """The database of a configuration. Raises NoDatabase where there is none."""

    def __init__(self, settings: StoreSettings) -> None:
        self._engine = make_engine(settings.url, create=False)
        self._is_sqlite = self._engine.dialect.name == "sqlite"

    def close(self) -> None:
        self._engine.dispose()

    def look(self, operation: Callable[[Connection], T]) -> T:
        """Look at one moment of it; nothing waits for it. What cannot be read is Garbled."""
        return self._run(operation, "BEGIN", "ROLLBACK")

    def change(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation that changes it, in one transaction: all of it, or on any error nothing."""
        return self._run(operation, "BEGIN IMMEDIATE", "COMMIT")

    def _run(self, operation: Callable[[Any], T], begin: str, end: str) -> T:
        with self._engine.connect() as connection:
            if self._is_sqlite:
                connection.exec_driver_sql(begin)
            elif end == "ROLLBACK":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            try:
                with looking():
                    value = operation(connection)
            except BaseException:
                if self._is_sqlite:
                    connection.exec_driver_sql("ROLLBACK")
                raise
            if self._is_sqlite:
                connection.exec_driver_sql(end)
            elif end == "COMMIT":
                connection.commit()
            return value
