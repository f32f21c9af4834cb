"""Vendors' notices: one problem, one ticket, closed by itself only when that is safe."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.simulator import timesheet
from gateway.store import counts, problems
from tests.scenarios.deaths import work_and_die
from tests.scenarios.scripts import ALICE, BOB, GIL
from tests.scenarios.scripts_requesters import board_of, category_of
from tests.scenarios.stage import SUPPORT, M, Stage, close, delete
from tests.scenarios.vendors import (
    BACKUP,
    HOUR,
    M365,
    MINUTE,
    NAGIOS,
    VEEAM,
    Machine,
    add_client,
    configured,
    finish,
    forward,
    incident,
    is_open,
    maintenance,
    maintenance_of,
    notes,
    opened,
    priority,
    problem_rows,
    set_priority,
    set_status,
    write,
)
from tests.sizes import size


async def test_a_problem_that_ends_closes_its_ticket_after_the_hold(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)

    assert await stage.outcome(await monitor.service("CRITICAL")) == "ticket 1"
    assert not stage.ticket(1)["contact_name_id"]
    assert await stage.outcome(await monitor.service("CRITICAL", after=MINUTE)) == "internal 1"
    assert await stage.outcome(await monitor.service("CRITICAL", after=MINUTE)) == "suppress counted"
    over = stage.now
    await monitor.service("OK", after=MINUTE, work=5 * MINUTE)
    assert is_open(stage, 1)
    await stage.work()

    assert not is_open(stage, 1) and stage.now >= over + 10 * MINUTE
    assert stage.client_of(1) == "Acme" and not stage.simulator.desk.mails
    assert "Closed: nobody had touched" in notes(stage, 1)[-1]
    (row,) = await problem_rows(stage)
    assert (row["state"], row["count"], row["left"]) == ("closed", 3, "")
    await finish(stage)


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
    await finish(stage)


@pytest.mark.parametrize("one_a_server", [False, True], ids=["a ticket for each job", "a ticket for the server"])
async def test_five_failed_jobs_of_a_backup_server(tmp_path: Path, migrated_file: Path, one_a_server: bool) -> None:
    """Two nights, then success. The key is the operator's: the job as shipped, or the server."""
    notice, more = VEEAM, {}
    if one_a_server:
        own = 'name = "veeam-server"\nextends = "veeam"\n[key]\nobject = ["server"]\nneed = ["result", "server"]\n'
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "veeam-server.toml").write_text(own)
        notice, more = {"profile": "veeam-server"}, {"notices": {"folder": str(tmp_path / "own")}}
    stage = Stage(tmp_path, migrated_file, configured(notice, **more))
    await stage.open()
    backup = Machine(stage, BACKUP)
    body = "Created by VBR01\\Administrator at 11/1/2026 8:00 PM.\nVeeam Backup & Replication"

    async def night(result: str, after: float) -> None:
        for job in range(5):
            await backup.says(f"[{result}] Job {job} (3 objects)", body, after=after if job == 0 else MINUTE)

    await night("Failed", MINUTE)
    tickets = 1 if one_a_server else 5
    assert len(stage.order) == tickets
    await night("Failed", 24 * HOUR)
    assert len(stage.order) == tickets
    if not one_a_server:
        await write(stage, 2, "The disk is on its way.")
    await night("Success", 24 * HOUR)
    await stage.work()

    assert len(stage.order) == tickets
    assert [is_open(stage, number + 1) for number in range(tickets)] == [number == 1 for number in range(tickets)]
    if not one_a_server:
        assert "Left open: somebody wrote on it" in notes(stage, 2)[-1]
    await finish(stage)


@pytest.mark.parametrize(("high", "becomes"), [("Urgent", "Urgent"), ("Medium", "High")])
async def test_flapping_lowers_no_priority(tmp_path: Path, migrated_file: Path, high: str, becomes: str) -> None:
    order = ["Low", "Medium", "High", "Urgent"]
    stage = await opened(
        tmp_path,
        migrated_file,
        {**NAGIOS, "priorities": {"CRITICAL": "High"}},
        importance={"high": high},
        priorities=order,
    )
    monitor = Machine(stage)
    for _ in range(4):
        await monitor.service("CRITICAL", after=40)
        await monitor.service("OK", after=40)
    await stage.work()

    assert any("flapping" in note for note in notes(stage, 1))
    assert priority(stage, 1) == becomes
    await finish(stage)


