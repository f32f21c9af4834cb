"""SQLAlchemy's statements, compiled once for all stores of a process of the tests.

SQLAlchemy keeps what it compiled for one engine, and a gateway has one. Tests have one each: compiling took a sixth of
a scenario's time.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

_compiled: dict[Any, Any] = {}


class _Alike:
    """A dialect that is the same for every engine: it is part of the key by which SQLAlchemy finds a statement."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_compiled)


class SQLite(_Alike, SQLiteDialect_pysqlite):
    supports_statement_cache = True


class Psycopg(_Alike, PGDialect_psycopg):
    supports_statement_cache = True


def once() -> None:
    """For every engine that is made from now on."""
    registry.register("sqlite", __name__, SQLite.__name__)
    registry.register("postgresql.psycopg", __name__, Psycopg.__name__)
