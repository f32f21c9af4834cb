"""The policy as a table: a mail, what is known, and the rule that decides with what becomes of the mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from gateway.decide.closed import Closing
from gateway.decide.context import Guard
from gateway.decide.notices.lifecycle import LIFECYCLE
from gateway.decide.policy import POLICY, decide
from gateway.model.email import Automatic, Bounce, Email, Notification
from gateway.model.envelope import Envelope
from gateway.model.plan import Decision
from gateway.model.questions import Contact, Copy, Question, Recent
from gateway.model.release import Release
from gateway.model.window import Maintenance, MaintenanceCalendar, MaintenanceEvent
from tests.decide import facts
from tests.decide.facts import (
    ANN,
    BEN,
    EVE,
    PROBLEM,
    ROBOT,
    SUPPORT,
    TECHNICIAN,
    Known,
    closed_ticket,
    decided,
    delivery,
    envelope,
    mail,
    notice,
    said,
)

REPLY = {"In_Reply_To": "<first@acme.example>"}
ON_T1 = Known(ids={"first@acme.example": ("T1", "received")})
PASS = envelope(verdict="pass")


EVENT = MaintenanceEvent(Maintenance("", "Switch", "default", "2026-12-05 22:00", "2026-12-06 02:00", "UTC"))


class Row(NamedTuple):
    what: str
    email: Email
    becomes: str
    sent: Envelope = facts.envelope()
    about: Any = facts.delivery()
    known: Known = facts.Known()


def automatic(email: Email, kind: Any, bounce: Bounce | None = None) -> Email:
    return replace(email, auto=Automatic(kind, ("said so",), bounce, by_structure=kind))


def desks_own(sender: str = SUPPORT) -> Email:
    email = automatic(mail(sender), "own")
    return replace(email, marks=replace(email.marks, notification=Notification("T1", "n1@desk.example", sender)))


def forward(sender: str = TECHNICIAN) -> Email:
    """A mail of Ann's, attached."""
    text = f"--x\r\n\r\nSee this.\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nFrom: {ANN}\r\nMessage-ID: <first@acme.example>\r\nSubject: Old\r\n\r\nHelp.\r\n--x--"
    return mail(sender, "Fwd: Old", text, MIME_Version="1.0", Content_Type="multipart/mixed; boundary=x")


def copy(email: Email, **changes: Any) -> Copy:
    return replace(Copy("d0", True, "DONE", "", email.digest, "board", "T1"), **changes)


def on(known: Known, **changes: Any) -> Known:
    return replace(known, **changes)


def closed(policy: str, known: Known = ON_T1, **changes: Any) -> tuple[Any, Known]:
    values, states = closed_ticket(policy, **changes)
    return delivery(values), replace(known, states=states)


def today(**changes: Any) -> Known:
    """T1 as the desk shows it now."""
    return replace(ON_T1, states={"T1": facts.state("T1", **changes)})


