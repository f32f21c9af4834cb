"""Calendars of maintenance windows, mailed or fetched: only a configured and proven source may hold alerts back."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from gateway.config.load import parse
from gateway.config.settings import ConfigError
from gateway.operate.windows import listed
from gateway.store import calendars as known
from gateway.upkeep.calendars import Calendars
from tests.scenarios.stage import START, SUPPORT, M, Stage, settings_for
from tests.scenarios.test_windows import until, waits
from tests.scenarios.vendors import HOUR, MINUTE, NAGIOS, Machine, finish, opened

PLANNER = "Changes <changes@planner.example>"
MAILED = {"name": "changes", "senders": ("changes@planner.example",), "client": "Acme", "holds": "all"}


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y%m%dT%H%M%SZ")


def event(begins: float, ends: float, *more: str, uid: str = "7@planner", summary: str = "Switch in rack 3") -> str:
    times = (f"DTSTART:{stamp(START + begins)}", f"DTEND:{stamp(START + ends)}")
    return "\r\n".join(("BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{summary}", *times, *more, "END:VEVENT", ""))


def calendar(*events: str, method: str = "PUBLISH") -> str:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:{method}\r\n{''.join(events)}END:VCALENDAR\r\n"


async def send(
    stage: Stage, key: str, text: str, verdict: str = "pass", sender: str = PLANNER, subject: str = ""
) -> str:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, SUPPORT, subject or f"Change {key}"
    mail["Message-ID"] = f"<{key}@planner.example>"
    mail.set_content("A change.")
    mail.add_attachment(text.encode(), maintype="text", subtype="calendar", filename="change.ics")
    await stage.accept(M(key, sender, raw=mail.as_bytes(), verdict=verdict))
    await stage.work(1.0)
    return await stage.outcome(key)


async def staged(folder: Path, migrated: Path, **said: Any) -> tuple[Stage, Machine]:
    stage = await opened(folder, migrated, NAGIOS, calendar=({**MAILED, **said},))
    return stage, Machine(stage)


async def names(stage: Stage) -> list[str]:
    return [row.name for row in await stage.store.read(lambda c: listed(c, stage.settings, stage.now))]


async def test_a_calendar_that_is_mailed_holds_moves_and_is_cancelled(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file)
    assert await send(stage, "a", calendar(event(0, 2 * HOUR))) == "suppress calendar"
    down = await monitor.service("CRITICAL", after=MINUTE)
    assert await waits(stage, down) == "ACCEPTED window" and await names(stage) == ["Switch in rack 3"]

    later = calendar(event(0, 4 * HOUR, "SEQUENCE:2"))
    assert await send(stage, "b", later) == "suppress calendar"
    assert await send(stage, "old", calendar(event(0, HOUR, "SEQUENCE:1"))) == "suppress calendar"  # it came late
    await until(stage, 3 * HOUR)
    assert await waits(stage, down) == "ACCEPTED window"
    cancelled = calendar(event(0, 4 * HOUR, "SEQUENCE:3"), method="CANCEL")
    assert await send(stage, "c", cancelled) == "suppress calendar"
    assert await stage.outcome(down) == "ticket 1" and await names(stage) == []
    await stage.close()


async def test_a_time_that_is_called_off_in_another_zone_than_its_series(tmp_path: Path, migrated_file: Path) -> None:
    """Shortly after midnight is a day earlier in UTC."""
    stage, monitor = await staged(tmp_path, migrated_file)
    local = [datetime.fromtimestamp(START + at, ZoneInfo("Pacific/Auckland")) for at in (0, 2 * HOUR)]
    assert local[0].astimezone(UTC).date() != local[0].date()
    times = [f"{name};TZID=Pacific/Auckland:{at:%Y%m%dT%H%M%S}" for name, at in zip(("DTSTART", "DTEND"), local, strict=True)]
    series = "\r\n".join(("BEGIN:VEVENT", "UID:7", *times, "RRULE:FREQ=DAILY", "SUMMARY:Nightly", "END:VEVENT", ""))
    off = "\r\n".join(("BEGIN:VEVENT", "UID:7", f"RECURRENCE-ID:{stamp(START)}", "SUMMARY:Nightly", "END:VEVENT", ""))
    assert await send(stage, "a", calendar(series)) == "suppress calendar"
    assert await send(stage, "b", calendar(off, method="CANCEL")) == "suppress calendar"
    assert (await stage.outcome(await monitor.service("CRITICAL", after=MINUTE))).startswith("ticket")
    await stage.close()


async def test_an_answer_to_an_invitation_announces_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage, monitor = await staged(tmp_path, migrated_file)
    await send(stage, "a", calendar(event(0, 2 * HOUR), method="REPLY"))
    assert await names(stage) == []
    assert (await stage.outcome(await monitor.service("CRITICAL", after=MINUTE))).startswith("ticket")
    await stage.close()


@pytest.mark.parametrize(
    ("verdict", "sender"),
    [("none", PLANNER), ("fail", PLANNER), ("unknown", PLANNER), ("pass", "Changes <changes@evil.example>")],
)
async def test_a_calendar_that_nobody_proved_holds_nothing(
    verdict: str, sender: str, tmp_path: Path, migrated_file: Path
) -> None:
    stage, monitor = await staged(tmp_path, migrated_file)
    assert await send(stage, "a", calendar(event(0, 2 * HOUR)), verdict, sender) != "suppress calendar"
    assert await names(stage) == []
    assert (await stage.outcome(await monitor.service("CRITICAL", after=MINUTE))).startswith("ticket")
    await stage.close()


async def test_what_of_a_calendar_is_not_read_is_seen_by_somebody(tmp_path: Path, migrated_file: Path) -> None:
    stage, _ = await staged(tmp_path, migrated_file)
    endless = event(0, HOUR, "RRULE:FREQ=SECONDLY", uid="8@planner", summary="Each second")
    assert await send(stage, "a", calendar(event(0, 2 * HOUR), endless)) == "ticket 1"
    assert await names(stage) == ["Switch in rack 3"]
    assert "Each second" in str(stage.ticket(1)) + str(stage.comments(1))
    await finish(stage)


@pytest.mark.parametrize(("what", "held"), [("web01/HTTP", True), ("web02/HTTP", False)])
async def test_an_event_holds_the_objects_that_it_names(
    what: str, held: bool, tmp_path: Path, migrated_file: Path
) -> None:
    stage, monitor = await staged(tmp_path, migrated_file, holds="named")
    await send(stage, "a", calendar(event(0, 2 * HOUR, "DESCRIPTION:We update web01\\, and nothing else.")))
    key = await monitor.service("CRITICAL", what, after=MINUTE)
    assert (await waits(stage, key) == "ACCEPTED window") is held
    await stage.close()


async def test_a_calendar_that_is_fetched(tmp_path: Path, migrated_file: Path) -> None:
    """A calendar that is away, large or damaged leaves its windows; what stands in it no more is cancelled."""
    fetched = {"name": "changes", "url": "https://planner.example/c.ics", "client": "Acme", "holds": "all"}
    stage = await opened(tmp_path, migrated_file, NAGIOS, calendar=(fetched,))
    answers = [
        httpx.Response(200, text=calendar(event(0, 2 * HOUR), event(HOUR, 3 * HOUR, uid="9", summary="Router"))),
        httpx.Response(503),
        httpx.Response(302, headers={"Location": "http://127.0.0.1/"}),
        httpx.Response(200, text="BEGIN:VCALENDAR\r\n" + "x" * (1 << 21)),
        httpx.Response(200, text=calendar(event(0, 2 * HOUR))[:-60]),
        httpx.Response(200, text=calendar(event(0, 2 * HOUR))),
    ]
    transport = httpx.MockTransport(lambda request: answers.pop(0))
    calendars = Calendars(stage.store, stage.settings, stage.clock, transport=transport)
    counted = []
    while answers:
        counted.append((await calendars.check(), len(await names(stage))))
        assert await calendars.check() == 0  # not due
        stage.now += 901

    assert counted == [(1, 2), (0, 2), (0, 2), (0, 2), (0, 2), (1, 1)]
    rows = await stage.store.read(lambda c: known.of_calendar(c, "default", "changes"))
    assert {uid: bool(row["cancelled_at"]) for uid, row in rows.items()} == {"7@planner": False, "9": True}
    await stage.close()


async def test_a_calendar_that_cannot_be_read_for_a_day_is_told_once(tmp_path: Path, migrated_file: Path) -> None:
    """Its address is no longer good, then it has an event that cannot be read; what was called off would hold for ever."""
    fetched = {"name": "changes", "url": "https://planner.example/c.ics", "client": "Acme", "holds": "all"}
    stage = await opened(tmp_path, migrated_file, NAGIOS, calendar=(fetched,))
    good = httpx.Response(200, text=calendar(event(0, 2 * HOUR)))
    endless = httpx.Response(200, text=calendar(event(0, HOUR, "RRULE:FREQ=SECONDLY", uid="8", summary="Each second")))
    answer = [good]
    calendars = Calendars(stage.store, stage.settings, stage.clock, transport=httpx.MockTransport(lambda _: answer[0]))

    async def hours(count: int) -> list[str]:
        for _ in range(count):
            await calendars.check()
            stage.now += HOUR
        await stage.work()
        return [ticket["title"] for ticket in stage.simulator.desk.tickets.values()]

    assert await hours(2) == []
    answer[0] = httpx.Response(404)
    assert await hours(23) == []
    answer[0] = endless
    assert await hours(30) == ["Calendar changes cannot be read"]
    assert "Each second" in str(stage.ticket(1)) and stage.client_of(1) == "Unknown Senders"
    answer[0] = good
    assert len(await hours(2)) == 1 and stage.ticket(1)["closed_at"]
    await stage.close()


@pytest.mark.parametrize(
    ("mailbox", "words"),
    [("suport@msp.example", "is not configured; do you mean support@msp.example"), ("other@msp.example", "is of desk 'other'; expected one of desk 'default'")],
)
def test_a_calendar_comes_to_a_mailbox_of_its_desk(mailbox: str, words: str) -> None:
    data = settings_for()
    other = {**data["mailbox"][0], "address": "other@msp.example", "desk": "other"}
    desks = {"default": data.pop("desk"), "other": {"url": "http://other/api/v1", "api_key": "x"}}
    said = {**data, "desks": desks, "mailbox": [*data["mailbox"], other], "calendar": [{**MAILED, "mailbox": mailbox}]}
    with pytest.raises(ConfigError, match=rf"calendar.1: mailbox: {mailbox} {words}"):
        parse(said, {})
