"""How far something has come that takes long."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Is told what is done, how much of it, and of how much: 0 where that is not known."""


def unseen(what: str, done: int, total: int) -> None:
    """Nobody looks."""
