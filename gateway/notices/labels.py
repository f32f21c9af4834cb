"""What stands in a mail's text by name: values by their labels, tables by their headings.

A label is what stands before a colon, a tab or a cell's edge, or on a line of its own above its value. The
time is linear in the text; of a text the first ``MOST_TEXT`` characters count.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_TEXT = 100_000
MOST_LINES = 5_000
MOST_LABEL = 60
MOST_VALUES = 500
MOST_ABOVE = 10
"""Among how many rows of a table its headings are looked for: a title of one cell may stand above."""
_EDGES = " \t*_>•·-–|"


def label(text: str) -> str:
    """A label as it compares: no case, no marks at its ends."""
    return " ".join(text.casefold().split()).strip(_EDGES + ".:#")


@dataclass(slots=True)
class Labels:
    labels: dict[str, list[str]] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)

    def values(self, name: str) -> list[str]:
        """The values behind a label, those with text first."""
        return self.labels.get(label(name), [])

    def column(self, name: str) -> list[str]:
        """The cells under a heading."""
        return self.columns.get(label(name), [])


def read(text: str, tables: Sequence[str] = ()) -> Labels:
    """``tables`` are CSV files."""
    found = Labels()
    lines = text[:MOST_TEXT].replace("\xa0", " ").split("\n", MOST_LINES)[:MOST_LINES]
    heading: list[str] = []
    for number, line in enumerate(lines):
        cells = line.strip(" |").split(" | ") if " | " in line else []
        if len(cells) > 1:
            if not heading or (len(heading) == 2 and len(cells) > 2):  # a row of label and value is no heading
                heading = [label(cell) for cell in cells]
            else:
                _row(found, heading, cells)
        elif line.strip():
            heading = []
        if len(cells) < 3:
            _labelled(found, lines, number)
    for table in tables:
        rows = _rows(table)
        at = next((number for number, row in enumerate(rows[:MOST_ABOVE]) if sum(map(bool, row)) > 1), 0)
        heading = [label(cell) for cell in rows[at]] if rows else []
        for row in rows[at + 1 :]:
            _row(found, heading, row)
    return found


def _rows(table: str) -> list[list[str]]:
    try:
        lines = table[:MOST_TEXT].splitlines()[:MOST_LINES]
        return list(csv.reader(lines, delimiter=max(",;\t", key=lines[0].count) if lines else ","))
    except csv.Error:
        return []


def _row(labels: Labels, heading: Sequence[str], cells: Sequence[str]) -> None:
    for name, cell in zip(heading, cells, strict=False):
        if name and cell.strip():
            found = labels.columns.setdefault(name, [])
            if len(found) < MOST_VALUES:
                found.append(cell.strip())


def _labelled(labels: Labels, lines: Sequence[str], number: int) -> None:
    line = lines[number]
    bare = line.strip(" \t")
    if bare.startswith("*") and bare.endswith("*"):
        bare = bare.rstrip("*")
    bare = bare.lstrip(_EDGES).rstrip(" \t|")
    if not bare:
        return
    at = _edge(bare)
    name = label(bare[:at]) if at > 0 else label(bare)
    if not 0 < len(name) <= MOST_LABEL or not any(c.isalpha() for c in name) or (at <= 0 and bare.endswith("*")):
        return
    behind = bare[at + 1 :] if at > 0 else ""
    value = _value((behind[1:] if behind[:2] == "* " else behind).lstrip(":=| \t"))
    if not value:
        value = next((below for next_line in lines[number + 1 : number + 3] if (below := _value(next_line))), "")
        if at <= 0 and (not value or name in labels.labels):
            return
    found = labels.labels.setdefault(name, [])
    if value and len(found) < MOST_VALUES:
        found.append(value)


def _value(text: str) -> str:
    """A value without cells' edges and marks of bold type."""
    text = text.strip(" \t>|•")
    return text.strip("*") or text if text.startswith("*") and text.endswith("*") else text


def _edge(text: str) -> int:
    """Where a label ends: a tab, a cell's edge, an equals sign, a colon that is none of an address or time."""
    places = [text.find(value, 0, MOST_LABEL + 20) for value in ("\t", " | ", " = ")]
    colon = text.find(":", 0, MOST_LABEL + 20)
    if colon > 0 and (
        text[colon + 1 : colon + 3] == "//" or (text[colon - 1].isdigit() and text[colon + 1 : colon + 2].isdigit())
    ):
        colon = -1
    return min((place for place in (*places, colon) if place > 0), default=-1)
