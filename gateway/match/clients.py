"""Which client a text names: the longest of the names and aliases that stand in it, by whole words.

"Smith" and "Smith North" may both be clients, and a name may hold the character that separates fields. Two
names that do not lie within each other are no answer: the next text is asked, and then nobody guesses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.model.questions import NamedClient

MOST_WORDS = 12
LEAST_TELLING = 4
"""Letters from which a word alone tells whose name it is."""
MOST_TEXT = 500
_WORD = re.compile(r"\w+")


class Clients:
    """The names of the clients of a desk. ``names`` are (name, id), ``aliases`` other names of those."""

    def __init__(self, names: Iterable[tuple[str, str]] = (), aliases: Mapping[str, str] | None = None) -> None:
        by_name: dict[str, set[str]] = {}
        for name, client_id in names:
            by_name.setdefault(name.casefold(), set()).add(client_id)
        self._known: dict[tuple[str, ...], set[str]] = {}
        known = {alias: by_name.get(name.casefold(), set()) for alias, name in (aliases or {}).items()}
        for name, client_ids in (*by_name.items(), *known.items()):
            if (key := words_of(name)) and client_ids:
                self._known.setdefault(key, set()).update(client_ids)
        self._longest = min(MOST_WORDS, max(map(len, self._known), default=0))

    def find(self, texts: Sequence[str]) -> NamedClient:
        """The client that the first text with an answer names."""
        why = "nothing names the client" if not texts else "no client is named"
        for text in texts:
            found = self._in(words_of(text[:MOST_TEXT]))
            if len(found) == 1:
                return NamedClient(found.pop(), f"named by {text[:100]!r}")
            if found:
                why = f"{text[:100]!r} names {len(found)} clients"
        return NamedClient("", why)

    def _in(self, words: tuple[str, ...]) -> set[str]:
        """The clients named by the longest names; one within a longer one does not count."""
        found: set[str] = set()
        taken = [False] * len(words)
        for length in range(min(self._longest, len(words)), 0, -1):
            free = [start for start in range(len(words) - length + 1) if not any(taken[start : start + length])]
            for start in free:  # two of a length that overlap are both meant, or neither
                if hit := self._known.get(words[start : start + length]):
                    found |= hit
                    taken[start : start + length] = [True] * length
        return found


def words_of(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def run_together(text: str) -> str:
    """Letters and digits alone, without case and accents: "Smith & Co." is "smithco"."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text.casefold())))


@dataclass(frozen=True, slots=True)
class Text:
    """A text in which names are looked for, however they are written: run together, hyphenated, cut off."""

    words: tuple[str, ...]
    whole: str

    @classmethod
    def of(cls, text: str) -> Text:
        return cls(tuple(filter(None, map(run_together, re.split(r"[\W_]+", text)))), run_together(text))

    def names(self, name: str) -> bool:
        """Whether the text may mean this name: holds all of it, or a word that begins as its first telling one."""
        parts = Text.of(name).words
        whole = "".join(parts)
        if not whole:
            return False
        if len(whole) < LEAST_TELLING:
            return whole in self.words
        telling = next((part for part in parts if len(part) >= LEAST_TELLING), whole)
        return whole in self.whole or any(word.startswith(telling) for word in self.words)
