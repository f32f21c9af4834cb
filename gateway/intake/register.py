"""What the store keeps of a mail before it is read: its header's ids, its author and subject, its digest's key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from gateway.config.settings import WorkSettings
from gateway.mail import glance
from gateway.mail.head import Head
from gateway.mail.ids import from_fields
from gateway.model.envelope import Envelope
from gateway.store import mapping
from gateway.store.arrivalrow import ArrivedFor
from gateway.store.deliveries import NewDelivery

MOST_MENTIONS = 52
MOST_ANSWERED = 26  # of them in In-Reply-To; the others are the newest of References


def deliveries_of(
    head: Head, digest: bytes, envelope: Envelope, recipients: Sequence[ArrivedFor], work: WorkSettings
) -> list[NewDelivery]:
    """A delivery for each recipient of a mail whose sha256 is ``digest``."""
    ids = from_fields(head.fields)
    bare = not (ids.date_present or ids.message_id or ids.received_count)
    remember = work.remember_bare if bare else work.remember
    named = [ids.message_id, *ids.in_reply_to[-MOST_ANSWERED:], *reversed(ids.references)]
    sender = envelope.mail_from.encode("utf-8", "surrogateescape")
    subject = glance.subject(*head.values("subject")[:1])
    news = []
    for recipient in recipients:
        few = [message_id for message_id in dict.fromkeys(named) if message_id][:MOST_MENTIONS]
        news.append(
            NewDelivery(
                id=recipient.id,
                desk=recipient.desk,
                mailbox=recipient.mailbox,
                envelope=replace(envelope, rcpt_to=recipient.rcpt_to, quarantine=recipient.quarantine),
                message_id=ids.message_id,
                mention_keys=tuple(mapping.key(recipient.desk, message_id) for message_id in few),
                dedupe_key=sha256(sender + b"\0" + recipient.mailbox.encode() + b"\0" + digest).digest(),
                remember_until=envelope.time + remember,
                sender="" if envelope.verdict == "fail" else ids.author,
                subject=subject,
            )
        )
    return news
