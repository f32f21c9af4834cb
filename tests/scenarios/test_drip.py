"""A desk with many fresh tickets whose budget of calls is used up: every call drips in, and all mail gets through."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.simulator.limits import RateLimit
from gateway.store.constants import IS_PENDING
from gateway.store.schema import delivery
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import M, Stage, settings_for

STEP = 0.25
PENDING_MAIL = select(delivery.c.seq).where(IS_PENDING).limit(1)
OTHERS = 130  # tickets of other people: more than a page


class Dripping(Stage):
    """A desk that allows ``rate`` calls a minute."""

    def __init__(self, folder: Path, migrated: Path, rate: float = 60, burst: int = 20, settle: float = 20) -> None:
        data = settings_for()
        data["desk"].update(rate=rate, burst=burst, settle=settle)
        super().__init__(folder, migrated, data)
        self.simulator.desk.limit = RateLimit("enforce", burst, rate)

    async def flow(self, within: float) -> float:
        """Work beside each other while time goes on, until nothing is pending: the seconds it took, at most ``within``."""
        began, tasks = self.now, set[asyncio.Task[None]]()
        while self.now < began + within:
            tasks |= {asyncio.create_task(self.worker._work(claimed)) for claimed in await self.worker._claim()}
            for _ in range(20):
                await asyncio.sleep(0)
            if tasks:
                _, tasks = await asyncio.wait(tasks, timeout=0.02)
            if not tasks and not await self.store.read(lambda c: c.execute(PENDING_MAIL).all()):
                break
            self.now += STEP
        return self.now - began

    async def stage_of(self, key: str) -> str:
        return str((await self.row(key))["stage"])

    def empty(self) -> None:
        """Nobody has a call left."""
        desk = self.directories["default"].desk
        desk.pacing._bucket.lower(0.0, self.now)  # type: ignore[attr-defined]

    def others(self, count: int = OTHERS) -> None:
        """Tickets that other people make."""
        desk = self.simulator.desk
        row = next(iter(desk.tickets.values()))
        for number in range(count):
            ticket_id = f"{number:08d}-0000-4000-8000-000000000000"
            desk.tickets[ticket_id] = {
                **row,
                "ticket_id": ticket_id,
                "ticket_number": f"TIC9{number:05d}",
                "attributes": None,
            }
            desk.tickets[ticket_id]["entered_by"] = "22222222-2222-4222-8222-222222222222"


def lists(stage: Stage) -> list[Any]:
    return [call for call in stage.simulator.desk.calls if call.kind == "list_tickets"]


async def stopped_in_the_middle(stage: Dripping, count: int) -> None:
    """A ticket is there; then as many mails come as are lost in the middle of their first call."""
    await stage.open()
    await stage.accept(M("first", ALICE))
    await stage.work()
    for number in range(count):
        await stage.accept(M(f"m{number}", ALICE, f"Order {number}", after=0.05))


async def test_read_backs_that_are_throttled_come_to_an_end(tmp_path: Path, migrated_file: Path) -> None:
    """The first two creates after a page full of other tickets get no answer, and then every call has to drip in."""
    stage = Dripping(tmp_path, migrated_file)
    await stopped_in_the_middle(stage, 12)
    stage.others()
    stage.clients["default"].user = ""  # as after a restart
    stage.simulator.faults.set(
        [
            {"kind": "create_ticket", "do": "drop", "times": 3},
            {"kind": "list_tickets", "do": "limit", "seconds": 1, "times": 1},
        ]
    )
    stage.empty()

    took = await stage.flow(within=240)

    assert {await stage.stage_of(f"m{number}") for number in range(12)} == {"DONE"}
    titles = Counter(row["title"] for row in stage.simulator.desk.tickets.values() if row["attributes"])
    assert set(titles.values()) == {1}
    assert took < 20 + 120
    assert stage.directories["default"].desk.pacing.throttled <= 2
    await stage.close()


async def test_one_scan_serves_all_unknown_effects(tmp_path: Path, migrated_file: Path) -> None:
    stage = Dripping(tmp_path, migrated_file, rate=6000, burst=200)
    await stopped_in_the_middle(stage, 10)
    stage.others()
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "drop", "times": 10}])

    await stage.flow(within=60)

    assert {await stage.stage_of(f"m{number}") for number in range(10)} == {"DONE"}
    assert len(lists(stage)) <= 4
    assert all("entered_by=" in call.query and "entered_from=" in call.query for call in lists(stage))
    await stage.close()


async def test_mail_of_every_kind_gets_through_while_calls_drip_in(tmp_path: Path, migrated_file: Path) -> None:
    """Tickets, replies and files of senders whom the desk has to be asked about, and creates without an answer."""
    stage = Dripping(tmp_path, migrated_file)
    await stopped_in_the_middle(stage, 0)
    stage.others()
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "drop", "times": 2}])
    stage.empty()
    for number in range(8):
        sender = f"Somebody <one{number}@elsewhere{number}.example>"
        await stage.accept(M(f"new {number}", sender, f"Order {number}", after=0.05, files={"a.bin": b"%d" % number}))
        await stage.accept(M(f"reply {number}", ALICE, reply="first", after=0.05, files={"b.bin": b"%d" % -number}))

    took = await stage.flow(within=240)

    keys = [key for key in stage.ids if key != "first"]
    assert {key: await stage.stage_of(key) for key in keys} == dict.fromkeys(keys, "DONE")
    assert len(stage.simulator.desk.files) == 16
    assert took < 20 + 120
    await stage.close()


async def test_a_decision_with_several_questions_ends_while_others_take_every_call(
    tmp_path: Path, migrated_file: Path
) -> None:
    """A mail for which the desk is asked about a ticket and two contacts; new tickets never cease."""
    stage = Dripping(tmp_path, migrated_file)
    await stopped_in_the_middle(stage, 0)
    born = "11111111-1111-4111-8111-111111111111"
    row = next(iter(stage.simulator.desk.tickets.values()))
    stage.simulator.desk.tickets[born] = {**row, "ticket_id": born, "ticket_number": "TIC000007"}
    stage.empty()
    await stage.accept(M("asks", "Nina <nina@initech.example>", reply=f"<ticket-{born}@desk.example>", after=0.05))
    for number in range(60):
        await stage.accept(M(f"m{number}", ALICE, f"Order {number}", after=0.01))

    await stage.flow(within=45)

    assert await stage.stage_of("asks") not in ("ACCEPTED", "PLANNED")
    assert "PLANNED" in {await stage.stage_of(f"m{number}") for number in range(60)}
    await stage.close()
