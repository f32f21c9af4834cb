"""Notices whose clock is wrong, that nobody proved, or that are not looked at whole: none hides another."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.desk.outcome import Good
from gateway.store import problems
from tests.scenarios.scripts_requesters import description
from tests.scenarios.stage import Stage, close
from tests.scenarios.vendors import (
    BACKUP,
    DAY,
    HOUR,
    M365,
    MINUTE,
    NAGIOS,
    VEEAM,
    Machine,
    finish,
    forward,
    incident,
    is_open,
    maintenance,
    notes,
    opened,
)

YEAR_2000 = 946_684_800.0
PLANNED = {"profile": "maintenance", "client": "Acme"}


@pytest.mark.parametrize("ahead", [True, False], ids=["ahead", "at its beginning"])
async def test_a_wrong_clock_hides_no_later_problem(tmp_path: Path, migrated_file: Path, ahead: bool) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    for state in ("CRITICAL", "OK"):
        await monitor.service(state, after=MINUTE, at=stage.now + 300 * DAY if ahead else None)
    await stage.work()
    assert not is_open(stage, 1)

    later = await monitor.service("CRITICAL", after=2 * HOUR, at=None if ahead else YEAR_2000)
    assert await stage.outcome(later) == "internal 1 reopened"
    await finish(stage)


async def test_the_time_of_what_nobody_proved_orders_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    await Machine(stage).service("CRITICAL")
    await Machine(stage, proven=False).service("CRITICAL", at=stage.now + 4 * MINUTE)
    await Machine(stage).service("OK", after=MINUTE)
    await stage.work()

    assert not is_open(stage, 1)
    await finish(stage)


async def test_nobody_reopens_what_a_technician_closed_without_proof(tmp_path: Path, migrated_file: Path) -> None:
    """It is told on the closed ticket, later on one ticket of its own."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    await Machine(stage).service("CRITICAL")
    await close(1)(stage)
    forger = Machine(stage, proven=False)
    assert await stage.outcome(await forger.service("CRITICAL", after=20 * MINUTE)) == "internal 1"
    assert not is_open(stage, 1)

    assert await stage.outcome(await forger.service("CRITICAL", after=2 * DAY)) == "ticket 2"
    for _ in range(10):
        await forger.service("CRITICAL", after=HOUR)
    assert len(stage.order) == 2 and stage.client_of(2) == "Unknown Senders"
    await finish(stage)


async def test_planned_work_that_nobody_proved_takes_no_alerts(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS, {"profile": "maintenance"})
    work = maintenance("MNT-1", stage.now, stage.now + 400 * DAY, "web01")
    await Machine(stage, "NOC <noc@mon.msp.example>", proven=False).says(*work)

    alert = await Machine(stage, "<nagios@mon.msp.example>").service("CRITICAL", after=5 * MINUTE)
    assert await stage.outcome(alert) == "ticket 2"
    await finish(stage)


async def test_what_comes_and_goes_during_planned_work_stays_on_its_ticket(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS, PLANNED)
    monitor = Machine(stage)
    begin, end = stage.now + 10 * MINUTE, stage.now + 2 * HOUR
    await Machine(stage, "NOC <noc@mon.msp.example>").says(*maintenance("MNT-1", begin, end, "web01"))
    for state in ("CRITICAL", "OK", "CRITICAL", "OK"):
        await monitor.service(state, after=15 * MINUTE)
    await stage.work()

    assert len(stage.order) == 1
    await finish(stage)


@pytest.mark.parametrize("then", ["moved away", "moved without times", "longer", "cancelled"])
async def test_what_waits_for_planned_work_that_is_moved_is_looked_at_anew(
    tmp_path: Path, migrated_file: Path, then: str
) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS, PLANNED)
    noc, begin, end = Machine(stage, "NOC <noc@mon.msp.example>"), stage.now, stage.now + 8 * HOUR
    await noc.says(*maintenance("MNT-1", begin, end, "web01"))
    alert = await Machine(stage).service("CRITICAL", after=HOUR)
    assert await stage.outcome(alert) == "internal 1"
    subject, body = {
        "moved away": maintenance("MNT-1", begin + 3 * DAY, end + 3 * DAY, "web01"),
        "moved without times": (
            "Planned maintenance MNT-1 has been postponed",
            "Maintenance ID: MNT-1\nNew dates will follow.",
        ),
        "longer": maintenance("MNT-1", begin, end + 4 * HOUR, "web01"),
        "cancelled": ("Planned maintenance MNT-1 has been cancelled", "Maintenance ID: MNT-1"),
    }[then]
    await noc.says(subject, body, after=HOUR)
    await stage.work(20 * MINUTE)

    assert stage.now < end
    assert len(stage.order) == (1 if then == "longer" else 2)
    await stage.work(12 * HOUR)
    assert len(stage.order) == 2 and "web01" in stage.ticket(2)["title"]
    assert await stage.outcome(alert) == "ticket 2"
    await finish(stage)


