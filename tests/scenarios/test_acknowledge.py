"""Senders are told what became of their mail where the desk is silent: once, in their thread, and never a machine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.config.load import parse
from gateway.config.settings import ConfigError
from gateway.config.smarthost import SmarthostSettings
from gateway.desk.catalog import UnknownName
from gateway.model.effects import AcknowledgeBody
from gateway.operate.story import Story, tell
from gateway.store import deliveries
from gateway.store.schema import delivery, letter
from gateway.templates import Templates
from gateway.upkeep.away import Away
from gateway.upkeep.desk_states import DeskStates
from gateway.work.acknowledging import Acknowledger
from gateway.work.parser import ParserBusy
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import SUPPORT, Act, M, Stage, close, settings_for
from tests.sizes import size

STRANGER = "Nina New <nina@newco.example>"
DAY = 86400.0
ALL = ["stranger", "held", "away", "files", "new-ticket"]
MZ = b"MZ\x90\x00" + b"\0" * 200
PROVEN = {"verdict": "pass"}


def settings(occasions: list[str] | None = None, **more: Any) -> dict[str, Any]:
    data = settings_for(acknowledge=ALL if occasions is None else occasions, closed="new_linked")
    smarthost = {"host": "127.0.0.1:9", "from": "no-reply@msp.example"}
    return {**data, "smarthost": smarthost, "guard": {"tickets_per_hour": 0, "comments_per_hour": 0}, **more}


Opened = Callable[..., Awaitable[Stage]]


@pytest.fixture
async def opened(tmp_path: Path, migrated_file: Path) -> Any:
    stages = []

    async def make(**more: Any) -> Stage:
        stage = Stage(tmp_path, migrated_file, settings(**more))
        stages.append(stage)
        await stage.open()
        return stage

    yield make
    for stage in stages:
        await stage.close()


@dataclass(frozen=True)
class Told:
    recipient: str
    envelope: str
    mail: EmailMessage

    @property
    def text(self) -> str:
        return " ".join(self.mail.get_content().split())


async def told(stage: Stage) -> list[Told]:
    rows = await stage.store.read(lambda c: c.execute(select(letter).order_by(letter.c.id)).mappings().all())
    return [
        Told(row["recipient"], row["sender"], message_from_bytes(row["message"], policy=policy.default)) for row in rows
    ]  # type: ignore[arg-type]


async def sent(stage: Stage, *mails: M) -> None:
    for mail in mails:
        await stage.accept(mail)
        await stage.work()


async def test_a_stranger_is_told_the_ticket_in_their_thread(opened: Opened) -> None:
    stage = await opened()
    await sent(stage, M("a", STRANGER, "Printer broken", **PROVEN))

    (acknowledgement,) = await told(stage)
    mail = acknowledgement.mail
    assert (acknowledgement.recipient, acknowledgement.envelope) == ("nina@newco.example", "")
    assert mail["From"] == f'"{SUPPORT}" <no-reply@msp.example>' and mail["Reply-To"] == SUPPORT
    assert mail["Subject"] == "Re: Printer broken" and mail["To"] == "nina@newco.example"
    assert mail["In-Reply-To"] == mail["References"] == stage.id_of("a")
    assert mail["Auto-Submitted"] == "auto-replied"
    assert f"is ticket {stage.ticket(1)['ticket_number']}" in acknowledgement.text


async def test_a_reply_to_what_they_were_told_lands_in_the_ticket_and_is_not_answered(opened: Opened) -> None:
    stage = await opened()
    await sent(stage, M("a", STRANGER, "Printer broken", **PROVEN))
    (first,) = await told(stage)
    stage.now += 2 * DAY
    await sent(stage, M("b", STRANGER, "Re: Printer broken", reply=str(first.mail["Message-ID"]), **PROVEN))

    assert await stage.outcome("b") == "comment 1" and len(await told(stage)) == 1


async def test_one_person_is_told_once_a_day(opened: Opened) -> None:
    stage = await opened()
    await sent(stage, M("a", STRANGER, "One thing", **PROVEN), M("b", STRANGER, "Another", **PROVEN))
    assert len(await told(stage)) == 1
    stage.now += DAY - 60
    await sent(stage, M("c", STRANGER, "A third", **PROVEN))
    assert len(await told(stage)) == 1
    stage.now += 3600
    await sent(stage, M("d", STRANGER, "A fourth", **PROVEN))
    assert len(await told(stage)) == 2


OCCASIONS: list[tuple[str, list[M | Act], str]] = [
    (
        "held",
        [M("a", ALICE, "Order"), M("b", STRANGER, "Re: Order", reply="a", **PROVEN)],
        "Somebody has to look at it before it becomes a ticket",
    ),
    (
        "files",
        [M("a", ALICE, "Tool", files={"setup.exe": MZ, "log.txt": b"all well"}, **PROVEN)],
        "For security reasons we have not accepted this file: setup.exe If we need it",
    ),
    (
        "new-ticket",
        [M("a", ALICE, "Order", **PROVEN), close(1, ago=90 * DAY), M("b", ALICE, "Re: Order", reply="a", **PROVEN)],
        "The ticket that it belongs to is closed, so we have opened a new one: TIC",
    ),
]


@pytest.mark.parametrize(("occasion", "script", "words"), OCCASIONS, ids=[row[0] for row in OCCASIONS])
async def test_each_occasion(opened: Opened, occasion: str, script: list[M | Act], words: str) -> None:
    stage = await opened()
    for step in script:
        if isinstance(step, M):
            await sent(stage, step)
        else:
            await step(stage)

    (acknowledgement,) = await told(stage)
    assert words in acknowledgement.text


REFUSED = [
    ("create_ticket", {"status": 400}, M("a", ALICE, "Order", **PROVEN), 1),
    ("create_ticket", {"status": 403}, M("a", ALICE, "Order", **PROVEN), 1),
    ("create_ticket", {"status": 400}, M("a", ALICE, "Order", verdict="none"), 0),
    ("create_ticket", {"status": 400}, M("a", ALICE, "Order", headers={"Auto-Submitted": "auto-replied"}, **PROVEN), 0),
    ("document", {"status": 400}, M("a", ALICE, "Order", files={"log.txt": b"all well"}, **PROVEN), 0),  # its words are there
    ("create_ticket", {"status": 400}, M("a", "Nagios <nagios@acme.example>", "** PROBLEM Host Alert: web01 is DOWN **", **PROVEN), 0),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0]} {case[1]} {case[2].subject} {case[3]}")
async def test_what_the_desk_refuses_is_told_as_held(opened: Opened, case: tuple[str, dict[str, Any], M, int]) -> None:
    kind, answer, mail, expected = case
    stage = await opened(notice=({"profile": "nagios", "senders": ["nagios@acme.example"]},))
    stage.simulator.faults.set([{"kind": kind, "do": "answer", **answer}])
    await sent(stage, mail)

    acknowledgements = await told(stage)
    assert len(acknowledgements) == expected
    for acknowledgement in acknowledgements:
        assert (await stage.row("a"))["stage"] == "QUARANTINED"
        assert "Somebody has to look at it before it becomes a ticket" in acknowledgement.text


@pytest.mark.parametrize("occasion", ALL)
async def test_nobody_is_told_on_what_the_mailbox_does_not_name(opened: Opened, occasion: str) -> None:
    stage = await opened(occasions=[name for name in ALL if name != occasion])
    mails = {
        "stranger": M("a", STRANGER, "Hello", **PROVEN),
        "held": M("a", STRANGER, "Re: x", reply="known", **PROVEN),
        "files": M("a", ALICE, "Tool", files={"setup.exe": MZ}, **PROVEN),
        "new-ticket": M("a", ALICE, "Re: Order", reply="known", **PROVEN),
        "away": M("a", ALICE, "Order", **PROVEN),
    }
    if occasion in ("held", "new-ticket"):
        await sent(stage, M("known", ALICE, "Order"))
    if occasion == "new-ticket":
        await close(1, ago=90 * DAY)(stage)
    await sent(stage, mails[occasion])
    assert await told(stage) == []


async def test_a_customer_whom_the_desk_tells_itself_is_not_told_twice(opened: Opened) -> None:
    stage = await opened()
    await sent(stage, M("a", ALICE, "Order", **PROVEN), M("b", ALICE, "Re: Order", reply="a", **PROVEN))
    assert await told(stage) == []


SILENT: list[tuple[str, dict[str, Any]]] = [
    ("nothing proves the sender", {"verdict": "none"}),
    ("the sender is disproven", {"verdict": "fail"}),
    ("null sender", {"mail_from": ""}),
    ("another envelope sender", {"mail_from": "list-bounces@newco.example"}),
    ("bounce address", {"mail_from": "bounces+12-ab@newco.example", "sender": "bounces+12-ab@newco.example"}),
    ("no-reply", {"sender": "no-reply@newco.example"}),
    ("donotreply with a tag", {"sender": "DoNotReply+7@newco.example"}),
    ("postmaster", {"sender": "postmaster@newco.example"}),
    ("owner of a list", {"sender": "owner-staff@newco.example"}),
    ("request address", {"sender": "staff-request@newco.example"}),
    ("auto-replied", {"headers": {"Auto-Submitted": "auto-replied"}}),
    ("auto-generated", {"headers": {"Auto-Submitted": "auto-generated; owner-email=a@b.example"}}),
    ("auto-notified", {"headers": {"Auto-Submitted": "auto-notified"}}),
    ("precedence bulk", {"headers": {"Precedence": "bulk"}}),
    ("precedence junk", {"headers": {"Precedence": "JUNK"}}),
    ("precedence list", {"headers": {"Precedence": "list"}}),
    ("list header", {"headers": {"List-Id": "<staff.newco.example>"}}),
    ("only a way to unsubscribe", {"headers": {"List-Unsubscribe": "<https://newco.example/u>"}}),
    ("feedback id", {"headers": {"Feedback-ID": "1:2:3:x"}}),
    ("asks that nobody answers", {"headers": {"X-Auto-Response-Suppress": "OOF, AutoReply"}}),
    ("asks that nobody answers at all", {"headers": {"X-Auto-Response-Suppress": "All"}}),
    ("a loop's mark", {"headers": {"X-Loop": "support"}}),
    ("blind copy", {"to": "somebody@newco.example", "rcpt": SUPPORT}),
    ("spam by the relay's word", {"edge": {"spam": "yes"}}),
    ("written long ago", {"headers": {"Date": "Fri, 03 Apr 2020 10:00:00 +0000"}}),
    ("answers a mail of the gateway", {"refs": [f"<{'a1' * 16}@msp.example>"]}),
    (
        "out of office",
        {"subject": "Automatic reply: away", "headers": {"X-Autoreply": "yes", "Auto-Submitted": "auto-replied"}},
    ),
]


@pytest.mark.parametrize("case", SILENT, ids=[case[0] for case in SILENT])
async def test_silence(opened: Opened, case: tuple[str, dict[str, Any]]) -> None:
    stage = await opened()
    await sent(stage, M("a", **{"sender": STRANGER, "subject": "Hello", **PROVEN, **case[1]}))
    assert await told(stage) == []


async def test_a_robots_address_is_not_told_in_any_language(opened: Opened) -> None:
    stage = await opened()
    robots = ("nicht-antworten", "ne-pas-repondre", "no-responder", "non-rispondere", "alerts", "cron", "auto-confirm", "bot")
    for number, name in enumerate(robots):
        await sent(stage, M(name, f"{name}@robots{number}.example", f"Matter {number}", **PROVEN))
    assert await told(stage) == []
    await sent(stage, M("a", "boris.alertson@robots.example", "A person", **PROVEN))
    assert len(await told(stage)) == 1


async def test_the_address_of_a_form_is_not_told(opened: Opened) -> None:
    """Not even where the form's own address is proven: somebody else filled it in."""
    stage = await opened(mailbox=settings_for(acknowledge=ALL, reply_to=["form@shop.example"])["mailbox"])
    await sent(
        stage, M("a", "Shop <form@shop.example>", "Contact", headers={"Reply-To": "nina@newco.example"}, **PROVEN)
    )
    assert await told(stage) == []


