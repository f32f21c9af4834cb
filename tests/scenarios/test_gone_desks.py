"""A desk that is taken out of the configuration: what is left of it is said, and goes on once it is back."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from gateway.app.gauges import Gauges
from gateway.metrics import Metrics
from gateway.model.waiting import Waiting
from gateway.operate import vendors
from gateway.operate.report import day_lines
from gateway.operate.today import today
from gateway.store import gonedesks, waiting
from gateway.store.acts import Actor
from gateway.store.arrivals import Waiting as Arriving
from gateway.upkeep.desk_states import DeskStates
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import M, Stage, settings_for
from tests.scenarios.vendors import Machine


def two_desks() -> dict[str, Any]:
    """Sales have a desk of their own."""
    data = settings_for()
    desk, (support, sales) = data.pop("desk"), data["mailbox"]
    notices = ({"profile": "nagios", "senders": ["mon.msp.example"], "desk": "old"},)
    boxes = [{**support, "desk": "old"}, {**sales, "desk": "new"}]
    return {**data, "desks": {"old": desk, "new": desk}, "mailbox": boxes, "notice": notices}


def one_desk() -> dict[str, Any]:
    data = two_desks()
    return {**data, "desks": {"new": data["desks"]["new"]}, "mailbox": data["mailbox"][1:], "notice": ()}


async def again(stage: Stage, folder: Path, migrated_file: Path, data: dict[str, Any]) -> Stage:
    """The gateway starts again by another configuration."""
    await stage.close()
    found = Stage(folder, migrated_file, data, before=stage)
    found.ids, found.order = stage.ids, stage.order
    await found.open()
    states = DeskStates(found.store, found.directories, found.clock)
    for _ in range(2):
        await states.record()
        found.now += 60
    return found


async def wait_of(stage: Stage, key: str) -> waiting.Wait | None:
    states = await stage.store.read(waiting.desks)
    return waiting.of_row(await stage.row(key), states, stage.now)


async def lines(stage: Stage) -> list[str]:
    found = await stage.store.read(lambda c: today(c, stage.settings, "sqlite", stage.now, UTC))
    return day_lines(found, stage.now, UTC)


async def test_mail_that_waits_for_it_says_so_and_is_posted_once_it_is_back(
    tmp_path: Path, migrated_file: Path
) -> None:
    stage = Stage(tmp_path, migrated_file, two_desks())
    await stage.open()
    await stage.accept(M("a", ALICE))

    without = await again(stage, tmp_path, migrated_file, one_desk())
    await without.work()
    found = await wait_of(without, "a")
    assert found is not None and str(found.waits) == "the configuration to have its desk again: old"
    assert "Desk old is no longer in the configuration: 1 mail waits for it" in await lines(without)
    gauges = Gauges(Metrics(), without.store, without.clock, list(without.settings.desks))
    await gauges.collect(Arriving(), None, {})
    assert gauges.metrics.registry.get_sample_value("gateway_desk_gone", {"desk": "old", "what": "mails"}) == 1
    assert gauges.metrics.registry.get_sample_value("gateway_waiting", {"reason": "gone"}) == 1

    back = await again(without, tmp_path, migrated_file, two_desks())
    await back.work()
    assert await back.outcome("a") == "ticket 1"
    assert not any("no longer" in line for line in await lines(back))
    await back.close()


async def test_tickets_that_nothing_closes_any_more_are_named(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file, two_desks())
    await stage.open()
    machine = Machine(stage)
    await machine.service("CRITICAL", what="web01/HTTP")
    await machine.service("CRITICAL", what="web02/HTTP")
    await machine.service("OK", what="web02/HTTP")
    await stage.work()
    number = stage.ticket(1)["ticket_number"]

    without = await again(stage, tmp_path, migrated_file, one_desk())
    told = f"Desk old is no longer in the configuration: nothing closes 1 ticket there ({number})   gateway notices end"
    assert told in await lines(without)
    await without.store.write(lambda c: vendors.end(c, number, Actor("ann"), "closed by hand", without.now))
    assert not any("no longer" in line for line in await lines(without))
    await without.close()


async def test_what_is_configured_or_over_is_not_told(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file, two_desks())
    await stage.open()
    await stage.accept(M("a", ALICE))
    assert await stage.store.read(lambda c: gonedesks.gone(c, list(stage.settings.desks))) == ()
    await stage.work()

    without = await again(stage, tmp_path, migrated_file, one_desk())
    assert await without.store.read(lambda c: gonedesks.gone(c, list(without.settings.desks))) == ()
    await without.close()


async def looked(states: DeskStates, stage: Stage) -> None:
    """A minute of one gateway."""
    for _ in range(3):
        await states.record()
        stage.now += 30


@pytest.mark.parametrize("comes", [True, False], ids=["added", "taken out"])
async def test_while_gateways_take_a_configuration_in_turn_the_last_one_is_right(
    comes: bool, tmp_path: Path, migrated_file: Path
) -> None:
    """Two of one database: those that have the desk and those that do not tell how it is."""
    stage = Stage(tmp_path, migrated_file, two_desks())
    await stage.open()
    await stage.accept(M("a", ALICE))
    having = DeskStates(stage.store, stage.directories, stage.clock)
    without = DeskStates(stage.store, {"new": stage.directories["new"]}, stage.clock)
    old, new = (without, having) if comes else (having, without)
    for states in (new, old, new):  # then the old one ends
        await looked(states, stage)

    written = await stage.store.read(waiting.desks)
    assert written["old"].waits.kind is (Waiting.NOTHING if comes else Waiting.GONE)
    await stage.close()
