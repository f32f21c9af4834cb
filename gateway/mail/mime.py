"""The part tree of a mail, as spans of its bytes.

An own splitter instead of the stdlib's feed parser: it copies nothing (a 25 MB mail costs its decoded files
only), each level is one forward scan for its boundary, and wrong nestings degrade to text or to a file
instead of an exception. Nested messages are parsed as parts of their own but stay files of the outer mail.
Source: RFC 2045, RFC 2046 5.1, RFC 2231.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from . import limits
from .charset import decode
from .clean import clean_line
from .headers import RawHeader, decode_value, decode_words, split_headers

_CANDIDATES = 100_000
_PARAMETER = re.compile(r';?\s*([^\s=;"]{1,80})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')
_TYPE = re.compile(r"\s*([A-Za-z0-9.+_-]{1,100})\s*/\s*([A-Za-z0-9.+_-]{1,120})")


@dataclass(slots=True)
class Part:
    """A node: its headers, type, and where its body lies in ``data``."""

    path: str
    data: bytes
    start: int
    end: int
    fields: list[RawHeader]
    content_type: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    disposition_params: dict[str, str] = field(default_factory=dict)
    encoding: str = ""
    children: list[Part] = field(default_factory=list)
    parent: Part | None = None
    declared: bool = False
    note: str = ""

    def header(self, name: str) -> str:
        wanted = name.lower()
        return next((decode_value(raw) for key, raw in self.fields if key.lower() == wanted), "")

    @property
    def multipart(self) -> bool:
        return bool(self.children) and self.content_type.startswith("multipart/")

    @property
    def raw(self) -> bytes:
        return self.data[self.start : self.end]

    def walk(self) -> Iterator[Part]:
        todo = [self]
        while todo:
            part = todo.pop()
            yield part
            todo.extend(reversed(part.children))

    def payload(self) -> bytes:
        """The decoded bytes."""
        return decode_transfer(memoryview(self.data)[self.start : self.end], self.encoding)[0]


class Tree:
    """Parses once; ``notes`` say what was wrong or capped."""

    def __init__(self, data: bytes) -> None:
        self.notes: list[str] = []
        self._count = 0
        self.root = self._part(data, 0, len(data), "", 0, "text/plain")

    def note(self, text: str) -> None:
        if text not in self.notes and len(self.notes) < limits.DEFECTS:
            self.notes.append(text)

    def _part(self, data: bytes, start: int, end: int, path: str, depth: int, default: str) -> Part:
        self._count += 1
        block, body = _header_span(data, start, end)
        if body - start > limits.HEADER_BLOCK:
            self.note("header block cut")
        raw_block = data[start:block]
        fields, used, notes = split_headers(raw_block)
        for note in notes:
            self.note(note)
        if used < len(raw_block):
            body = start + used
        part = Part(path, data, body, end, fields)
        self._describe(part, default)
        if part.content_type.startswith("multipart/"):
            self._split(part, depth)
        return part

    def _describe(self, part: Part, default: str) -> None:
        seen: dict[str, bytes] = {}
        for name, raw in part.fields:
            key = name.lower()
            if key.startswith("content-") and (key not in seen or not seen[key].strip()):
                seen[key] = raw
        part.content_type = default
        if "content-type" in seen:
            kind, params = parse_typed(seen["content-type"])
            match = _TYPE.match(kind)
            if match:
                part.content_type = f"{match[1]}/{match[2]}".lower()
                part.declared = True
            elif kind.strip().lower() in ("text", "plain", "text/"):
                part.content_type = "text/plain"
            elif kind.strip().lower() == "html":
                part.content_type = "text/html"
            elif kind.strip():
                self.note("content type not understood")
            part.params = params
        if "content-disposition" in seen:
            kind, part.disposition_params = parse_typed(seen["content-disposition"])
            part.disposition = kind.strip().lower()[:40]
        if "content-transfer-encoding" in seen:
            value = seen["content-transfer-encoding"].decode("latin-1").partition(";")[0].partition("(")[0]
            part.encoding = value.strip().strip("\"'").lower()

    def _split(self, part: Part, depth: int) -> None:
        boundary = part.params.get("boundary", "")[: limits.BOUNDARY].rstrip().encode("utf-8", "surrogateescape")
        if depth >= limits.DEPTH or self._count >= limits.PARTS:
            self.note("too many or too deep parts: kept as a file")
            part.note = "capped"
            return
        spans, closed = _spans(part.data, boundary, part.start, part.end) if boundary else ([], False)
        if not spans:
            sniffed = _sniff_boundary(part.data, part.start, part.end)
            if sniffed:
                self.note("multipart boundary missing, found in the body")
                spans, closed = _spans(part.data, sniffed, part.start, part.end)
        if not spans and part.encoding in ("base64", "quoted-printable"):
            decoded = part.payload()
            spans, closed = _spans(decoded, boundary, 0, len(decoded)) if boundary else ([], False)
            if spans:
                self.note("encoded multipart")
                part.data, part.start, part.end, part.encoding = decoded, 0, len(decoded), ""
        if not spans:
            self.note("multipart without parts: read as text")
            part.content_type = "text/plain"
            part.params = {key: value for key, value in part.params.items() if key == "charset"}
            return
        if not closed:
            self.note("multipart not closed")
        default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        for number, (start, end) in enumerate(spans, 1):
            path = f"{part.path}.{number}" if part.path else str(number)
            if self._count >= limits.PARTS:
                self.note("too many parts: the rest kept as a file")
                rest = Part(path, part.data, start, spans[-1][1], [], "application/octet-stream", parent=part)
                rest.note = "capped"
                part.children.append(rest)
                break
            child = self._part(part.data, start, end, path, depth + 1, default)
            child.parent = part
            part.children.append(child)


def _header_span(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header block ends and where the body begins."""
    if data[start : start + 1] == b"\n":
        return start, start + 1
    if data[start : start + 2] == b"\r\n":
        return start, start + 2
    limit = min(end, start + limits.HEADER_BLOCK)
    best = (limit, limit) if limit < end else (end, end)
    lf = data.find(b"\n\n", start, limit)
    crlf = data.find(b"\n\r\n", start, lf if lf >= 0 else limit)
    if crlf >= 0:
        return crlf + 1, crlf + 3
    if lf >= 0:
        return lf + 1, lf + 2
    if limit < end:
        # The block is longer than the cap: what follows it up to the empty line is not text.
        far = data.find(b"\n\n", limit, end)
        far_crlf = data.find(b"\n\r\n", limit, far if far >= 0 else end)
        if far_crlf >= 0:
            return limit, far_crlf + 3
        if far >= 0:
            return limit, far + 2
    return best


