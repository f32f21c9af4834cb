"""250 means kept: the one function that can lead to a 250.

A mail up to ``spool_over`` bytes is held in memory and becomes a row; a larger one is written to
its spool file while it arrives, synced with its folder, then its row.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import Connection

from gateway.config.settings import MailboxSettings, StoreSettings, WorkSettings
from gateway.intake.maildata import MailData
from gateway.mail import glance
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.store import deliveries, mapping
from gateway.store.engine import Store, StoreFailed
from gateway.store.raw import RawMail, fresh

MOST_MENTIONS = 52
DISK_EVERY = 0.25  # seconds between two looks at the disk


class DiskFull(Exception):
    """Less free space than the configured reserve."""


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

    def begin(self) -> MailData:
        """A mail starts to arrive. Raises DiskFull."""
        now = time.monotonic()
        if now >= self._disk_at:
            self._disk_at = now + DISK_EVERY
            self._free = shutil.disk_usage(self.spool).free
        if self._free < self._settings.min_free:
            raise DiskFull(f"less than {self._settings.min_free} bytes free")
        return MailData(self.spool, self._settings.spool_over)

    async def accept(self, mail: MailData, envelope: Envelope, recipients: Sequence[Recipient]) -> list[str]:
        """Keep the mail for its mailboxes: the delivery ids, once everything is durable.

        Raises StoreFailed, OSError; then nothing is kept. Shielded: a peer that hangs up in the
        middle does not undo it (it sends again and is recognised)."""
        return await asyncio.shield(asyncio.ensure_future(self._accept(mail, envelope, recipients)))

    async def _accept(self, mail: MailData, envelope: Envelope, recipients: Sequence[Recipient]) -> list[str]:
        data = mail.data()
        kept_at, path = time.monotonic(), None
        try:
            if mail.path is not None:
                await asyncio.to_thread(mail.sync)
                path = await self._raws.put(mail.path)
            news = deliveries_of(mail, envelope, recipients, self._work)

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


def deliveries_of(
    mail: MailData, envelope: Envelope, recipients: Sequence[Recipient], settings: WorkSettings
) -> list[deliveries.NewDelivery]:
    """A mail as a delivery for each of its recipients."""
    ids = mail.ids()
    bare = not (ids.date_present or ids.message_id or ids.received_count)
    remember = settings.remember_bare if bare else settings.remember
    named = [message_id for message_id in (ids.message_id, *ids.in_reply_to, *ids.references[-50:]) if message_id]
    sender = envelope.mail_from.encode("utf-8", "surrogateescape")
    digest = mail.digest()
    subject = glance.subject(*mail.split().values("subject")[:1])
    news = []
    for recipient in recipients:
        box = recipient.mailbox
        keys = tuple(dict.fromkeys(mapping.key(box.desk, message_id) for message_id in named))[:MOST_MENTIONS]
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
