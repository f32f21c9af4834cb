"""The day at a glance: the desks, what waits and why, what waits for a person, what came and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import Connection, Integer, cast, func, select

from gateway.config.probe import ProbeSettings
from gateway.config.settings import Settings
from gateway.model.spans import DAY, HOUR
from gateway.model.waiting import Waiting
from gateway.operate import arriving, todo
from gateway.operate.windows import Listed, listed
from gateway.store import acts, counts, dialects, gonedesks, heldfiles, inflow, probes, problems, refusals, waiting
from gateway.store.gonedesks import GoneDesk
from gateway.store.probes import Probe
from gateway.store.reading import looking
from gateway.store.schema import delivery

HOURS = 24
PROBES = 24  # that are shown
SILENCE = 7 * DAY
"""Seconds in which the last mail of a mailbox is looked for."""
MOST = 100_000
"""Mails that are looked at for it."""


@dataclass(frozen=True, slots=True)
class DeskToday:
    """``wrong`` says why nothing of it moves, "" while it does; ``since`` then."""

    name: str
    wrong: str
    since: float


@dataclass(frozen=True, slots=True)
class Box:
    """``last`` is when the last mail came, 0.0 for none in the days that are looked at."""

    address: str
    last: float
    today: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A probe: its last ones, the oldest first. ``missing`` says why the last one is not back, "" where it is."""

    name: str
    took: float
    missing: str
    last: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Hour:
    """``at`` is its beginning in seconds since the epoch."""

    at: float
    accepted: int


@dataclass(frozen=True, slots=True)
class Today:
    """``waiting`` counts pending mail by what it waits for; ``oldest`` is when the oldest came that does not wait on
    purpose, 0.0 for none; ``became`` counts today's mail by what became of it; ``backup`` is when the last one was
    made, 0.0 for never."""

    at: float
    store: str
    backup: float
    desks: tuple[DeskToday, ...]
    waiting: tuple[tuple[Waiting, int], ...]
    oldest: float
    held: dict[str, int]
    doubted: int
    held_files: int
    became: dict[str, int]
    refused: dict[str, int]
    problems: dict[str, int]
    unread: int
    boxes: tuple[Box, ...]
    hours: tuple[Hour, ...]
    probes: tuple[Tried, ...]
    windows: tuple[Listed, ...] = ()  # those that take place now
    gone: tuple[GoneDesk, ...] = ()
    late: str = ""  # what of the accepted mail should be in the store by now

    @property
    def pending(self) -> int:
        return sum(count for _, count in self.waiting)


def today(connection: Connection, settings: Settings, store: str, now: float, zone: tzinfo | None) -> Today:
    """``store`` is how people call the database; the day is the one of ``zone``, None for this machine's."""
    midnight = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    desks = waiting.desks(connection)
    with looking():
        counted = problems.counted(connection)
        drift = problems.drift(connection, midnight)
    return Today(
        at=now,
        store=store,
        backup=acts.last(connection, "backup"),
        desks=tuple(
            DeskToday(name, str(state.waits) if state and state.waits.kind else "", state.since if state else 0.0)
            for name in settings.desks
            for state in [desks.get(name)]
        ),
        waiting=tuple(sorted(waiting.counted(connection, now).items(), key=lambda pair: -pair[1])),
        oldest=counts.oldest_pending(connection, now) or 0.0,
        held=todo.held_back(connection),
        doubted=todo.doubted(connection, now),
        held_files=heldfiles.holding(connection),
        became=_became(connection, midnight),
        refused=refusals.counted(connection, midnight),
        problems=counted,
        unread=sum(unread for _, _, unread in drift),
        boxes=_boxes(connection, [box.address for box in settings.mailbox], midnight, now),
        hours=_hours(connection, now, zone),
        probes=tuple(_tried(connection, probe, now) for probe in settings.probe),
        windows=tuple(window for window in listed(connection, settings, now) if window.running),
        gone=gonedesks.gone(connection, list(settings.desks)),
        late=arriving.late(settings, now),
    )


def _tried(connection: Connection, settings: ProbeSettings, now: float) -> Tried:
    sent = probes.newest(connection, settings.name, PROBES)
    back = next((probe for probe in sent if probe.arrived_at), None)
    due = next((probe for probe in sent if probe.arrived_at or probe.is_missing(settings.within, now)), None)
    missing = "" if due is None or due.arrived_at else due.trouble or "it did not arrive in time"
    return Tried(settings.name, back.took if back else 0.0, missing, tuple(reversed(sent)))


def _became(connection: Connection, since: float) -> dict[str, int]:
    """Mail since then by stage; what was posted by "ticket" and "comment"."""
    stage = dialects.without_index(delivery.c.stage)
    query = (
        select(stage, delivery.c.outcome, func.count())
        .where(delivery.c.seq >= inflow.first(connection, since), delivery.c.accepted_at >= since)
        .group_by(stage, delivery.c.outcome)
    )
    counts: Counter[str] = Counter()
    with looking():
        for stage, outcome, count in connection.execute(query):
            counts[outcome if stage == "DONE" and outcome in ("ticket", "comment") else stage.lower()] += count
    return dict(counts)


def _boxes(connection: Connection, addresses: list[str], midnight: float, now: float) -> tuple[Box, ...]:
    newest = connection.execute(select(func.max(delivery.c.seq))).scalar() or 0
    since = max(inflow.first(connection, now - SILENCE), newest - MOST)
    query = select(
        delivery.c.mailbox,
        func.max(delivery.c.accepted_at),
        func.count().filter(delivery.c.accepted_at >= midnight),
    )
    with looking():
        rows = connection.execute(query.where(delivery.c.seq >= since).group_by(delivery.c.mailbox)).all()
    seen = {row[0]: (float(row[1]), int(row[2])) for row in rows}
    return tuple(Box(address, *seen.get(address, (0.0, 0))) for address in addresses)


def _hours(connection: Connection, now: float, zone: tzinfo | None) -> tuple[Hour, ...]:
    """The last day by hours of the reader's clock, the oldest first."""
    this_hour = datetime.fromtimestamp(now, zone).replace(minute=0, second=0, microsecond=0)
    start = this_hour.timestamp() - (HOURS - 1) * HOUR
    hours = (delivery.c.accepted_at - start) / HOUR
    number = cast(hours, Integer) if connection.dialect.name == "sqlite" else func.floor(hours)  # a cast there rounds
    query = select(number, func.count()).where(
        delivery.c.seq >= inflow.first(connection, start), delivery.c.accepted_at >= start
    )
    with looking():
        counts = {int(row[0]): int(row[1]) for row in connection.execute(query.group_by(number))}
    return tuple(Hour(start + index * HOUR, counts.get(index, 0)) for index in range(HOURS))
