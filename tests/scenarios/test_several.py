"""A mail of several problems: each is a notice of its own, with a problem and a ticket of its own; the mail is one."""

from __future__ import annotations

import itertools
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from gateway.operate import story
from gateway.store import problems
from tests.scenarios.deaths import work_and_die
from tests.scenarios.stage import START, Stage
from tests.scenarios.test_windows import move, staged, summed_up, until, waits, window
from tests.scenarios.vendors import (
    HOUR,
    MINUTE,
    NAGIOS,
    Machine,
    add_client,
    finish,
    is_open,
    maintenance,
    notes,
    opened,
    problem_rows,
    write,
)
from tests.sizes import size

CHECKMK = "Acme <checkmk@mon.msp.example>"


def block(service: str, event: str, host: str = "srv-7") -> str:
    return f"Host:     {host}\nService:  {service}\nEvent:    {event}\nOutput:   {event[-4:]}\nPerfdata: \n"


async def single(machine: Machine, service: str, event: str, after: float = MINUTE) -> str:
    return await machine.says(f"Check_MK: srv-7/{service} {event}", block(service, event), after=after)


async def bulk(machine: Machine, *events: tuple[str, ...], after: float = MINUTE, **more: Any) -> str:
    body = "\n".join(block(*event) for event in events)
    return await machine.says(f"Check_MK: {len(events)} notifications for srv-7", body, after=after, **more)


async def counts(stage: Stage) -> dict[str, tuple[str, int]]:
    return {row["condition"]: (row["state"], row["count"]) for row in await problem_rows(stage) if row["condition"]}


async def became(stage: Stage, key: str) -> list[str]:
    """What the parts of a mail became, in their order."""
    delivery_id = stage.ids[key]
    return [row["became"] for row in await stage.store.read(lambda c: problems.parts_of(c, delivery_id))]


def said(stage: Stage, number: int) -> str:
    return str(stage.ticket(number)["attributes"]["description"])


