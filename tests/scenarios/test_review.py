"""What `gateway notices review` and the console's page of vendors say of notices that somebody has to look at."""

from __future__ import annotations

from pathlib import Path

from gateway.operate import vendors
from gateway.store import problems
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