async def test_what_comes_back_of_it_goes_to_its_ticket_and_is_not_answered(opened: Opened) -> None:
    """The mailbox of the stranger is full, or on holiday."""
    stage = await opened()
    await sent(stage, M("a", STRANGER, "Printer broken", **PROVEN))
    (first,) = await told(stage)
    own = str(first.mail["Message-ID"])
    stage.now += 2 * DAY
    bounce = (
        "From: MAILER-DAEMON@mx.newco.example\r\nTo: no-reply@msp.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        "Message-ID: <dsn@mx.newco.example>\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nThe mailbox is full.\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.newco.example\r\n\r\n"
        "Final-Recipient: rfc822; nina@newco.example\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{first.mail.as_string()}\r\n--b--\r\n"
    )
    away = M(
        "c",
        STRANGER,
        "Automatic reply: Printer broken",
        reply=own,
        headers={"Auto-Submitted": "auto-replied"},
        **PROVEN,
    )
    await sent(stage, M("b", "MAILER-DAEMON@mx.newco.example", raw=bounce.encode(), mail_from=""), away)

    assert await stage.outcome("b") == "internal 1" and await stage.outcome("c") == "internal 1"
    assert len(await told(stage)) == 1


async def test_a_technician_and_our_own_addresses_are_not_told(opened: Opened) -> None:
    stage = await opened()
    tess = next(user["email"] for user in stage.simulator.desk.users.values())
    await sent(stage, M("a", f"Tess <{tess}>", "For me", **PROVEN), M("b", SUPPORT, "From us", **PROVEN))
    assert await told(stage) == []