async def test_one_mail_opens_counts_and_ends(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    for service in ("CPU load", "Memory", "Swap"):
        await single(machine, service, "OK -> CRIT")
    await write(stage, 3)
    events = [("Filesystem /var", "OK -> CRIT"), ("CPU load", "CRIT -> OK"), ("Memory", "WARN -> CRIT")]

    key = await bulk(machine, *events, ("Swap", "CRIT -> OK"), after=HOUR)
    await stage.work()

    assert await stage.outcome(key) == "ticket 4"
    assert [is_open(stage, number) for number in (1, 2, 3, 4)] == [False, True, True, True]
    assert await counts(stage) == {
        "CPU load": ("closed", 1), "Memory": ("open", 2), "Swap": ("recovered", 1), "Filesystem /var": ("open", 1),
    }  # fmt: skip
    assert await became(stage, key) == ["ticket", "recovery", "comment", "recovery"]
    assert "Left open: somebody wrote on it" in notes(stage, 3)[-1]
    assert "Filesystem /var" in said(stage, 4) and "Output:   CRIT" in said(stage, 4)
    await finish(stage)


async def test_each_new_problem_has_a_ticket_that_its_own_end_closes(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)

    key = await bulk(machine, ("CPU load", "OK -> CRIT"), ("Memory", "OK -> CRIT"), ("Swap", "OK -> CRIT"))
    await stage.work()
    assert await stage.outcome(key) == "ticket 1"
    assert await became(stage, key) == ["ticket"] * 3
    assert len(stage.order) == 3
    for number, service in enumerate(("CPU load", "Memory", "Swap"), 1):
        assert service in stage.ticket(number)["title"]
        assert "The mail told of 3 problems" in said(stage, number)

    await single(machine, "Memory", "CRIT -> OK", after=HOUR)
    await stage.work()
    assert [is_open(stage, number) for number in (1, 2, 3)] == [True, False, True]
    await bulk(machine, ("CPU load", "CRIT -> OK"), ("Swap", "CRIT -> OK"), after=HOUR)
    await stage.work()
    assert [is_open(stage, number) for number in (1, 2, 3)] == [False, False, False]
    assert len(stage.order) == 3
    await finish(stage)


async def test_show_lists_the_parts(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    await single(machine, "CPU load", "OK -> CRIT")
    key = await bulk(machine, ("CPU load", "CRIT -> OK"), ("Memory", "OK -> WARN"), ("Swap", "OK -> CRIT"), after=HOUR)
    await stage.work()

    numbers = [stage.ticket(number)["ticket_number"] for number in (1, 2, 3)]
    told = await stage.store.read(lambda c: story.tell(c, stage.ids[key], stage.settings.retention, stage.now, UTC))
    assert [(part.what, part.became, part.ticket) for part in told.parts] == [
        ("srv-7: CPU load: OK", "recovery", numbers[0]),
        ("srv-7: Memory: WARN", "ticket", numbers[1]),
        ("srv-7: Swap: CRIT", "ticket", numbers[2]),
    ]
    assert [rule.name for rule in told.rules if rule.name.startswith("part ")] == [
        "part 1 of 3", "part 2 of 3", "part 3 of 3",
    ]  # fmt: skip
    assert f"made a further ticket, {numbers[2]}" in [line.words for line in told.happened]
    await finish(stage)


async def test_ends_alone_open_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    key = await bulk(machine, ("CPU load", "CRIT -> OK"), ("Memory", "CRIT -> OK"))
    await stage.work()

    assert await stage.outcome(key) == "suppress no-problem"
    assert await became(stage, key) == ["nothing", "nothing"]
    assert stage.order == []
    await finish(stage)


async def test_a_part_that_cannot_be_read_is_a_ticket(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    await single(machine, "CPU load", "OK -> CRIT")
    torn = "Host:     srv-8\nEv"
    for text in (torn, torn, torn.replace("8", "9")):
        body = f"{block('CPU load', 'CRIT -> OK')}\n{text}"
        await machine.says("Check_MK: 2 notifications for 2 hosts", body, after=HOUR)
        await stage.work()

    assert len(stage.order) == 3  # the first, and one for each torn piece
    assert "vendor-unparsed" in said(stage, 2) and "srv-8" in said(stage, 2)
    assert "srv-9" in said(stage, 3)
    assert [is_open(stage, number) for number in (1, 2, 3)] == [False, True, True]
    await finish(stage)


@pytest.mark.parametrize("events", [("CRIT -> OK", "OK -> CRIT"), ("OK -> CRIT", "CRIT -> OK")])
async def test_an_end_and_its_return_in_one_mail(tmp_path: Path, migrated_file: Path, events: tuple[str, str]) -> None:
    """Bulks are sorted either way, so the order proves no end."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    await single(machine, "CPU load", "OK -> CRIT")
    await bulk(machine, *(("CPU load", event) for event in events), after=HOUR)
    await stage.work()

    assert is_open(stage, 1) and len(stage.order) == 1
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


async def test_the_same_mail_again_is_counted(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    events = [("CPU load", "OK -> CRIT"), ("Memory", "OK -> CRIT")]
    assert await stage.outcome(await bulk(machine, *events)) == "ticket 1"
    for _ in range(3):
        await bulk(machine, *events, after=HOUR)
    other = await bulk(machine, ("CPU load", "OK -> CRIT"), ("Swap", "OK -> CRIT"), after=HOUR)
    await stage.work()

    assert await stage.outcome(other) == "ticket 3"
    assert await counts(stage) == {"CPU load": ("open", 5), "Memory": ("open", 4), "Swap": ("open", 1)}
    await finish(stage)


async def test_each_client_sees_its_own_part_alone(tmp_path: Path, migrated_file: Path) -> None:
    """Neither the other's words nor the files, of which nobody knows whose they are."""
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "aliases": {"srv-1": "Acme", "srv-2": "Globex"}})
    add_client(stage, "Globex")
    machine = Machine(stage, CHECKMK)
    await bulk(
        machine, ("CPU load", "OK -> CRIT", "srv-1"), ("Memory", "OK -> CRIT", "srv-2"), files={"graph.png": b"\x89PNG"}
    )
    await stage.work()

    assert [stage.client_of(number) for number in (1, 2)] == ["Acme", "Globex"]
    assert "srv-2" not in said(stage, 1) and "srv-1" not in said(stage, 2)
    assert "none its files" in said(stage, 1)
    assert not stage.simulator.desk.documents
    await finish(stage)


async def test_files_are_on_the_first_ticket_of_one_client(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage, CHECKMK)
    events = [("CPU load", "OK -> CRIT"), ("Memory", "OK -> CRIT")]
    await bulk(machine, *events, files={"log.bin": b"\x00\x01\x02"})
    await stage.work()

    assert len(stage.simulator.desk.documents) == 1
    assert len(stage.order) == 2
    await finish(stage)


async def test_many_new_ones_are_a_storm(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "storm": 3})
    machine = Machine(stage, CHECKMK)
    services = [f"Port {number}" for number in range(1, 9)]
    key = await bulk(machine, *((service, "OK -> CRIT") for service in services))
    await stage.work()

    assert await stage.outcome(key) == "ticket 1"
    assert len(stage.order) == 4
    assert [count for _, count in (await counts(stage)).values()] == [1] * 8
    listed = "\n".join(notes(stage, 4))
    assert all(service in listed for service in services[3:])
    await bulk(machine, *((service, "CRIT -> OK") for service in services[3:7]), after=HOUR)
    await stage.work()
    assert is_open(stage, 4)
    await bulk(machine, *((service, "CRIT -> OK") for service in (*services[:3], services[7])), after=HOUR)
    await stage.work()
    assert not any(is_open(stage, number) for number in (1, 2, 3, 4))
    await finish(stage)


