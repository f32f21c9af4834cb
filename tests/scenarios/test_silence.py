"""A mailbox into which nothing comes any more: told once, as a ticket, and over when mail comes again."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select

from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.model.spans import DAY, HOUR
from gateway.store.engine import make_engine
from gateway.store.schema import delivery, notice
from gateway.upkeep import silence
from gateway.upkeep.flow import LEARN_FROM
from gateway.upkeep.silence import SETTLING, Silence, states
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import START, SUPPORT, M, Stage, settings_for
from tests.sizes import size

WEEKS = 6
ENVELOPE = asdict(Envelope("", SUPPORT))


class Watched:
    """A desk whose support mailbox has a past of some weeks."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.shown: dict[str, bool] = {}
        self.silence = self.started()

    def started(self) -> Silence:
        return Silence(self.stage.store, self.stage.settings, self.stage.clock, show=self.show)

    def show(self, box: silence.Watched, silent: bool) -> None:
        self.shown[box.key] = silent

    async def until(self, moment: float, step: float = size(2400.0, 1200.0)) -> list[float]:
        """Let the time go by; when something was told."""
        told = []
        while self.stage.now < moment:
            self.stage.now += step
            if await self.silence.check():
                told.append(self.stage.now)
            await self.stage.work(0)
        return told


def first_monday(now: float) -> float:
    today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
    return today.timestamp() - today.weekday() * DAY


def done(at: float, **more: Any) -> dict[str, Any]:
    """The row of a mail that came then and is done."""
    return {
        "id": uuid7(at), "raw_id": 0, "desk": "default", "mailbox": SUPPORT, "message_id": "", "accepted_at": at,
        "envelope": json.dumps({**ENVELOPE, "time": at}), "stage": "DONE", "due_at": at, "class": "human",
        **more,
    }  # fmt: skip


def of_a_machine(at: float) -> dict[str, Any]:
    return done(at, **{"class": "notification"})


def write_past(file: Path, machines: bool = False) -> None:
    """Mails of some weeks, all of them done; with monitors that mail every half hour."""
    chance, monday = Random(4), first_monday(START)
    rows = [
        done(monday + day * DAY + chance.triangular(7, 18, 10) * HOUR)
        for day in range(WEEKS * 7 + 1)
        for _ in range(30 if day % 7 < 5 else 1)
    ]
    if machines:
        rows += [of_a_machine(monday + number * HOUR / 2) for number in range((WEEKS * 7 + 1) * 48 + 16)]
    engine = make_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(insert(delivery), sorted(rows, key=lambda row: row["accepted_at"]))
        connection.exec_driver_sql("COMMIT")
    engine.dispose()


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    file = tmp_path_factory.mktemp("past") / "past.db"
    shutil.copy(migrated_file, file)
    write_past(file)
    return file


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    file = tmp_path_factory.mktemp("past") / "both.db"
    shutil.copy(migrated_file, file)
    write_past(file, machines=True)
    return file


async def watched(folder: Path, past: Path, **mailbox: Any) -> Watched:
    """On the Tuesday after those weeks, at eight."""
    stage = Stage(folder, past, settings_for(**mailbox))
    stage.now = first_monday(stage.now) + (WEEKS * 7 + 1) * DAY + 8 * HOUR
    await stage.open()
    return Watched(stage)


def tickets(stage: Stage) -> list[str]:
    return [row["title"] for row in stage.simulator.desk.tickets.values()]


async def test_a_silence_is_told_once_and_is_over_when_mail_comes(tmp_path: Path, past: Path) -> None:
    desk = await watched(tmp_path, past)
    stage = desk.stage
    await stage.accept(M("last", ALICE, "The last one"))
    await stage.work(0)
    began = stage.now
    told = await desk.until(began + 3 * DAY)
    await stage.work(HOUR)

    assert len(told) == 1 and HOUR < told[0] - began < DAY  # within a working day, not in the first hour
    assert len(tickets(stage)) == 2 and tickets(stage)[1].startswith("No mail for support@msp.example since ")
    assert desk.shown == {SUPPORT: True}
    assert stage.client_of(2) == "Unknown Senders"

    await stage.accept(M("again", ALICE, "It is back"))
    over = await desk.until(stage.now + HOUR)
    await stage.work()
    assert len(over) == 1 and desk.shown == {SUPPORT: False}
    catalog = stage.directories["default"].catalog
    assert catalog is not None
    closed = {status.id for of_board in catalog.statuses.values() for status in of_board if status.is_closed}
    assert stage.ticket(2)["status_id"] in closed  # nobody had touched it
    await stage.close()


