"""The files of a SQLite database: its own, and what SQLite keeps beside it (sqlite.org/tempfiles.html)."""

from __future__ import annotations

from pathlib import Path

BESIDE = ("-wal", "-shm", "-journal")


def beside(database: Path) -> list[Path]:
    """What SQLite may keep beside it."""
    return [database.with_name(database.name + suffix) for suffix in BESIDE]


def remove(database: Path) -> None:
    """All of them. Raises OSError."""
    for file in (database, *beside(database)):
        file.unlink(missing_ok=True)
