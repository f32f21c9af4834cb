"""``explain`` says what live mail does: one context, the same effects in the same order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.operate.preview.explain import explain
from gateway.store import effects
from tests.scenarios.clients import compose
from tests.scenarios.scripts import ALICE, Row
from tests.scenarios.stage import M, Stage, close, settings_for

MAILBOXES: dict[str, tuple[dict[str, Any], list[Row], M, int]] = {
    "the original goes up too": ({"attach_original": True}, [], M("a", ALICE, "Printer"), 3),
    "a closed ticket is opened again": (
        {"closed": "reopen"},
        [(M("first", ALICE, "Printer"), "ticket 1"), close(1)],
        M("a", ALICE, reply="first", text="It is broken again."),
        3,
    ),
    "a closed ticket gets a successor": (
        {"closed": "new_linked"},
        [(M("first", ALICE, "Printer"), "ticket 1"), close(1)],
        M("a", ALICE, reply="first", text="It is broken again."),
        1,
    ),
}


@pytest.mark.parametrize("name", MAILBOXES)
async def test_explain_is_what_live_mail_does(name: str, tmp_path: Path, migrated_file: Path) -> None:
    mailbox, before, mail, expected = MAILBOXES[name]
    stage = Stage(tmp_path, migrated_file, settings_for(**mailbox))
    await stage.open()
    try:
        for row in before:
            if isinstance(row, tuple):
                await stage.accept(row[0])
                await stage.work()
            else:
                await row(stage)
        file = tmp_path / "mail.eml"
        file.write_bytes(compose(stage, mail).as_bytes())
        told = await explain(stage.settings, file, stage.settings.mailbox[0], stage.directories["default"])
        await stage.accept(replace(mail, raw=file.read_bytes()))
        await stage.work()
        planned = await stage.store.read(lambda c: effects.all_of(c, stage.ids["a"], 0))
        became = await stage.outcome("a")
    finally:
        await stage.close()

    assert told["unanswered"] == []
    assert len(told["effects"]) == len(planned) == expected
    assert told["outcome"] in became or told["outcome"] == "comment"