SPOKEN = [
    (
        "by the program",
        {
            "raw": b"From: nina@newco.example\r\nTo: support@msp.example\r\nSubject: Printer\r\nMessage-ID: <a@newco.example>\r\n"
            b"Content-Language: de-DE\r\n\r\nkaputt\r\n"
        },
        "automatisch versandt",
    ),
    ("by the person", {"headers": {"Accept-Language": "fr-FR, en-US"}}, "automatiquement"),
    (
        "by the words",
        {"text": "Buenos días, la impresora del segundo piso no funciona desde ayer, ¿pueden mirarla?"},
        "automáticamente",
    ),
    (
        "polish",
        {"text": "Dzień dobry, drukarka na drugim piętrze nie działa od wczoraj, proszę o pomoc."},
        "automatycznie",
    ),
    (
        "dutch",
        {"text": "Goedemorgen, de printer op de tweede verdieping doet het sinds gisteren niet meer."},
        "automatisch verzonden",
    ),
    (
        "german above legal words in english",
        {
            "text": "Der Drucker im zweiten Stock druckt seit heute nicht.\n\nThis email and any files transmitted with it are "
            "confidential and intended solely for the use of the individual or entity to whom they are addressed."
        },
        "automatisch versandt",
    ),
    ("too short to tell", {"text": "kaputt"}, "automatically"),
    (
        "a language that nobody wrote a text in",
        {"headers": {"Accept-Language": "ja"}, "text": "1234"},
        "automatically",
    ),
]


