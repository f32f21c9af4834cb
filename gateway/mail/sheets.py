"""The tables of a spreadsheet (.xlsx) as CSV: what its cells show, without formulas, formats and macros.

Promised: never raises; inflates at most ``MOST_PART`` bytes and looks at ``MOST_ELEMENTS`` elements of each part that
is read. A document type, and with it any entity, ends the reading. What is longer than ``MOST_TEXT`` is left out by
whole rows. Source: ECMA-376 part 1, 18.3 and 18.4.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from xml.parsers import expat

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_FILE = 64 * 1024
MOST_PART = 512 * 1024
MOST_SHEETS = 3
MOST_ROWS = 2_000
MOST_CELLS = 50
MOST_TEXT = 64 * 1024
MOST_DEEP = 30
MOST_ELEMENTS = 20_000
_SHEET = re.compile(r"xl/worksheets/sheet(\d{1,4})\.xml", re.IGNORECASE)
_WORDS = "xl/sharedstrings.xml"
_COLUMN = re.compile(r"([A-Z]{1,3})\d*")
_PHONETIC = "rPh"
"""How a word is said, beside it: no part of it."""


class _Enough(Exception):
    """What follows in a part is not looked at."""


class _NotRead(Exception):
    """A part that is not read: too large, too deep, or with a document type."""


def tables(data: bytes) -> list[str]:
    """The first sheets of a workbook that hold anything, each as CSV; none of what is no workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {entry.filename.casefold(): entry for entry in archive.infolist()}
            numbered = sorted((int(match[1]), name) for name in parts if (match := _SHEET.fullmatch(name)))
            words = _shared(archive, parts[_WORDS]) if _WORDS in parts else []
            found = [_csv(_rows(_part(archive, parts[name]), words)) for _, name in numbered[:MOST_SHEETS]]
    except Exception:  # the readers raise whatever a hostile file makes them raise
        return []
    return [text for text in found if text]


def _part(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.file_size > MOST_PART:
        raise _NotRead
    with archive.open(entry) as file:
        data = file.read(MOST_PART + 1)
    if len(data) > MOST_PART:
        raise _NotRead
    return data


class _Reader:
    """What a part says, element by element."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._document_type
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._over
        self.parser.CharacterDataHandler = self._text
        self.inside: list[str] = []
        self.text: list[str] = []
        self.elements = 0

    def read(self, part: bytes) -> None:
        """Read a part, or as much of it as is looked at."""
        with suppress(_Enough):
            self.parser.Parse(part, True)

    def _document_type(self, *_: Any) -> None:
        raise _NotRead

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self.inside) >= MOST_DEEP:
            raise _NotRead
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            raise _Enough
        self.inside.append(tag.rpartition(" ")[2])
        self.begin(self.inside[-1], attributes)

    def _over(self, tag: str) -> None:
        self.over(self.inside.pop())

    def _text(self, text: str) -> None:
        if self.inside[-1] in ("t", "v") and _PHONETIC not in self.inside:
            self.text.append(text)

    def taken(self) -> str:
        """The text since the last time."""
        text = " ".join("".join(self.text).split())
        self.text.clear()
        return text

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def over(self, name: str) -> None:
        raise NotImplementedError


class _Words(_Reader):
    """The words that the cells of all sheets share."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self.text.clear()

    def over(self, name: str) -> None:
        if name == "si":
            self.found.append(self.taken())


class _Cells(_Reader):
    """The rows of a sheet."""

    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self.words = words
        self.rows: list[list[str]] = []
        self.kind = ""
        self.column = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            if len(self.rows) >= MOST_ROWS:
                raise _Enough
            self.rows.append([])
        elif name == "c":
            self.text.clear()
            self.kind = attributes.get("t", "n")
            self.column = _column(attributes.get("r", ""), after=len(self.rows[-1]) if self.rows else 0)

    def over(self, name: str) -> None:
        if name == "c" and self.rows and self.column < MOST_CELLS:
            row = self.rows[-1]
            row += [""] * (self.column + 1 - len(row))
            row[self.column] = self._shown(self.taken())

    def _shown(self, text: str) -> str:
        if self.kind == "s":
            number = int(text) if text.isascii() and text.isdigit() else -1
            return self.words[number] if 0 <= number < len(self.words) else ""
        return _whole(text) if self.kind == "n" else text


def _column(cell: str, after: int) -> int:
    """The place of a cell in its row, from 0: as its name says ("C7"), else behind the one before."""
    match = _COLUMN.match(cell)
    if match is None:
        return after
    number = 0
    for letter in match[1]:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _whole(text: str) -> str:
    """A number as a cell shows it: without the power of ten that the file has for a long one."""
    try:
        number = float(text) if "e" in text.lower() else 0.0
        return str(int(number)) if number and number.is_integer() and abs(number) < 1e15 else text
    except (ValueError, OverflowError):
        return text


def _shared(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> list[str]:
    reader = _Words()
    reader.read(_part(archive, entry))
    return reader.found


def _rows(part: bytes, words: list[str]) -> Iterator[list[str]]:
    reader = _Cells(words)
    reader.read(part)
    return (row for row in reader.rows if any(row))


def _csv(rows: Iterator[list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        end = out.tell()
        writer.writerow(row)
        if out.tell() > MOST_TEXT:
            out.truncate(end)
            break
    return out.getvalue()
