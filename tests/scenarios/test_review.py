"""What `gateway notices review` and the console's page of vendors say of notices that somebody has to look at."""

from __future__ import annotations

from pathlib import Path

from gateway.operate import vendors
from gateway.store import problems
from gateway.upkeep.left_tickets import BATCH, LeftTickets
from tests.scenarios.stage import close, delete
from tests.scenarios.vendors import DAY, HOUR, MINUTE, NAGIOS, Machine, finish, opened, write

SWITCHES = {"profile": "words", "name": "switches", "senders": ["switch@mon.msp.example"]}

BOX = {"profile": "synology", "name": "box", "networks": ["192.0.2.7"], "dedicated": True}


async def test_each_kind_says_what_is_odd(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS, SWITCHES, BOX)
    monitor, switch = Machine(stage), Machine(stage, "Switch <switch@mon.msp.example>")
    await monitor.service("CRITICAL")
    await write(stage, 1)
    await monitor.service("OK", after=MINUTE)
    await monitor.service("CRITICAL", "web02/HTTP", after=MINUTE)
    await Machine(stage, proven=False).service("OK", "web02/HTTP", after=MINUTE)
    await monitor.says("Question: ** RECOVERY Service Alert: web02/HTTP is OK **", after=MINUTE)
    await monitor.service("CRITICAL", "web02/HTTP", after=MINUTE, at=stage.now - HOUR)
    await monitor.service("OK", "web09/HTTP", after=MINUTE)
    await monitor.says("Something else of the server", after=MINUTE)
    await switch.says("Line Rome is up", after=MINUTE)
    await switch.says("Test message from the switch", after=MINUTE)
    await stage.work()

    left = await stage.store.read(lambda c: problems.left_open(c, 10))
    doubtful = await stage.store.read(lambda c: problems.doubtful(c, stage.now - DAY, 100))
    assert [(row["title"], row["number"], row["left"]) for row in left] == [
        ("web01 HTTP is CRITICAL", "TIC001001", "somebody wrote on it")
    ]
    assert [(row["profile"], row["object"] or row["key"], vendors.odd(row), row["number"] or "") for row in doubtful] == [
        ("switches", "Test message from the switch", "Test message: the profile ignores it", ""),
        ("switches", "Line Rome", "is up: no problem is open", ""),
        ("box", "subject | something else of the server", "not read: the product", "TIC001004"),
        ("nagios", "web09", "RECOVERY: no problem is open", ""),
        ("box", "subject | question: ** recovery service alert: web02/http is ok", "not read: the product", "TIC001003"),
        ("nagios", "web02", "RECOVERY: nobody proved who says that it is over", "TIC001002"),
    ]
    await finish(stage)


async def test_a_ticket_that_was_left_open_waits_until_somebody_has_closed_it(
    tmp_path: Path, migrated_file: Path
) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor, many = Machine(stage), BATCH + 2
    for number in range(1, many + 1):
        await monitor.service("CRITICAL", f"web{number}/HTTP", after=MINUTE)
        await write(stage, number)
        await monitor.service("OK", f"web{number}/HTTP", after=MINUTE)
    await stage.work()
    looks = LeftTickets(stage.store, stage.directories, stage.clock)

    async def left() -> set[str]:
        return {row["object"] for row in await stage.store.read(lambda c: problems.left_open(c, 50))}

    everything = {f"web{number}" for number in range(1, many + 1)}
    stage.now += HOUR
    await looks.look()
    assert await left() == everything
    for number in range(1, many):
        await close(number)(stage)
    await delete(many)(stage)
    await looks.look()
    assert await left() == everything - {f"web{BATCH + 1}", f"web{many}"}  # the others were looked at a moment ago
    stage.now += HOUR
    await looks.look()
    assert await left() == set()

    assert await stage.outcome(await monitor.service("CRITICAL", "web1/HTTP", after=MINUTE)) == "internal 1 reopened"
    assert await stage.outcome(await monitor.service("CRITICAL", f"web{many}/HTTP", after=MINUTE)) == f"ticket {many + 1}"
    await finish(stage)


async def test_a_desk_that_does_not_answer_closes_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    monitor = Machine(stage)
    await monitor.service("CRITICAL")
    await write(stage, 1)
    await monitor.service("OK", after=MINUTE)
    await stage.work()
    stage.now += HOUR
    await close(1)(stage)
    stage.simulator.faults.set([{"kind": "read_ticket", "do": "answer", "status": 500}])
    await LeftTickets(stage.store, stage.directories, stage.clock).look()

    assert len(await stage.store.read(lambda c: problems.left_open(c, 50))) == 1
    await finish(stage)