async def test_more_than_are_read_are_not_lost(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    key = await bulk(Machine(stage, CHECKMK), *((f"Port {number}", "CRIT -> OK") for number in range(60)))
    await stage.work()

    assert await stage.outcome(key) == "ticket 1"
    assert "vendor-unparsed" in said(stage, 1)
    assert "Port 49" in said(stage, 1) and "Port 59" in said(stage, 1)
    await finish(stage)


@pytest.mark.parametrize("kept", [False, True], ids=["before", "after"])
async def test_killed_at_any_commit(tmp_path: Path, migrated_file: Path, kept: bool) -> None:
    """Whatever transaction is the last one of a process, kept or not: each part once."""
    for last in itertools.count(1 + kept, size(7, 2)):
        folder = tmp_path / str(last)
        folder.mkdir()
        stage = await opened(folder, migrated_file, NAGIOS)
        machine = Machine(stage, CHECKMK)
        await single(machine, "CPU load", "OK -> CRIT")
        await stage.work()
        events = [("Memory", "OK -> CRIT"), ("CPU load", "CRIT -> OK"), ("Swap", "OK -> WARN")]
        key = await bulk(machine, *events, after=HOUR, work=None)
        killed = await work_and_die(stage, last, kept)

        assert [is_open(stage, number) for number in range(1, len(stage.order) + 1)] == [False, True, True], last
        assert [count for _, count in (await counts(stage)).values()] == [1] * 3, last
        assert await became(stage, key) == ["ticket", "recovery", "ticket"], last
        numbers = {row["condition"]: row["number"] for row in await problem_rows(stage)}
        assert numbers["Memory"] == stage.ticket(2)["ticket_number"], last
        assert numbers["Swap"] == stage.ticket(3)["ticket_number"], last
        await stage.close()
        if not killed:
            return


async def test_a_ticket_whose_making_was_not_answered_is_not_made_twice(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "drop", "skip": 1, "times": 1}])
    key = await bulk(Machine(stage, CHECKMK), *((service, "OK -> CRIT") for service in ("Memory", "Swap", "Disk")))
    await stage.work()

    assert await stage.outcome(key) == "ticket 1"
    assert len(stage.order) == 3
    assert {row["number"] for row in await problem_rows(stage)} == {
        stage.ticket(number)["ticket_number"] for number in (1, 2, 3)
    }
    await finish(stage)


