"""The store as commands and pages use it: beside a running gateway or without one, and never made by looking."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.operate import arriving
from gateway.store.engine import make_engine
from gateway.store.operator import NotThere
from gateway.store.reading import looking

T = TypeVar("T")


class Access:
    """The database of a configuration. Raises NoDatabase where there is none.

    Whatever asks it for a mail that was accepted and is not there yet raises NotYet, which says so."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._engine = make_engine(settings.store.url, create=False)
        self._is_sqlite = self._engine.dialect.name == "sqlite"

    def close(self) -> None:
        self._engine.dispose()

    def look(self, operation: Callable[[Connection], T]) -> T:
        """Look at one moment of it; nothing waits for it. What cannot be read is Garbled."""
        return self._or_not_yet(operation, "BEGIN", "ROLLBACK")

    def change(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation that changes it, in one transaction: all of it, or on any error nothing."""
        return self._or_not_yet(operation, "BEGIN IMMEDIATE", "COMMIT")

    def _or_not_yet(self, operation: Callable[[Any], T], begin: str, end: str) -> T:
        try:
            return self._run(operation, begin, end)
        except NotThere as missing:
            if waits := arriving.look(self._settings, missing.name, self._clock()):
                raise waits from None
        return self._run(operation, begin, end)  # it may have come in between the two looks

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
