"""When an expected mail is due: at times of the day, from one to the next, or as it came in the last weeks.

Times of the day are local: they stay where they are when the clocks change. A time that the clock skips is
due when it would have been, one that comes twice is due the second time, so that nothing is called late too
early.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from statistics import median

from gateway.config.profile import ExpectPart
from gateway.model.spans import DAY

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEARN_FROM = 28 * DAY
"""The past from which a rhythm is learned, in seconds."""
LEAST = 4
"""Mails from which one is learned."""
OFTEN = 2 / 3
"""The share of its weeks in which a mail came on a day of the week, for that day to count."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Due times: ``clocks`` are local times by day of the week (0 is Monday); or ``every`` seconds since the
    last mail."""

    clocks: tuple[tuple[time, ...], ...] = ()
    every: float = 0.0
    zone: tzinfo = UTC

    def last_due(self, moment: float, last_at: float) -> float:
        """The last due time that is not after ``moment``, 0 for none. ``last_at`` is when the last mail came."""
        if self.every:
            due = last_at + self.every
            return due if last_at and due <= moment else 0.0
        return max((due for due in self._around(moment) if due <= moment), default=0.0)

    def due_before(self, due: float) -> float:
        """The due time before a due time, 0 for none."""
        if self.every:
            return due - self.every
        return max((moment for moment in self._around(due) if moment < due), default=0.0)

    def _around(self, moment: float) -> list[float]:
        """The due times of the eight days up to a moment, and of the day after."""
        today = datetime.fromtimestamp(moment, self.zone).date()
        days = [today + timedelta(days=offset) for offset in range(-8, 2)]
        return [_at(day, clock, self.zone) for day in days for clock in self.clocks[day.weekday()]]


def _at(day: date, clock: time, zone: tzinfo) -> float:
    """The moment of a local time: the later one where it comes twice, or would come in the hour left out."""
    local = datetime.combine(day, clock, zone)
    return max(local.timestamp(), local.replace(fold=1).timestamp())


def rhythm(part: ExpectPart, zone: tzinfo, came: Sequence[float] = ()) -> Rhythm | None:
    """The rhythm of an expectation; ``came`` is when its mails came, for one that is learned. None while too
    few did."""
    if part.every:
        return Rhythm(every=part.every, zone=zone)
    if part.by:
        clocks = tuple(time.fromisoformat(text) for text in part.by)
        return Rhythm(tuple(clocks if not part.days or day in part.days else () for day in DAYS), zone=zone)
    return learned(sorted(came), zone)


def learned(came: Sequence[float], zone: tzinfo) -> Rhythm | None:
    """The rhythm in which mails came: several a day by their widest gap; else the days of the week on which
    they mostly came, each by the latest time of those days."""
    if len(came) < LEAST:
        return None
    gaps = [later - earlier for earlier, later in pairwise(came)]
    if median(gaps) < 0.8 * DAY:
        return Rhythm(every=max(gaps), zone=zone)
    weeks = max(1.0, (came[-1] - came[0]) / (7 * DAY))
    by_day: dict[int, list[datetime]] = defaultdict(list)
    for moment in came:
        local = datetime.fromtimestamp(moment, zone)
        by_day[local.weekday()].append(local)
    clocks = tuple(
        (max(moment.time().replace(microsecond=0) for moment in by_day[day]),)
        if by_day[day] and len({moment.date() for moment in by_day[day]}) >= max(1.0, OFTEN * weeks)
        else ()
        for day in range(7)
    )
    return Rhythm(clocks, zone=zone) if any(clocks) else None