REMINDER = (
    'Hello,\n\n2 checks are currently DOWN:\n\nProject "Acme"\nStatus  Name    Last Ping\nDOWN    Backup  2 days ago\n\n'
    'Project "{other}"\nStatus  Name    Last Ping\nDOWN    Backup  5 hours ago\n'
)


async def test_a_reminder_counts_on_what_it_names(tmp_path: Path, migrated_file: Path) -> None:
    """The mail of the check has the vendor's number of it, the reminder only its name and project."""
    stage = await opened(tmp_path, migrated_file, {"profile": "healthchecks", "client": "Acme"})
    machine = Machine(stage, "Healthchecks <hc@mon.msp.example>")
    link = "View:\nhttps://hc.msp.example/cloaked/0123456789abcdef0123456789abcdef01234567/\n"
    await machine.says("DOWN | Backup", f"{link}\nProject: Acme\n")
    key = await machine.says("Reminder: 2 checks still down", REMINDER.format(other="Acme Lab"), after=HOUR)
    await stage.work()
    assert await became(stage, key) == ["comment", "ticket"]
    await machine.says("Reminder: 2 checks still down", REMINDER.format(other="Acme Lab"), after=HOUR)
    await machine.says("UP | Backup", f"{link}\nProject: Acme\n", after=HOUR)
    await stage.work()

    assert [(row["state"], row["count"]) for row in sorted(await problem_rows(stage), key=lambda row: row["number"])] == [
        ("closed", 3), ("open", 2),
    ]  # fmt: skip
    assert [is_open(stage, number) for number in (1, 2)] == [False, True]
    await finish(stage)


# -- maintenance windows ---------------------------------------------------------------------------

DOWN = "OK -> CRIT"
OVER = "CRIT -> OK"


async def test_a_mail_whose_parts_are_all_held_waits_as_a_whole(tmp_path: Path, store_url: str) -> None:
    """One part is over before the end, by a later mail of several; what goes on is one ticket."""
    stage, _ = await staged(tmp_path, store_url, window())
    machine = Machine(stage, CHECKMK)
    key = await bulk(machine, ("CPU load", DOWN), ("Memory", DOWN))
    assert await waits(stage, key) == "ACCEPTED window" and "patches until" in (await stage.row(key))["waits_on"]
    later = await bulk(machine, ("CPU load", OVER), ("Memory", DOWN), after=HOUR)
    assert await stage.outcome(later) == "suppress in-window" and await became(stage, later) == ["held", "held"]
    assert stage.order == []

    await until(stage, 2 * HOUR + 1)
    assert await stage.outcome(key) == "ticket 1" and len(stage.order) == 1
    assert "Memory" in said(stage, 1)
    assert await became(stage, key) == ["held", "ticket"]
    assert await summed_up(stage) == 1
    assert stage.ticket(2)["title"].startswith("Maintenance patches: 4 notices of 2 problems held, 1 still open")
    await bulk(machine, ("Memory", OVER), ("Swap", OVER), after=MINUTE)
    await stage.work()
    assert not is_open(stage, 1)
    await finish(stage)


async def test_all_that_was_held_is_over_at_the_end(tmp_path: Path, migrated_file: Path) -> None:
    stage, _ = await staged(tmp_path, migrated_file, window())
    machine = Machine(stage, CHECKMK)
    key = await bulk(machine, ("CPU load", DOWN), ("Memory", DOWN))
    await bulk(machine, ("CPU load", OVER), ("Memory", OVER), after=HOUR)
    await until(stage, 2 * HOUR + 1)

    assert await stage.outcome(key) == "suppress in-window" and stage.order == []
    assert await summed_up(stage) == 1
    assert stage.ticket(1)["title"].startswith("Maintenance patches: 4 notices of 2 problems held, none still open")
    await finish(stage)


MOVED = window(objects=("srv-1",))


