"""Every text of a mail can be sent and stored, whatever a mail encodes: what an encoding within the text undoes, too."""

from __future__ import annotations

import encodings.aliases

import pytest

from gateway.mail.charset import decode
from gateway.mail.charsets import codec
from gateway.mail.read import read
from tests.mail.test_properties import check_sendable

HEAD = b"From: ann@a.example\nTo: desk@msp.example\nDate: Mon, 2 Nov 2026 09:00:00 +0000\nSubject: x\n"
NOTICE = HEAD + b"X-Amz-Sns-Message-Id: 1\n\n"
REACTION = b"Content-Type: text/vnd.google.email-reaction+json\n\n"
CALENDAR = (
    b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\n%s\nEND:VEVENT\nEND:VCALENDAR\n"
)
WORDS = (b"=?us-ascii?q?a=00b=40x.example?=", b"=?utf-7?q?+2AA-a=40x.example?=", b"=?utf-8?q?a=0A=1B=40x.example?=")


def report(recipient: bytes) -> bytes:
    return HEAD + (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt failed.\n--b\n"
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: "
        + recipient
        + b"\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
    )


def forward(people: bytes) -> bytes:
    return HEAD.replace(b": x\n", b": Fwd: x\n") + (
        b"\n---------- Forwarded message ----------\nFrom: Ann <" + people + b">\nDate: Mon, 2 Nov 2026 09:00\n"
        b"Subject: Printer\nTo: " + people + b"\n\nIt does not print.\n"
    )


MAILS = {
    "a report's address in UTF-8, escaped half of a character": report(rb"utf-8; a\x{D800}b@x.example"),
    "a report's address with an escaped NUL": report(rb"utf-8; a\x{00}b@x.example"),
    "a notice's address with half of a character": NOTICE
    + rb'{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [{"emailAddress": "a\ud800@x.example"}]}}',
    "a notice's status with a NUL": NOTICE
    + rb'{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [{"status": "5.1.1\u0000", "action": "\udfff"}]}}',
    "a notice's people of another form": NOTICE
    + rb'{"notificationType": "Bounce", "bounce": {"bouncedRecipients": {"a": 1}}}',
    "a notice that is deep": NOTICE + rb'{"notificationType": "Bounce", "bounce": ' + b"[" * 9_000,
    "a reaction that is deep": HEAD + REACTION + b"[" * 9_000,
    "a calendar's comment": HEAD + CALENDAR % b"COMMENT;ENCODING=QUOTED-PRINTABLE:a=00=1B=E2=80=A8b",
    "a calendar's summary in UTF-7": HEAD + CALENDAR % b"SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-7:+2AA-",
    **{f"To: {word.decode()}": HEAD.replace(b"desk@msp.example", word) + b"\nhi" for word in WORDS},
    **{f"forwarded from {word.decode()}": forward(word) for word in WORDS},
}  # fmt: skip


@pytest.mark.parametrize("raw", MAILS.values(), ids=MAILS)
def test_what_is_encoded_within_a_text_can_be_sent(raw: bytes) -> None:
    email = read(raw).email

    check_sendable(email)
    assert not any(note.startswith("not understood, kept") for note in email.defects)


def test_no_charset_gives_half_of_a_character() -> None:
    """UTF-7 writes characters beyond the first plane as two halves, and a mail may have one of them."""
    known = {codec(name) for name in encodings.aliases.aliases}
    for name in known - {""}:
        for data in (b"a +2AA- b", b"\xed\xa0\x80", b"\x83\x36\xc7\x38", b"\x00\xd8\x00\x00", b"\xd8\x00"):
            decode(data, name)[0].encode()

    assert decode(b"a +2D3eAA- b", "utf-7")[0] == "a \U0001f600 b"
