"""Mail that has to come and does not: a ticket, and closed when it comes after all."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.vendors import BACKUP, DAY, HOUR, MINUTE, Machine, finish, is_open, notes, opened, write

BERLIN = ZoneInfo("Europe/Berlin")


def nightly(**more: Any) -> dict[str, Any]:
    expect = {"name": "nightly", "object": "Daily*", "by": ["06:00"], "grace": HOUR, "states": ["close"], **more}
    return {"profile": "veeam", "client": "Acme", "timezone": "Europe/Berlin", "expect": [expect]}


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


async def until(stage: Stage, moment: float) -> int:
    """Time goes by, and the keeper looks. Returns how many mails it made."""
    assert moment >= stage.now
    stage.now = moment
    made = await stage.expectations.check()
    await stage.work(1.0)
    return made


async def success(stage: Stage, moment: float, job: str = "Daily Servers") -> str:
    backup = Machine(stage, BACKUP)
    return await backup.says(f"[Success] {job} (3 objects)", "Veeam Backup & Replication", after=moment - stage.now)


@pytest.mark.parametrize("day", ["2026-12-02", "2026-10-25", "2027-03-28"], ids=["plain", "autumn", "spring"])
async def test_late_by_grace_and_a_minute(tmp_path: Path, migrated_file: Path, day: str) -> None:
    """Also on the days on which the clocks change, in the client's time zone."""
    stage = await opened(tmp_path, migrated_file, nightly())
    stage.now = stage.expectations.started = at(f"{day}T06:00") - 3 * DAY
    await stage.expectations.check()
    for back in (2, 1):
        await success(stage, at(f"{day}T05:30") - back * DAY)
    assert await until(stage, at(f"{day}T06:59")) == 0
    assert await until(stage, at(f"{day}T07:01")) == 1

    assert stage.ticket(1)["title"] == "Missing: Veeam Backup & Replication, nightly"
    assert is_open(stage, 1)
    assert await until(stage, at(f"{day}T07:05")) == 0
    await success(stage, at(f"{day}T09:00"))
    await stage.work()
    assert not is_open(stage, 1) and "Closed" in notes(stage, 1)[-1]
    assert stage.client_of(1) == "Acme"
    assert stage.now - at(f"{day}T09:00") < 3 * HOUR
    await finish(stage)


async def test_it_comes_late_and_somebody_wrote(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, nightly())
    stage.now = stage.expectations.started = at("2026-12-01T12:00")
    await stage.expectations.check()
    await until(stage, at("2026-12-02T07:01"))
    await write(stage, 1)
    await success(stage, at("2026-12-02T08:00"))
    await stage.work()

    assert is_open(stage, 1) and "Left open: somebody wrote on it" in notes(stage, 1)[-1]
    assert await until(stage, at("2026-12-03T07:01")) == 1  # the late one was for the day before
    await finish(stage)


async def test_a_failure_is_no_success(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, nightly())
    stage.now = stage.expectations.started = at("2026-12-01T12:00")
    await stage.expectations.check()
    failed = Machine(stage, BACKUP)
    await failed.says("[Failed] Daily Servers (3 objects) 1 failed", "Veeam", after=at("2026-12-02T05:00") - stage.now)

    assert await until(stage, at("2026-12-02T07:01")) == 1
    assert len(stage.order) == 2
    await finish(stage)


async def test_it_goes_on_missing(tmp_path: Path, migrated_file: Path) -> None:
    """The next night is an occurrence of the same ticket; two keepers make one mail."""
    stage = await opened(tmp_path, migrated_file, nightly())
    stage.now = stage.expectations.started = at("2026-12-01T12:00")
    await stage.expectations.check()
    await until(stage, at("2026-12-02T07:01"))
    stage.now = at("2026-12-03T07:01")
    assert await stage.expectations.check() + await stage.expectations.check() == 1
    await stage.work(1.0)

    assert len(stage.order) == 1 and len(notes(stage, 1)) == 1
    await finish(stage)


async def test_every_object_that_was_seen(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, nightly(object="*", each=True))
    stage.now = stage.expectations.started = at("2026-12-01T05:00")
    for job in ("Mail", "Files"):
        await success(stage, at("2026-12-01T05:30"), job)
    await success(stage, at("2026-12-02T05:30"), "Mail")

    assert await until(stage, at("2026-12-02T07:01")) == 1
    assert stage.ticket(1)["title"].endswith(", Files")
    await success(stage, at("2026-12-02T08:00"), "Mail")
    await stage.work()
    assert is_open(stage, 1)
    await success(stage, at("2026-12-02T12:00"), "Files")
    await stage.work()
    assert not is_open(stage, 1)
    await finish(stage)


async def test_mail_that_waits_to_be_read_is_not_missing(tmp_path: Path, migrated_file: Path) -> None:
    """Nor is any just after the start: others kept it while we were away."""
    stage = await opened(tmp_path, migrated_file, nightly())
    stage.now = stage.expectations.started = at("2026-12-01T12:00")
    await stage.expectations.check()
    backup = Machine(stage, BACKUP)
    await backup.says("[Success] Daily Servers (3 objects)", after=at("2026-12-02T05:30") - stage.now, work=None)
    stage.now = at("2026-12-02T07:01")
    assert await stage.expectations.check() == 0
    await stage.work(1.0)
    assert await stage.expectations.check() == 0

    stage.now = at("2026-12-03T07:05")
    stage.expectations.started = stage.now - MINUTE
    assert await stage.expectations.check() == 0
    assert await until(stage, at("2026-12-03T07:30")) == 1
    await finish(stage)


async def test_a_learned_rhythm(tmp_path: Path, migrated_file: Path) -> None:
    """Weekdays at about half past five; a mail that is late on a Tuesday, none on a Sunday."""
    stage = await opened(tmp_path, migrated_file, nightly(by=[], learn=True))
    start = at("2026-11-30T05:30")  # a Monday
    stage.now = stage.expectations.started = start - HOUR
    for day in range(15):
        if day % 7 < 5:
            await success(stage, start + day * DAY + (day % 3) * MINUTE)
    assert await until(stage, at("2026-12-14T08:00")) == 0
    assert await until(stage, at("2026-12-15T06:25")) == 0
    assert await until(stage, at("2026-12-15T06:35")) == 1
    assert "2026-12-15 05:32 CET" in stage.ticket(1)["attributes"]["description"]
    for day in (16, 17, 18):
        await success(stage, at(f"2026-12-{day}T05:30"))
    assert await until(stage, at("2026-12-20T12:00")) == 0
    await finish(stage)
