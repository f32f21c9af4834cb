"""What technicians read: local times, the number of the mail where something is missing, logs as they were, no empty card."""

from __future__ import annotations

import json
from datetime import UTC, tzinfo
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from gateway import blocks as rich
from gateway.decide.compose import DESCRIPTION_LIMIT, Composer
from gateway.decide.files import Fate
from gateway.mail.read import read
from gateway.model.effects import CommentBody, DocumentBody, TicketBody
from gateway.model.envelope import Envelope
from gateway.templates import Templates

BERLIN = ZoneInfo("Europe/Berlin")
LOG = "\n".join(f"2026-11-28 10:14:0{n}  ERROR    disk {n}   full" for n in range(3))


def mail(text: str, files: tuple[str, ...] = ()) -> bytes:
    message = EmailMessage()
    message["From"] = "Ann Archer <ann@acme.example>"
    message["To"] = "support@msp.example"
    message["Subject"] = "Help"
    message["Date"] = "Sun, 22 Nov 2026 08:30:00 +0000"
    message.set_content(text)
    for name in files:
        message.add_attachment(b"MZ" + name.encode(), maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def composer(raw: bytes, zone: tzinfo = UTC, number: int = 412, held: str = "") -> Composer:
    email = read(raw).email
    envelope = Envelope("ann@acme.example", "support@msp.example")
    fates = [Fate(held=held)] * len(email.attachments)
    return Composer(Templates(), email, envelope, "01a22043-70c2", fates=fates, number=number, zone=zone)


def ticket(made: Composer) -> list[rich.Block]:
    (body,) = [effect for effect in made.ticket({}, made.email.blocks) if isinstance(effect, TicketBody)]
    return list(json.loads(body.description))


def comment(made: Composer, **more: int) -> str:
    effects = made.comment(made.email.blocks, internal=False, present=(), **more)
    return rich.plain([block for effect in effects if isinstance(effect, CommentBody) for block in effect.blocks])


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        (UTC, "2026-11-22 08:30 UTC"),
        (BERLIN, "2026-11-22 09:30 CET"),
        (ZoneInfo("America/New_York"), "2026-11-22 03:30 EST"),
    ],
)
def test_times_are_those_of_the_technicians(zone: tzinfo, time: str) -> None:
    made = composer(mail("It is broken."), zone)

    assert time in rich.plain(ticket(made))
    assert time in comment(made)


def test_what_is_cut_or_held_names_the_mail() -> None:
    made = composer(mail("Look.", ("setup.exe",)), held="programs")

    assert "[12 lines of quoted text not shown, see mail #412]" in comment(made, hidden=12)
    assert "setup.exe (11 bytes; held back: programs, see mail #412)" in comment(made)


def test_a_mail_that_was_never_here_goes_by_its_id() -> None:
    assert "see mail 01a22043-70c2]" in comment(composer(mail("Look."), number=0), hidden=1)


@pytest.mark.parametrize("text", ["", "\n\n", "   \n"])
def test_a_mail_without_text_says_so(text: str) -> None:
    assert "(no text)" in rich.plain(ticket(composer(mail(text))))
    assert "(no text)" in comment(composer(mail(text)))


REPORT = (
    "From: MAILER-DAEMON@mx.acme.example\r\nSubject: Delivery report\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.acme.example\r\n\r\n"
    "Final-Recipient: rfc822; ann@acme.example\r\nAction: {}\r\nStatus: {}\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <ours@msp.example>\r\nReferences: <root@x> <first@acme.example>\r\n"
    "In-Reply-To: <first@acme.example>\r\nSubject: Re: Help\r\n\r\nWe look.\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("action", "status", "words"),
    [
        ("failed", "5.1.1", "Mail could not be delivered to ann@acme.example (status 5.1.1)."),
        ("delayed", "4.4.1", "Mail to ann@acme.example is delayed: its server tries again (status 4.4.1)."),
        ("Delivered", "2.0.0", "Mail was delivered to ann@acme.example (status 2.0.0)."),
        ("relayed", "2.0.0", "Mail to ann@acme.example was passed on (status 2.0.0)."),
    ],
)
def test_a_report_says_what_became_of_the_mail(action: str, status: str, words: str) -> None:
    made = composer(REPORT.format(action, status).encode())
    (effect,) = made.bounce()
    assert isinstance(effect, CommentBody) and rich.plain(effect.blocks).strip() == words
    assert made.email.auto.bounce is not None and made.email.auto.bounce.answered == ("first@acme.example", "root@x")


def test_a_mail_that_nobody_here_can_read_says_so() -> None:
    sealed = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64"
    pgp = 'Content-Type: multipart/encrypted; boundary="b"'
    parts = "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--\r\n"
    for head, body in ((sealed, "MIAGCSqGSIb3DQEHA6CAMIACAQA="), (pgp, parts)):
        raw = f"From: ann@acme.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n{head}\r\n\r\n{body}\r\n".encode()
        assert "(the mail is encrypted: see its files)" in rich.plain(ticket(composer(raw))), head


def test_a_log_stands_as_it_was_written() -> None:
    blocks = ticket(composer(mail(f"Hello,\n\nthis is in the log:\n{LOG}\n\nAnn")))

    (code,) = [block for block in blocks if block["type"] == "codeBlock"]
    assert code["content"][0]["text"] == LOG


def test_a_log_with_a_tag_stays_lines_of_text() -> None:
    blocks = ticket(composer(mail(LOG.replace("disk", "<img src=x onerror=alert(1)>"))))

    assert {block["type"] for block in blocks} == {"paragraph"}


@pytest.mark.parametrize("character", ["a", '"', "é", "\U0001f600", ","])
def test_a_text_of_which_all_fits_is_not_cut_whatever_its_letters(character: str) -> None:
    frame = len(json.dumps([rich.paragraph("")]))
    room = (DESCRIPTION_LIMIT - frame - 100) // len(json.dumps(character)[1:-1])
    made = composer(mail("Hello"))
    for letters, is_cut in ((room - 200, False), (room + 200, True)):
        effects = made.ticket({}, [rich.paragraph(character * letters)])
        documents = [effect for effect in effects if isinstance(effect, DocumentBody)]
        assert [document.name for document in documents] == ["message.txt"] * is_cut
