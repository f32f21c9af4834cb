"""Header fields: split, unfold, decode, and the facts that mail-parser reads from them.

Raw 8-bit text, broken or split encoded words and unknown charsets are decoded here (mail-parser drops
them); it then gets the fields it is good at, addresses and dates, as clean UTF-8.
Source: RFC 5322 2.2, RFC 2047, RFC 2231, RFC 6532.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.model.email import Address

from . import limits
from .charset import decode
from .clean import clean, clean_line

# Its findings are kept as defects; a child has nothing to print.
logging.getLogger("mailparser").addHandler(logging.NullHandler())

RawHeader = tuple[str, bytes]

_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_KNOWN = re.compile(
    rb"(?i)(?:content-[a-z-]+|mime-version|from|to|cc|subject|date|message-id|received|reply-to|return-path|"
    rb"x-[a-z-]+)[ \t]*:"
)
_WORD = re.compile(r"=\?([^?\s=]{1,80})\?([bBqQ])\?([^?]{0,8000})\?=")
_LOOSE_WORD = re.compile(r"=\?([^?\s=]{1,80})\?([bBqQ])\?([^?\r\n]{0,8000})(?:\?=?|$)")
_ADDRESS_FIELDS = ("from", "to", "cc", "reply-to", "sender", "resent-from", "x-original-from")


def split_headers(block: bytes, of_a_part: bool = False) -> tuple[list[RawHeader], int, list[str]]:
    """The fields of a header block as (name, raw unfolded value), how many bytes of the block they took
    (less than its length when text follows without a blank line), and notes.

    A line that is no header ends the block; a mail's own block only where no known header follows, since
    servers add theirs below such a line."""
    fields: list[tuple[str, list[bytes]]] = []
    notes: list[str] = []
    position = 0
    lines = block.split(b"\n")
    for index, line in enumerate(lines):
        length = len(line) + 1
        bare = line.rstrip(b"\r")
        if bare[:1] in (b" ", b"\t"):
            if fields:
                fields[-1][1].append(bare)
        elif _NAME.match(bare):
            name, _, value = bare.partition(b":")
            if len(fields) >= limits.HEADERS:
                if len(notes) < 5 and "headers left out" not in notes:
                    notes.append("headers left out")
                fields[-1] = (fields[-1][0], fields[-1][1][:1])
                position += length
                continue
            fields.append((name.rstrip(b" \t").decode("ascii", "replace"), [value]))
        elif bare.startswith((b"From ", b">From ")) and not fields and not of_a_part:
            pass
        elif bare:
            if of_a_part or not _later_header(lines, index):
                notes.append("no blank line after the headers")
                break
            if index or fields:
                notes.append("a line without a header name")
        position += length
    out: list[RawHeader] = []
    for title, pieces in fields:
        value = b"".join(piece if not number else b" " + piece.lstrip(b" \t") for number, piece in enumerate(pieces))
        if len(value) > limits.HEADER_VALUE:
            value = value[: limits.HEADER_VALUE]
            notes.append(f"header {title[:40]} cut")
        out.append((title, value.strip(b" \t\r")))
    return out, min(position, len(block)), notes[:5]


def _later_header(lines: Sequence[bytes], index: int) -> bool:
    return any(_KNOWN.match(line) for line in lines[index + 1 : index + 30])


def decode_value(raw: bytes, hints: Sequence[str] = ()) -> str:
    """A header value as text: raw bytes through the charset ladder, then its encoded words."""
    text, _, _ = decode(raw, "", hints) if not raw.isascii() or b"\x1b" in raw else (raw.decode("ascii"), "", "")
    if "=?" in text:
        text = decode_words(text, hints)
    return clean_line(text)


def decode_words(text: str, hints: Sequence[str] = ()) -> str:
    """RFC 2047 words; neighbours of one charset are joined as bytes first, since programs split characters."""
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
        out.append(decode(b"".join(pending), label, hints)[0])
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


def normal_words(raw: bytes, hints: Sequence[str] = ()) -> str:
    """The value with every encoded word and raw byte turned into clean UTF-8 words, structure kept."""
    text, _, _ = decode(raw, "", hints) if not raw.isascii() or b"\x1b" in raw else (raw.decode("ascii"), "", "")
    text = clean(text).replace("\n", " ")
    if "=?" not in text:
        return text
    out: list[str] = []
    position = 0
    for match in _runs(text):
        out.append(text[position : match[0]])
        word = clean_line(decode_words(text[match[0] : match[1]], hints))
        out.append("=?utf-8?b?" + base64.b64encode(word.encode()).decode() + "?=")
        position = match[1]
    out.append(text[position:])
    return "".join(out)


def _runs(text: str) -> Iterable[tuple[int, int]]:
    """Spans of neighbouring encoded words."""
    start = end = -1
    for match in _WORD.finditer(text):
        if end >= 0 and not text[end : match.start()].strip(" \t"):
            end = match.end()
            continue
        if end >= 0:
            yield start, end
        start, end = match.span()
    if end >= 0:
        yield start, end


class Facts:
    """What mail-parser says about the header block: people, date and defects."""

    def __init__(self, fields: Sequence[RawHeader], hints: Sequence[str] = ()) -> None:
        self.defects: list[str] = []
        self._people: dict[str, tuple[Address, ...]] = {}
        self.date = ""
        lines: list[str] = []
        seen: dict[str, int] = {}
        for name, raw in fields:
            key = name.lower()
            if key in _ADDRESS_FIELDS or key == "date":
                seen[key] = seen.get(key, 0) + 1
                if seen[key] == 1 and raw:
                    lines.append(f"{name}: {normal_words(raw, hints)}")
        for key, count in seen.items():
            if count > 1:
                self.defects.append(f"{count} {key} headers, the first one counts")
        block = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")
        try:
            import mailparser  # takes long to import, and the processes that only split headers need it not

            mail: Any = mailparser.parse_from_bytes(block)
        except Exception as error:  # the library's own limits; the mail must not die for them
            self.defects.append(f"headers not understood: {type(error).__name__}")
            mail = None
        raws = {name.lower(): raw for name, raw in reversed(fields)}
        for key in _ADDRESS_FIELDS:
            if key not in seen:
                continue
            pairs: list[tuple[str, str]] = []
            if mail is not None:
                try:
                    pairs = list(getattr(mail, "from_" if key == "from" else key.replace("-", "_")) or [])
                except Exception:  # as above
                    pairs = []
            self._people[key] = _people(pairs) or tuple(
                one for one in _loose(decode_value(raws[key], hints)) if one.address or key == "from"
            )
        if mail is not None:
            try:
                self.date = iso(mail.date) if mail.date else ""
            except Exception:  # as above
                self.date = ""
            for defect in sorted(str(item) for item in mail.defects_categories):
                self.defects.append(f"header: {defect}")
        if "date" in seen and not self.date:
            self.defects.append("date not understood")

    def people(self, key: str) -> tuple[Address, ...]:
        return self._people.get(key, ())


def iso(moment: datetime) -> str:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat()


def canonical_address(text: str) -> str:
    local, at, domain = text.strip().strip("<>").rpartition("@")
    return f"{local}@{domain.lower()}" if at else text.strip()


def _people(pairs: Iterable[Any]) -> tuple[Address, ...]:
    found = []
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) < 2:
            continue
        name, address = clean_line(str(pair[0] or "")), clean_line(str(pair[1] or ""))
        if "=?" in name:
            name = clean_line(decode_words(name))
        if "@" in address:
            found.append(Address(canonical_address(address), name))
    return tuple(found[: limits.ADDRESSES])


_LOOSE = re.compile(r"[^\s<>()\[\]\",;:]{1,200}@[^\s<>()\",;:]{1,253}")


def _loose(text: str) -> tuple[Address, ...]:
    """Addresses in a field that follows no grammar: any token with an @, the words before it as name."""
    found: list[Address] = []
    position = 0
    for match in _LOOSE.finditer(text[:20_000]):
        name = text[position : match.start()].strip(" \t,;<\"'()")
        found.append(Address(canonical_address(match.group().strip("'.")), clean_line(name)))
        position = match.end()
        if position < len(text) and text[position] in ">)":
            position += 1
        if len(found) >= limits.ADDRESSES:
            break
    if not found and text.strip():
        # An address without a domain (<moderator>) is still what the mail says.
        name, bracket, rest = text[:2000].rpartition("<")
        inner = rest.partition(">")[0].strip()
        if bracket and inner and " " not in inner:
            return (Address(inner, clean_line(name.strip(" \"'"))),)
        return (Address("", text.strip(" \"'<>")[:200]),)
    return tuple(found)