@pytest.mark.parametrize(("said", "comes_again"), [("log", True), ("off", False)])
async def test_a_ticket_ends_though_it_is_told_in_another_way_by_then(
    said: str, comes_again: bool, tmp_path: Path, past: Path
) -> None:
    desk = await watched(tmp_path, past)
    stage = desk.stage
    await desk.until(stage.now + DAY)
    await stage.work()
    settings = stage.settings
    boxes = tuple(box.model_copy(update={"silence": said}) for box in settings.mailbox)
    desk.silence.take(settings.model_copy(update={"mailbox": boxes}))
    if comes_again:
        await stage.accept(M("again", ALICE, "It is back"))
    await desk.until(stage.now + HOUR)
    await stage.work()

    assert stage.ticket(1)["closed_at"] and not desk.shown[SUPPORT]
    assert len(tickets(stage)) == 1 + comes_again
    assert await desk.until(stage.now + DAY) == [] or said == "log"
    await stage.close()


async def test_a_restart_tells_nothing_twice(tmp_path: Path, past: Path) -> None:
    desk = await watched(tmp_path, past)
    began = desk.stage.now
    (told,) = await desk.until(began + DAY)
    desk.silence = desk.started()
    again = await desk.until(told + DAY)

    assert again == [] and len(tickets(desk.stage)) == 1
    await desk.stage.close()


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_silence_ends_though_all_before_it_is_forgotten(restarts: bool, tmp_path: Path, past: Path) -> None:
    """It lasted longer than what is learned from, so that nothing is known of how mail came."""
    desk = await watched(tmp_path, past)
    stage = desk.stage
    await desk.until(stage.now + DAY)
    stage.now += LEARN_FROM
    if restarts:
        desk.silence, desk.shown = desk.started(), {}
    assert await desk.until(stage.now + 2 * HOUR) == [] and desk.shown == {SUPPORT: True}

    await stage.accept(M("again", ALICE, "It is back"))
    assert len(await desk.until(stage.now + HOUR)) == 1
    await stage.work()
    assert stage.ticket(1)["closed_at"] and desk.shown == {SUPPORT: False}
    await stage.close()


async def test_after_a_start_senders_get_time_to_try_again(tmp_path: Path, past: Path) -> None:
    desk = await watched(tmp_path, past)
    desk.stage.now += 2 * DAY  # the gateway was down
    desk.silence = desk.started()
    began = desk.stage.now

    assert await desk.until(began + SETTLING - 600, 1200.0) == []
    assert len(await desk.until(began + SETTLING + 1200)) == 1
    await desk.stage.close()


async def test_a_holiday_that_is_named_is_no_silence(tmp_path: Path, past: Path) -> None:
    desk = await watched(tmp_path, past)
    today = datetime.fromtimestamp(desk.stage.now, UTC).date()
    desk.silence.holidays = (today,)

    assert await desk.until(desk.stage.now + 14 * HOUR) == []
    await desk.stage.close()


@pytest.mark.parametrize(("said", "tickets_made"), [("log", 0), ("off", 0)])
async def test_a_mailbox_says_how_it_is_told(said: str, tickets_made: int, tmp_path: Path, past: Path) -> None:
    desk = await watched(tmp_path, past, silence=said)
    told = await desk.until(desk.stage.now + DAY)

    assert len(tickets(desk.stage)) == tickets_made
    assert bool(told) == (said == "log")
    await desk.stage.close()


async def test_what_is_known_of_each_mailbox(tmp_path: Path, past: Path) -> None:
    desk = await watched(tmp_path, past)
    settings, now = desk.stage.settings, desk.stage.now
    support, sales = await desk.stage.store.read(lambda c: states(c, settings, now))

    assert support.flow is not None and 140 < support.flow.a_week < 165 and support.silent_since == 0
    assert sales.flow is None and sales.last == 0
    await desk.stage.close()


# -- people and machines ---------------------------------------------------------------------------


async def go_on(desk: Watched, moment: float) -> list[float]:
    """Mail of machines comes on."""
    told = []
    while desk.stage.now < moment:
        now = desk.stage.now
        await desk.stage.store.write(lambda c, now=now: c.execute(insert(delivery), [of_a_machine(now)]))
        told += await desk.until(now + HOUR / 2, HOUR / 2)
    return told


