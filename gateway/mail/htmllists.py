"""Lists of HTML: what stands before an item. Source: WHATWG HTML 4.4.5 and 4.4.8, CSS Lists."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .scan import Token

LISTS = frozenset(("ul", "ol", "menu", "dir"))
_INTEGER = re.compile(r"\s{0,20}(-?\d{1,6})(?!\d)")
_STYLE = re.compile(r"list-style(?:-type)?\s{0,5}:\s{0,5}(?:lower|upper)-(?:alpha|latin|roman)", re.IGNORECASE)
_TYPES = {"lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A", "lower-roman": "i",
          "upper-roman": "I"}  # fmt: skip
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(slots=True)
class Counter:
    """The numbers of one list; ``kind`` is as the attribute type: 1, a, A, i or I, "" where nothing is counted."""

    kind: str = ""
    number: int = 0

    @staticmethod
    def of(token: Token) -> Counter:
        if token.name != "ol":
            return Counter()
        if not token.attrs:
            return Counter("1")
        styled = _STYLE.search(token.attribute("style"))
        kind = _TYPES[styled[0].rpartition(":")[2].strip().lower()] if styled else token.attribute("type").strip()
        start = _INTEGER.match(token.attribute("start"))
        return Counter(kind if kind in ("a", "A", "i", "I") else "1", int(start[1]) - 1 if start else 0)

    def next(self, value: str) -> str:
        """The label of the next item; ``value`` is its own number, if it has one."""
        if not self.kind:
            return "*"
        own = _INTEGER.match(value) if value else None
        self.number = int(own[1]) if own else self.number + 1
        return f"{_written(self.number, self.kind)}."


def _written(number: int, kind: str) -> str:
    if kind in "aA" and number > 0:
        letters = ""
        while number:
            number, letter = divmod(number - 1, 26)
            letters = chr(97 + letter) + letters
        return letters.upper() if kind == "A" else letters
    if kind in "iI" and 0 < number < 4000:
        text = ""
        for value, letters in _ROMAN:
            text += letters * (number // value)
            number %= value
        return text.upper() if kind == "I" else text
    return str(number)
