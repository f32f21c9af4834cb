"""When a maintenance takes place: local times and a recurrence rule in, moments out.

A window lies between two local times, also where the clock changes in it: a begin that the clock strikes twice is the
first, an end the second; one that it leaves out is as long after the last hour as it would have been, or where the end
comes before that, when the clock jumps. Bounded: rules
that fall more often than daily are refused, and no more than MOST of a rule are looked through. Source: RFC 5545,
3.3.10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rrulestr

from gateway.model.spans import DAY
from gateway.model.window import Maintenance

LONGEST = 31 * DAY
"""Seconds of a window, at most."""
MOST = 20_000
"""Occurrences of a rule that are looked through."""
OFTEN = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "WKST"}
MONTHLY_PARTS = {*PARTS, "BYMONTHDAY", "BYSETPOS"}
MOST_INTERVAL = 1000
CYCLE = 400
"""Years after which the calendar repeats itself, days of the week included."""
LATE = 9904
"""A year of the last century, in which every fourth year from it on is a leap year."""
PERIODS = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}
"""The most days of a period."""
WORDS = {word.lower(): f"FREQ={word}" for word in OFTEN}
MOST_LETTERS = 500


class NotUnderstood(ValueError):
    """A maintenance whose times cannot be worked out; says what is wrong."""


def rule_of(repeat: str) -> str:
    """A recurrence rule as RFC 5545 writes it; "weekly" is short for the rule. Raises NotUnderstood."""
    text = WORDS.get(repeat.strip().lower(), repeat.strip().upper().removeprefix("RRULE:"))
    if not text:
        return ""
    parts = [part.partition("=") for part in text.split(";") if part]
    names = [name for name, _, _ in parts]
    if len(text) > MOST_LETTERS or not all(value for _, _, value in parts) or len(set(names)) < len(names):
        raise NotUnderstood(f"{repeat!r} is no recurrence rule; expected for example FREQ=WEEKLY;BYDAY=SA")
    values = {name: value for name, _, value in parts}
    if values.get("FREQ") not in OFTEN:
        raise NotUnderstood(f"FREQ={values.get('FREQ', '')}: expected {', '.join(OFTEN)}")
    known = MONTHLY_PARTS if values["FREQ"] in ("MONTHLY", "YEARLY") else PARTS
    if other := set(names) - known:
        raise NotUnderstood(f"{min(other)} is not supported here; expected {', '.join(sorted(known))}")
    interval = values.get("INTERVAL", "1")
    if not (interval.isdecimal() and 1 <= int(interval) <= MOST_INTERVAL):
        raise NotUnderstood(f"INTERVAL={interval}: expected a number from 1 to {MOST_INTERVAL}")
    return text


def check(maintenance: Maintenance) -> None:
    """Raises NotUnderstood for times that cannot be worked out, or that never come."""
    zone = zone_of(maintenance.zone)
    begin, end = _local(maintenance.begin), _local(maintenance.end)
    if not begin < end:
        raise NotUnderstood(f"it ends at {maintenance.end}, which is not after its begin {maintenance.begin}")
    if (end - begin).total_seconds() > LONGEST:
        raise NotUnderstood(f"it lasts longer than {LONGEST / DAY:.0f} days")
    if not maintenance.repeat:
        return
    _rule(begin, maintenance.repeat, zone)
    parts = {name: value for name, value in _parts(maintenance.repeat).items() if name != "UNTIL"}
    if not any(True for _ in _run(_rule(_late(begin, parts), _text(parts), zone))):
        raise NotUnderstood(f"{maintenance.repeat}: this day never comes")


def _late(begin: datetime, parts: Mapping[str, str]) -> datetime:
    """The same day in a late year, as the library looks to the end of the calendar for a day that never comes.

    The year has more than 60 to come, in which all days are seen: 29 February falls on each day of the week in 28. Of a
    rule that skips years, which are the fewer to look through, it has a whole cycle to come."""
    if int(parts.get("INTERVAL", "1")) * PERIODS[parts["FREQ"]] > 2 * 366:
        return begin.replace(year=begin.year + ((9999 - begin.year) // CYCLE - 1) * CYCLE)
    years = (begin.replace(year=begin.year % 4 + 4 * number) for number in range(LATE // 4, LATE // 4 + 7))
    return next((day for day in years if day.weekday() == begin.weekday()), begin.replace(year=LATE + begin.year % 4))


def occurrences(maintenance: Maintenance, since: float, until: float) -> list[tuple[float, float]]:
    """(begin, end) of each time at which it takes place that touches ``since`` to ``until``, oldest first. Raises
    NotUnderstood."""
    found = _occurrences(maintenance, int(since // DAY), int(until // DAY) + 1)
    return [(begins, ends) for begins, ends in found if begins < until and ends > since]


@lru_cache(maxsize=2048)
def _occurrences(maintenance: Maintenance, first_day: int, last_day: int) -> tuple[tuple[float, float], ...]:
    """Those that touch these days since the epoch: many mails ask about the same."""
    zone = zone_of(maintenance.zone)
    begin, end = _local(maintenance.begin), _local(maintenance.end)
    length = end - begin
    earliest = datetime.fromtimestamp(first_day * DAY, UTC).replace(tzinfo=None) - length - timedelta(days=2)
    latest = datetime.fromtimestamp(last_day * DAY, UTC).replace(tzinfo=None) + timedelta(days=2)
    days = set(maintenance.without)
    spans = (
        _span(local, local + length, zone)
        for local in _begins(_nearer(begin, maintenance.repeat, earliest), maintenance.repeat, zone, latest)
        if local >= earliest and local.date() not in days
    )
    return tuple((begins, ends) for begins, ends in spans if begins < ends)


def _nearer(begin: datetime, repeat: str, earliest: datetime) -> datetime:
    """A later begin of the same days, so that those of many years need not be counted through: whole periods later,
    where these are of one length."""
    parts = _parts(repeat) if repeat else {}
    days = {"DAILY": 1, "WEEKLY": 7}.get(parts.get("FREQ", ""), 0) * int(parts.get("INTERVAL", "1"))
    if not days or "COUNT" in parts or begin >= earliest:
        return begin
    return begin + (earliest - begin) // timedelta(days=days) * timedelta(days=days)


def _begins(begin: datetime, repeat: str, zone: ZoneInfo, latest: datetime) -> Iterator[datetime]:
    for local in _run(_rule(begin, repeat, zone)) if repeat else (begin,):
        if local > latest:
            return
        yield local


def _run(rule: rrule) -> Iterator[datetime]:
    try:
        yield from islice(rule, MOST)
    except (ValueError, OverflowError, IndexError) as error:
        raise NotUnderstood(f"its rule cannot be worked out: {error}") from error


def _rule(begin: datetime, repeat: str, zone: ZoneInfo) -> rrule:
    """The rule in local times: UNTIL, which RFC 5545 has in UTC, too."""
    parts = _parts(repeat)
    if until := parts.get("UNTIL"):
        parts["UNTIL"] = _until(until, zone)
    try:
        return rrulestr(_text(parts), dtstart=begin)
    except (ValueError, TypeError, KeyError) as error:
        raise NotUnderstood(f"{repeat}: {error}") from error


def _parts(repeat: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in rule_of(repeat).split(";") if part)


def _text(parts: Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _until(text: str, zone: ZoneInfo) -> str:
    """A date alone is all of that day: the library takes it for its first moment."""
    if not text.endswith("Z"):
        return f"{text}T235959" if "T" not in text else text
    try:
        moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise NotUnderstood(f"UNTIL={text} is no time") from error
    return moment.astimezone(zone).strftime("%Y%m%dT%H%M%S")


def zone_of(name: str) -> ZoneInfo:
    """Raises NotUnderstood."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NotUnderstood(f"the time zone {name!r} is not known; expected a name like Europe/Berlin") from error


def _local(text: str) -> datetime:
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotUnderstood(f"{text!r} is no time; expected for example 2026-12-01 22:00") from error
    if local.tzinfo is not None:
        raise NotUnderstood(f"{text}: expected a local time without an offset; the zone stands apart from it")
    if not 1990 <= local.year <= 2200:
        raise NotUnderstood(f"{text}: expected a year from 1990 to 2200")
    return local


def _span(begin: datetime, end: datetime, zone: ZoneInfo) -> tuple[float, float]:
    """The moments between two local times; none where all of it is left out by the clock."""
    begins, ends = _moment(begin, zone, late=False), _moment(end, zone, late=True)
    return (begins if begins < ends else _jump(begin, zone), ends)


def _jump(local: datetime, zone: ZoneInfo) -> float:
    """When the clock jumps over a local time that it leaves out, to the second."""
    before, after = (int(local.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (1, 0))
    offset = datetime.fromtimestamp(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return float(after)


def _moment(local: datetime, zone: ZoneInfo, late: bool) -> float:
    """The moment of a local time; of one that comes twice the first, or ``late`` the second."""
    first, second = (local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first > second:  # the clock leaves it out: by the offset of before
        return first
    return second if late else first
