"""The delimiter lines of a multipart: where its parts lie, and what lies outside of them.

One forward scan, nothing copied. Source: RFC 2046 5.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import limits

_CANDIDATES = 100_000
PART_FIELD = re.compile(r"(?i)(?:content-|mime-version|x-)")
WORDS = re.compile(rb"[A-Za-z0-9]{2}|[\x80-\xff]{2}")
_BLANK_LINE = re.compile(rb"\n[ \t\r]*\n")
_HEADER_LINE = re.compile(rb"(?im)^content-[a-z-]+:")
# What programs write before the first part, for readers that know no MIME; whatever its language, it says MIME.
_NOTICE = re.compile(rb"(?i)\bMIME\b|S/MIME|multi-?part|mail client|mail reader")


@dataclass(slots=True)
class Spans:
    """The bodies between delimiter lines, what lies outside of them, whether the last was closed."""

    parts: list[tuple[int, int]] = field(default_factory=list)
    outside: list[tuple[int, int]] = field(default_factory=list)
    closed: bool = False


def has_words(data: bytes, start: int, end: int) -> bool:
    """Whether words stand outside the parts that a person wrote: not the paragraph for readers without MIME."""
    if end - start > 4_000:
        return bool(WORDS.search(data, start, end))
    return any(
        WORDS.search(paragraph) and not (_NOTICE.search(paragraph) and not _HEADER_LINE.search(paragraph))
        for paragraph in _BLANK_LINE.split(data[start:end])
    )


def starts_with_headers(piece: bytes) -> bool:
    return PART_FIELD.match(piece[:20].decode("latin-1")) is not None


def spans_of(data: bytes, boundary: bytes, start: int, end: int) -> Spans:
    """One scan for the delimiter lines. Some programs go on after the closing one, so the scan does too."""
    marker = b"--" + boundary
    found = Spans()
    opened, free = -1, start
    for here in _candidates(data, marker, start, end):
        position = here + len(marker)
        line_end = data.find(b"\n", position, min(end, position + 1000))
        if line_end < 0 and end - position >= 1000:
            continue  # a long line that begins like one
        line_end = end if line_end < 0 else line_end
        tail = data[position:line_end].rstrip(b" \t\r")
        closing = tail.startswith(b"--")
        if tail and not closing:
            continue
        if closing and tail.strip(b"-") and not tail[2:].startswith((b" ", b"\t")):
            continue
        if opened >= 0:
            found.parts.append((opened, _before_break(data, opened, here)))
            if len(found.parts) > limits.PARTS:
                found.parts[-1] = (opened, end)
                return found
        elif len(found.outside) < limits.OUTSIDE:
            found.outside.append((free, here))
        else:
            found.outside[-1] = (found.outside[-1][0], here)
        free = min(line_end + 1, end)
        opened = -1 if closing else free
        found.closed = closing
    if opened < 0:
        found.outside.append((free, end))
    elif opened < end or not found.parts:
        found.parts.append((opened, end))
    return found


def _candidates(data: bytes, marker: bytes, start: int, end: int) -> Iterator[int]:
    """Where the marker stands at the start of the body or of a line; capped, since each is looked at."""
    at = start if data.startswith(marker, start, end) else data.find(b"\n" + marker, start, end) + 1 or -1
    for _ in range(_CANDIDATES):
        if at < 0:
            return
        yield at
        following = data.find(b"\n" + marker, at + len(marker), end)
        at = following + 1 if following >= 0 else -1


def _before_break(data: bytes, start: int, at: int) -> int:
    if at > start and data[at - 1 : at] == b"\n":
        at -= 1
        if at > start and data[at - 1 : at] == b"\r":
            at -= 1
    return at


def sniff_boundary(data: bytes, start: int, end: int) -> bytes:
    """The boundary of a multipart that does not declare it: a line of two dashes above a header, b"" for none."""
    position = start
    for _ in range(20):
        at = data.find(b"--", position, min(end, start + 20_000))
        if at < 0:
            return b""
        position = at + 2
        if at > start and data[at - 1] not in b"\r\n":
            continue
        line_end = data.find(b"\n", at, at + 300)
        if line_end < 0:
            continue
        if data[line_end + 1 : line_end + 9].lower() == b"content-":
            return data[at + 2 : line_end].rstrip(b" \t\r")
    return b""
