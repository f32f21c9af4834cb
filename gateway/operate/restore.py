"""A backup put back as the configured store.

Refused at restore, before anything is touched: a file that is missing, too many or not what the manifest says, a
schema that this version does not know, another kind of database, a gateway that runs, a store that holds mail.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, inspect, select, update
from sqlalchemy.exc import DBAPIError

from gateway.config.settings import Settings
from gateway.operate import arrivals, dump, synced
from gateway.operate.backup import ARRIVALS, SPOOL, Manifest, opened
from gateway.store import migrate, restoring
from gateway.store.arrivals import ArrivalsDamaged
from gateway.store.damage import is_damage, unreadable
from gateway.store.engine import make_engine
from gateway.store.restoring import Restored
from gateway.store.schema import delivery, raw


class NotRestored(Exception):
    """The store was left as it is; the text says why."""


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

        try:
            if sqlite:
                _restore_sqlite(dump.sqlite_file(settings.store.url), spool, folder, arrive, overwrite, stamp)
            else:
                _restore_postgresql(settings.store.url, spool, folder, arrive, overwrite)
        except (OSError, dump.DumpFailed, ArrivalsDamaged) as error:
            raise NotRestored(str(error)) from error
    return found


def _restore_sqlite(
    file: Path, spool: Path, folder: Path, arrive: Callable[[], Manifest], overwrite: bool, stamp: str
) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with _alone(file):
        holds = (file.exists() and _holds_mail(f"sqlite:///{file}")) or any(spool.glob("*.eml"))
        if holds and not overwrite:
            raise NotRestored(f"{file} or {spool} holds mail; --overwrite sets both aside")
        found = arrive()
        fresh = file.with_name(file.name + ".restoring")
        synced.remove_sqlite(fresh)
        shutil.copyfile(folder / dump.SQLITE, fresh)
        _mark(f"sqlite:///{fresh}", found)
        synced.settle_sqlite(fresh)
        synced.sum_of(fresh)
        mark = stamp or time.strftime("%Y%m%dT%H%M%S")
        if holds and spool.exists():
            spool.rename(spool.with_name(f"{spool.name}.before-{mark}"))
        _restore_spool(spool, folder, found)
        for suffix in ("-wal", "-shm", ""):  # the database last: until then the old one is whole
            old = file.with_name(file.name + suffix)
            if old.exists():
                old.rename(file.with_name(f"{file.name}.before-{mark}{suffix}"))
        fresh.rename(file)
        synced.sync_folder(file.parent)


def _restore_postgresql(url: str, spool: Path, folder: Path, arrive: Callable[[], Manifest], overwrite: bool) -> None:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            others = connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).scalar_one()
        if others:
            raise NotRestored(f"{others} other connections to the database: stop every gateway first")
        tables = inspect(engine).get_table_names()
        if (tables and _holds_mail(url)) and not overwrite:
            raise NotRestored("the database holds mail; --overwrite replaces it")
    finally:
        engine.dispose()
    found = arrive()
    _restore_spool(spool, folder, found)
    dump.restore_postgresql(url, folder / dump.POSTGRESQL, clean=bool(tables))
    _mark(url, found)


def _restore_spool(spool: Path, folder: Path, found: Manifest) -> None:
    spool.mkdir(parents=True, exist_ok=True)
    for name, _, _ in found.files:
        if name.startswith(f"{SPOOL}/"):
            target = spool / Path(name).name
            target.unlink(missing_ok=True)
            synced.copy(folder / name, target)
    synced.sync_folder(spool)


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """The lock of a running gateway. Raises NotRestored."""
    with Path(f"{file}.lock").open("a") as handle:
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


def _mark(url: str, found: Manifest) -> None:
    engine = make_engine(url)
    try:
        migrate.migrate(engine)
    finally:
        engine.dispose()

    def mark(connection: Connection) -> None:
        restoring.mark(connection, Restored(found.at, found.since))
        for path, name in found.objects.items():  # they are in the spool now
            connection.execute(update(raw).where(raw.c.path == path).values(path=name))

    _on(url, mark)


def _on(url: str, operation: Callable[[Connection], Any]) -> Any:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            value = operation(connection)
            connection.exec_driver_sql("COMMIT") if engine.dialect.name == "sqlite" else connection.commit()
            return value
    finally:
        engine.dispose()
