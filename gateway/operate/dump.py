"""The copy of a database, made while others write to it, and put back.

SQLite by its backup API, in one step: one snapshot, and writers go on. PostgreSQL by pg_dump and pg_restore;
passwords go by the environment, never by the command line.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, make_url

SQLITE, POSTGRESQL = "database.sqlite", "database.dump"
KEEP_ENV = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


class DumpFailed(Exception):
    """The database could not be copied; the text is for the operator."""


def sqlite_file(url: str) -> Path:
    return Path(make_url(url).database or "")


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy in a file of its own, without a write-ahead log. Raises DumpFailed."""
    if not source.exists():
        raise DumpFailed(f"{source}: there is no database")
    try:
        origin = sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=60)
        copy = sqlite3.connect(target)
        try:
            origin.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            answer = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            copy.close()
            origin.close()
    except sqlite3.Error as error:
        raise DumpFailed(f"{source}: {error}") from error
    if answer != "ok":
        raise DumpFailed(f"{source}: the database is damaged: {answer}")


def dump_postgresql(url: str, target: Path) -> None:
    """pg_dump in its custom format. Raises DumpFailed."""
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def restore_postgresql(url: str, source: Path, clean: bool) -> None:
    """pg_restore in one transaction; ``clean`` drops what the dump replaces. Raises DumpFailed."""
    more = ("--clean", "--if-exists") if clean else ()
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    _run("pg_restore", url, *options, *more, str(source), to="--dbname=")


def _run(program: str, url: str, *options: str, to: str = "--dbname=") -> None:
    parts = make_url(url)
    bare = parts.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {name: os.environ[name] for name in KEEP_ENV if name in os.environ}
    environment |= {name: value for name, value in os.environ.items() if name.startswith("PG")}
    if parts.password:
        environment["PGPASSWORD"] = str(parts.password)
    command = [_program(program), f"{to}{bare}", "--no-password", *options]
    done = subprocess.run(  # noqa: S603 - no shell; options are ours and the operator's
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise DumpFailed(f"{program}: {done.stdout.decode(errors='replace').strip()[-2000:]}")


def _program(name: str) -> str:
    """The program, the newest where Debian keeps several. Raises DumpFailed."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda program: _number(program.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(name)
    if not found:
        raise DumpFailed(f"{name} is not on this machine (Debian: apt-get install postgresql-client)")
    return found


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0


def time_of(engine: Engine, clock: Callable[[], float]) -> float:
    """The time by the clock that the deliveries have: the server's with PostgreSQL."""
    if engine.dialect.name != "postgresql":
        return clock()
    with engine.connect() as connection:
        return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())
