"""SQLite's write-ahead log gets its size before it is used.

While a log grows, each sync of it also writes what the file system knows of the file, its size and its places (with a
journal also what others have changed); the sync of a log that is overwritten writes its own octets. Zeros behind the
frames of a log are none: they have not the salt of its header. Sources: sqlite.org/fileformat2.html#walformat,
fdatasync(2).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from gateway.store.sqlitefiles import BESIDE

STEP = 1024 * 1024  # octets for which the write lock is held: under a millisecond
ROOM = 64  # a log may take this part of what is free


def lengthen(connection: sqlite3.Connection, database: Path, by: int, most: int) -> int:
    """Put zeros at the end of the database's log, at most ``by`` octets, until it has ``most``, or ``ROOM`` allows no
    more. Returns the octets that were put; fewer where the disk takes no more."""
    log = database.with_name(database.name + BESIDE[0])
    wanted = min(most, shutil.disk_usage(database.parent).free // ROOM)
    put = 0
    with contextlib.suppress(OSError, sqlite3.OperationalError):
        handle = os.open(log, os.O_WRONLY)
        try:
            while put < by and (step := _step(connection, handle, wanted)):
                os.fdatasync(handle)
                put += step
        finally:
            os.close(handle)
    return put


def _step(connection: sqlite3.Connection, handle: int, wanted: int) -> int:
    """As long as we have the write lock nobody puts frames there, nor cuts the log."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        end = os.fstat(handle).st_size
        return os.pwrite(handle, bytes(max(0, min(STEP, wanted - end))), end)
    finally:
        connection.execute("COMMIT")
