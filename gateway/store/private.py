"""Files that only the gateway's user may read: the database and the spool are mail."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from gateway.config.reading import is_there
from gateway.store import sqlitefiles

OTHERS = stat.S_IRWXO
NOT_OURS = stat.S_IRWXG | stat.S_IRWXO


def create(file: Path) -> None:
    """Make an empty file with mode 0600 unless it is there, whatever the umask; SQLite gives its log files the mode
    of the database. Where root makes it, it is the folder's owner's. What stands in the way is left to whoever opens
    it."""
    with contextlib.suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        hand_over(file.parent, file)


def hand_over(owner: Path, *made: Path) -> None:
    """What root made, with all in it, belongs to whom the folder ``owner`` belongs: the gateway runs as them. Raises
    OSError."""
    if os.geteuid() != 0:
        return
    whose = owner.stat()
    for path in made:
        inside = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
        for file in (path, *inside):
            if file.exists():
                os.chown(file, whose.st_uid, whose.st_gid, follow_symlinks=False)


def of_store(database: Path | None, spool: Path) -> list[Path]:
    """What belongs to a store and is there."""
    files = [spool]
    if database:
        files += [database, *sqlitefiles.beside(database), database.with_name(f"{database.name}.lock")]
    return [path for path in files if is_there(path)]


def close(paths: Iterable[Path]) -> list[Path]:
    """Take everybody's rights from what an earlier version made so that all could read it; the group's are the
    operator's affair. Returns what was changed."""
    changed = []
    for path in paths:
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & OTHERS:
                path.chmod(mode & ~OTHERS)
                changed.append(path)
    return changed


def loose(paths: Iterable[Path]) -> list[str]:
    """What others than its owner may use, each with its mode, as a line for the operator."""
    faults = []
    for path in paths:
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & NOT_OURS:
                wanted = "700" if path.is_dir() else "600"
                faults.append(f"{path} has mode {mode:04o}, others than its owner may use it: chmod {wanted} {path}")
    return faults