@pytest.mark.parametrize("last", ["CRITICAL", "OK"])
async def test_flapping_is_told_once_and_decided_by_the_last_word(
    tmp_path: Path, migrated_file: Path, last: str
) -> None:
    """Problem, recovery and problem within two minutes, ten times."""
    stage = await opened(tmp_path, migrated_file, NAGIOS, importance={"high": "Urgent"})
    monitor = Machine(stage)
    for number in range(10):
        await monitor.service("CRITICAL", after=40, at=stage.now + 40)
        if number < 9 or last == "OK":
            await monitor.service("OK", after=40)
    await stage.work()

    assert len(stage.order) == 1
    assert sum("flapping" in note for note in notes(stage, 1)) == 1
    assert is_open(stage, 1) is (last == "CRITICAL")
    assert len(notes(stage, 1)) <= 6
    assert priority(stage, 1) == "Urgent"
    await finish(stage)


@pytest.mark.parametrize("dated", [True, False], ids=["dated", "undated"])
async def test_a_recovery_before_its_problem(tmp_path: Path, migrated_file: Path, dated: bool) -> None:
    """With a time of the vendor's or a Date no ticket is made. Without any nobody can tell, and it stays open."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage, dated=dated)
    began = stage.now
    over = await monitor.service("OK", at=began + 90)
    problem = await monitor.service("CRITICAL", at=began + 30)
    await stage.work()

    assert await stage.outcome(over) == "suppress no-problem"
    assert await stage.outcome(problem) == ("suppress overtaken" if dated else "ticket 1")
    later = await monitor.service("CRITICAL", after=5 * MINUTE)
    assert await stage.outcome(later) == ("ticket 1" if dated else "internal 1")
    await finish(stage)


async def test_both_wait_in_the_queue_and_the_recovery_is_taken_first(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    problem = await monitor.service("CRITICAL", work=None)
    over = await monitor.service("OK", after=20, work=None)
    first, second = await stage.worker._claim()
    await stage.worker._work(second)
    await stage.worker._work(first)
    await stage.work()

    assert [await stage.outcome(over), await stage.outcome(problem)] == ["suppress no-problem", "suppress overtaken"]
    assert not stage.order
    await finish(stage)


async def test_a_recovery_that_nobody_proved_is_told_and_not_believed(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    await Machine(stage).service("CRITICAL")
    forger = Machine(stage, proven=False)
    assert await stage.outcome(await forger.service("OK")) == "internal 1"
    assert await stage.outcome(await forger.service("OK")) == "internal 1"
    assert await stage.outcome(await forger.service("OK")) == "suppress counted"
    await stage.work()

    assert is_open(stage, 1)
    assert all("Nothing proves who sent this" in note for note in notes(stage, 1))
    review = await stage.store.read(lambda c: problems.doubtful(c, 0.0, 10))
    assert len([row for row in review if row["became"] == "doubt"]) == 2
    await finish(stage)


async def test_nobody_reopens_or_raises_without_proof(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "priorities": {"CRITICAL": "Urgent", "WARNING": "High"}})
    await Machine(stage).service("WARNING")
    forger = Machine(stage, proven=False)
    await forger.service("CRITICAL")
    assert priority(stage, 1) == "High"
    await Machine(stage).service("OK")
    await stage.work()
    assert not is_open(stage, 1)

    assert await stage.outcome(await forger.service("CRITICAL")) == "ticket 2"
    assert not is_open(stage, 1) and stage.client_of(2) == "Unknown Senders"
    await finish(stage)


async def test_priority_only_rises_and_a_technicians_stays(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "priorities": {"CRITICAL": "High", "WARNING": "Low"}})
    monitor = Machine(stage)
    await monitor.service("WARNING")
    assert priority(stage, 1) == "Low"
    assert await stage.outcome(await monitor.service("CRITICAL")) == "internal 1"
    assert priority(stage, 1) == "High"
    await monitor.service("WARNING")
    assert priority(stage, 1) == "High"

    await monitor.service("WARNING", "web02/HTTP")
    set_priority(stage, 2, "Medium")
    await monitor.service("CRITICAL", "web02/HTTP")
    assert priority(stage, 2) == "Medium"
    await finish(stage)


async def test_it_comes_back(tmp_path: Path, migrated_file: Path) -> None:
    """Within the window the same ticket reopens; after it a new one names the old."""
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "reopen": HOUR})
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    await monitor.service("OK")
    await stage.work()
    assert not is_open(stage, 1)

    assert await stage.outcome(await monitor.service("CRITICAL", after=30 * MINUTE)) == "internal 1 reopened"
    assert is_open(stage, 1)
    await monitor.service("OK")
    await stage.work()
    assert not is_open(stage, 1)
    assert await stage.outcome(await monitor.service("CRITICAL", after=2 * HOUR)) == "ticket 2"
    assert stage.ticket(1)["ticket_number"] in stage.ticket(2)["attributes"]["description"]
    await finish(stage)


async def test_closed_by_a_technician_and_it_goes_on(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    await close(1)(stage)

    assert await stage.outcome(await monitor.service("CRITICAL", after=20 * MINUTE)) == "internal 1 reopened"
    await finish(stage)


async def test_what_may_not_close_stays_open_and_says_why(tmp_path: Path, migrated_file: Path) -> None:
    """A changed status, a time entry, a customer's reply, a refusal of the desk, a profile that closes nothing."""
    stage = await opened(
        tmp_path,
        migrated_file,
        NAGIOS,
        {"profile": "nagios", "name": "shy", "senders": ["shy.msp.example"], "close": False},
    )
    monitor = Machine(stage)
    for number in range(1, 5):
        await monitor.service("CRITICAL", f"web0{number}/HTTP")
    await Machine(stage, "Acme <nagios@shy.msp.example>").service("CRITICAL", "web09/HTTP")
    set_status(stage, 1, "In Progress")
    timesheet.book(stage.simulator.desk, stage.order[1], "tess@msp.example", 0)
    stage.simulator.faults.set([{"kind": "status", "do": "answer", "status": 400, "body": "json", "skip": 0}])
    await write(stage, 4)
    for number in range(1, 5):
        await monitor.service("OK", f"web0{number}/HTTP")
    await Machine(stage, "Acme <nagios@shy.msp.example>").service("OK", "web09/HTTP")
    await stage.work()

    assert all(is_open(stage, number) for number in range(1, 6))
    left = {row["number"]: row["left"] for row in await problem_rows(stage)}
    said = [left[stage.ticket(number)["ticket_number"]] for number in range(1, 6)]
    assert said[0] == "somebody changed its status" and said[1] == "somebody booked time on it"
    assert (
        said[2].startswith("400") and said[3] == "somebody wrote on it" and said[4] == "the profile shy closes nothing"
    )
    assert all(why in notes(stage, number)[-1] for number, why in enumerate(said, 1))
    await finish(stage)


