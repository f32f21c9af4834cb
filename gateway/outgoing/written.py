"""A letter as a mail: plain text that no machine answers (RFC 3834)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from hashlib import sha256

from gateway.match.invisible import one_line

MOST_SUBJECT = 200


def written(
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    key: str,
    now: float,
    *,
    name: str = "",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The mail from ``sender``, whom ``name`` names. Its Message-ID follows from ``key``: however often it is tried, it
    is the same mail. ``headers`` stand beside ours (In-Reply-To) or in their place (Auto-Submitted)."""
    mail = EmailMessage(SMTP if (sender + recipient).isascii() else SMTPUTF8)
    mail["From"] = Address(one_line(name), addr_spec=sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = one_line(subject)[:MOST_SUBJECT]
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    ours = {"Message-ID": f"<{message_id(key, sender)}>", "Auto-Submitted": "auto-generated"}
    for header, value in (ours | dict(headers or {})).items():
        mail[header] = one_line(value)
    mail.set_content(text.rstrip() + "\n")
    return mail.as_bytes()


def message_id(key: str, sender: str) -> str:
    """The Message-ID of the letter of this key, without its brackets."""
    return f"{sha256(key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}"
