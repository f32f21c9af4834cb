"""What a stranger can try: no effect on the victim's ticket, and a reason that an operator understands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.config.smtp import SmtpSettings
from gateway.intake.maildata import MailData
from gateway.model.reasons import Reason
from gateway.smtp.verdict.verdict import Peer, Verdicts
from tests.scenarios.play import fill
from tests.scenarios.scripts import ALICE, EVE, GIL, TESS, TOKEN, dsn
from tests.scenarios.scripts_requesters import contact
from tests.scenarios.stage import M, Stage, close, settings_for, token
from tests.sizes import pairs
from tests.smtp.test_one_reading import TOPS, sign, verdict, zone

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
    "a longer address that contains the victim's": ("xalice@acme.example.evil.example", "pass"),
    "a colleague's name without a pass": ("xalice@acme.example", "none"),
    "a colleague's name that was disproven": ("xalice@acme.example", "fail"),
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


async def test_tickets_that_a_stranger_makes_up_cost_the_desk_little(tmp_path: Path, migrated_file: Path) -> None:
    text = "\n\n".join(FOOTER.replace("{1}", f"0e1f7b9e-0000-4000-8000-0000000000{n:02}") for n in range(20))
    stage, row, before = await attack(tmp_path, migrated_file, M("attack", EVE, text=text))
    asked = [call for call in stage.simulator.desk.calls if "0e1f7b9e" in call.path]

    assert len(asked) == 2 and row["outcome"] == "ticket" and picture(stage) == before
    await stage.close()


@pytest.mark.parametrize(("way", "who"), pairs(WAYS, list(WHO), short=3))
async def test_no_effect_on_the_victims_ticket(way: str, who: str, tmp_path: Path, migrated_file: Path) -> None:
    sender, verdict, *edge = WHO[who]
    values: dict[str, Any] = {
        "sender": sender,
        "verdict": verdict,
        "edge": edge[0] if edge else {},
        "files": {"evil.exe": b"MZ"},
        **WAYS[way],
    }
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


SQUATTER = M("squatter", EVE, "Hello", message_id="<victim@acme.example>")
WITH_THE_VICTIM = replace(SQUATTER, cc="alice@acme.example, bob@acme.example")
AGAIN = replace(WITH_THE_VICTIM, key="again", text="Once more, with other words.")
ON_HERS = ("DONE", "victim")
TO_HER = {"to": "alice@acme.example", "cc": "support@msp.example", "rcpt": "support@msp.example"}
SQUATTED = {
    "the victim goes on": ((SQUATTER, VICTIM), M("reply", ALICE, reply="victim"), ON_HERS),
    "her colleague answers her": ((SQUATTER, VICTIM), M("reply", "bob@acme.example", reply="victim"), ON_HERS),
    "by References alone": ((SQUATTER, VICTIM), M("reply", ALICE, refs=("victim",)), ON_HERS),
    "the squatter names her in Cc": ((WITH_THE_VICTIM, VICTIM), M("reply", ALICE, reply="victim"), ON_HERS),
    "names her again, later": ((SQUATTER, VICTIM, AGAIN), M("reply", ALICE, reply="victim"), ON_HERS),
    "comes later alone": ((VICTIM, AGAIN), M("reply", ALICE, reply="victim"), ON_HERS),
    "comes later, time and again": (
        (VICTIM, AGAIN, replace(AGAIN, key="third", text="A third mail.")), M("reply", ALICE, reply="victim"), ON_HERS,
    ),
    "the squatter goes on": ((SQUATTER, VICTIM), M("reply", EVE, reply="victim"), ("DONE", "squatter")),
    "somebody of another client": ((SQUATTER, VICTIM), M("reply", GIL, reply="victim"), ("QUARANTINED", "")),
    "the victim's name, disproven": (
        (SQUATTER, VICTIM), M("reply", ALICE, reply="victim", verdict="fail"), ("QUARANTINED", ""),
    ),
    "nothing of hers came": ((SQUATTER,), M("reply", ALICE, reply="squatter"), ("QUARANTINED", "")),
    "nothing of hers came, and she is named in Cc": ((WITH_THE_VICTIM,), M("reply", ALICE, reply="squatter"), ("DONE", "reply")),
    "the same by a contact of another client": (
        (replace(WITH_THE_VICTIM, sender=GIL),), M("reply", ALICE, refs=("squatter",), cc="bob@acme.example"), ("DONE", "reply"),
    ),
    "she answers the one who named her, too": (
        (WITH_THE_VICTIM,), M("reply", ALICE, reply="squatter", cc="eve@evil.example"), ("DONE", "squatter"),
    ),
    "the squatter is there twice before her": (
        (SQUATTER, replace(AGAIN, after=60), replace(VICTIM, after=60)), M("reply", ALICE, reply="victim"), ON_HERS,
    ),
    "a technician answers her": (
        (SQUATTER, VICTIM), M("reply", TESS, reply="victim", verdict="pass", **TO_HER), ON_HERS,
    ),
    "a technician answers her, whom the squatter names": (
        (WITH_THE_VICTIM, VICTIM), M("reply", TESS, reply="victim", verdict="pass", **TO_HER), ON_HERS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SQUATTED)
async def test_a_squatted_message_id(name: str, tmp_path: Path, migrated_file: Path) -> None:
    """Somebody sends a mail with the Message-ID of the victim's, before or after hers: answers stay hers."""
    earlier, answer, (stage_of_it, whose) = SQUATTED[name]
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    for mail in earlier:
        await stage.accept(mail)
        await stage.work()

    await stage.accept(answer)
    await stage.work()
    row = await stage.row("reply")

    assert row["stage"] == stage_of_it
    assert (row["ticket_id"] or "") == ((await stage.row(whose))["ticket_id"] if whose else "")
    await stage.close()


