"""The part tree of a mail, as spans of its bytes.

An own splitter instead of the stdlib's feed parser: it copies nothing (a 25 MB mail costs its decoded files
only), each level is one forward scan for its boundary, and wrong nestings degrade to text or to a file
instead of an exception. Nested messages are parsed as parts of their own but stay files of the outer mail.
Source: RFC 2045, RFC 2046 5.1, RFC 2231.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from . import limits
from .charset import decode
from .charsets import codec
from .clean import clean_line
from .delimiters import PART_FIELD, Spans, has_words, sniff_boundary, spans_of, starts_with_headers
from .head import RawHeader, split_head
from .headers import decode_value, decode_words
from .transfer import Decoded, decode_transfer

# A run of blanks is looked through from its beginning alone.
_PARAMETER = re.compile(r'(?<!\s);?\s*+([^\s=;"]{1,80})\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^;]*+))')
_MEANT = {
    **dict.fromkeys(("text", "plain", "text/", "plain/text", "text/text"), "text/plain"),
    **dict.fromkeys(("html", "html/text", "text/htm"), "text/html"),
}
"""Types that programs write, and what they mean."""
_TYPE = re.compile(r"\s*([A-Za-z0-9.+_-]{1,100})\s*/\s*([A-Za-z0-9.+_*-]{1,120})")


@dataclass(slots=True)
class Part:
    """A node: its headers, type, and where its body lies in ``data``.

    ``note`` marks what is never the letter itself: "capped" or "outside" (words before the first or behind the
    last delimiter). ``cut`` says that the mail ends within it, no delimiter closes it."""

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
    cut: bool = False

    def header(self, name: str) -> str:
        wanted = name.lower()
        for key, raw in self.fields:
            if key.lower() == wanted:
                return decode_value(raw)
        return ""

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

    def filename(self, hints: Sequence[str] = ()) -> str:
        """The name of the file, "" for none; ``hints`` are the charsets of the texts, for a name that has no label."""
        found = []
        for field_name, key, known in (
            ("content-disposition", "filename", self.disposition_params),
            ("content-type", "name", self.params),
        ):
            raw = next((raw for name, raw in self.fields if name.lower() == field_name), b"")
            read = parse_typed(raw, hints)[1] if hints and not raw.isascii() else known
            found.append(read.get(key, ""))
        return found[0] or found[1]

    def payload(self) -> bytes:
        """The decoded bytes."""
        return self.decoded().data

    def decoded(self) -> Decoded:
        return decode_transfer(memoryview(self.data)[self.start : self.end], self.encoding)


class Tree:
    """Parses once; ``notes`` say what was wrong or capped, ``doubts`` are those of the mail's own head."""

    def __init__(self, data: bytes) -> None:
        self.notes: list[str] = []
        self.doubts: tuple[str, ...] = ()
        self._count = 0
        self.root = self._part(data, 0, len(data), "", 0, "text/plain")

    def note(self, text: str) -> None:
        if text not in self.notes and len(self.notes) < limits.DEFECTS:
            self.notes.append(text)

    def _part(self, data: bytes, start: int, end: int, path: str, depth: int, default: str) -> Part:
        self._count += 1
        head = split_head(data, start, end, of_a_part=depth > 0)
        for note in head.notes:
            self.note(note)
        if not depth:
            self.doubts = head.doubts
        fields, body = list(head.fields), head.body
        if depth and default == "text/plain" and fields and not any(PART_FIELD.match(name) for name, _ in fields):
            # Text that begins without the blank line; its first lines only look like headers.
            fields, body = [], start
        part = Part(path, data, body, end, fields)
        self._describe(part, default)
        if part.content_type.startswith("multipart/"):
            self._end_headers(part, start)
            self._split(part, depth)
        return part

    def _end_headers(self, part: Part, start: int) -> None:
        """A delimiter within the header block ends it: the blank line before it is missing."""
        boundary = _boundary(part)
        at = part.data.find(b"\n--" + boundary, start, part.start) if boundary else -1
        if at >= 0:
            part.start = at + 1
            part.fields = list(split_head(part.data[start : part.start]).fields)

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
            if meant := _MEANT.get(kind.strip().lower()):
                part.content_type = meant
            elif match:
                part.content_type = f"{match[1]}/{match[2]}".lower()
                part.declared = True
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
        boundary = _boundary(part)
        if depth >= limits.DEPTH or self._count >= limits.PARTS:
            self.note("too many or too deep parts: kept as a file")
            part.note = "capped"
            return
        found = spans_of(part.data, boundary, part.start, part.end) if boundary else Spans()
        if not found.parts:
            sniffed = sniff_boundary(part.data, part.start, part.end)
            if sniffed:
                self.note("multipart boundary missing, found in the body")
                found = spans_of(part.data, sniffed, part.start, part.end)
        if not found.parts and part.encoding in ("base64", "quoted-printable"):
            decoded = part.payload()
            found = spans_of(decoded, boundary, 0, len(decoded)) if boundary else Spans()
            if found.parts:
                self.note("encoded multipart")
                part.data, part.start, part.end, part.encoding = decoded, 0, len(decoded), ""
        if not found.parts:
            self.note("multipart without parts: read as text")
            part.content_type = "text/plain"
            part.params = {key: value for key, value in part.params.items() if key == "charset"}
            return
        outside = [span for span in found.outside if has_words(part.data, *span)]
        if outside and outside[0][0] == part.start:
            self._before(part, outside.pop(0), depth)
        self._children(part, found.parts, depth)
        if not found.closed:
            self.note("multipart not closed")
            part.children[-1].cut = found.parts[-1][1] == len(part.data) and not part.children[-1].children
        for start, end in outside:
            self._outside(part, f"{part.path}.{len(part.children) + 1}".lstrip("."), start, end, depth)

    def _children(self, part: Part, spans: list[tuple[int, int]], depth: int) -> None:
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

    def _before(self, part: Part, span: tuple[int, int], depth: int) -> None:
        """Words before the first delimiter. Where the headers say Content-Type twice, the delimiter between is
        missing: the second set belongs to these words."""
        types = [index for index, (name, _) in enumerate(part.fields) if name.lower() == "content-type"]
        path = f"{part.path}.0".lstrip(".")
        if len(types) < 2:
            self._outside(part, path, *span, depth)
            return
        self.note("first part without a delimiter")
        first = Part(path, part.data, *span, part.fields[types[1] :], parent=part)
        self._describe(first, "text/plain")
        if first.content_type.startswith("multipart/"):
            first.content_type = "text/plain"
        self._count += 1
        part.fields = part.fields[: types[1]]
        part.children.append(first)

    def _outside(self, part: Part, path: str, start: int, end: int, depth: int) -> None:
        self.note("words outside the parts")
        if starts_with_headers(part.data[start : start + 200].lstrip()):
            # A part whose delimiter was written as a closing one.
            child = self._part(part.data, start, end, path, depth + 1, "text/plain")
        else:
            child = Part(path, part.data, start, end, [], note="outside")
            self._count += 1
        child.parent = part
        part.children.append(child)


