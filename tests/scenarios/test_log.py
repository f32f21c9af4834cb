"""What the log says of a mail, and of a desk that is away: one line each, with all that is asked after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.model.waiting import Waiting
from gateway.store import waiting
from gateway.upkeep.desk_states import DeskStates
from tests.scenarios.stage import M, Stage


@pytest.fixture
async def stage(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Stage]:
    opened = Stage(tmp_path, migrated_file)
    await opened.open()
    yield opened
    await opened.close()


FIELDS = {
    "became", "ticket", "reason", "detail", "number", "sender", "mail_from", "recipient", "mailbox", "message_id",
    "size", "verdict", "seconds",
}  # fmt: skip


async def lines(stage: Stage, *mails: M) -> list[dict[str, Any]]:
    """Of each mail's end, in order."""
    with capture_logs() as logs:
        for sent in mails:
            await stage.accept(sent)
            await stage.work()
    return [dict(line) for line in logs if line["event"] == "finished"]


async def test_each_mail_has_one_line_at_its_end(stage: Stage) -> None:
    new, reply, away, stranger = await lines(
        stage,
        M("new", subject="The printer is out of paper", message_id="<new@acme.example>"),
        M("reply", reply="new", text="Now it is on fire."),
        M("away", subject="Out of office", headers={"Auto-Submitted": "auto-replied"}, mail_from=""),
        M("stranger", "Mallory <mallory@stranger.example>", refs=["new"]),
    )

    number = stage.ticket(1)["ticket_number"]
    assert new.keys() >= FIELDS
    assert (new["became"], new["ticket"], new["sender"]) == ("ticket", number, "alice@acme.example")
    assert (new["message_id"], new["recipient"], new["mailbox"]) == ("new@acme.example", "support@msp.example", "support@msp.example")
    assert new["size"] > 100
    assert (reply["became"], reply["ticket"]) == ("comment", number)
    assert (away["became"], away["reason"], away["ticket"], away["mail_from"]) == ("suppressed", "vacation", "", "")
    assert (stranger["became"], stranger["reason"]) == ("quarantined", "unverified-sender")


@pytest.mark.parametrize("words", ["ConnectError: refused", "504 without JSON"])
async def test_a_desk_goes_away_and_is_back(stage: Stage, words: str) -> None:
    states = DeskStates(stage.store, stage.directories, stage.clock)
    breaker = stage.directories["default"].desk.breaker
    with capture_logs() as logs:
        for _ in range(3):
            await states.record()
        breaker.bad(words, stage.now, down=True)
        for _ in range(3):
            await states.record()
        stage.now += 90
        breaker.good()
        for _ in range(3):
            await states.record()

    away, back = logs
    assert (away["event"], away["why"], away["waits_for"]) == ("desk away", words, "desk")
    assert (back["event"], back["after"]) == ("desk is back", 90.0)


async def test_a_desk_that_was_not_asked_yet_is_not_away(stage: Stage) -> None:
    """As at each start; a call that fails says so."""
    states = DeskStates(stage.store, stage.directories, stage.clock)
    directory = stage.directories["default"]
    catalog, directory.catalog = directory.catalog, None
    with capture_logs() as logs:
        for _ in range(3):
            await states.record()
        assert logs == []
        assert (await stage.store.read(waiting.desks))["default"].waits.kind is Waiting.DESK

        directory.desk.breaker.bad("connection refused", stage.now, down=True)
        for _ in range(2):
            await states.record()
        directory.desk.breaker.good()
        directory.catalog = catalog
        for _ in range(3):
            await states.record()

    assert [entry["event"] for entry in logs] == ["desk away", "desk is back"]
