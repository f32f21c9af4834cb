"""Whether an accepted invitation says nothing but that, in the words of the program that sent it.

The calendar object tells what a program can say: the title, the times, the place, who accepts. Its text is made of
these, as lines that hold nothing else, and of a sentence about the sender by their full name or address, in whatever
language: people do not speak of themselves so. Words that only say yes (``match.assent``) ask for nothing either. A
question, a number that is none of the event's, a sentence in the first person or any other word: a person wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

from gateway.match import assent, gratitude

from .calendar import Accepted

MOST_UNITS = 40  # paragraphs and lines of a text that is looked at
MOST_TEXT, MOST_WHOLE = 2000, 10_000  # characters of one of them, of all
MOST_GLUE = 15  # words of a sentence beside what the event tells
MOST_SAID = 2  # sentences about the sender
MOST_LABEL = 3  # words before a colon
_LINK = re.compile(r"<?(?:https?://|www\.)\S+>?|(?:UTC|GMT)\s?[+-]?[\d:]{0,6}", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")


def is_bare(accepted: Accepted, subject: str, text: str, sender: str) -> bool:
    """Whether neither the text of the mail nor a comment in the calendar object says more than that ``sender``, an
    address in lower case, accepts."""
    if sum(map(len, (text, *accepted.comments))) > MOST_WHOLE:
        return False
    people = _runs(accepted.people)
    about = _About(
        gratitude.words_of(subject),
        any(name.lower() == sender for name in accepted.who),
        described=[" ".join(gratitude.words_of(text)) for text in accepted.texts],
        titles=_runs(accepted.titles),
        people=people,
        names=frozenset(word for run in people for word in run),
        who=[run for run in _runs(accepted.who) if len(run) > 1 or "@" in run[0]],
        numbers=_numbers(accepted),
    )
    units = [unit for written in (text, *accepted.comments) for unit in re.split(r"\n\s*\n", written) if unit.strip()]
    if len(units) > MOST_UNITS:
        return False
    return all(about.explains(unit) for unit in units) and about.said <= MOST_SAID


@dataclass(slots=True)
class _About:
    """What the event tells, as words that are compared, and how many sentences about the sender there were."""

    subject: Sequence[str]
    by_attendee: bool
    described: Sequence[str]
    titles: Sequence[Sequence[str]]
    people: Sequence[Sequence[str]]
    names: Set[str]
    who: Sequence[Sequence[str]]
    numbers: Set[int]
    said: int = 0

    def explains(self, unit: str) -> bool:
        """Whether a paragraph is the program's: as a whole, or line by line."""
        lines = [line.strip() for line in unit.splitlines() if line.strip()]
        if len(lines) > MOST_UNITS or len(unit) > MOST_TEXT:
            return False
        return self._is_of_it(" ".join(lines)) or all(self._is_of_it(line) for line in lines)

    def _is_of_it(self, text: str) -> bool:
        """Whether one line holds nothing of a person's."""
        text = _LINK.sub(" ", text)
        words = gratitude.words_of(text)
        if not words or words == self.subject or self._is_of_the_event(text):
            return True
        rest = _without(words, self.titles)
        if any(mark in " ".join(rest) or text.rstrip().endswith(mark) for mark in gratitude.QUESTIONS):
            return False
        if self._is_a_title(text, words, rest):
            return True
        if all(word in self.names or word in gratitude.CLOSINGS for word in rest):
            return True
        return assent.accepts(rest, self.names) or self._is_a_time(rest) or self._is_about_the_sender(rest)

    def _is_of_the_event(self, text: str) -> bool:
        """A value of the event, with or without a label."""
        label, colon, value = text.partition(":")
        said = gratitude.words_of(value) if colon and len(gratitude.words_of(label)) <= MOST_LABEL else []
        known = [*self.titles, *self.people]
        if not _without(gratitude.words_of(text), known) or (said and not _without(said, known)):
            return True
        return bool(said) and any(" ".join(said) in text for text in self.described)

    def _is_a_title(self, text: str, words: Sequence[str], rest: Sequence[str]) -> bool:
        """The title behind a few words and a colon, as subjects have it: "Accepted: Visit"."""
        label, colon, _ = text.partition(":")
        few = len(gratitude.words_of(label)) <= MOST_LABEL
        return bool(colon) and few and len(rest) < len(words) and list(rest) == gratitude.words_of(label)

    def _is_a_time(self, words: Sequence[str]) -> bool:
        """The event's day and time, written in any language: its numbers, and few words between them."""
        numbers = [int(number) for word in words for number in _NUMBER.findall(word)]
        others = [word for word in words if not _NUMBER.search(word)]
        if len(numbers) < 2 or len(others) > len(numbers) + 6 or not self.numbers >= set(numbers):
            return False
        return not _speaks(others) and not any(word in gratitude.NEGATIONS for word in others)

    def _is_about_the_sender(self, rest: Sequence[str]) -> bool:
        """A sentence that names the sender in full."""
        named = _without(rest, self.who)
        if not self.by_attendee or len(named) == len(rest):
            return False
        glue = [word for word in _without(named, self.people) if not _NUMBER.search(word)]
        numbers = [int(number) for word in named for number in _NUMBER.findall(word)]
        if len(glue) > MOST_GLUE or not self.numbers >= set(numbers) or _speaks(glue):
            return False
        self.said += 1
        return not any(word in gratitude.NEGATIONS for word in glue)


def _numbers(accepted: Accepted) -> Set[int]:
    """Those that the event's times may be written with."""
    known = {part for time in accepted.times for part in time}
    hours = {time[3] for time in accepted.times}
    days = {time[2] for time in accepted.times}
    known |= {time[0] % 100 for time in accepted.times} | {hour % 12 or 12 for hour in hours}
    if accepted.is_utc:  # the text has the time of a place
        known |= set(range(24)) | {day + more for day in days for more in (-1, 1)}
    return known


def _runs(texts: Sequence[str]) -> list[list[str]]:
    """The words of each, the longest first."""
    runs = [words for text in texts if (words := gratitude.words_of(text))]
    return sorted(runs, key=len, reverse=True)


def _speaks(words: Sequence[str]) -> bool:
    return any(word in assent.FIRST_PERSON for word in words)


def _without(words: Sequence[str], runs: Sequence[Sequence[str]]) -> list[str]:
    """The words without these runs of words, wherever they stand."""
    left = list(words)
    for run in runs:
        at = 0
        while at + len(run) <= len(left):
            if left[at : at + len(run)] == list(run):
                del left[at : at + len(run)]
            else:
                at += 1
    return left