def _boundary(part: Part) -> bytes:
    return part.params.get("boundary", "")[: limits.BOUNDARY].rstrip().encode("utf-8", "surrogateescape")


def parse_typed(raw: bytes, hints: Sequence[str] = ()) -> tuple[str, dict[str, str]]:
    """A Content-Type or Content-Disposition value: kind and parameters, RFC 2231 joined and decoded,
    encoded words accepted although forbidden."""
    plainly = raw.isascii() and b"\x1b" not in raw
    text = raw.decode("ascii") if plainly else decode(raw, "", hints)[0]
    text = text.replace("\r", "").replace("\n", " ")
    if text.lstrip().startswith("=?"):
        text = decode_words(text, hints)
    kind, _, rest = text.partition(";")
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(";" + rest)):
        if count >= limits.PARAMETERS:
            break
        name = match[1].lower()
        if match[2] is not None and name.partition("*")[0] in _NAMES:
            value = _file_name(match)
        elif match[2] is not None:
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
        pieces.setdefault(base, []).append(
            (int(number) if number.isdecimal() and len(number) < 6 else 0, encoded, value)
        )
    for base, found in pieces.items():
        joined = _join_2231(found)
        if joined:
            plain[base] = joined
    for name, value in plain.items():
        if name in _NAMES and _labelled(value):
            value = plain[name] = _join_2231([(0, True, value)])
        if "=?" in value:
            plain[name] = decode_words(value)
        if name != "boundary":
            plain[name] = clean_line(plain[name])
    return kind, plain


_NAMES = frozenset(("filename", "name"))
# Programs forget to escape the quotation marks within a name: the last one before the next parameter ends it.
_END = r"\s{0,20}(?:;|$|\(|[\w*-]{1,40}\s{0,5}=)"
_LOOSE = re.compile(rf'((?:[^"\\]|\\.|"(?!{_END}))*)"', re.DOTALL)
_ENDED = re.compile(_END)


def _file_name(match: re.Match[str]) -> str:
    """The value of a name in quotation marks. Only those and backslashes are escaped; others begin parts of a path."""
    value = match[2]
    if not _ENDED.match(match.string, match.end()):
        loose = _LOOSE.match(match.string, match.start(2))
        value = loose[1] if loose else value
    return re.sub(r'\\(["\\])', r"\1", value) if "\\" in value else value


_LABEL = re.compile(r"([\w.:+-]{2,40})'[A-Za-z-]{0,16}'")


def _labelled(value: str) -> bool:
    """Whether a value begins with its charset and language, which programs write where no star says so, too."""
    label = _LABEL.match(value)
    return bool(label and codec(label[1]))


def _join_2231(pieces: list[tuple[int, bool, str]]) -> str:
    pieces.sort(key=lambda piece: piece[0])
    charset = ""
    data = bytearray()
    for index, (_, encoded, value) in enumerate(pieces):
        if index == 0 and ((encoded and value.count("'") >= 2) or _labelled(value)):
            charset, _, value = value.split("'", 2)
        if encoded or "%" in value:
            data += unquote_to_bytes(value)
        else:
            data += value.encode("utf-8", "replace")
    return decode(bytes(data), charset)[0]