async def test_a_word_of_news_swallows_no_mail_of_which_nothing_else_is_known(
    tmp_path: Path, migrated_file: Path
) -> None:
    """What leads to nothing is listed for review, but for mail that was expected."""
    expected = [{"name": "nightly", "by": ["06:00"]}]
    stage = await opened(tmp_path, migrated_file, NAGIOS, {**VEEAM, "expect": expected}, {"profile": "words"})
    machine = Machine(stage)
    report = await machine.says("Monitoring of the chiller", "Compressor 2 makes noises.")
    news = await machine.says("** ACKNOWLEDGEMENT Service Alert: web01/HTTP is CRITICAL **")
    over = await machine.service("OK", "web02/HTTP")
    success = await Machine(stage, BACKUP).says("[Success] Job 1 (3 objects)", "Veeam Backup & Replication")

    assert await stage.outcome(report) == "ticket 1"
    assert [await stage.outcome(key) for key in (news, over, success)] == ["suppress no-problem"] * 3
    rows = await stage.store.read(lambda c: problems.doubtful(c, 0.0, 10))
    assert {row["delivery_id"] for row in rows} == {stage.ids[news], stage.ids[over]}
    await finish(stage)


async def test_an_end_in_a_text_that_goes_on_ends_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {"profile": "words"})
    machine = Machine(stage)
    await machine.says("Report of host7", "Status: failed")
    long = "\n".join(
        ["All of it is ok.", *["A job of the night was ok, as it was the night before."] * 500, "One failed."]
    )
    await machine.says("Report of host7", long, after=MINUTE)
    await stage.work()

    assert is_open(stage, 1)
    await finish(stage)


async def test_a_desk_in_which_nobody_can_book_time_closes(tmp_path: Path, migrated_file: Path) -> None:
    """Its product has tickets alone, and refuses to list booked time."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    stage.simulator.desk.seed.product = "algadesk"
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    await monitor.service("OK")
    await stage.work()

    asked = [call for call in stage.simulator.desk.calls if call.path.endswith("/time-entries")]
    assert [call.status for call in asked] == [403]
    assert not is_open(stage, 1)
    await finish(stage)


async def test_a_key_without_the_right_to_see_booked_time_closes_nothing(tmp_path: Path, migrated_file: Path) -> None:
    """The desk answers 500 to it: asked three times, told by name, and the desk is not taken for ill."""
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    (key,) = stage.simulator.desk.keys.values()
    key["user"]["roles"][0]["role_name"] = "Dispatcher"
    await monitor.service("OK")
    await stage.work()

    asked = [call for call in stage.simulator.desk.calls if call.path.endswith("/time-entries")]
    assert [call.status for call in asked] == [500] * 3
    assert is_open(stage, 1) and "the desk failed on it three times" in notes(stage, 1)[-1]
    assert "may lack the right timeentry:read" in notes(stage, 1)[-1]
    assert stage.directories["default"].desk.breaker.is_closed
    key["user"]["roles"][0]["role_name"] = "Admin"
    await finish(stage)


@pytest.mark.parametrize("answer", [[], {"entries": []}, {"ownEntryCount": 0}, None], ids=str)
async def test_a_desk_that_does_not_say_whether_time_was_booked_keeps_its_ticket_open(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    await monitor.service("OK")

    async def said(ticket_id: str, patience: float = 0.0) -> Good:
        return Good(200, answer, {})

    monkeypatch.setattr(stage.clients["default"], "time_entries", said)
    await stage.work()

    assert is_open(stage, 1) and "the desk does not say whether time was booked" in notes(stage, 1)[-1]
    await finish(stage)


async def sent_on(stage: Stage, words: str) -> None:
    """A technician sends on an incident, and the vendor says that it is over."""
    await stage.accept(forward("Tess Technician <tess@msp.example>", text=words, tenant="Acme", by="mon.msp.example"))
    await stage.work(1.0)
    subject, text = incident("Acme", "Service restored")
    await Machine(stage, "<o365mc@mon.msp.example>").says(subject, text, after=MINUTE)
    await stage.work()


async def test_a_technicians_words_beside_a_notice_are_internal(tmp_path: Path, migrated_file: Path) -> None:
    """And they touch the ticket: somebody looks after it."""
    stage = await opened(tmp_path, migrated_file, M365)
    await sent_on(stage, "They never pay.")

    assert "They never pay." not in description(stage, 1) and "Forwarded by Tess" in description(stage, 1)
    assert "They never pay." in notes(stage, 1)[0] and stage.comments(1)[0]["is_internal"]
    assert is_open(stage, 1) and "somebody wrote on it" in notes(stage, 1)[-1]
    await finish(stage)
