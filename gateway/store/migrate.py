"""Bringing a database to the schema of this version (alembic), also while older processes work on it.

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

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, delete, insert, inspect, select
from sqlalchemy.exc import OperationalError

from gateway.store.schema import schema_floor

log = structlog.get_logger("store")

HERE = Path(__file__).parent / "migrations"
LOCK = 0x6761746577617900  # an advisory lock of ours: replicas that start together migrate one by one
LOCK_WAIT = "3s"  # for a table: behind a migration that waits for longer, everybody would wait
TRIES = 20


class SchemaTooNew(Exception):
    """The database was migrated to a revision with which this version cannot work."""


def _config(connection: Connection | None, scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    return config


def head(scripts: Path = HERE) -> str:
    """The revision of this version."""
    return str(ScriptDirectory.from_config(_config(None, scripts)).get_current_head())


def known(revision: str, scripts: Path = HERE) -> bool:
    """Whether this version can bring a database of that revision to its own."""
    return any(one.revision == revision for one in ScriptDirectory.from_config(_config(None, scripts)).walk_revisions())


def current(engine: Engine) -> str | None:
    """The revision of the database, None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine, scripts: Path = HERE) -> None:
    """Bring the database to this version's schema; does nothing when it is there, or newer and compatible.
    Raises SchemaTooNew.

    One transaction on SQLite too, where each statement would be one by itself: a process that dies in the
    middle leaves the schema that was there."""
    with engine.connect() as connection, _alone(connection):
        if check(connection, scripts):
            return
        for number in range(1, TRIES + 1):
            try:
                _upgrade(connection, scripts)
                return
            except OperationalError as error:
                connection.rollback()
                if not isinstance(error.orig, LockNotAvailable) or number == TRIES:
                    raise
                time.sleep(1.0)


def check(connection: Connection, scripts: Path = HERE) -> bool:
    """Whether the schema is newer than this version and works with it. Raises SchemaTooNew when it does not."""
    known = {one.revision for one in ScriptDirectory.from_config(_config(None, scripts)).walk_revisions()}
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None or revision in known:
        return False
    floor = _floor(connection)
    if floor not in known:
        raise SchemaTooNew(
            f"the database has schema {revision}, which works from version {floor} of the schema on; this version "
            f"of the gateway knows {max(known)}: install the newer version"
        )
    log.info("schema is newer and compatible", schema=revision, ours=max(known))
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
    command.upgrade(_config(connection, scripts), "head")
    directory = ScriptDirectory.from_config(_config(None, scripts))
    newest = directory.get_revision(str(directory.get_current_head()))
    assert newest is not None
    if _floor(connection) != newest.module.works_from:
        connection.execute(delete(schema_floor))
        connection.execute(insert(schema_floor).values(revision=newest.module.works_from))
    connection.commit()


def _floor(connection: Connection) -> str | None:
    if not inspect(connection).has_table(schema_floor.name):
        return None
    return connection.execute(select(schema_floor.c.revision)).scalar()
