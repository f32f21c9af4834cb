"""A backup put back as the configured store.

Refused at restore, before anything is touched: a file that is missing, too many or not what the manifest says, a
schema that this version does not know, another kind of database, a gateway that runs, a store that holds mail.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, inspect, select, update
from sqlalchemy.exc import DBAPIError

from gateway.config.settings import Settings
from gateway.operate import arrivals, dump, synced
from gateway.operate.backup import ARRIVALS, SPOOL, Manifest, opened
from gateway.store import migrate, private, restoring, sqlitefiles
from gateway.store.arrivals import ArrivalsDamaged
from gateway.store.damage import is_damage, unreadable
from gateway.store.engine import make_engine
from gateway.store.restoring import Restored
from gateway.store.schema import delivery, metadata, raw

CLOSING = 2.0  # seconds until a connection that was closed is gone
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class NotRestored(Exception):
    """The store was left as it is; the text says why."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A backup, all of whose sums were looked at."""

    folder: Path
    manifest: Manifest


def restore(settings: Settings, source: Path, *, overwrite: bool = False, stamp: str = "") -> Manifest:
    """Make the configured store what the backup has. ``overwrite`` sets a store that holds mail aside (SQLite)
    or replaces it (PostgreSQL). Raises BadBackup, NotRestored."""
    spool = settings.store.spool_dir
    with opened(source, spool.parent) as (folder, found):
        sqlite = settings.store.url.startswith("sqlite")
        if (found.database == "sqlite") is not sqlite:
            raise NotRestored(f"the backup is of {found.database}, the configured store is {settings.store.url[:6]}…")
        if found.schema not in migrate.revisions():
            raise NotRestored(f"schema {found.schema or 'none'} of gateway {found.version} is not known here")
        if found.arriving and settings.store.arrivals_dir is None:
            raise NotRestored("the backup holds arrivals: set [store] accept to arrivals first")

        def arrive() -> Manifest:
            """Mail that still waits was accepted by a gateway that may have gone on with it."""
            return replace(found, at=max(found.at, arrivals.put_back(settings, folder / ARRIVALS)))

        backup = _Opened(folder, found)
        try:
            if sqlite:
                _restore_sqlite(dump.sqlite_file(settings.store.url), spool, backup, arrive, overwrite, stamp)
            else:
                _restore_postgresql(settings.store.url, spool, backup, arrive, overwrite)
            private.hand_over(spool.parent, spool)
            if (waiting := settings.store.arrivals_dir) is not None:
                private.hand_over(waiting.parent, waiting)
        except (OSError, dump.DumpFailed, ArrivalsDamaged, sqlite3.Error) as error:
            raise NotRestored(str(error)) from error
    return found


