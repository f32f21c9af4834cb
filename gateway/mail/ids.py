"""Message ids: one canonical form, and a cheap scan of a raw header block for the SMTP edge.

Canonical (docs/mail-rules.md "Threading"): trimmed, one pair of brackets dropped, the local part's case kept,
the domain in lower case, cut at 998 characters; an id with blanks or without @ becomes ``sha256.<hex>@invalid.local``.
``scan_ids`` sees the same fields as ``read`` (both use ``split_headers``). Source: RFC 5322 3.6.4.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from . import limits
from .clean import clean
from .headers import RawHeader, decode_value, split_headers

_BRACKETED = re.compile(r"<([^<>]{1,4000})>")
_FOLDS = re.compile(r"[ \t\r\n]+")
_PLAIN_FROM = re.compile(rb"(?:[^<>]*<)?\s*([^\s<>@,;:\"()]+@[A-Za-z0-9.-]+)\s*>?")
MOST_FROM = 1000


@dataclass(frozen=True, slots=True)
class HeaderIds:
    """What the edge stores with a delivery. ``date_present`` and ``received_count`` tell a device's bare mail
    from one that an MTA carried; ``author`` is the address in From, lower case, "" where it is not plain: it
    tells who may be waited for, and nothing else."""

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date_present: bool
    received_count: int
    author: str = ""


def normalise_message_id(text: str) -> str:
    """The canonical form; "" for an empty one."""
    value = clean(text).strip(" \t\n")
    if value.startswith("<") and value.endswith(">"):
        value = value[1:-1]
    value = value.strip(" \t\n")
    if not value:
        return ""
    local, at, domain = value.rpartition("@")
    if not at or not local or not domain or _FOLDS.search(value):
        return f"sha256.{hashlib.sha256(value.encode('utf-8', 'replace')).hexdigest()[:40]}@invalid.local"
    return f"{local}@{domain.lower()}"[: limits.MESSAGE_ID]


def ids_of(text: str) -> tuple[str, ...]:
    """The ids of an In-Reply-To or References value: the bracketed ones, else words with an @ (some programs
    leave the brackets out, others write a sentence)."""
    found: list[str] = []
    if "<" in text:
        for match in _BRACKETED.finditer(text):
            inner = _FOLDS.sub("", match.group(1))
            found.append(normalise_message_id(inner))
    if not found:
        found = [normalise_message_id(word.strip(",;<>")) for word in text.split() if "@" in word]
    found = [one for one in dict.fromkeys(found) if one]
    if len(found) > limits.REFERENCES:
        # The root and the newest ones say most.
        found = found[:1] + found[-(limits.REFERENCES - 1) :]
    return tuple(found)


def own_id(text: str) -> str:
    match = _BRACKETED.search(text)
    if match:
        return normalise_message_id(_FOLDS.sub("", match.group(1)))
    return normalise_message_id(text)


def from_fields(fields: Sequence[RawHeader]) -> HeaderIds:
    """The ids of split header fields; of a repeated field the first counts."""
    values: dict[str, str] = {}
    received = 0
    date = False
    author = None
    for name, raw in fields:
        key = name.lower()
        if key == "received":
            received += 1
        elif key == "date":
            date = True
        elif key == "from":
            author = _author(raw) if author is None else ""
        elif key in ("message-id", "in-reply-to", "references") and key not in values:
            values[key] = decode_value(raw)
    return HeaderIds(
        own_id(values.get("message-id", "")),
        ids_of(values.get("in-reply-to", "")),
        ids_of(values.get("references", "")),
        date,
        received,
        author or "",
    )


def _author(raw: bytes) -> str:
    """The only address of a From of ordinary length."""
    match = _PLAIN_FROM.fullmatch(raw) if len(raw) <= MOST_FROM else None
    return match[1].decode("ascii").lower() if match else ""


def with_line_feeds(raw: bytes) -> bytes:
    """A mail of bare carriage returns (old Mac programs) with line feeds; any other as it is."""
    if b"\n" in raw[:10_000] or b"\r" not in raw[:10_000]:
        return raw
    return raw.replace(b"\r", b"\n")


def header_block(raw: bytes) -> bytes:
    """The bytes before the first empty line, at most the cap."""
    raw = with_line_feeds(raw)
    head = (
        raw[: limits.HEADER_BLOCK + 4].replace(b"\r\n", b"\n")
        if raw.find(b"\r\n", 0, 4096) >= 0
        else raw[: limits.HEADER_BLOCK]
    )
    if head.startswith(b"\n"):
        return b""
    end = head.find(b"\n\n")
    return head[: end + 1] if end >= 0 else head[: limits.HEADER_BLOCK]


def scan_ids(header_bytes: bytes) -> HeaderIds:
    """The ids of a raw header block (a whole mail will do): linear, never raises."""
    return from_fields(split_headers(header_block(header_bytes))[0])


def derived_message_id(digest: str) -> str:
    """The id of a mail that has none, from its content digest (``Email.digest``)."""
    return f"digest.{digest[:40]}@invalid.local"
