"""The desk's own mail is known as such in whatever shape it comes, and nobody's reply is taken for it."""

from __future__ import annotations

import pytest

from gateway.mail.read import read
from gateway.simulator.notification import Notification, message
from tests.desk_mail import as_sent, attached, bounced, replies, variants, wrapped
from tests.sizes import size

TICKET = "5d0c53a1-6a5f-4c0e-9d0e-0a1b2c3d4e5f"


def test_notifications_are_the_desks() -> None:
    """In the short form each kind in each language; the full one has two hundred."""
    wrong = [name for name, raw in variants(TICKET, size(80, 208)) if read(raw).email.auto.kind != "own"]

    assert wrong == []


def test_sixty_replies_are_their_writers() -> None:
    wrong = [
        name for name, raw in replies(TICKET) if read(raw).email.marks.notification or read(raw).email.auto.is_auto
    ]

    assert wrong == []


def test_what_it_says() -> None:
    sent = Notification(TICKET)
    found = read(attached(sent)).email.marks.notification

    assert found is not None
    assert (found.ticket_id, f"<{found.message_id}>", found.sender) == (TICKET, sent.id, "support@msp.example")


@pytest.mark.parametrize("words", ["See below.", "Kind regards\nAlice"])
def test_with_words_it_is_the_writers(words: str) -> None:
    sent = Notification(TICKET)
    copy = wrapped(sent, f"Fwd: {sent.title}", words)
    copy.add_attachment(message(sent))

    assert read(copy.as_bytes()).email.marks.notification is None


def test_an_empty_reply_is_nobodys_forward() -> None:
    sent = Notification(TICKET)
    quoted = "\n".join(f"> {line}" for line in sent.text.split("\n"))
    copy = wrapped(
        sent, f"Re: {sent.title}", f"On Sat, 28 Nov 2026 at 04:26, Desk <support@msp.example> wrote:\n\n{quoted}"
    )

    assert read(copy.as_bytes()).email.marks.notification is None


def test_another_message_beside_it_is_somebodys() -> None:
    sent = Notification(TICKET)
    copy = wrapped(sent, "Two mails", "")
    copy.add_attachment(message(sent))
    copy.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")

    assert read(copy.as_bytes()).email.marks.notification is None


@pytest.mark.parametrize("prefix", ["Re: ", "Fwd: ", ""])
def test_a_photo_is_an_answer(prefix: str) -> None:
    """Sent back with the notification, without a word."""
    sent = Notification(TICKET)
    copy = wrapped(sent, prefix + sent.title, sent.text)
    copy.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="photo.png")

    assert read(copy.as_bytes()).email.marks.notification is None


def test_an_absence_note_that_quotes_it_is_one() -> None:
    sent = Notification(TICKET)
    raw = as_sent(sent).replace(b"Auto-Submitted: auto-generated", b"Auto-Submitted: auto-replied (vacation)")

    assert read(raw).email.auto.kind == "vacation"


@pytest.mark.parametrize("headers_only", [False, True])
def test_the_marks_of_a_returned_notification(headers_only: bool) -> None:
    bounce = read(bounced(Notification(TICKET), "alice@acme.example", headers_only)).email.auto.bounce

    assert bounce is not None
    assert (bounce.recipient, bounce.ticket_ids, bounce.ticket_numbers) == (
        "alice@acme.example",
        (TICKET,),
        ("TIC001001",),
    )
