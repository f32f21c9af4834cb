"""Message ids: one canonical form, and a cheap scan of a raw header block for the SMTP edge.

Canonical (docs/mail-rules.md "Threading"): trimmed, one pair of brackets dropped, the local part's case kept,
the domain in lower case, cut at 998 characters; an id with blanks or without @ becomes ``sha256.<hex>@invalid.local``.
``scan_ids`` sees the same fields as ``read`` (both use ``split_head``). Source: RFC 5322 3.6.4.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote

from gateway.model.email import lower_ascii

from . import limits
from .author import author_of
from .clean import clean, clean_line
from .head import NAMING, RawHeader, first_and_newest, split_head, with_line_feeds
from .headers import decode_words

_BRACKETED = re.compile(r"<([^<>]{1,4000})>")
_FOLDS = re.compile(r"[ \t\r\n]+")
_ESCAPED = re.compile(r"&lt;|%3C", re.IGNORECASE)
_FOREIGN_WORD = re.compile(rb"=\?(?!(?:utf-8|us-ascii|iso-8859-1)[?*])", re.IGNORECASE)
STAND_IN = "@invalid.local"
"""How an id ends that stands for one that is missing or is none."""
LONGEST = 16 * 1024
"""Octets of a field in which ids are looked for; of a longer one the first ids and the newest."""
MOST_FIELDS = 50
"""Fields of one name that are looked at, of all together no more octets than of one."""


@dataclass(frozen=True, slots=True)
class HeaderIds:
    """What the edge stores with a delivery. ``date_present`` and ``received_count`` tell a device's bare mail
    from one that an MTA carried; ``author`` is the address in From, ASCII in lower case, "" where it is
    not one plain mailbox."""

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
        return _stand_in("sha256", _digest(value))
    return f"{local}@{domain.lower()}"[: limits.MESSAGE_ID]


def event_id(uid: str) -> str:
    """What stands for an event of a calendar among the ids of mail about it; "" for none."""
    return _stand_in("event", _digest(uid)) if uid else ""


def is_message_id(canonical: str) -> bool:
    """Whether the sender gave it."""
    return bool(canonical) and not canonical.endswith(STAND_IN)


def ids_of(text: str) -> tuple[str, ...]:
    """The ids of an In-Reply-To or References value: the bracketed ones, else words with an @ (some programs
    leave the brackets out, others write a sentence). Some pass on the brackets of a link as that has them escaped."""
    if "<" not in text and _ESCAPED.search(text):
        text = unquote(unescape(text))
    found = [_FOLDS.sub("", inner) for inner in dict.fromkeys(_BRACKETED.findall(text))]
    if not found:
        found = [word.strip(",;<>") for word in dict.fromkeys(text.split()) if "@" in word]
    if len(found) > limits.REFERENCES:
        # The root and the newest ones say most.
        found = found[:1] + found[-(limits.REFERENCES - 1) :]
    return tuple(dict.fromkeys(known for inner in found if (known := normalise_message_id(inner))))


def own_id(text: str) -> str:
    match = _BRACKETED.search(text)
    if match:
        return normalise_message_id(_FOLDS.sub("", match.group(1)))
    return normalise_message_id(text)


def from_fields(fields: Sequence[RawHeader]) -> HeaderIds:
    """The ids of split header fields; of a repeated field the first counts, but of those that name other mails all do:
    some programs write a field for each."""
    first: dict[str, bytes] = {}
    others: dict[str, list[bytes]] = {name: [] for name in NAMING}
    received = 0
    for name, raw in fields:
        key = name.lower()
        received += key == "received"
        first.setdefault(key, raw)
        if key in others:
            others[key].append(raw)
    return HeaderIds(
        own_id(_text(first.get("message-id", b""))),
        ids_of(_together(others["in-reply-to"])),
        ids_of(_together(others["references"])),
        "date" in first,
        received,
        lower_ascii(author_of(fields).address),
    )


def _together(values: Sequence[bytes]) -> str:
    """The values of the fields of a name: the first, and the newest."""
    few = values if len(values) <= MOST_FIELDS else [values[0], *values[1 - MOST_FIELDS :]]
    return _text(b" ".join(few))


def _text(raw: bytes) -> str:
    """A value as text. Ids are ASCII; others are read as UTF-8 or Latin-1, for guessing takes long."""
    raw = first_and_newest(raw, LONGEST)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if "=?" in text and not _FOREIGN_WORD.search(raw):
        text = decode_words(text)
    return clean_line(text)


def scan_ids(raw: bytes) -> HeaderIds:
    """The ids of a whole mail or its header block: linear, never raises."""
    return from_fields(split_head(with_line_feeds(raw)).fields)


def derived_message_id(digest: str) -> str:
    """The id of a mail that has none, from its content digest (``Email.digest``)."""
    return _stand_in("digest", digest)


def _stand_in(kind: str, digest: str) -> str:
    return f"{kind}.{digest[:40]}{STAND_IN}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
