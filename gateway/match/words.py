"""Words of state and severity in a text, without case, as whole words.

At each place the longest word counts, so "no longer on battery" is not "on battery". A closing word that
is denied ("not resolved", "konnte nicht behoben werden") closes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from gateway.model.notice import State

MOST_TEXT = 20_000
MOST_FOUND = 200
PRECEDENCE: tuple[State, ...] = ("open", "planned", "update", "close", "ignore")
"""Which state counts when a text has words of several: what may hide a problem comes last."""

_DENIALS = frozenset(
    "not no never cannot can't couldn't wasn't isn't hasn't unable failed without before until once nicht kein keine "
    "ohne sobald pas sans non sin niet geen".split()
)
_NOW = re.compile(
    r"(?:->|=>|→|⇒|➔|➜|\b(?:now|jetzt|nun|maintenant|ahora|adesso|nu)\s*[:=]|"
    r"\b(?:from\s[^\n]{1,40}?\sto|von\s[^\n]{1,40}?\sauf)\b)",
    re.IGNORECASE,
)
"""What stands before the state that holds now, in a text of two: "Down ended (now: Warning)", "OK -> ALARM"."""
_BEFORE = re.compile(r"\(\s*(?:before|previously|was|formerly|vorher|zuvor|avant)\b[^()\n]{0,60}\)", re.IGNORECASE)
"""The state that held before: "Down (before: Warning)"."""
MOST_TRANSITION = 120
_BEFORE_DENIED = 3  # words between the denial and the word


def folded(text: str) -> str:
    """A text as words compare: one blank, no case."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class Words:
    """A vocabulary: each word with what it means."""

    meanings: Mapping[str, Any]
    pattern: Any

    @classmethod
    def of(cls, meanings: Mapping[str, Any]) -> Words:
        """``meanings`` by folded word."""
        options = re2.Options()
        options.case_sensitive = False
        options.longest_match = True
        options.log_errors = False
        options.max_mem = 1 << 22
        if not meanings:
            return cls({}, None)
        return cls(dict(meanings), re2.compile("|".join(_bounded(meaning) for meaning in meanings), options=options))

    def found(self, text: str) -> list[tuple[str, Any, int]]:
        """The words in a text: as they stand there, what they mean, and where."""
        if self.pattern is None:
            return []
        text = text[:MOST_TEXT]
        out = []
        for match in self.pattern.finditer(text):
            word = match.group()
            meaning = self.meanings.get(folded(word))
            if meaning is not None:
                out.append((" ".join(word.split()), meaning, match.start()))
            if len(out) >= MOST_FOUND:
                break
        return out

    def removed(self, text: str) -> str:
        """A text without the words."""
        return self.pattern.sub(" ", text[:MOST_TEXT]) if self.pattern is not None else text


def _bounded(word: str) -> str:
    """A word as RE2: its blanks any blanks, at its ends no letter or digit of its own kind."""
    inner = r"\s+".join(re2.escape(part) for part in word.split())
    left = r"\b" if word[0].isascii() and word[0].isalnum() else ""
    right = r"\b" if word[-1].isascii() and word[-1].isalnum() else ""
    return f"{left}{inner}{right}"


def state_words(lists: Mapping[State, Sequence[str]]) -> Words:
    return Words.of({folded(word): state for state, words in lists.items() for word in words})


def state_in(text: str, words: Words) -> tuple[State, str]:
    """The state that a text tells, and the word that says so; "update" and "" when it has none. A text of two states is
    read by the one that holds now. Of a text that goes on where nobody looked, nothing is known to be over."""
    if len(text) <= MOST_TRANSITION:
        text = _BEFORE.sub(" ", text)
        *before, now = _NOW.split(text)
        state, word = _told(now, words)
        if before and word and (state != "close" or folded(now.strip(" ()[].!")) == folded(word)):
            return state, word
    return _told(text, words)


def _told(text: str, words: Words) -> tuple[State, str]:
    states: dict[State, str] = {}
    found = words.found(text)
    whole = len(text) <= MOST_TEXT and len(found) < MOST_FOUND
    for word, state, start in found:
        if state == "close" and (not whole or _denied(text[:start])):
            state = "update"
        states.setdefault(state, word)
    return next(((state, states[state]) for state in PRECEDENCE if state in states), ("update", ""))


def _denied(before: str) -> bool:
    """Whether the sentence that leads to a word denies it."""
    near = before[-60:].casefold()
    for stop in ".!?;:|\n()[]":
        near = near.rpartition(stop)[2]
    return any(word.strip(",'\"") in _DENIALS for word in near.split()[-_BEFORE_DENIED:])


def level_in(text: str, words: Words) -> tuple[int, str]:
    """The worst level that a text names, and its word; 0 and "" when it has none."""
    return max(((rank, word) for word, rank, _ in words.found(text)), default=(0, ""), key=lambda found: found[0])
