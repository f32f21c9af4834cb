"""Arrivals: mail that was accepted and is not in the store yet, in a SQLite file of its own.

Promised: ``append`` returns only after its mails are committed and synced. Rows are read in the order of their numbers,
which never come again: they are microseconds since the epoch, and at least one more than the last. Several processes
may have the file open. No SQLAlchemy: whoever accepts mail starts without it.

The folder has the file and the large mails, each a file of its own. Source: docs/decisions/006-arrivals.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gateway.store import private, writeahead
from gateway.store.arrivalrow import Arrived, NewArrival, arrived_of, texts_of

FILE = "arrivals.db"
BATCH = 256
BUSY_WAIT = 30.0  # seconds for another process's transaction
LOGGED = {True: 32 * 1024 * 1024, False: 4 * 1024 * 1024}
"""Octets of mail after which whoever has them moves the log into the file: the importer long before those for whom a
peer waits."""
LOG_BYTES = 16 * 1024 * 1024
"""Which the log has before it is used: of a burst of some 3,000 mails."""
BATCH_BYTES = 4 * 1024 * 1024
TABLE = """
CREATE TABLE IF NOT EXISTS arrival (
  seq INTEGER PRIMARY KEY,            -- microseconds since the epoch, or one more than the last
  at REAL NOT NULL,                   -- when it was accepted
  deliveries_before INTEGER NOT NULL, -- running sums over all rows ever: what waits is a difference
  bytes_before INTEGER NOT NULL,
  deliveries INTEGER NOT NULL,
  imported INTEGER NOT NULL DEFAULT 0,
  aside TEXT NOT NULL DEFAULT '',     -- why it could not be imported
  size INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  recipients TEXT NOT NULL,
  envelope TEXT NOT NULL,
  path TEXT,                          -- file of a large mail
  data BLOB
)
"""
INDEX = "CREATE INDEX IF NOT EXISTS arrival_aside ON arrival (seq) WHERE aside <> ''"
_INSERT = (
    "INSERT INTO arrival (seq, at, deliveries_before, bytes_before, deliveries, size, sha256, recipients, envelope,"
    " path, data) VALUES "
)
COLUMNS = 11
AT_ONCE = 16  # rows of a statement: each time SQLite is entered and left, the other threads stand in turn for Python
_NEXT = "coalesce((SELECT {} FROM arrival ORDER BY seq DESC LIMIT 1), 0)"
_INSERT_NEXT = (
    f"{_INSERT} (max({_NEXT.format('seq + 1')}, ?), ?, {_NEXT.format('deliveries_before + deliveries')},"
    f" {_NEXT.format('bytes_before + size')}, ?, ?, ?, ?, ?, ?, ?)"
)
_LAST = "SELECT seq, deliveries_before + deliveries, bytes_before + size, at FROM arrival ORDER BY seq DESC LIMIT 1"
_FIRST = (
    "SELECT seq, deliveries_before, bytes_before, at FROM arrival"
    " WHERE NOT imported AND aside = '' ORDER BY seq LIMIT 1"
)
_READ = (
    "SELECT seq, at, envelope, recipients, size, sha256, path, data FROM arrival"
    " WHERE NOT imported AND aside = '' AND seq > ? ORDER BY seq LIMIT ?"
)
_NEWEST = (
    "SELECT seq, at, envelope, recipients, size, sha256, path, substr(data, 1, ?), aside FROM arrival"
    " WHERE NOT imported AND (path IS NOT NULL OR instr(CAST(recipients AS BLOB), ?) > 0"
    " OR instr(substr(data, 1, ?), ?) > 0) ORDER BY seq DESC"
)
_FILES = "SELECT path FROM arrival WHERE path IS NOT NULL AND seq <= ? AND aside = ''"
_FORGET = "DELETE FROM arrival WHERE seq <= ? AND aside = '' AND seq < (SELECT max(seq) FROM arrival)"
_EMPTY = "UPDATE arrival SET imported = 1, data = NULL, path = NULL WHERE NOT imported AND seq <= ? AND aside = ''"
_WHOLE = (
    "SELECT seq, path, at, deliveries, size, sha256, recipients, envelope, data FROM arrival"
    " WHERE NOT imported ORDER BY seq"
)
_SUMS = "SELECT seq, CAST(deliveries AS INTEGER), CAST(size AS INTEGER) FROM arrival ORDER BY seq"
_SET_SUMS = "UPDATE arrival SET deliveries_before = ?, bytes_before = ? WHERE seq = ?"
_NAMED = "SELECT 1 FROM arrival WHERE path = ? LIMIT 1"
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class ArrivalsDamaged(Exception):
    """The file cannot be believed."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits: deliveries, bytes of mail, when the oldest was accepted (0 for none), and how many mails could
    not be imported."""

    deliveries: int = 0
    bytes: int = 0
    oldest: float = 0.0
    aside: int = 0


class ArrivalsFile:
    """The file, for one thread at a time. Raises ArrivalsDamaged, sqlite3.Error, FileNotFoundError."""

    def __init__(self, folder: Path, *, create: bool = True, durable: bool = True) -> None:
        self.folder = folder
        self.path = folder / FILE
        if create:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            private.create(self.path)
        elif not self.path.exists():
            raise FileNotFoundError(self.path)
        self._waits = BUSY_WAIT
        self._most_logged, self._logged, self._read = LOGGED[durable], 0, 0
        self._connection = sqlite3.connect(self.path, timeout=BUSY_WAIT, isolation_level=None, check_same_thread=False)
        self._door = os.open(folder, os.O_RDONLY)
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._connection.execute("PRAGMA journal_size_limit=67108864")
            self._connection.execute("PRAGMA secure_delete=FAST")  # or each page of a mail is written once more, empty
            self._connection.execute("PRAGMA wal_autocheckpoint=16000")  # within a turn: we do it before, outside
            self._prepare()
        except sqlite3.DatabaseError as error:
            self.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
                raise ArrivalsDamaged(f"{self.path} is damaged ({error}): see docs/operate.md") from error
            raise
        self._connection.text_factory = bytes  # damaged text is a matter of its row

    def _prepare(self) -> None:
        if self._value("PRAGMA application_id") == 0:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._value("PRAGMA application_id") == 0:
                self._connection.execute(f"PRAGMA application_id={random.SystemRandom().randrange(1, 1 << 31)}")
                self._connection.execute(TABLE)
                self._connection.execute(INDEX)
            self._connection.execute("COMMIT")

    def _value(self, query: str) -> Any:
        return self._connection.execute(query).fetchone()[0]

    @property
    def origin(self) -> str:
        """Which file of arrivals this is: the store remembers for each how far it came."""
        return f"{self._value('PRAGMA application_id'):08x}"

    def check(self, *, settle: bool = True) -> None:
        """At the start. First the log is moved into the file (``settle``), which syncs it: after a sync that failed it
        may be whole in memory and not on the disk. Raises ArrivalsDamaged."""
        try:
            if settle:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            fault = self._value("PRAGMA quick_check(1)")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE:
                raise
            fault = str(error)
        fault = fault.decode("utf-8", "replace") if isinstance(fault, bytes) else fault
        if fault != "ok":
            what = " ".join(fault.split())
            raise ArrivalsDamaged(f"{self.path} is damaged ({what}): put back a copy, see docs/operate.md")

    # -- writing ------------------------------------------------------------------------------------

    def append(self, mails: Sequence[NewArrival], *, patient: bool = True) -> bool:
        """One transaction, synced. False, and nothing was done, when another writes: now, or, ``patient``, for all of
        BUSY_WAIT. Who takes turns with us is waited for however long it takes."""
        rows = [_row(mail) for mail in mails]
        self._wait_for_others(BUSY_WAIT if patient else 0.0)
        try:
            with self._turn(patient):
                self._put(rows)
        except BlockingIOError:
            return False
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        self._has_logged(sum(len(mail.data or b"") for mail in mails))
        return True

    @contextlib.contextmanager
    def _turn(self, patient: bool = True) -> Iterator[None]:
        """Of those who write: SQLite's own lock sees to it that one does, but who waits for that sleeps, longer each
        time; who waits for this one is woken. Raises BlockingIOError for one who is not ``patient``."""
        fcntl.flock(self._door, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
        try:
            yield
        finally:
            fcntl.flock(self._door, fcntl.LOCK_UN)

    def _put(self, rows: Sequence[tuple[Any, ...]]) -> None:
        if len(rows) == 1:  # a statement by itself is a transaction
            self._connection.execute(_INSERT_NEXT, (time.time_ns() // 1000, *rows[0]))
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            last, count, size, _ = self._connection.execute(_LAST).fetchone() or (0, 0, 0, 0)
            first = max(last + 1, time.time_ns() // 1000)
            values: list[Any] = []
            for seq, row in enumerate(rows, first):
                values += (seq, row[0], count, size, *row[1:])
                count, size = count + row[1], size + row[2]
            for at in range(0, len(values), AT_ONCE * COLUMNS):
                part = values[at : at + AT_ONCE * COLUMNS]
                self._connection.execute(_insert(len(part) // COLUMNS), part)
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _has_logged(self, octets: int) -> None:
        """Now and then the log is moved into the file; where that fails it stays, as with SQLite's own way."""
        self._logged += octets
        if self._logged > self._most_logged:
            self._logged = 0
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _wait_for_others(self, seconds: float) -> None:
        """How long for another process's transaction, from now on."""
        if seconds != self._waits:
            self._connection.execute(f"PRAGMA busy_timeout={seconds * 1000:.0f}")
            self._waits = seconds

    def forget(self, seq: int) -> None:
        """What is in the store up to there. The last row stays, empty: its number and sums are counted on from."""
        paths = [path for (path,) in self._connection.execute(_FILES, (seq,))]
        with self._turn():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_FORGET, (seq,))
            self._connection.execute(_EMPTY, (seq,))
            self._connection.execute("COMMIT")
        for path in paths:
            (self.folder / os.fsdecode(path)).unlink(missing_ok=True)
        self._has_logged(self._read)
        self._read = 0

    def lengthen_log(self, by: int = LOG_BYTES) -> int:
        """Give the log its size before a burst needs it, at most so many octets of it at a time. Returns how many."""
        return writeahead.lengthen(self._connection, self.path, by, LOG_BYTES)

    def set_aside(self, seq: int, why: str) -> None:
        """It cannot be imported: others go on. It is kept until it can."""
        self._connection.execute("UPDATE arrival SET aside = ? WHERE seq = ?", (why[:500] or "?", seq))

    def take_back(self) -> int:
        """What was set aside is tried again. Returns how many."""
        return self._connection.execute("UPDATE arrival SET aside = '' WHERE aside <> ''").rowcount

    # -- reading ------------------------------------------------------------------------------------

    def read(self, limit: int = BATCH, after: int = 0) -> list[Arrived]:
        """The next mails, at most ``BATCH_BYTES`` of them or one."""
        found: list[Arrived] = []
        total = 0
        for row in self._connection.execute(_READ, (after, limit)):
            found.append(arrived_of(row))
            total += len(found[-1].data or b"")
            if total > BATCH_BYTES:
                break
        self._read = total
        return found

    def newest_first(self, octets: int, within: bytes = b"") -> Iterator[tuple[Arrived, str]]:
        """What waits, each with the first ``octets`` of its data and why it was set aside ("" for it was not).
        ``within``: only what has it in an id or in these octets, and all that is in files."""
        for *row, aside in self._connection.execute(_NEWEST, (octets, within, octets, within)):
            yield arrived_of(tuple(row)), _as_text(aside)

    def waiting(self) -> Waiting:
        """By the running sums: constant time."""
        asides = self._connection.execute("SELECT seq, deliveries FROM arrival WHERE aside <> ''").fetchall()
        first = self._connection.execute(_FIRST).fetchone()
        if first is None:
            return Waiting(aside=len(asides))
        seq, count_before, bytes_before, at = first
        _, count, size, _ = self._connection.execute(_LAST).fetchone()
        between = sum(number for aside, number in asides if aside > seq)
        return Waiting(count - count_before - between, size - bytes_before, at, len(asides))

    def newest(self) -> float:
        """When the last mail was accepted, 0 for never."""
        last = self._connection.execute(_LAST).fetchone()
        return float(last[3]) if last else 0.0

    def aside(self) -> list[tuple[int, str]]:
        """The mails that could not be imported, and why."""
        rows = self._connection.execute("SELECT seq, aside FROM arrival WHERE aside <> '' ORDER BY seq").fetchall()
        return [(seq, why.decode("utf-8", "replace")) for seq, why in rows]

    def copy(self, target: Path) -> None:
        """A copy as of this moment, one file."""
        with contextlib.closing(sqlite3.connect(target)) as copied:
            self._connection.backup(copied)
            copied.execute("PRAGMA journal_mode=DELETE")

    def merge(self, other: ArrivalsFile) -> int:
        """Take in what waits in another file, with its files: a backup's. Returns how many mails."""
        is_copy = self.origin == other.origin  # of an earlier time: its numbers are ours
        count = 0
        self._connection.execute("BEGIN IMMEDIATE")
        for seq, path, *values in other._connection.execute(_WHOLE):
            name = os.fsdecode(path) if path is not None else None
            if name is not None and (other.folder / name).exists():
                _copy(other.folder / name, self.folder / name)
            count += self._put_back(seq if is_copy else 0, name, values)
        self._count_anew()
        self._connection.execute("COMMIT")
        return count

    def _count_anew(self) -> None:
        """The running sums, where a row came before others: what was imported meanwhile does not wait."""
        self._connection.execute("UPDATE arrival SET deliveries = 0, size = 0 WHERE imported")
        count = octets = 0
        for seq, deliveries, size in self._connection.execute(_SUMS).fetchall():
            self._connection.execute(_SET_SUMS, (count, octets, seq))
            count, octets = count + deliveries, octets + size

    def _put_back(self, seq: int, path: str | None, values: Sequence[Any]) -> bool:
        """A row of another file, with its number there or, for 0, the next one. Whether it was not here."""
        if seq and self._connection.execute("SELECT 1 FROM arrival WHERE seq = ? AND NOT imported", (seq,)).fetchone():
            return False
        if not seq:
            (last,) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM arrival").fetchone()
            seq = max(last + 1, time.time_ns() // 1000)
        self._connection.execute("DELETE FROM arrival WHERE seq = ?", (seq,))
        at, deliveries, size, digest, recipients, envelope, data = values
        texts = (_as_text(recipients), _as_text(envelope))
        self._connection.execute(_insert(1), (seq, at, 0, 0, deliveries, size, digest, *texts, path, data))
        return True

    def sweep(self, before: float) -> int:
        """Delete files that no mail names and that are older. Returns how many."""
        count = 0
        for file in self.folder.glob("*.eml"):
            with contextlib.suppress(OSError):
                named = self._connection.execute(_NAMED, (file.name,)).fetchone()
                if named is None and file.stat().st_mtime < before:
                    file.unlink()
                    count += 1
        return count

    def settle(self) -> None:
        """Close; a copy becomes one file again."""
        self._connection.execute("PRAGMA journal_mode=DELETE")
        self.close()

    def close(self) -> None:
        """A second time does nothing."""
        self._connection.close()
        if self._door >= 0:
            os.close(self._door)
            self._door = -1


@cache
def _insert(rows: int) -> str:
    return _INSERT + ", ".join([f"({', '.join('?' * COLUMNS)})"] * rows)


def _row(mail: NewArrival) -> tuple[Any, ...]:
    """Without its number and the sums before it."""
    return mail.envelope.time, len(mail.recipients), mail.size, mail.sha256, *texts_of(mail)


def is_cut(mails: Sequence[Arrived], limit: int) -> bool:
    """Whether ``read`` gave as many as it may: there may be more."""
    return len(mails) == limit or sum(len(mail.data or b"") for mail in mails) > BATCH_BYTES


def _as_text(value: Any) -> str:
    """As it was read; what is no text was damaged, and stays unreadable."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _copy(source: Path, target: Path) -> None:
    """Copied and synced, unless it is there whole."""
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return
    part = target.with_suffix(".part")
    with source.open("rb") as reader, part.open("wb") as writer:
        shutil.copyfileobj(reader, writer)
        writer.flush()
        os.fsync(writer.fileno())
    part.rename(target)
