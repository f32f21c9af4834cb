"""What differs between the databases in SQLAlchemy's words. Only the one that is used is imported: PostgreSQL's
brings all of its drivers along."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, false, literal_column


def module(dialect: str) -> Any:
    """SQLAlchemy's module of a dialect."""
    return import_module(f"sqlalchemy.dialects.{dialect}")


def is_postgresql(dialect: Any) -> bool:
    """Of such a module."""
    return bool(dialect.__name__ == "sqlalchemy.dialects.postgresql")


_OF_ID = re.compile(r"[0-9a-f-]{1,36}")


def begins(ids: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether an id (hexadecimal) begins so. By its index: for LIKE all rows would be read."""
    if not _OF_ID.fullmatch(name):
        return false()
    return and_(ids >= name, ids < f"{name}g", ids.startswith(name))


def without_index(column: Column[Any]) -> ColumnElement[str]:
    """The text of a column; no index of it is read for that, so that one of the other conditions is."""
    return column.concat(literal_column("''"))


def insert(dialect: str, table: Table) -> Any:
    """An INSERT that can go on with ON CONFLICT."""
    return module(dialect).insert(table)
