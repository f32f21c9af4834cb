"""A contact is made once, whatever the desk answers, and the ticket is made in any case; and how many calls
that takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.scripts_requesters import MAP, NEW, contact, contact_of
from tests.scenarios.stage import M, Stage, settings_for

ADDRESS = "new@mapped.example"


async def stage_for(folder: Path, migrated: Path) -> Stage:
    stage = Stage(folder, migrated, {**settings_for(contacts="mapped"), **MAP})
    await stage.open()
    return stage


def contacts(stage: Stage) -> list[dict[str, Any]]:
    return [contact for contact in stage.simulator.desk.contacts.values() if contact["email"] == ADDRESS]


@pytest.mark.parametrize(
    "rule",
    [
        {"do": "answer", "status": 500, "body": "json", "commit": True},
        {"do": "answer", "status": 502, "body": "html", "commit": False},
        {"do": "answer", "status": 200, "body": "empty", "commit": True},
    ],
)
async def test_an_answer_that_says_nothing(rule: dict[str, Any], tmp_path: Path, migrated_file: Path) -> None:
    stage = await stage_for(tmp_path, migrated_file)
    stage.simulator.faults.set([{"kind": "create_contact", "times": 1, **rule}])

    await stage.accept(M("a", NEW, verdict="pass"))
    await stage.work()
    await stage.close()

    assert the_contact_of(stage) == ADDRESS


def the_contact_of(stage: Stage) -> str:
    assert len(contacts(stage)) == 1 and len(stage.order) == 1
    return contact_of(stage, 1)


async def test_a_contact_that_came_in_between_is_adopted(tmp_path: Path, migrated_file: Path) -> None:
    stage = await stage_for(tmp_path, migrated_file)
    await stage.accept(M("a", NEW))
    await stage.work()
    await contact("New", ADDRESS, "Globex")(stage)

    await stage.accept(M("b", NEW, verdict="pass"))
    await stage.work()
    await stage.close()

    assert len(contacts(stage)) == 1
    assert contact_of(stage, 2) == ADDRESS


async def test_the_contact_of_another_client_is_not_used(tmp_path: Path, migrated_file: Path) -> None:
    stage = await stage_for(tmp_path, migrated_file)
    await stage.accept(M("a", NEW))
    await stage.work()
    await contact("New", ADDRESS, "Acme")(stage)

    await stage.accept(M("b", NEW, verdict="pass"))
    await stage.work()
    await stage.close()

    assert len(contacts(stage)) == 1
    assert contact_of(stage, 2) == "" and stage.client_of(2) == "Globex"


async def test_a_key_without_the_right_makes_a_ticket_without_a_contact(tmp_path: Path, migrated_file: Path) -> None:
    stage = await stage_for(tmp_path, migrated_file)
    rule = {"kind": "create_contact", "do": "answer", "status": 403, "body": "json", "commit": False}
    stage.simulator.faults.set([rule])

    await stage.accept(M("a", NEW, verdict="pass"))
    await stage.work()
    await stage.close()

    assert contacts(stage) == [] and contact_of(stage, 1) == ""


async def test_the_ticket_of_a_known_sender_takes_one_counted_call(tmp_path: Path, migrated_file: Path) -> None:
    """Another sender of the same domain was seen before: one call told about both."""
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    counts = []
    for key, sender in (("a", "alice@acme.example"), ("b", "bob@acme.example"), ("c", "stranger@acme.example")):
        before = stage.simulator.desk.counted()
        await stage.accept(M(key, sender))
        await stage.work()
        counts.append(stage.simulator.desk.counted() - before)
    await stage.close()

    assert counts == [2, 1, 1], counts


async def test_nobody_is_put_on_a_ticket_whom_the_desk_should_not_mail(tmp_path: Path, migrated_file: Path) -> None:
    """It mails contacts and watchers, inactive ones and our own mailboxes too."""
    rule = {"name": "r", "when": [{"field": "subject", "contains": "form"}], "contact": "sales@msp.example"}
    stage = Stage(tmp_path, migrated_file, {**settings_for(watch_cc=True, contacts="always"), "rule": [rule]})
    await stage.open()
    await contact("Sales", "sales@msp.example", "Acme")(stage)
    for mail in (
        M("ours", "Eve <eve@evil.example>", "form", verdict="pass"),
        M("inactive", "Greta <greta@acme.example>", "Hello", verdict="pass"),
        M(
            "watched",
            "Alice <alice@acme.example>",
            "Help",
            cc="greta@acme.example, bob@acme.example, sales@msp.example",
        ),
    ):
        await stage.accept(mail)
        await stage.work()
    watched = stage.ticket(3)["attributes"]["watch_list"]
    mailed = {mail.to for mail in stage.simulator.desk.mails}
    await stage.close()

    assert [contact_of(stage, number) for number in (1, 2, 3)] == ["", "", "alice@acme.example"]
    assert [watcher["email"] for watcher in watched] == ["bob@acme.example"]
    assert mailed == {"alice@acme.example", "bob@acme.example", "info@acme.example"}
