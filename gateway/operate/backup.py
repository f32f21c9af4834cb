"""Backups: the database and the spool as one consistent set, with sums, made online; and the way back.

A backup is a folder, or a tar file of it: ``manifest.json``, the database's copy and ``spool/``. The manifest is
written last, and the folder gets its name when all is synced: a backup that broke off has another name.
Refused at restore, before anything is touched: a file that is missing, too many or not what the manifest says, a
schema that this version does not know, another kind of database, a gateway that runs, a store that holds mail.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, inspect, select, update
from sqlalchemy.exc import DBAPIError

from gateway import __version__
from gateway.config.settings import Settings
from gateway.operate import arrivals, dump
from gateway.store import counts, migrate, restoring
from gateway.store.arrivals import ArrivalsDamaged
from gateway.store.damage import is_damage, unreadable
from gateway.store.engine import NoDatabase, make_engine
from gateway.store.raw import OBJECT, RawMail
from gateway.store.restoring import Restored
from gateway.store.schema import delivery, raw
from gateway.upkeep.retention import SpoolGuard

MANIFEST, SPOOL, ARRIVALS = "manifest.json", "spool", "arrivals"
FORMAT = 2
READABLE = (1, FORMAT)
BLOCK = 1 << 20


class BackupFailed(Exception):
    """There is no backup; the text says why."""


class BadBackup(Exception):
    """The backup cannot be used; the text says what is wrong with it."""


class NotRestored(Exception):
    """The store was left as it is; the text says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``since`` and ``at``: when the copy was begun and was there, seconds since the epoch by the store's clock.
    ``files`` are (name, bytes, sha256); ``missing`` names mails that the store refers to and that were not
    there; ``arriving`` of the pending deliveries are in the
    arrivals; ``objects`` says under which name in ``spool`` the mails of an object store are."""

    version: str
    schema: str
    database: str
    since: float
    at: float
    sums: dict[str, int]
    arriving: int = 0
    files: list[tuple[str, int, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    objects: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT


# -- making ---------------------------------------------------------------------------------------


def make(settings: Settings, target: Path, clock: Callable[[], float] = time.time) -> Manifest:
    """Write a backup to ``target``, a new folder or a new file that ends in .tar. Raises BackupFailed."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupFailed(f"{target} is there already; a backup gets a place of its own")
    try:
        engine = make_engine(settings.store.url, create=False)
    except NoDatabase as error:
        raise BackupFailed(str(error)) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        found = _write(settings, engine, partial, clock)
        if target.suffix == ".tar":
            _pack(partial, target)
        else:
            with contextlib.suppress(FileNotFoundError):
                target.rmdir()
            partial.rename(target)
        _sync(target.parent)
        return found
    except (OSError, dump.DumpFailed, ArrivalsDamaged) as error:
        raise BackupFailed(str(error)) from error
    except DBAPIError as error:
        raise BackupFailed(f"the database says: {error.orig} (has the gateway run, or `gateway migrate`?)") from error
    finally:
        engine.dispose()
        shutil.rmtree(partial, ignore_errors=True)


def _write(settings: Settings, engine: Engine, folder: Path, clock: Callable[[], float]) -> Manifest:
    spool = settings.store.spool_dir
    (folder / SPOOL).mkdir()
    arriving, files = arrivals.copy(settings, folder / ARRIVALS)  # first: what is imported meanwhile is in both
    with SpoolGuard(spool).copying() if spool.is_dir() else contextlib.nullcontext():
        since = dump.time_of(engine, clock)
        if engine.dialect.name == "sqlite":
            name = dump.SQLITE
            dump.copy_sqlite(dump.sqlite_file(settings.store.url), folder / name)
        else:
            name = dump.POSTGRESQL
            dump.dump_postgresql(settings.store.url, folder / name)
        at = dump.time_of(engine, clock)
        copied = make_engine(f"sqlite:///{folder / name}") if name == dump.SQLITE else engine
        try:
            with copied.connect() as connection:
                schema = migrate.current(copied)
                sums = asdict(counts.sums(connection))
                # With pg_dump the store has gone on meanwhile: what came since is copied too, and swept one day.
                paths = list(connection.execute(select(raw.c.path).where(raw.c.path.is_not(None))).scalars())
        finally:
            if copied is not engine:
                copied.dispose()
                _settle_sqlite(folder / name)
        files = [*files, (name, *_sum(folder / name))]
        missing, objects = [], {}
        raws = RawMail(settings.store)
        for number, path in enumerate(paths):
            copied_to = f"object-{number}-{os.urandom(8).hex()}.eml" if path.startswith(OBJECT) else path
            try:
                if path.startswith(OBJECT):
                    size, digest = _fetch(raws, path, folder / SPOOL / copied_to)
                    objects[path] = copied_to
                else:
                    size, digest = _copy(spool / path, folder / SPOOL / path)
            except FileNotFoundError:
                missing.append(path)
            else:
                files.append((f"{SPOOL}/{copied_to}", size, digest))
    database = engine.dialect.name
    found = Manifest(__version__, schema or "", database, since, at, sums, arriving, files, missing, objects)
    _write_synced(folder / MANIFEST, json.dumps(asdict(found), indent=1).encode() + b"\n")
    _sync(folder / SPOOL)
    _sync(folder)
    return found


