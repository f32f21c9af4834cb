"""Moments as vendors write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from functools import partial
from zoneinfo import ZoneInfo

from gateway.model.spans import DAY, HOUR, MINUTE

_CALENDAR = re.compile(r"(\d{8}T\d{6})(Z?)$")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,6})?$|\d{13}$")
_UNIVERSAL = re.compile(r"\s*\(?\s*(?:\b(?:UTC|GMT)\b(?![+-]\d)|(?<=\d)Z(?!\w))\s*\)?", re.IGNORECASE)
_NAMED = {
    "ET": "America/New_York", "EASTERN": "America/New_York", "CT": "America/Chicago", "CENTRAL": "America/Chicago",
    "MT": "America/Denver", "MOUNTAIN": "America/Denver", "PT": "America/Los_Angeles", "PACIFIC": "America/Los_Angeles",
    "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "MEZ": "Europe/Berlin", "MESZ": "Europe/Berlin",
    "UK": "Europe/London", "JST": "+0900", "HKT": "+0800", "SGT": "+0800", "AEST": "+1000", "AEDT": "+1100",
    "NZST": "+1200", "NZDT": "+1300", "EST": "-0500", "EDT": "-0400", "CDT": "-0500", "MST": "-0700",
    "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
}  # fmt: skip
"""Names of zones behind a time that mean one thing alone (CST, IST and BST do not)."""
_NAME = re.compile(r"\s*\(?\s*\b([A-Za-z]{2,8})\b\s*\)?$")
_NAME_WITHIN = re.compile(r"(?<=\d|m)\s\(?([A-Z]{2,8})\)?\s(?=\d)")
"""A zone between a time and its date: "10:00pm CT 11/3/2026"."""
_DAY_OF_WEEK = re.compile(
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun|mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|"
    r"freitag|samstag|sonntag|lun(?:di|es|edì)?|mar(?:di|tes|tedì)?|mer(?:credi|coledì)?|mi[eé]rcoles|jeu(?:di|ves)?|"
    r"gio(?:vedì)?|ven(?:dredi|erdì)?|viernes|sam(?:edi)?|s[áa]b(?:ado|ato)?|dim(?:anche)?|dom(?:ingo|enica)?|"
    r"maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag)(?:day)?\.?,?\s(?=\d)",
    re.IGNORECASE,
)
"""A day of the week before a date, which says nothing more."""
_SAYS_NOTHING = re.compile(r"(?:\b(?:uhr|hrs|hours|local|time|standard|daylight)\b\.?|(?<=\d)\s?h\b)", re.IGNORECASE)
_SPELLED = re.compile(r"(?<=[\dm])\s[A-Za-z ]{4,40}(?=\([A-Z]{2,5}\)$)")
"""A zone's long name before its short one: "10:00 Central European Time (CET)"."""
_BEFORE_CLOCK = re.compile(r"(?<=\d)(?:,\s?|,?\s(?:um|at|à|om|alle|ore)\s)(?=\d{1,2}:\d)", re.IGNORECASE)
"""What joins a date and its time."""
_NO_WORDS = re.compile(r"\(\s*\)")
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?", re.IGNORECASE)
_OFFSET = re.compile(r"\s?\b(?:UTC|GMT)\s?([+-])(\d{1,2})(?::?(\d{2}))?\b", re.IGNORECASE)
_SLASHES = re.compile(r"^(\d{1,2})/(\d{1,2})/(?=\d{4}\b)(?!.*\d\s?[ap]\.?m\b)", re.IGNORECASE)
"""A day and a month, in which order depends on the country, but for a time in halves of a day."""
_JUST_NOW, _SHORTLY = -5 * DAY, 45 * DAY
"""How long before and after a mail the work is that it tells of, where its text may mean two days."""
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()


_DURATION = re.compile(r"\s*(\d{1,4})\s*(min|hour|hr|h\b)", re.IGNORECASE)


def duration(text: str) -> float:
    """Seconds of "60 minutes" or "2 hours", 0.0 when it is not understood."""
    found = _DURATION.match(text)
    return int(found[1]) * (MINUTE if found[2].lower() == "min" else HOUR) if found else 0.0


_DAYS = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%B %d, %Y", "%Y-%m-%d", "%d.%m.%Y")


def day(text: str) -> float:
    """The begin of a day that is told without a time, in UTC; 0.0 when it is not understood."""
    return moment(text, _DAYS, UTC)


