"""What a stranger can try: no effect on the victim's ticket, and a reason that an operator understands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.model.reasons import Reason
from tests.scenarios.play import fill
from tests.scenarios.scripts import ALICE, EVE, GIL, TESS, TOKEN, dsn
from tests.scenarios.stage import M, Stage, close, settings_for, token

VICTIM = M("victim", ALICE, "Salaries", message_id="<victim@acme.example>", cc="bob@acme.example")
ROOT = "<ticket-{1}@desk.example>"
FOOTER = "[ALGA-REPLY-TOKEN tok12345 ticketId={1} commentId={1} threadId={1}]"
HIDDEN = "<p>x</p><div data-alga-reply-token='tok12345' data-alga-ticket-id='{1}'></div>"

WAYS = {
    "In-Reply-To": {"reply": "victim"},
    "References": {"refs": ("victim",)},
    "References among many": {"refs": ("<x@y.example>", "victim", "<z@y.example>")},
    "both, with the victim's subject": {"reply": "victim", "refs": ("victim",), "subject": "Re: Salaries"},
    "the desk's root id": {"headers": {"References": ROOT, "In-Reply-To": ROOT}},
    "the desk's footer": {"text": FOOTER},
    "the desk's footer, quoted": {"text": "> " + FOOTER},
    "hidden attributes": {"html": HIDDEN},
    "the number in the subject": {"subject": "Re: [Ticket #TIC001001] Salaries"},
    "a guessed token": {"rcpt": "support+aaaaabbbbbcccccddddd@msp.example"},
    "a token of the wrong length": {"rcpt": "support+1@msp.example"},
    "a token with wildcards": {"rcpt": "support+%%%%%%%%%%%%%%%%%%%%@msp.example"},
    "a reused Message-ID": {"message_id": "<victim@acme.example>", "subject": "Salaries"},
    "the victim's id as ancestor of a late parent": {"message_id": "<victim@acme.example>", "reply": "victim"},
    "an automatic reply": {"reply": "victim", "headers": {"Auto-Submitted": "auto-replied"}},
    "a mailing list": {"reply": "victim", "client": "list"},
    "another help desk": {"reply": "victim", "client": "helpdesk"},
    "everything at once": {
        "reply": "victim", "refs": ("victim",), "text": FOOTER, "html": HIDDEN, "subject": "Re: [Ticket #TIC001001]",
    },
    "Sender and Reply-To of the victim": {"reply": "victim", "headers": {"Sender": ALICE, "Reply-To": ALICE}},
    "two From": {"reply": "victim", "headers": {"X-Original-From": ALICE}},
    "the victim in the display name": {"reply": "victim", "sender": '"alice@acme.example" <eve@evil.example>'},
}  # fmt: skip

WHO: dict[str, tuple[Any, ...]] = {
    "a stranger": (EVE, "unknown"),
    "a stranger with a pass": (EVE, "pass"),
    "the contact of another client": (GIL, "pass"),
    "somebody of another client's mapped domain": ("x@mapped.example", "pass"),
    "an inactive contact of the client": ("Greta <greta@acme.example>", "pass"),
    "a longer address that contains the victim's": ("xalice@acme.example", "pass"),
    "the victim's name with a failed verdict": (ALICE, "fail"),
    "a technician without a pass": (TESS, "none"),
    "the victim's name, of which the edge judged another": (ALICE, "pass", {"verdict_for": "eve@evil.example"}),
    "the same where it found nothing": (ALICE, "none", {"verdict_for": "eve@evil.example"}),
    "the same where it could not look": (ALICE, "unknown", {"verdict_for": "eve@evil.example"}),
    "a technician's name, of which the edge judged another": (TESS, "pass", {"verdict_for": "eve@evil.example"}),
    "nobody": ("", "unknown"),
}


async def attack(folder: Path, migrated: Path, mail: M, closed: bool = False) -> tuple[Stage, dict[str, Any], str]:
    """The victim's ticket, then the attack: the stage, the row of the attack, the victim's ticket before."""
    domains = [{"domain": "mapped.example", "client": "Globex"}]
    stage = Stage(folder, migrated, {**settings_for(closed="reopen"), "domain": domains})
    await stage.open()
    await stage.accept(VICTIM)
    await stage.work()
    if closed:
        await close(1)(stage)
    before = picture(stage)
    await stage.accept(fill(mail, stage))
    await stage.work()
    return stage, await stage.row(mail.key), before


def picture(stage: Stage) -> str:
    """Everything that anyone could see of the victim's ticket."""
    ticket_id = stage.order[0] if stage.order else ""
    return json.dumps(
        [
            stage.simulator.desk.tickets.get(ticket_id),
            stage.simulator.desk.comments.get(ticket_id),
            [document["document_id"] for document in stage.simulator.desk.documents.get(ticket_id, [])],
        ],
        sort_keys=True,
    )


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("way", WAYS)
async def test_no_effect_on_the_victims_ticket(way: str, who: str, tmp_path: Path, migrated_file: Path) -> None:
    sender, verdict, *edge = WHO[who]
    values: dict[str, Any] = {"sender": sender, "verdict": verdict, "edge": edge[0] if edge else {}, "files": {"evil.exe": b"MZ"}, **WAYS[way]}
    stage, row, before = await attack(tmp_path, migrated_file, M("attack", **values), closed=True)

    assert picture(stage) == before
    if row["stage"] == "QUARANTINED":
        assert Reason.named(row["reason"]).happened
        assert row["detail"]
    else:
        assert row["ticket_id"] != stage.order[0]
    await stage.close()