def _spans(data: bytes, boundary: bytes, start: int, end: int) -> tuple[list[tuple[int, int]], bool]:
    """The bodies between delimiter lines; whether the closing delimiter was there."""
    marker = b"--" + boundary
    spans: list[tuple[int, int]] = []
    opened = -1
    for here in _candidates(data, marker, start, end):
        position = here + len(marker)
        line_end = data.find(b"\n", position, min(end, position + 1000))
        if line_end < 0:
            line_end = end if end - position < 1000 else position
        tail = data[position:line_end].rstrip(b" \t\r")
        closing = tail.startswith(b"--")
        if tail and not closing:
            continue
        if closing and tail.strip(b"-") and not tail[2:].startswith((b" ", b"\t")):
            continue
        if opened >= 0:
            spans.append((opened, _before_break(data, opened, here)))
            if len(spans) > limits.PARTS:
                return [*spans[:-1], (opened, end)], False
        opened = min(line_end + 1, end)
        if closing:
            return spans, True
    if opened >= 0 and (opened < end or not spans):
        spans.append((opened, end))
    return spans, False


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


def _sniff_boundary(data: bytes, start: int, end: int) -> bytes:
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


def parse_typed(raw: bytes) -> tuple[str, dict[str, str]]:
    """A Content-Type or Content-Disposition value: kind and parameters, RFC 2231 joined and decoded,
    encoded words accepted although forbidden."""
    text, _, _ = decode(raw, "") if not raw.isascii() else (raw.decode("ascii"), "", "")
    text = text.replace("\r", "").replace("\n", " ")
    kind, _, rest = text.partition(";")
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(";" + rest)):
        if count >= limits.PARAMETERS:
            break
        name = match[1].lower()
        if match[2] is not None:
            value = re.sub(r"\\(.)", r"\1", match[2]) if "\\" in match[2] else match[2]
        else:
            value = (match[3] or "").strip().strip('"')
            if name == "boundary" and "(" not in value:
                value = value.partition(" ")[0] if " " in value else value
        base, star, tail = name.partition("*")
        if not star:
            plain.setdefault(name, value)
            continue
        encoded = tail.endswith("*") or tail == ""
        number = tail.rstrip("*")
        pieces.setdefault(base, []).append((int(number) if number.isdigit() and len(number) < 6 else 0, encoded, value))
    for base, found in pieces.items():
        joined = _join_2231(found)
        if joined:
            plain[base] = joined
    for name, value in plain.items():
        if "=?" in value:
            plain[name] = decode_words(value)
        if name != "boundary":
            plain[name] = clean_line(plain[name])
    return kind, plain


def _join_2231(pieces: list[tuple[int, bool, str]]) -> str:
    pieces.sort(key=lambda piece: piece[0])
    charset = ""
    data = bytearray()
    for index, (_, encoded, value) in enumerate(pieces):
        if index == 0 and encoded and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        if encoded or "%" in value:
            data += unquote_to_bytes(value)
        else:
            data += value.encode("utf-8", "replace")
    return decode(bytes(data), charset)[0]


def decode_transfer(data: bytes | memoryview, encoding: str) -> tuple[bytes, str]:
    """Content-Transfer-Encoding undone, leniently; a note when it was broken or unknown."""
    if encoding in ("base64", "base-64", "b"):
        return decode_base64(data)
    if encoding in ("quoted-printable", "quotedprintable", "q"):
        raw = bytes(data)
        if b" \n" in raw or b" \r\n" in raw or b"\t\n" in raw or b"\t\r\n" in raw:
            # Blanks before a line end were added on the way (RFC 2045 6.7 rule 3).
            raw = b"\n".join(
                line[:-1].rstrip(b" \t") + b"\r" if line.endswith(b"\r") else line.rstrip(b" \t")
                for line in raw.split(b"\n")
            )
        return binascii.a2b_qp(raw), ""
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        from .uu import decode_body

        decoded = decode_body(bytes(data))
        return (decoded, "") if decoded is not None else (bytes(data), "uuencoded text not understood")
    return bytes(data), ""


def decode_base64(data: bytes | memoryview) -> tuple[bytes, str]:
    try:
        return binascii.a2b_base64(data), ""
    except (binascii.Error, ValueError):
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", bytes(data))
        kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
        try:
            return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4)), "base64 damaged"
        except (binascii.Error, ValueError):
            return bytes(data), "base64 not understood"
