"""Statements of the hot path, compiled once and run on the driver's cursor.

Accepting a mail runs four small statements; through SQLAlchemy's execution each costs as much as the
database's own work. The statements are still written with SQLAlchemy, for both databases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.expression import ClauseElement

from gateway.store import dialects


class Prepared:
    """One statement, with its parameters by name. ``make`` builds it for a dialect's module."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._ready: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Run it; the first column of the first row, None without one or for a plain insert."""
        name = connection.dialect.name
        if name not in self._ready:
            self._ready[name] = _compile(self._make(dialects.module(name)), connection.dialect)
        sql, order, constants = self._ready[name]
        values = {**constants, **values}
        cursor = connection.connection.cursor()
        try:
            cursor.execute(sql, tuple(values[name] for name in order) if order else values)
            row = cursor.fetchone() if cursor.description else None
        finally:
            cursor.close()
        return row[0] if row else None


def _compile(statement: ClauseElement, dialect: Any) -> tuple[str, list[str] | None, dict[str, Any]]:
    compiled: Any = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return str(compiled), list(compiled.positiontup) if compiled.positional else None, constants
