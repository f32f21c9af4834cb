"""Of the end of a mail what stood there before goes, and nothing that its sender may say again."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest

from gateway.mail import limits
from gateway.mail.ending import Ending, Name, Seen, ending_of, prints_of
from gateway.mail.read import read
from gateway.model.email import Email

ME = Name("proven alice@acme.example", "proven acme.example")
CARD = "Alice Archer\nOffice Manager, Acme Ltd\n5 Harbour Street\nT +44 20 7946 0105"
REST = "Office Manager, Acme Ltd\n5 Harbour Street\nT +44 20 7946 0105"
LEGAL = "This message and its attachments are confidential and intended for the addressee alone. If it came to you in error, delete it."
ON = "On Thu, Nov 26, 2026 at 3:10 PM Desk <help@desk.example> wrote:\n> Which room is it in?"
LOGO = b"\x89PNG\r\n\x1a\n logo"


def mail(text: str, sender: str = "Alice Archer <alice@acme.example>", html: str = "", picture: bytes = LOGO) -> Email:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = sender, "help@desk.example", "Re: Printer", "<a@acme.example>"
    message.set_content(html or text, subtype="html" if html else "plain")
    if "cid:" in html:
        message.add_related(picture, "image", "png", cid="<logo@acme>")
    return read(message.as_bytes()).email


def before(text: str, ticket_id: str = "T1", name: Name = ME, html: str = "") -> Seen:
    return Seen(name.sender, name.domain, ticket_id, prints_of(mail(text, html=html)))


def gone(email: Email, *seen: Seen, ticket_id: str = "T1", name: Name = ME) -> str:
    """The lines of a reply that are not shown, as one text."""
    found = ending_of(email, email.sender, ticket_id, name, seen)
    return "\n".join(email.reply.passages[i].text for i in found.lines if email.reply.passages[i].text.strip())


@pytest.mark.parametrize("text", ["Room 312.\n\nKind regards,\n{}", "Room 312\n{}", "Room 312.\n\n{}\n\n" + ON, "Yes.\n\n__\n{}", "Yes\n\nBest,\n{}\n\n" + LEGAL])
def test_a_card_goes_once_the_ticket_shows_it(text: str) -> None:
    reply = mail(text.format(CARD))
    assert gone(reply) == ""
    assert REST in gone(reply, before(f"It is red.\n\n{CARD}\n\n{LEGAL}"), before(f"It is red.\n\n{CARD}"))
    assert REST not in gone(reply, before(f"It is red.\n\n{CARD}", "T2"), before(f"It is blue.\n\n{CARD}", "T3")), "this ticket lacks it"
    assert gone(reply, before(f"It is red.\n\n{CARD.replace('0105', '0106')}")) == "", "a new number is news"


@pytest.mark.parametrize("said", [
    "Yes, please do.", "Approved", "Room 312", "Room 312\nfirst floor", "No!", "は、い。", "+44 20 7946 0105", "My number:\n+44 20 7946 0105",
    "Here is my address:\n\n" + CARD, "1. Yes\n2. No", CARD, f"{CARD}\n\nYes, please do.", f"{CARD}\n\nApproved", "Alice\nYes.", "-- \nYes",
])  # fmt: skip
@pytest.mark.parametrize("below", ["", "\n\nAlice", "\n\n" + ON])
def test_an_answer_that_was_given_before_stays(said: str, below: str) -> None:
    """Whether on this ticket, on others, or by colleagues."""
    seen = [before(f"{text}{said}{below}", ticket) for text in ("", "It is red.\n\n", f"Hello,\n\n{CARD}\n\n") for ticket in ("T1", "T2", "T3")]
    seen += [replace(each, sender=f"proven {who}@acme.example") for each in seen for who in ("bob", "carl")]
    for reply in (mail(said + below), mail(f"Hello Tin,\n\n{said}{below}")):
        lines = gone(reply, *seen).split("\n")
        assert not [line for line in said.split("\n") if line in lines and line not in CARD and line != "-- "], lines
        if "+44" in said and CARD not in said:
            assert "+44 20 7946 0105" not in lines
        if said == CARD or said.startswith("Here"):
            assert lines == [""], "it is the answer"


def test_legal_words_go_by_two_other_tickets_or_two_other_people() -> None:
    reply = mail(f"Room 312.\n\n{LEGAL}\n\n{ON}")
    bob, carl = Name("proven bob@acme.example", ME.domain), Name("proven carl@acme.example", ME.domain)
    stranger = Name("proven eve@evil.example", "proven evil.example")
    assert gone(reply, before(f"Red.\n\n{LEGAL}", "T2")) == ""
    assert gone(reply, before(f"Red.\n\n{LEGAL}", "T2"), before(f"Red.\n\n{LEGAL}", "T2")) == "", "two mails of one ticket"
    assert gone(reply, before(f"Red.\n\n{LEGAL}", "T2"), before(f"Blue.\n\n{LEGAL}", "T3")) == LEGAL
    assert gone(reply, before(f"Red.\n\n{LEGAL}", "T2", bob)) == "", "one colleague proves nothing"
    assert gone(reply, before(f"Red.\n\n{LEGAL}", "T2", bob), before(f"Blue.\n\n{LEGAL}", "T2", carl)) == LEGAL
    assert gone(reply, *(before(f"Red.\n\n{LEGAL}", f"T{n}", stranger) for n in range(2, 9))) == "", "another domain teaches nothing"
    forged = [before(f"Red.\n\n{LEGAL}", f"T{n}", Name(f"192.0.2.0/24 none {who}@acme.example")) for n, who in enumerate(("alice", "bob", "carl"), 2)]
    assert gone(reply, *forged) == "", "nor does mail that nothing proves"
    assert gone(mail(f"{LEGAL}\n\nRoom 312."), before(LEGAL, "T2", bob), before(LEGAL, "T2", carl)) == "", "it does not stand at the end"


def test_below_the_quote_a_machine_speaks_and_so_may_a_person() -> None:
    reply = mail(f"Room 312.\n\n{ON}\n\n{LEGAL}")
    assert gone(reply, before(f"Red.\n\n{LEGAL}")) == LEGAL
    assert gone(mail(f"{ON}\n\n{LEGAL}"), before(f"Red.\n\n{LEGAL}")) == "", "nothing stands above"
    assert gone(mail(f"Hello.\n\n{ON}\n\nRoom 312"), before("Hello.\n\nRoom 312")) == ""


SIGNED = (
    "<p>{text}</p><p>Regards<br>Alice Archer<br>Office Manager</p><p><img src='cid:logo@acme' width=90></p>"
    "<p>Acme Ltd, 5 Harbour Street<br>T +44 20 7946 0105<br><a href='https://acme.example'>www.acme.example</a></p>"
)


def pictures(email: Email, *seen: Seen, ticket_id: str = "") -> int:
    return len(ending_of(email, email.sender, ticket_id, ME, seen).pictures)


def test_a_logo_is_known_after_two_other_tickets() -> None:
    html = SIGNED.format(text="It is red.")
    new = mail("", html=html)
    assert pictures(new) == pictures(new, before("", "T2", html=html)) == 0
    known = [before("", "T2", html=html), before("", "T3", html=html)]
    assert pictures(new, *known) == pictures(new, *known, ticket_id="T1") == 1
    assert pictures(mail("", html=html, picture=LOGO + b"2"), *known) == 0, "other bytes"
    assert pictures(mail("", html=html, picture=LOGO * 9000), *known) == 0
    assert ending_of(new, new.sender, "T2", ME, known).beside, "the ticket has it"


@pytest.mark.parametrize("shown", [
    "<p>It is red:</p><p><img src='cid:logo@acme'></p>",
    "<p>It is red.</p><p><img src='cid:logo@acme'></p><p>Alice Archer<br>T +44 20 7946 0105<br>www.acme.example</p>",
    "<p>It is red.</p><p>Alice</p><p><img src='cid:logo@acme'></p>",
    "<p>It is red.</p><p>www.acme.example</p><p>Yes.</p><p><img src='cid:logo@acme'></p>",
])  # fmt: skip
def test_a_screenshot_is_no_logo_however_often_it_comes(shown: str) -> None:
    seen = [before("", f"T{number}", html=shown) for number in range(2, 7)]
    assert pictures(mail("", html=shown), *seen) == 0


def test_what_is_kept_is_small_and_says_nothing_of_short_mail() -> None:
    assert prints_of(mail("Yes, please do.\n\nAlice")) == b""
    assert len(prints_of(mail(f"Red.\n\n{CARD}\n{LEGAL}"))) == 8 * 6
    assert len(prints_of(mail("\n".join(f"www.acme.example/{number}" for number in range(90))))) == 8 * limits.ENDING
    robot = mail(f"Red.\n\n{CARD}")
    assert prints_of(replace(robot, auto=replace(robot.auto, kind="notification"))) == b""


def test_damaged_prints_harm_nothing() -> None:
    assert ending_of(mail(f"Red.\n\n{CARD}"), None, "T1", ME, [Seen("x", "", "T1", b"\1\2\3")]) == Ending(mails=1)


def test_a_mail_without_words_has_no_signature() -> None:
    assert ending_of(mail(""), None, "T1", ME, []) == Ending()
    assert ending_of(mail(f"> {LEGAL}"), None, "T1", ME, [before(f"Red.\n\n{LEGAL}")]) == Ending(mails=1)
