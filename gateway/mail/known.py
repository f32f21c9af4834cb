"""The words that a ticket shows already, and which letters of a quote are not among them.

Old text is recognised, not guessed: by twelve letters or digits in a row that stand on the ticket, or by a whole
paragraph whose fingerprint is kept. White space, punctuation and case do not count, since the desk's own mail loses
the cells of tables and glues the words of lists. What the ticket shows elsewhere, but not between these words, was
typed there: somebody gives an answer again. Linear in the mail and in the words.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from html import unescape
from itertools import accumulate

from .fingerprints import LEAST, Fingerprints, short_runs

GRAM = LEAST
"""Letters and digits in a row that prove text to be old; a shorter stretch proves nothing."""
HALF = GRAM // 2
ANSWER = 80
"""Letters of an answer that may be given again."""
NEAR = 24
"""Places at which a quote comes back to the ticket, among which the end of what was typed is looked for."""
TORN = 2_000
WORDS = 100_000
"""Characters of a ticket that are looked at."""
SEARCHES = 4_000_000
"""Windows times characters up to which a search is quicker than a table of all windows."""

FOOT = (
    "View Ticket Powered by AlgaPSA Keeping teams aligned",
    "Ticket Anzeigen Powered by AlgaPSA Teams auf Kurs halten",
    "Voir le Ticket Powered by AlgaPSA Gardons les équipes alignées",
)
"""What stands below a comment in the desk's own mail. Source: recorded mails of the desk."""

_LINE = 300  # characters of a line whose letters are remembered for a moment

# White space but the ends of lines, punctuation, what is not seen. Pictures of type (emoji, arrows, ticks) are words.
_NOISE = re.compile(
    r"[\t\r\x0b\x0c\x1c-\x20\x85\u00a0\u1680!-/:-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u2500-\u2570"
    r"\u3000-\u3003\u3008-\u3011\ufe00-\ufe0f\uff01-\uff0f\uff1a-\uff20\ufeff]+"
)
_NOISE_BYTES = bytes(
    code for code in range(128) if not chr(code).isalnum() and (code > 32 or chr(code).isspace()) and code != 10
)
_PICTURE = "image"  # what stands for a picture without a name
_NUMBER = re.compile(r"[ \t>*]{0,20}\d{1,2}[.)]\s")


def squeezed(text: str) -> str:
    """The letters and digits of a text as they are compared."""
    return _squeezed_line(text) if len(text) < _LINE else _squeezed(text)


@lru_cache(maxsize=1024)
def _squeezed_line(text: str) -> str:
    """Each line of a quote is asked for four times in a row."""
    return _squeezed(text)


def _squeezed(text: str) -> str:
    return "".join(squeezed_lines(text))


def squeezed_lines(text: str) -> list[str]:
    """The same of each line of a text."""
    if "&" in text:
        text = unescape(text)
    if text.isascii():
        return text.encode().translate(None, _NOISE_BYTES).decode().lower().split("\n")
    text = unicodedata.normalize("NFKC", text)
    return _NOISE.sub("", text).casefold().split("\n")


