"""Where the bytes of accepted mail are: small ones in their row, large ones in the spool folder or in an
object store.

A row names its file or object in ``path``. Bytes are written before their row and deleted after it, so that
a crash leaves bytes without a row, never a row without bytes. Such orphans are swept once they are so old
that no listener can still be about to write their row.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping, select

from gateway.config.settings import StoreSettings
from gateway.model.spans import DAY, HOUR
from gateway.periodic import run_every, wait
from gateway.store.engine import Store
from gateway.store.objects import Objects
from gateway.store.reading import garbled
from gateway.store.schema import raw

log = structlog.get_logger("store")

OBJECT = "object:"  # before the key, in the column path
FOLDER = "raw/"
ORPHAN_AGE = 6 * HOUR
ROW_WITHIN = HOUR  # seconds after its bytes in which a row must be written
SWEEP_EVERY = HOUR
WORK_AGE = DAY


class Damaged(Exception):
    """The kept mail is not what was accepted."""


class RawMail:
    """The bytes of mail as it was accepted. Raises ConfigError."""

    def __init__(self, settings: StoreSettings) -> None:
        self.spool = settings.spool_dir
        self._objects = Objects(settings.objects, settings.objects_options) if settings.objects else None

    # -- writing ----------------------------------------------------------------------------------

    async def put(self, file: Path) -> str:
        """A mail's spool file, synced, becomes durable for all who work on it. Returns its name for the
        row; whoever writes the row asks ``fresh`` first. Raises OSError."""
        if self._objects is None:
            return file.name
        key = f"{FOLDER}{datetime.now(UTC):%Y-%m-%d}/{os.urandom(16).hex()}.eml"
        with _told_by_service():
            await self._objects.put(key, file)
        file.unlink()
        return OBJECT + key

    # -- reading ----------------------------------------------------------------------------------

    async def get(self, row: RowMapping | Mapping[str, Any], folder: Path) -> bytes | Path:
        """The mail of a row of ``raw``: its bytes, or a file, fetched into the folder where need be.

        Raises Damaged, OSError."""
        mail = await self._found(row, folder)
        digest = sha256(mail).digest() if isinstance(mail, bytes) else await asyncio.to_thread(_digest_of, mail)
        if digest != bytes(row["sha256"]):
            raise Damaged(f"{row['path'] or 'the mail in the database'} is not what was accepted")
        return mail

    async def _found(self, row: RowMapping | Mapping[str, Any], folder: Path) -> bytes | Path:
        path: str | None = row["path"]
        if not path:
            return bytes(row["data"])
        if not path.startswith(OBJECT):
            return self.spool / path
        file = folder / "mail.eml"
        if not (file.is_file() and file.stat().st_size == row["size"]):
            folder.mkdir(0o700, parents=True, exist_ok=True)
            part = folder / "mail.part"
            with _told_by_service():
                await self._store_of(path).fetch(path.removeprefix(OBJECT), part)
            part.rename(file)
        return file

    def read(self, row: RowMapping | Mapping[str, Any]) -> bytes:
        """The bytes of the mail of a row, for the commands. Raises OSError."""
        path: str | None = row["path"]
        if not path:
            return bytes(row["data"])
        if path.startswith(OBJECT):
            with _told_by_service():
                return self._store_of(path).read(path.removeprefix(OBJECT))
        return (self.spool / path).read_bytes()

    def read_or_none(self, row: RowMapping | Mapping[str, Any]) -> bytes | None:
        """The same for whoever looks at many; None where it cannot be read."""
        if garbled(row.values()):
            return None
        try:
            return self.read(row)
        except (OSError, ValueError):  # ValueError: no file can be called so
            return None

    def _store_of(self, path: str) -> Objects:
        if self._objects is None:
            raise FileNotFoundError(f"{path} is in an object store and [store] objects is not configured")
        return self._objects

    # -- deleting ---------------------------------------------------------------------------------

    async def drop(self, path: str | None) -> None:
        """No row names these bytes: the mail did not get one after all, or it was deleted. What cannot be
        deleted now is swept later."""
        with contextlib.suppress(Exception):
            await self._remove([path] if path else [])

    async def _remove(self, paths: Sequence[str]) -> None:
        for path in paths:
            if path.startswith(OBJECT):
                await self._store_of(path).delete([path.removeprefix(OBJECT)])
            else:
                with contextlib.suppress(FileNotFoundError):
                    (self.spool / path).unlink()

    # -- orphans ----------------------------------------------------------------------------------

    async def run_sweeps(self, store: Store, stop: asyncio.Event, clock: Callable[[], float]) -> None:
        """Sweep now and then, until ``stop``. Several processes may do it. A ``clock`` that nobody can set tells what
        is old: to one that was put forward a file that is being written would be."""
        await wait(stop, random.uniform(60, SWEEP_EVERY))  # noqa: S311 - spreads load
        await run_every(stop, SWEEP_EVERY, partial(self._try_sweep, store, clock))

    async def _try_sweep(self, store: Store, clock: Callable[[], float]) -> None:
        try:
            if swept := await self.sweep(store, clock()):
                log.info("orphans swept", files=swept)
        except Exception as error:  # the next hour is another chance
            log.warning("sweep failed", error=type(error).__name__, why=str(error)[:300])

    async def sweep(self, store: Store, now: float, age: float = ORPHAN_AGE) -> int:
        """Delete what no row names and is older than ``age`` seconds. Returns how many."""
        files = [file for file in self.spool.glob("*.eml") if changed_at(file) < now - age]
        count = await self._sweep_part(store, [file.name for file in files])
        if self._objects is not None:
            async for part in self._objects.listed(FOLDER):
                count += await self._sweep_part(store, [OBJECT + key for key, at in part if at < now - age])
        for folder in (self.spool / "work").glob("*/*"):
            if changed_at(folder) < now - WORK_AGE:
                shutil.rmtree(folder, ignore_errors=True)
        return count

    async def _sweep_part(self, store: Store, paths: list[str]) -> int:
        def orphans(connection: Connection) -> list[str]:
            named = set(connection.execute(select(raw.c.path).where(raw.c.path.in_(paths))).scalars())
            return [path for path in paths if path not in named]

        gone = await store.read(orphans) if paths else []
        await self._remove(gone)
        return len(gone)


@contextlib.contextmanager
def _told_by_service() -> Iterator[None]:
    """The object store has an error of its own for each kind of fault: they are OSError here."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"object store: {type(error).__name__}: {error}") from error


def fresh(kept_at: float) -> None:
    """Asked in the transaction that writes the row of bytes that were kept then, by the monotonic clock.
    Raises OSError when a sweep may have taken them for orphans: the process was stopped in between."""
    if time.monotonic() - kept_at > ROW_WITHIN:
        raise OSError("the mail was kept too long ago: it has to be sent again")


def _digest_of(file: Path) -> bytes:
    with file.open("rb") as handle:
        return file_digest(handle, "sha256").digest()


def changed_at(path: Path) -> float:
    """When it was written last, in seconds since the epoch; of what is gone by now infinity."""
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")
