"""What differs between the databases in SQLAlchemy's words. Only the one that is used is imported: PostgreSQL's
brings all of its drivers along."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Table


def module(dialect: str) -> Any:
    """SQLAlchemy's module of a dialect."""
    return import_module(f"sqlalchemy.dialects.{dialect}")


def is_postgresql(dialect: Any) -> bool:
    """Of such a module."""
    return bool(dialect.__name__ == "sqlalchemy.dialects.postgresql")


def insert(dialect: str, table: Table) -> Any:
    """An INSERT that can go on with ON CONFLICT."""
    return module(dialect).insert(table)
