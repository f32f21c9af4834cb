"""Whether the database can be believed.

Damage is not a failure that passes: nothing may be accepted into a damaged database, and a worker that
reads it may do anything. The process ends and says so; a copy has to be put back (docs/operate.md).
"""

from __future__ import annotations

import sqlite3
import time

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

log = structlog.get_logger("store")

PATIENCE = 0.5  # seconds for the check at the start: the port has to answer soon
STEPS = 10_000  # of SQLite's machine between two looks at the clock
_SQLITE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_POSTGRESQL = ("XX001", "XX002")  # data_corrupted, index_corrupted


class StoreDamaged(Exception):
    """The database is damaged."""


def is_damage(error: BaseException) -> bool:
    """Whether the database says of itself that it is damaged."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return code in _SQLITE or getattr(error.orig, "sqlstate", "") in _POSTGRESQL


def check(engine: Engine) -> None:
    """At the start of the only process of a SQLite file. Raises StoreDamaged.

    First the log is moved into the file, which syncs it: after a sync that failed the log may be whole in
    memory and not on the disk, and what it holds must not be believed before it is. Then the structure is
    checked, for ``PATIENCE``; a larger file is not checked whole."""
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            found = _quick_check(raw)
    except DBAPIError as error:
        if not is_damage(error):
            raise
        found = str(error.orig)
    if found:
        raise StoreDamaged(f"{engine.url.database} is damaged ({found}): put back a copy, see docs/operate.md")


def _quick_check(connection: sqlite3.Connection) -> str:
    """What SQLite finds wrong, "" for nothing."""
    end = time.monotonic() + PATIENCE
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        log.info("database too large to be checked at the start")
        return ""
    finally:
        connection.set_progress_handler(None, 0)
    return "" if found == "ok" else " ".join(str(found).split())
