"""Vendors' notices: one problem, one ticket, closed by itself only when that is safe."""

from __future__ import annotations

from pathlib import Path

from tests.scenarios.vendors import MINUTE, NAGIOS, Machine, is_open, notes, opened, problem_rows, write


async def test_a_problem_that_ends_closes_its_ticket_after_the_hold(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)

    assert await stage.outcome(await monitor.service("CRITICAL")) == "ticket 1"
    assert stage.client_of(1) == "Acme" and not stage.ticket(1)["contact_name_id"]
    assert await stage.outcome(await monitor.service("CRITICAL", after=MINUTE)) == "internal 1"
    assert await stage.outcome(await monitor.service("CRITICAL", after=MINUTE)) == "suppress counted"
    over = stage.now
    await monitor.service("OK", after=MINUTE, work=5 * MINUTE)
    assert is_open(stage, 1)
    await stage.work()

    assert not is_open(stage, 1) and stage.now >= over + 10 * MINUTE
    assert "Closed: nobody had touched" in notes(stage, 1)[-1]
    (row,) = await problem_rows(stage)
    assert (row["state"], row["count"], row["left"]) == ("closed", 3, "")
    await stage.close()


async def test_a_ticket_that_somebody_touched_stays_open(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    await write(stage, 1)
    await monitor.service("OK", after=MINUTE)
    await stage.work()

    assert is_open(stage, 1)
    assert "Left open: somebody wrote on it" in notes(stage, 1)[-1]
    (row,) = await problem_rows(stage)
    assert (row["state"], row["left"]) == ("recovered", "somebody wrote on it")
    await stage.close()
