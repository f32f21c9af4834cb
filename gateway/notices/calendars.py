"""Maintenance windows out of a calendar: the events of an iCalendar object, each as a window.

Strict, as a window holds alerts back: a calendar that is damaged or cut off gives none, and an event whose times cannot
be worked out gives none and is named. Bounded by MOST_OCTETS and MOST_EVENTS. Source: RFC 5545, RFC 5546 (CANCEL).
"""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway.mail.clean import clean
from gateway.match import duration, recurrence
from gateway.match.recurrence import NotUnderstood
from gateway.model.problem import digest
from gateway.model.window import CALENDAR, Maintenance, MaintenanceCalendar, MaintenanceEvent, instance_uid
from gateway.notices.calendarzones import Zones, quoted

MOST_OCTETS = 1 << 20
MOST_EVENTS = 500
DEEPEST = 4  # an alarm of an event of a calendar is the third
MOST_TEXT = 2000
MOST_SEQUENCE = 2**31 - 1  # an INTEGER of RFC 5545, 3.3.8
FORM = "%Y-%m-%d %H:%M:%S"
ANNOUNCES = ("", "PUBLISH", "REQUEST", "ADD", "CANCEL")
"""The methods that say what takes place; the others answer such a mail."""
UNSUPPORTED = ("RDATE", "EXRULE")
"""Properties without which the times of an event would be others."""
FOLLOWING = "THISANDFUTURE"
LONG_AGO = (datetime(1990, 1, 1), datetime(1990, 1, 2))


def read(
    text: str, like: Maintenance, zone: ZoneInfo, named: bool, proof: str = "", fixed: bool = False
) -> MaintenanceCalendar:
    """The windows of a calendar. ``like`` says whose problems they hold; with ``named`` only of objects whose names
    stand in the event. ``zone`` is that of times without one, where the calendar names none or it is ``fixed``."""
    from icalendar import Calendar  # slow to import, and few need it

    if len(text) > MOST_OCTETS:
        return MaintenanceCalendar(like.calendar, proof, troubles=("it is too large",))
    text = quoted(clean(text)).lstrip("\ufeff")
    try:
        if not _is_whole(text):
            raise ValueError("its parts do not close")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about names of zones, which are looked at here
            found = Calendar.from_ical(text, multiple=True)
        events = [
            (calendar, Zones.of(calendar, zone, fixed), part)
            for calendar in found
            for part in calendar.subcomponents
            if part.name == "VEVENT"
        ]
    except Exception as error:  # of the library, which meets what anybody may write
        return MaintenanceCalendar(like.calendar, proof, troubles=(f"it is no whole calendar: {error}"[:200],))
    read_events: list[MaintenanceEvent] = []
    troubles = [f"only the first {MOST_EVENTS} events were read"] if len(events) > MOST_EVENTS else []
    split = {str(event.get("UID", "")) for _, _, event in events if _splits(event)}
    for calendar, zones, event in events[:MOST_EVENTS]:
        try:
            if str(event.get("UID", "")) in split:
                raise NotUnderstood(f"RANGE={FOLLOWING} is not supported here")
            read_events.append(_event(calendar, event, like, zones, named))
        except Exception as error:
            troubles.append(f"{str(event.get('SUMMARY', 'an event'))[:100]}: {error}"[:300])
    return MaintenanceCalendar(like.calendar, proof, tuple(read_events), tuple(troubles))


def _is_whole(text: str) -> bool:
    """Whether every component closes, as the library takes one that was cut off for an empty one; and whether they lie
    in each other no deeper than they can mean something, as it takes quadratic time."""
    inside: list[str] = []
    last = ""
    for line in text.splitlines():
        if line.startswith((" ", "\t")):  # goes on with the line before
            continue
        name, _, value = line.strip().upper().partition(":")
        if name == "BEGIN":
            inside.append(value)
            if len(inside) > DEEPEST:
                return False
        elif name == "END" and (not inside or inside.pop() != value):
            return False
        last = line.strip() or last
    return not inside and last.upper() == "END:VCALENDAR"


