"""What holds inside an element of HTML: its looks, whether it is seen, and what its lines are. Source: WHATWG HTML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .htmlinline import FIGURES
from .htmllists import LISTS, word_list
from .htmlmarks import zone_of
from .htmlsight import Sight, declarations, entered, family_of
from .htmltags import DROPPED, HEADINGS, PREFORMATTED, STYLES, css_styles, tight
from .scan import Token
from .symbols import font_of

_SEEN = Sight()
_DROPPED = Sight(gone=True)
_DEEPEST_LIST = 8
_DEEPEST_QUOTE = 50
_DEEPEST_HEADING = 3


@dataclass(frozen=True, slots=True)
class State:
    """``dropped`` text is for no reader, as a script's; ``pre`` text keeps its line ends; a ``label`` is what stands
    before an item of a list; ``zone`` is what mail programs mark; after a ``tight`` paragraph no blank line follows."""

    styles: frozenset[str] = frozenset()
    href: str = ""
    pre: bool = False
    sight: Sight = _SEEN
    dropped: bool = False
    font: str = ""
    figures: str = ""
    quote: int = 0
    zone: str = ""
    list_kind: str = ""
    list_level: int = -1
    label: bool = False
    heading: int = 0
    tight: bool = False

    def inside(self, token: Token, styled: frozenset[str]) -> State:
        """The state within the element that this tag opens; ``styled`` are the names to which a sheet gives a look."""
        name = token.name
        if not token.attrs and name not in _SPEAKING:
            return self
        style = token.attribute("style").lower() if token.attrs else ""
        changes: dict[str, Any] = {}
        self._take_type(changes, name, style)
        self._take_sight(changes, token, style, styled)
        self._take_lines(changes, name)
        if name == "p" and tight(token) != self.tight:
            changes["tight"] = not self.tight
        if "mso-list" in style:
            changes |= word_list(name, style, self.list_kind)
        if not self.zone and (zone := zone_of(name, token)):
            changes["zone"] = zone
        return replace(self, **changes) if changes else self

    def _take_type(self, changes: dict[str, Any], name: str, style: str) -> None:
        """How words look, and whether line ends stay."""
        styles = self.styles | {STYLES[name]} if name in STYLES else self.styles
        if style and (declared := css_styles(style)):
            styles |= declared
        if styles is not self.styles:
            changes["styles"] = styles
        if name in PREFORMATTED or "pre" in style.partition("white-space")[2][:12]:
            changes["pre"] = True
        if name in FIGURES:
            changes["figures"] = name

    def _take_sight(self, changes: dict[str, Any], token: Token, style: str, styled: frozenset[str]) -> None:
        """Whether it is seen, and in which font, as some fonts have pictures in place of letters."""
        if token.name in DROPPED:
            changes |= {"dropped": True, "sight": _DROPPED}
        elif token.attrs:
            declared = declarations(style) if style else {}
            if (sight := entered(self.sight, token, declared, styled)) is not self.sight:
                changes["sight"] = sight
            if family := family_of(declared) or (token.attribute("face") if token.name == "font" else ""):
                changes["font"] = font_of(family)
        elif token.name == "option":  # which is not "selected"
            changes["sight"] = replace(self.sight, gone=True)

    def _take_lines(self, changes: dict[str, Any], name: str) -> None:
        """What its lines are: items, headings, quotes."""
        if name in LISTS:
            changes["list_kind"] = "ol" if name == "ol" else "ul"
            changes["list_level"] = min(self.list_level + 1, _DEEPEST_LIST)
        elif name in HEADINGS:
            changes["heading"] = min(HEADINGS[name], _DEEPEST_HEADING)
        elif name == "table":
            changes["heading"] = 0
        elif name == "blockquote":
            changes |= {"quote": min(self.quote + 1, _DEEPEST_QUOTE), "list_kind": ""}


_SPEAKING = frozenset(
    {*STYLES, *PREFORMATTED, *FIGURES, *DROPPED, *LISTS, *HEADINGS, "option", "table", "blockquote", "p"}
)
"""Elements that change something without any attribute."""
