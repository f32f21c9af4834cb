"""Statements of the hot path, compiled once and run on the driver's cursor.

Each mail runs some fifty small statements; through SQLAlchemy's execution each costs several times the
database's own work. The statements are still written with SQLAlchemy, for both databases, and what the driver raises
comes as SQLAlchemy would raise it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Dialect, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import ClauseElement

from gateway.store import dialects

T = TypeVar("T")
Ready = tuple[str, list[str] | None, dict[str, Any]]
"""The text for the driver, its parameters in order where they have no names, and those that never change."""

ESCAPE = "\\"


def literally(text: str) -> str:
    """A text that stands for itself in LIKE with this ESCAPE: a parameter has no autoescape."""
    return re.sub(r"([\\%_])", r"\\\1", text)


class Prepared:
    """One statement, with its parameters by name. ``make`` builds it for a dialect's module."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._ready: dict[tuple[str, tuple[str, ...]], Ready] = {}
        self._columns: dict[str, list[tuple[str, Callable[[Any], Any] | None]]] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Run it; the first column of the first row, None without one or for a plain insert. Raises DBAPIError."""
        return on_cursor(connection, *self.bound(connection, values), _first)

    def column(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Run a select of one column; its values, each read with care. Raises DBAPIError, Unreadable."""
        found, description = on_cursor(connection, *self.bound(connection, values), _all)
        ((_, read),) = self._readers(connection.dialect, description)
        return [read(value) for (value,) in found] if read else [value for (value,) in found]

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run a select, or a change that returns rows; they by column, each value read with care. Raises DBAPIError,
        Unreadable."""
        found, description = on_cursor(connection, *self.bound(connection, values), _all)
        if not found:
            return []
        columns = self._readers(connection.dialect, description)
        return [
            {name: read(value) if read else value for (name, read), value in zip(columns, row, strict=True)}
            for row in found
        ]

    def change(self, connection: Connection, values: Mapping[str, Any], columns: Iterable[str] = ()) -> int:
        """Run it; how many rows it changed. An update gives these ``columns`` the values of their names besides what
        it says itself. Raises DBAPIError."""
        return on_cursor(connection, *self.bound(connection, values, tuple(columns)), _count)

    def each(self, connection: Connection, rows: Sequence[Mapping[str, Any]], columns: Iterable[str] = ()) -> None:
        """Run it for each of these values; an insert puts them into these ``columns`` besides what it says itself.
        Raises DBAPIError."""
        bound = [self.bound(connection, row, tuple(columns)) for row in rows]
        on_cursor(connection, bound[0][0], [parameters for _, parameters in bound], _many)

    def bound(
        self, connection: Connection, values: Mapping[str, Any], columns: tuple[str, ...] = ()
    ) -> tuple[str, tuple[Any, ...] | dict[str, Any]]:
        """The text and the parameters, as the driver takes them."""
        known = connection.dialect.name, columns
        if known not in self._ready:
            self._ready[known] = _compile(self._make(dialects.module(known[0])), connection.dialect, columns)
        text, order, constants = self._ready[known]
        if constants:
            values = {**constants, **values}
        return text, tuple(map(values.__getitem__, order)) if order else dict(values)

    def _readers(self, dialect: Dialect, description: Any) -> list[tuple[str, Callable[[Any], Any] | None]]:
        """The columns of a select, and what reads the value of each, which depends on what the driver says of it."""
        if dialect.name not in self._columns:
            columns = self._make(dialects.module(dialect.name)).exported_columns
            self._columns[dialect.name] = [
                (column.name, column.type.dialect_impl(dialect).result_processor(dialect, kind))
                for column, (_, kind, *_) in zip(columns, description, strict=True)
            ]
        return self._columns[dialect.name]


def is_any(column: ColumnElement[Any], count: int) -> ColumnElement[bool]:
    """Whether a column has one of so many values, which ``numbered`` gives to a statement."""
    return column.in_([bindparam(f"k_value{number}", type_=column.type) for number in range(count)])


def numbered(values: Sequence[Any]) -> dict[str, Any]:
    """The parameters of ``is_any``."""
    return {f"k_value{number}": value for number, value in enumerate(values)}


def _compile(statement: ClauseElement, dialect: Any, columns: tuple[str, ...]) -> Ready:
    compiled: Any = statement.compile(dialect=dialect, column_keys=columns or None)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    assert "POSTCOMPILE" not in str(compiled), f"a list of parameters: {compiled}"  # constants, or is_any
    return str(compiled), list(compiled.positiontup) if compiled.positional else None, constants


def on_cursor(connection: Connection, text: str, parameters: Any, use: Callable[[Any, str, Any], T]) -> T:
    """What ``use`` returns, which is given a cursor of the driver and runs this statement. Raises DBAPIError."""
    driver = connection.connection
    cursor = driver.cursor()
    try:
        return use(cursor, text, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        lost = connection.dialect.is_disconnect(error, driver, cursor)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text,
            None,
            error,
            connection.dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=connection.dialect,
        ) from error
    finally:
        cursor.close()


def plainly(connection: Connection, text: str) -> None:
    """A statement without parameters or rows: where a transaction begins and ends. Raises DBAPIError."""
    on_cursor(connection, text, (), _run)


def _run(cursor: Any, text: str, parameters: Any) -> None:
    cursor.execute(text, parameters)


def _first(cursor: Any, text: str, parameters: Any) -> Any:
    cursor.execute(text, parameters)
    row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def _all(cursor: Any, text: str, parameters: Any) -> tuple[list[Any], Any]:
    cursor.execute(text, parameters)
    return cursor.fetchall(), cursor.description


def _count(cursor: Any, text: str, parameters: Any) -> int:
    cursor.execute(text, parameters)
    return int(cursor.rowcount)


def _many(cursor: Any, text: str, parameters: Any) -> None:
    cursor.executemany(text, parameters)