async def test_what_people_write_may_stop_while_machines_go_on(tmp_path: Path, both: Path) -> None:
    """The connector by which customers' mail comes is broken; the monitors' relay is not."""
    desk = await watched(tmp_path, both)
    stage = desk.stage
    await stage.accept(M("last", ALICE, "The last one"))
    await stage.work(0)
    began = stage.now

    told = await go_on(desk, began + 2 * DAY)
    await stage.work(HOUR)
    assert len(told) == 1 and HOUR < told[0] - began < DAY
    assert tickets(stage)[1].startswith("No mail of people for support@msp.example since ")
    assert desk.shown == {SUPPORT: False, f"people {SUPPORT}": True}

    await stage.accept(M("again", ALICE, "It is back"))
    assert len(await go_on(desk, stage.now + HOUR)) == 1
    await stage.work()
    assert stage.ticket(2)["closed_at"] and not any(desk.shown.values())
    await stage.close()


async def test_a_mailbox_into_which_nothing_comes_is_told_once(tmp_path: Path, both: Path) -> None:
    """Not that of its people as well."""
    desk = await watched(tmp_path, both)
    stage = desk.stage
    await stage.accept(M("last", ALICE, "The last one"))
    await go_on(desk, stage.now + HOUR)

    assert len(await desk.until(stage.now + 2 * DAY)) == 1
    assert [title.partition(" since")[0] for title in tickets(stage)] == ["The last one", f"No mail for {SUPPORT}"]
    await stage.close()


async def test_people_and_machines_that_go_on_are_no_silence(tmp_path: Path, both: Path) -> None:
    desk = await watched(tmp_path, both)
    stage, chance = desk.stage, Random(5)
    for day in range(size(2, 5)):
        for number in range(24):
            if 8 <= (stage.now - first_monday(START)) % DAY / HOUR < 18 and chance.random() < 0.9:
                await stage.accept(M(f"{day}-{number}", ALICE, f"Mail {day} {number}"))
            assert await go_on(desk, stage.now + HOUR) == []
    settings, now = stage.settings, stage.now
    found = await stage.store.read(lambda c: states(c, settings, now))
    assert [state.mailbox for state in found] == [SUPPORT, "sales@msp.example", f"people {SUPPORT}"]
    await stage.close()


JOBS = "Acme <nagios@mon.msp.example>"


def write_reports(file: Path) -> None:
    """Some of those mails were the reports of a machine, but none in the last days."""
    engine = make_engine(f"sqlite:///{file}")
    until = first_monday(START) + (WEEKS * 7 - 1) * DAY
    words = ("problem_id", "client_id", "state", "word", "object", "key", "failed", "expected", "detail")
    like = {**dict.fromkeys(words, ""), "desk": "default", "profile": "nagios", "became": "counted"}
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN")
        rows = connection.execute(select(delivery.c.id, delivery.c.accepted_at).order_by(delivery.c.accepted_at)).all()
        reports = [row for number, row in enumerate(rows) if number % 8 == 0 and row.accepted_at < until]
        came = [
            {"delivery_id": row.id, "accepted_at": row.accepted_at, "proven": True, "changed": False} for row in reports
        ]
        connection.execute(insert(notice), [{**like, **values} for values in came])
        connection.exec_driver_sql("COMMIT")
    engine.dispose()


@pytest.mark.parametrize(("said", "tickets_made"), [("ticket", 1), ("log", 0), ("off", 0)])
async def test_a_source_that_is_silent_is_told_if_asked_for(
    said: str, tickets_made: int, tmp_path: Path, past: Path
) -> None:
    reports = tmp_path / "reports.db"
    shutil.copy(past, reports)
    write_reports(reports)
    nagios = {"profile": "nagios", "senders": ["mon.msp.example"], "silence": said}
    stage = Stage(tmp_path, reports, {**settings_for(silence="off"), "notice": (nagios,)})
    stage.now = first_monday(stage.now) + (WEEKS * 7 + 1) * DAY + 8 * HOUR
    await stage.open()
    desk = Watched(stage)
    told = await desk.until(stage.now + 2 * DAY)

    assert len(told) == (said != "off") and len(tickets(stage)) == tickets_made
    assert desk.shown == ({} if said == "off" else {"notice nagios": True})
    assert all(title.startswith("No mail from nagios since ") for title in tickets(stage))
    await stage.accept(M("again", JOBS, "** PROBLEM Service Alert: web01/HTTP is CRITICAL **", verdict="pass"))
    await stage.work(1.0)
    over = await desk.until(stage.now + HOUR)
    assert len(over) == (said != "off") and not any(desk.shown.values())
    await stage.close()
