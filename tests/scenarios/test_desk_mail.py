"""What becomes of the desk's own mail that comes back, of replies to it, and of reports that it did not arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.simulator.notification import Notification, message
from gateway.store import mapping
from tests.desk_mail import as_sent, attached, bounced, journaled, replies, through_a_list, variants, wrapped
from tests.scenarios.scripts import ALICE, BOB, EVE, TESS
from tests.scenarios.stage import M, Stage, settings_for
from tests.sizes import size

DESK = "MSP Support <support@msp.example>"


@asynccontextmanager
async def staged(folder: Path, migrated: Path, **desk: Any) -> AsyncIterator[Stage]:
    """A stage with a ticket of Alice's."""
    data = settings_for()
    stage = Stage(folder, migrated, {**data, "desk": {**data["desk"], **desk}})
    await stage.open()
    await became(stage, M("first", ALICE, "Printer"))
    yield stage
    await stage.close()


async def became(stage: Stage, mail: M) -> str:
    await stage.accept(mail)
    await stage.work()
    return await stage.outcome(mail.key)


MANY = size(80, 208)  # notifications: in the short form, too, each kind in each language


def raw(name: str, mail: bytes, sender: str = DESK, verdict: str = "unknown") -> M:
    return M(name, sender, raw=mail, to="support@msp.example", verdict=verdict)


async def test_notifications_do_nothing(tmp_path: Path, migrated_file: Path) -> None:
    async with staged(tmp_path, migrated_file) as stage:
        calls = len(stage.simulator.desk.calls)
        sent = dict(variants(stage.order[0], MANY))
        found = {name: await became(stage, raw(name, mail)) for name, mail in sent.items()}

        assert {
            name: outcome for name, outcome in found.items() if outcome not in ("suppress own", "suppress duplicate-of")
        } == {}
        assert len(found) == MANY
        assert [call.method for call in stage.simulator.desk.calls[calls:] if call.method != "GET"] == []
        assert (len(stage.order), stage.comments(1)) == (1, [])


async def test_mail_of_another_desk_of_the_same_make_is_a_ticket(tmp_path: Path, migrated_file: Path) -> None:
    """A partner who has the same desk: its mail has the same marks, and is about a ticket that ours does not have."""
    async with staged(tmp_path, migrated_file) as stage:
        theirs = Notification(
            "0e1f7b9e-0000-4000-8000-00000000beef", number="TIC004711", subject="Your firewall", kind=1
        )
        mails = [
            as_sent(replace(theirs, count=count)).replace(b"@msp.example", b"@partner.example") for count in (1, 2)
        ]
        found = [
            await became(stage, raw(f"theirs {count}", mail, "desk@partner.example", "pass"))
            for count, mail in enumerate(mails)
        ]

        assert found == ["ticket 2", "internal 2"]
        assert "Your firewall" in stage.ticket(2)["title"] and stage.client_of(2) == "Unknown Senders"
        assert "ALGA-" not in str(stage.ticket(2)) and stage.comments(1) == []


async def test_replies_to_them_are_comments(tmp_path: Path, migrated_file: Path) -> None:
    """In the short form in each shape once, the languages take turns."""
    async with staged(tmp_path, migrated_file) as stage:
        answers = [*replies(stage.order[0])][:: size(5, 1)]
        found = {name: await became(stage, raw(name, mail, ALICE)) for name, mail in answers}

        assert {name: outcome for name, outcome in found.items() if outcome != "comment 1"} == {}
        assert len(found) == len(stage.comments(1)) == size(12, 60)
        assert not any("ALGA-" in comment["note"] for comment in stage.comments(1))


@pytest.mark.parametrize(
    "subject", ["Re: [Ticket #TIC001001] Other matter", "FW: [ticket  #tic001001]", "[Ticket #TIC001001"]
)
async def test_an_answer_by_its_subject_alone_comes_to_its_own_ticket(
    subject: str, tmp_path: Path, migrated_file: Path
) -> None:
    """The desk puts a ticket's number before its mails only where none stands in the title."""
    async with staged(tmp_path, migrated_file) as stage:
        assert await became(stage, M("unproven", ALICE, subject)) == "ticket 2"
        ticket = stage.ticket(2)
        sent = Notification(stage.order[1], number=ticket["ticket_number"], subject=ticket["title"], kind=0)

        answer = M("answer", ALICE, f"Re: {sent.title}", verdict="pass")
        assert await became(stage, answer) == "comment 2"