@pytest.mark.parametrize("case", SPOKEN, ids=[case[0] for case in SPOKEN])
async def test_the_language_of_the_mail(opened: Opened, case: tuple[str, dict[str, Any], str]) -> None:
    stage = await opened()
    await sent(stage, M("a", STRANGER, "Printer", **{**PROVEN, **case[1]}))
    (acknowledgement,) = await told(stage)
    assert case[2] in acknowledgement.text


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl", "pt", "pl"])
@pytest.mark.parametrize("occasion", ALL)
def test_every_text_is_whole(language: str, occasion: str) -> None:
    values = {"ticket": "TIC1", "subject": "Printer", "mailbox": SUPPORT, "files": ["a.exe"]}
    subject, *lines = Templates().lines(f"acknowledge.{language}", occasion=occasion, **values)
    text = "\n".join(lines)
    assert subject == "Re: Printer" and SUPPORT in text and "{" not in text
    assert ("a.exe" in text) == (occasion == "files")
    assert ("TIC1" in text) == (occasion in ("files", "new-ticket", "stranger"))


TWICE = "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3D0d=3D0aBcc:_all=40newco.example=3D0d=3D0a=3D0d=3D0aNo_words_of_ours=3F=3D?="


@pytest.mark.parametrize("subject", ["=?utf-8?q?x=0D=0ABcc=3A_all=40newco.example?=", TWICE])
async def test_a_line_of_the_subject_cannot_become_a_header(opened: Opened, subject: str) -> None:
    stage = await opened()
    await sent(stage, M("a", raw=RAW.format(subject).encode(), sender=STRANGER, **PROVEN))
    (acknowledgement,) = await told(stage)
    assert acknowledgement.mail["Bcc"] is None and acknowledgement.mail["To"] == "nina@newco.example"
    assert "is ticket" in acknowledgement.text and "No_words" not in acknowledgement.text


