"""The arrivals, for those who look after the store: how much waits, whether it is whole, its copy and the way back."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path

from gateway.config.settings import Settings
from gateway.model.quantity import counted
from gateway.model.spans import HOUR
from gateway.operate import synced
from gateway.store.arrivalrow import Arrived
from gateway.store.arrivals import FILE, ArrivalsDamaged, ArrivalsFile, Waiting

OLD = HOUR  # seconds after which mail that is not imported is worth a word


def opened(settings: Settings) -> ArrivalsFile | None:
    """The file, None where there is none. Raises ArrivalsDamaged."""
    folder = settings.store.arrivals_dir
    return ArrivalsFile(folder, create=False) if folder and (folder / FILE).exists() else None


def waiting_of(settings: Settings) -> Waiting:
    """How much waits to be imported."""
    file = opened(settings)
    if file is None:
        return Waiting()
    try:
        return file.waiting()
    finally:
        file.close()


@dataclass
class Looked:
    """What is there, and what is wrong with it."""

    text: str = ""
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look(settings: Settings, *, deep: bool) -> Looked:
    """Whether everything that waits can be imported; ``deep`` reads the contents of the mails."""
    found = Looked("none")
    try:
        if (file := opened(settings)) is not None:
            with contextlib.closing(file):
                file.check(settle=False)
                _look(file, found, deep)
    except (ArrivalsDamaged, sqlite3.Error) as error:
        found.faults.append(str(error))
    return found


def _look(file: ArrivalsFile, found: Looked, deep: bool) -> None:
    count, after = 0, 0
    while mails := file.read(after=after):
        for mail in mails:
            count += 1
            if (wrong := _wrong(file.folder, mail, deep)) and file.read(1, mail.seq - 1)[:1] == [mail]:
                found.faults.append(f"arrival {mail.seq}: {wrong}")
        after = mails[-1].seq
    found.faults += [f"arrival {seq} could not be imported: {why}" for seq, why in file.aside()]
    oldest = file.waiting().oldest
    if oldest and time.time() - oldest > OLD:
        found.notes.append(f"the oldest waits for {(time.time() - oldest) / 3600:.0f} hours: does a gateway run?")
    found.text = counted(count, "mail waits to be imported", "mails wait to be imported")


def _wrong(folder: Path, mail: Arrived, deep: bool) -> str:
    """What is wrong with a mail that waits, "" for nothing."""
    if mail.envelope is None or not mail.recipients:
        return "its row cannot be read"
    if mail.path is None:
        return "not the bytes that were accepted" if deep and sha256(mail.data or b"").digest() != mail.sha256 else ""
    try:
        with (folder / mail.path).open("rb") as handle:
            is_same = not deep or file_digest(handle, "sha256").digest() == mail.sha256
    except OSError as error:
        return f"{mail.path}: {error.strerror}"
    return "" if is_same else f"{mail.path}: not the bytes that were accepted"


# -- backup and restore ---------------------------------------------------------------------------


def copy(settings: Settings, target: Path) -> tuple[int, list[tuple[str, int, str]]]:
    """Copy what waits into a new folder. Returns how many deliveries, and (name, bytes, sha256) of each file. A mail
    that is imported meanwhile may lack its file: the database, copied later, has it. Raises OSError, ArrivalsDamaged,
    sqlite3.Error."""
    file = opened(settings)
    if file is None:
        return 0, []
    target.mkdir()
    file.copy(target / FILE)
    copied = ArrivalsFile(target, create=False)
    count = copied.waiting().deliveries
    names = [mail.path for mail in _all(copied) if mail.path]
    copied.settle()
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(file.folder / name, target / name)
    file.close()
    files = [(f"{target.name}/{path.name}", *synced.sum_of(path)) for path in sorted(target.iterdir())]
    synced.sync_folder(target)
    return count, files


def put_back(settings: Settings, source: Path) -> float:
    """Take in what waited at the time of a backup; what arrived since stays. Returns when the newest mail that waits
    now was accepted, 0 for none: a gateway that is lost may have begun with it. Raises ArrivalsDamaged."""
    folder = settings.store.arrivals_dir
    if folder is None or not (source.is_dir() or (folder / FILE).exists()):
        return 0.0
    file = ArrivalsFile(folder)
    if source.is_dir():
        kept = ArrivalsFile(source, create=False)
        file.merge(kept)
        kept.settle()
    newest = file.newest() if file.waiting().deliveries else 0.0
    file.close()
    return newest


def _all(file: ArrivalsFile) -> list[Arrived]:
    found: list[Arrived] = []
    while mails := file.read(after=found[-1].seq if found else 0):
        found += mails
    return found
