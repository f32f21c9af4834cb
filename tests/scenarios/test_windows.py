"""Maintenance windows: what begins in one is held and told once at its end; what goes on is a ticket then."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.model.window import Maintenance
from gateway.store import operator, windows
from gateway.store.windows import Occurrence
from gateway.upkeep.windows import Summaries
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import START, M, Stage
from tests.scenarios.vendors import (
    DAY,
    HOUR,
    MINUTE,
    MONITOR,
    NAGIOS,
    Machine,
    finish,
    is_open,
    notes,
    opened,
    problem_rows,
)


def local(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def window(begins: float = 0.0, ends: float = 2 * HOUR, name: str = "patches", **said: Any) -> dict[str, Any]:
    """A window of the configuration; its times are seconds from the start of the scenario."""
    scope = {} if "client" in said or "profiles" in said else {"client": "Acme"}
    return {"name": name, "begin": local(START + begins), "end": local(START + ends), **scope, **said}


async def staged(folder: Path, migrated: Path | str, *said: dict[str, Any], **more: Any) -> tuple[Stage, Machine]:
    stage = await opened(folder, migrated, NAGIOS, window=said, **more)
    return stage, Machine(stage)


async def summed_up(stage: Stage) -> int:
    """The summaries that are due are written, and worked on. Returns how many."""
    summaries = Summaries(stage.store, stage.settings, stage.clock)
    told = await summaries.check()  # at a start what is held is looked at again
    await stage.work(1.0)
    told += await summaries.check()
    await stage.work(1.0)
    return told


async def until(stage: Stage, seconds: float) -> None:
    """Work until so many seconds after the start of the scenario."""
    await stage.work(max(0.0, START + seconds - stage.now))
    stage.now = max(stage.now, START + seconds)


async def waits(stage: Stage, key: str) -> str:
    row = await stage.row(key)
    return f"{row['stage']} {row['waits_for']}"


def titles(stage: Stage) -> list[str]:
    return [stage.ticket(number)["title"] for number in range(1, len(stage.order) + 1)]


async def test_what_is_over_before_the_end_makes_no_ticket_but_the_summary(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window())
    down = await monitor.service("CRITICAL", after=MINUTE)
    again = await monitor.service("CRITICAL", after=10 * MINUTE)
    up = await monitor.service("OK", after=10 * MINUTE)

    assert await waits(stage, down) == "ACCEPTED window" and "patches until " in (await stage.row(down))["waits_on"]
    assert [await stage.outcome(key) for key in (again, up)] == ["suppress in-window"] * 2
    await until(stage, 2 * HOUR + 1)
    assert await stage.outcome(down) == "suppress in-window" and stage.order == []
    assert await summed_up(stage) == 1

    assert len(stage.order) == 1 and titles(stage)[0].startswith("Maintenance patches: 3 notices of 1 problem held")
    await stage.work()
    assert stage.client_of(1) == "Acme" and not is_open(stage, 1)  # nothing is left to do
    assert await summed_up(stage) == 0
    await finish(stage)


async def test_what_is_still_down_at_the_end_becomes_a_ticket_then(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window())
    down = await monitor.service("CRITICAL", after=MINUTE)
    await monitor.service("CRITICAL", "db01/Disk", after=MINUTE)
    await monitor.service("OK", "db01/Disk", after=MINUTE)
    assert stage.order == []
    await until(stage, 2 * HOUR + 1)

    assert await stage.outcome(down) == "ticket 1" and len(stage.order) == 1
    await summed_up(stage)
    assert len(stage.order) == 2
    await monitor.service("OK", after=MINUTE)
    await stage.work()
    assert not is_open(stage, 1)
    await finish(stage)


async def test_an_open_problem_from_before_goes_on(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window(HOUR, 2 * HOUR))
    assert await stage.outcome(await monitor.service("CRITICAL", after=MINUTE)) == "ticket 1"
    await until(stage, HOUR + MINUTE)
    await monitor.service("CRITICAL", after=MINUTE)
    assert len(notes(stage, 1)) == 1  # the second occurrence is told as ever
    await monitor.service("OK", after=MINUTE)
    await until(stage, HOUR + 30 * MINUTE)

    assert not is_open(stage, 1) and await summed_up(stage) == 0
    back = await monitor.service("CRITICAL", after=MINUTE)  # it comes back in the window: held like a new one
    assert await waits(stage, back) == "ACCEPTED window" and not is_open(stage, 1)
    await until(stage, 2 * HOUR + 1)
    assert is_open(stage, 1) and (await stage.outcome(back)).endswith("1 reopened")
    await summed_up(stage)
    await finish(stage)


async def test_what_comes_back_and_ends_in_the_window_leaves_its_closed_ticket_alone(
    tmp_path: Path, migrated_file: Path
) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window(HOUR, 2 * HOUR))
    await monitor.service("CRITICAL", after=MINUTE)
    await monitor.service("OK", after=MINUTE)
    await until(stage, HOUR + MINUTE)
    before = len(notes(stage, 1))
    back = await monitor.service("CRITICAL", after=MINUTE)
    await monitor.service("OK", after=20 * MINUTE)
    await until(stage, 2 * HOUR + 1)

    assert await stage.outcome(back) == "suppress in-window"
    assert not is_open(stage, 1) and len(notes(stage, 1)) == before
    (row,) = await problem_rows(stage)
    assert (row["state"], row["number"], row["held_by"]) == ("closed", stage.ticket(1)["ticket_number"], "")
    await summed_up(stage)
    await finish(stage)


@pytest.mark.parametrize(
    ("said", "what", "held"),
    [
        ({"client": "Acme"}, "web01/HTTP", True),
        ({"client": "Globex"}, "web01/HTTP", False),  # another client's
        ({"client": "Nobody"}, "web01/HTTP", False),  # a client that the desk does not have
        ({"client": "*"}, "web01/HTTP", True),
        ({"client": "Acme", "objects": ("web01",)}, "web01/HTTP", True),
        ({"client": "Acme", "objects": ("web01",)}, "web011/HTTP", False),
        ({"client": "Acme", "objects": ("web*",)}, "web011/HTTP", True),
        ({"client": "Acme", "objects": ("db01", "WEB01")}, "web01/HTTP", True),
        ({"profiles": ("nagios",)}, "web01/HTTP", True),
        ({"profiles": ("other",)}, "web01/HTTP", False),
    ],
    ids=str,
)
async def test_whose_problems_a_window_holds(
    said: dict[str, Any], what: str, held: bool, tmp_path: Path, migrated_file: Path
) -> None:
    other = {"profile": "nagios", "name": "other", "senders": ["other.example"]}
    stage = await opened(tmp_path, migrated_file, NAGIOS, other, window=(window(**said),))
    key = await Machine(stage).service("CRITICAL", what, after=MINUTE)

    assert (await waits(stage, key) == "ACCEPTED window") == held and len(stage.order) == (not held)
    await stage.close()


async def test_two_clients_of_a_window_of_one(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "client": ""}, window=(window(client="Acme"),))
    acme, globex = Machine(stage), Machine(stage, "Globex <nagios@mon.msp.example>")
    held, free = await acme.service("CRITICAL", after=MINUTE), await globex.service("CRITICAL", after=MINUTE)

    assert await waits(stage, held) == "ACCEPTED window"
    assert await stage.outcome(free) == "ticket 1"
    await globex.service("OK", after=MINUTE)
    await until(stage, 2 * HOUR + 1)
    assert await stage.outcome(held) == "ticket 2"  # the other client's end was not its own
    await summed_up(stage)
    await finish(stage)


async def test_mail_of_people_is_never_held(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window())
    person = M("person", MONITOR, "Is the web shop down?", "I cannot reach it.", verdict="pass", after=MINUTE)
    await stage.accept(person)
    await stage.work(1.0)
    assert await stage.outcome("person") == "ticket 1"

    held = await monitor.service("CRITICAL", after=MINUTE)
    await stage.accept(
        M(
            "sent-on",
            ALICE,
            "Fwd: ** PROBLEM Service Alert: web01/HTTP is CRITICAL **",
            "Please look!\n\n---------- Forwarded message ---------\nFrom: Acme <nagios@mon.msp.example>\n"
            "Date: Sun, 22 Nov 2026 09:30\nSubject: ** PROBLEM Service Alert: web01/HTTP is CRITICAL **\n\ndown",
            verdict="pass",
            after=MINUTE,
        )
    )
    await stage.work(1.0)
    assert await stage.outcome("sent-on") == "ticket 2" and await waits(stage, held) == "ACCEPTED window"
    await stage.close()


@pytest.mark.parametrize(
    ("subject", "proven"),
    [
        ("** PROBLEM Service Alert: web01/HTTP is CRITICAL **", False),
        ("** PROBLEM Service Alert: web01/HTTP is **", True),  # it says no state
    ],
    ids=["nobody proved it", "not read"],
)
async def test_what_is_in_doubt_is_not_held(subject: str, proven: bool, tmp_path: Path, migrated_file: Path) -> None:
    stage, _ = await staged(tmp_path, migrated_file, window())
    key = await Machine(stage, proven=proven).says(subject, after=MINUTE)

    assert await stage.outcome(key) == "ticket 1"
    await stage.close()


async def test_a_recovery_that_nobody_proved_ends_nothing_that_is_held(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window())
    held = await monitor.service("CRITICAL", after=MINUTE)
    await Machine(stage, proven=False).service("OK", after=MINUTE)
    await until(stage, 2 * HOUR + 1)

    assert await stage.outcome(held) == "ticket 1"
    await stage.close()


async def test_windows_that_overlap_hold_until_the_last_ends(tmp_path: Path, migrated_file: Path) -> None:
    said = (window(0, 2 * HOUR, "patches"), window(HOUR, 3 * HOUR, "switches"), window(4 * HOUR, 5 * HOUR, "later"))
    stage, monitor = await staged(tmp_path, migrated_file, *said)
    first = await monitor.service("CRITICAL", after=MINUTE)
    await until(stage, 2 * HOUR + MINUTE)
    assert await waits(stage, first) == "ACCEPTED window" and await summed_up(stage) == 1
    summary = str(stage.ticket(1)["attributes"])
    assert "held on by another window" in summary
    await until(stage, 3 * HOUR + MINUTE)

    assert await stage.outcome(first) == "ticket 2" and await summed_up(stage) == 0
    await stage.close()


async def test_a_summary_says_what_has_no_ticket(tmp_path: Path, migrated_file: Path) -> None:
    """An operator dropped the mail that waited; its problem may go on, and nobody would look for a ticket of it."""
    stage, monitor = await staged(tmp_path, migrated_file, window())
    down = await monitor.service("CRITICAL", after=MINUTE)
    await stage.store.write(lambda c: operator.drop(c, stage.ids[down], now=stage.now))
    await until(stage, 2 * HOUR + MINUTE)
    assert await summed_up(stage) == 0  # its ticket may be on the way
    await until(stage, 3 * HOUR)
    assert await summed_up(stage) == 1
    summary = str(stage.ticket(1)["attributes"])
    assert "without a ticket" in summary and "another window" not in summary
    await stage.close()


async def test_a_summary_of_a_desk_whose_mailboxes_are_gone_is_not_written(tmp_path: Path, migrated_file: Path) -> None:
    """The configuration was changed while the window held something: nobody is left to write to, and nothing fails."""
    stage, monitor = await staged(tmp_path, migrated_file, window())
    await monitor.service("CRITICAL", after=MINUTE)
    await monitor.service("OK", after=MINUTE)
    await until(stage, 2 * HOUR + MINUTE)
    moved = stage.settings.model_copy(update={"mailbox": []})
    assert await Summaries(stage.store, moved, stage.clock).check() == 0
    assert await summed_up(stage) == 1  # the mailbox is back
    await stage.close()


async def move(stage: Stage, name: str, ends: float) -> None:
    """An operator sets another end."""
    (placed,) = await stage.store.read(
        lambda c: [
            p for p in stage.planner.policies.schedule.placed(c, "default", START, START + DAY) if p.said.name == name
        ]
    )
    moved = Occurrence(placed.id, "default", placed.said.id, name, placed.begins, ends)
    await stage.store.write(lambda c: windows.move_end(c, moved, stage.now))
    await stage.work(1.0)


async def test_an_end_that_is_moved_while_something_is_held(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window())
    held = await monitor.service("CRITICAL", after=MINUTE)
    await move(stage, "patches", START + 4 * HOUR)
    await until(stage, 3 * HOUR)
    assert await waits(stage, held) == "ACCEPTED window" and await summed_up(stage) == 0
    other = await monitor.service("CRITICAL", "db01/Disk", after=MINUTE)  # the window goes on by the new end
    assert await waits(stage, other) == "ACCEPTED window"

    await move(stage, "patches", stage.now)
    assert [await stage.outcome(key) for key in (held, other)] == ["ticket 1", "ticket 2"]
    assert await summed_up(stage) == 1 and len(stage.order) == 3
    assert await stage.outcome(await monitor.service("CRITICAL", "web02/HTTP", after=MINUTE)) == "ticket 4"
    await stage.close()


async def test_a_window_that_is_cancelled_while_something_is_held(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file)
    said = Maintenance(
        "", "update", "default", local(START), local(START + 2 * HOUR), "UTC", client="Acme", origin="command"
    )
    name = await stage.store.write(lambda c: windows.add(c, said, stage.now))
    held = await monitor.service("CRITICAL", after=MINUTE)
    over = await monitor.service("CRITICAL", "db01/Disk", after=MINUTE)
    await monitor.service("OK", "db01/Disk", after=MINUTE)
    assert await waits(stage, held) == "ACCEPTED window"

    await stage.store.write(lambda c: (windows.cancel(c, name, stage.now), windows.wake(c, "default", stage.now)))
    await stage.work(1.0)
    assert await stage.outcome(held) == "ticket 1" and await stage.outcome(over) == "suppress in-window"
    assert await summed_up(stage) == 1
    assert await stage.outcome(await monitor.service("CRITICAL", "web02/HTTP", after=MINUTE)) == "ticket 3"
    await finish(stage)


async def test_mail_that_comes_late(tmp_path: Path, migrated_file: Path) -> None:
    """Its date lies in the window, but it came after it: nobody holds it, and what it says is a ticket."""
    stage, monitor = await staged(tmp_path, migrated_file, window())
    await until(stage, 2 * HOUR + 10 * MINUTE)
    late = await monitor.service("CRITICAL", at=START + HOUR)
    assert await stage.outcome(late) == "ticket 1"
    await stage.close()


@pytest.mark.parametrize("hours", [-30, -3, 3, 30])
async def test_a_wrong_clock_of_the_device_changes_nothing(hours: int, tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window(HOUR, 2 * HOUR))
    before = await monitor.service("CRITICAL", after=MINUTE, at=START + hours * HOUR)
    assert await stage.outcome(before) == "ticket 1"
    await until(stage, HOUR + MINUTE)
    within = await monitor.service("CRITICAL", "db01/Disk", at=stage.now + hours * HOUR)
    assert await waits(stage, within) == "ACCEPTED window"
    await monitor.service("OK", "db01/Disk", after=5 * MINUTE, at=stage.now + 5 * MINUTE + hours * HOUR)
    await until(stage, 2 * HOUR + 1)

    assert await stage.outcome(within) == "suppress in-window"
    await stage.close()


async def test_what_was_accepted_in_the_window_and_read_after_it(tmp_path: Path, migrated_file: Path) -> None:
    """The gateway was down, or the desk away: the end that waits behind the report counts."""
    stage, monitor = await staged(tmp_path, migrated_file, window())
    down = await monitor.service("CRITICAL", after=MINUTE, work=None)
    stays = await monitor.service("CRITICAL", "db01/Disk", after=MINUTE, work=None)
    up = await monitor.service("OK", after=MINUTE, work=None)
    stage.now = START + 3 * HOUR
    await stage.work(MINUTE)

    assert await stage.outcome(down) == await stage.outcome(up) == "suppress in-window"
    assert await stage.outcome(stays) == "ticket 1" and len(stage.order) == 1
    assert await summed_up(stage) == 1
    await finish(stage)


async def test_what_got_worse_in_the_window_is_told_at_its_worst(tmp_path: Path, migrated_file: Path) -> None:
    more = {"priorities": {"WARNING": "Low", "CRITICAL": "High"}}
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, **more}, window=(window(),))
    monitor = Machine(stage)
    mild = await monitor.service("WARNING", after=MINUTE)
    worse = await monitor.service("CRITICAL", after=MINUTE)
    await until(stage, 2 * HOUR + 1)

    assert await stage.outcome(mild) == "suppress in-window" and await stage.outcome(worse) == "ticket 1"
    assert stage.simulator.desk.priorities[stage.ticket(1)["priority_id"]]["priority_name"] == "High"
    (row,) = await problem_rows(stage)
    assert row["count"] == 2
    await summed_up(stage)
    await finish(stage)


async def test_a_source_that_windows_do_not_hold(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "windows": False}, window=(window(),))
    assert await stage.outcome(await Machine(stage).service("CRITICAL", after=MINUTE)) == "ticket 1"
    await stage.close()


async def test_the_end_is_awaited_for_the_grace(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window(grace=600.0))
    held = await monitor.service("CRITICAL", after=MINUTE)
    await until(stage, 2 * HOUR + MINUTE)
    assert await waits(stage, held) == "ACCEPTED window" and await summed_up(stage) == 0
    await monitor.service("OK", after=MINUTE)
    assert await stage.outcome(await monitor.service("CRITICAL", "db01/Disk", after=MINUTE)) == "ticket 1"
    await until(stage, 2 * HOUR + 11 * MINUTE)

    assert await stage.outcome(held) == "suppress in-window" and await summed_up(stage) == 1
    await stage.close()


async def test_nobody_waits_for_what_is_held(tmp_path: Path, migrated_file: Path) -> None:
    """A person who answers the notice is not kept waiting by the window."""
    stage, monitor = await staged(tmp_path, migrated_file, window())
    held = await monitor.service("CRITICAL", after=MINUTE)
    await stage.accept(
        M("answer", ALICE, "Re: the alert", reply=f"{held}@mon.msp.example", verdict="pass", after=MINUTE)
    )
    await stage.work(1.0)
    assert await stage.outcome("answer") == "ticket 1"
    await stage.close()


async def test_two_processes_write_one_summary(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window())
    await monitor.service("CRITICAL", after=MINUTE)
    await monitor.service("OK", after=MINUTE)
    await until(stage, 2 * HOUR + 1)
    replicas = [Summaries(stage.store, stage.settings, stage.clock) for _ in range(3)]
    told = [await replica.check() for replica in replicas]
    await stage.work()

    assert sum(told) == 1 and len(stage.order) == 1
    await stage.close()


async def test_the_summary_waits_for_mail_of_its_time_that_is_not_decided(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, window())
    await monitor.service("CRITICAL", after=MINUTE)
    await monitor.service("OK", after=MINUTE)
    key = await monitor.service("CRITICAL", "db01/Disk", after=2 * HOUR - 3 * MINUTE, work=None)
    stage.now += 2 * MINUTE
    undecided = await decided_but(stage, key)
    assert await summed_up(stage) == 0
    await stage.worker._work(undecided)

    assert await summed_up(stage) == 1
    assert titles(stage)[-1].startswith("Maintenance patches: 3 notices of 2 problems held, 1 still open")
    await stage.close()


async def test_the_summary_waits_for_what_is_looked_at_again(tmp_path: Path, migrated_file: Path) -> None:
    """What was held on for some seconds, as other mail was undecided, is not held by another window."""
    stage, monitor = await staged(tmp_path, migrated_file, window())
    down = await monitor.service("CRITICAL", after=MINUTE)
    summaries = Summaries(stage.store, stage.settings, stage.clock)
    await summaries.check()
    await stage.accept(M("person", ALICE, "Printer", "It is out of ink.", verdict="pass", after=2 * HOUR - 2 * MINUTE))
    stage.now += 2 * MINUTE
    undecided = await decided_but(stage, "person")
    assert await waits(stage, down) == "ACCEPTED window"
    await stage.worker._work(undecided)

    assert await summaries.check() == 0
    await stage.work(20.0)
    assert await summed_up(stage) == 1
    assert "held on by another window" not in str(stage.ticket(3)) + str(stage.comments(3))
    await stage.close()


async def decided_but(stage: Stage, key: str) -> Any:
    """Decide what is there but one mail, which another process has. Returns its claim."""
    claimed = {mail.id: mail for mail in await stage.worker._claim()}
    left = claimed.pop(stage.ids[key])
    for mail in claimed.values():
        await stage.worker._work(mail)
    return left


async def test_a_transaction_that_is_lost_leaves_the_summary_to_the_next(tmp_path: Path, migrated_file: Path) -> None:
    """Killed between the mark and the mail: both are one transaction."""
    stage, monitor = await staged(tmp_path, migrated_file, window())
    await monitor.service("CRITICAL", after=MINUTE)
    await monitor.service("OK", after=MINUTE)
    await until(stage, 2 * HOUR + 1)
    summaries = Summaries(stage.store, stage.settings, stage.clock)
    whole = summaries._mail

    def killed(*arguments: Any) -> None:
        whole(*arguments)
        raise KeyError("killed")

    summaries._mail = killed  # type: ignore[assignment,method-assign]
    with pytest.raises(KeyError):
        await summaries.check()
    assert await summed_up(stage) == 1
    await stage.work()
    assert len(stage.order) == 1 and titles(stage)[0].startswith("Maintenance patches: 2 notices")
    await stage.close()
