"""A mail of the gateway's own, about mail that does not come: kept like any other, and a notice like any vendor's."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

from sqlalchemy import Connection

from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.model.ownnotice import OwnNotice
from gateway.outgoing.written import unstructured, with_fields
from gateway.store import deliveries
from gateway.store.deliveries import NewDelivery

REMEMBER = 90 * 86_400.0


def keep(connection: Connection, mailbox: str, desk: str, about: OwnNotice, words: str, key: str, now: float) -> None:
    """Accept a mail to the mailbox with the title and the facts of ``about``. Of one ``key`` there is one."""
    message_id = f"{sha256(key.encode()).hexdigest()[:32]}@missing.{mailbox.rpartition('@')[2]}"
    raw = _mail(mailbox, about.title, message_id, now, words)
    new = NewDelivery(
        id=uuid7(now),
        desk=desk,
        mailbox=mailbox,
        envelope=Envelope("", mailbox, time=now, internal=about.as_json()),
        message_id=message_id,
        mention_keys=(),
        dedupe_key=_dedupe_key(key),
        remember_until=now + REMEMBER,
    )
    deliveries.accept(connection, [new], raw, None, len(raw), sha256(raw).digest())


def is_kept(connection: Connection, key: str) -> bool:
    """Whether there was a mail of this key in the last months."""
    return deliveries.is_seen(connection, _dedupe_key(key))


def _dedupe_key(key: str) -> bytes:
    return sha256(f"missing\0{key}".encode()).digest()


def _mail(address: str, subject: str, message_id: str, now: float, text: str) -> bytes:
    fields = {"From": address, "To": address, "Subject": unstructured(subject, "Subject")}
    fields |= {"Date": format_datetime(datetime.fromtimestamp(now, UTC)), "Message-ID": f"<{message_id}>"}
    return with_fields({**fields, "Auto-Submitted": "auto-generated"}, text)
