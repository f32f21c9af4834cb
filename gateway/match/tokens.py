"""The words of texts as a search finds them: without case and marks, letters and digits only.

An address is the words between its signs ("ann@acme.example": ann, acme, example), and is found as these words in
a row. Scripts that put no blanks between words are cut into their characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

MOST_WORD = 40
"""Characters of a word; what is longer is no word that anybody types."""

_WORD = re.compile(r"[^\W_]+")
_NO_BLANKS = re.compile(r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")


def tokens(text: str) -> Iterator[str]:
    """The words of a text, in order."""
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).casefold()  # "\u2122" is "TM"
        plain = "".join(character for character in plain if not unicodedata.combining(character))
        plain = _NO_BLANKS.sub(r" \1 ", plain)
    for word in _WORD.finditer(plain):
        yield word[0][:MOST_WORD]


def joined(texts: Iterable[str], most: int) -> str:
    """The words of these texts, at most ``most``, with a blank between two."""
    return " ".join(islice((word for text in texts for word in tokens(text)), most))
