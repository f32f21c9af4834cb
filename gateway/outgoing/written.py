"""A letter as a mail: plain text that no machine answers (RFC 3834).

The header is written here, not by ``email``: that reads encoded words in whatever it is given, so that a subject that
quotes one would end its line. Whatever a value says, it stays in its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from gateway.match.invisible import one_line

MOST_SUBJECT = 200
_ID = re.compile(r"<[!-;=?-~]{3,900}>")
_PLAIN_WORD = re.compile(r"[\w .@+-]*", re.ASCII)
_IDS = ("In-Reply-To", "References")


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
    ours = {"Message-ID": f"<{message_id(key, sender)}>", "Auto-Submitted": "auto-generated"}
    fields = {"From": _mailbox(sender, name), "To": _mailbox(recipient), "Subject": _subject(subject)}
    fields |= {"Date": format_datetime(datetime.fromtimestamp(now, UTC))}
    for header, value in (ours | dict(headers or {})).items():
        fields[header] = _ids(value) if header in _IDS else one_line(value)
    return _with_fields(fields, text)


def message_id(key: str, sender: str) -> str:
    """The Message-ID of the letter of this key, without its brackets, under the sender's domain."""
    return f"{sha256(key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}"


def _with_fields(fields: Mapping[str, str], text: str) -> bytes:
    """A mail of these fields, which are written as they are, but for those without a value."""
    body = EmailMessage(SMTP)
    body.set_content(text.rstrip() + "\n")
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return head.encode("utf-8", "replace") + body.as_bytes()


def _mailbox(address: str, name: str = "") -> str:
    """A mailbox, as it stands in a field."""
    plain, name = one_line(address), one_line(name)[:MOST_SUBJECT].rstrip()
    if not name:
        return plain
    is_safe = _PLAIN_WORD.fullmatch(name) is not None
    return f'"{name}" <{plain}>' if is_safe else f"{_encoded(name, 'From')} <{plain}>"


def _subject(text: str) -> str:
    """On one line, at most MOST_SUBJECT characters, as encoded words where a reader might take it for something else
    than it says."""
    text = one_line(text)[:MOST_SUBJECT].rstrip()
    return text if text.isascii() and "=?" not in text else _encoded(text, "Subject")


def _encoded(text: str, field: str) -> str:
    return Header(text, "utf-8", header_name=field).encode(linesep="\r\n")


def _ids(text: str) -> str:
    """The ids, each on a line of its own; without those that are none."""
    return "\r\n ".join(dict.fromkeys(found for found in _ID.findall(text) if "=?" not in found))