RAW = (
    "From: nina@newco.example\r\nTo: support@msp.example\r\nSubject: {}\r\nMessage-ID: <a@newco.example>\r\n"
    "Date: Sat, 28 Nov 2026 10:00:00 +0000\r\n\r\nIt does not work.\r\n"
)


async def test_a_sender_with_an_address_of_another_language_is_told(opened: Opened) -> None:
    stage = await opened()
    raw = RAW.replace("nina@", "jörg@").format("Drucker").encode()
    await sent(stage, M("a", raw=raw, sender="jörg@newco.example", **PROVEN))
    (acknowledgement,) = await told(stage)
    assert (await stage.outcome("a"), acknowledgement.recipient) == ("ticket 1", "jörg@newco.example")


# -- robots ----------------------------------------------------------------------------------------


async def test_robots_that_answer_everything_begin_no_round(opened: Opened) -> None:
    """Each answers whatever it gets, without any mark: some under a new subject, some as a mirror."""
    stage = await opened()
    robots = [f"robot{number}@robots{number}.example" for number in range(size(8, 50))]
    for number, robot in enumerate(robots):
        await stage.accept(M(f"r{number}", robot, f"Notice {number}", **PROVEN))
    await stage.work()
    answered = 0
    for _ in range(4):
        letters = await told(stage)
        for number, acknowledgement in enumerate(letters[answered:], answered):
            mirrors = int(acknowledgement.recipient.removeprefix("robot").partition("@")[0]) % 2
            text = acknowledgement.mail.get_content() if mirrors else "Thank you, we will look at it."
            reply = "" if mirrors else str(acknowledgement.mail["Message-ID"])
            await stage.accept(
                M(
                    f"a{number}",
                    acknowledgement.recipient,
                    str(acknowledgement.mail["Subject"]),
                    text=text,
                    reply=reply,
                    **PROVEN,
                )
            )
        answered = len(letters)
        await stage.work()
        stage.now += 3600
    per_robot = [acknowledgement.recipient for acknowledgement in await told(stage)]
    assert sorted(per_robot) == sorted(robots)


@pytest.mark.parametrize("address", ["case-{}@crm.example", "case@n{}.crm.example", "crm+{}@crm.example"])
async def test_a_robot_that_answers_from_another_address_each_time_comes_to_an_end(
    opened: Opened, address: str
) -> None:
    """FreeScout's issue 688: a customer's ticket system, whose answers name nothing that they answer."""
    stage = await opened()
    await sent(stage, M("a0", address.format(0), "Printer", **PROVEN))
    for number in range(1, 40):
        if len(await told(stage)) < number:
            break
        stage.now += 30
        await sent(stage, M(f"a{number}", address.format(number), f"Your case {number}", **PROVEN))
    assert len(await told(stage)) == (1 if "+" in address else 20)


async def test_people_of_a_public_domain_are_told_each(opened: Opened) -> None:
    stage = await opened()
    for number in range(25):
        await sent(stage, M(f"a{number}", f"customer{number}@gmail.com", "Printer", **PROVEN))
    assert len(await told(stage)) == 25


# -- a desk that is away ---------------------------------------------------------------------------


