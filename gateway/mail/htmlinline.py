"""What elements without words of their own say: controls of a form, pictures that cannot be shown, areas of a map,
raised and lowered figures. Source: WHATWG HTML 4.10, 4.8.
"""

from __future__ import annotations

import html as entities
from urllib.parse import urljoin

from .clean import clean
from .htmltags import tiny
from .scan import Token

_FIGURES = {
    "sup": str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ"),
    "sub": str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"),
}
FIGURES = frozenset(_FIGURES)
_BUTTONS = frozenset(("submit", "button", "reset"))
_UNSEEN = frozenset(("hidden", "password", "image", "file"))


def control(token: Token) -> str:
    """What an ``input`` shows: a mark, the words on a button, what was filled in."""
    kind = token.attribute("type").strip().lower()
    value = words_of(token, "value")
    if kind == "checkbox":
        return "\u2611" if "checked" in token.attributes() else "\u2610"
    if kind == "radio":
        return "\u25c9" if "checked" in token.attributes() else "\u25cb"
    if kind in _UNSEEN or not value:
        return ""
    return f"[{value}]" if kind in _BUTTONS else value


def words_of(token: Token, name: str) -> str:
    return " ".join(clean(entities.unescape(token.attribute(name))).split())[:200]


def figures(text: str, element: str) -> str:
    """Raised and lowered figures as such: ten to the sixth is not 106. Words stay as they are."""
    table, bare = _FIGURES[element], text.strip()
    return text.translate(table) if bare and all(ord(char) in table for char in bare) else text


def instead_of(token: Token, alt: str, is_linked: bool) -> tuple[str, str]:
    """The words for a picture that is not there, and its address on the web; "" for one that says nothing."""
    source = token.attribute("src").strip()
    if tiny(token):
        return "", ""
    remote = source.lower().startswith(("http://", "https://", "//"))
    if not alt and not (source and (remote or is_linked)):
        return "", ""
    target = ("https:" + source if source.startswith("//") else source) if remote else ""
    return f"[{alt or 'image'}]", target


def resolved(href: str, base: str) -> str:
    """A link of the page, which may say where its links begin (``base``)."""
    href = href.strip()
    if not base or href.startswith("#"):
        return href
    try:
        return urljoin(base, href)
    except ValueError:
        return href
