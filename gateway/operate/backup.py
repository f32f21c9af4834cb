"""Backups: the database and the spool as one consistent set, with sums, made online. The way back is ``restore``.

A backup is a folder, or a tar file of it: ``manifest.json``, the database's copy and ``spool/``. The manifest is
written last, and the folder gets its name when all is synced: a backup that broke off has another name.
"""

from __future__ import annotations

import contextlib
import json
import lzma
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from gateway import __version__
from gateway.config.settings import Settings
from gateway.operate import arrivals, dump, synced
from gateway.store import counts, migrate
from gateway.store.arrivals import ArrivalsDamaged
from gateway.store.engine import NoDatabase, make_engine
from gateway.store.raw import OBJECT, RawMail
from gateway.store.reading import looking
from gateway.store.schema import raw
from gateway.upkeep.retention import SpoolGuard

MANIFEST, SPOOL, ARRIVALS = "manifest.json", "spool", "arrivals"
FORMAT = 2
READABLE = (1, FORMAT)


class BackupFailed(Exception):
    """There is no backup; the text says why."""


class BadBackup(Exception):
    """The backup cannot be used; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``since`` and ``at``: when the copy was begun and was there, seconds since the epoch by the store's clock.
    ``files`` are (name, bytes, sha256); ``missing`` names mails that the store refers to and that could not be
    read; ``arriving`` of the pending deliveries are in the
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
        synced.sync_folder(target.parent)
        return found
    except (OSError, dump.DumpFailed, ArrivalsDamaged, sqlite3.Error) as error:
        raise BackupFailed(str(error)) from error
    except DBAPIError as error:
        raise BackupFailed(f"the database says: {error.orig} (has the gateway run, or `gateway migrate`?)") from error
    finally:
        engine.dispose()
        shutil.rmtree(partial, ignore_errors=True)


def _write(settings: Settings, engine: Engine, folder: Path, clock: Callable[[], float]) -> Manifest:
    spool = settings.store.spool_dir
    (folder / SPOOL).mkdir()
    arriving, arrived = arrivals.copy(settings, folder / ARRIVALS)  # first: what is imported meanwhile is in both
    with SpoolGuard(spool).copying() if spool.is_dir() else contextlib.nullcontext():
        since = dump.time_of(engine, clock)
        file = _dump(settings, engine, folder)
        at = dump.time_of(engine, clock)
        schema, sums, paths = _look_into(engine, file)
        mails = _copy_mails(settings, paths, folder / SPOOL)
    files = [*arrived, (file.name, *synced.sum_of(file)), *mails.files]
    kind = engine.dialect.name
    found = Manifest(__version__, schema, kind, since, at, sums, arriving, files, mails.missing, mails.objects)
    synced.write(folder / MANIFEST, json.dumps(asdict(found), indent=1).encode() + b"\n")
    synced.sync_folder(folder / SPOOL)
    synced.sync_folder(folder)
    return found


def _dump(settings: Settings, engine: Engine, folder: Path) -> Path:
    """The database as a file."""
    if engine.dialect.name == "sqlite":
        dump.copy_sqlite(dump.sqlite_file(settings.store.url), folder / dump.SQLITE)
        return folder / dump.SQLITE
    dump.dump_postgresql(settings.store.url, folder / dump.POSTGRESQL)
    return folder / dump.POSTGRESQL


def _look_into(engine: Engine, file: Path) -> tuple[str, dict[str, int], list[str]]:
    """The schema, the sums and the mails' files that a copy has. Into one of pg_dump nobody can look: the store has
    gone on meanwhile, and what came since is copied too, and swept one day."""
    copied = make_engine(f"sqlite:///{file}") if engine.dialect.name == "sqlite" else engine
    try:
        with copied.connect() as connection:
            sums = asdict(counts.sums(connection))
            with looking():
                paths = list(connection.execute(select(raw.c.path).where(raw.c.path.is_not(None))).scalars())
            return migrate.current(copied) or "", sums, paths
    finally:
        if copied is not engine:
            copied.dispose()
            synced.settle_sqlite(file)


@dataclass(frozen=True, slots=True)
class _Mails:
    """``files`` that were copied, those of the object store under the names in ``objects``; ``missing`` could not be
    read."""

    files: list[tuple[str, int, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    objects: dict[str, str] = field(default_factory=dict)


def _copy_mails(settings: Settings, paths: Sequence[str], into: Path) -> _Mails:
    copied, raws = _Mails(), RawMail(settings.store)
    for number, path in enumerate(paths):
        is_object = path.startswith(OBJECT)
        name = f"object-{number}-{os.urandom(8).hex()}.eml" if is_object else path
        try:
            if is_object:
                size, digest = _fetch(raws, path, into / name)
                copied.objects[path] = name
            else:
                size, digest = synced.copy(settings.store.spool_dir / path, into / name)
        except (synced.NotRead, ValueError):  # ValueError: no file can be called so
            copied.missing.append(path)
        else:
            copied.files.append((f"{SPOOL}/{name}", size, digest))
    return copied


def _fetch(raws: RawMail, path: str, target: Path) -> tuple[int, str]:
    try:
        data = raws.read({"path": path, "data": None})
    except OSError as error:
        raise synced.NotRead(*error.args) from error
    synced.write(target, data)
    return len(data), sha256(data).hexdigest()


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
                _unpack(archive, Path(name))
        except (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError) as error:  # it may be compressed
            raise BadBackup(f"{source}: {error}") from error
        yield Path(name), _checked(Path(name))


def _unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """The files of a backup: no links, nothing outside the folder. Not by the filters of ``extractall``, which Python
    has from 3.11.4 on: Debian 12 has 3.11.2. Raises OSError, TarError."""
    for member in archive:
        path = Path(member.name)
        if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f"{member.name!r} is no file of a backup")
        reader = archive.extractfile(member)
        if reader is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            with reader, (folder / path).open("xb") as writer:
                shutil.copyfileobj(reader, writer)


def _checked(folder: Path) -> Manifest:
    try:
        data = json.loads((folder / MANIFEST).read_text("utf-8"))
        if data["format"] not in READABLE:
            raise BadBackup(
                f"{folder}: format {data['format']} of gateway {data['version']}, this version reads {FORMAT}"
            )
        found = Manifest(**{**data, "files": [(str(n), int(s), str(d)) for n, s, d in data["files"]]})
    except FileNotFoundError as error:
        raise BadBackup(f"{folder}: no {MANIFEST}: not a backup, or one that broke off") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadBackup(f"{folder / MANIFEST}: cannot be read ({error})") from error
    for name, size, digest in found.files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise BadBackup(f"{MANIFEST}: {name!r} is not a name of a file of a backup")
        try:
            real = synced.sum_of(folder / name)
        except OSError as error:
            raise BadBackup(f"{name}: {error.strerror}") from error
        if real != (size, digest):
            raise BadBackup(f"{name}: damaged: {real[0]} bytes with another sum, {size} bytes were written")
    named = {name for name, _, _ in found.files} | {MANIFEST}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    if there - named:
        raise BadBackup(f"{min(there - named)}: not in the {MANIFEST}")
    return found
