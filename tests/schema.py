"""A database with the schema, to copy: making one anew takes longer than most tests, and a gateway half of its start."""

from __future__ import annotations

import atexit
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from gateway.store.engine import make_engine
from gateway.store.migrate import migrate

if TYPE_CHECKING:
    from tests.peers import Postgres

FOLDER = "GATEWAY_TESTS_FOLDER"


def _migrate(url: str) -> None:
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()


def _remove(folder: str, maker: int) -> None:
    """By whoever made it: processes that tests fork end earlier."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


def folder() -> Path:
    """What all processes of a run of the tests have in common: the first makes it, and removes it when it ends."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="gateway-tests-")
        atexit.register(_remove, os.environ[FOLDER], os.getpid())
    return Path(os.environ[FOLDER])


@contextmanager
def turn(what: str) -> Iterator[None]:
    """One process of the run after the other: the first makes it."""
    with (folder() / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def migrated_file() -> Path:
    """A SQLite file with the schema, to copy; never to be opened."""
    file = folder() / "migrated.db"
    with turn("schema"):
        if not file.exists():
            _migrate(f"sqlite:///{folder()}/unfinished.db")
            (folder() / "unfinished.db").rename(file)
    return file


@cache
def template(postgres: Postgres) -> str:
    """The name of a database of this server with the schema."""
    if not postgres.is_copy:
        _migrate(postgres.database("migrated"))
    return "migrated"


def server() -> Postgres:
    """A PostgreSQL of its own for whoever asks, with the schema to copy: the first of a run keeps its files for the
    others. Raises peers.Missing."""
    from tests.peers import Postgres, copy

    kept, unfinished = folder() / "cluster", folder() / "unfinished"
    with turn("cluster"):
        if kept.exists():
            return Postgres(like=kept)
        first = Postgres()
        template(first)
        first.halt()
        copy(first.data, unfinished)
        unfinished.rename(kept)
        first.start()
        return first


def database(postgres: Postgres, name: str) -> str:
    """Create a database with the schema; its URL for the gateway."""
    return postgres.database(name, template(postgres))


_SHAPE = """
SELECT md5(string_agg(concat_ws(' ', class.relname, class.relkind, attname, atttypid, attnotnull, attnum), ','
    ORDER BY class.relname, attnum))
    || (SELECT string_agg(version_num, ',') FROM alembic_version) || (SELECT string_agg(row::text, ',') FROM schema_floor row)
FROM pg_class class JOIN pg_attribute ON attrelid = class.oid WHERE relnamespace = 'public'::regnamespace
"""
_EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'schema_floor') LOOP
        IF pg_relation_size(name::regclass) > 1000000 THEN EXECUTE format('TRUNCATE %I CASCADE', name);
        ELSIF pg_relation_size(name::regclass) > 0 THEN EXECUTE format('DELETE FROM %I', name); END IF;
    END LOOP;
    FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', name);
    END LOOP;
END $$
"""
_numbers = itertools.count(1)
_emptied: dict[Postgres, tuple[str, str]] = {}  # the URL of each server's database, and what its schema is like


def emptied(postgres: Postgres) -> str:
    """The URL of a database with the schema and no rows, for one test: to empty one takes a tenth of the time to copy one.
    Whoever is still connected is cut off; where a test has changed more than rows, there is another copy."""
    if postgres in _emptied:
        url, shape = _emptied[postgres]
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(_EMPTY)
            if connection.execute(_SHAPE).fetchone() == (shape,):
                return url
    url = database(postgres, f"emptied{next(_numbers)}")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        _emptied[postgres] = url, connection.execute(_SHAPE).fetchone()[0]
    return url


def put(url: str) -> None:
    """The schema where an SQLite store is to be and is not yet: as a gateway finds it that ran before."""
    kind, _, name = url.partition(":///")
    if kind == "sqlite" and not Path(name).exists() and Path(name).parent.is_dir():
        shutil.copy(migrated_file(), name)
