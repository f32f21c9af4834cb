"""When an expected mail is due: local times across the changes of the clocks, and learned ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.config.profile import ExpectPart
from gateway.notices.rhythm import learned, rhythm

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def moment(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def shown(seconds: float, zone: ZoneInfo = BERLIN) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("by", "now", "due"),
    [
        ("06:00", "2026-10-24T12:00", "2026-10-24T06:00+02:00"),
        ("06:00", "2026-10-25T06:00", "2026-10-25T06:00+01:00"),  # the clocks went back
        ("06:00", "2026-10-25T05:59", "2026-10-24T06:00+02:00"),
        ("02:30", "2026-10-25T12:00", "2026-10-25T02:30+01:00"),  # comes twice: the second
        ("06:00", "2027-03-28T12:00", "2027-03-28T06:00+02:00"),  # forward
        ("02:30", "2027-03-28T12:00", "2027-03-28T03:30+02:00"),  # left out: as if it had come
    ],
)
def test_times_of_the_day_are_local(by: str, now: str, due: str) -> None:
    found = rhythm(ExpectPart(name="n", by=(by,)), BERLIN)

    assert found and shown(found.last_due(moment(now), 0)) == due


def test_days_and_several_times() -> None:
    found = rhythm(ExpectPart(name="n", by=("06:00", "18:00"), days=("mon", "fri")), NEW_YORK)

    assert found
    sunday = moment("2026-11-22T12:00", NEW_YORK)
    due = found.last_due(sunday, 0)
    assert shown(due, NEW_YORK) == "2026-11-20T18:00-05:00"
    assert shown(found.due_before(due), NEW_YORK) == "2026-11-20T06:00-05:00"
    assert shown(found.due_before(found.due_before(due)), NEW_YORK) == "2026-11-16T18:00-05:00"


def test_from_one_to_the_next() -> None:
    found = rhythm(ExpectPart(name="n", every=600), BERLIN)

    assert found and found.last_due(1599, 1000) == 0 and found.last_due(1600, 1000) == 1600


def test_a_learned_week() -> None:
    """Monday to Friday at about ten in the evening, local time, over a change of the clocks."""
    start = datetime(2026, 10, 5, 22, 0, tzinfo=BERLIN)
    came = [
        (start + timedelta(days=day, minutes=day % 7)).timestamp()
        for day in range(28)
        if (start + timedelta(days=day)).weekday() < 5
    ]
    found = learned(came, BERLIN)

    assert found
    assert [bool(clocks) for clocks in found.clocks] == [True] * 5 + [False] * 2
    sunday = moment("2026-11-08T12:00")
    assert shown(found.last_due(sunday, came[-1])) == "2026-11-06T22:04+01:00"


def test_a_learned_interval_and_too_little() -> None:
    came = [1_000_000 + number * 3600.0 + (number % 3) * 60 for number in range(20)]
    found = learned(came, BERLIN)

    assert found and 3600 <= found.every <= 3800
    assert learned(came[:3], BERLIN) is None
