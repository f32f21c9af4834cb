"""Whether the database can be believed.

A SQLite file whose structure is damaged cannot be believed in any part: nothing may be accepted into it, and a
worker that reads it may do anything. The process ends and says so; a copy has to be put back (docs/operate.md).
A value that cannot be read in a whole file, and a page that PostgreSQL does not give out, are the affair of
whoever needs them: that operation raises Unreadable, of a page Unavailable, and the others go on.
"""

from __future__ import annotations

import sqlite3
import time

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.store.reading import Unavailable, Unreadable

log = structlog.get_logger("store")

PATIENCE = 0.3  # seconds for the check at the start: the port has to answer soon
CHECKS = ("quick_check", "integrity_check")  # the second takes several times as long
STEPS = 10_000  # of SQLite's machine between two looks at the clock
_SQLITE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_POSTGRESQL = {"XX001", "XX002"}  # data_corrupted, index_corrupted


class StoreDamaged(Exception):
    """The database is damaged."""


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that its file is damaged."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE


def unreadable(error: BaseException) -> Unreadable | None:
    """What could not be read, when the error is about that."""
    if isinstance(error, Unreadable):
        return error
    if isinstance(error, UnicodeDecodeError):  # a PostgreSQL without page sums gives such a text out
        return Unavailable("a text in the database cannot be read")
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in _POSTGRESQL:
        return Unavailable(f"the database cannot be read: {str(error.orig).splitlines()[0]}")
    return None


def check(engine: Engine) -> None:
    """At the start of the only process of a SQLite file. Raises StoreDamaged.

    First the log is moved into the file, which syncs it: after a sync that failed the log may be whole in
    memory and not on the disk, and what it holds must not be believed before it is. Then the structure is
    checked, and the indexes against their tables, for ``PATIENCE``; a larger file is not checked whole."""
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            fault = _checked(raw)
    except DBAPIError as error:
        if not is_damage(error):
            raise
        fault = str(error.orig)
    if fault:
        raise StoreDamaged(f"{engine.url.database} is damaged ({fault}): put back a copy, see docs/operate.md")


def _checked(connection: sqlite3.Connection) -> str:
    """What SQLite finds wrong, "" for nothing."""
    end = time.monotonic() + PATIENCE
    connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
    try:
        for check in CHECKS:
            (fault,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
            if fault != "ok":
                return " ".join(str(fault).split())
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        log.info("database too large to be checked whole at the start")
    finally:
        connection.set_progress_handler(None, 0)
    return ""