@pytest.mark.parametrize("who", ["eve@evil.example", "", "alice@evil.example"])
async def test_a_forged_bounce(who: str, tmp_path: Path, migrated_file: Path) -> None:
    stage, _, before = await attack(tmp_path, migrated_file, M("attack", "", raw=dsn("<victim@acme.example>", who)))

    assert picture(stage) == before
    await stage.close()


async def test_a_token_of_one_ticket_opens_no_other(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    for mail in (VICTIM, M("own", EVE, "Mine")):
        await stage.accept(mail)
        await stage.work()
    await token(2, TOKEN)(stage)
    before = picture(stage)

    await stage.accept(M("attack", EVE, reply="victim", rcpt=f"support+{TOKEN}@msp.example"))
    await stage.work()

    assert picture(stage) == before
    assert await stage.outcome("attack") == "comment 2"
    await stage.close()


async def test_ids_do_not_cross_desks(tmp_path: Path, migrated_file: Path) -> None:
    """The same id on another desk is unknown there."""
    data = settings_for()
    desk = data.pop("desk")
    data["desks"] = {"one": desk, "two": desk}
    data["mailbox"][0]["desk"] = "one"
    data["mailbox"][1]["desk"] = "two"
    stage = Stage(tmp_path, migrated_file, data)
    await stage.open()
    await stage.accept(VICTIM)
    await stage.work()
    before = picture(stage)

    await stage.accept(M("attack", ALICE, reply="victim", rcpt="sales@msp.example"))
    await stage.work()

    assert picture(stage) == before
    assert await stage.outcome("attack") == "ticket 2"
    await stage.close()


async def test_a_strangers_mail_teaches_nothing(tmp_path: Path, migrated_file: Path) -> None:
    """After a refused attack neither its ids nor its people lead to the ticket."""
    stage, _, before = await attack(
        tmp_path, migrated_file, M("attack", EVE, reply="victim", message_id="<evil@evil.example>", cc="eve2@evil.example")
    )
    for number, mail in enumerate(
        (
            M("again", EVE, reply="<evil@evil.example>"),
            M("cc", "eve2@evil.example", reply="victim"),
            M("plain", EVE, "Hello"),
        )
    ):
        await stage.accept(mail)
        await stage.work()
        assert picture(stage) == before, number

    await stage.accept(M("alice", ALICE, reply="<evil@evil.example>"))
    await stage.work()
    assert picture(stage) == before
    await stage.close()
