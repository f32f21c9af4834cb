"""A forward scan of HTML into text and tags: one pass, caps on tags, no backtracking.

A tag ends at the first > outside a quoted attribute value; a quote that never ends is taken as text.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from . import limits
from .htmlwords import Bracketed

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:_-]{0,40})")
_MARK = re.compile(r"<(?=[a-zA-Z/!?])")
_ANY_TAG = re.compile(r"<[^<>]*>?")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']{1,100})(?:\s{0,50}=\s{0,50}(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?""")
_EMPTY_COMMENT = re.compile("-?>")
_COMMENT_END = re.compile("--!?>")
_STOP = re.compile("""["'>]""")
_RAW = frozenset({"script", "style", "title", "textarea", "iframe", "xmp", "noembed", "noframes"})
_CLOSING = {name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE) for name in _RAW}
_SHEET = re.compile(r"<style\b[^<>]{0,500}>", re.IGNORECASE)
_ATTRIBUTES = 64


@dataclass(slots=True)
class Token:
    """A piece of HTML: text, or a tag by its ``name`` with its ``attrs`` as they are written. "capped": the rest is not
    read."""

    kind: Literal["text", "open", "close", "capped"]
    text: str = ""
    name: str = ""
    attrs: str = ""
    _parsed: dict[str, str] | None = None

    def attributes(self) -> dict[str, str]:
        if self._parsed is None:
            self._parsed = {}
            for count, match in enumerate(_ATTRIBUTE.finditer(self.attrs)):
                if count >= _ATTRIBUTES:
                    break
                value = match[2] if match[2] is not None else match[3] if match[3] is not None else match[4] or ""
                self._parsed.setdefault(match[1].lower(), entities.unescape(value) if "&" in value else value)
        return self._parsed

    def attribute(self, name: str) -> str:
        return self.attributes().get(name, "") if self.attrs else ""


def tokens(source: str) -> Iterator[Token]:
    """The pieces of a text that claims to be HTML, in linear time, whatever it holds."""
    position = 0
    size = len(source)
    count = 0
    are_words = Bracketed(source)
    # Searches that failed once fail for the rest of the input too.
    missing: set[str] = set()
    while position < size:
        found = _MARK.search(source, position)
        if found is None:
            yield Token("text", source[position:])
            return
        at = found.start()
        if at > position:
            yield Token("text", source[position:at])
        if source.startswith("<!--", at):
            position = _comment_end(source, at + 4, missing)
            continue
        if source.startswith(("<!", "<?"), at):
            end = _find(source, ">", at, missing)
            position = end + 1 if end >= 0 else size
            continue
        match = _TAG.match(source, at)
        if match is None:
            yield Token("text", "<")
            position = at + 1
            continue
        end = _tag_end(source, match.end(), missing)
        if end < 0:
            yield Token("text", source[at:])
            return
        count += 1
        if count > limits.HTML_TAGS:
            yield Token("capped")
            yield Token("text", _ANY_TAG.sub(" ", source[at:]))
            return
        name = match[2].lower()
        attrs = source[match.end() : end]
        if not match[1] and are_words(at, name, attrs):
            yield Token("text", source[at : end + 1])
            position = end + 1
            continue
        position = end + 1
        if match[1]:
            yield Token("close", name=name)
            continue
        if name in _RAW and not attrs.endswith("/"):
            closing = None if name in missing else _CLOSING[name].search(source, position)
            if closing is None:
                missing.add(name)
                continue
            close_end = source.find(">", closing.end())
            if name in ("textarea", "xmp"):
                yield Token("text", source[position : closing.start()])
            position = close_end + 1 if close_end >= 0 else size
            continue
        yield Token("open", name=name, attrs=attrs)


def sheets(source: str) -> Iterator[str]:
    """The style sheets of a page, at most 20."""
    for count, begin in enumerate(_SHEET.finditer(source)):
        end = _CLOSING["style"].search(source, begin.end()) if count < 20 else None
        if end is None:
            return
        yield source[begin.end() : end.start()]


def _comment_end(source: str, start: int, missing: set[str]) -> int:
    """Where a comment ends whose words begin at ``start``: at once, or at "-->" or "--!>"; one that never ends is none.
    Source: WHATWG HTML 13.2.5.43 to 52."""
    if (empty := _EMPTY_COMMENT.match(source, start)) is not None:
        return empty.end()
    end = None if "-->" in missing else _COMMENT_END.search(source, start)
    if end is None:
        missing.add("-->")
        return start
    return end.end()


def _find(source: str, what: str, start: int, missing: set[str]) -> int:
    if what in missing:
        return -1
    at = source.find(what, start)
    if at < 0:
        missing.add(what)
    return at


def _tag_end(source: str, start: int, missing: set[str]) -> int:
    """The position of the > that ends a tag."""
    position = start
    first = -1
    while True:
        stop = _STOP.search(source, position)
        if stop is None:
            return first
        at = stop.start()
        char = source[at]
        if char == ">":
            return at
        # A quote opens a value only after an equals sign.
        before = at - 1
        while before > start and source[before] in " \t\n":
            before -= 1
        if source[before] != "=" or before < start:
            position = at + 1
            continue
        closing = _find(source, char, at + 1, missing)
        if closing < 0:
            position = at + 1
            continue
        if first < 0:
            first = source.find(">", at, closing)
        position = closing + 1
