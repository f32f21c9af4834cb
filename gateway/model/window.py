"""Maintenance windows: times in which new problems of some machines are expected, and held until they are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

_INSTANT = "%Y%m%dT%H%M%S"

ANY: Final = "*"
"""The client of a window that is of all of them."""
FILE: Final = "file"
COMMAND: Final = "command"
CALENDAR: Final = "calendar"
"""Where a window comes from: the configuration; a command or a page; a calendar."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A window as it was written down, once or recurring.

    ``begin`` and ``end`` are local times of ``zone`` in ISO 8601 without an offset; ``repeat`` is a recurrence rule of
    RFC 5545 or "", ``without`` the days on which it does not take place. ``client`` is a name, "*" for all.
    ``objects`` and ``profiles`` narrow it, empty for all; of a calendar whose events name their objects ``text`` is
    what the event says. ``grace`` seconds after the end ends are still awaited. ``uid`` is the calendar's.
    ``cancelled_at``: it does not take place from then on, 0 for as written."""

    id: str
    name: str
    desk: str
    begin: str
    end: str
    zone: str
    repeat: str = ""
    without: tuple[date, ...] = ()
    client: str = ""
    objects: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    text: str | None = None
    grace: float = 0.0
    origin: Literal["file", "command", "calendar"] = "file"
    calendar: str = ""
    uid: str = ""
    by: str = ""
    cancelled_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Window:
    """One time at which a maintenance takes place: from ``begins`` up to ``ends``, in seconds since the epoch.

    ``client_id`` is the desk's, "*" for all clients. ``is_over``: nothing of it is held any more; else it is looked at
    again at ``until``."""

    id: str
    name: str
    begins: float
    ends: float
    client_id: str = ANY
    objects: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    text: str | None = None
    until: float = 0.0
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class MaintenanceEvent:
    """An event of a calendar as a window. Of two with a uid the one with the higher ``sequence`` counts."""

    said: Maintenance
    sequence: int = 0
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class MaintenanceCalendar:
    """What was read of a configured calendar, and what proves its sender; ``troubles`` name what could not be read."""

    name: str
    proof: str = ""
    events: tuple[MaintenanceEvent, ...] = ()
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """The time of a series that an event of its own replaces: the uid of the series, and the local time."""

    series: str
    local: datetime


def instance_uid(series: str, local: datetime) -> str:
    """The uid of the event that replaces a series at this local time."""
    return f"{series} {local:{_INSTANT}}"


def instance_of(uid: str) -> Instance | None:
    """What an event replaces, None for one that is no instance of a series."""
    series, _, instant = uid.rpartition(" ")
    try:
        return Instance(series, datetime.strptime(instant, _INSTANT)) if series else None
    except ValueError:
        return None


def occurrence_id(maintenance_id: str, begins: float) -> str:
    """The id of a maintenance at one of its times."""
    return f"{maintenance_id}@{begins:.0f}"
