"""Tables of HTML: data is kept as a table, layout is flattened into lines.

Mail programs and newsletters lay out with tables; a desk that shows those as tables shows a maze.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .lines import Line, Run
from .scan import Token

WIDEST = 12
TALLEST = 1_000
# Lines of a cell: longer ones are looked at no further, since tables lie in tables.
_SHORT = 20
_LONG = 200
# Cells of Excel (in Outlook, and as webmail quotes it), of LibreOffice and of Google Sheets.
_SPREADSHEET = re.compile(r"\b(?:sdval|sdnum|data-sheets-value)\s{0,5}=|\bclass\s{0,5}=\s{0,5}[\"']?(?:x_)*xl\d{2,6}\b")


@dataclass(slots=True)
class Table:
    """A table being read: cells by row, what stood before it, and text outside its cells."""

    rows: list[list[list[Line]]] = field(default_factory=list)
    outer: list[Line] = field(default_factory=list)
    stray: list[Line] = field(default_factory=list)
    header_cells: int = 0
    bordered: bool = False
    spreadsheet: bool = False
    reaching: dict[int, int] = field(default_factory=dict)
    """Into how many further rows the cell of a column reaches."""
    reached: frozenset[int] = frozenset()
    """The columns of the row that a cell above reaches into."""

    def row(self) -> None:
        self.rows.append([])
        self.reached = frozenset(column for column, left in self.reaching.items() if left)
        self.reaching = {column: left - 1 for column, left in self.reaching.items() if left > 1}

    def cell(self, token: Token) -> list[Line]:
        """The lines of a new cell, in the column in which it is seen: others span rows and columns."""
        if not self.rows:
            self.row()
        row = self.rows[-1]
        while len(row) in self.reached and len(row) < WIDEST:
            row.append([])
        lines: list[Line] = []
        self.header_cells += token.name == "th"
        if not token.attrs:
            row.append(lines)
            return lines
        # A wider table than WIDEST is no data, and its columns count for nothing.
        width = min(_span(token, "colspan", WIDEST), max(WIDEST - len(row), 1))
        height = _span(token, "rowspan", TALLEST)
        for column in range(len(row), len(row) + width) if height > 1 and len(row) < WIDEST else ():
            self.reaching[column] = height - 1
        row.append(lines)
        row.extend([] for _ in range(width - 1))
        style = token.attribute("style").replace("border-collapse", "").replace("border:none", "")
        self.bordered = self.bordered or "border" in style
        self.spreadsheet = self.spreadsheet or _SPREADSHEET.search(token.attrs) is not None
        return lines


def _span(token: Token, name: str, most: int) -> int:
    value = token.attribute(name).strip()
    return min(max(int(value[:6]), 1), most) if value.isdecimal() else 1


def flattened(row: Sequence[list[Line]]) -> list[Line]:
    """A layout row: short cells stay on one line, longer ones follow each other."""
    filled = [cell for cell in row if any(not line.blank for line in cell)]
    firsts = [next(line for line in cell if not line.blank) for cell in filled]
    single = all(first.kind == "text" for first in firsts) and all(len(cell) <= _SHORT for cell in filled)
    single = single and all(sum(not line.blank for line in cell) == 1 for cell in filled)
    alike = all(not first.before and first.zone == firsts[0].zone for first in firsts[1:])
    if len(filled) < 2 or not single or not alike or sum(len(first.text) for first in firsts) >= 200:
        return [line for cell in filled for line in cell]
    runs: list[Run] = []
    for first in firsts:
        if runs:
            runs.append(Run(" "))
        runs.extend(first.runs)
    return [replace(firsts[0], runs=runs)]


def as_data(table: Table) -> Line | None:
    """A table that holds data: at least two rows and columns of short cells, bordered, headed or a spreadsheet's."""
    filled = [row for row in table.rows if any(not line.blank for cell in row for line in cell)]
    filled = [_without_empty_end(row) for row in filled] if table.spreadsheet else filled
    width = max((len(row) for row in filled), default=0)
    evident = table.header_cells or table.bordered or table.spreadsheet
    if len(filled) < 2 or not 2 <= width <= WIDEST or not evident:
        return None
    cells = [cell for row in filled for cell in row]
    if any(len(cell) > _LONG for cell in cells):
        return None
    if any(line.kind in ("image", "table") or line.before or line.quote for cell in cells for line in cell):
        return None
    if any(sum(len(line.text) for line in cell) > 500 for cell in cells):
        return None
    if len([1 for cell in cells if any(not line.blank for line in cell)]) * 2 < len(cells):
        return None
    out: list[list[list[Run]]] = []
    for row in filled:
        built: list[list[Run]] = []
        for cell in row:
            runs: list[Run] = []
            for line in cell:
                if line.blank:
                    continue
                if runs:
                    runs.append(Run(" / " if len(line.text) < 60 else " "))
                runs.extend(line.runs)
            built.append(runs)
        built.extend([] for _ in range(width - len(built)))
        out.append(built)
    first = next((line for cell in cells for line in cell if not line.blank), Line())
    return Line(kind="table", rows=out, zone=first.zone, quote=0)


def _without_empty_end(row: list[list[Line]]) -> list[list[Line]]:
    """A row up to its last filled cell: a copied range often ends in columns that are empty."""
    last = max(column for column, cell in enumerate(row) if any(not line.blank for line in cell))
    return row[: last + 1]


def bordered(token: Token) -> bool:
    border = token.attribute("border").strip().removesuffix("px")
    style = token.attribute("style").lower()
    return (border.isdigit() and border != "0") or "border:1" in style or "border: 1" in style
