"""What was read of kept mail, so that it need not be read again: a file beside the spool.

A reading is sealed by a key that is made of the mail's own bytes, the program's code and our addresses, and kept under
a name that is made of the same. So it can be opened by nobody who has not the mail itself, and is of no use once that
is deleted; another version of the program finds nothing; and what is damaged, or was put there by somebody else,
cannot be opened and is read anew. Nothing depends on the file: without it mail is read again.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import time
import zlib
from collections.abc import Iterable
from functools import partial
from hashlib import blake2b, file_digest
from importlib import metadata
from pathlib import Path

import nacl.secret
from nacl.exceptions import CryptoError
from pydantic import ValidationError

import gateway
from gateway.mail.wire import dump, load
from gateway.model.email import Email
from gateway.model.spans import DAY
from gateway.store import private, sqlitefiles
from gateway.work.parser import Parser

FILE = "readings.db"
MOST_BYTES = 256 * 1024 * 1024
MOST_OF_A_MAIL = 512 * 1024  # bytes of a reading as JSON; a larger one is not kept
KEPT_FOR = 30 * DAY  # seconds after its last use
NOTED_EVERY = DAY  # seconds after which a use is noted again
BUSY = 5.0  # seconds for another process that writes
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS reading (id BLOB PRIMARY KEY, used REAL NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS reading_used ON reading (used)",
)
_SQLITE = (b"SQLite format 3\0", b"")


def code() -> bytes:
    """A digest of the program and of the libraries that it reads mail with: of all of both, for nobody has to keep a
    list of what counts."""
    digest = blake2b(sys.version.encode(), digest_size=32)
    root = Path(next(iter(gateway.__path__)))
    for file in sorted(root.rglob("*.py")):
        digest.update(f"\0{file.relative_to(root)}\0".encode() + file.read_bytes())
    for name, version in sorted((each.name, each.version) for each in metadata.distributions()):
        digest.update(f"\0{name} {version}".encode())
    return digest.digest()


class Readings:
    """``folder`` is the spool; ``code`` as the function says, ``own`` our addresses, by which mail is read. A file that
    cannot be used is as good as none."""

    def __init__(self, folder: Path, code: bytes, own: Iterable[str]) -> None:
        self.file = folder / FILE
        self._seed = blake2b("\0".join(sorted(own)).encode(), key=code, digest_size=32).digest()
        self._new: dict[bytes, bytes] = {}
        self._used: set[bytes] = set()
        self._database = self._open()

    def get(self, mail: bytes | Path) -> Email | None:
        """What was read of the mail, None where it has to be read. Raises OSError where its file is gone."""
        if self._database is None:
            return None
        name, box = self._place(mail)
        try:
            row = self._database.execute("SELECT sealed, used FROM reading WHERE id = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            self._leave(error)
            return None
        if row is None:
            return None
        try:
            email = load(zlib.decompress(box.decrypt(row[0])))
        except (CryptoError, zlib.error, ValidationError, ValueError, TypeError):
            return None
        if row[1] < time.time() - NOTED_EVERY:
            self._used.add(name)
        return email

    def put(self, mail: bytes | Path, email: Email) -> None:
        """Keep what was read, from ``commit`` on."""
        content = dump(email) if self._database is not None else b""
        if 0 < len(content) <= MOST_OF_A_MAIL:
            name, box = self._place(mail)
            self._new[name] = bytes(box.encrypt(zlib.compress(content, 1)))

    def commit(self) -> None:
        """Write what is new."""
        now = time.time()
        if self._database is not None and (self._new or self._used):
            try:
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE")
                    rows = [(name, now, sealed) for name, sealed in self._new.items()]
                    self._database.executemany("INSERT OR REPLACE INTO reading VALUES (?, ?, ?)", rows)
                    used = [(now, name) for name in self._used]
                    self._database.executemany("UPDATE reading SET used = ? WHERE id = ?", used)
            except sqlite3.Error as error:
                self._leave(error)
        self._new, self._used = {}, set()

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _place(self, mail: bytes | Path) -> tuple[bytes, nacl.secret.SecretBox]:
        """The name of the mail's reading, and what opens it."""
        hashed = partial(blake2b, key=self._seed, digest_size=64)
        if isinstance(mail, Path):
            with mail.open("rb") as handle:
                made = file_digest(handle, hashed).digest()
        else:
            made = hashed(mail).digest()
        return made[:32], nacl.secret.SecretBox(made[32:])

    def _open(self) -> sqlite3.Connection | None:
        try:
            _without_damage(self.file)
            private.create(self.file)
            database = sqlite3.connect(self.file, timeout=BUSY, isolation_level=None)
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=OFF")  # what is lost is read again
            for statement in _SCHEMA:
                database.execute(statement)
            return database
        except OSError:
            return None
        except sqlite3.Error as error:
            _begin_anew(self.file, error)
            return None

    def _leave(self, error: sqlite3.Error) -> None:
        """The file fails: go on without it."""
        self.close()
        _begin_anew(self.file, error)


class KeptReader:
    """Reads kept mail, and what was read before not again. Raises what ``parser`` does."""

    def __init__(self, parser: Parser, readings: Readings) -> None:
        self.parser = parser
        self.readings = readings

    async def read(self, mail: bytes | Path, into: Path | None = None) -> Email:
        if into is not None:  # its files are wanted
            return await self.parser.read(mail, into)
        if (known := self.readings.get(mail)) is not None:
            return known
        email = await self.parser.read(mail)
        self.readings.put(mail, email)
        return email


def trim(folder: Path, now: float, most: int = MOST_BYTES) -> int:
    """Forget what was not used for KEPT_FOR seconds, and the oldest of what is more than ``most`` bytes. Returns how
    many readings went."""
    file = folder / FILE
    if not file.exists():
        return 0
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=BUSY)) as database, database:
            gone = database.execute("DELETE FROM reading WHERE used < ?", (now - KEPT_FOR,)).rowcount
            size = 0
            for used, length in database.execute("SELECT used, length(sealed) FROM reading ORDER BY used DESC"):
                size += length
                if size > most:
                    gone += database.execute("DELETE FROM reading WHERE used <= ?", (used,)).rowcount
                    break
            left = database.execute("SELECT 1 FROM reading LIMIT 1").fetchone()
    except sqlite3.DatabaseError:
        left = None
        gone = 0
    if left is None:
        _remove(file)
    return gone


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):  # what is left fails again, and is left out
        sqlitefiles.remove(file)


def _begin_anew(file: Path, error: sqlite3.Error) -> None:
    """A damaged file goes, so that the next run has one."""
    if not isinstance(error, sqlite3.OperationalError):  # which says that it is locked, or that the disk is full
        _remove(file)


def _without_damage(file: Path) -> None:
    """A file that is no database goes."""
    with contextlib.suppress(FileNotFoundError), file.open("rb") as handle:
        if handle.read(16) not in _SQLITE:
            _remove(file)