async def some(machine: Machine, **more: Any) -> str:
    """A mail of which the window MOVED holds the first part alone."""
    return await bulk(machine, ("CPU load", DOWN, "srv-1"), ("Memory", DOWN, "srv-2"), **more)


async def test_one_part_is_held_and_the_other_opens_at_once(tmp_path: Path, store_url: str) -> None:
    stage, _ = await staged(tmp_path, store_url, MOVED)
    machine = Machine(stage, CHECKMK)
    key = await some(machine)
    assert await stage.outcome(key) == "ticket 1" and "Memory" in said(stage, 1)
    assert await became(stage, key) == ["held", "ticket"]
    await until(stage, 10 * MINUTE)  # the ticket was moved to its client
    row = await stage.row(key)
    assert (row["stage"], row["waits_for"]) == ("PLANNED", "window") and "patches until" in row["waits_on"]
    await bulk(machine, ("Memory", OVER, "srv-2"), ("Swap", DOWN, "srv-2"), after=20 * MINUTE)  # nobody waits for it
    await until(stage, HOUR)
    assert not is_open(stage, 1) and len(stage.order) == 2

    await until(stage, 2 * HOUR + 10 * MINUTE)
    assert len(stage.order) == 3 and "CPU load" in said(stage, 3) and "Memory: " not in stage.ticket(3)["title"]
    assert await became(stage, key) == ["ticket", "ticket"]
    assert (await stage.row(key))["stage"] == "DONE"
    assert await summed_up(stage) == 1
    assert stage.ticket(4)["title"].startswith("Maintenance patches: 1 notice of 1 problem held, 1 still open")
    assert stage.ticket(3)["ticket_number"] in str(stage.ticket(4)["attributes"])
    await single(machine, "CPU load", OVER)
    await finish(stage)


@pytest.mark.parametrize("several", [True, False])
async def test_the_held_part_is_over_before_the_end(several: bool, tmp_path: Path, migrated_file: Path) -> None:
    """The mail stays the one of its ticket, and the end of the held part waits for nothing."""
    stage, _ = await staged(tmp_path, migrated_file, MOVED)
    machine = Machine(stage, CHECKMK)
    key = await some(machine)
    more = [("Swap", OVER, "srv-1")] if several else []
    over = await bulk(machine, ("CPU load", OVER, "srv-1"), *more, after=20 * MINUTE)
    assert await stage.outcome(over) == "suppress in-window"
    await until(stage, 2 * HOUR + 1)

    assert await stage.outcome(key) == "ticket 1" and len(stage.order) == 1 and is_open(stage, 1)
    assert (await stage.row(key))["stage"] == "DONE" and await became(stage, key) == ["held", "ticket"]
    assert await summed_up(stage) == 1
    assert stage.ticket(2)["title"].startswith("Maintenance patches: 2 notices of 1 problem held, none still open")
    await finish(stage)


async def test_parts_of_several_clients_and_windows(tmp_path: Path, migrated_file: Path) -> None:
    """Each waits for its own end; another client's part is never held."""
    said_ = (window(0, HOUR, "first", client="Acme"), window(0, 2 * HOUR, "second", client="Globex"))
    aliases = {"srv-1": "Acme", "srv-2": "Globex", "srv-3": "Initech"}
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "aliases": aliases}, window=said_)
    add_client(stage, "Globex")
    add_client(stage, "Initech")
    machine = Machine(stage, CHECKMK)
    key = await bulk(machine, *(("CPU load", DOWN, f"srv-{number}") for number in (1, 2, 3)))
    assert await stage.outcome(key) == "ticket 1" and "srv-3" in said(stage, 1)
    await until(stage, HOUR + 10 * MINUTE)
    assert [stage.client_of(number) for number in (1, 2)] == ["Initech", "Acme"] and len(stage.order) == 2
    await until(stage, 2 * HOUR + 10 * MINUTE)

    assert stage.client_of(3) == "Globex" and len(stage.order) == 3
    assert await became(stage, key) == ["ticket"] * 3
    assert await summed_up(stage) == 2
    await finish(stage)