async def without_desk(stage: Stage) -> Away:
    states = DeskStates(stage.store, stage.directories, stage.clock)
    stage.directories["default"].desk.breaker.refuse_key("the key was revoked", stage.now)
    for _ in range(2):
        await states.record()
    return Away(stage.store, stage.settings, stage.directories, stage.planner, stage.clock)


async def test_whose_mail_waits_for_a_desk_is_told_once_and_not_at_once(opened: Opened) -> None:
    stage = await opened()
    directory = stage.directories["default"]
    away = Away(stage.store, stage.settings, stage.directories, stage.planner, stage.clock)
    states = DeskStates(stage.store, stage.directories, stage.clock)
    directory.desk.breaker.refuse_key("the key was revoked", stage.now)
    for _ in range(2):
        await states.record()
    await stage.accept(M("a", ALICE, "Printer", **PROVEN))
    await stage.accept(M("b", "no-reply@acme.example", "Report", **PROVEN))
    await stage.accept(M("c", "Bob <bob@acme.example>", "Forged", verdict="none"))

    stage.now += 1000
    assert await away.check() == 0
    stage.now += 1000
    assert await away.check() == 1
    assert await Away(stage.store, stage.settings, stage.directories, stage.planner, stage.clock).check() == 0

    (acknowledgement,) = await told(stage)
    assert acknowledgement.recipient == "alice@acme.example" and "not available at the moment" in acknowledgement.text
    directory.desk.breaker.key_works()
    await stage.work()
    assert await stage.outcome("a") == "ticket 1" and len(await told(stage)) == 1


async def test_one_mail_is_told_once_where_there_is_no_least_time(opened: Opened) -> None:
    """A second replica, and the same one after a restart, look at the same mail."""
    stage = await opened(acknowledge={"every": 0})
    away = await without_desk(stage)
    await stage.accept(M("a", ALICE, "Printer", **PROVEN))
    await stage.accept(M("b", ALICE, "Scanner", **PROVEN))
    stage.now += 2000
    assert await away.check() == 2
    stage.now += 2000
    assert await Away(stage.store, stage.settings, stage.directories, stage.planner, stage.clock).check() == 0
    assert len(await told(stage)) == 2


async def test_a_lower_number_that_came_later_is_told_in_its_turn(opened: Opened) -> None:
    """Numbers are given in the order in which mail is stored, and that is not always the order in which it came."""
    stage = await opened()
    away = await without_desk(stage)
    await stage.accept(M("a", ALICE, "Printer", **PROVEN))
    await stage.accept(M("b", STRANGER, "Scanner", **PROVEN))
    later = update(delivery).where(delivery.c.id == stage.ids["a"]).values(accepted_at=stage.now + 1000)
    await stage.store.write(lambda c: c.execute(later))
    stage.now += 2000
    assert await away.check() == 1
    stage.now += 1000
    assert await away.check() == 1
    assert {letter.recipient for letter in await told(stage)} == {
        "alice@acme.example",
        STRANGER.partition("<")[2].rstrip(">"),
    }


async def test_whose_mailbox_or_smarthost_is_gone_by_then_ends_nothing(opened: Opened) -> None:
    """The plan was made before somebody took them out of the configuration."""
    stage = await opened()
    await stage.accept(M("a", ALICE, "Printer", **PROVEN))
    body = AcknowledgeBody(occasion="held", recipient="alice@acme.example", subject="Printer", about="", language="en")
    mail = deliveries.of_row(await stage.row("a"))
    settings = stage.settings
    acknowledger = Acknowledger(settings, {}, stage.clock)
    assert b"alice@acme.example" in acknowledger.letter(body, mail).message
    without = settings.model_copy(update={"smarthost": SmarthostSettings()})
    assert "no smarthost" in Acknowledger(without, {}, stage.clock).silence(mail, False)


async def test_whose_ticket_is_there_is_not_told_that_it_waits(opened: Opened) -> None:
    stage = await opened()
    await stage.accept(M("a", ALICE, "Printer", **PROVEN))
    away = await without_desk(stage)
    await stage.store.write(
        lambda c: c.execute(update(delivery).values(stage="PLANNED", posted=True, due_at=stage.now + DAY))
    )
    stage.now += 2000
    assert await away.check() == 0