async def test_board_and_category_by_name(tmp_path: Path, migrated_file: Path) -> None:
    """What the desk lacks is left out, and the rest counts."""
    stage = await opened(
        tmp_path,
        migrated_file,
        {**NAGIOS, "board": "Alerts", "category": "hardware"},
        {**VEEAM, "board": "Alerts", "category": "Tapes", "status": "Nowhere", "priority": "High"},
        {
            **NAGIOS,
            "name": "moved",
            "senders": ["moved.example"],
            "board": "Gone",
            "category": "Hardware",
            "priority": "High",
        },
    )
    await Machine(stage).service("CRITICAL")
    await Machine(stage, BACKUP).says("[Failed] Job 1 (3 objects)", "Veeam Backup & Replication")
    await Machine(stage, "Acme <nagios@moved.example>").service("CRITICAL")

    assert [board_of(stage, number) for number in (1, 2, 3)] == ["Alerts", "Alerts", "Support"]
    assert [category_of(stage, number, "category_id") for number in (1, 2, 3)] == ["Hardware", "", ""]
    assert [priority(stage, number) for number in (1, 2, 3)] == ["Medium", "High", "High"]
    await finish(stage)


async def test_a_status_page_incident_with_an_edited_title(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {"profile": "statuspage"})
    page = Machine(stage, "Cloud Status <noreply@mon.msp.example>")
    for line, title in (
        ("New incident: Investigating", "Errors"),
        ("Incident status: Identified", "Errors"),
        ("Incident status: Identified", "Errors of API and login"),
        ("Incident status: Monitoring", "Errors of API and login"),
        ("Incident status: Monitoring", "Errors of API and login"),
        ("Incident resolved", "Errors of API and login"),
    ):
        text = f"{line}\n\n{title}\nhttps://stspg.io/k3v9x2m1"
        await page.says(f"Cloud Incident - {title}", text, after=10 * MINUTE)
    await stage.work()

    assert len(stage.order) == 1 and not is_open(stage, 1)
    assert len(notes(stage, 1)) == 5
    await finish(stage)


