"""The one split of a mail: where its header block ends, its fields, and whether another reader could see others.

Everything that reads a header uses this result: the edge, the verdicts, threading, the parser's child, templates.
Linear with a small factor: any block at the limit costs a few milliseconds. Never raises.
Source: RFC 5322 2.2 and 3.6, RFC 6532 3, RFC 5321 2.3.8.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from . import limits

RawHeader = tuple[str, bytes]
"""A field's name as written, and its value unfolded (RFC 5322 2.2.3), without blanks at its ends."""

ONCE = frozenset("from sender reply-to to cc bcc subject date message-id in-reply-to references mime-version".split())
"""Fields that may stand once (RFC 5322 3.6); those of MIME (``content-…``) too."""

_NAME = re.compile(rb"([!-9;-~]{1,200})([ \t]*):")
_KNOWN = re.compile(
    rb"(?i)(?:content-[a-z-]+|mime-version|from|to|cc|subject|date|message-id|received|reply-to|return-path|"
    rb"x-[a-z-]+)[ \t]*:"
)
_LINES = 2 * limits.HEADERS  # of which fields are made; in a mail that has one reading all are fields
_AHEAD = 30  # lines within which a known field must follow a line that is none
NAMING = frozenset({"references", "in-reply-to"})
"""Fields that name other mails, the newest last."""
_FIRST = 2048  # octets of such a field's first ids, among which is the mail that began the thread
_ENDS_ID = re.compile(rb".*(?:>|[^ \t\r\n](?=[ \t\r\n]))", re.DOTALL)
_BEGINS_ID = re.compile(rb"<|(?<=[ \t\r\n])[^ \t\r\n]")


@dataclass(frozen=True, slots=True)
class Head:
    """``fields`` top first, at most 1,000 of at most 64 kB; ``block`` is their text as it stands and ``body``
    where the text begins, as an offset of the data. ``doubts`` say why a reader with other rules may see other
    fields or another text ("" none: there is one reading); ``notes`` what was mended or left out."""

    fields: tuple[RawHeader, ...]
    block: bytes
    body: int
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def values(self, name: str) -> list[bytes]:
        """The values of a field (``name`` in lower case), top first."""
        return [value for title, value in self.fields if title.lower() == name]

    def folded(self) -> list[tuple[bytes, bytes]]:
        """The fields as they stand, folds and all: (name, value with its line end), top first. For signatures;
        of a block that has one reading only."""
        pairs = []
        for line in re.split(rb"\r\n(?![ \t])", self.block.removesuffix(b"\r\n")):
            name, colon, value = line.partition(b":")
            if colon:
                pairs.append((name, value + b"\r\n"))
        return pairs


def with_line_feeds(raw: bytes) -> bytes:
    """A mail of bare carriage returns (old Mac programs) with line feeds; any other as it is."""
    if b"\n" in raw[:10_000] or b"\r" not in raw[:10_000]:
        return raw
    return raw.replace(b"\r", b"\n")


def split_head(data: bytes, start: int = 0, end: int | None = None, *, of_a_part: bool = False) -> Head:
    """Cut the header block that begins at ``start``.

    The block ends at the first empty line or at the limit. A line that is no field ends it too: at once in a part,
    in a mail only where no known field follows, since servers add theirs below such a line."""
    end = len(data) if end is None else end
    stop, body = _span(data, start, end)
    block = data[start:stop]
    doubts = _bytes_in_doubt(data[start:body])
    if body - start > limits.HEADER_BLOCK or stop - start >= limits.HEADER_BLOCK:
        doubts.append("a header block over 256 kB")
    fields, used, lines_in_doubt, notes = _fields(block, of_a_part)
    if used < len(block):
        body = start + used
    doubts += lines_in_doubt
    doubts += _twice(fields)
    return Head(tuple(fields), block, body, tuple(dict.fromkeys(doubts)), tuple(notes[:5]))


def block_of(data: bytes) -> bytes:
    """The header block as it stands, of which ``split_head`` would make the fields."""
    return data[: _span(data, 0, len(data))[0]]