async def test_a_squatter_does_not_read_what_a_technician_answers_her(tmp_path: Path, migrated_file: Path) -> None:
    """Her mail never came here, so the answer to it is known by the squatter's: it is for technicians there."""
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    for mail in (WITH_THE_VICTIM, M("reply", TESS, reply="squatter", verdict="pass", **TO_HER)):
        await stage.accept(mail)
        await stage.work()

    assert await stage.outcome("reply") == "internal 1"
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
        tmp_path,
        migrated_file,
        M("attack", EVE, reply="victim", message_id="<evil@evil.example>", cc="eve2@evil.example"),
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


# -- what two readers read differently ----------------------------------------------------------------

FROMS = {
    "a comment within the address": "<alice@acme.example(x)@evil.example>",
    "a comment behind the address": "alice@acme.example (x <eve@evil.example>)",
    "an address before the address": "alice@acme.example <eve@evil.example>",
    "an address in angles in the name": '"Alice <alice@acme.example>" <eve@evil.example>',
    "two mailboxes": "Alice <alice@acme.example>, <eve@evil.example>",
    "a group": "alice@acme.example: eve@evil.example;",
    "a route": "<@evil.example:alice@acme.example>",
    "a quoted local part": '"alice@acme.example"@evil.example',
    "an encoded address": "=?utf-8?q?alice=40acme.example?=",
    "an encoded local part": "=?utf-8?q?alice?=@acme.example",
    "an encoded name that holds an address": "=?utf-8?q?Alice_=3Calice=40acme.example=3E_?= <eve@evil.example>",
    "letters that become the victim's": "alice@acm\u212a.example",
    "a full stop of another width": "alice@acme\uff0eexample",
    "a second From": "eve@evil.example\r\nFrom: alice@acme.example",
    "a second From behind a bare CR": "eve@evil.example\rFrom: alice@acme.example",
    "a second From behind a bare LF": "eve@evil.example\nFrom: alice@acme.example",
    "a From of no address, Reply-To of the victim": "nobody\r\nReply-To: alice@acme.example\r\nSender: alice@acme.example",
    "no From, Sender of the victim": "\r\nSender: alice@acme.example\r\nReply-To: alice@acme.example",
}
ANSWER = b"In-Reply-To: <victim@acme.example>\r\nReferences: <victim@acme.example>\r\nSubject: Re: Salaries\r\n\r\nPay Eve.\r\n"


async def judged(raw: bytes, folder: Path) -> dict[str, Any]:
    """What the edge says of a mail behind a relay that honestly judged evil.example."""
    mail = MailData(folder, 1 << 20)
    mail.add(b"Authentication-Results: mx; dmarc=pass (p=reject) header.from=evil.example\r\n" + raw)
    verdicts = Verdicts(SmtpSettings(authserv_ids=("mx",), relays=("192.0.2.0/24",)), ["msp.example"])
    found = await verdicts.judge(Peer("192.0.2.1", mail_from="eve@evil.example", is_relay=True), mail)
    return {"verdict": found.verdict, "edge": {"verdict_for": found.sender}}


