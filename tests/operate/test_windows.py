"""Setting maintenance windows, and what one would have held."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from gateway.cli import windows as commands
from gateway.operate import planned, windows
from gateway.operate.preview.windowtry import attempt
from gateway.operate.windows import ACTS, Said, held, listed, moment, understood
from gateway.store.acts import Actor
from gateway.store.operator import NotPossible
from tests.scenarios.stage import START, Stage
from tests.scenarios.test_windows import local, staged, summed_up, until, waits, window
from tests.scenarios.vendors import DAY, HOUR, MINUTE, Machine, maintenance, maintenance_of, opened

LEAD = Actor("lmeier")


def said(begins: float, ends: float, **more: Any) -> Said:
    return Said(
        **{"name": "update", "begin": local(START + begins), "end": local(START + ends), "client": "Acme", **more}
    )


async def do(stage: Stage, act: Any, *arguments: Any) -> str:
    done = await stage.store.write(lambda c: act(c, stage.settings, *arguments, LEAD, stage.now))
    await stage.work(1.0)
    return str(done)


def test_each_act_of_the_page_is_a_command_and_the_other_way_round() -> None:
    group = typer.main.get_command(commands.app)
    looks = {"list", "show", "try", "proposed"}
    assert set(group.commands) - looks == {act.name for act in ACTS}  # type: ignore[attr-defined]


async def test_a_window_from_the_first_to_the_last_act(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file)
    await do(stage, windows.add, said(0, 2 * HOUR))
    down = await monitor.service("CRITICAL", after=MINUTE)
    assert await waits(stage, down) == "ACCEPTED window"
    (row,) = await stage.store.read(lambda c: listed(c, stage.settings, stage.now))
    assert (row.name, row.running, row.held, row.origin) == ("update", True, 1, "lmeier")

    ends = local(START + 3 * HOUR)
    assert "update ends at" in await do(stage, windows.move, "update", ends)
    await until(stage, 2 * HOUR + MINUTE)
    assert await waits(stage, down) == "ACCEPTED window"
    await do(stage, windows.end, "update")
    assert await stage.outcome(down) == "ticket 1"
    assert await summed_up(stage) == 1
    (told,) = await stage.store.read(lambda c: held(c, stage.now, "update"))
    assert [problem.number for problem in told.problems] == [stage.ticket(1)["ticket_number"]] and told.told_at
    with pytest.raises(NotPossible, match="no window 'update' takes place now or later"):
        await do(stage, windows.cancel, "update")
    await stage.close()


async def test_a_window_of_the_file_is_ended_and_not_cancelled(tmp_path: Path, migrated_file: Path) -> None:
    stage, _ = await staged(tmp_path, migrated_file, window(0, 2 * HOUR, repeat="DAILY"))
    stage.now += MINUTE
    with pytest.raises(NotPossible, match="is in the configuration"):
        await do(stage, windows.cancel, "patches")
    await do(stage, windows.end, "patches")
    (row,) = await stage.store.read(lambda c: listed(c, stage.settings, stage.now))
    assert not row.running and row.begins == START + DAY  # tomorrow as ever
    with pytest.raises(NotPossible, match="has not begun"):
        await do(stage, windows.end, "patches")
    await stage.close()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"client": ""}, "client: expected the client"),
        ({"profiles": ("zabbix",)}, "'zabbix' is no \\[\\[notice\\]\\]; there are: nagios"),
        ({"begin": "tomorrow"}, "'tomorrow' is no time"),
        ({"end": local(START - HOUR)}, "which is not after its begin"),
        ({"end": local(START + 40 * DAY)}, "lasts longer than 31 days"),
        ({"begin": local(START - DAY), "end": local(START - HOUR)}, "it is over already"),
        ({"repeat": "FREQ=SECONDLY"}, "expected DAILY"),
        ({"repeat": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "never comes"),
        ({"zone": "Mars/Base"}, "time zone 'Mars/Base' is not known"),
        ({"name": " "}, "expected a name"),
        ({"desk": "other"}, "desk: 'other' is not configured"),
    ],
)
async def test_what_is_not_understood_is_said(
    wrong: dict[str, Any], why: str, tmp_path: Path, migrated_file: Path
) -> None:
    stage, _ = await staged(tmp_path, migrated_file)
    with pytest.raises(NotPossible, match=why):
        await do(stage, windows.add, said(0, HOUR, **wrong))
    assert await stage.store.read(lambda c: listed(c, stage.settings, stage.now)) == []
    await stage.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("03:00", "2026-12-06 03:00"), ("23:30", "2026-12-05 23:30"), ("22:00", "2026-12-06 22:00"),
     ("2026-12-06T04:00", "2026-12-06 04:00")],
)  # fmt: skip
def test_a_new_end_is_the_next_such_time_after_the_begin(text: str, expected: str) -> None:
    begins = datetime(2026, 12, 5, 22, 0, tzinfo=UTC).timestamp()
    from zoneinfo import ZoneInfo

    assert datetime.fromtimestamp(moment(text, begins, ZoneInfo("UTC")), UTC).strftime("%Y-%m-%d %H:%M") == expected


async def test_what_a_window_would_have_held(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file)
    await monitor.service("CRITICAL", "old/Disk", after=MINUTE)  # open before: goes on
    await until(stage, HOUR)
    await monitor.service("CRITICAL", "old/Disk", after=MINUTE)
    for state, what in (
        ("CRITICAL", "web01/HTTP"),
        ("CRITICAL", "web01/HTTP"),
        ("OK", "web01/HTTP"),
        ("CRITICAL", "db01/Disk"),
    ):
        await monitor.service(state, what, after=MINUTE)
    await until(stage, 3 * HOUR)
    await monitor.service("CRITICAL", "web02/HTTP", after=MINUTE)  # after it
    client = stage.ticket(1)["client_id"] and next(
        key for key, row in stage.simulator.desk.clients.items() if row["client_name"] == "Acme"
    )
    meant = understood(stage.settings, said(HOUR, 2 * HOUR))
    tried = await stage.store.read(lambda c: attempt(c, meant, client, START - DAY, stage.now))

    assert (tried.times, tried.notices, tried.problems, tried.tickets, tried.later) == (1, 4, 2, 2, 1)
    assert tried.names == ("web01", "db01")
    text = "".join(f"Host:     srv-7\nService:  {name}\nEvent:    OK -> CRIT\nOutput:   CRIT\n" for name in ("CPU", "Swap"))
    await Machine(stage, "Acme <checkmk@mon.msp.example>").says("Check_MK: 2 notifications for srv-7", text)
    parts = understood(stage.settings, said(3 * HOUR, 4 * HOUR))
    of_parts = await stage.store.read(lambda c: attempt(c, parts, client, START - DAY, stage.now))
    assert (of_parts.notices, of_parts.problems, of_parts.tickets) == (3, 3, 3)  # web02, and both parts of one mail
    other = await stage.store.read(lambda c: attempt(c, meant, "another client", START - DAY, stage.now))
    assert (other.notices, other.tickets) == (0, 0)
    await stage.close()


MAINTENANCE = {"profile": "maintenance", "client": "Acme"}
NOC = "NOC <noc@mon.msp.example>"


async def proposals(stage: Stage) -> list[planned.Proposed]:
    settings, now = stage.settings, stage.now
    return await stage.store.read(lambda c: planned.proposed(c, settings, now, {}, windows.listed(c, settings, now)))


async def test_a_vendors_planned_work_is_proposed_and_taken_by_its_command(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, MAINTENANCE)
    hostile = "c-2; rm -rf $(pwd)"
    told = maintenance("MNT-1", START + HOUR, START + 3 * HOUR, "web01", hostile, "*")
    await Machine(stage, NOC).says(*told)
    (work,) = await proposals(stage)
    assert (work.client, work.ticket) == ("Acme", stage.ticket(1)["ticket_number"])
    assert (work.begin, work.end) == (local(START + HOUR)[:16], local(START + 3 * HOUR)[:16])
    assert "web01" in work.objects and "*" not in work.objects
    words = shlex.split(work.command)
    assert words[:3] == ["gateway", "windows", "add"] and words.count("--object") == len(work.objects)
    assert [words[at + 1] for at, word in enumerate(words) if word == "--object"] == list(work.objects)
    assert await stage.store.read(lambda c: listed(c, stage.settings, stage.now)) == []  # never by itself

    await do(stage, windows.add, Said(work.name, work.begin, work.end, work.client, work.objects, zone=work.zone))
    assert await proposals(stage) == []
    subject, text = maintenance("MNT-1", START + HOUR, START + 5 * HOUR, "web01")
    await Machine(stage, NOC).says(subject, text.replace("CONFIRMED", "RE-SCHEDULED"), after=MINUTE)
    (later,) = await proposals(stage)  # the vendor says another time: nobody has set that
    assert (later.name, later.end) == (work.name, local(START + 5 * HOUR)[:16])
    await stage.close()


async def test_each_night_of_planned_work_is_proposed_and_taken_by_itself(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, MAINTENANCE)
    nights = [(START + HOUR, START + 3 * HOUR), (START + 25 * HOUR, START + 27 * HOUR)]
    await Machine(stage, NOC).says(*maintenance_of("MNT-1", nights, "web01"))
    first, second = await proposals(stage)
    assert [(work.begin, work.end) for work in (first, second)] == [
        (local(begin)[:16], local(end)[:16]) for begin, end in nights
    ]
    assert first.name != second.name

    await do(stage, windows.add, Said(first.name, first.begin, first.end, first.client, first.objects, zone=first.zone))
    assert await proposals(stage) == [second]
    await stage.close()


@pytest.mark.parametrize(
    ("ends", "objects", "proven"),
    [(3 * HOUR, (), True), (3 * HOUR, ("*",), True), (40 * DAY, ("c-1",), True), (3 * HOUR, ("c-1",), False)],
    ids=["without circuits", "of all circuits", "of many weeks", "nobody proved it"],
)
async def test_what_is_not_proposed(
    ends: float, objects: tuple[str, ...], proven: bool, tmp_path: Path, migrated_file: Path
) -> None:
    stage = await opened(tmp_path, migrated_file, MAINTENANCE)
    await Machine(stage, NOC, proven=proven).says(*maintenance("MNT-1", START + HOUR, START + ends, *objects))
    assert await proposals(stage) == [] and len(stage.order) == 1
    await stage.close()


async def test_what_is_over_or_called_off_is_not_proposed(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, MAINTENANCE)
    for number in ("MNT-1", "MNT-2"):
        await Machine(stage, NOC).says(*maintenance(number, START + HOUR, START + 3 * HOUR, "c-1"))
    subject, text = maintenance("MNT-1", START + HOUR, START + 3 * HOUR, "c-1")
    await Machine(stage, NOC).says(subject, text.replace("CONFIRMED", "CANCELLED"), after=MINUTE)
    number = stage.ticket(2)["ticket_number"]
    assert [work.name for work in await proposals(stage)] == [f"Maintenance MNT-2 of mon.msp.example ({number})"]
    await until(stage, 3 * HOUR + 1)
    assert await proposals(stage) == []
    await stage.close()


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [
        ("2026-10-24T23:00+00:00", "2026-10-25T00:30:20+00:00", ("2026-10-24 23:00", "2026-10-25 00:31", "UTC")),
        ("2026-10-25T03:00+00:00", "2026-10-25T05:00+00:00", ("2026-10-25 04:00", "2026-10-25 06:00", "Europe/Berlin")),
    ],
    ids=["an hour that comes twice", "after it"],
)
def test_the_times_of_a_proposal(begins: str, ends: str, expected: tuple[str, str, str]) -> None:
    moments = (datetime.fromisoformat(text).timestamp() for text in (begins, ends))
    assert planned._local(*moments, "Europe/Berlin") == expected
