"""The mail data of one mail (RFC 5321 3.3) while it arrives: in memory, or in a spool file when it is large."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO

from gateway.mail import limits
from gateway.mail.head import Head, RawHeader, split_head, with_line_feeds
from gateway.mail.ids import HeaderIds, from_fields

SPOOL_BUFFER = 1 << 16  # octets: larger blocks are written as they come, small ones together
HEADER_SCAN = limits.HEADER_BLOCK + 4  # a block at the limit with its empty line


class MailData:
    """The header and body of a mail, added block by block."""

    def __init__(self, spool: Path, spool_over: int) -> None:
        self.size = 0
        self.path: Path | None = None
        self._head = bytearray()  # the first HEADER_SCAN bytes, of a mail whose blocks are not in memory
        self._spool = spool
        self._spool_over = spool_over
        self._blocks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self._digest = sha256()
        self._split: Head | None = None
        self._ids: HeaderIds | None = None

    def add(self, block: bytes) -> None:
        """Take a block of content. Raises OSError when the spool cannot be written."""
        self.size += len(block)
        self._digest.update(block)
        self._split = self._ids = None  # what was read of a mail that is not whole, for a refusal, is no longer true
        if self._file is None:
            self._blocks.append(block)
            if self.size > self._spool_over:
                self._open()
        else:
            if (room := HEADER_SCAN - len(self._head)) > 0:
                self._head += block[:room]
            self._file.write(block)

    def _open(self) -> None:
        data = b"".join(self._blocks)
        self._head += data[:HEADER_SCAN]
        self._blocks.clear()
        self.path = self._spool / f"{os.getpid()}-{os.urandom(8).hex()}.eml"
        self._file = self.path.open("wb", buffering=SPOOL_BUFFER)
        self._file.write(data)

    def data(self) -> bytes | None:
        """The content when it is small, None when it is in ``path``."""
        return b"".join(self._blocks) if self.path is None else None

    def digest(self) -> bytes:
        """The sha256 of all content so far."""
        return self._digest.digest()

    def start(self) -> bytes:
        """The first ``HEADER_SCAN`` bytes."""
        return bytes(self._head) or b"".join(self._blocks)[:HEADER_SCAN]

    def split(self) -> Head:
        """The one split of the mail: of what is here, made once when all is."""
        if self._split is None:
            self._split = split_head(with_line_feeds(self.start()))
        return self._split

    def keep_head(self, block: bytes) -> None:
        """A block of a mail that is refused: only whose it was is asked later."""
        if not self.start():
            self._head += block[:HEADER_SCAN]

    def fields(self) -> Sequence[RawHeader]:
        """The header fields."""
        return self.split().fields

    def ids(self) -> HeaderIds:
        """The ids in the header, read once."""
        if self._ids is None:
            self._ids = from_fields(self.fields())
        return self._ids

    def open(self) -> IO[bytes]:
        """The content as a file to read."""
        if self.path is None:
            return io.BytesIO(b"".join(self._blocks))
        if self._file is not None:
            self._file.flush()
        return self.path.open("rb")

    def sync(self) -> None:
        """Make the spool file durable (blocks: call it in a thread)."""
        if self._file is None or self.path is None:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        folder = os.open(self._spool, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Forget the mail but for its head: it was not accepted."""
        self._head = bytearray(self.start())
        self._blocks.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
