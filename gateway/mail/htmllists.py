"""Lists of HTML: what stands before an item. Source: WHATWG HTML 4.4.5 and 4.4.8, CSS Lists.

Word, and Outlook with it, writes lists as paragraphs: ``mso-list: l0 level2 lfo1`` says that one is an item, and how
deep; what stands before it is text, marked ``mso-list: Ignore``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .scan import Token

LISTS = frozenset(("ul", "ol", "menu", "dir"))
_INTEGER = re.compile(r"\s{0,20}(-?\d{1,6})(?!\d)")
_STYLE = re.compile(
    r"list-style(?:-type)?\s{0,5}:\s{0,5}(?:(none)|decimal-leading-(zero)|(lower|upper)-(alpha|latin|roman))",
    re.IGNORECASE,
)
_KINDS = frozenset("1aAiI")
WORD = "word"
_WORD_ITEM = re.compile(r"mso-list\s{0,5}:\s{0,5}l\d{1,6}\s{1,5}level([1-9])")
_WORD_LABEL = re.compile(r"mso-list\s{0,5}:\s{0,5}ignore\b")
_BULLETS = frozenset("\u2022\u00b7o\u25cf\u25cb\u25e6\u25aa\u25ab\u25a0\u25a1\u2756\u27a2\u2013\u2014-*")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip


@dataclass(slots=True)
class Counter:
    """The numbers of one list; ``kind`` is as the attribute type: 1, a, A, i or I, 01 for two figures, "-" for none
    that is shown, "" where nothing is counted."""

    kind: str = ""
    number: int = 0

    @staticmethod
    def of(token: Token) -> Counter:
        if token.name != "ol":
            return Counter()
        if not token.attrs:
            return Counter("1")
        start = _INTEGER.match(token.attribute("start"))
        return Counter(_kind(token) or "1", int(start[1]) - 1 if start else 0)

    def next(self, token: Token) -> str:
        """The label of the next item, which may have its own number and kind."""
        if not self.kind:
            return "*"
        own = _INTEGER.match(token.attribute("value"))
        self.number = int(own[1]) if own else self.number + 1
        kind = _kind(token) or self.kind
        return "" if kind == "-" else f"{_written(self.number, kind)}."


def word_list(name: str, style: str, list_kind: str) -> dict[str, object]:
    """What Word's style says of an element: that its paragraph is an item, and how deep; or that it is the label of
    one. Elsewhere, as in Word's own ``li`` and headings, it says nothing that is not shown anyway."""
    if name == "p" and not list_kind and (found := _WORD_ITEM.search(style)):
        return {"list_kind": WORD, "list_level": int(found[1]) - 1}
    return {"label": True} if list_kind == WORD and _WORD_LABEL.search(style) else {}


def item_of(list_kind: str, label: str) -> tuple[Literal["bullet", "number"], str]:
    """The kind of an item and what is shown before it. Word's bullets are characters like any other label."""
    if list_kind == WORD:
        label = label.strip()
        return ("bullet", "") if label in _BULLETS else ("number", label)
    return "number" if list_kind == "ol" else "bullet", label


def _kind(token: Token) -> str:
    styled = _STYLE.search(token.attribute("style"))
    if styled is None:
        kind = token.attribute("type").strip()
        return kind if kind in _KINDS else ""
    none, zero, case, letters = styled.groups()
    if none or zero:
        return "-" if none else "01"
    kind = "i" if letters.lower() == "roman" else "a"
    return kind.upper() if case.lower() == "upper" else kind


def _written(number: int, kind: str) -> str:
    if kind == "01":
        return f"{number:02}"
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
