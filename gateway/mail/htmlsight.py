"""What a reader of an HTML mail sees: which properties hide text, and which a child sets anew.

An element that is not displayed takes all within it along. A size of nothing, ``visibility`` and a colour like the
background are only inherited: an element that sets them anew is seen again, as MJML writes its pages. Pictures have
neither size of type nor colour. A style sheet is not applied, only asked which names it gives a look: what it may
show is shown. Source: CSS 2.1 (11.2, 14, 15.7), WHATWG HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .htmlcolours import TRANSPARENT
from .htmlcolours import colour as colour_of
from .htmltags import BLOCKS, TABLE_PARTS
from .scan import Token

_DECLARATIONS = 60
_SHEETS = 256 * 1024
_NAME = re.compile(r"[.#]([a-z_][\w-]{0,80})")
_ZERO = re.compile(r"[+-]?0*(?:\.0+)?(?:px|pt|pc|cm|mm|in|q|em|rem|ex|ch|vw|vh|%)?")
_OF_PARENT = re.compile(r"[\d.]{1,20}(?:em|ex|ch|%)|smaller|larger|inherit|unset")
_SIZE_IN_FONT = re.compile(r"(?:^|\s)([\d.]{1,20}(?:px|pt|pc|cm|mm|in|em|rem|ex|ch|vw|vh|%)?)(?=\s*/|\s|$)")
_FAMILY_IN_FONT = re.compile(r"(?:^|\s)[\d.]{1,20}[a-z%]{1,3}(?:\s*/\s*[\w.%]{1,20})?\s+(\D.*)$")
_CLIPPED = re.compile(r"rect\((?:[01](?:px)?[\s,]+){3}[01](?:px)?\)|inset\((?:50|100)%\)")
_AS_PARENT = frozenset(("inherit", "unset", "none", "currentcolor"))
"""Colours of type that are the parent's, or that browsers pass over."""
_NO_BACKGROUND = frozenset(("none", "inherit", "initial", "unset", "revert"))
_AWAY = re.compile(r"-\d{4,6}(?:\.\d{0,9})?(?:px|pt|em|rem)?")


@dataclass(frozen=True, slots=True)
class Sight:
    """``gone`` is not displayed at all, ``unseen`` is invisible, ``flat`` has no size, ``colour`` and ``background``
    are six hex digits where they are known."""

    gone: bool = False
    unseen: bool = False
    flat: bool = False
    colour: str = ""
    background: str = ""

    @property
    def pictures(self) -> bool:
        return not (self.gone or self.unseen)

    @property
    def text(self) -> bool:
        if self.gone or self.unseen or self.flat or self.colour == TRANSPARENT:
            return False
        return not self.colour or self.colour != self.background


def declarations(style: str) -> dict[str, str]:
    """The declarations of a style attribute in lower case; the last of a name counts, an important one first."""
    found: dict[str, str] = {}
    important: set[str] = set()
    for declaration in style.split(";")[:_DECLARATIONS]:
        name, colon, value = declaration.partition(":")
        name = name.strip()
        if not colon:
            continue
        value, mark, _ = value.partition("!important")
        if mark:
            important.add(name)
        elif name in important:
            continue
        found[name] = value.strip()
    return found


def family_of(style: dict[str, str]) -> str:
    """The fonts that an element asks for, also where one declaration says all of its type."""
    if "font-family" in style:
        return style["font-family"]
    found = _FAMILY_IN_FONT.search(style.get("font", ""))
    return found[1] if found else ""


def looks_of(sheets: Iterable[str]) -> frozenset[str]:
    """The names of classes and ids to which a style sheet gives size, colour or visibility."""
    names: set[str] = set()
    for sheet in sheets:
        for rule in sheet[:_SHEETS].lower().split("}"):
            selectors, _, rules = rule.rpartition("{")
            if "font" in rules or "visibility" in rules or "color" in rules or "background" in rules:
                names.update(_NAME.findall(selectors))
    return frozenset(names)


