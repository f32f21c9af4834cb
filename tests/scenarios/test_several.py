"""A mail of several problems: a ticket of its own, which ends what it says is over and counts what goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.stage import Stage
from tests.scenarios.vendors import HOUR, MINUTE, NAGIOS, Machine, finish, is_open, notes, opened, problem_rows, write

CHECKMK = "Acme <checkmk@mon.msp.example>"


def block(service: str, event: str) -> str:
    return f"Host:     srv-7\nService:  {service}\nEvent:    {event}\nOutput:   {event[-4:]}\nPerfdata: \n"


async def single(machine: Machine, service: str, event: str, after: float = MINUTE) -> str:
    return await machine.says(f"Check_MK: srv-7/{service} {event}", block(service, event), after=after)


async def bulk(machine: Machine, *events: tuple[str, str], after: float = MINUTE) -> str:
    body = "\n".join(block(*event) for event in events)
    return await machine.says(f"Check_MK: {len(events)} notifications for srv-7", body, after=after)


async def counts(stage: Stage) -> dict[str, tuple[str, int]]:
    return {row["condition"]: (row["state"], row["count"]) for row in await problem_rows(stage) if row["condition"]}


async def test_one_mail_opens_counts_and_ends(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    for service in ("CPU load", "Memory", "Swap"):
        await single(machine, service, "OK -> CRIT")
    await write(stage, 3)
    events = [("Filesystem /var", "OK -> CRIT"), ("CPU load", "CRIT -> OK"), ("Memory", "WARN -> CRIT")]

    told_in = await bulk(machine, *events, ("Swap", "CRIT -> OK"), after=HOUR)
    await stage.work()

    assert await stage.outcome(told_in) == "ticket 4"
    assert [is_open(stage, number) for number in (1, 2, 3, 4)] == [False, True, True, True]
    assert await counts(stage) == {"CPU load": ("closed", 1), "Memory": ("open", 2), "Swap": ("recovered", 1)}
    assert "Left open: somebody wrote on it" in notes(stage, 3)[-1]
    told = stage.ticket(4)["attributes"]["description"]
    assert "It holds 4 problems" in told and "Filesystem /var: CRIT (new)" in told and "over" in told
    await finish(stage)


async def test_an_end_and_its_return_in_one_mail(tmp_path: Path, migrated_file: Path) -> None:
    """The last word counts."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    await single(machine, "CPU load", "OK -> CRIT")
    await bulk(machine, ("CPU load", "CRIT -> OK"), ("CPU load", "OK -> CRIT"), after=HOUR)
    await stage.work()

    assert is_open(stage, 1) and is_open(stage, 2)
    assert await counts(stage) == {"CPU load": ("open", 2)}
    await finish(stage)


@pytest.mark.parametrize("sender", ["Acme <checkmk@other.mon.msp.example>", CHECKMK])
async def test_of_another_server_or_unproven_it_ends_nothing(tmp_path: Path, migrated_file: Path, sender: str) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    await single(Machine(stage, CHECKMK), "CPU load", "OK -> CRIT")
    other = Machine(stage, sender, proven=sender != CHECKMK)
    await bulk(other, ("CPU load", "CRIT -> OK"), ("Memory", "OK -> CRIT"), after=HOUR)
    await stage.work()

    assert is_open(stage, 1)
    await finish(stage)


async def test_the_same_mail_twice_is_one_ticket(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    events = [("CPU load", "OK -> CRIT"), ("Memory", "OK -> CRIT")]
    assert await stage.outcome(await bulk(machine, *events)) == "ticket 1"
    await bulk(machine, *events, after=HOUR)
    other = await bulk(machine, ("CPU load", "OK -> CRIT"), ("Swap", "OK -> CRIT"), after=HOUR)
    assert await stage.outcome(other) == "ticket 2"
    await finish(stage)
