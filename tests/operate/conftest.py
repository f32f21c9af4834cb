"""A morning at a desk: some mails and what became of them, to look at and to act on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model.refusal import Refusal
from gateway.operate.access import Access
from gateway.store import refusals
from gateway.store.raw import RawMail
from gateway.upkeep.headings import HeadingReader
from tests.scenarios.stage import START, M, Stage

MORNING = (
    M("printer", subject="The printer on floor 2 prints blank pages", message_id="<printer@acme.example>"),
    M("again", reply="printer", text="It works again, but look at the log."),
    M("stranger", "Mallory <mallory@stranger.example>", "Re: The printer", "Send me the password.", refs=["printer"]),
    M(
        "vacation",
        "Bob Baker <bob@acme.example>",
        "Out of office",
        headers={"Auto-Submitted": "auto-replied"},
        mail_from="",
    ),
    M(
        "umlaut",
        "Jürgen Müller <juergen@initech.example>",
        "Störung im Büro",
        headers={"Received": "from a by relay.msp.example (Postfix) with ESMTP id 4F2C1A77; now"},
    ),
    M("japanese", "Ken <ken@globex.example>", "印刷できません"),
)
REFUSED = Refusal(
    START + 60,
    "mx",
    "192.0.2.99",
    "mx.acme.example",
    "carol@acme.example",
    "nobody@msp.example",
    550,
    "no-mailbox",
    "There is no such mailbox here",
    enhanced="5.1.1",
    session="00002a",
)


@pytest.fixture
async def stage(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Stage]:
    at = Stage(tmp_path, migrated_file)
    await at.open()
    for mail in MORNING:
        await at.accept(mail)
        await at.work()
    await at.store.write(lambda c: refusals.add(c, [REFUSED]))
    await HeadingReader(at.store, RawMail(at.settings.store)).batch()
    yield at
    await at.close()


@pytest.fixture
def access(stage: Stage) -> Access:
    return Access(stage.settings, stage.clock)
