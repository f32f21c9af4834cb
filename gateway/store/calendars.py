"""What calendars of maintenance windows say becomes windows, whatever the order in which their mails come.

An event has one row, whose number (SEQUENCE) tells what is older; a cancelled one keeps it. Source: RFC 5546.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, select, update

from gateway.model.window import Maintenance, MaintenanceCalendar, MaintenanceEvent, instance_of, instance_uid
from gateway.store import windows
from gateway.store.schema import maintenance


def take(
    connection: Connection, desk: str, calendar: MaintenanceCalendar, now: float, whole: bool = False
) -> tuple[int, int]:
    """The windows of the calendar from now on. Of an event the higher sequence counts; of a ``whole`` calendar what
    stands in it no more is cancelled; what an operator cancelled stays so. Returns how many changed, and how many were
    cancelled. Raises Reserved when another takes the same calendar."""
    known = of_calendar(connection, desk, calendar.name)
    zones = {uid: row["zone"] for uid, row in known.items()}
    zones |= {event.said.uid: event.said.zone for event in calendar.events}
    named = _newest(_as_its_series(event, zones) for event in calendar.events)
    instances = _instances(named if whole else {*known, *named})
    changed = cancelled = 0
    for uid, event in named.items():
        said, row = _without(event.said, instances), known.get(uid)
        if row is None:
            changed += _add(connection, replace(event, said=said), now)
        elif event.sequence < row["sequence"] or row["cancelled_by"]:
            continue
        elif event.is_cancelled:
            cancelled += _call_off(connection, row, event.sequence, now)
        elif row["cancelled_at"] or _differs(row, said):
            _rewrite(connection, row, said, event.sequence)
            changed += 1
    for uid, row in known.items():
        if uid in named or row["cancelled_at"]:
            continue
        said = _without(windows.of_row(row), instances)
        if whole or _series_is_off(uid, named):
            cancelled += windows.cancel(connection, row["id"], now)
        elif _differs(row, said):
            _rewrite(connection, row, said, row["sequence"])
            changed += 1
    if changed or cancelled:
        windows.wake(connection, desk, now)
    return changed, cancelled


def of_calendar(connection: Connection, desk: str, calendar: str) -> dict[str, RowMapping]:
    """The windows of a calendar's events, by their uid; cancelled ones too."""
    query = select(maintenance).where(maintenance.c.desk == desk, maintenance.c.calendar == calendar)
    return {row["uid"]: row for row in connection.execute(query).mappings()}


def _as_its_series(event: MaintenanceEvent, zones: Mapping[str, str]) -> MaintenanceEvent:
    """The event; one that replaces a time of a series with that time in the zone of the series, so that its day is one
    of the series too."""
    said, instance = event.said, instance_of(event.said.uid)
    if instance is None or zones.get(instance.series, said.zone) == said.zone:
        return event
    local = instance.local.replace(tzinfo=ZoneInfo(said.zone)).astimezone(ZoneInfo(zones[instance.series]))
    return replace(event, said=replace(said, uid=instance_uid(instance.series, local)))


def _newest(events: Iterable[MaintenanceEvent]) -> dict[str, MaintenanceEvent]:
    found: dict[str, MaintenanceEvent] = {}
    for event in events:
        if event.sequence >= found.get(event.said.uid, event).sequence:
            found[event.said.uid] = event
    return found


def _instances(uids: Iterable[str]) -> dict[str, set[date]]:
    """The days of each series for which there is an event of its own: moved, or cancelled."""
    days: dict[str, set[date]] = defaultdict(set)
    for instance in filter(None, map(instance_of, uids)):
        days[instance.series].add(instance.local.date())
    return days


def _without(said: Maintenance, instances: Mapping[str, set[date]]) -> Maintenance:
    return replace(said, without=tuple(sorted({*said.without, *instances.get(said.uid, ())})))


def _series_is_off(uid: str, named: Mapping[str, MaintenanceEvent]) -> bool:
    instance = instance_of(uid)
    return instance is not None and instance.series in named and named[instance.series].is_cancelled


def _differs(row: RowMapping, said: Maintenance) -> bool:
    return any(row[name] != value for name, value in windows.columns(said).items())


def _add(connection: Connection, event: MaintenanceEvent, now: float) -> bool:
    """Write down a new event, a cancelled one for what was sent before it and comes later. Returns whether it takes
    place; one that is over is not written down, as nothing asks for it."""
    if windows.is_over(event.said, now):
        return False
    windows.add(connection, event.said, now, event.sequence, event.is_cancelled)
    return not event.is_cancelled


def _rewrite(connection: Connection, row: RowMapping, said: Maintenance, sequence: int) -> None:
    values = {**windows.columns(said), "sequence": sequence, "cancelled_at": 0}
    connection.execute(update(maintenance).where(maintenance.c.id == row["id"]).values(**values))


def _call_off(connection: Connection, row: RowMapping, sequence: int, now: float) -> bool:
    """What the calendar said before, and comes later, does not count. False for an event that is cancelled already."""
    connection.execute(update(maintenance).where(maintenance.c.id == row["id"]).values(sequence=sequence))
    return windows.cancel(connection, row["id"], now)