class KnownWords:
    """The words that a ticket shows. ``texts``: its comments, newest first, each as plain text; ``prints`` of what was
    posted before. Of the texts so much is looked at that ``is_whole`` says whether it was all."""

    def __init__(self, texts: Iterable[str], prints: Fingerprints | None = None) -> None:
        self._prints = prints
        self._paragraphs: list[list[str]] = []
        self._lines: set[str] = set()
        self._seams: set[str] = set()
        self._runs: set[str] | None = None
        self.is_whole = True
        kept: list[str] = []
        room = WORDS
        for text in texts:
            if room <= 0:
                self.is_whole = False
                break
            lines = squeezed_lines(text[:room])
            joined = "".join(lines)
            self._lines.update(lines)
            self._seams.update(_seams(joined, lines))
            self._paragraphs.append(lines)
            room -= len(text)
            # A short comment is proven by what stands below it in the desk's mail.
            kept += [joined + foot[:GRAM] for foot in _FEET] if len(joined) < GRAM else [joined]
        self._text = "\n".join([*kept, *_FEET])
        self._grams: frozenset[str] | None = None

    def unknown(self, mails: Sequence[Sequence[str]]) -> list[list[int]]:
        """For each line of each quoted mail, how many of its letters and digits the ticket does not show."""
        pieces = [[squeezed(line) for line in lines] for lines in mails]
        joined = "".join(piece for mail in pieces for piece in mail)
        covered = bytearray(len(joined))
        whole: set[str] = set()  # lines that stand on the ticket as they are
        at = 0
        for mail in pieces:
            all_of_it = "".join(mail)
            if 0 < len(all_of_it) < GRAM and self._is_all_of_a_mail(all_of_it):
                covered[at : at + len(all_of_it)] = b"\1" * len(all_of_it)
            for piece in mail:
                if len(piece) >= GRAM and (piece in self._lines or piece in self._text):
                    covered[at : at + len(piece)] = b"\1" * len(piece)
                    whole.add(piece)
                at += len(piece)
        self._cover(joined, covered)
        if self._prints is not None and covered.find(0) >= 0:
            self._prints.cover(joined, covered)
        at = 0
        for lines, mail in zip(mails, pieces, strict=True):
            size = sum(map(len, mail))
            within = _boundaries(lines, mail, whole)
            for start, end in self._typed_in(joined[at : at + size], covered[at : at + size], within):
                covered[at + start : at + end] = bytes(end - start)
            at += size
        out, at = [], 0
        for lines, mail in zip(mails, pieces, strict=True):
            counts: list[int] = []
            for line, piece in zip(lines, mail, strict=True):
                missing = covered.count(0, at, at + len(piece))
                # The number of an item is not among the words of its list.
                numbered = 0 < missing <= 2 < len(piece) and _NUMBER.match(line)
                if piece == _PICTURE or (numbered and covered.find(1, at) == at + missing):
                    missing = 0
                counts.append(missing)
                at += len(piece)
            out.append(counts)
        return out

    def _is_all_of_a_mail(self, text: str) -> bool:
        """Whether a comment says this and no more, but for the lines around that say who."""
        if self._runs is None:
            self._runs = {run for paragraphs in self._paragraphs for run in short_runs([*filter(None, paragraphs)])}
        return text in self._runs or (self._prints is not None and self._prints.is_known(text))

    def _cover(self, joined: str, covered: bytearray) -> None:
        """Mark what twelve characters in a row prove, across the ends of lines too."""
        left: list[tuple[int, int]] = []
        for start, end in list(_uncovered(covered)):
            if self._has(joined[start : end + GRAM - 1]) or self._has(joined[max(start - GRAM + 1, 0) : end]):
                covered[start:end] = b"\1" * (end - start)
            else:
                left.append((start, end))
        known = self._known_by(sum(end - start + GRAM for start, end in left))
        for start, end in left:
            at = max(start - GRAM + 1, 0)
            last = min(end, len(joined) - GRAM + 1)
            while at < last:
                if joined[at : at + GRAM] in known:
                    covered[at : at + GRAM] = b"\1" * GRAM
                at += 1

    def _has(self, stretch: str) -> bool:
        """Whether all windows of a stretch stand on the ticket in a row."""
        return len(stretch) >= GRAM and stretch in self._text

    def _known_by(self, windows: int) -> str | frozenset[str]:
        """Where so many windows are looked for: the text, or a table of all that it has."""
        if windows * len(self._text) <= SEARCHES:
            return self._text
        self._grams = self._grams or frozenset(self._text[at : at + GRAM] for at in range(len(self._text) - GRAM + 1))
        return self._grams

    def _typed_in(self, mail: str, covered: bytearray, boundaries: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Stretches of whole words between words that follow each other on the ticket."""
        within = [
            at for at in boundaries if HALF <= at <= len(mail) - HALF and mail[at - HALF : at + HALF] not in self._seams
        ]
        known = self._known_by(4 * len(within))
        torn = [at for at in within if mail[at - HALF : at + HALF] not in known]
        ends = [at for at in torn if covered[at]]
        if len(torn) > TORN:
            return
        for start in torn:
            at = bisect_right(ends, start)
            before = mail[start - HALF : start]
            if covered[start - 1] and (
                end := next((end for end in ends[at : at + NEAR] if before + mail[end : end + HALF] in known), 0)
            ):
                yield start, end


def _seams(joined: str, lines: Iterable[str]) -> Iterator[str]:
    """The letters around the ends of lines."""
    for end in accumulate(map(len, lines)):
        yield joined[max(end - HALF, 0) : end + HALF]


def _boundaries(lines: Sequence[str], pieces: Sequence[str], whole: Set[str]) -> list[int]:
    """Where words begin in the letters and digits of these lines; in those that are ``whole`` nothing was typed."""
    found, at = [], 0
    for line, piece in zip(lines, pieces, strict=True):
        if piece in whole or len(piece) < GRAM:
            found.append(at)
        else:
            begin = at
            for word in line.split():
                found.append(begin)
                begin += len(squeezed(word))
        at += len(piece)
    return found


def _uncovered(covered: bytearray) -> Iterator[tuple[int, int]]:
    """Stretches of zeros."""
    start = covered.find(0)
    while start >= 0:
        end = covered.find(1, start)
        end = len(covered) if end < 0 else end
        yield start, end
        start = covered.find(0, end)


_FEET = tuple(squeezed(foot) for foot in FOOT)
