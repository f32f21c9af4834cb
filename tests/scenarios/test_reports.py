"""What those who look after the gateway are told: the day in the morning, and at once what is held back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from gateway.app.reports import Reports
from gateway.config.load import parse
from gateway.config.settings import ConfigError
from gateway.operate.act import BY_NAME
from gateway.operate.acts import Asked, perform
from gateway.store.acts import Actor
from gateway.store.schema import letter
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import START, M, Stage, settings_for

BERLIN = ZoneInfo("Europe/Berlin")
LEA, KIM = "lea@ops.example", "kim@ops.example"
SENDING = {"smarthost": {"host": "127.0.0.1:25", "from": "gateway@ops.example"}, "timezone": "Europe/Berlin"}
STRANGER = "Mallory <mallory@stranger.example>"
HOUR = 3600.0


def at(hour: int, minute: int = 0, day: int = 0) -> float:
    local = datetime.fromtimestamp(START, BERLIN).replace(hour=hour, minute=minute, second=0)
    return local.timestamp() + day * 24 * HOUR


class Told:
    """A desk, and who is told of it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.reports = self.started()

    def started(self) -> Reports:
        return Reports(self.stage.store, self.stage.settings, "the store", self.stage.clock)

    async def at(self, moment: float) -> list[tuple[str, str]]:
        """What was written by then: to whom, and the subject."""
        self.stage.now = moment
        await self.reports.check()
        return [(row["recipient"], str(mail["Subject"])) for row, mail in self.letters()]

    def letters(self) -> list[tuple[Any, Any]]:
        rows = self.stage.store.read_sync(lambda c: c.execute(select(letter).order_by(letter.c.id)).mappings().all())
        return [(row, message_from_bytes(row["message"], policy=default)) for row in rows]

    async def held(self, key: str, subject: str = "Re: The printer") -> None:
        """A stranger writes into a ticket."""
        await self.stage.accept(M(key, STRANGER, subject, refs=["printer"]))
        await self.stage.work(0)


@pytest.fixture
async def told(tmp_path: Path, migrated_file: Path, request: pytest.FixtureRequest) -> AsyncIterator[Told]:
    stage = Stage(tmp_path, migrated_file, {**settings_for(), **SENDING, "reports": request.param})
    await stage.open()
    stage.now = at(6)
    await stage.accept(M("printer", ALICE, "The printer prints nothing"))
    await stage.work(0)
    yield Told(stage)
    await stage.close()


@pytest.mark.parametrize("told", [{"to": [LEA, KIM], "at": "07:30"}], indirect=True)
async def test_the_day_comes_once_each_morning(told: Told) -> None:
    await told.held("m")
    assert await told.at(at(7, 29)) == []
    first = await told.at(at(7, 30))
    assert [recipient for recipient, _ in first] == [LEA, KIM]
    assert first[0][1].endswith("1 held back")
    text = told.letters()[0][1].get_content()
    assert "Desk default: answers" in text
    assert "mallory@stranger.example" in text and "held back: a stranger wrote into a ticket" in text
    told.reports = told.started()  # a restart, or another process
    assert len(await told.at(at(9))) == 2
    assert len(await told.at(at(7, 40, day=1))) == 4
    assert len(await told.at(at(12, day=2))) == 4, "that is no morning any more"


@pytest.mark.parametrize("told", [{"to": [LEA], "held": "mail", "at": "23:59", "held_every": "30m"}], indirect=True)
async def test_what_is_held_back_is_told_at_once_and_then_now_and_then(told: Told) -> None:
    await told.held("before")
    assert await told.at(at(6, 1)) == [], "it was held back before anybody wanted to be told"
    await told.held("a", "Re: The <b>printer</b> again")
    assert await told.at(at(6, 2)) == [(LEA, "Held back: Re: The <b>printer</b> again")]
    await told.held("b")
    await told.held("c")
    assert len(await told.at(at(6, 31))) == 1, "not more often than every half hour"
    assert (await told.at(at(6, 32)))[1:] == [(LEA, "Held back: 2 mails")]
    assert len(await told.at(at(9))) == 2, "nothing is told twice"


@pytest.mark.parametrize("told", [{"held": "ticket", "held_every": "30m"}], indirect=True)
async def test_one_ticket_as_long_as_anything_is_held_back(told: Told) -> None:
    stage, tickets = told.stage, told.stage.simulator.desk.tickets

    async def after(moment: float) -> int:
        await told.at(moment)
        await stage.work(0)
        return len(tickets)

    await told.held("a")
    assert await after(at(6, 5)) == 2
    await told.held("b")
    assert await after(at(6, 50)) == 2
    made = list(tickets.values())[1]
    assert made["title"].startswith("Mail is held back: 1 mail")
    for key in ("a", "b"):
        name, now = stage.ids[key], stage.now
        await stage.store.write(
            lambda c, name=name, now=now: perform(c, BY_NAME["drop"], name, Asked(Actor("lea")), now)
        )
    await told.at(at(7))
    await stage.work(4 * HOUR)
    assert stage.simulator.desk.statuses[made["status_id"]]["is_closed"]
    assert len(tickets) == 2


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"reports": {"to": [LEA]}}, "smarthost"),
        ({**SENDING, "reports": {"to": ["support@msp.example"]}}, "would come back"),
        ({**SENDING, "reports": {"held": "mail"}}, "held_to"),
        ({**SENDING, "reports": {"held": "ticket", "held_mailbox": "nobody@msp.example"}}, "not configured"),
        ({**SENDING, "reports": {"at": "24:00"}}, "at"),
    ],
)
def test_what_cannot_work_is_refused(keys: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        parse({**settings_for(), **keys}, {})


@pytest.mark.parametrize(
    "address", ["help@msp.example", "support+lea@msp.example", "lea@bücher.example", "SUPPORT@msp.example"]
)
def test_a_report_to_any_address_that_we_take_is_refused(address: str) -> None:
    keys = settings_for()
    box = {**dict(keys["mailbox"][0]), "aliases": ["help@msp.example", "@xn--bcher-kva.example"]}
    with pytest.raises(ConfigError, match="would come back"):
        parse({**keys, **SENDING, "mailbox": [box], "reports": {"to": [address]}}, {})
