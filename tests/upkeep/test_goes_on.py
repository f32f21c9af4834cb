"""What one damaged mail, or one word of somebody else, may not do: end a part that works for all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.operate.preview import kept, proposals
from gateway.store import inflow, letters
from gateway.store.deliveries import LostClaim
from gateway.store.schema import effect
from gateway.store.stage import EffectState
from gateway.store.writer import StoreFailed
from gateway.upkeep.away import Away
from gateway.upkeep.desk_states import DeskStates
from gateway.upkeep.rescan import Rescanner
from gateway.work.leases import Leases
from tests.scenarios.scripts_files import Found
from tests.scenarios.stage import M, Stage, settings_for
from tests.waiting import PATIENCE

ALICE = "Alice Archer <alice@acme.example>"
PROVEN = {"verdict": "pass"}


@pytest.fixture
async def stage(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Stage]:
    settings = {
        **settings_for(acknowledge=["away", "held"]),
        "work": {"retry_for": 3600},
        "smarthost": {"host": "127.0.0.1:9", "from": "no-reply@msp.example"},
    }
    opened = Stage(tmp_path, migrated_file, settings)
    await opened.open()
    yield opened
    await opened.close()


async def lose(stage: Stage, key: str) -> None:
    """The mail is in a file of the spool, which is gone."""
    found = await stage.row(key)
    await stage.store.write(
        lambda c: c.exec_driver_sql("UPDATE raw SET data = NULL, path = 'gone.eml' WHERE id = ?", (found["raw_id"],))
    )


async def test_held_files_of_a_mail_that_is_gone_keep_no_other_from_the_scanner(stage: Stage) -> None:
    for key in ("a", "b"):
        await stage.accept(M(key, ALICE, key, files={"x.bin": key.encode() * 100}, edge={"notes": "unscanned"}))
    await stage.work()
    await lose(stage, "a")
    scanner: Any = Found(b"virus")

    await Rescanner(stage.planner, scanner, stage.clock).scan_waiting()

    states = await stage.store.read(
        lambda c: dict(c.execute(effect.select().with_only_columns(effect.c.delivery_id, effect.c.state).where(effect.c.kind == "document")).all())  # type: ignore[arg-type]
    )  # fmt: skip
    assert states == {stage.ids["a"]: EffectState.HELD, stage.ids["b"]: EffectState.TODO}


async def test_a_mail_that_is_gone_keeps_no_sender_from_being_told(stage: Stage) -> None:
    states = DeskStates(stage.store, stage.directories, stage.clock)
    stage.directories["default"].desk.breaker.refuse_key("the key was revoked", stage.now)
    for _ in range(2):
        await states.record()
    await stage.accept(M("a", ALICE, "Printer", **PROVEN))
    await stage.accept(M("b", "Bob <bob@acme.example>", "Scanner", **PROVEN))
    await lose(stage, "a")
    stage.now += 2000

    assert await Away(stage.store, stage.settings, stage.directories, stage.planner, stage.clock).check() == 1
    written = await stage.store.read(lambda c: letters.newest(c, 5))
    assert [row["recipient"] for row in written] == ["bob@acme.example"]


async def test_a_mail_that_is_gone_comes_to_its_end_where_senders_are_told(stage: Stage) -> None:
    await stage.accept(M("a", ALICE, "Printer", **PROVEN))
    await lose(stage, "a")
    stage.now += stage.settings.work.retry_for + 1
    await stage.work(within=1)

    assert (await stage.row("a"))["reason"] == "retries-exhausted"


@pytest.mark.parametrize(
    "gone", ["DELETE FROM raw WHERE id = ?", "UPDATE raw SET data = NULL, path = 'gone.eml' WHERE id = ?"]
)
async def test_a_mail_under_the_id_of_one_that_is_no_longer_kept_is_posted(stage: Stage, gone: str) -> None:
    """A device that uses one Message-ID for all its mail, some of which is older than retention."""
    same = "<report@device.acme.example>"
    await stage.accept(M("a", ALICE, "Report of May", text="All is well in May.", message_id=same, **PROVEN))
    await stage.work()
    first = await stage.row("a")
    await stage.store.write(lambda c: c.exec_driver_sql(gone, (first["raw_id"],)))

    await stage.accept(M("b", ALICE, "Report of June", text="The disk is full.", message_id=same, **PROVEN))
    await stage.work(within=1)

    assert (await stage.outcome("a"), await stage.outcome("b")) == ("ticket 1", "ticket 2")


async def test_a_mail_that_is_gone_keeps_nobody_from_trying_rules_and_profiles_on_the_others(stage: Stage) -> None:
    for key in ("a", "b"):
        await stage.accept(M(key, ALICE, f"Matter {key}", **PROVEN))
    await stage.work()
    await lose(stage, "a")

    (batch,) = await stage.store.read(lambda c: kept.batches(c, 0.0))
    tried = await stage.store.read(lambda c: kept.taken(c, batch, stage.settings))
    drafted = await stage.store.read(lambda c: proposals.others(c, stage.planner.raws, 0.0))

    assert [mail is not None for mail in tried] == [False, True]
    assert len(drafted) == 1 and b"Matter b" in drafted[0]


async def test_a_mail_of_which_the_row_is_gone_is_told_at_once(stage: Stage) -> None:
    await stage.accept(M("a", ALICE, "Printer"))
    await stage.store.write(lambda c: c.exec_driver_sql("DELETE FROM raw"))
    await stage.work(within=1)

    assert (await stage.row("a"))["reason"] == "damaged"


async def test_a_mail_that_fails_at_a_stop_starts_no_work_again(stage: Stage) -> None:
    """Its claim was lost when the failure was to be written down."""
    worker = stage.worker
    await worker.stop()

    async def fails() -> None:
        raise LostClaim("a")

    failing = asyncio.create_task(fails())
    failing.add_done_callback(worker._over)
    await asyncio.wait([failing])
    async with asyncio.timeout(PATIENCE):
        await worker.run()


async def test_a_mail_whose_transaction_ended_after_a_later_one_is_no_silence(stage: Stage) -> None:
    await stage.accept(M("a", ALICE, "Printer"))
    row = await stage.row("a")
    _, last = await stage.store.read(lambda c: inflow.after(c, row["seq"] + 1, 0.0))
    assert last == {row["mailbox"]: row["accepted_at"]}


async def test_leases_are_renewed_after_a_failure(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    leases = Leases(stage.store, 0.01, "me")
    tries: list[Exception] = []

    async def renew() -> None:
        tries.append(ValueError("a moment") if len(tries) < 2 else StoreFailed("for good"))
        raise tries[-1]

    monkeypatch.setattr(leases, "renew", renew)
    with pytest.raises(StoreFailed):
        await leases.run()
    assert len(tries) == 3