async def test_what_cannot_be_read_is_a_ticket_all_the_same(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(
        tmp_path, migrated_file, {"profile": "nagios", "networks": ["192.0.2.0/24"], "senders": [], "dedicated": True}
    )
    machine = Machine(stage)
    first = await machine.says("Alert 2.0 // web01 <> HTTP !! 17 minutes", "all new")
    again = await machine.says("Alert 2.0 // web01 <> HTTP !! 21 minutes", "all new")

    assert [await stage.outcome(first), await stage.outcome(again)] == ["ticket 1", "internal 1"]
    assert "vendor-unparsed" in stage.ticket(1)["attributes"]["description"]
    assert await stage.store.read(lambda c: problems.drift(c, 0.0)) == [("nagios", 2, 2)]
    await finish(stage)


async def test_the_client_is_the_longest_name_that_is_verified(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file, configured({"profile": "zabbix"}, aliases={"ACM-7": "Acme"}))
    for name in ("Smith", "Smith North", "Smith, Jones & Co", "Jones"):
        add_client(stage, name)
    await stage.open()
    directory = stage.directories["default"]

    def named(*texts: str) -> str:
        found = directory.client_in(texts)
        return str(stage.simulator.desk.clients[found.client_id]["client_name"]) if found.client_id else ""

    assert named("Alert, Smith, Jones & Co, HQ, srv1, disk") == "Smith, Jones & Co"
    assert named("Smith North / srv1") == "Smith North" and named("Smith / srv1") == "Smith"
    assert named("Smith / Globex") == "" and named("Smith / Globex", "Globex") == "Globex"
    assert named("site ACM-7") == "Acme" and named("Smithson") == "" and named() == ""
    await finish(stage)


RMM = """name = "rmm"
title = "An RMM whose subjects are lists"
[who]
when = [{ field = "subject", glob = "Alert, *" }]
[[read]]
source = "subject"
regex = "^Alert, (?P<site>.+), (?P<device>[^,]+), (?P<check>[^,]+)$"
[key]
object = ["device"]
condition = ["check"]
[state]
open = ["Alert"]
[client]
fields = ["site"]
"""


async def test_a_client_whose_name_holds_the_comma_of_the_subject(tmp_path: Path, migrated_file: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "rmm.toml").write_text(RMM)
    stage = Stage(tmp_path, migrated_file, configured({"profile": "rmm"}, notices={"folder": str(tmp_path / "own")}))
    for name in ("Smith", "Smith North", "Smith, Jones & Co"):
        add_client(stage, name)
    await stage.open()
    machine = Machine(stage)
    for site in ("Smith, Jones & Co, HQ", "Smith North", "Smith, HQ", "Smithson"):
        await machine.says(f"Alert, {site}, srv-{len(stage.order)}, disk full")
    await stage.work()

    assert [stage.client_of(number) for number in (1, 2, 3, 4)] == [
        "Smith, Jones & Co",
        "Smith North",
        "Smith",
        "Unknown Senders",
    ]
    await finish(stage)


DEVICES = size(40, 300)


async def test_hundreds_of_devices_in_three_minutes(tmp_path: Path, migrated_file: Path) -> None:
    """The brake trips: a few tickets, one for the storm, everything in the ledger and on its lists."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    before = len(stage.simulator.desk.calls)
    for number in range(DEVICES):
        await monitor.says(f"** PROBLEM Host Alert: ap-{number:03} is DOWN **", after=180 / DEVICES, work=None)
        if number % 20 == 19:
            await stage.work(1.0)
    await stage.work()

    storm = stage.ticket(21)
    assert len(stage.order) == 21 and storm["title"].startswith("Storm: more than 20 new problems")
    rows = await problem_rows(stage)
    assert len([row for row in rows if row["object"].startswith("ap-")]) == DEVICES
    listed = " ".join(notes(stage, 21))
    assert all(f"ap-{number:03}" in listed for number in range(20, DEVICES))
    counted = [
        call for call in stage.simulator.desk.calls[before:] if call.method != "GET" and "comments" not in call.path
    ]
    assert len(counted) == 2 * 21  # each is made, and moved to its client
    sums = await stage.store.read(counts.sums)
    assert (sums.accepted, sums.pending, sums.quarantined) == (DEVICES, 0, 0)
    await stage.close()


@pytest.mark.parametrize("seed", range(size(2, 12)))
async def test_mails_that_are_worked_on_at_once_make_one_ticket(tmp_path: Path, migrated_file: Path, seed: int) -> None:
    """Of one problem, of a storm and of an incident: in any order, claimed before any of them is decided. The
    brake may be late by as many as are worked on at once."""
    stage = await opened(
        tmp_path, migrated_file, {**NAGIOS, "storm": 3}, {"profile": "m365-health", "bundle": "link_only"}
    )
    monitor = Machine(stage)
    for name in ("Acme", "Globex", "Initech"):
        await Machine(stage, f"{name} <o365mc@mon.msp.example>").says(*incident(name, "Investigating"), work=None)
    for number in range(24):
        await monitor.service("CRITICAL", f"web{number if number % 4 else 0:02}/HTTP", work=None)
    at_once = 0
    while taken := await stage.worker._claim():
        at_once = max(at_once, len(taken))
        Random(seed).shuffle(taken)
        await asyncio.gather(*(stage.worker._work(delivery) for delivery in taken))
    await stage.work()

    rows = await problem_rows(stage)
    titles = [ticket["title"] for ticket in stage.simulator.desk.tickets.values()]
    assert len([title for title in titles if title.startswith("Storm")]) == 1
    assert next(row["count"] for row in rows if row["object"] == "web00") == 6
    assert len({row["ticket_id"] for row in rows if row["profile"] == "nagios"}) <= 4 + at_once
    bundled = [row for row in rows if row["profile"] == "m365-health"]
    assert len(bundled) == 3 and len([row for row in bundled if row["master_id"]]) == 2
    assert not any(row["ticket_id"] == "" for row in rows)
    await finish(stage)


async def test_a_storm_is_over_when_its_last_part_is(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "storm": 2})
    monitor = Machine(stage)
    for number in range(5):
        await monitor.service("CRITICAL", f"web{number}/HTTP")
    await stage.work()
    assert len(stage.order) == 3
    for number in range(4):
        await monitor.service("OK", f"web{number}/HTTP")
    await stage.work()
    assert [is_open(stage, number) for number in (1, 2, 3)] == [False, False, True]

    await monitor.service("OK", "web4/HTTP")
    await stage.work()
    assert not is_open(stage, 3)
    await finish(stage)


async def test_killed_after_any_commit_of_the_end_of_planned_work(tmp_path: Path, migrated_file: Path) -> None:
    """Its end and the decision that follows are one transaction: what outlasts it has its ticket, once."""
    for last in itertools.count(8, size(5, 1)):
        folder = tmp_path / str(last)
        folder.mkdir()
        stage = await opened(folder, migrated_file, NAGIOS, {"profile": "maintenance", "client": "Acme"})
        planned = maintenance("MNT-1", stage.now, stage.now + HOUR, "web01")
        await Machine(stage, "NOC <noc@mon.msp.example>").says(*planned)
        await Machine(stage).service("CRITICAL", after=MINUTE, work=None)
        killed = await work_and_die(stage, last, kept=True)

        assert len(stage.order) == 2 and "web01" in stage.ticket(2)["title"], last
        await stage.close()
        if not killed:
            return


async def test_planned_work_takes_the_alerts_of_its_objects(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS, {"profile": "maintenance", "client": "Acme"})
    monitor = Machine(stage)
    begin, end = stage.now + 10 * MINUTE, stage.now + 2 * HOUR
    planned = await Machine(stage, "NOC <noc@mon.msp.example>").says(*maintenance("MNT-1", begin, end, "web01"))
    assert await stage.outcome(planned) == "ticket 1"

    alert = await monitor.service("CRITICAL", after=15 * MINUTE)
    ends = await monitor.service("CRITICAL", "web01/SSH", after=MINUTE)
    other = await monitor.service("CRITICAL", "web07/HTTP", after=MINUTE)
    assert await stage.outcome(other) == "ticket 2"
    assert sum("within the planned work" in note for note in notes(stage, 1)) == 2
    assert await stage.outcome(await monitor.service("OK", "web01/SSH", after=MINUTE)) == "suppress counted"
    assert stage.now < end
    await stage.work()

    assert stage.now >= end - MINUTE
    assert await stage.outcome(alert) == "ticket 3" and await stage.outcome(ends) == "internal 1"
    assert stage.ticket(1)["ticket_number"] in stage.ticket(3)["attributes"]["description"]
    await monitor.service("OK")
    await stage.work()
    assert not is_open(stage, 3)
    await finish(stage)


async def test_between_the_nights_of_planned_work_a_problem_is_a_ticket(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS, {"profile": "maintenance", "client": "Acme"})
    monitor, noc = Machine(stage), Machine(stage, "NOC <noc@mon.msp.example>")
    begin = stage.now + 10 * MINUTE
    nights = [(begin, begin + HOUR), (begin + 5 * HOUR, begin + 6 * HOUR)]
    assert await stage.outcome(await noc.says(*maintenance_of("MNT-1", nights, "web01", "web02"))) == "ticket 1"

    first = await monitor.service("CRITICAL", after=15 * MINUTE)
    between = await monitor.service("CRITICAL", "web02/HTTP", after=2 * HOUR)
    assert {await stage.outcome(first), await stage.outcome(between)} == {"ticket 2", "ticket 3"}
    held = await monitor.service("CRITICAL", "web02/SSH", after=3 * HOUR)
    assert stage.now < nights[1][1]
    assert "within the planned work" in notes(stage, 1)[-1]
    subject, text = maintenance_of("MNT-1", [nights[0], (nights[1][0] + HOUR, nights[1][1] + HOUR)], "web01", "web02")
    await noc.says(subject, text.replace("CONFIRMED", "RE-SCHEDULED"), after=MINUTE)
    assert await stage.outcome(held) == "ticket 4"  # its night was moved, and it is not expected any more
    await finish(stage)


async def test_one_incident_of_two_clients(tmp_path: Path, migrated_file: Path) -> None:
    """A ticket each, bundled; news goes to the master once; each ends for itself."""
    stage = await opened(tmp_path, migrated_file, {"profile": "m365-health", "bundle": "link_only"})
    health = [Machine(stage, f"{name} <o365mc@mon.msp.example>") for name in ("Acme", "Globex")]
    for vendor, name in zip(health, ("Acme", "Globex"), strict=True):
        await vendor.says(*incident(name, "Service degradation"))
    assert stage.ticket(2)["master_ticket_id"] == stage.order[0]
    news = [
        await vendor.says(*incident(name, "Extended recovery"))
        for vendor, name in zip(health, ("Acme", "Globex"), strict=True)
    ]
    assert [await stage.outcome(key) for key in news] == ["internal 1", "suppress counted"]
    for vendor, name in zip(health, ("Acme", "Globex"), strict=True):
        await vendor.says(*incident(name, "Service restored"))
    await stage.work()

    assert not is_open(stage, 1) and not is_open(stage, 2)
    assert [stage.client_of(1), stage.client_of(2)] == ["Acme", "Globex"]
    assert not stage.simulator.desk.mails
    await finish(stage)


@pytest.mark.parametrize("fault", ["drop", "hang", "reset"])
async def test_the_desk_answers_nothing_while_the_end_is_told(tmp_path: Path, migrated_file: Path, fault: str) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    await monitor.service("OK")
    for kind in ("comment", "status"):
        stage.simulator.faults.add({"kind": kind, "do": fault, "times": 1})
    await stage.work()

    assert not is_open(stage, 1)
    assert len(notes(stage, 1)) == 1
    closing = [call for call in stage.simulator.desk.calls if call.method == "PUT" and call.path.endswith("/status")]
    assert len(closing) <= 2
    await finish(stage)


@pytest.mark.parametrize("sent_on", [False, True], ids=["by the vendor", "by customers"])
async def test_an_incident_that_reaches_all_clients_at_once(tmp_path: Path, migrated_file: Path, sent_on: bool) -> None:
    """All of its mails are claimed before any is decided: one master all the same."""
    stage = await opened(tmp_path, migrated_file, M365)
    for client, person in (("Acme", ALICE), ("Globex", GIL), ("Initech", "Ina <ina@initech.example>")):
        if sent_on:
            await stage.accept(forward(person, key=client))
        else:
            await Machine(stage, f"{client} <o365mc@mon.msp.example>").says(
                *incident(client, "Investigating"), work=None
            )
    taken = await stage.worker._claim()
    assert len(taken) == 3
    await asyncio.gather(*(stage.worker._work(delivery) for delivery in taken))
    await stage.work()

    masters = [row["master_id"] for row in await problem_rows(stage)]
    assert len(stage.order) == 3 and max(masters)
    assert sorted(masters) == ["", max(masters), max(masters)]
    await finish(stage)


async def test_an_incident_gets_its_ticket_while_another_mail_is_decided(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = await opened(tmp_path, migrated_file, M365)
    for person in (ALICE, GIL):
        await stage.accept(forward(person, key=person))
    late, other = await stage.worker._claim()
    store = stage.planner._store

    async def stored(delivery: Any, *given: Any) -> Any:
        monkeypatch.setattr(stage.planner, "_store", store)
        await stage.worker._work(other)
        return await store(delivery, *given)

    monkeypatch.setattr(stage.planner, "_store", stored)
    await stage.worker._work(late)
    await stage.work()

    assert [bool(row["master_id"]) for row in await problem_rows(stage)].count(True) == 1
    await finish(stage)


async def test_customers_send_on_one_incident(tmp_path: Path, migrated_file: Path) -> None:
    """A ticket each, with the customer as its contact, bundled; the vendor's own word ends none of them."""
    stage = await opened(tmp_path, migrated_file, {**M365, "bundle": "link_only"})
    for key, sender in (("a", ALICE), ("b", GIL)):
        await stage.accept(forward(sender, key=key, verdict="none"))
        await stage.work(1.0)
    assert [await stage.outcome(key) for key in "ab"] == ["ticket 1", "ticket 2"]
    assert [stage.client_of(number) for number in (1, 2)] == ["Acme", "Globex"]
    assert stage.ticket(1)["contact_name_id"] and stage.ticket(2)["master_ticket_id"] == stage.order[0]

    await stage.accept(forward(BOB, "For us too!", key="c", verdict="none"))
    await stage.work(1.0)
    assert await stage.outcome("c") == "comment 1" and "For us too!" in notes(stage, 1)[0]
    health = Machine(stage, "Initech <o365mc@mon.msp.example>")
    await health.says(*incident("Initech", "Service degradation"))
    await health.says(*incident("Initech", "Service restored"))
    await stage.work()
    assert [is_open(stage, number) for number in (1, 2, 3)] == [True, True, False]
    assert all("a person reported it" in notes(stage, number)[-1] for number in (1, 2))
    await finish(stage)


async def test_a_technician_sends_on_a_notice(tmp_path: Path, migrated_file: Path) -> None:
    """It counts as the vendor's: the same ticket, and no contact."""
    stage = await opened(tmp_path, migrated_file, M365)
    for key in ("a", "b"):
        await stage.accept(forward("Tess Technician <tess@msp.example>", key=key))
        await stage.work(1.0)
    assert [await stage.outcome(key) for key in "ab"] == ["ticket 1", "internal 1"]
    assert not stage.ticket(1)["contact_name_id"]
    await finish(stage)


@pytest.mark.parametrize("fan_out", [False, True])
async def test_news_goes_out_to_clients_only_where_it_is_said(
    tmp_path: Path, migrated_file: Path, fan_out: bool
) -> None:
    """A desk mails the contacts of all bundled tickets about a public comment on their master."""
    stage = await opened(tmp_path, migrated_file, {**M365, "fan_out": fan_out})
    for key, sender in (("a", ALICE), ("b", GIL)):
        await stage.accept(forward(sender, key=key, verdict="none"))
        await stage.work(1.0)
    before = len(stage.simulator.desk.mails)
    health = Machine(stage, "Acme <o365mc@mon.msp.example>")
    assert await stage.outcome(await health.says(*incident("Acme", "Extended recovery"))) in ("internal 1", "comment 1")

    mailed = {mail.to for mail in stage.simulator.desk.mails[before:]}
    assert mailed == ({"alice@acme.example", "gil@globex.example"} if fan_out else set())
    await stage.close()


async def test_a_fan_out_names_no_other_client(tmp_path: Path, migrated_file: Path) -> None:
    """The mail of the first client brings the news for both: the technicians read all of it, the clients what names
    nobody. Its files are not for the other client's ticket."""
    stage = await opened(tmp_path, migrated_file, {**M365, "fan_out": True, "bundle": "link_only"})
    for name in ("Globex", "Acme"):
        await Machine(stage, f"{name} <o365mc@mon.msp.example>").says(*incident(name, "Service degradation"))
        await stage.work()
    subject, text = incident("Acme", "Extended recovery")
    text += "\nHello Acme,\nThe cause is found.\nSee acme.onmicrosoft.com and INITECH too."
    await Machine(stage, "Acme <o365mc@mon.msp.example>").says(subject, text, after=HOUR, files={"acme.csv": b"x"})
    await stage.work()

    public = [comment for number in (1, 2) for comment in stage.comments(number) if not comment["is_internal"]]
    assert len(public) == 1 and stage.client_of(1) == "Globex"
    said = f"{public[0]['note']} {public[0]['metadata']}".casefold()
    assert "the cause is found." in said and "extended recovery" in said and "some users cannot send mail" in said
    assert not [name for name in ("acme", "globex", "initech", "support@") if name in said]
    assert "Acme" in notes(stage, 1)[0] and "another client's: 1" in notes(stage, 1)[0]
    assert not stage.simulator.desk.documents.get(stage.order[0])
    mailed = {mail.to for mail in stage.simulator.desk.mails if mail.comment_id}
    assert mailed == {"office@globex.example", "info@acme.example"}
    await stage.close()


async def test_files_of_later_mails(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "files": False})
    monitor = Machine(stage)
    await monitor.service("CRITICAL", files={"log.txt": b"one"})
    await monitor.service("CRITICAL", files={"log.txt": b"two"})

    documents = [row for row in stage.simulator.desk.documents.values() if row]
    assert len(documents) == 1 and len(notes(stage, 1)) == 1
    await finish(stage)


