"""A recovery closes the ticket of the same thing: of its sender, its account and its client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.vendors import HOUR, MINUTE, NAGIOS, Machine, finish, is_open, notes, opened, problem_rows

PEERS = ["192.0.2.1/32", "198.51.100.9/32"]


async def left(stage: Stage) -> list[str]:
    return [row["state"] for row in await problem_rows(stage)]


async def test_two_servers_of_one_notice_have_problems_of_their_own(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    here, there = (Machine(stage, f"Acme <nagios@{name}.mon.msp.example>") for name in ("hq", "branch"))
    assert await stage.outcome(await here.service("CRITICAL")) == "ticket 1"
    assert await stage.outcome(await there.service("CRITICAL", after=MINUTE)) == "ticket 2"
    await here.service("OK", after=MINUTE)
    await stage.work()

    assert not is_open(stage, 1) and is_open(stage, 2)
    await finish(stage)


async def test_a_recovery_of_another_server_closes_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    await Machine(stage, "Acme <nagios@hq.mon.msp.example>").service("CRITICAL")
    over = await Machine(stage, "Acme <nagios@branch.mon.msp.example>").service("OK", after=MINUTE)
    await stage.work()

    assert await stage.outcome(over) == "suppress no-problem" and is_open(stage, 1)
    await finish(stage)


async def test_cards_of_two_networks_are_two(tmp_path: Path, migrated_file: Path) -> None:
    """Both write as root@localhost."""
    notice = {"profile": "apc-ups", "networks": PEERS, "senders": [], "client": "Acme"}
    stage = await opened(tmp_path, migrated_file, notice)
    card = Machine(stage, "<apc@localhost.example>")

    async def says(event: str, peer: str) -> str:
        stage.peer = peer
        return await card.says(f"UPS1: {event}", f"Name : UPS1\n\n{event}", after=MINUTE)

    down, over = "Warning - UPS: On battery power.", "Informational - UPS: No longer on battery power."
    assert await stage.outcome(await says(down, "192.0.2.1")) == "ticket 1"
    assert await stage.outcome(await says(down, "198.51.100.9")) == "ticket 2"
    await says(over, "198.51.100.9")
    await stage.work()

    assert is_open(stage, 1) and not is_open(stage, 2)
    await finish(stage)


async def test_a_recovery_that_does_not_say_for_whom_is_told_and_closes_nothing(
    tmp_path: Path, migrated_file: Path
) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    await Machine(stage, "Acme <nagios@mon.msp.example>").service("CRITICAL")
    await Machine(stage, "<nagios@mon.msp.example>").service("OK", after=MINUTE)
    await stage.work()

    assert is_open(stage, 1) and await left(stage) == ["open"]
    assert "does not say for whom" in notes(stage, 1)[-1]
    await finish(stage)


@pytest.mark.parametrize(
    ("word", "closes"),
    [("Up", True), ("Down ended (now: Up)", True), ("Warning ended (now: Down)", False), ("Warning ended", False)],
)
async def test_a_status_of_two_states_is_read_by_what_holds_now(
    tmp_path: Path, migrated_file: Path, word: str, closes: bool
) -> None:
    stage = await opened(tmp_path, migrated_file, {"profile": "prtg", "client": "Acme"})
    sensor = Machine(stage, "PRTG <prtg@mon.msp.example>")
    for status in ("Down", word):
        await sensor.says(f"[PRTG Network Monitor] fw1 WAN Ping {status} (x)", "PRTG Network Monitor", after=HOUR)
    await stage.work()

    assert is_open(stage, 1) is not closes
    await finish(stage)


async def test_a_recovery_without_its_service_closes_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    lines = ["Notification Type: {}", "Service: HTTP", "Host: web01", "State: {}"]

    async def says(kind: str, state: str, *, whole: bool) -> None:
        said = [line for line in lines if whole or not line.startswith("Service")]
        await Machine(stage).says("Monitoring", "\n".join(said).format(kind, state), after=MINUTE)

    await says("PROBLEM", "CRITICAL", whole=True)
    await says("PROBLEM", "CRITICAL", whole=False)
    await says("RECOVERY", "OK", whole=False)
    await stage.work()
    assert is_open(stage, 1) and is_open(stage, 2)
    await says("RECOVERY", "OK", whole=True)
    await stage.work()
    assert not is_open(stage, 1) and is_open(stage, 2)
    await finish(stage)


@pytest.mark.parametrize("more", [{}, {"close": True}], ids=["as shipped", "allowed"])
async def test_words_alone_close_only_where_somebody_says_so(
    tmp_path: Path, migrated_file: Path, more: dict[str, Any]
) -> None:
    stage = await opened(tmp_path, migrated_file, {"profile": "words", **more})
    node = Machine(stage, "root <root@mon.msp.example>")
    await node.says("vzdump backup status (pve1): backup failed", "101 web failed")
    await node.says("vzdump backup status (pve1): backup successful", "102 mail ok", after=HOUR)
    await stage.work()

    assert is_open(stage, 1) is not bool(more)
    await finish(stage)
