"""Bringing a database to the schema of this version, also while older processes work on it.

Alembic does it. A database that is there already is recognised without alembic, which takes a good part of
the time that a process needs to start.

Processes that start together migrate one after the other, under an advisory lock. The database keeps the
oldest revision whose code still works with it, its floor: each migration names it as ``works_from``. A process
that meets a revision which it does not know goes on when it knows the floor, and refuses when it does not.
The rule for those who write migrations is in docs/decisions/004-migrations.md.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, delete, insert, inspect, select, text
from sqlalchemy.exc import OperationalError

from gateway.store.schema import schema_floor

log = structlog.get_logger("store")

HERE = Path(__file__).parent / "migrations"
LOCK = 0x6761746577617900  # an advisory lock of ours: replicas that start together migrate one by one
LOCK_WAIT = "3s"  # for a table: behind a migration that waits for longer, everybody would wait
LOCK_NOT_AVAILABLE = "55P03"  # SQLSTATE
TRIES = 20


class SchemaTooNew(Exception):
    """The database was migrated to a revision with which this version cannot work."""


def revisions(scripts: Path = HERE) -> list[str]:
    """What this version knows, the oldest first: the beginnings of the names of the migrations' files."""
    return sorted(file.stem.partition("_")[0] for folder in folders(scripts) for file in folder.glob("[0-9]*_*.py"))


def folders(scripts: Path) -> list[Path]:
    """Where the migrations are."""
    return [scripts / "versions"]


def head(scripts: Path = HERE) -> str:
    """The revision of this version."""
    return revisions(scripts)[-1]


def current(engine: Engine) -> str | None:
    """The revision of the database, None when it is empty."""
    with engine.connect() as connection:
        return _current(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(engine: Engine, scripts: Path = HERE) -> None:
    """Bring the database to this version's schema; does nothing when it is there, or newer and compatible.
    Raises SchemaTooNew.

    One transaction on SQLite too, where each statement would be one by itself: a process that dies in the
    middle leaves the schema that was there."""
    with engine.connect() as connection, _alone(connection):
        if check(connection, scripts) or _current(connection) == head(scripts):
            return
        for number in range(1, TRIES + 1):
            try:
                _upgrade(connection, scripts)
                return
            except OperationalError as error:
                connection.rollback()
                if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or number == TRIES:
                    raise
                time.sleep(1.0)


def check(connection: Connection, scripts: Path = HERE) -> bool:
    """Whether the schema is newer than this version and works with it. Raises SchemaTooNew when it does not."""
    known = revisions(scripts)
    revision = _current(connection)
    if revision is None or revision in known:
        return False
    floor = _floor(connection)
    if floor not in known:
        raise SchemaTooNew(
            f"the database has schema {revision}, which works from version {floor} of the schema on; this version "
            f"of the gateway knows {known[-1]}: install the newer version"
        )
    log.info("schema is newer and compatible", schema=revision, ours=known[-1])
    return True


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({LOCK})")
        connection.commit()


def _upgrade(connection: Connection, scripts: Path) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    floor = _run_alembic(connection, scripts)
    if _floor(connection) != floor:
        connection.execute(delete(schema_floor))
        connection.execute(insert(schema_floor).values(revision=floor))
    connection.commit()


def _run_alembic(connection: Connection, scripts: Path) -> str:
    """Bring the database to the newest revision; the revision that this one names as its floor."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("version_locations", ":".join(map(str, folders(scripts))))
    config.set_main_option("path_separator", ":")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    directory = ScriptDirectory.from_config(config)
    newest: Any = directory.get_revision(head(scripts))
    return str(newest.module.works_from)


def _floor(connection: Connection) -> str | None:
    if not inspect(connection).has_table(schema_floor.name):
        return None
    return connection.execute(select(schema_floor.c.revision)).scalar()
