"""Maintenance windows as operators see and set them: the same acts as commands and on the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.config.windows import NARROWS
from gateway.match import recurrence
from gateway.match.recurrence import LONGEST, NotUnderstood
from gateway.model.spans import DAY
from gateway.model.window import ANY, COMMAND, FILE, Maintenance
from gateway.operate.act import Act
from gateway.store import acts, windows
from gateway.store.acts import Actor
from gateway.store.operator import NotPossible
from gateway.store.windows import Occurrence
from gateway.upkeep.windows import HeldProblem, held_problems
from gateway.work.windows import Placed, Schedule

AHEAD = 400 * DAY
"""Seconds in which the next time of a window is looked for."""
SHOWN = 30 * DAY
"""Seconds back in which windows that held something are listed."""

ACTS: tuple[Act, ...] = (
    Act("add", "Add", "added", "write a window down, once or recurring"),
    Act("end", "End now", "ended", "the window is over now: what goes on becomes a ticket"),
    Act("move", "Move the end", "moved", "let the window end earlier or later this time"),
    Act("cancel", "Cancel", "cancelled", "the window does not take place, nor any more"),
)
"""What can be done with a window: ``gateway windows NAME`` and the page "Windows"."""
BY_NAME = {act.name: act for act in ACTS}


@dataclass(frozen=True, slots=True)
class Listed:
    """A window: the time at which it takes place, or does next; 0.0 when it is over. ``held`` problems wait now."""

    id: str
    name: str
    desk: str
    origin: str
    client: str
    objects: tuple[str, ...]
    profiles: tuple[str, ...]
    repeat: str
    begins: float
    ends: float
    running: bool
    moved: bool
    held: int
    occurrence: str


def listed(connection: Connection, settings: Settings, now: float) -> list[Listed]:
    """All windows that take place now or will, the next first; those that only were are left out."""
    held, found = windows.held_now(connection), _placed(connection, settings, now)
    return [_listed(placed, now, held.get(placed.id, 0)) for placed in sorted(found, key=lambda p: p.begins)]


def _placed(connection: Connection, settings: Settings, now: float) -> Collection[Placed]:
    """Each window at the time at which it takes place, or does next."""
    schedule, found = Schedule(settings), dict[str, Placed]()
    for desk in settings.desks:
        for placed in schedule.placed(connection, desk, now, now + AHEAD):
            found.setdefault(placed.said.id, placed)
    return found.values()


def _listed(placed: Placed, now: float, held: int) -> Listed:
    said = placed.said
    origin = f"calendar {said.calendar}" if said.calendar else said.by or said.origin
    return Listed(
        id=said.id,
        name=said.name,
        desk=said.desk,
        origin=origin,
        client=said.client,
        objects=said.objects,
        profiles=said.profiles,
        repeat=said.repeat,
        begins=placed.begins,
        ends=placed.ends,
        running=placed.begins <= now < placed.ends,
        moved=placed.moved,
        held=held,
        occurrence=placed.id,
    )


@dataclass(frozen=True, slots=True)
class Told:
    """What a window of this desk held at one of its times. ``told_at`` is when its summary was written, 0.0 for not
    yet."""

    id: str
    name: str
    desk: str
    begins: float
    ends: float
    told_at: float
    problems: tuple[HeldProblem, ...]


def held(connection: Connection, now: float, name: str = "") -> list[Told]:
    """What windows held in the last days, the newest first; of those called so, or of all."""
    return [
        Told(
            row.id,
            row.name,
            row.desk,
            row.begins,
            row.ends,
            row.told_at,
            tuple(held_problems(windows.notices_of(connection, row.id), now)),
        )
        for row in windows.recent(connection, now - SHOWN)
        if name in ("", row.name, row.id, row.maintenance)
    ]


# -- acts ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A window as somebody types it. Times are local ones of the configuration's zone, unless ``zone`` says another."""

    name: str
    begin: str
    end: str
    client: str = ""
    objects: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    repeat: str = ""
    zone: str = ""
    grace: float = 0.0
    desk: str = "default"


def understood(settings: Settings, said: Said, by: str = "") -> Maintenance:
    """The window that is meant. Raises NotPossible with what is wrong."""
    names = [notice.called for notice in settings.notice]
    if not said.name.strip():
        raise NotPossible("name: expected a name for the window")
    if said.desk not in settings.desks:
        raise NotPossible(f"desk: {said.desk!r} is not configured; there are: {', '.join(settings.desks)}")
    if not said.client and not said.profiles:
        raise NotPossible(NARROWS)
    if other := sorted(set(said.profiles) - set(names)):
        raise NotPossible(f"notice: {other[0]!r} is no [[notice]]; there are: {', '.join(names) or 'none'}")
    try:
        found = Maintenance(
            id="",
            name=" ".join(said.name.split())[:255],
            desk=said.desk,
            begin=said.begin.strip(),
            end=said.end.strip(),
            zone=said.zone or settings.timezone,
            repeat=recurrence.rule_of(said.repeat),
            client=said.client or ANY,
            objects=said.objects,
            profiles=said.profiles,
            grace=said.grace,
            origin=COMMAND,
            by=by,
        )
        recurrence.check(found)
    except NotUnderstood as error:
        raise NotPossible(str(error)) from error
    return found