async def test_a_part_whose_window_is_ended_moved_or_read_late(tmp_path: Path, migrated_file: Path) -> None:
    stage, _ = await staged(tmp_path, migrated_file, MOVED)
    machine = Machine(stage, CHECKMK)
    await some(machine)
    await until(stage, HOUR)
    await move(stage, "patches", START + 4 * HOUR)
    await until(stage, 3 * HOUR)
    assert len(stage.order) == 1
    await move(stage, "patches", stage.now)
    assert len(stage.order) == 2 and "CPU load" in said(stage, 2)
    assert await summed_up(stage) == 1
    await stage.close()


async def test_parts_that_were_accepted_in_the_window_and_read_after_it(tmp_path: Path, migrated_file: Path) -> None:
    stage, _ = await staged(tmp_path, migrated_file, MOVED)
    machine = Machine(stage, CHECKMK)
    over = await some(machine, work=None)
    stays = await bulk(machine, ("Disk", DOWN, "srv-1"), ("Swap", DOWN, "srv-2"), work=None)
    await bulk(machine, ("CPU load", OVER, "srv-1"), ("Paging", OVER, "srv-1"), work=None)
    stage.now = START + 3 * HOUR
    await until(stage, 4 * HOUR)

    assert await became(stage, over) == ["held", "ticket"] and await became(stage, stays) == ["ticket", "ticket"]
    assert len(stage.order) == 3 and await summed_up(stage) == 1
    await finish(stage)


async def test_no_part_is_held_behind_a_vendors_planned_work(tmp_path: Path, migrated_file: Path) -> None:
    """That may last for days after the window: its ticket would come too late."""
    stage = await opened(tmp_path, migrated_file, NAGIOS, {"profile": "maintenance", "client": "Acme"}, window=(MOVED,))
    planned = maintenance("MNT-1", stage.now + MINUTE, stage.now + 30 * HOUR, "srv-2")
    await Machine(stage, "NOC <noc@mon.msp.example>").says(*planned)
    key = await some(Machine(stage, CHECKMK), after=5 * MINUTE)

    assert await became(stage, key) == ["ticket", "part"] and len(stage.order) == 2
    assert await summed_up(stage) == 0
    await stage.close()


async def test_what_had_been_closed_comes_back_in_a_part(tmp_path: Path, migrated_file: Path) -> None:
    stage, _ = await staged(tmp_path, migrated_file, window(HOUR, 2 * HOUR, objects=("srv-1",)))
    machine = Machine(stage, CHECKMK)
    await bulk(machine, ("CPU load", DOWN, "srv-1"))
    await bulk(machine, ("CPU load", OVER, "srv-1"), after=MINUTE)
    await until(stage, HOUR + MINUTE)
    assert not is_open(stage, 1)
    await some(machine)
    assert not is_open(stage, 1) and len(stage.order) == 2
    await until(stage, 2 * HOUR + 1)
    assert is_open(stage, 1) and len(stage.order) == 2
    await summed_up(stage)
    await finish(stage)


@pytest.mark.parametrize("kept", [False, True], ids=["before", "after"])
async def test_killed_at_any_commit_while_a_part_is_held(tmp_path: Path, migrated_file: Path, kept: bool) -> None:
    for last in itertools.count(1 + kept, size(7, 2)):
        folder = tmp_path / str(last)
        folder.mkdir()
        stage, _ = await staged(folder, migrated_file, window(0, HOUR, objects=("srv-1",)))
        key = await some(Machine(stage, CHECKMK), work=None)
        killed = await work_and_die(stage, last, kept)
        await until(stage, HOUR + MINUTE)

        assert await became(stage, key) == ["ticket", "ticket"], last
        assert sorted(row["number"] for row in await problem_rows(stage)) == sorted(
            stage.ticket(number)["ticket_number"] for number in (1, 2)
        ), last
        assert len(stage.order) == 2, last
        await stage.close()
        if not killed:
            return