def _settle_sqlite(file: Path) -> None:
    """One file again: our reader has put it into write-ahead mode."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy and sync; size and sha256 of what was copied."""
    digest, size = sha256(), 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(BLOCK):
            digest.update(block)
            size += len(block)
            writer.write(block)
        writer.flush()
        os.fsync(writer.fileno())
    return size, digest.hexdigest()


def _fetch(raws: RawMail, path: str, target: Path) -> tuple[int, str]:
    data = raws.read({"path": path, "data": None})
    _write_synced(target, data)
    return len(data), sha256(data).hexdigest()


def _sum(file: Path) -> tuple[int, str]:
    digest, size = sha256(), 0
    with file.open("rb") as reader:
        while block := reader.read(BLOCK):
            digest.update(block)
            size += len(block)
        os.fsync(reader.fileno())
    return size, digest.hexdigest()


def _write_synced(file: Path, data: bytes) -> None:
    with file.open("wb") as writer:
        writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _pack(folder: Path, target: Path) -> None:
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        with unfinished.open("wb") as writer:
            with tarfile.open(fileobj=writer, mode="w") as archive:
                archive.add(folder, arcname=".")
            writer.flush()
            os.fsync(writer.fileno())
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


# -- reading --------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(source: Path, beside: Path) -> Iterator[tuple[Path, Manifest]]:
    """A backup's folder and its manifest, all sums looked at. A tar file is unpacked beside ``beside``.
    Raises BadBackup."""
    if source.is_dir():
        yield source, _checked(source)
        return
    beside.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=beside) as name:
        try:
            with tarfile.open(source) as archive:
                archive.extractall(name, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise BadBackup(f"{source}: {error}") from error
        yield Path(name), _checked(Path(name))


def _checked(folder: Path) -> Manifest:
    try:
        data = json.loads((folder / MANIFEST).read_text("utf-8"))
        found = Manifest(**{**data, "files": [(str(n), int(s), str(d)) for n, s, d in data["files"]]})
    except FileNotFoundError as error:
        raise BadBackup(f"{folder}: no {MANIFEST}: not a backup, or one that broke off") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadBackup(f"{folder / MANIFEST}: cannot be read ({error})") from error
    if found.format not in READABLE:
        raise BadBackup(f"{folder}: format {found.format}, this version reads {FORMAT}")
    for name, size, digest in found.files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise BadBackup(f"{MANIFEST}: {name!r} is not a name of a file of a backup")
        try:
            real = _sum(folder / name)
        except OSError as error:
            raise BadBackup(f"{name}: {error.strerror}") from error
        if real != (size, digest):
            raise BadBackup(f"{name}: damaged: {real[0]} bytes with another sum, {size} bytes were written")
    named = {name for name, _, _ in found.files} | {MANIFEST}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    if there - named:
        raise BadBackup(f"{min(there - named)}: not in the {MANIFEST}")
    return found


# -- restoring ------------------------------------------------------------------------------------


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
        _remove(fresh)
        shutil.copyfile(folder / dump.SQLITE, fresh)
        _mark(f"sqlite:///{fresh}", found)
        _settle_sqlite(fresh)
        _sum(fresh)
        mark = stamp or time.strftime("%Y%m%dT%H%M%S")
        if holds and spool.exists():
            spool.rename(spool.with_name(f"{spool.name}.before-{mark}"))
        _restore_spool(spool, folder, found)
        for suffix in ("-wal", "-shm", ""):  # the database last: until then the old one is whole
            old = file.with_name(file.name + suffix)
            if old.exists():
                old.rename(file.with_name(f"{file.name}.before-{mark}{suffix}"))
        fresh.rename(file)
        _sync(file.parent)


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
            _copy(folder / name, target)
    _sync(spool)


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


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
