"""Maintenance windows out of a calendar: the events of an iCalendar object, each as a window.

Strict, as a window holds alerts back: a calendar that is damaged or cut off gives none, and an event whose times cannot
be worked out gives none and is named. Bounded by MOST_OCTETS and MOST_EVENTS. Source: RFC 5545, RFC 5546 (CANCEL).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway.mail.clean import clean
from gateway.match import recurrence
from gateway.match.recurrence import NotUnderstood
from gateway.model.problem import digest
from gateway.model.window import CALENDAR, Maintenance, MaintenanceCalendar, MaintenanceEvent, instance_uid

MOST_OCTETS = 1 << 20
MOST_EVENTS = 500
DEEPEST = 4  # an alarm of an event of a calendar is the third
MOST_TEXT = 2000
MOST_SEQUENCE = 2**31 - 1  # an INTEGER of RFC 5545, 3.3.8
FORM = "%Y-%m-%d %H:%M:%S"


def read(text: str, like: Maintenance, zone: ZoneInfo, named: bool, proof: str = "") -> MaintenanceCalendar:
    """The windows of a calendar. ``like`` says whose problems they hold; with ``named`` only of objects whose names
    stand in the event. ``zone`` is that of times without one."""
    from icalendar import Calendar  # slow to import, and few need it

    if len(text) > MOST_OCTETS:
        return MaintenanceCalendar(like.calendar, proof, troubles=("it is too large",))
    text = clean(text)
    try:
        if not _is_whole(text):
            raise ValueError("its parts do not close")
        found = Calendar.from_ical(text, multiple=True)
        events = [(calendar, part) for calendar in found for part in calendar.subcomponents if part.name == "VEVENT"]
    except Exception as error:  # of the library, which meets what anybody may write
        return MaintenanceCalendar(like.calendar, proof, troubles=(f"it is no whole calendar: {error}"[:200],))
    read_events: list[MaintenanceEvent] = []
    troubles = [f"only the first {MOST_EVENTS} events were read"] if len(events) > MOST_EVENTS else []
    for calendar, event in events[:MOST_EVENTS]:
        try:
            read_events.append(_event(calendar, event, like, zone, named))
        except Exception as error:
            troubles.append(f"{str(event.get('SUMMARY', 'an event'))[:100]}: {error}"[:300])
    return MaintenanceCalendar(like.calendar, proof, tuple(read_events), tuple(troubles))


def _is_whole(text: str) -> bool:
    """Whether every component closes, as the library takes one that was cut off for an empty one; and whether they lie
    in each other no deeper than they can mean something, as it takes quadratic time."""
    inside: list[str] = []
    last = ""
    for line in text.splitlines():
        name, _, value = line.strip().upper().partition(":")
        if name == "BEGIN":
            inside.append(value)
            if len(inside) > DEEPEST:
                return False
        elif name == "END" and (not inside or inside.pop() != value):
            return False
        last = line.strip() or last
    return not inside and last.upper() == "END:VCALENDAR"


def _event(calendar: Any, event: Any, like: Maintenance, zone: ZoneInfo, named: bool) -> MaintenanceEvent:
    summary = " ".join(str(event.get("SUMMARY", "")).split())[:200] or "an event"
    uid = str(event.get("UID", "")).strip()[:500] or digest(event.to_ical().decode("utf-8", "replace"))
    is_cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED" or str(calendar.get("METHOD", "")) == "CANCEL"
    start, end, name = _times(event, zone, recurs="RRULE" in event)
    if "RECURRENCE-ID" in event:
        uid = instance_uid(uid, _local(event.decoded("RECURRENCE-ID"), ZoneInfo(name)))
    said = Maintenance(
        id="",
        name=summary,
        desk=like.desk,
        begin=start.strftime(FORM),
        end=end.strftime(FORM),
        zone=name,
        repeat=recurrence.rule_of(_rule(event)),
        without=tuple(sorted(_left_out(event, ZoneInfo(name)))),
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


def _sequence(event: Any) -> int:
    number = int(event.get("SEQUENCE", 0))
    if not 0 <= number <= MOST_SEQUENCE:
        raise NotUnderstood(f"SEQUENCE: expected a number from 0 to {MOST_SEQUENCE}")
    return number


def _times(event: Any, zone: ZoneInfo, recurs: bool) -> tuple[datetime, datetime, str]:
    """Begin and end as local times, and the name of their zone."""
    if "DTSTART" not in event:
        raise NotUnderstood("it has no begin")
    start = event.decoded("DTSTART")
    whole_day = not isinstance(start, datetime)
    if "DTEND" in event:
        end = event.decoded("DTEND")
    elif "DURATION" in event:
        end = (datetime.combine(start, time()) if whole_day else start) + event.decoded("DURATION")
    elif whole_day:
        end = start + timedelta(days=1)
    else:
        raise NotUnderstood("it has no end")
    own = getattr(start, "tzinfo", None) if not whole_day else None
    name = str(getattr(own, "key", "") or ("UTC" if own is UTC or str(own) == "UTC" else ""))
    if own is not None and not name:
        if recurs:
            raise NotUnderstood(f"its time zone {own} is not known")
        name = "UTC"
    known = recurrence.zone_of(name) if own is not None else zone
    return _local(start, known), _local(end, known), known.key


def _local(moment: Any, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    return moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment


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


def _left_out(event: Any, zone: ZoneInfo) -> set[date]:
    found = event.get("EXDATE", [])
    groups = found if isinstance(found, list) else [found]
    return {_local(moment.dt, zone).date() for group in groups for moment in group.dts}


def _text(event: Any) -> str:
    parts = (str(event.get(name, "")) for name in ("SUMMARY", "LOCATION", "DESCRIPTION"))
    return "\n".join(part for part in parts if part)[:MOST_TEXT]
