"""Constants in statements, written out instead of sent as parameters.

SQLite has to know them to use an index of some rows. Where a parameter stands in their place, it plans the statement
anew at each run, which costs more than the run.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, literal_column

from gateway.store.schema import delivery
from gateway.store.stage import PENDING


def constant(value: str | Enum) -> ColumnElement[Any]:
    """One of our own words."""
    word = str(value.value if isinstance(value, Enum) else value)
    assert word.replace("-", "").replace("_", "").isalnum() or not word
    return literal_column(f"'{word}'")


def on_ticket(column: Column[Any], ticket_id: str) -> ColumnElement[bool]:
    """Whether a column names this ticket. The index has only the rows that name any, which the statement has to say."""
    return and_(column == ticket_id, column != constant(""))


def flag(column: Column[Any], value: bool = True) -> ColumnElement[Any]:
    """Whether a yes or no is that, as an index of some rows has it: SQLAlchemy says "= 1" to SQLite."""
    return literal_column(f"{'' if value else 'NOT '}{column.table.name}.{column.name}")


IS_PENDING = delivery.c.stage.in_([constant(stage) for stage in PENDING])
