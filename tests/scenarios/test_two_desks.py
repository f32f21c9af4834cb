"""Two desks in one process: one that is down delays nobody else."""

from __future__ import annotations

from pathlib import Path

import httpx

from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.desk import AlgaDesk
from tests.scenarios.stage import M, Stage, settings_for


async def test_one_down_for_an_hour_leaves_the_others_latency_unchanged(tmp_path: Path, migrated_file: Path) -> None:
    data = settings_for()
    desk = data.pop("desk")
    data["desks"] = {"one": desk, "two": desk}
    data["mailbox"][0]["desk"], data["mailbox"][1]["desk"] = "one", "two"
    stage = Stage(tmp_path, migrated_file, data)
    await stage.open()
    up = stage.directories["two"].desk

    before = await latencies(stage, 3)
    stage.directories["two"].desk = down(stage)
    while_down = []
    for minute in range(60):
        while_down += await latencies(stage, 1)
        await stage.accept(M(f"down{minute}", rcpt="sales@msp.example", after=30))
    stage.directories["two"].desk = up
    await stage.directories["two"].refresh()
    await stage.work()

    assert while_down == [before[0]] * len(while_down)
    assert [await stage.outcome(f"down{minute}") for minute in range(3)] == [f"ticket {n}" for n in places(stage)]
    await stage.close()


def places(stage: Stage) -> list[int]:
    """Where the tickets of the first three mails stand that waited for their desk."""
    titles = [ticket["title"] for ticket in stage.simulator.desk.tickets.values()]
    return [titles.index(f"Problem down{minute}") + 1 for minute in range(3)]


async def latencies(stage: Stage, count: int) -> list[float]:
    """Seconds from accept to the end, by the stage's clock, of mails for the first desk."""
    found = []
    for number in range(count):
        key = f"up{stage.now}-{number}"
        await stage.accept(M(key, rcpt="support@msp.example", after=30))
        accepted = stage.now
        await one_turn(stage)
        assert (await stage.row(key))["stage"] == "DONE"
        found.append(stage.now - accepted)
    return found


async def one_turn(stage: Stage) -> None:
    """What the worker does when it wakes: take what it may, work."""
    for delivery in await stage.worker._claim():
        await stage.worker._work(delivery)


def down(stage: Stage) -> AlgaDesk:
    """A desk that cannot be reached."""

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    transport = httpx.MockTransport(refuse)
    return AlgaDesk(Client("two", "http://desk/api/v1", "key", rate=0, clock=stage.clock, transport=transport))