def _event(calendar: Any, event: Any, like: Maintenance, zones: Zones, named: bool) -> MaintenanceEvent:
    method = str(calendar.get("METHOD", "")).strip().upper()
    if method not in ANNOUNCES:
        raise NotUnderstood(f"METHOD:{method} announces nothing")
    if other := next((name for name in UNSUPPORTED if name in event), ""):
        raise NotUnderstood(f"{other} is not supported here")
    summary = " ".join(str(event.get("SUMMARY", "")).split())[:200] or "an event"
    uid = str(event.get("UID", "")).strip()[:500] or digest(event.to_ical().decode("utf-8", "replace"))
    is_cancelled = method == "CANCEL" or str(event.get("STATUS", "")).upper() == "CANCELLED"
    start, end, zone = _times(event, zones, is_cancelled)
    if instance := event.get("RECURRENCE-ID"):
        uid = instance_uid(uid, zones.local(instance.dt, _tzid(instance), zone))
    said = Maintenance(
        id="",
        name=summary,
        desk=like.desk,
        begin=start.strftime(FORM),
        end=end.strftime(FORM),
        zone=zone.key,
        repeat=recurrence.rule_of(_rule(event)),
        without=tuple(sorted(_left_out(event, zones, zone))),
        client=like.client,
        objects=like.objects,
        profiles=like.profiles,
        text=_text(event) if named else None,
        grace=like.grace,
        origin=CALENDAR,
        calendar=like.calendar,
        uid=uid,
    )
    recurrence.check(said)
    return MaintenanceEvent(said, _sequence(event), is_cancelled)


def _splits(event: Any) -> bool:
    """Whether it changes all later times of its series as well."""
    return "RECURRENCE-ID" in event and str(event["RECURRENCE-ID"].params.get("RANGE", "")).upper() == FOLLOWING


def _sequence(event: Any) -> int:
    number = int(event.get("SEQUENCE", 0))
    if not 0 <= number <= MOST_SEQUENCE:
        raise NotUnderstood(f"SEQUENCE: expected a number from 0 to {MOST_SEQUENCE}")
    return number


def _times(event: Any, zones: Zones, is_cancelled: bool) -> tuple[datetime, datetime, ZoneInfo]:
    """Begin and end as local times, and their zone. One that is cancelled need not say them (RFC 5546, 3.2.5)."""
    begin = event.get("DTSTART") or (event.get("RECURRENCE-ID") if is_cancelled else None)
    if begin is None and is_cancelled:
        return *LONG_AGO, zones.default
    if begin is None:
        raise NotUnderstood("it has no begin")
    start = begin.dt
    zone = zones.of_time(start, _tzid(begin))
    if not isinstance(zone, ZoneInfo):
        if "RRULE" in event:
            raise NotUnderstood(f"its time zone {_tzid(begin)!r} is like none that is known")
        zone = ZoneInfo("UTC")
    local = zones.local(start, _tzid(begin), zone)
    if "DTEND" in event:
        return local, zones.local(event["DTEND"].dt, _tzid(event["DTEND"]), zone), zone
    if "DURATION" in event:
        return _lasting(local, event["DURATION"].dt, zone, recurs="RRULE" in event)
    if is_cancelled or not isinstance(start, datetime):
        return local, local + timedelta(days=1), zone
    raise NotUnderstood("it has no end")


def _lasting(begin: datetime, length: timedelta, zone: ZoneInfo, recurs: bool) -> tuple[datetime, datetime, ZoneInfo]:
    """What takes place once and over a change of the clock is in UTC, as local times may come twice; what recurs keeps
    local times. 24 hours are a day, as the library reads both alike."""
    days = timedelta(days=length.days)
    end = duration.end_of(begin, days, length - days, zone)
    if recurs or (begin + length).replace(tzinfo=zone, fold=1).astimezone(UTC) == end:
        return begin, begin + length, zone
    return begin.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None), end.replace(tzinfo=None), ZoneInfo("UTC")


def _tzid(value: Any) -> str:
    return str(value.params.get("TZID", ""))


def _rule(event: Any) -> str:
    rule = event.get("RRULE")
    if rule is None:
        return ""
    if isinstance(rule, list):
        raise NotUnderstood("it has several recurrence rules")
    text: str = rule.to_ical().decode()
    if not text:
        raise NotUnderstood("its recurrence rule says nothing")
    return text


def _left_out(event: Any, zones: Zones, zone: ZoneInfo) -> set[date]:
    found = event.get("EXDATE", [])
    groups = found if isinstance(found, list) else [found]
    return {zones.local(moment.dt, _tzid(group), zone).date() for group in groups for moment in group.dts}


def _text(event: Any) -> str:
    parts = (str(event.get(name, "")) for name in ("SUMMARY", "LOCATION", "DESCRIPTION"))
    return "\n".join(part for part in parts if part)[:MOST_TEXT]