async def test_a_mailbox_whose_names_the_desk_lacks_does_not_end_the_process(opened: Opened) -> None:
    stage = await opened()
    away = await without_desk(stage)
    catalog = stage.directories["default"].catalog
    assert catalog is not None
    catalog.faults[SUPPORT] = (UnknownName("board 'Gone' is not known"),)
    await stage.accept(M("a", ALICE, "Printer", **PROVEN))
    stage.now += 2000
    assert await away.check() == 1


async def test_whose_mail_cannot_be_read_now_is_told_a_minute_later(opened: Opened) -> None:
    stage = await opened()
    away = await without_desk(stage)
    for key, sender in (("a", ALICE), ("b", STRANGER)):
        await stage.accept(M(key, sender, "Printer", **PROVEN))
    stage.now += 2000
    read, busy = stage.planner.parser.read, [True]

    async def is_busy(*arguments: Any) -> Any:
        if busy and busy.pop():
            raise ParserBusy
        return await read(*arguments)

    stage.planner.parser.read = is_busy  # type: ignore[method-assign]
    assert await away.check() == 0
    assert await away.check() == 2


async def test_what_came_long_ago_is_not_told(opened: Opened) -> None:
    stage = await opened()
    await stage.accept(M("a", STRANGER, "Printer", **PROVEN))
    stage.now += 2 * DAY
    await stage.work()
    assert await stage.outcome("a") == "ticket 1" and await told(stage) == []


# -- crashes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", range(1, 13))
async def test_after_a_crash_at_any_write_it_is_told_once(
    moment: int, tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(tmp_path, migrated_file, settings())
    await stage.open()
    await stage.accept(M("a", STRANGER, "Printer", **PROVEN))
    write, calls = stage.store.write, 0

    async def dies(operation: Any, *arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == moment:
            raise asyncio.CancelledError
        return await write(operation, *arguments)

    monkeypatch.setattr(stage.store, "write", dies)
    try:
        await stage.work()
    except asyncio.CancelledError:
        monkeypatch.undo()
        await stage.close()
        stage.now += 600
        ids = stage.ids
        stage = Stage(tmp_path, migrated_file, settings(), before=stage)
        stage.ids = ids
        await stage.open()
        await stage.work()
    assert len(await told(stage)) == 1 and len(stage.simulator.desk.tickets) == 1
    await stage.close()


async def test_nobody_is_told_in_shadow_mode(tmp_path: Path, migrated_file: Path) -> None:
    data = settings()
    data["desk"]["mode"] = "shadow"
    stage = Stage(tmp_path, migrated_file, data)
    await stage.open()
    await sent(
        stage, M("a", STRANGER, "Printer", **PROVEN), M("b", STRANGER, "Tool", files={"setup.exe": MZ}, **PROVEN)
    )
    assert await told(stage) == []
    await stage.close()


def test_a_mailbox_that_tells_needs_a_smarthost() -> None:
    data = settings()
    del data["smarthost"]
    with pytest.raises(ConfigError, match=r"acknowledge: expected \[smarthost\] host"):
        parse(data, {})


async def test_the_story_says_why_nobody_was_told(opened: Opened) -> None:
    """Told not long ago: for mail that is held, and for mail that has a ticket."""
    stage = await opened()
    held = [M(key, STRANGER, "Re: Order", reply="order", **PROVEN) for key in ("first", "second")]
    await sent(stage, M("order", ALICE, "Order"), *held, M("third", STRANGER, "Hello", **PROVEN))

    def story(key: str) -> Story:
        with stage.store.engine.connect() as connection:
            return tell(connection, stage.ids[key], stage.settings.retention, stage.now, None)

    assert len(await told(stage)) == 1
    rules = [(rule.found, rule.follows) for rule in story("second").rules if rule.name == "acknowledge"]
    assert rules == [("held", "a mail to nina@newco.example"), ("held", "silence: told not long ago")]
    assert "the sender was not told: told not long ago" in [line.words for line in story("third").happened]