COPIES = {
    "in Bcc": (as_sent, {}, {}, "comment 1"),
    "in Bcc, proven": (as_sent, {}, {"verdict": "pass"}, "comment 1"),
    "in a journal": (journaled, {}, {}, "comment 1"),
    "attached": (attached, {}, {}, "comment 1"),
    "disproven": (as_sent, {}, {"verdict": "fail"}, "ticket 2"),
    "without a pass, where others have one": (as_sent, {}, {"verdict": "none"}, "ticket 2"),
    "through a list, which anybody can name": (through_a_list, {}, {}, "ticket 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", COPIES)
async def test_a_copy_teaches_its_id(case: str, tmp_path: Path, migrated_file: Path) -> None:
    """A reply that has In-Reply-To and nothing else lands, from people of the ticket."""
    way, desk, edge, expected = COPIES[case]
    async with staged(tmp_path, migrated_file, **desk) as stage:
        sent = Notification(stage.order[0])
        assert await became(stage, raw("copy", way(sent), **edge)) == "suppress own"

        assert await became(stage, M("reply", BOB, "Re: Printer", reply=sent.id, text="It works.")) == expected


async def test_without_the_copy_nobody_knows_the_id(tmp_path: Path, migrated_file: Path) -> None:
    async with staged(tmp_path, migrated_file) as stage:
        assert await became(stage, M("reply", BOB, "Re: Printer", reply=Notification(stage.order[0]).id)) == "ticket 2"


async def test_the_desks_own_sender_is_configured(tmp_path: Path, migrated_file: Path) -> None:
    async with staged(tmp_path, migrated_file, **{"from": ["notify@desk.example"]}) as stage:
        sent = Notification(stage.order[0], sender="Desk <Notify@desk.example>")
        assert await became(stage, raw("copy", as_sent(sent), "notify@desk.example")) == "suppress own"
        assert await became(stage, M("reply", BOB, "Re: Printer", reply=sent.id)) == "comment 1"
        unmarked = M("auto", "notify@desk.example", "Your weekly report", headers={"Auto-Submitted": "auto-generated"})
        assert await became(stage, unmarked) == "suppress own"
        assert await became(stage, M("person", "notify@desk.example", "From a person")) == "ticket 2"


async def test_a_forged_copy_takes_no_id_away(tmp_path: Path, migrated_file: Path) -> None:
    """Somebody of another ticket sends a notification of it under the id of Alice's mail."""
    async with staged(tmp_path, migrated_file) as stage:
        assert await became(stage, M("other", EVE, "Mine")) == "ticket 2"
        first = str(stage.sent["first"]["Message-ID"])
        forged = as_sent(Notification(stage.order[1])).replace(Notification(stage.order[1]).id.encode(), first.encode())
        await became(stage, raw("forged", forged))

        assert await became(stage, M("reply", BOB, reply="first")) == "comment 1"


async def test_its_ids_lead_to_no_other_ticket(tmp_path: Path, migrated_file: Path) -> None:
    """A stranger shows the notification of Alice's ticket in a mail of his own."""
    async with staged(tmp_path, migrated_file) as stage:
        sent = Notification(stage.order[0])
        shown = wrapped(sent, "What is this?", "I got this.")
        shown.replace_header("From", EVE)
        shown.add_attachment(message(sent))
        assert await became(stage, raw("shown", shown.as_bytes(), EVE)) == "ticket 2"

        assert await became(stage, M("eve", EVE, "Re: x", reply=sent.id)) == "ticket 3"
        assert await became(stage, M("alice", ALICE, "Re: x", refs=(sent.root, sent.id))) == "comment 1"


async def test_a_technicians_forward_teaches_nothing_of_it(tmp_path: Path, migrated_file: Path) -> None:
    async with staged(tmp_path, migrated_file) as stage:
        sent = Notification("5d0c53a1-6a5f-4c0e-9d0e-0a1b2c3d4e5f")
        shown = wrapped(sent, "FW: question", "Please look at this.")
        shown.replace_header("From", TESS)
        shown.add_attachment(message(sent))
        assert await became(stage, raw("shown", shown.as_bytes(), TESS, "pass")) == "ticket 2"

        ids = await stage.store.read(
            lambda c: mapping.lookup(c, "default", [sent.root.strip("<>"), sent.id.strip("<>")])
        )
        assert ids == []


@pytest.mark.parametrize("headers_only", [False, True])
async def test_a_report_about_it_is_a_comment_on_its_ticket(
    headers_only: bool, tmp_path: Path, migrated_file: Path
) -> None:
    async with staged(tmp_path, migrated_file) as stage:
        report = bounced(Notification(stage.order[0]), "alice@acme.example", headers_only)

        assert await became(stage, raw("report", report, "")) == "internal 1"
        assert "5.1.1" in stage.comments(1)[0]["note"]


async def test_by_its_number_alone(tmp_path: Path, migrated_file: Path) -> None:
    async with staged(tmp_path, migrated_file) as stage:
        number = stage.ticket(1)["ticket_number"]
        report = bounced(
            Notification("5d0c53a1-6a5f-4c0e-9d0e-0a1b2c3d4e5f", number=number), "alice@acme.example", headers_only=True
        )
        report = b"\n".join(
            line for line in report.split(b"\n") if not line.startswith((b"References", b"In-Reply-To"))
        )

        assert await became(stage, raw("report", report, "")) == "internal 1"


@pytest.mark.parametrize("who", ["eve@evil.example", "gil@globex.example", "greta@acme.example", "tess@msp.example"])
async def test_a_report_about_somebody_else_is_nothing(who: str, tmp_path: Path, migrated_file: Path) -> None:
    async with staged(tmp_path, migrated_file) as stage:
        assert await became(stage, raw("report", bounced(Notification(stage.order[0]), who), "")) == "suppress bounce"
        assert stage.comments(1) == []
