"""Alarms about what was taken out of the configuration: their tickets end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.config.load import parse
from gateway.model.ownnotice import OwnNotice
from gateway.store import expectations
from gateway.upkeep import own_mail
from gateway.upkeep.leftovers import Leftovers
from gateway.work.context import Policies
from gateway.work.notices import CALENDARS, PROBE, SILENCE
from tests.scenarios.stage import SUPPORT, Stage, settings_for
from tests.scenarios.test_missing import at, nightly, until
from tests.scenarios.vendors import configured, is_open, notes, opened, write


def leftovers(stage: Stage, data: dict[str, Any]) -> Leftovers:
    """After the configuration became ``data``."""
    settings = parse({**data, "store": {"url": stage.settings.store.url, "min_free": 0}}, {})
    policies = Policies(settings)
    stage.planner.take(settings, policies)
    return Leftovers(stage.store, settings, policies.sources, stage.clock)


async def alarmed(stage: Stage, source: str, name: str) -> None:
    """What is told of a mailbox or of a probe."""
    began = stage.now

    def tell(connection: Any) -> None:
        expectations.raise_alarm(connection, "default", source, name, began)
        about = OwnNotice(source=source, expectation=name, title=f"{name} is silent")
        own_mail.keep(connection, SUPPORT, "default", about, "Nothing comes.", f"{source} {name}", began)

    await stage.store.write(tell)
    await stage.work()


@pytest.mark.parametrize(
    ("source", "name"),
    [(SILENCE.name, "old@msp.example"), (SILENCE.name, "notice old"), (PROBE.name, "outside"), (CALENDARS.name, "changes")],
)
async def test_what_is_no_longer_watched_ends(source: str, name: str, tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    await alarmed(stage, source, name)
    left = leftovers(stage, settings_for())

    assert [await left.check(), await left.check()] == [1, 0]
    await stage.work()
    assert not is_open(stage, 1) and "no longer watched" in notes(stage, 1)[-1]
    assert len(stage.simulator.desk.tickets) == 1
    await stage.close()


async def test_what_is_watched_stays(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    await alarmed(stage, SILENCE.name, SUPPORT)

    assert await leftovers(stage, settings_for()).check() == 0
    await stage.work()
    assert is_open(stage, 1)
    await stage.close()


async def test_of_a_desk_that_is_gone_the_log_names_the_ticket(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    await alarmed(stage, SILENCE.name, "old@msp.example")
    data = settings_for()
    other = {**data, "desks": {"other": data["desk"]}, "mailbox": [{**data["mailbox"][0], "desk": "other"}]}
    del other["desk"]
    left = leftovers(stage, other)

    with capture_logs() as logged:
        assert [await left.check(), await left.check()] == [0, 0]
    (said,) = [line for line in logged if line["event"] == "alarm left at a desk that is gone"]
    assert (said["desk"], said["expectation"]) == ("default", "old@msp.example")
    assert said["tickets"] == [ticket["ticket_number"] for ticket in stage.simulator.desk.tickets.values()]
    assert await leftovers(stage, data).check() == 1, "once it is back"
    await stage.close()


@pytest.mark.parametrize("somebody_wrote", [False, True])
@pytest.mark.parametrize(
    "data", [configured(), configured({"profile": "veeam", "client": "Acme"})], ids=["the notice", "the expectation"]
)
async def test_a_missing_mail_that_nothing_expects_any_more(
    data: dict[str, Any], somebody_wrote: bool, tmp_path: Path, migrated_file: Path
) -> None:
    stage = await opened(tmp_path, migrated_file, nightly())
    stage.now = stage.expectations.started = at("2026-12-01T12:00")
    await stage.expectations.check()
    assert await until(stage, at("2026-12-02T07:01")) == 1
    if somebody_wrote:
        await write(stage, 1)

    assert await leftovers(stage, data).check() == 1
    await stage.work()
    assert is_open(stage, 1) == somebody_wrote and "no longer watched" in notes(stage, 1)[-1]
    await stage.close()
