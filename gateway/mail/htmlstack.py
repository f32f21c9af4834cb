"""The open elements of a page, and which of them a tag closes that nobody closed. Source: WHATWG HTML 13.2.

``State`` is what the reader knew before the element began, so that it knows it again behind its end.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from . import limits
from .htmltags import (
    BARRIERS,
    BLOCKS,
    CLOSES,
    DRAWINGS,
    P_CLOSERS,
    PAGE_AGAIN,
    TABLE_TAGS,
    WITHIN_DRAWINGS,
)

State = TypeVar("State")
NONE = -1
_PARAGRAPH = (frozenset({"p"}), BARRIERS | {"blockquote", "li", "div"})


class Stack(Generic[State]):
    """The elements that are open, each with the state before it, at most ``limits.HTML_DEPTH``."""

    def __init__(self) -> None:
        self._elements: list[tuple[str, State]] = []
        self._open: dict[str, int] = {}
        self._ignored: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._elements)

    def push(self, name: str, before: State) -> bool:
        """Whether the element counts: too deep ones are passed over, with their ends."""
        if len(self._elements) >= limits.HTML_DEPTH:
            self._ignored[name] = self._ignored.get(name, 0) + 1
            return False
        self._elements.append((name, before))
        self._open[name] = self._open.get(name, 0) + 1
        return True

    def pop(self) -> tuple[str, State]:
        name, before = self._elements.pop()
        self._open[name] -= 1
        return name, before

    def passed_over(self, name: str) -> bool:
        """Whether the closing tag is that of an element that was too deep."""
        if not self._ignored.get(name):
            return False
        self._ignored[name] -= 1
        return True

    def is_open(self, name: str) -> bool:
        return bool(self._open.get(name))

    def implied(self, name: str) -> list[int]:
        """From where the elements end that an opening tag closes, in the order in which they end."""
        found = []
        if name in PAGE_AGAIN and any(self._open.get(tag) for tag in DRAWINGS):
            found.append(self._drawing())
        if name in P_CLOSERS and self._open.get("p"):
            found.append(self._last(*_PARAGRAPH))
        rule = CLOSES.get(name)
        if rule and any(self._open.get(tag) for tag in rule[0]):
            found.append(self._last(*rule))
        return [at for at in found if at != NONE]

    def _last(self, names: frozenset[str], barrier: frozenset[str]) -> int:
        for index in range(len(self._elements) - 1, -1, -1):
            tag = self._elements[index][0]
            if tag in names:
                return index
            if tag in barrier:
                return NONE
        return NONE

    def _drawing(self) -> int:
        """Where the drawing begins within which the page is: the outermost, if it holds others."""
        found = NONE
        for index in range(len(self._elements) - 1, -1, -1):
            tag = self._elements[index][0]
            if tag in WITHIN_DRAWINGS:
                break
            found = index if tag in DRAWINGS else found
        return found

    def closed_by(self, name: str) -> int:
        """From where the elements end that a closing tag ends; NONE where it ends none."""
        barrier = frozenset() if name in TABLE_TAGS else BARRIERS
        crossing = False
        for index in range(len(self._elements) - 1, -1, -1):
            tag = self._elements[index][0]
            if tag == name:
                return NONE if crossing else index
            if tag in barrier:
                return NONE
            # A formatting element closed across a block ends with that block.
            crossing = crossing or (name not in BLOCKS and tag in BLOCKS)
        return NONE
