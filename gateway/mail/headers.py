"""Header values decoded: raw 8-bit text, encoded words broken or split, unknown charsets; dates.

Source: RFC 2047, RFC 6532, RFC 5322 3.3.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .charset import decode
from .clean import clean, clean_line

# A question mark within a word should be encoded, and often is not.
_WORD = re.compile(r"=\?([^?\s=]{1,80})\?([bBqQ])\?((?:[^?]|(?<!=)\?(?!=)){0,8000})\?=")
_LOOSE_WORD = re.compile(r"=\?([^?\s=]{1,80})\?([bBqQ])\?([^?\r\n]{0,8000})(?:\?=?|$)")
_COMMENT = re.compile(r"\([^()]*\)")
_COLON = re.compile(r"(?<=[ \d])([+-]\d\d):(\d\d)$")
_OFFSET = re.compile(r"(?<=\d )(?:GMT|UTC) ?([+-])(\d{1,2})(?::?(\d\d))?$")
_ZONES = {
    "CET": "+0100", "MEZ": "+0100", "CEST": "+0200", "MESZ": "+0200", "WET": "+0000", "WEST": "+0100", "EET": "+0200",
    "EEST": "+0300", "JST": "+0900", "HKT": "+0800", "SGT": "+0800", "AEST": "+1000", "AEDT": "+1100",
    "NZST": "+1200", "NZDT": "+1300",
}  # fmt: skip
"""Names that mean one thing alone, beside those of the standard; it takes others for UTC."""
_ZONE = re.compile(rf"(?<=\d )(?:{'|'.join(_ZONES)})$")
_LEAP_SECOND = re.compile(r"(:\d\d):60\b")  # RFC 5322 3.3 allows it
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def decode_value(raw: bytes, hints: Sequence[str] = ()) -> str:
    """A header value as text: raw bytes through the charset ladder, then its encoded words."""
    text = field_text(raw, hints)
    if "=?" in text:
        text = decode_words(text, hints)
    return clean_line(text)


def decode_words(text: str, hints: Sequence[str] = ()) -> str:
    """RFC 2047 words; neighbours of one charset are joined as bytes first, since programs split characters. What they
    hold is as clean as the text around them (``field_text``)."""
    out: list[str] = []
    pending: list[bytes] = []
    label = ""
    position = 0
    while True:
        start = text.find("=?", position)
        if start < 0:
            break
        match = _WORD.match(text, start) or _LOOSE_WORD.match(text, start)
        data = _word_bytes(match.group(2), match.group(3)) if match else None
        if match is None or data is None:
            _flush(out, pending, label, hints)
            out.append(text[position : start + 2])
            position = start + 2
            continue
        between = text[position:start]
        charset = match.group(1).partition("*")[0].lower()
        if between.strip(" \t") or not pending:
            _flush(out, pending, label, hints)
            out.append(between)
        elif charset != label:
            _flush(out, pending, label, hints)
        label = charset
        pending.append(data)
        position = match.end()
    _flush(out, pending, label, hints)
    out.append(text[position:])
    return "".join(out)


def _flush(out: list[str], pending: list[bytes], label: str, hints: Sequence[str]) -> None:
    if pending:
        out.append(clean(decode(b"".join(pending), label, hints)[0]).replace("\n", " "))
        pending.clear()


def _word_bytes(kind: str, payload: str) -> bytes | None:
    raw = payload.encode("utf-8", "surrogateescape")
    if kind in "qQ":
        return binascii.a2b_qp(raw.replace(b"\n", b""), header=True)
    raw = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(raw) % 4 == 1:
        raw = raw[:-1]
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return None


def field_text(raw: bytes, hints: Sequence[str]) -> str:
    """A value as text with its encoded words as they are, for readers of its structure."""
    text, _, _ = decode(raw, "", hints) if not raw.isascii() or b"\x1b" in raw else (raw.decode("ascii"), "", "")
    return clean(text).replace("\n", " ")


def date_of(text: str) -> str:
    """A Date as ISO 8601 in UTC, "" where it is none. Also as programs write it without reading the standard: in ISO
    8601, with a colon in the zone, with its name in Europe and the Far East, as GMT+1."""
    said = _LEAP_SECOND.sub(r"\1:59", _COLON.sub(r"\1\2", _COMMENT.sub("", text[:200]).strip()))
    said = _OFFSET.sub(lambda found: f"{found[1]}{found[2]:>02}{found[3] or '00'}", said)
    said = _ZONE.sub(lambda found: _ZONES[found[0]], said)
    try:
        moment = datetime.fromisoformat(said.replace(" +", "+")) if _ISO.match(said) else parsedate_to_datetime(said)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