PLAIN = mail()
FIFTY = tuple(copy(PLAIN, delivery_id=f"d{number}", digest=f"other {number}") for number in range(50))
PROBE = f"probe.{'0a' * 16}@elsewhere.example"
PROBED = mail(EVE, Message_ID=f"<{PROBE}>")
OPEN = {"proven": True, "proof": "dkim", "clients": ("Acme",)}
ROWS = [
    # probes
    Row("a probe comes back", PROBED, "probe: suppress probe", known=facts.Known(probes=(PROBE,))),
    Row("also before a quarantine of the edge", PROBED, "probe: suppress probe", envelope(quarantine="failed-verification"), known=facts.Known(probes=(PROBE,))),
    Row("one that nobody sent", PROBED, "new ticket: ticket of fallback"),
    Row("released, it is a mail", PROBED, "new ticket: ticket of fallback", about=delivery(release=Release("probe", "op"), released=True), known=facts.Known(probes=(PROBE,))),
    # the desk's and our own mail
    Row("the desk's notification comes back", desks_own(), "notification: suppress own"),
    Row("also From a stranger", desks_own(EVE), "notification: suppress own"),
    Row("before a quarantine of the edge", desks_own(), "notification: suppress own", envelope(quarantine="unproven-sender")),
    Row("our own automatic mail", automatic(mail(SUPPORT), "own"), "own mail: suppress own"),
    Row("released, it is somebody's", automatic(mail(), "own"), "new ticket: ticket of acme c-ann", about=delivery(release=Release("own", "op"), released=True)),
    # the edge and spoofing
    Row("quarantined at the edge", PLAIN, "edge: quarantine failed-verification", envelope(quarantine="failed-verification")),
    Row("released from there", PLAIN, "new ticket: ticket of acme c-ann", envelope(quarantine="failed-verification"), delivery(released=True)),
    Row("a technician's name without a pass", mail(TECHNICIAN), "spoofed: quarantine spoofed-internal", envelope(verdict="none")),
    Row("where nobody looks it is believed", mail(TECHNICIAN), "new ticket: ticket of fallback"),
    Row("a technician with a pass", mail(TECHNICIAN), "new ticket: ticket of fallback", PASS),
    # an operator's word
    Row("moved to a ticket", PLAIN, "moved: comment on T1 public", about=delivery(moved_to="T1")),
    Row("a stranger's mail moved is internal", mail(EVE), "moved: comment on T1 internal", about=delivery(moved_to="T1")),
    Row("moved to a ticket of its own", mail(**REPLY), "moved: ticket of acme c-ann", about=delivery(moved_to="new"), known=ON_T1),
    Row("moved to a ticket that is gone", PLAIN, "moved: quarantine no-ticket", about=delivery(moved_to="T1"), known=Known(gone=("T1",))),
    # copies
    Row("the same mail again", PLAIN, "duplicate: suppress duplicate-of", known=Known(copies=(copy(PLAIN),))),
    Row("for another board", PLAIN, "new ticket: ticket of acme c-ann", known=Known(copies=(copy(PLAIN, board_id="other"),))),
    Row("the same id with other words", PLAIN, "new ticket: ticket of acme c-ann", known=Known(copies=(copy(PLAIN, digest="other"),))),
    Row("a copy that was quarantined does not count", PLAIN, "new ticket: ticket of acme c-ann", known=Known(copies=(copy(PLAIN, stage="QUARANTINED"),))),
    # vendors
    Row("a vendor's first notice", mail(ROBOT), "proven notice: ticket of acme", about=delivery(notice=notice(**OPEN))),
    Row("the same again", mail(ROBOT), "proven notice: suppress counted", about=delivery(notice=notice(**OPEN)), known=Known(problems=(replace(PROBLEM, words=2, count=2, word="open", checked_at=facts.NOW),))),
    Row("news that nobody waits for", mail(ROBOT), "proven notice: suppress no-problem", about=delivery(notice=notice("update", **OPEN))),
    Row("what the profile ignores", mail(ROBOT), "proven notice: suppress notice-ignored", about=delivery(notice=notice("ignore", **OPEN))),
    Row("it is over", mail(ROBOT), "proven notice: comment on T1 close", about=delivery(notice=replace(notice("close", **OPEN), closed={"board": "done"})), known=Known(problems=(PROBLEM,))),
    Row("proven, before too much mail", mail(ROBOT), "proven notice: ticket of acme", about=delivery(notice=notice(**OPEN)), known=Known(recent=Recent(99, 99, 0))),
    Row("nothing proves it", mail(ROBOT), "unproven notice: ticket of fallback", about=delivery(notice=notice())),
    Row("nothing proves it, after too much mail", mail(ROBOT), "flood: quarantine rate-limited", about=delivery(notice=notice()), known=Known(recent=Recent(99, 0, 0))),
    Row("nobody believes its end", mail(ROBOT), "unproven notice: suppress no-problem", about=delivery(notice=notice("close"))),
    Row("a customer sends one on", mail(ANN), "forwarded notice: ticket of acme c-ann", about=delivery(notice=notice(forwarded=True))),
    # floods
    Row("ten tickets in an hour", PLAIN, "flood: quarantine rate-limited", known=Known(recent=Recent(10, 0, 0))),
    Row("nine are not too many", PLAIN, "new ticket: ticket of acme c-ann", known=Known(recent=Recent(9, 0, 0))),
    Row("of the whole domain", PLAIN, "flood: quarantine rate-limited", known=Known(recent=Recent(1, 0, 0, 40))),
    Row("not of a public domain", mail("x@gmail.com"), "new ticket: ticket of fallback", known=Known(recent=Recent(1, 0, 0, 40))),
    Row("an answering machine", automatic(PLAIN, "vacation"), "flood: quarantine loop-suspected", known=Known(recent=Recent(0, 0, 4))),
    Row("one of our addresses in a circle", mail(SUPPORT), "flood: quarantine loop-suspected", known=Known(recent=Recent(3, 2, 0))),
    Row("a technician is exempt", mail(TECHNICIAN), "new ticket: ticket of fallback", PASS, known=Known(recent=Recent(99, 99, 0))),
    # threads
    Row("a reply of the contact", mail(**REPLY), "thread: comment on T1 public", known=ON_T1),
    Row("by References", mail(References="<first@acme.example>"), "thread: comment on T1 public", known=ON_T1),
    Row("a stranger's reply", mail(EVE, **REPLY), "thread: quarantine unverified-sender", known=ON_T1),
    Row("a reply that failed its verdict", mail(**REPLY), "thread: quarantine failed-verification", envelope(verdict="fail"), known=ON_T1),
    Row("a contact of another client", mail(BEN, **REPLY), "thread: quarantine unverified-sender", known=ON_T1),
    Row("who took part", mail(BEN, To=f"{ANN}, {SUPPORT}", **REPLY), "thread: comment on T1 public", known=on(ON_T1, parts={("T1", BEN): "cc", ("T1", ANN): "sender"})),
    Row("who took part, to nobody of the ticket", mail(BEN, **REPLY), "new ticket: ticket of bolt c-ben", known=on(ON_T1, parts={("T1", BEN): "cc", ("T1", ANN): "sender"})),
    Row("the same in answer to what we sent", mail(BEN, **REPLY), "thread: comment on T1 public", known=on(Known(ids={"first@acme.example": ("T1", "sent")}), parts={("T1", BEN): "cc"})),
    Row("the same of the ticket's client", mail("x@acme.example", **REPLY), "thread: comment on T1 public", known=on(ON_T1, parts={("T1", "x@acme.example"): "cc"})),
    Row("whom a technician brought in", mail(BEN, **REPLY), "thread: comment on T1 internal", known=on(ON_T1, parts={("T1", BEN): "aside"})),
    Row("a technician to the customer", mail(TECHNICIAN, Cc=ANN, **REPLY), "thread: comment on T1 public", PASS, known=ON_T1),
    Row("a technician to the desk alone", mail(TECHNICIAN, **REPLY), "thread: comment on T1 internal", PASS, known=ON_T1),
    Row("somebody of a mapped domain is no client's of T1", mail("x@mapped.example", **REPLY), "thread: quarantine unverified-sender", known=ON_T1),
    Row("who has the token may write", mail(EVE), "thread: comment on T1 internal", envelope(rcpt_to="support+abcdefghij0123456789@msp.example"), known=Known(tokens={"abcdefghij0123456789": "T1"})),
    Row("two tickets in the references", mail(References="<a@x.example> <b@x.example>"), "thread: quarantine ambiguous-thread", known=Known(ids={"a@x.example": ("T1", "received"), "b@x.example": ("T2", "sent")})),
    Row("a number in the subject, proven", mail(subject="Re: [Ticket #1001] x"), "thread: comment on T1 public", PASS),
    Row("a number in the subject, not proven", mail(subject="Re: [Ticket #1001] x"), "new ticket: ticket of acme c-ann"),
    Row("the ticket is gone", mail(**REPLY), "new ticket: ticket of acme c-ann", known=on(ON_T1, gone=("T1",))),
    Row("an operator lets a stranger in", mail(EVE, **REPLY), "thread: comment on T1 internal", about=delivery(released=True, release=Release("unverified-sender", "op")), known=ON_T1),
    # closed tickets
    Row("a closed ticket reopens", mail(**REPLY), "thread: comment on T1 public reopen", about=closed("reopen")[0], known=closed("reopen")[1]),
    Row("thanks reopen nothing", mail(text="Thank you!", **REPLY), "thread: comment on T1 internal", about=closed("reopen")[0], known=closed("reopen")[1]),
    Row("a new one where the mailbox says so", mail(**REPLY), "new ticket: ticket of acme c-ann", about=closed("new_linked")[0], known=closed("new_linked")[1]),
    Row("a technician reopens nothing", mail(TECHNICIAN, Cc=ANN, **REPLY), "thread: comment on T1 public", PASS, closed("reopen")[0], closed("reopen")[1]),
    Row("a board that does not reopen", mail(**REPLY), "thread: comment on T1 public", about=closed("comment")[0], known=closed("comment")[1]),
    Row("a board that nobody configured", mail(**REPLY), "thread: comment on T1 public", about=closed("reopen")[0], known=closed("reopen", board_id="other")[1]),
    Row("a board without an open status", mail(**REPLY), "thread: comment on T1 public", about=delivery({"closings": {"board": Closing("reopen")}}), known=closed("reopen")[1]),
    # the desk's facts of today
    Row("a watcher", mail(EVE, **REPLY), "thread: comment on T1 public", known=today(watchers=(EVE,))),
    Row("a watcher whose verdict failed", mail(EVE, **REPLY), "thread: quarantine failed-verification", envelope(verdict="fail"), known=today(watchers=(EVE,))),
    Row("a contact whom the address does not show yet", mail(EVE, **REPLY), "thread: comment on T1 public", known=on(today(contact_id="c-eve"), addresses={"c-eve": (EVE,)})),
    Row("who took part, of a ticket that moved", mail(BEN, **REPLY), "thread: quarantine unverified-sender", known=on(today(client_id="corp"), parts={("T1", BEN): "cc"})),
    Row("its contact moved with it", mail(**REPLY), "thread: comment on T1 public", known=today(client_id="corp")),
    Row("its contact did not", mail(**REPLY), "thread: quarantine unverified-sender", known=today(client_id="bolt", contact_id="c-ben")),
    Row("the new one may write", mail(BEN, **REPLY), "thread: comment on T1 public", known=today(client_id="bolt", contact_id="")),
    Row("the fallback client is nobody's", mail(**REPLY), "thread: comment on T1 public", known=today(client_id="fallback", contact_id="")),
    Row("a merged ticket", mail(**REPLY), "thread: comment on T2 public", known=on(today(master_id="T2"), states={"T1": facts.state("T1", master_id="T2"), "T2": facts.state("T2", client_id="acme")})),
    Row("who took part in a merged ticket", mail(EVE, **REPLY), "thread: comment on T2 public", known=on(today(master_id="T2"), parts={("T1", EVE): "cc"}, states={"T1": facts.state("T1", master_id="T2"), "T2": facts.state("T2", client_id="acme")})),
    Row("nobody could be asked", mail(**REPLY), "thread: comment on T1 public", known=on(ON_T1, states={"T1": facts.state("T1", ticket_id="")})),
    Row("thanks that belong to nothing", mail(subject="Thanks", text="Thank you!"), "asks for nothing: suppress asks-for-nothing"),
    Row("thanks with a subject of their own", mail(subject="Printer", text="Thank you!"), "new ticket: ticket of acme c-ann"),
    Row("no fourth time in an hour", mail(**REPLY), "thread: comment on T1 public", about=closed("reopen")[0], known=on(closed("reopen")[1], reopens=3)),
    Row("a child's master is another client's", mail(**REPLY), "thread: comment on T1 public reopen", about=closed("reopen")[0], known=closed("reopen", master_id="T2")[1]),
    # several matters
    Row("an answer to an announcement", mail("x@acme.example", **REPLY), "new ticket: ticket of fallback", PASS, known=Known(ids={"first@acme.example": ("T1", "announced")})),
    Row("its author goes on", mail(EVE, **REPLY), "thread: comment on T1 public", known=on(Known(ids={"first@acme.example": ("T1", "announced")}), parts={("T1", EVE): "sender"})),
    Row("an ancestor of the own organisation", mail(**REPLY), "thread: comment on T1 public", known=Known(ids={"first@acme.example": ("T1", "referenced")})),
    Row("an ancestor of another one", mail("bea@bolt.example", **REPLY), "new ticket: ticket of fallback", known=Known(ids={"first@acme.example": ("T1", "referenced")})),
    Row("a colleague with a pass", mail("x@acme.example", **REPLY), "thread: comment on T1 public", PASS, known=on(ON_T1, clients_of={"acme.example": ("acme",)})),
    Row("a colleague without", mail("x@acme.example", **REPLY), "thread: quarantine unverified-sender", known=on(ON_T1, clients_of={"acme.example": ("acme",)})),
    Row("a domain of two clients makes no colleagues", mail("x@acme.example", **REPLY), "thread: quarantine unverified-sender", PASS, known=on(ON_T1, clients_of={"acme.example": ("acme", "bolt")})),
    Row("a technician writes to a customer", mail(TECHNICIAN, To=ANN, Cc=SUPPORT), "new ticket: ticket of acme c-ann", PASS),
    Row("and to two", mail(TECHNICIAN, To=f"{ANN}, {BEN}", Cc=SUPPORT), "new ticket: ticket of fallback", PASS),
    Row("and to a stranger", mail(TECHNICIAN, To=EVE, Cc=SUPPORT), "new ticket: ticket of fallback", PASS),
    Row("ticket after ticket about the same", PLAIN, "rounds: quarantine loop-suspected", about=delivery({"guard": Guard(rounds=5)}), known=Known(recent=Recent(7, 0, 0), rounds=5)),
    Row("about this and that", PLAIN, "new ticket: ticket of acme c-ann", about=delivery({"guard": Guard(rounds=5)}), known=Known(recent=Recent(7, 0, 0), rounds=4)),
    Row("a copy that was touched", PLAIN, "duplicate: suppress duplicate-of", known=Known(copies=(copy(PLAIN, digest="other"),), touched=("d0",))),
    Row("a copy with words that the first lacks", PLAIN, "duplicate: comment on T1 internal", known=on(ON_T1, copies=(copy(PLAIN, digest="other", ticket_id="T1"),), touched=("d0",), added=(0,))),
    Row("the same where the first was suppressed", PLAIN, "new ticket: ticket of acme c-ann", known=Known(copies=(copy(PLAIN, digest="other", stage="SUPPRESSED", ticket_id=""),), touched=("d0",), added=(0,))),
    Row("the same by somebody of whom it was disproven", PLAIN, "new ticket: ticket of acme c-ann", envelope(verdict="fail"), known=on(ON_T1, copies=(copy(PLAIN, digest="other", ticket_id="T1"),), touched=("d0",), added=(0,))),
    Row("the same again and again", PLAIN, "duplicate: quarantine rate-limited", about=delivery({"guard": Guard(comments=5)}), known=on(ON_T1, copies=(copy(PLAIN, digest="other", ticket_id="T1"),), touched=("d0",), added=(0,), recent=Recent(0, 5, 0))),
    # calendars of maintenance windows
    Row("a proven calendar of windows", mail(ROBOT), "calendar: suppress calendar", about=delivery(calendar=MaintenanceCalendar("changes", "a token", (EVENT,)))),
    Row("one that was read in part", mail(ROBOT), "new ticket: ticket of fallback", about=delivery(calendar=MaintenanceCalendar("changes", "a token", (EVENT,), ("it has no end",)))),
    # automatic mail, forwards
    Row("an absence without a ticket", automatic(PLAIN, "vacation"), "automatic: suppress vacation"),
    Row("a receipt without a ticket", automatic(PLAIN, "receipt"), "automatic: suppress receipt"),
    Row("a bounce without a ticket", automatic(PLAIN, "bounce", Bounce(ANN, "5.1.1")), "automatic: suppress bounce"),
    Row("a bounce of a mail of the ticket", automatic(mail(ROBOT), "bounce", Bounce(ANN, "5.1.1", original_message_id="first@acme.example")), "thread: comment on T1 internal", known=ON_T1),
    Row("a bounce of an answer to a mail of the ticket", automatic(mail(ROBOT), "bounce", Bounce(ANN, "5.1.1", answered=("first@acme.example",))), "thread: comment on T1 internal", known=ON_T1),
    Row("the same to somebody else", automatic(mail(ROBOT), "bounce", Bounce(EVE, "5.1.1", answered=("first@acme.example",))), "automatic: suppress bounce", known=ON_T1),
    Row("a machine that tells something", automatic(mail(ROBOT), "notification"), "new ticket: ticket of fallback"),
    Row("an absence in a thread is internal", automatic(mail(**REPLY), "vacation"), "thread: comment on T1 internal", known=ON_T1),
    Row("a technician forwards what has a ticket", forward(), "forwarded again: comment on T1 internal", PASS, known=ON_T1),
    Row("a technician forwards what is new", forward(), "new ticket: ticket of acme c-ann", PASS),
    Row("anybody's forward is their own", forward(BEN), "new ticket: ticket of bolt c-ben", PASS, known=ON_T1),
    Row("the last of fifty mails that a device sends under one id", PLAIN, "new ticket: ticket of acme c-ann", known=Known(copies=FIFTY)),
    Row("and one of them a second time", PLAIN, "duplicate: suppress duplicate-of", known=Known(copies=(copy(PLAIN), *FIFTY))),
    Row("a reply under such an id", mail(**REPLY), "thread: comment on T1 public", known=on(ON_T1, copies=FIFTY)),
    # whose the new ticket is
    Row("a contact", PLAIN, "new ticket: ticket of acme c-ann"),
    Row("of a mapped domain", mail("x@mapped.example"), "new ticket: ticket of mapped"),
    Row("of a domain of one client", mail("x@acme.example"), "new ticket: ticket of acme", known=Known(clients_of={"acme.example": ("acme",)})),
    Row("of a domain of two clients", mail("x@acme.example"), "new ticket: ticket of fallback", known=Known(clients_of={"acme.example": ("acme", "bolt")})),
    Row("nobody", mail(EVE), "new ticket: ticket of fallback"),
    Row("a contact of two clients", PLAIN, "new ticket: quarantine ambiguous-client", known=Known(contacts={ANN: (Contact("1", "acme", "", False), Contact("2", "bolt", "", False))})),
    Row("nobody, and no fallback", mail(EVE), "new ticket: quarantine unknown-sender", about=delivery({"requesters": replace(facts.POLICY.requesters, fallback="")})),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_what_becomes_of_a_mail(row: Row) -> None:
    assert said(decided(row.email, row.sent, row.about, row.known)) == row.becomes


def test_each_rule_decides_a_row() -> None:
    assert {row.becomes.partition(":")[0] for row in ROWS} == {name for name, _ in POLICY}


def test_the_names_of_rules_are_different() -> None:
    for rules in (POLICY, LIFECYCLE):
        assert len({name for name, _ in rules}) == len(rules)


def test_a_decision_asks_before_it_decides_and_is_the_same_when_it_is_made_again() -> None:
    asked = decide(PLAIN, envelope(), delivery(), {})
    assert isinstance(asked, tuple) and asked and all(isinstance(question, Question) for question in asked)
    first, second = decided(PLAIN), decided(PLAIN)
    assert isinstance(first, Decision) and first == second
