"""The header lines of a forwarded mail, each on a line of its own.

Some programs write them into a table or two to a line, or lose the line breaks of the block.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, zip_longest

from .headerlines import PERSON, field_of, is_moment
from .headershapes import is_framed
from .lines import Line, Run
from .quote import separator
from .quotelines import DIGITS
from .quotewords import CC, DATE, FROM, SUBJECT, TO

_LONGEST = 4000
_MAILTO = re.compile(r"mailto:([^\s<>?\"]{1,200}@[^\s<>?\"]{1,253})", re.IGNORECASE)
_MOST_ROWS = 8


def one_field_a_line(lines: Sequence[Line]) -> list[Line]:
    return list(_parted(_without_tables(lines) if any(line.kind == "table" for line in lines) else lines))


def addressed(line: Line) -> Line:
    """A line of people with the addresses that stand behind their names as links alone."""
    if line.kind != "text" or not any(_MAILTO.match(run.href) for run in line.runs):
        return line
    if field_of(line.text)[0] not in ("from", "to", "cc") or "@" in line.text:
        return line
    runs: list[Run] = []
    for run, following in zip_longest(line.runs, line.runs[1:], fillvalue=Run("")):
        runs.append(run)
        target = _MAILTO.match(run.href) if run.href != following.href else None
        runs += [Run(f" <{target[1]}>")] if target else []
    return replace(line, runs=runs)


def _without_tables(lines: Iterable[Line]) -> Iterator[Line]:
    """A table of header fields below the line between dashes (Thunderbird, Roundcube) is header lines."""
    above: Line | None = None  # the last one with words
    for line in lines:
        if line.kind == "table" and above is not None and _introduces(above) and _is_head(line):
            for row in line.rows:
                for text in _fields_of([_text(cell) for cell in row]):
                    yield replace(line, kind="text", rows=[], runs=[Run(text)])
            yield Line(quote=line.quote)
        else:
            yield line
        if not line.blank:
            above = line


def _introduces(line: Line) -> bool:
    return line.kind == "text" and (separator(line.text) != "" or is_framed(line.text.strip()))


def _is_head(table: Line) -> bool:
    """Names of fields in the first cells, or in any language a person and a moment in the second ones."""
    fields = [_kind(_text(row[0])) for row in table.rows if row]
    if len(fields) == len(table.rows) and all(fields) and "from" in fields:
        return True
    if not 3 <= len(table.rows) <= _MOST_ROWS or any(len(row) != 2 or not _text(row[0]) for row in table.rows):
        return False
    values = [_text(row[1]) for row in table.rows]
    return any(PERSON.fullmatch(value) for value in values) and any(is_moment(value) for value in values)


def _text(cell: Sequence[Run]) -> str:
    return "".join(run.text for run in cell).strip()


def _kind(name: str) -> str:
    return field_of(f"{_bare(name)}: x")[0] if name else ""


def _bare(name: str) -> str:
    return name.strip(" \u00a0").rstrip(":：").rstrip(" \u00a0")


def _fields_of(cells: Sequence[str]) -> Iterator[str]:
    """The fields of a row: a name and what follows, and further names where others stand beside."""
    name, values = "", list[str]()
    for cell in cells:
        if not name or (values and _kind(cell)):
            if name:
                yield f"{_bare(name)}: {' '.join(values)}"
            name, values = cell, []
        else:
            values.append(cell)
    yield f"{_bare(name)}: {' '.join(values)}"


def _names(words: Sequence[str]) -> str:
    """The names as they stand before a colon: capitalised, short ones in capitals too."""
    found = {word[:1].upper() + word[1:] for word in words if len(word) > 1 or not word.isascii() or word == "a"}
    found |= {word.upper() for word in words if 1 < len(word) <= 3}
    return "|".join(re.escape(word) for word in sorted(found, key=len, reverse=True))


_SETS = {"from": FROM, "to": TO, "cc": CC, "date": DATE, "subject": SUBJECT}
_ANY = "|".join(f"(?P<{kind}>{_names(words)})" for kind, words in _SETS.items())
_FIELD = re.compile(rf"(?:(?<=\s)|\A)[*_]{{0,2}}(?:{_ANY})\s?[:：]")
_GLUED_HEAD = re.compile(
    r"^(?P<head>[\s>]{0,20}[-_]{3,40}\s{0,3}[^-_\n]{4,70}?\s{0,3}[-_]{3,40})\s{1,10}(?P<rest>\S.*)$", re.DOTALL
)
# Yahoo's fields stand in this order, so that a word of a value is not taken for a name.
_GLUED = [re.compile(rf"(?:{_names(words)})\s?[:：]") for words in _SETS.values()]


def _parted(lines: Iterable[Line]) -> Iterator[Line]:
    """Fields that share a line, also with the line that says "forwarded"."""
    for line in lines:
        text = line.text if line.kind == "text" else ""
        if not 20 < len(text) < _LONGEST or (":" not in text and "：" not in text):
            yield line
            continue
        head = _GLUED_HEAD.match(text) if "--" in text or "__" in text else None
        if head is not None and separator(head["head"]) and _GLUED[0].match(head["rest"]):
            fields = _fields(head["rest"])
            pieces = [head["head"], *(fields if len(fields) > 2 else _in_order(head["rest"])), ""]
        else:
            pieces = _fields(text) if field_of(text)[0] else []
        if len(pieces) < 2:
            yield line
        for piece in pieces if len(pieces) > 1 else ():
            yield replace(line, runs=[Run(piece)] if piece else [])


def _fields(text: str) -> list[str]:
    """The fields of a line; a further one begins where the value before it can be whole."""
    start = len(text) - len(text.lstrip("> \t\u00a0"))
    quote = text[:start]
    cuts: list[int] = []
    last = ""
    seen: set[str] = set()
    value = start
    for found in _FIELD.finditer(text, start):
        kind = found.lastgroup or ""
        is_next = _whole(last, text[value : found.start()], cuts) if cuts else found.start() == start
        if kind in seen or not is_next:
            continue
        cuts.append(found.start())
        seen.add(kind)
        last, value = kind, found.end()
    if len(cuts) < 2 or not _whole(last, text[value:], cuts):
        return []
    return [quote + text[begin:end].strip() for begin, end in pairwise([*cuts, len(text)])]


def _whole(kind: str, value: str, before: Sequence[int]) -> bool:
    """Whether the value says what its field must say; a subject does behind others."""
    if kind == "date":
        return bool(DIGITS.search(value))
    return len(before) > 1 if kind == "subject" else "@" in value


def _in_order(text: str) -> list[str]:
    """Yahoo's block without line breaks: "From: …To: …Sent: …"."""
    cuts = [0]
    for name in _GLUED[1:]:
        found = name.search(text, cuts[-1] + 1)
        if found is not None:
            cuts.append(found.start())
    return [text[begin:end].strip() for begin, end in pairwise([*cuts, len(text)])]
