"""How mail flows into a mailbox, hour by hour of the week, and when it has stopped for longer than it ever did.

A silence is measured in the mails that would have come in it: a night weighs little, an hour of a Monday morning much.
So one number compares all silences, and the longest that there was tells what is normal. Days with hardly any mail
(holidays, and days on which something was broken) teach nothing, nor does an hour with a storm. Where less comes for
some days (a summer, a customer who left), less is expected at once. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import accumulate, pairwise
from statistics import median

from gateway.model.spans import DAY, HOUR

WEEK = 168  # hours
LEARN_FROM = 56 * DAY
"""The past from which a flow is learned, in seconds."""
LEAST_SPAN = 21 * DAY
LEAST_MAILS = 60
LEAST_SILENCE = 3.0
"""Mails that would have come, below which no silence is told."""
MARGIN = 1.5
"""A silence is told that is so many times the longest normal one."""
QUIET_DAY = 0.25
"""The share of its weekday's usual mails below which a day teaches nothing."""
OUTLIER = 3.0
"""A silence so many times longer than the next was no normal one, nor was an hour with so many times more mails."""
LATELY = 5
"""Days with mail to expect, the middle one of which tells how much comes lately."""
AGAIN = DAY
"""Seconds after a silence that was told in which none is told again: a holiday has more than one."""
LONGEST = 14 * 24
"""Hours of a silence that are weighed."""


@dataclass(frozen=True, slots=True)
class Flow:
    """``rates`` are mails an hour by the hour of the week, from Monday 0:00 in ``zone``; ``longest`` is the longest
    normal silence in expected mails. On ``holidays`` nothing is expected. ``level`` is the share of it all that comes
    lately, at most 1."""

    rates: tuple[float, ...]
    longest: float
    zone: tzinfo
    holidays: frozenset[date] = frozenset()
    level: float = 1.0

    @property
    def a_week(self) -> float:
        """Mails in a usual week."""
        return sum(self.rates)

    @property
    def limit(self) -> float:
        """The silence from which on it is told."""
        return max(LEAST_SILENCE, MARGIN * self.longest)

    def expected(self, start: float, end: float) -> float:
        """How many mails usually come between two times."""
        return self.level * _expected(self.rates, self.zone, self.holidays, start, end)

    def told_at(self, last: float) -> float:
        """When it will be told, if no mail comes after ``last``; 0 for never."""
        moment, weighed = last, 0.0
        for _ in range(LONGEST):
            following = _next_hour(moment)
            rate = self.level * _rate(self.rates, self.zone, self.holidays, moment)
            here = rate * (following - moment) / HOUR
            if weighed + here >= self.limit:
                return moment + (self.limit - weighed) / rate * HOUR
            weighed, moment = weighed + here, following
        return 0.0


def apart(came: Iterable[float]) -> list[float]:
    """The times of which none is within an hour after another: what a machine tells all at once counts once."""
    kept: list[float] = []
    for moment in came:
        if not kept or moment >= kept[-1] + HOUR:
            kept.append(moment)
    return kept


def learn(came: Sequence[float], now: float, zone: tzinfo, holidays: Collection[date] = ()) -> Flow | None:
    """The flow of mails that came at these times, oldest first; None while too few did."""
    came = [moment for moment in came if moment > now - LEARN_FROM]
    if len(came) < LEAST_MAILS or now - came[0] < LEAST_SPAN:
        return None
    known = frozenset(holidays)
    hours = _Hours(came[0], now, zone)
    left_out = hours.quiet_days(came) | known
    rates = hours.rates(came, left_out)
    weights = hours.weights(rates, known)
    silences = sorted(
        weights(later) - weights(earlier)
        for earlier, later in pairwise(came)
        if not left_out.intersection(hours.days(earlier, later))
    )
    return Flow(rates, _longest(silences), zone, known, hours.level(came, rates, known))


