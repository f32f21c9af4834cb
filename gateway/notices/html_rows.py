"""The rows of HTML tables as lines with their cells' edges.

Tables that lay out are shown as lines, in which a label and its value are no longer apart. Only what the mail shows
counts: a cell whose words do not stand in its visible text is left out with its row.
"""

from __future__ import annotations

import re
from html import unescape

from gateway.match.words import folded

MOST_HTML = 200_000
MOST_ROWS = 300
MOST_CELLS = 24
MOST_CELL = 255

_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_CELL = re.compile(r"<t[dh]\b[^<>]{0,2000}>", re.IGNORECASE)
_END = re.compile(r"</t(?:[dhr]\b|able)", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li|/?h\d)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def rows(html: str, visible: str) -> str:
    """Rows of two cells and more, a line each, the cells with " | " between."""
    shown, out = folded(visible), []
    for row in _ROW.split(html[:MOST_HTML], MOST_ROWS)[1:]:
        cells = [cell for piece in _CELL.split(row, MOST_CELLS + 1)[1:] if (cell := _text(piece))]
        if 2 <= len(cells) <= MOST_CELLS and all(folded(cell) in shown for cell in cells):
            out.append(" | ".join(cells))
    return "\n".join(out)


def _text(piece: str) -> str:
    text = _TAG.sub("", _BREAK.sub(" ", _END.split(piece[: 20 * MOST_CELL], 1)[0]))
    return " ".join(unescape(text).replace("|", " ").split())[:MOST_CELL]
