"""One component of a calendar: its fields, its people, its times. Source: RFC 5545, RFC 6868."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from gateway.match import duration

from .clean import clean_line

_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z?))?$")
_DURATION = re.compile(r"P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:\d{1,6}S)?)?$")
_ESCAPE = re.compile(r"\\([\\;,nN])")
_CARET = re.compile(r"\^(['n^])")


@dataclass(slots=True)
class Event:
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    people: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    """Names and octets of the files that stand in the object itself."""
    elsewhere: list[str] = field(default_factory=list)
    """Addresses of those that do not."""
    dates: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Further times of a series (RDATE), and those that are left out (EXDATE)."""

    def attach(self, params: str, value: str) -> None:
        if (file := file_of(params, value)) is None:
            self.elsewhere.append(clean_line(value)[:2000])
        else:
            self.files.append(file)

    def text(self, name: str) -> str:
        return clean_line(unescaped(self.fields[name][1])) if name in self.fields else ""


def names_of(params: str, value: str) -> tuple[str, str]:
    return clean_line(parameter(params, "CN")), address_of(value)


def field_of(line: str) -> tuple[str, str, str]:
    # The value begins at the first colon outside quotes.
    quoted = False
    for index, char in enumerate(line[:2000]):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            name, _, params = line[:index].partition(";")
            return name.strip().upper(), params, line[index + 1 :].strip()
    return "", "", ""


def unescaped(value: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def parameter(params: str, name: str) -> str:
    found = re.search(rf'(?:^|;)\s{{0,5}}{name}=(?:"([^"]{{1,200}})"|([^";:]{{1,200}}))', params, re.IGNORECASE)
    value = (found[1] or found[2]) if found else ""
    return _CARET.sub(lambda match: {"'": '"', "n": " ", "^": "^"}[match[1]], value)


def file_of(params: str, value: str) -> tuple[str, bytes] | None:
    """A file that stands in the calendar itself, with its name; None for one that lies elsewhere."""
    if parameter(params, "VALUE").upper() != "BINARY" and parameter(params, "ENCODING").upper() != "BASE64":
        return None
    name = next((name for key in _FILE_NAMES if (name := parameter(params, key))), "")
    try:
        return name or "attachment", binascii.a2b_base64(value)
    except (binascii.Error, ValueError):
        return None


_FILE_NAMES = ("FILENAME", "X-FILENAME", "X-APPLE-FILENAME", "X-ORACLE-FILENAME")


def person_of(params: str, value: str) -> str:
    """As a person is shown: in angle brackets an address would vanish in the desk's mails."""
    name, address = parameter(params, "CN"), address_of(value)
    return clean_line(f"{name} ({address})" if name and name != address else address)


def address_of(value: str) -> str:
    return clean_line(value[7:] if value.lower().startswith("mailto:") else value)


@dataclass(frozen=True, slots=True)
class Moment:
    when: datetime
    is_date: bool
    zone: str

    def __str__(self) -> str:
        return f"{self.when:%Y-%m-%d}" if self.is_date else f"{self.when:%Y-%m-%d %H:%M}{self.zone}"


def moment_of(found: tuple[str, str] | None) -> Moment | None:
    match = _DATE.match(found[1]) if found else None
    if found is None or match is None:
        return None
    year, month, day, hour, minute, _, utc = match.groups()
    try:
        when = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0))
    except ValueError:
        return None
    zone = parameter(found[0], "TZID")
    return Moment(when, not hour, " UTC" if utc else f" ({clean_line(zone)})" if zone else "")


def begin_of(event: Event) -> Moment | None:
    start = moment_of(event.fields.get("DTSTART"))
    return _of_day(event, start) if start else None


def _of_day(event: Event, moment: Moment) -> Moment:
    """Outlook writes whole days as times, from midnight to midnight."""
    whole = event.text("X-MICROSOFT-CDO-ALLDAYEVENT").upper() == "TRUE" and not (moment.when.hour or moment.when.minute)
    return Moment(moment.when, True, "") if whole else moment


def end_of(event: Event, start: Moment) -> Moment | None:
    """The last day of dates (their end is the day after), else the end."""
    end = moment_of(event.fields.get("DTEND"))
    lasts = _DURATION.match(event.text("DURATION"))
    try:
        if end is None and lasts:
            weeks, days, hours, minutes = (int(number or 0) for number in lasts.groups())
            zone = _zone(parameter(event.fields["DTSTART"][0], "TZID"))
            over = duration.end_of(
                start.when, timedelta(weeks=weeks, days=days), timedelta(hours=hours, minutes=minutes), zone
            )
            end = Moment(over.astimezone(zone).replace(tzinfo=None), start.is_date, start.zone)
        end = _of_day(event, end) if end else None
        if end is not None and end.is_date and end.when > start.when:
            end = Moment(end.when - timedelta(days=1), True, "")
    except OverflowError:
        return None
    return end


def _zone(name: str) -> tzinfo:
    """UTC, in which all days are alike, for a name that only its calendar explains."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to import, and few need it

    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def times_of(event: Event) -> list[Moment]:
    start = begin_of(event)
    return [moment for moment in (start, start and end_of(event, start)) if moment]
