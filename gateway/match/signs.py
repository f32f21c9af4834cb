"""What a line says: words, numbers, symbols and faces, without the marks between them that say nothing.

Known are the marks that say nothing, not those that say something: whatever else stands in a line is a sign of its own.
The time is linear in the text.
"""

from __future__ import annotations

import re

MOST_TEXT = 20_000
STATE = "\ue000"
"""Stands for a word whose meaning is known, so that what is joined to it still shows ("!OK", "OK-ish")."""
_FACE = re.compile(
    r"(?<!\S)[>}]?[:;=]['`’^o*-]?[()\[\]{}|/\\<>*@$]+(?!\S)|(?<=[\w\ue000])[:;=]['`’^-]?[()\[\]{}/\\](?!\S)|"
    r"[(\[{][.,:;!*|_=/\\–—•·~^<>'-]+[)\]}]"
)
"""Marks that together are a face, or stand in brackets for themselves: ":(", "(!)"."""
_A_FACE = " \u2639 "
_LEFT_OUT = re.compile(r"\.{2,}|…")
_A_GAP = " … "
"""Says that something was left out."""
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_QUIET = re.compile(r"([.*|–—•·:!,;-])\1*|={3,}")
"""A mark, perhaps repeated, that says nothing where it stands alone."""
_BETWEEN = re.compile(r"[|;,–—]+|\*{2,}")
_BEFORE, _BEHIND = "|:;,.", ".,;:!|"
"""Marks that say nothing before and behind a word to which they are joined."""
_BOLD = re.compile(r"(?<!\S)([*_]{1,3})(?![*_])([^*_\s](?:[^*_\n]*[^*_\s])?)\1(?![*_\w])")
_ENDS_ITEM = re.compile(r"[^\w ?%&+@#$€£/\\~^-]|[–—-]")
"""What stands at the end of an item of a text."""


def signs(text: str) -> list[str]:
    """All that a text says, in its order, without case."""
    text = _BOLD.sub(r"\2", " ".join(text.casefold().split()))
    text = _LEFT_OUT.sub(_A_GAP, _FACE.sub(_A_FACE, text))
    return [sign for token in _unbracketed(text).split() for sign in _of(token)]


def bare(text: str) -> str:
    """What a text says, as ``signs`` has it."""
    return " ".join(signs(text))


def _of(token: str) -> list[str]:
    if _QUIET.fullmatch(token):
        return []
    if len(parts := _BETWEEN.split(token)) == 1 or not any(part.strip(_BEFORE + "!") for part in parts):
        return [token.lstrip(_BEFORE).rstrip(_BEHIND) or token]
    return [sign for part in parts if part for sign in _of(part)]


def _unbracketed(text: str) -> str:
    """A text without the brackets that belong together; one that is left alone is a sign."""
    letters = list(text)
    begun: list[int] = []
    for at, letter in enumerate(letters):
        if letter in "([{":
            begun.append(at)
        elif letter in _BRACKETS and begun and letters[begun[-1]] == _BRACKETS[letter]:
            letters[begun.pop()] = letters[at] = " "
    return "".join(letters)


def beside(text: str, start: int, end: int) -> bool:
    """Whether a line says more than what stands between two places of it."""
    begin, over = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return signs(f"{text[begin:start]}{STATE}{text[end : over if over >= 0 else len(text)]}") != [STATE]


def holds(text: str, line: str) -> bool:
    """Whether a text holds a line, folded, as an item of its own: between marks, or all of a line."""
    text, found = text[:MOST_TEXT].casefold(), -1
    while (found := text.find(line, found + 1)) >= 0:
        before, behind = text[:found].rstrip(" \t"), text[found + len(line) :].lstrip(" \t")
        if (not before or _ENDS_ITEM.match(before[-1])) and (not behind or _ENDS_ITEM.match(behind[0])):
            return True
    return False


def follows(text: str, known: str) -> bool:
    """Whether all signs of a text stand in another one, in their order."""
    rest = iter(known.split())
    return all(sign in rest for sign in text.split())