def _restore_sqlite(
    file: Path, spool: Path, backup: _Opened, arrive: Callable[[], Manifest], overwrite: bool, stamp: str
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(file):
        file, spool = file.resolve(), spool.resolve()  # a link stays one, and leads to the same disk
        holds = (file.exists() and _holds_mail(f"sqlite:///{file}")) or any(spool.glob("*.eml"))
        if holds and not overwrite:
            raise NotRestored(f"{file} or {spool} holds mail; --overwrite sets both aside")
        fresh, apart = file.with_name(f"{file.name}.restoring"), spool.with_name(f"{spool.name}.restoring")
        try:
            sqlitefiles.remove(fresh)
            shutil.rmtree(apart, ignore_errors=True)
            shutil.copyfile(backup.folder / dump.SQLITE, fresh)
            _restore_spool(apart if holds else spool, backup)
            _mark(f"sqlite:///{fresh}", arrive())
            synced.settle_sqlite(fresh)
            synced.sum_of(fresh)
            private.hand_over(file.parent, fresh)
            _exchange(file, fresh, spool, apart if holds else None, stamp or time.strftime("%Y%m%dT%H%M%S"))
        finally:
            sqlitefiles.remove(fresh)
            shutil.rmtree(apart, ignore_errors=True)
        synced.sync_folder(file.parent)


def _exchange(file: Path, fresh: Path, spool: Path, fresh_spool: Path | None, mark: str) -> None:
    """What is there is set aside and what is fresh comes in its place: all of it, or nothing. The database comes last,
    after what SQLite kept beside the old one. Raises OSError."""
    names = [(spool, spool.with_name(f"{spool.name}.before-{mark}")), (fresh_spool, spool)] if fresh_spool else []
    before = file.with_name(f"{file.name}.before-{mark}")
    names += zip((*sqlitefiles.beside(file), file), (*sqlitefiles.beside(before), before), strict=True)
    done: list[tuple[Path, Path]] = []
    try:
        for old, new in [*names, (fresh, file)]:
            if old is not None and old.exists():
                old.rename(new)
                done.append((old, new))
    except OSError:
        for old, new in reversed(done):
            new.rename(old)
        raise


def _restore_postgresql(
    url: str, spool: Path, backup: _Opened, arrive: Callable[[], Manifest], overwrite: bool
) -> None:
    with _engine(url) as engine, engine.connect() as connection:
        if others := _others(connection):
            raise NotRestored(f"{others} other connections to the database: stop every gateway first")
        tables = _tables(connection)
    if tables and not overwrite and _holds_mail(url):
        raise NotRestored("the database holds mail; --overwrite replaces it")
    _restore_spool(spool, backup)
    found = arrive()
    dump.restore_postgresql(url, backup.folder / dump.POSTGRESQL, clean=bool(tables))
    with _engine(url) as engine, engine.begin() as connection:
        _drop_left_over(connection, tables)
    _mark(url, found)


def _others(connection: Connection) -> int:
    """The other connections to the database. Of one that was just closed PostgreSQL may not know yet."""
    until = time.monotonic() + CLOSING
    while others := connection.exec_driver_sql(_OTHERS).scalar_one():
        if time.monotonic() > until:
            break
        connection.rollback()  # within a transaction the answer stays the same
        time.sleep(0.1)
    return int(others)


def _tables(connection: Connection) -> dict[str, int]:
    """The tables of PostgreSQL, by name, with what tells a table from another of its name."""
    mine = "relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    query = f"SELECT relname, oid::bigint FROM pg_class WHERE {mine}"  # noqa: S608 - no input
    return {name: int(oid) for name, oid in connection.exec_driver_sql(query)}


def _drop_left_over(connection: Connection, before: dict[str, int]) -> None:
    """A backup of an earlier schema leaves those tables in place that it does not know; the migration makes them."""
    for name, oid in _tables(connection).items():
        if name in metadata.tables and before.get(name) == oid:
            metadata.tables[name].drop(connection)


def _restore_spool(spool: Path, backup: _Opened) -> None:
    spool.mkdir(0o700, parents=True, exist_ok=True)
    for name, _, _ in backup.manifest.files:
        if name.startswith(f"{SPOOL}/"):
            target = spool / Path(name).name
            part = target.with_suffix(".part")
            part.unlink(missing_ok=True)
            synced.copy(backup.folder / name, part)
            part.rename(target)
    synced.sync_folder(spool)


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """The lock of a running gateway. Raises NotRestored."""
    private.create(lock := Path(f"{file}.lock"))
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise NotRestored(f"{file} is in use by another process: stop the gateway first") from error
        yield


def _holds_mail(url: str) -> bool:
    """Whether there is mail; a database too damaged to say so counts as one that has some."""

    def count(connection: Connection) -> int:
        if not inspect(connection).has_table(delivery.name):
            return 0
        return int(connection.execute(select(func.count()).select_from(delivery)).scalar_one())

    try:
        return bool(_on(url, count))
    except DBAPIError as error:
        if is_damage(error) or unreadable(error):
            return True
        raise


@contextlib.contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _mark(url: str, found: Manifest) -> None:
    with _engine(url) as engine:
        migrate.migrate(engine)

    def mark(connection: Connection) -> None:
        restoring.mark(connection, Restored(found.at, found.since))
        for path, name in found.objects.items():  # they are in the spool now
            connection.execute(update(raw).where(raw.c.path == path).values(path=name))

    _on(url, mark)


def _on(url: str, operation: Callable[[Connection], Any]) -> Any:
    with _engine(url) as engine, engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        value = operation(connection)
        connection.exec_driver_sql("COMMIT") if engine.dialect.name == "sqlite" else connection.commit()
        return value
