"""So many of something, in words."""

from __future__ import annotations


def counted(number: int, word: str, words: str = "") -> str:
    """ "1 comment", "2 comments"; ``words`` where the plural is another."""
    return f"{number} {word if number == 1 else words or f'{word}s'}"
