"""The flow of mail into a mailbox: what is normal, and how soon it is noticed that nothing comes any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from gateway.model.spans import DAY, HOUR
from gateway.upkeep.flow import AGAIN, Flow, apart, learn
from tests.sizes import size

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, tzinfo=BERLIN).timestamp()
OFFICE = [0.02] * 7 + [0.3, 1.0, 1.4, 1.3, 1.1, 0.7, 1.0, 1.2, 1.1, 0.9, 0.5, 0.2, 0.1, 0.05, 0.05, 0.02, 0.02]
"""Mails in each hour of a working day, relative."""
Shape = Callable[[Random, datetime], float]


def desk(mails_a_day: float, weekend: float = 0.05) -> Shape:
    """Office hours."""

    def rate(chance: Random, local: datetime) -> float:
        return mails_a_day * OFFICE[local.hour] / sum(OFFICE) * (weekend if local.weekday() > 4 else 1.0)

    return rate


def machines(an_hour: float) -> Shape:
    """Round the clock."""
    return lambda chance, local: an_hour


def bursts(mails_a_day: float) -> Shape:
    """Few hours with many, most with none, as when one thing breaks for many."""
    usual = desk(mails_a_day)
    return lambda chance, local: usual(chance, local) * (4.0 if chance.random() < 0.25 else 0.0)


def holidays(usual: Shape, days: set[date]) -> Shape:
    return lambda chance, local: 0.02 if local.date() in days else usual(chance, local)


def mails(shape: Shape, days: int, seed: int, start: float = MONDAY) -> Iterator[float]:
    chance = Random(seed)
    for hour in range(days * 24):
        at = start + hour * HOUR
        left = shape(chance, datetime.fromtimestamp(at, BERLIN))
        moments = []
        while (left := left - chance.expovariate(1.0)) > 0:
            moments.append(at + chance.random() * HOUR)
        yield from sorted(moments)


def nightly(mails_a_night: float) -> Shape:
    """Reports of backups, between two and four."""
    return lambda chance, local: mails_a_night / 2 if local.hour in (2, 3) else 0.0


def alerts(mails_at_once: float) -> Shape:
    """A monitor that is quiet for days, and tells much when something breaks."""
    return lambda chance, local: mails_at_once if chance.random() < 0.02 else 0.0


DESKS = {
    "a small desk": desk(12),
    "a desk": desk(45),
    "a large desk": desk(400),
    "a desk that works on saturdays": desk(60, weekend=0.5),
    "machines round the clock": machines(2.5),
    "bursts": bursts(60),
    "a desk with holidays": holidays(
        desk(45), {date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 14)}
    ),
}


SOURCES = {"five nightly reports": nightly(5), "a hundred nightly reports": nightly(100), "alerts": alerts(15)}


def false_alarms(came: list[float], every: float = 7 * DAY, since: float = 0.0) -> int:
    """How often it would have been told since then, learning anew so often, though nothing was broken."""
    told, told_at, flow, learned_at = 0, 0.0, None, 0.0
    for number, (earlier, later) in enumerate(pairwise(came)):
        if earlier < since:
            continue
        if earlier - learned_at > every:
            flow, learned_at = learn(came[: number + 1], earlier, BERLIN), earlier
        if flow is not None and flow.expected(earlier, later) > flow.limit and earlier > told_at + AGAIN:
            told, told_at = told + 1, later
    return told


@pytest.mark.parametrize("name", [*DESKS, *SOURCES])
def test_less_than_one_false_alarm_a_month(name: str) -> None:
    days = 150  # of which eight weeks are learned from at first
    of = list if name in DESKS else apart
    shape = {**DESKS, **SOURCES}[name]
    alarms = [false_alarms(of(mails(shape, days, seed))) for seed in range(size(1, 2))]

    assert sum(alarms) / len(alarms) / ((days - 21) / 30) < 1, alarms


@pytest.mark.parametrize("share", [0.05, 0.2, 0.3])
def test_a_summer_in_which_little_comes_is_told_as_a_month_is_at_most(share: float) -> None:
    """Three weeks of holidays, of the desk's customers or of its own people, that nobody named."""
    begin, usual = date(2026, 5, 25), desk(45)
    summer = MONDAY + 84 * DAY
    came = list(mails(lambda c, local: usual(c, local) * (share if local.date() >= begin else 1.0), 105, 3))
    assert false_alarms(came, DAY, summer) <= 2  # as it begins: 3 to 7 were told