def add(connection: Connection, settings: Settings, said: Said, actor: Actor, now: float, why: str = "") -> str:
    """Write a window down. What it says was done. Raises NotPossible."""
    found = understood(settings, said, actor.name)
    if not recurrence.occurrences(found, now, now + AHEAD):
        raise NotPossible("it is over already, or begins in more than a year")
    if any(row.name == found.name and row.desk == found.desk for row in listed(connection, settings, now)):
        raise NotPossible(f"there is a window {found.name!r} already; choose another name, or cancel it first")
    windows.add(connection, found, now)
    windows.wake(connection, found.desk, now)
    detail = f"{found.name}: {found.begin} to {found.end} {found.repeat}"
    acts.add(connection, actor, "window add", now, detail=detail, why=why)
    return f"{found.name} added"


def end(connection: Connection, settings: Settings, name: str, actor: Actor, now: float, why: str = "") -> str:
    """The window is over now. Raises NotPossible."""
    placed = _running(connection, settings, name, now)
    return _moved(connection, placed, now, actor, now, "window end", why)


def move(
    connection: Connection, settings: Settings, name: str, until: str, actor: Actor, now: float, why: str = ""
) -> str:
    """The window that takes place, or does next, ends at another local time: "03:00", or with its day. Raises
    NotPossible."""
    placed = _next(connection, settings, name, now)
    ends = moment(until, placed.begins, ZoneInfo(placed.said.zone))
    if ends <= placed.begins:
        raise NotPossible(f"{until} is before it begins")
    if ends - placed.begins > LONGEST:
        raise NotPossible(f"a window lasts at most {LONGEST / DAY:.0f} days")
    return _moved(connection, placed, max(ends, min(now, placed.ends)), actor, now, "window move", why)


def _moved(connection: Connection, placed: Placed, ends: float, actor: Actor, now: float, what: str, why: str) -> str:
    said = placed.said
    changed = Occurrence(placed.id, said.desk, said.id, said.name, placed.begins, ends)
    windows.move_end(connection, changed, now)
    words = f"{said.name} ends at {datetime.fromtimestamp(ends, ZoneInfo(said.zone)):%Y-%m-%d %H:%M %Z}"
    acts.add(connection, actor, what, now, detail=words, why=why)
    return words


def cancel(connection: Connection, settings: Settings, name: str, actor: Actor, now: float, why: str = "") -> str:
    """The window does not take place, nor any more. Raises NotPossible."""
    placed = _next(connection, settings, name, now)
    if placed.said.origin == FILE:
        raise NotPossible(f"{placed.said.name} is in the configuration: remove it there, or end it for this one time")
    windows.cancel(connection, placed.said.id, now, actor.name)
    windows.wake(connection, placed.said.desk, now)
    acts.add(connection, actor, "window cancel", now, detail=placed.said.name, why=why)
    return f"{placed.said.name} cancelled"


def _next(connection: Connection, settings: Settings, name: str, now: float) -> Placed:
    """The window of this name or id that takes place, or does next. Raises NotPossible."""
    found = [
        placed for placed in _placed(connection, settings, now) if name in (placed.said.name, placed.said.id, placed.id)
    ]
    if len(found) > 1:
        ids = ", ".join(placed.said.id for placed in found)
        raise NotPossible(f"several windows are called {name!r}; give the id: {ids}")
    if not found:
        raise NotPossible(f"no window {name!r} takes place now or later; see `gateway windows list`")
    return found[0]


def _running(connection: Connection, settings: Settings, name: str, now: float) -> Placed:
    placed = _next(connection, settings, name, now)
    if placed.begins > now:
        begins = datetime.fromtimestamp(placed.begins, ZoneInfo(placed.said.zone))
        raise NotPossible(f"{placed.said.name} has not begun; it begins at {begins:%Y-%m-%d %H:%M %Z}")
    return placed


def moment(text: str, begins: float, zone: ZoneInfo) -> float:
    """A local time, of the first such after ``begins`` where it has no day. Raises NotPossible."""
    start = datetime.fromtimestamp(begins, zone)
    try:
        if len(text.strip()) <= 5:
            clock = datetime.strptime(text.strip(), "%H:%M")
            local = start.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0, fold=0)
            return (local if local > start else local + timedelta(days=1)).timestamp()
        said = datetime.fromisoformat(text.strip())
        return (said if said.tzinfo else said.replace(tzinfo=zone)).timestamp()
    except ValueError as error:
        raise NotPossible(f"{text!r} is no time; expected 03:00 or 2026-12-06 03:00") from error


def perform(
    connection: Connection, settings: Settings, act: Act, said: Mapping[str, Any], actor: Actor, now: float
) -> str:
    """Do what a page asks for: what was done. Raises NotPossible."""
    name, why = str(said.get("name", "")), str(said.get("why", ""))
    match act.name:
        case "add":
            return add(connection, settings, said["window"], actor, now, why)
        case "end":
            return end(connection, settings, name, actor, now, why)
        case "move":
            return move(connection, settings, name, str(said.get("until", "")), actor, now, why)
    return cancel(connection, settings, name, actor, now, why)