def moment(
    text: str, formats: Sequence[str] = (), zone: tzinfo | None = None, near: float = 0.0, later: int = 0
) -> float:
    """Seconds since the epoch, 0.0 when it is not understood, or names no zone and none is given. A time without a year
    is the one nearest to ``near``. ``later`` is how many days after it."""
    text = " ".join(text[:100].split())
    if not text:
        return 0.0
    if found := _moment(text, formats, zone, near, later):
        return found
    return _moment(bare, formats, zone, near, later) if (bare := _bare(text)) != text else 0.0


def on(day: str, clock: str) -> str:
    """A text that is a clock alone with the date of another, and its zone where it names none itself: "05:00" on
    "25.11.2026 01:00 CET". Any other text as it is."""
    match = _CLOCK.match(clock)
    if match is None or not day or any(character.isdigit() for character in clock[match.end() :]):
        return clock
    zone = clock[match.end() :]
    if (beside := _CLOCK.search(day)) is None:
        return f"{day} {clock}"
    return f"{day[: beside.start()]}{match[0]}{zone or day[beside.end() :]}"


def _bare(text: str) -> str:
    """A moment without the words around it that say nothing more."""
    text = _SPELLED.sub(" ", _DAY_OF_WEEK.sub("", text))
    text = _NO_WORDS.sub(" ", _SAYS_NOTHING.sub(" ", text))
    return _BEFORE_CLOCK.sub(" ", " ".join(text.split()))


def _moment(text: str, formats: Sequence[str], zone: tzinfo | None, near: float, later: int) -> float:
    if (match := _NAME_WITHIN.search(text)) and match[1] in _NAMED:
        text = f"{text[: match.start()]} {text[match.end() :]} {match[1]}"
    if (match := _NAME.search(text)) and (name := _NAMED.get(match[1].upper())):
        text = text[: match.start()]
        text, zone = (f"{text} {name}", zone) if name[0] == "-" else (text, ZoneInfo(name))
    if _EPOCH.match(text):
        return _sane(float(text) / (1000 if len(text) == 13 else 1))
    dated = [shape for shape in formats if "%y" in shape.lower()]
    found = _read(text, dated) or _of_a_year(text, [shape for shape in formats if shape not in dated], near)
    if near:
        found = _likelier(found, _read(_SLASHES.sub(r"\2/\1/", text), dated), near)
    if found is None:
        return 0.0
    if found.tzinfo is None:
        if zone is None:
            return 0.0
        found = found.replace(tzinfo=zone)
    try:
        return _sane((found + timedelta(days=later)).timestamp())
    except (OverflowError, ValueError):
        return 0.0


def _likelier(found: datetime | None, other: datetime | None, near: float) -> datetime | None:
    """Of a moment and the one with day and month the other way round, the only one that lies shortly ahead; else the
    first."""
    if found is None or other is None:
        return found or other
    first, second = (
        _JUST_NOW <= (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - near <= _SHORTLY
        for moment in (found, other)
    )
    return other if second and not first else found


def _sane(seconds: float) -> float:
    return seconds if 0 < seconds < _LATEST else 0.0


def _read(text: str, formats: Sequence[str]) -> datetime | None:
    """A moment, without a zone where the text names none."""
    if match := _CALENDAR.match(text):
        text, formats = match[1] + match[2], ("%Y%m%dT%H%M%S",)
    text = _OFFSET.sub(lambda match: f" {match[1]}{match[2]:>02}{match[3] or '00'}", text)
    bare = _UNIVERSAL.sub("", text)
    shapes = [zoned for shape in formats for zoned in (shape, f"{shape} %z")]
    ways: list[Callable[[str], datetime]] = [partial(_by_shape, shape) for shape in shapes]
    for way in (*ways, datetime.fromisoformat):
        if found := _tried(way, bare):
            return found.replace(tzinfo=found.tzinfo or UTC) if bare != text else found
    return _tried(parsedate_to_datetime, text)


def _of_a_year(text: str, formats: Sequence[str], near: float) -> datetime | None:
    """A moment whose format has no year."""
    if not (near and formats):
        return None
    now = datetime.fromtimestamp(near, UTC)
    found = [
        year_of
        for year in (now.year - 1, now.year, now.year + 1)
        if (year_of := _read(f"{year} {text}", [f"%Y {shape}" for shape in formats]))
    ]
    return min(found, key=lambda moment: abs(moment.replace(tzinfo=moment.tzinfo or UTC) - now), default=None)


def _by_shape(shape: str, text: str) -> datetime:
    return datetime.strptime(text, shape)


def _tried(way: Callable[[str], datetime], text: str) -> datetime | None:
    try:
        return way(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