@pytest.mark.parametrize(("hours", "mails_each"), [((3,), 2000), ((10,), 3000), (tuple(range(24)), 100)])
def test_a_storm_does_not_hide_the_silences_after_it(hours: tuple[int, ...], mails_each: int) -> None:
    usual = list(mails(desk(45), 70, 3))
    storm = [MONDAY + 57 * DAY + (hour + n / mails_each) * HOUR for hour in hours for n in range(mails_each)]
    with_it, without = learn(sorted(usual + storm), usual[-1], BERLIN), learn(usual, usual[-1], BERLIN)
    assert with_it is not None and without is not None
    for day, hour in ((70, 9), (71, 3), (71, 10)):
        last = MONDAY + day * DAY + hour * HOUR
        assert with_it.told_at(last) - last < 1.6 * (without.told_at(last) - last)


def test_after_days_without_mail_as_much_is_expected_as_before() -> None:
    usual = list(mails(desk(45), 71, 3))
    broken = [moment for moment in usual if not MONDAY + 63 * DAY < moment < MONDAY + 68.5 * DAY]
    flow = learn(broken, usual[-1], BERLIN)
    assert flow is not None and flow.level > 0.7


@pytest.mark.parametrize("name", DESKS)
def test_a_silence_is_told_within_two_normal_gaps(name: str) -> None:
    """Mail stops on a working day: how long it takes, beside the longest gaps that ever were at that time of the week."""
    came = list(mails(DESKS[name], 70, 7))
    flow = learn(came, came[-1], BERLIN)
    assert flow is not None
    for hour in (9, 11, 14):
        last = MONDAY + 71 * DAY + hour * HOUR
        wait = flow.told_at(last) - last
        assert 0 < flow.expected(last, last + wait) <= max(3.0, 2 * flow.longest) + 1e-6
        assert wait < (3 if name in ("a small desk", "bursts") else 1) * DAY


@pytest.mark.parametrize(("name", "days"), [("five nightly reports", 3), ("a hundred nightly reports", 2)])
def test_reports_that_stop_are_told_after_the_nights_that_they_are_missed(name: str, days: int) -> None:
    came = apart(mails(SOURCES[name], 70, 7))
    flow = learn(came, came[-1], BERLIN)
    assert flow is not None
    assert 0.5 * DAY < flow.told_at(came[-1]) - came[-1] < days * DAY


def test_what_is_told_is_longer_than_any_silence_of_that_time() -> None:
    came = list(mails(desk(45), 70, 3))
    flow = learn(came, came[-1], BERLIN)
    assert flow is not None
    longest = max(flow.expected(earlier, later) for earlier, later in pairwise(came))

    assert flow.limit > longest
    assert abs(flow.a_week - median([len(came) / 10])) < 0.15 * flow.a_week


def test_a_broken_week_teaches_nothing() -> None:
    usual = list(mails(desk(45), 70, 5))
    broken = [moment for moment in usual if not MONDAY + 35 * DAY < moment < MONDAY + 39 * DAY]
    with_it, without = learn(broken, usual[-1], BERLIN), learn(usual, usual[-1], BERLIN)
    assert with_it is not None and without is not None

    assert with_it.longest <= 1.2 * without.longest


def test_nothing_is_expected_on_a_holiday_that_is_named() -> None:
    came = list(mails(desk(45), 70, 3))
    holiday = date(2026, 5, 14)
    flow = learn(came, came[-1], BERLIN, [holiday])
    assert flow is not None
    evening = datetime(2026, 5, 13, 18, tzinfo=BERLIN).timestamp()

    assert flow.told_at(evening) > datetime(2026, 5, 15, 8, tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(("mails_a_day", "days"), [(0, 30), (2, 25), (100, 14)])
def test_too_little_is_no_rhythm(mails_a_day: float, days: int) -> None:
    assert learn(list(mails(desk(mails_a_day), days, 1)), MONDAY + days * DAY, BERLIN) is None


def test_the_clocks_change_and_nothing_is_told() -> None:
    """The hour of the week is local: what comes at eight comes at eight after the change too."""
    came = [MONDAY + day * DAY + 8 * HOUR + (HOUR if day < 27 else 0) + n * 600 for day in range(70) for n in range(6)]
    local = {datetime.fromtimestamp(moment, BERLIN).hour for moment in came}
    assert local == {9}
    assert false_alarms(came) == 0


def test_a_flow_without_mail_is_never_told() -> None:
    assert Flow((0.0,) * 168, 0.0, UTC).told_at(MONDAY) == 0.0