@pytest.mark.parametrize("mode", ["no verdicts", "verdicts"])
@pytest.mark.parametrize("form", FROMS)
async def test_a_from_with_two_readings_is_not_the_victim(
    form: str, mode: str, tmp_path: Path, migrated_file: Path
) -> None:
    """Neither on the victim's ticket nor as the victim's own."""
    raw = b"From: " + FROMS[form].encode() + b"\r\nTo: support@msp.example\r\nMessage-ID: <e@evil.example>\r\n" + ANSWER
    said = await judged(raw, tmp_path) if mode == "verdicts" else {}
    stage, row, before = await attack(
        tmp_path, migrated_file, M("attack", raw=raw, mail_from="eve@evil.example", **said)
    )

    assert picture(stage) == before
    assert row["ticket_id"] != stage.order[0]
    await stage.accept(
        M("new", raw=raw.replace(ANSWER, b"Subject: new\r\n\r\nPay Eve.\r\n"), mail_from="eve@evil.example", **said)
    )
    await stage.work()
    assert picture(stage) == before
    victims = [
        c["contact_name_id"] for c in stage.simulator.desk.contacts.values() if c["email"] == "alice@acme.example"
    ]
    for ticket_id in stage.order[1:]:
        assert stage.simulator.desk.tickets[ticket_id]["contact_name_id"] not in victims
        assert (
            stage.simulator.desk.tickets[ticket_id]["client_id"]
            != stage.simulator.desk.tickets[stage.order[0]]["client_id"]
        )
    await stage.close()


@pytest.mark.parametrize("top", TOPS)
async def test_a_genuine_mail_with_something_on_top_does_nothing(top: str, tmp_path: Path, migrated_file: Path) -> None:
    """Somebody has a signed mail of the victim, and sends it again with another thread, subject or recipient."""
    letter = b"From: alice@acme.example\r\nTo: support@msp.example\r\nSubject: Hello\r\nDate: Sun, 22 Nov 2026 08:30:00 +0100\r\n\r\nYes.\r\n"
    names = zone()
    thread = b"In-Reply-To: <victim@acme.example>\r\nReferences: <victim@acme.example>\r\n"
    raw = TOPS[top] + thread + sign(letter, [b"from", b"to", b"subject", b"date"])
    found, _ = await verdict(raw, tmp_path, names)
    assert found == "fail"
    stage, row, before = await attack(tmp_path, migrated_file, M("attack", raw=raw, verdict=found))

    assert picture(stage) == before
    assert row["ticket_id"] != stage.order[0]
    await stage.close()


@pytest.mark.parametrize(
    "line",
    [
        '"Archer, Alice (Acme)" <alice@acme.example>', "=?utf-8?q?Al=C3=AFce=2C_A?= <alice@acme.example>", "Älice <alice@acme.example>",
        "Alice\r\n <alice@acme.example>", "ALICE <Alice@ACME.Example>", "alice@acme.example",
    ],
)  # fmt: skip
async def test_the_victim_herself_may_answer(line: str, tmp_path: Path, migrated_file: Path) -> None:
    raw = b"From: " + line.encode() + b"\r\nTo: support@msp.example\r\nMessage-ID: <a@acme.example>\r\n" + ANSWER
    stage, row, before = await attack(tmp_path, migrated_file, M("attack", raw=raw, mail_from="alice@acme.example"))

    assert row["ticket_id"] == stage.order[0]
    assert picture(stage) != before
    await stage.close()


@pytest.mark.parametrize("kept", ["ida@xn--mller-kva.example", "ida@müller.example"])
async def test_a_customer_with_an_international_domain(kept: str, tmp_path: Path, migrated_file: Path) -> None:
    """However the desk keeps it and however the mail writes it."""
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    await contact("Ida", kept, "Globex")(stage)
    for number, line in enumerate(
        ("Ida <ida@müller.example>", "Ida <IDA@MÜLLER.example>", "Ida <ida@xn--mller-kva.example>")
    ):
        raw = f"From: {line}\r\nTo: support@msp.example\r\nMessage-ID: <{number}@x.example>\r\nSubject: {number}\r\n\r\nx\r\n".encode()
        await stage.accept(M(str(number), raw=raw, mail_from="ida@xn--mller-kva.example"))
        await stage.work()
        assert stage.client_of(number + 1) == "Globex", line
    await stage.close()
