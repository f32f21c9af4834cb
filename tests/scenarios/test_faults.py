"""What the desk fails on for good, while the rest of the mail is finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from gateway.store import effects
from gateway.store.schema import raw
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import M, Stage, close, settings_for


async def states(stage: Stage, key: str) -> dict[str, str]:
    row = await stage.row(key)
    done = await stage.store.read(lambda c: effects.of(c, row["id"], row["generation"]))
    return {effect.kind: str(effect.state) for effect in done}


async def test_a_file_that_the_desk_fails_on_is_named(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    stage.simulator.faults.set([{"kind": "document", "do": "answer", "status": 500}])

    await stage.accept(M("a", ALICE, files={"big.bin": b"x"}))
    await stage.work()

    assert await states(stage, "a") == {"ticket": "DONE", "document": "REFUSED", "missing": "DONE"}
    (note,) = stage.comments(1)
    assert note["is_internal"]
    assert "big.bin" in note["note"]
    await stage.close()


async def test_a_status_that_cannot_be_set_ends(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file, settings_for(closed="reopen"))
    await stage.open()
    await stage.accept(M("a", ALICE))
    await stage.work()
    await close(1)(stage)
    stage.simulator.faults.set([{"kind": "status", "do": "answer", "status": 500}])

    await stage.accept(M("b", ALICE, reply="a"))
    await stage.work()

    assert await states(stage, "b") == {"comment": "DONE", "reopen": "SKIPPED", "still_closed": "DONE"}
    await stage.close()


@pytest.mark.parametrize("kind", ["update_ticket", "read_ticket"])
async def test_pictures_that_cannot_be_placed_stay_files(tmp_path: Path, migrated_file: Path, kind: str) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    stage.simulator.faults.set([{"kind": kind, "do": "answer", "status": 500}])

    await stage.accept(M("a", ALICE, raw=picture()))
    await stage.work()

    assert await states(stage, "a") == {
        "ticket": "DONE",
        "document": "DONE",
        "pictures": "SKIPPED",
        "missing": "SKIPPED",
    }
    assert "[picture: p.png]" in stage.ticket(1)["attributes"]["description"]
    await stage.close()


async def test_a_description_that_someone_changed_stays_theirs(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    desk = stage.directories["default"].desk
    upload = desk.upload

    async def edited(ticket_id: str, *arguments: Any) -> Any:
        ticket = stage.simulator.desk.tickets[ticket_id]
        ticket["attributes"] = {**ticket["attributes"], "description": "a technician's words"}
        return await upload(ticket_id, *arguments)

    desk.upload = edited  # type: ignore[method-assign]
    await stage.accept(M("a", ALICE, raw=picture()))
    await stage.work()

    assert (await states(stage, "a"))["pictures"] == "SKIPPED"
    assert stage.ticket(1)["attributes"]["description"] == "a technician's words"
    await stage.close()


async def test_a_mail_that_is_not_what_was_accepted_is_quarantined(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    await stage.accept(M("a", ALICE))
    await stage.store.write(lambda c: c.execute(update(raw).values(data=raw.c.data + b"?")))

    await stage.work()

    assert await stage.outcome("a") == "quarantine damaged"
    assert stage.simulator.desk.tickets == {}
    await stage.close()


def picture() -> bytes:
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = (
        ALICE,
        "support@msp.example",
        "Picture",
        "<p@acme.example>",
    )
    message.set_content("see")
    message.add_alternative("<p>before</p><img src='cid:p@x'><p>after</p>", subtype="html")
    message.get_payload()[1].add_related(b"\x89PNG123", "image", "png", cid="<p@x>", filename="p.png")  # type: ignore[index, union-attr]
    return message.as_bytes()


async def test_an_original_whose_answer_was_lost_is_not_uploaded_twice(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file, settings_for(attach_original=True))
    await stage.open()
    stage.simulator.faults.set(
        [{"kind": "document", "do": "answer", "status": 502, "body": "html", "commit": True, "times": 1}]
    )

    await stage.accept(M("a", ALICE))
    await stage.work()

    assert (await states(stage, "a"))["document"] == "DONE"
    (documents,) = stage.simulator.desk.documents.values()
    assert [document["document_name"] for document in documents] == ["original.eml"]
    await stage.close()
