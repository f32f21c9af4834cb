"""What of a quote the ticket shows already, and what a person wrote into it.

Old text is recognised, not guessed: the words of the ticket's comments, with all white space removed, since the
desk's own mail loses the cells of tables and glues the words of lists. Words that the ticket does not show yet stay in
their place, with the line that they answer: an answer in red, in a cell, below the quote, in any language and program.
Without the ticket's words the rules of ``reply.py`` stand alone. Linear in the mail and in the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Literal

from .lines import Line, squeeze
from .quote import banner, marks
from .quotelines import bare
from .reply import split

GRAM = 12
"""Characters in a row that prove text to be old; a shorter stretch proves nothing."""
INTRODUCTIONS = 1000
"""Lines of a quote in which older mails are looked for."""
WORDS = 200_000
"""Characters of a ticket that are looked at."""
_COMMENT = "\N{SPEECH BALLOON}"
_FOOT = "poweredbyalgapsa"


Role = Literal["new", "quoted", "introduction"]
Why = Literal["quoted", "introduction", "on the ticket", "frame", "older mail"]


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of a reply that are looked at together: all new ones in a row, else one line. A signature is in none."""

    role: Role
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def passages(lines: Sequence[Line]) -> list[Passage]:
    """The candidates: what the rules call new, and each line that they would cut as quoted."""
    found = split(lines)
    within = [bare(lines[i].text) for i in found.quoted[:INTRODUCTIONS]]
    introduced = {found.quoted[at] for mark in marks(within) for at in range(mark.start, mark.end)}
    introduced |= found.introductions
    role: dict[int, Role] = {i: "introduction" if i in introduced else "quoted" for i in found.quoted}
    role.update(dict.fromkeys(found.new, "new"))
    out: list[Passage] = []
    for i in sorted(role):
        if role[i] == "new" and out and out[-1].role == "new":
            out[-1] = Passage("new", (*out[-1].lines, lines[i]))
        else:
            out.append(Passage(role[i], (lines[i],)))
    return out


def squeezed(text: str) -> str:
    """Without white space, case, marks of quoting and entities."""
    return "".join(unescape(bare(text)).split()).casefold()


class KnownWords:
    """The words that a ticket shows. ``texts``: its comments, newest first, each as plain text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._grams: set[str] = set()
        self._short: set[str] = set()
        room = WORDS
        for text in texts:
            joined = "".join(squeezed(line) for line in text[:room].split("\n"))
            room -= len(text)
            if len(joined) < GRAM:
                self._short.add(joined)
            self._grams.update(joined[at : at + GRAM] for at in range(len(joined) - GRAM + 1))
            if room <= 0:
                break

    def unknown(self, lines: Sequence[str]) -> list[int]:
        """For each line of a quote, how many of its letters and digits the ticket does not show."""
        pieces = [squeezed(line) for line in lines]
        joined = "".join(pieces)
        covered = bytearray(len(joined))
        end = 0
        for at in range(len(joined) - GRAM + 1):
            if joined[at : at + GRAM] in self._grams:
                start = max(at, end)
                end = at + GRAM
                covered[start:end] = b"\1" * (end - start)
        out, at = [], 0
        for piece in pieces:
            if piece in self._short:
                out.append(0)
            else:
                out.append(sum(piece[i].isalnum() and not covered[at + i] for i in range(len(piece))))
            at += len(piece)
        return out


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of a reply, in order, and what was cut with the reason."""

    shown: tuple[Passage, ...]
    cut: tuple[tuple[Why, str], ...]

    @property
    def lines(self) -> list[Line]:
        """What is shown, as lines for ``to_blocks`` and ``render``."""
        return squeeze(line for passage in self.shown for line in passage.lines)

    @property
    def found(self) -> bool:
        """Whether words were found that the rules alone would have cut."""
        return any(passage.role != "new" for passage in self.shown)


def look(passages: Sequence[Passage], known: KnownWords | None) -> Look:
    """What of a reply the ticket does not show yet. ``known`` None: the thread is not known, the rules decide."""
    quoted = [i for i, passage in enumerate(passages) if passage.role == "quoted"]
    reasons: dict[int, Why] = {
        i: "introduction" for i, passage in enumerate(passages) if passage.role == "introduction"
    }
    if known is None:
        reasons |= dict.fromkeys(quoted, "quoted")
    else:
        missing = dict(zip(quoted, known.unknown([passages[i].text for i in quoted]), strict=True))
        old = {i for i in quoted if not missing[i]}
        for i in _older(passages, missing):
            reasons[i] = "older mail"
        reasons.update(dict.fromkeys(old, "on the ticket"))
        reasons.update(dict.fromkeys(_frame(passages, old), "frame"))
        for i in _answered(passages, reasons):
            del reasons[i]
    shown = tuple(passage for i, passage in enumerate(passages) if i not in reasons)
    return Look(shown, tuple((reasons[i], passages[i].text) for i in sorted(reasons)))


def _older(passages: Sequence[Passage], missing: dict[int, int]) -> set[int]:
    """The lines of mails below the one that is answered of which the ticket shows less than half: they came before
    the words that are known, and nobody answers in them."""
    mails: list[list[int]] = [[]]
    for i, passage in enumerate(passages):
        if passage.role == "introduction" and mails[-1]:
            mails.append([])
        elif passage.role == "quoted" and squeezed(passage.text):
            mails[-1].append(i)
    found: set[int] = set()
    for mail in mails[1:]:
        if 2 * sum(missing[i] for i in mail) > sum(len(squeezed(passages[i].text)) for i in mail):
            found.update(mail)
    return found


def _frame(passages: Sequence[Passage], old: set[int]) -> set[int]:
    """The lines of the desk's own mail around a comment: from its banner to the comment, and its foot."""
    found: set[int] = set()
    head: list[int] | None = None
    cut = [i for i, passage in enumerate(passages) if passage.role != "new"]
    for number, i in enumerate(cut):
        text = passages[i].text
        if banner(text):
            head = [i]
        elif head is not None and i in old and text.strip(" \t>"):
            found.update(head)
            head = None
        elif head is not None:
            head.append(i)
            if _COMMENT in unescape(text):
                found.update(head)
                head = None
        if _FOOT in squeezed(text):
            # Without a comment above it: the desk's mail about the ticket itself.
            found.update(head or ())
            head = None
            found.update(j for j in cut[max(number - 2, 0) : number + 2] if len(passages[j].text.split()) <= 6)
            found.add(i)
    return found


def _answered(passages: Sequence[Passage], reasons: Mapping[int, Why]) -> set[int]:
    """Above words that stay in a quote, the old line that they answer."""
    kept: set[int] = set()
    above = -1
    for i, passage in enumerate(passages):
        if passage.role != "quoted":
            above = -1
        elif i not in reasons:
            if above >= 0:
                kept.add(above)
            above = -1
        elif passage.text.strip(" \t>"):
            above = i if reasons[i] == "on the ticket" else -1
    return kept
