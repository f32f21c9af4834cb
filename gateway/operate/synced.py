"""Files of a backup: copied with their sums, and on the disk before anything relies on them."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO

BLOCK = 1 << 20


def settle_sqlite(file: Path) -> None:
    """One file again: our reader has put it into write-ahead mode."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


class NotRead(OSError):
    """What was to be copied cannot be read; of its copy nothing is left."""


def copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy and sync; size and sha256 of what was copied. Raises NotRead, and OSError where it cannot be written."""
    digest, size = sha256(), 0
    with _reading():
        reader = source.open("rb")
    try:
        with reader, target.open("xb") as writer:
            while block := _block(reader):
                digest.update(block)
                size += len(block)
                writer.write(block)
            writer.flush()
            os.fsync(writer.fileno())
    except NotRead:
        target.unlink()
        raise
    return size, digest.hexdigest()


def _block(reader: IO[bytes]) -> bytes:
    with _reading():
        return reader.read(BLOCK)


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotRead(*error.args) from error


def sum_of(file: Path) -> tuple[int, str]:
    """Size and sha256 of a file, which is on the disk afterwards."""
    digest, size = sha256(), 0
    with file.open("rb") as reader:
        while block := reader.read(BLOCK):
            digest.update(block)
            size += len(block)
        os.fsync(reader.fileno())
    return size, digest.hexdigest()


def write(file: Path, data: bytes) -> None:
    with file.open("wb") as writer:
        writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