async def test_a_template_changes(tmp_path: Path, migrated_file: Path) -> None:
    """Nothing is lost: what cannot be read is a ticket, and the share of a day shows it."""
    stage = await opened(
        tmp_path, migrated_file, {"profile": "nagios", "networks": ["192.0.2.0/24"], "senders": [], "dedicated": True}
    )
    monitor = Machine(stage)
    for number in range(6):
        await monitor.service("CRITICAL", f"web0{number}/HTTP")
    for number in range(6):
        await monitor.says(f"NEW Alert about web0{number}", "Our alerts look better now!", after=HOUR)

    await stage.work()
    ((profile, total, unread),) = await stage.store.read(lambda c: problems.drift(c, stage.now - 24 * HOUR))
    assert (profile, total, unread) == ("nagios", 12, 6)
    sums = await stage.store.read(counts.sums)
    assert sums.done == 12 and len(stage.order) == 12
    await finish(stage)


@pytest.mark.parametrize("kept", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("last_word", ["open", "close"])
async def test_killed_at_any_commit(tmp_path: Path, migrated_file: Path, last_word: str, kept: bool) -> None:
    """Whatever transaction is the last one of a process, kept or not, the next process comes to the same end: one
    ticket, the same count, no comment twice, open only if the last word is a problem."""
    words = ["open", "close", "open"] if last_word == "open" else ["open", "close"]
    for last in range(1 + kept, 40, size(7, 1)):
        folder = tmp_path / str(last)
        folder.mkdir()
        stage = await opened(folder, migrated_file, {**NAGIOS, "cadence": [1]})
        monitor = Machine(stage)
        for number, word in enumerate(words):
            await monitor.service("CRITICAL" if word == "open" else "OK", work=None, after=30.0 + number)
        killed = await work_and_die(stage, last, kept)

        (row,) = await problem_rows(stage)
        opens = words.count("open")
        assert (len(stage.order), row["count"]) == (1, opens), last
        assert is_open(stage, 1) is (words[-1] == "open"), last
        markers = [comment["metadata"]["email_gateway"]["marker"] for comment in stage.comments(1)]
        assert len(markers) == len(set(markers)), last
        await stage.close()
        if not killed:
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("then", ["goes on", "recurs", "recurs, left open", "is worse", "is over"])
async def test_a_problem_whose_ticket_was_deleted_at_the_desk(tmp_path: Path, migrated_file: Path, then: str) -> None:
    """It gets another when it is next told; an end has nothing to close."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    await monitor.service("WARNING")
    if then == "recurs, left open":
        await write(stage, 1)
    if then.startswith("recurs"):
        await monitor.service("OK", after=MINUTE)
        await stage.work()
    await delete(1)(stage)
    state = {"is worse": "CRITICAL", "is over": "OK"}.get(then, "WARNING")
    key = await monitor.service(state, after=HOUR, work=None)
    await stage.work()

    assert len(stage.order) == (1 if then == "is over" else 2)
    assert (await stage.row(key))["stage"] in ("DONE", "SUPPRESSED")
    if then == "is over":
        assert [row["state"] for row in await problem_rows(stage)] != ["open"]
    else:
        assert await stage.outcome(key) == "ticket 2"
    await finish(stage)


async def test_a_token_counts_where_only_the_header_has_it(tmp_path: Path, migrated_file: Path) -> None:
    """As whoever fetches mail hands it over: the envelope names the mailbox."""
    stage = await opened(tmp_path, migrated_file, {"profile": "nagios", "senders": (), "token": "abcdef123456"})
    for number, (to, state) in enumerate((("support+abcdef123456", "CRITICAL"), ("support", "OK"), ("support+abcdef123456", "OK"))):
        kind = "RECOVERY" if state == "OK" else "PROBLEM"
        head = f"From: mon@acme.example\nTo: {to}@msp.example\nMessage-ID: <{number}@acme.example>\n"
        raw = f"{head}Subject: ** {kind} Service Alert: web01/HTTP is {state} **\n\nx\n".encode()
        await stage.accept(M(str(number), "mon@acme.example", raw=raw, rcpt=SUPPORT))
        await stage.work(3600.0)
        assert is_open(stage, 1) == (number < 2)
    await stage.close()