class _Hours:
    """The hours from one time to another, each with its local day and its place in the week."""

    def __init__(self, start: float, end: float, zone: tzinfo) -> None:
        self.first = int(start // HOUR)
        locals_ = [datetime.fromtimestamp(hour * HOUR, zone) for hour in range(self.first, int(end // HOUR) + 2)]
        self.day = [local.date() for local in locals_]
        self.place = [_hour(local) for local in locals_]

    def at(self, moment: float) -> int:
        return int(moment // HOUR) - self.first

    def days(self, start: float, end: float) -> set[date]:
        """The days from one time to another, both included; of a long time its ends are enough."""
        first, last = self.at(start), self.at(end)
        return {self.day[first], self.day[last], *self.day[first:last:23]}

    def quiet_days(self, came: Sequence[float]) -> frozenset[date]:
        """The days on which much less came than on others of their kind."""
        counts = Counter(self.day[self.at(moment)] for moment in came)
        by_kind: dict[int, list[date]] = defaultdict(list)
        for day in dict.fromkeys(self.day):
            by_kind[day.weekday()].append(day)
        usual = {kind: median(counts[day] for day in days) for kind, days in by_kind.items()}
        return frozenset(day for day in dict.fromkeys(self.day) if counts[day] < QUIET_DAY * usual[day.weekday()])

    def rates(self, came: Sequence[float], left_out: Collection[date]) -> tuple[float, ...]:
        """Mails an hour by the hour of the week, each with a share of its neighbours'."""
        counts = Counter(map(self.at, came))
        by_place: list[list[int]] = [[] for _ in range(WEEK)]
        for hour, (day, place) in enumerate(zip(self.day, self.place, strict=True)):
            if day not in left_out:
                by_place[place].append(counts[hour])
        raw = [_mean(weeks) for weeks in by_place]
        return tuple((raw[place - 1] + 2 * raw[place] + raw[(place + 1) % WEEK]) / 4 for place in range(WEEK))

    def level(self, came: Sequence[float], rates: Sequence[float], holidays: Collection[date]) -> float:
        """How much of what is expected came lately: on the middle one of the last whole days with mail on which some
        was. Days without any tell of something broken, if of anything. 1 where there are not enough."""
        last = self.day[self.at(came[-1])]
        counts = Counter(self.day[self.at(moment)] for moment in came)
        expected: dict[date, float] = defaultdict(float)
        for day, place in zip(self.day, self.place, strict=True):
            if day < last and counts[day] and day not in holidays:
                expected[day] += rates[place]
        lately = [counts[day] / mails for day, mails in expected.items() if mails >= LEAST_SILENCE][-LATELY:]
        return min(1.0, median(lately)) if len(lately) == LATELY else 1.0

    def weights(self, rates: Sequence[float], holidays: Collection[date]) -> Callable[[float], float]:
        """How many mails usually come from the first hour to a time."""
        rate = [0.0 if day in holidays else rates[place] for day, place in zip(self.day, self.place, strict=True)]
        before = list(accumulate(rate, initial=0.0))

        def weight(moment: float) -> float:
            hour = self.at(moment)
            return before[hour] + rate[hour] * (moment / HOUR - (self.first + hour))

        return weight


def _mean(weeks: Sequence[int]) -> float:
    """The mails of an hour, of which one week's may be those of a storm."""
    if not weeks:
        return 0.0
    *usual, most = sorted(weeks)
    return (sum(usual) + min(most, OUTLIER * usual[-1] + LEAST_SILENCE if usual else most)) / len(weeks)


def _longest(silences: Sequence[float]) -> float:
    """The longest normal one: not one that has no like."""
    if len(silences) > 1 and silences[-1] > OUTLIER * silences[-2]:
        return silences[-2]
    return silences[-1] if silences else 0.0


def _expected(rates: Sequence[float], zone: tzinfo, holidays: Collection[date], start: float, end: float) -> float:
    weighed, moment = 0.0, start
    for _ in range(LONGEST):
        if moment >= end:
            break
        following = min(end, _next_hour(moment))
        weighed += _rate(rates, zone, holidays, moment) * (following - moment) / HOUR
        moment = following
    return weighed


def _rate(rates: Sequence[float], zone: tzinfo, holidays: Collection[date], moment: float) -> float:
    local = datetime.fromtimestamp(moment, zone)
    return 0.0 if local.date() in holidays else rates[_hour(local)]


def _hour(local: datetime) -> int:
    return local.weekday() * 24 + local.hour


def _next_hour(moment: float) -> float:
    return (moment // HOUR + 1) * HOUR
