"""Recurrence rules: the last day that a date names counts, and a day that comes is known to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.match.recurrence import NotUnderstood, check, occurrences
from gateway.model.spans import DAY
from gateway.model.window import Maintenance
from tests.pace import processor_time


def window(begin: str, repeat: str) -> Maintenance:
    end = datetime.fromisoformat(begin) + timedelta(hours=1)
    return Maintenance("w", "Patches", "main", begin, str(end), "Europe/Berlin", repeat)


@pytest.mark.parametrize(
    ("until", "count"),
    [
        ("20261229", 5),
        ("20261228", 4),
        ("20261229T220000", 5),
        ("20261229T215959", 4),
        ("20261229T210000Z", 5),
        ("20261229T205959Z", 4),
    ],
)
def test_the_last_time_of_a_rule(until: str, count: int) -> None:
    found = occurrences(
        window("2026-12-01 22:00", f"FREQ=WEEKLY;UNTIL={until}"), 0, datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    )
    assert len(found) == count


@pytest.mark.parametrize(
    ("begin", "repeat"),
    [
        ("1999-12-20 22:00", "FREQ=MONTHLY;BYDAY=1SA"),
        ("1990-03-01 22:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=FR"),
        ("1992-03-01 22:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"),
        ("2026-12-01 22:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=FR"),
        ("2200-12-31 22:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=FR"),
    ],
)
def test_a_day_that_comes(begin: str, repeat: str) -> None:
    check(window(begin, repeat))


@pytest.mark.parametrize(
    "repeat",
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", "FREQ=MONTHLY;BYDAY=SA;BYSETPOS=6"],
)
def test_a_day_that_never_comes(repeat: str) -> None:
    with pytest.raises(NotUnderstood, match="never comes"):
        check(window("2026-12-01 22:00", repeat))


@pytest.mark.parametrize(
    "repeat",
    [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;BYMONTH=1,12",
        "FREQ=DAILY;COUNT=12000",
        "FREQ=DAILY;UNTIL=20261210",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO,SA",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO,SA;WKST=SU",
        "FREQ=MONTHLY;BYDAY=-1SA",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=12",
    ],
)
def test_a_rule_of_many_years_falls_on_the_days_on_which_it_always_fell(repeat: str) -> None:
    """Counted through from its begin, and from near the days that are asked for."""
    said = window("1996-02-29 22:00", repeat)
    since, until = (datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp() + days * DAY for days in (0, 60))
    counted = [span for span in occurrences(said, 0, until) if span[1] > since]
    assert occurrences(said, since, until) == counted


RARE = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYDAY=SA;BYSETPOS=6",
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
]


@pytest.mark.parametrize("repeat", RARE)
def test_a_calendar_of_days_that_never_come_is_refused_soon(repeat: str) -> None:
    with processor_time() as spent:
        for minute in range(20):
            with pytest.raises(NotUnderstood, match="never comes"):
                check(window(f"2027-01-01 22:{minute:02}", repeat))

    assert spent.seconds < 1, "a calendar has up to 25 times as many"


def test_a_calendar_of_old_days_is_asked_soon() -> None:
    with processor_time() as spent:
        for minute in range(50):
            old = window(f"1990-01-01 22:{minute:02}", "FREQ=DAILY")
            assert occurrences(old, 1796000000.0, 1796000000.0 + 60 * DAY)

    assert spent.seconds < 1


SPRING = "2026-03-08"
AUTUMN = "2026-11-01"


@pytest.mark.parametrize(
    ("day", "begin", "end", "expected"),
    [
        (SPRING, "02:30", "04:00", ["03:30 -0400 to 04:00 -0400"]),
        (SPRING, "02:30", "03:10", ["03:00 -0400 to 03:10 -0400"]),  # would begin behind its end
        (SPRING, "02:00", "02:30", ["03:00 -0400 to 03:30 -0400"]),
        (SPRING, "01:30", "02:30", ["01:30 -0500 to 03:30 -0400"]),
        (SPRING, "02:30", "03:00", []),  # the clock never shows it
        (AUTUMN, "01:30", "02:30", ["01:30 -0400 to 02:30 -0500"]),
        (AUTUMN, "01:15", "01:45", ["01:15 -0400 to 01:45 -0500"]),
    ],
)
def test_a_nightly_window_where_the_clock_changes(day: str, begin: str, end: str, expected: list[str]) -> None:
    """Uptime Kuma's issue 6233, and what Apache RocketMQ's dashboard mended in its pull request 4090."""
    zone = ZoneInfo("America/New_York")
    said = Maintenance("w", "Patches", "main", f"2026-01-01 {begin}", f"2026-01-01 {end}", zone.key, "FREQ=DAILY")
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone)
    found = occurrences(said, midnight.timestamp(), midnight.timestamp() + DAY / 2)
    spans = [[datetime.fromtimestamp(at, zone).strftime("%H:%M %z") for at in span] for span in found]
    assert [" to ".join(span) for span in spans] == expected
