"""The time zones of a calendar: what a TZID means there, as a zone of the tz database.

A program may call a zone as it likes, as it sends the zone's rules along (VTIMEZONE). Such a zone is the one of the
database that has the same offsets. A name that is not known and has no rules is none, as a window at a wrong time holds
alerts back. Source: RFC 5545, 3.2.19 and 3.6.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from gateway.match.recurrence import NotUnderstood

COMPARED = tuple(timedelta(days=days) for days in range(0, 800, 8))
"""After an event's begin, where two zones must have the same offset: two years, closer than any summer time is long."""
_BARE = re.compile(r'(?i)(;TZID=)([^";:\r\n]*://[^;:\r\n]*)(?=[;:])')


def quoted(text: str) -> str:
    """With quotes around the names of Exchange that have a colon: TZID=tzone://Microsoft/Utc."""
    return _BARE.sub(r'\1"\2"', text)


@dataclass(frozen=True, slots=True)
class Zones:
    """``default`` is the zone of times that name none; ``rules`` are the calendar's own, by TZID."""

    default: ZoneInfo
    rules: Mapping[str, tzinfo]

    @classmethod
    def of(cls, calendar: Any, default: ZoneInfo, fixed: bool) -> Zones:
        """Those of a calendar, which may say what zone it is in (X-WR-TIMEZONE); not if the default is ``fixed``."""
        named = "" if fixed else str(calendar.get("X-WR-TIMEZONE", ""))
        parts = [part for part in calendar.subcomponents if part.name == "VTIMEZONE"]
        return cls(_known(named) or default, {_name(part): part.to_tz(lookup_tzid=False) for part in _yearly(parts)})

    def of_time(self, moment: date, tzid: str) -> tzinfo:
        """The zone of a time: one of the database, if there is one like it. Raises NotUnderstood."""
        if not isinstance(moment, datetime):
            return self.default
        if not tzid:
            return ZoneInfo("UTC") if moment.tzinfo else self.default
        if known := _known(tzid):
            return known
        rules = self.rules.get(tzid.strip("/"))
        windows = _of_windows(tzid)
        if rules is None and windows is None:
            raise NotUnderstood(f"its time zone {tzid!r} is not known")
        if rules is None or windows == rules:
            assert windows is not None
            return windows
        begin = moment.replace(tzinfo=None)
        return _alike(rules, begin, filter(None, (windows, self.default))) or rules

    def local(self, moment: date, tzid: str, zone: tzinfo) -> datetime:
        """A date or a time as a local time of ``zone``. A date begins there. Raises NotUnderstood."""
        if not isinstance(moment, datetime):
            return datetime.combine(moment, time())
        return moment.replace(tzinfo=self.of_time(moment, tzid)).astimezone(zone).replace(tzinfo=None)


def _name(part: Any) -> str:
    return str(part.get("TZID", "")).strip("/")


def _yearly(parts: Iterable[Any]) -> list[Any]:
    """Those whose rules fall once a year, as all do: others take long to be followed from 1601 on."""
    rules = {id(part): [rule.get("RRULE", {}) for rule in part.subcomponents] for part in parts}
    return [
        part
        for part in parts
        if all(not isinstance(rule, list) and rule.get("FREQ", ["YEARLY"]) == ["YEARLY"] for rule in rules[id(part)])
    ]


def _known(name: str) -> ZoneInfo | None:
    """The zone of this name in the tz database, also where a program put its own before it."""
    words = name.strip("/").split("/")
    names = ("/".join(words[place:]) for place in range(len(words)))
    return next((ZoneInfo(part) for part in names if part in _names()), None)


def _of_windows(name: str) -> ZoneInfo | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    return _known(WINDOWS_TO_OLSON.get(name, ""))


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _zones() -> tuple[ZoneInfo, ...]:
    """All of the database, those that people live in first."""
    return tuple(ZoneInfo(name) for name in sorted(_names(), key=lambda name: ("/" not in name, "Etc/" in name, name)))


def _alike(rules: tzinfo, begin: datetime, likely: Iterable[ZoneInfo]) -> ZoneInfo | None:
    """The zone that has the same offsets from ``begin`` on, first one of the ``likely``."""
    moments = [begin.replace(tzinfo=UTC) + later for later in COMPARED]
    offsets = [moment.astimezone(rules).utcoffset() for moment in moments]
    return next(
        (
            zone
            for zone in (*likely, *_zones())
            if all(moment.astimezone(zone).utcoffset() == off for moment, off in zip(moments, offsets, strict=True))
        ),
        None,
    )
