"""No client is mailed about a vendor's notice: a ticket is made elsewhere, and moved when the desk's mailer is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.store.stage import Stage as Stages
from tests.scenarios.stage import Stage
from tests.scenarios.vendors import HOUR, MINUTE, NAGIOS, Machine, finish, is_open, notes, opened

OFFICE = "info@acme.example"


def mailed(stage: Stage) -> list[str]:
    return [mail.to for mail in stage.simulator.desk.mails]


async def burst(stage: Stage, count: int = 12, work: float | None = None) -> None:
    """Many problems at once."""
    for number in range(count):
        await Machine(stage).service("CRITICAL", f"web{number:02}/HTTP", after=0.0, work=None)
    await stage.work(work)


@pytest.mark.parametrize("lag", [0.3, 4 * MINUTE], ids=["idle", "late"])
async def test_a_burst_mails_nobody(tmp_path: Path, migrated_file: Path, lag: float) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    stage.simulator.desk.mailer_lag = lag
    await burst(stage)

    assert [stage.client_of(number) for number in range(1, 13)] == ["Acme"] * 12
    assert mailed(stage) == []
    await finish(stage)


@pytest.mark.parametrize("said", [{"move_after": 0}, {"announce": True}], ids=["at once", "announced"])
async def test_who_moves_at_once_or_announces_mails(tmp_path: Path, migrated_file: Path, said: dict[str, Any]) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, **said})
    await burst(stage)

    assert mailed(stage) == [OFFICE] * 12
    await finish(stage)


async def test_the_time_counts_from_the_ticket_and_not_from_the_mail(tmp_path: Path, migrated_file: Path) -> None:
    """The desk was away when the mail came."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "refuse", "times": 30}])
    await burst(stage, 3)

    assert [stage.client_of(number) for number in (1, 2, 3)] == ["Acme"] * 3
    assert mailed(stage) == []
    await finish(stage)


async def test_nothing_waits_for_the_move(tmp_path: Path, migrated_file: Path) -> None:
    """The same again is told, it ends and closes, and comes back, all before its ticket is moved."""
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "move_after": HOUR, "hold": MINUTE})
    monitor = Machine(stage)
    first = await monitor.service("CRITICAL")
    assert await stage.outcome(await monitor.service("CRITICAL", after=5.0)) == "internal 1"
    await monitor.service("OK", after=5.0, work=2 * MINUTE)
    assert not is_open(stage, 1) and "Closed: nobody had touched" in notes(stage, 1)[-1]
    assert await stage.outcome(await monitor.service("CRITICAL", after=5 * MINUTE)) == "internal 1 reopened"
    assert stage.client_of(1) == "Unknown Senders"
    assert (await stage.row(first))["stage"] == Stages.PLANNED.value
    await stage.work()

    assert stage.client_of(1) == "Acme" and is_open(stage, 1)
    assert (await stage.row(first))["stage"] == Stages.DONE.value
    assert mailed(stage) == []
    await finish(stage)


async def test_a_closed_ticket_is_moved_as_well(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "hold": 10.0})
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    await monitor.service("OK", after=5.0)
    await stage.work()

    assert not is_open(stage, 1) and stage.client_of(1) == "Acme"
    assert mailed(stage) == []
    await finish(stage)


async def test_a_technician_who_moved_the_ticket_was_right(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    await Machine(stage).service("CRITICAL")
    rows = stage.simulator.desk.clients
    stage.ticket(1)["client_id"] = next(key for key, row in rows.items() if row["client_name"] == "Globex")
    await stage.work()

    assert stage.client_of(1) == "Globex"
    await finish(stage)


async def test_a_storm_lists_its_parts_before_it_is_moved(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "storm": 3})
    await burst(stage, 8, work=2 * MINUTE)

    assert stage.ticket(4)["title"].startswith("Storm") and "web07" in " ".join(notes(stage, 4))
    assert stage.client_of(4) == "Unknown Senders"
    await stage.work()
    assert stage.client_of(4) == "Acme" and mailed(stage) == []
    await finish(stage)
