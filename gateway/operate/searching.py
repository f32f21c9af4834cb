"""What somebody types into the one box, as a search. Pure.

A search is words, each of which may be quoted to keep them in a row, and narrowing words such as ``from:acme``,
``is:held``, ``10:14``, ``yesterday``, ``#412``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, Literal

from gateway.model.reasons import Reason

State = Literal["", "waiting", "held", "none", "done", "ticket", "comment", "refused"]
NEARBY = 300.0
"""Seconds before and after a time of the day that somebody names."""


FIRST_YEAR, LAST_YEAR = 1971, 2999


class NotUnderstood(ValueError):
    """The search says something that means nothing; the text says what is understood."""


@dataclass(frozen=True, slots=True)
class Search:
    """``texts`` are looked for everywhere; the rest narrows. ``since`` and ``until`` are seconds since the epoch,
    ``before`` is a number, only older mail, and ``refused_before`` that of a refusal, only older ones."""

    texts: tuple[str, ...] = ()
    number: int = 0
    refusal: int = 0
    sender: str = ""
    mailbox: str = ""
    subject: str = ""
    ticket: str = ""
    reason: str = ""
    state: State = ""
    since: float = 0.0
    until: float = 0.0
    before: int = 0
    refused_before: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        """All texts of it that are among the words of what it finds."""
        return (*self.texts, *filter(None, (self.sender, self.mailbox, self.subject)))


_WORD = re.compile(r'(?:([A-Za-z]+):)?"([^"]*)"|(\S+)')
_NUMBER = re.compile(r"#(\d{1,15})")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?:-(\d{1,2}):(\d\d))?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FIELDS = {"from": "sender", "to": "mailbox", "mailbox": "mailbox", "subject": "subject", "ticket": "ticket"}
_STATES: dict[str, State] = {
    "waiting": "waiting", "pending": "waiting", "held": "held", "quarantined": "held", "none": "none",
    "suppressed": "none", "done": "done", "ticket": "ticket", "comment": "comment", "refused": "refused",
}  # fmt: skip


def read(text: str, now: float, zone: tzinfo | None) -> Search:
    """A search as it is typed. Raises NotUnderstood."""
    found = Search()
    days: list[datetime] = []
    clocks: list[tuple[time, time | None]] = []
    for match in _WORD.finditer(text):
        field, colon, value = (match[1], ":", match[2]) if match[1] else (match[3] or "").partition(":")
        word, field = match[3] or match[2] or "", field.lower()
        if match[2] is not None and field not in _FIELDS:
            found = replace(found, texts=(*found.texts, word))
        elif number := _NUMBER.fullmatch(word):
            found = replace(found, number=int(number[1]))
        elif clock := _CLOCK.fullmatch(word):
            clocks.append(_clocks(clock))
        elif _DAY.fullmatch(word) or word in ("today", "yesterday"):
            days.append(_day(word, now, zone))
        elif field == "refused" and value.isdecimal() and len(value) <= 15:
            found = replace(found, refusal=int(value))
        elif colon and field in _FIELDS and value:
            narrowing: dict[str, Any] = {_FIELDS[field]: value}
            found = replace(found, **narrowing)
        elif field == "is" and colon:
            found = replace(found, state=_state(value))
        elif field == "reason" and colon:
            found = replace(found, reason=_reason(value))
        else:
            found = replace(found, texts=(*found.texts, word))
    since, until = _window(days, clocks, now, zone)
    return replace(found, since=since, until=until)


def _state(value: str) -> State:
    try:
        return _STATES[value]
    except KeyError:
        raise NotUnderstood(f"is:{value}: expected one of {', '.join(_STATES)}") from None


def _reason(value: str) -> str:
    try:
        return Reason.named(value).value
    except KeyError:
        known = ", ".join(sorted(reason.value for reason in Reason))
        raise NotUnderstood(f"reason:{value}: expected one of {known}") from None


def _clocks(match: re.Match[str]) -> tuple[time, time | None]:
    try:
        return time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4])) if match[3] else None
    except ValueError as error:
        raise NotUnderstood(f"{match[0]} is no time of the day") from error


def _day(word: str, now: float, zone: tzinfo | None) -> datetime:
    today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    try:
        day = datetime.fromisoformat(word).replace(tzinfo=today.tzinfo)
    except ValueError as error:
        raise NotUnderstood(f"{word} is no day") from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise NotUnderstood(f"{word}: no mail came then")
    return day


def _window(
    days: Sequence[datetime], clocks: Sequence[tuple[time, time | None]], now: float, zone: tzinfo | None
) -> tuple[float, float]:
    """From when to when: of a time without a day, the last time that the clock showed it; of one that it showed twice,
    as it was put back, from the first to the second."""
    if not days and not clocks:
        return 0.0, 0.0
    if not clocks:
        return min(days).timestamp(), (max(days) + timedelta(days=1)).timestamp()
    start, end = clocks[0]
    day = days[0] if days else _day("today", now, zone)
    begin = datetime.combine(day.date(), start, day.tzinfo)
    if not days and begin.timestamp() > now:
        begin -= timedelta(days=1)
    close = begin if end is None else datetime.combine(begin.date(), end, day.tzinfo)
    if close < begin:
        close += timedelta(days=1)
    since, until = min(_both(begin)), max(_both(close))
    return (since - NEARBY, until + NEARBY) if end is None else (since, until + 60)


def _both(clock: datetime) -> tuple[float, float]:
    """The times that a clock's time is: one, but for the hour in which the clocks are changed."""
    return clock.replace(fold=0).timestamp(), clock.replace(fold=1).timestamp()