def _span(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header block ends and where the body begins."""
    for empty in (b"\n", b"\r\n"):
        if data.startswith(empty, start, end):
            return start, start + len(empty)
    limit = min(end, start + limits.HEADER_BLOCK)
    stop, body = _empty_line(data, start, limit)
    if stop >= 0:
        return stop, body
    if limit == end:
        return end, end
    # Longer than the cap: what follows up to the empty line is no text.
    stop, body = _empty_line(data, limit, end)
    return limit, body if stop >= 0 else limit


def _empty_line(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the first empty line begins and ends; -1 without one. Two finds: a pattern is slow on many lines."""
    pair = data.find(b"\n\r\n", start, end)  # most mail has it, and soon
    plain = data.find(b"\n\n", start, end if pair < 0 else pair + 1)
    if plain >= 0:
        return plain + 1, plain + 2
    return (pair + 1, pair + 3) if pair >= 0 else (-1, -1)


def _bytes_in_doubt(block: bytes) -> list[str]:
    pairs = block.count(b"\r\n")
    found = []
    if block.count(b"\n") > pairs:
        found.append("a bare LF in the header")
    if block.count(b"\r") > pairs:
        found.append("a bare CR in the header")
    if b"\0" in block:
        found.append("a NUL in the header")
    return found


def _fields(block: bytes, of_a_part: bool) -> tuple[list[RawHeader], int, list[str], list[str]]:
    """The fields, how many bytes of the block they took, what is in doubt, and notes."""
    fields: list[RawHeader] = []
    doubts: list[str] = []
    notes: list[str] = []
    position = 0
    # A fold is marked by a CR in the place of its LF, so that places stay the same and all is done in C.
    lines = block.replace(b"\n ", b"\r ").replace(b"\n\t", b"\r\t").split(b"\n", _LINES)
    known: list[int] | None = None
    for index, line in enumerate(lines):
        match = _NAME.match(line)
        if match is None:
            bare = line.rstrip(b"\r\n")
            if not bare:
                position += len(line) + 1
                continue
            doubts.append("a line that is no field")
            if of_a_part or not _mbox_line(line, index):
                known = _next_known(lines) if known is None else known
                if of_a_part or known[index] - index > _AHEAD:
                    notes.append("no blank line after the headers")
                    return fields, min(position, len(block)), doubts, notes
                if index:
                    notes.append("a line without a header name")
        elif len(fields) >= limits.HEADERS:
            notes.append("headers left out")
            doubts.append("over 1,000 fields")
            break
        else:
            if match[2]:
                doubts.append("blanks before a colon")
            value = line[match.end() :]
            if len(value) > limits.HEADER_VALUE:
                value = cut(match[1].decode(), value)
                notes.append(f"header {match[1][:40].decode()} cut")
            fields.append((match[1].decode(), value.replace(b"\r", b"").strip(b" \t\n")))
        position += len(line) + 1
    return fields, len(block), doubts, notes


def cut(name: str, value: bytes) -> bytes:
    """As much of a field's value as is read: of one that names other mails the first ids and the newest, which stand at
    its end; of all others the beginning."""
    if name.lower() in NAMING:
        return first_and_newest(value, limits.HEADER_VALUE)
    return value[: limits.HEADER_VALUE]


def first_and_newest(ids: bytes, most: int) -> bytes:
    """Ids in brackets, or words, of at most so many octets: the first ones and the newest, all of them whole."""
    if len(ids) <= most:
        return ids
    first, newest = ids[:_FIRST], ids[_FIRST + 1 - most :]
    end, begin = _ENDS_ID.match(first), _BEGINS_ID.search(newest)
    return first[: end.end() if end else None] + b" " + newest[begin.start() if begin else 0 :]


def _mbox_line(line: bytes, index: int) -> bool:
    return not index and line.startswith((b"From ", b">From "))


def _next_known(lines: Sequence[bytes]) -> list[int]:
    """For each line the number of the next line that is a known field."""
    following = [0] * len(lines)
    at = len(lines) + _AHEAD + 1
    for index in range(len(lines) - 1, -1, -1):
        following[index] = at
        if _KNOWN.match(lines[index]):
            at = index
    return following


def _twice(fields: Sequence[RawHeader]) -> list[str]:
    counts = Counter([name.lower() for name, _ in fields])
    if len(counts) == len(fields):
        return []
    return [
        f"{count} {name} fields"
        for name, count in counts.items()
        if count > 1 and (name in ONCE or name.startswith("content-"))
    ]