def entered(sight: Sight, token: Token, style: dict[str, str], styled: frozenset[str] = frozenset()) -> Sight:
    """What is seen within the element; ``style`` are its declarations, ``styled`` the names with a style sheet."""
    attributes = token.attributes()
    if sight.gone or _is_gone(token.name, attributes, style):
        return sight if sight.gone else replace(sight, gone=True)
    unseen, flat, colour, background = sight.unseen, sight.flat, sight.colour, sight.background
    if styled and any(name in styled for key in ("class", "id") for name in attributes.get(key, "").lower().split()):
        unseen, flat, colour, background = False, False, "", ""
    if token.name == "font":
        flat = flat and not attributes.get("size", "").strip()
        colour = colour_of(attributes["color"].lower()) if "color" in attributes else colour
    if "bgcolor" in attributes:
        background = colour_of(attributes["bgcolor"].lower())
    if "background" in attributes or (token.name == "a" and "href" in attributes):
        # A picture behind the text; and links have a colour of their own.
        colour, background = ("", background) if token.name == "a" else (colour, "")
    if style:
        visibility = style.get("visibility", "")
        if visibility and visibility not in ("inherit", "unset"):
            unseen = visibility in ("hidden", "collapse")
        flat = _is_flat(style, flat)
        if style.get("color", "inherit") not in _AS_PARENT:
            colour = colour_of(style["color"])
        background = _background(style, background)
    if (unseen, flat, colour, background) == (sight.unseen, sight.flat, sight.colour, sight.background):
        return sight
    return Sight(False, unseen, flat, colour, background)


def _is_gone(name: str, attributes: dict[str, str], style: dict[str, str]) -> bool:
    """Not displayed, by properties that no child takes back. (``mso-hide`` hides from one program only.)"""
    if "hidden" in attributes and not attributes["hidden"].startswith("until"):
        return True
    if not style:
        return False
    if style.get("display", "").startswith("none") or _is_zero(style.get("opacity", "")):
        return True
    if (
        style.get("overflow", "").startswith("hidden")
        and _has_box(name, style)
        and any(
            _is_zero(style.get(side, "")) or style.get(side) == "1px"
            for side in ("max-height", "height", "max-width", "width")
        )
    ):
        return True
    if _CLIPPED.fullmatch(style.get("clip-path", "")):
        return True
    if style.get("position") in ("absolute", "fixed") and (
        _CLIPPED.fullmatch(style.get("clip", ""))
        or any(_AWAY.fullmatch(style.get(side, "")) for side in ("left", "top", "right"))
    ):
        return True
    return bool(_AWAY.fullmatch(style.get("text-indent", "")))


def _has_box(name: str, style: dict[str, str]) -> bool:
    """Whether height and width can cut what is in the element: not words in a line, nor tables and their cells, which
    grow with what they hold (CSS 2.1 10.5, 11.1, 17.5)."""
    display = style.get("display", "")
    if display:
        return display not in ("inline", "contents") and not display.startswith(("table", "inline-table"))
    floats = style.get("float", "none") != "none" or style.get("position") in ("absolute", "fixed")
    return floats or (name in BLOCKS and name not in TABLE_PARTS)


def _is_zero(value: str) -> bool:
    return bool(value) and any(char == "0" for char in value) and bool(_ZERO.fullmatch(value))


def _is_flat(style: dict[str, str], inherited: bool) -> bool:
    size = style.get("font-size", "")
    if not size and "font" in style:
        found = _SIZE_IN_FONT.search(style["font"])
        size = found[1] if found else "medium"
    if not size:
        return inherited
    if _is_zero(size):
        return True
    return inherited and bool(_OF_PARENT.fullmatch(size))


def _background(style: dict[str, str], inherited: str) -> str:
    """The colour behind; "" where a picture or a gradient may lie there."""
    if style.get("background-image", "none") != "none":
        return ""
    for name in ("background-color", "background"):
        if name in style:
            colour = colour_of(style[name].partition(" ")[0] if "(" not in style[name] else style[name])
            return inherited if colour == TRANSPARENT or style[name] in _NO_BACKGROUND else colour
    return inherited


class Said:
    """The words of another form of the mail: words that it says are no secret of the HTML."""

    def __init__(self, text: str, shown: str = "") -> None:
        visible = set(_threes(_words(shown)))
        self._threes = set(_threes(_words(text))) - visible
        told = {"".join(_words(line)) for line in shown.split("\n")}
        self._lines = {"".join(_words(line)) for line in text.split("\n")} - told - {""}

    def __contains__(self, text: str) -> bool:
        words = _words(text)
        if len(words) < 3:
            return "".join(words) in self._lines
        return all(three in self._threes for three in _threes(words))


def same_words(text: str, html: str) -> bool:
    """Whether two forms say the same: nearly all that each says, the other says too."""
    ours, theirs = set(_threes(_words(text))), set(_threes(_words(html)))
    if not ours or not theirs:
        return _words(text) == _words(html)
    return len(ours & theirs) >= 0.95 * max(len(ours), len(theirs))


_WORD = re.compile(r"\w+")


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _threes(words: list[str]) -> Iterable[tuple[str, ...]]:
    return zip(words, words[1:], words[2:], strict=False)


class _Everything(Said):
    def __contains__(self, text: str) -> bool:
        return True


EVERYTHING = _Everything("")
"""For a page on which nothing is to be seen: it has no words to hide others among."""
