"""250 means kept: the one function that can lead to a 250, and the mail on its way to it.

A mail up to ``spool_over`` bytes is held in memory and becomes a row; a larger one is written to
its spool file while it arrives, synced with its folder, then its row.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import IO

from sqlalchemy import Connection

from gateway.config.settings import MailboxSettings, StoreSettings, WorkSettings
from gateway.mail import glance, limits
from gateway.mail.head import Head, RawHeader, split_head, with_line_feeds
from gateway.mail.ids import HeaderIds, from_fields
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.store import deliveries, mapping
from gateway.store.engine import Store, StoreFailed
from gateway.store.raw import RawMail, fresh

HEADER_SCAN = limits.HEADER_BLOCK + 4  # a block at the limit with its empty line
MOST_MENTIONS = 52
DISK_EVERY = 0.25  # seconds between two looks at the disk


class DiskFull(Exception):
    """Less free space than the configured reserve."""


class Incoming:
    """The content of one mail while it arrives."""

    def __init__(self, spool: Path, spool_over: int) -> None:
        self.size = 0
        self.head = b""
        self.path: Path | None = None
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
        if self._file is None:
            self._blocks.append(block)
            if self.size > self._spool_over:
                self._open()
        else:
            self._file.write(block)

    def _open(self) -> None:
        data = b"".join(self._blocks)
        self.head = data[:HEADER_SCAN]
        self._blocks.clear()
        self.path = self._spool / f"{os.getpid()}-{os.urandom(8).hex()}.eml"
        self._file = self.path.open("wb", buffering=1 << 18)
        self._file.write(data)

    def data(self) -> bytes | None:
        """The content when it is small, None when it is in ``path``."""
        return b"".join(self._blocks) if self.path is None else None

    def digest(self) -> bytes:
        return self._digest.digest()

    def start(self) -> bytes:
        """The first ``HEADER_SCAN`` bytes, at least."""
        return self.head if self.path is not None else b"".join(self._blocks)

    def split(self) -> Head:
        """The one split of the mail, made once. Not before all content is here."""
        if self._split is None:
            self._split = split_head(with_line_feeds(self.start()[:HEADER_SCAN]))
        return self._split

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
        """Forget the mail: it was not accepted."""
        self._blocks.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()


@dataclass(frozen=True, slots=True)
class Recipient:
    """A mailbox and the address by which the peer named it. ``quarantine``: why the edge asks for it."""

    mailbox: MailboxSettings
    address: str
    quarantine: str = ""


class Acceptor:
    """Keeps mails in the store. ``on_accept`` is called after each commit."""

    def __init__(
        self,
        store: Store,
        settings: StoreSettings,
        work: WorkSettings,
        on_accept: Callable[[], None] = lambda: None,
        raws: RawMail | None = None,
    ) -> None:
        self._raws = raws or RawMail(settings)
        self._on_accept = on_accept
        self._store = store
        self._settings = settings
        self._work = work
        self._disk_at = 0.0
        self._free = 0
        self.spool = settings.spool_dir
        self.spool.mkdir(0o700, parents=True, exist_ok=True)

    def begin(self) -> Incoming:
        """A mail starts to arrive. Raises DiskFull."""
        now = time.monotonic()
        if now >= self._disk_at:
            self._disk_at = now + DISK_EVERY
            self._free = shutil.disk_usage(self.spool).free
        if self._free < self._settings.min_free:
            raise DiskFull(f"less than {self._settings.min_free} bytes free")
        return Incoming(self.spool, self._settings.spool_over)

    async def accept(self, mail: Incoming, envelope: Envelope, recipients: Sequence[Recipient]) -> list[str]:
        """Keep the mail for its mailboxes: the delivery ids, once everything is durable.

        Raises StoreFailed, OSError; then nothing is kept. Shielded: a peer that hangs up in the
        middle does not undo it (it sends again and is recognised)."""
        return await asyncio.shield(asyncio.ensure_future(self._accept(mail, envelope, recipients)))

    async def _accept(self, mail: Incoming, envelope: Envelope, recipients: Sequence[Recipient]) -> list[str]:
        data = mail.data()
        kept_at, path = time.monotonic(), None
        try:
            if mail.path is not None:
                await asyncio.to_thread(mail.sync)
                path = await self._raws.put(mail.path)
            news = self._deliveries(mail, envelope, recipients)

            def keep(connection: Connection) -> list[str]:
                if path is not None:
                    fresh(kept_at)
                return deliveries.accept(connection, news, data, path, mail.size, mail.digest())

            ids = await self._store.write(keep)
        except StoreFailed:
            raise  # the row may be there: its file must stay
        except BaseException:
            mail.discard()
            raise
        if not any(new.id in ids for new in news):  # every delivery was there already
            mail.discard()
            await self._raws.drop(path)
        self._on_accept()
        return ids

    def _deliveries(
        self, mail: Incoming, envelope: Envelope, recipients: Sequence[Recipient]
    ) -> list[deliveries.NewDelivery]:
        ids = mail.ids()
        bare = not (ids.date_present or ids.message_id or ids.received_count)
        remember = self._work.remember_bare if bare else self._work.remember
        named = [one for one in (ids.message_id, *ids.in_reply_to, *ids.references[-50:]) if one]
        sender = envelope.mail_from.encode("utf-8", "surrogateescape")
        digest = mail.digest()
        subject = glance.subject(*mail.split().values("subject")[:1])
        news = []
        for recipient in recipients:
            box = recipient.mailbox
            keys = tuple(dict.fromkeys(mapping.key(box.desk, one) for one in named))[:MOST_MENTIONS]
            news.append(
                deliveries.NewDelivery(
                    id=uuid7(envelope.time),
                    desk=box.desk,
                    mailbox=box.address,
                    envelope=replace(envelope, rcpt_to=recipient.address, quarantine=recipient.quarantine),
                    message_id=ids.message_id,
                    mention_keys=keys,
                    dedupe_key=sha256(sender + b"\0" + box.address.encode() + b"\0" + digest).digest(),
                    remember_until=envelope.time + remember,
                    sender="" if envelope.verdict == "fail" else ids.author,
                    subject=subject,
                )
            )
        return news
