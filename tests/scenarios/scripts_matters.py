"""Whose matter it is: technicians who begin, colleagues, announcements, mail that is sent on, rounds without marks."""

from __future__ import annotations

from typing import Any

from tests.scenarios.scripts import ALICE, BOB, EVE, GIL, TESS, Row, Scenario
from tests.scenarios.scripts_today import at_desk, became
from tests.scenarios.stage import SALES, SUPPORT, M, Stage, close, later, release

CARL = "Carl Colleague <carl@acme.example>"
TOM = "Tom Tools <tom@msp.example>"
PASS: dict[str, Any] = {"verdict": "pass"}


def to(*people: str, cc: str = SUPPORT) -> dict[str, Any]:
    return {"to": ", ".join(people), "cc": cc, "rcpt": SUPPORT, **PASS}


def contact_of(stage: Stage, number: int) -> str:
    contact = stage.ticket(number)["contact_name_id"]
    return str(stage.simulator.desk.contacts[contact]["email"]) if contact else ""


def said(stage: Stage, number: int) -> str:
    return str(stage.ticket(number)["attributes"]["description"])


def meeting(key: str, method: str, sequence: int = 0, uid: str = "4711-router", sender: str = ALICE) -> M:
    """A calendar's mail about a meeting: it answers no other."""
    event = (
        f"BEGIN:VCALENDAR\nMETHOD:{method}\nVERSION:2.0\nBEGIN:VEVENT\nUID:{uid}\nSEQUENCE:{sequence}\nSUMMARY:Router\n"
        "DTSTART:20261203T090000Z\nORGANIZER:mailto:alice@acme.example\nATTENDEE:mailto:support@msp.example\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    head = (
        f"From: {sender}\nTo: support@msp.example\nSubject: Router\nMessage-ID: <{key}.meeting@acme.example>\n"
        f"Date: Sun, 22 Nov 2026 09:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/calendar; method={method}; charset=utf-8\n"
    )
    return M(key, sender, raw=f"{head}\n{event}".encode())


TECHNICIANS = [
    Scenario("a technician writes to a customer: the customer's ticket, for all to read, and the answers", [
        (M("a", TESS, "Your new laptop", **to("Alice <alice@acme.example>")), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"),
        (M("c", TESS, reply="b", **to("alice@acme.example")), "comment 1"), (M("d", EVE, reply="a"), "quarantine unverified-sender"),
    ], check=lambda s: s.client_of(1) == "Acme" and contact_of(s, 1) == "alice@acme.example" and "From Tess Technician (tess@msp.example)" in said(s, 1)),
    Scenario("so is a mail that they send in the mailbox's name, with a copy to it", [
        (M("a", "Support <support@msp.example>", "Your laptop", to="alice@acme.example, sam@supplier.example", rcpt=SUPPORT, **PASS), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"),
        (M("c", "sam@supplier.example", reply="a"), "internal 1"), (M("d", EVE, reply="a"), "quarantine unverified-sender"),
    ], check=lambda s: s.client_of(1) == "Acme" and contact_of(s, 1) == "alice@acme.example"),
    Scenario("in its name without a pass it is nobody's, and so is what a machine sends", [
        (M("a", "Support <support@msp.example>", "Laptop", to="alice@acme.example", rcpt=SUPPORT), "ticket 1"), (M("b", TESS, headers={"Auto-Submitted": "auto-generated"}, **to("alice@acme.example")), "ticket 2"),
    ], check=lambda s: {s.client_of(1), s.client_of(2)} == {"Unknown Senders"}),
    Scenario("a tagged address of the mailbox, and the technician's own in To", [
        (M("a", TESS, to="tess@msp.example, alice@acme.example", cc="support+vip@msp.example", rcpt="support+vip@msp.example", **PASS), "ticket 1"),
    ], check=lambda s: contact_of(s, 1) == "alice@acme.example"),
    Scenario("an answer to what a customer wrote to them alone: whoever goes on with that mail is in the ticket", [
        (M("a", TESS, "Re: Laptop", reply="<private@acme.example>", **to("alice@acme.example")), "ticket 1"), (M("b", ALICE, "Re: Laptop", reply="<private@acme.example>"), "comment 1"),
    ], check=lambda s: contact_of(s, 1) == "alice@acme.example"),
    Scenario("with the mailbox in To and the customer in Cc", [
        (M("a", TESS, to=SUPPORT, cc="alice@acme.example", **PASS), "ticket 1"),
    ], check=lambda s: contact_of(s, 1) == "alice@acme.example"),
    Scenario("to two people of one client", [
        (M("a", TESS, **to("bob@acme.example", "alice@acme.example", "tom@msp.example")), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"),
    ], check=lambda s: contact_of(s, 1) == "bob@acme.example"),
    Scenario("to somebody of the client's domain, whom the desk does not know", [
        (M("a", TESS, **to("carl@acme.example")), "ticket 1"), (M("b", CARL, reply="a"), "comment 1"),
    ], check=lambda s: s.client_of(1) == "Acme" and contact_of(s, 1) == ""),
    Scenario("a supplier beside the customer stands aside", [
        (M("a", TESS, **to("alice@acme.example", "sam@supplier.example")), "ticket 1"), (M("b", "sam@supplier.example", reply="a"), "internal 1"), (M("c", ALICE, reply="a"), "comment 1"),
    ], check=lambda s: s.client_of(1) == "Acme"),
    Scenario("to two clients: nobody's ticket, with a note, and each answer is a ticket of its own", [
        (M("a", TESS, "Maintenance", **to("alice@acme.example", "gil@globex.example")), "ticket 1"), (M("b", ALICE, reply="a", text="When?"), "ticket 2"),
        (M("c", GIL, reply="a", text="Not on Monday."), "ticket 3"), (M("d", ALICE, reply="b"), "comment 2"), (M("e", TESS, reply="a", **to("tom@msp.example")), "internal 1"),
    ], check=lambda s: s.client_of(1) == "Unknown Senders" and "people of 2 clients" in said(s, 1) and [s.client_of(2), s.client_of(3)] == ["Acme", "Globex"]),
    Scenario("to a stranger, or to the desk alone: as before", [
        (M("a", TESS, **to("eve@evil.example")), "ticket 1"), (M("b", TESS, "Note", **PASS), "ticket 2"), (M("c", TESS, "Us", **to("tom@msp.example")), "ticket 3"),
    ], check=lambda s: {s.client_of(n) for n in (1, 2, 3)} == {"Unknown Senders"}),
    Scenario("in a technician's name without a pass: nobody's", [
        (M("a", TESS, to="alice@acme.example", cc=SUPPORT, rcpt=SUPPORT), "ticket 1"), (M("b", TESS, to="alice@acme.example", cc=SUPPORT, rcpt=SUPPORT, verdict="none"), "quarantine spoofed-internal"),
    ], check=lambda s: s.client_of(1) == "Unknown Senders"),
    Scenario("a customer who writes to another customer is the requester", [
        (M("a", ALICE, to="gil@globex.example", cc=SUPPORT, rcpt=SUPPORT, **PASS), "ticket 1"),
    ], check=lambda s: contact_of(s, 1) == "alice@acme.example"),
]  # fmt: skip

COLLEAGUES = [
    Scenario("a colleague with a pass may answer, for all to read", [
        (M("a", ALICE), "ticket 1"), (M("b", CARL, reply="a", **PASS), "comment 1"), (M("c", CARL, reply="b"), "comment 1"),
    ]),
    Scenario("a tagged address of the contact as well", [
        (M("a", ALICE), "ticket 1"), (M("b", "alice+printer@acme.example", reply="a", **PASS), "comment 1"),
    ]),
    *(
        Scenario(f"never without a pass: {verdict}", [(M("a", ALICE), "ticket 1"), (M("b", CARL, reply="a", verdict=verdict), f"quarantine {reason}"), *more])
        for verdict, reason, more in (
            ("unknown", "unverified-sender", [release("b", 1, admits=True), became("b", "internal 1"), (M("c", CARL, reply="b"), "internal 1")]),
            ("none", "unverified-sender", []), ("fail", "failed-verification", []),
        )
    ),
    Scenario("nor where the mailbox does not want it", [
        (M("a", ALICE), "ticket 1"), (M("b", CARL, reply="a", **PASS), "quarantine unverified-sender"),
    ], mailbox={"colleagues": False}),
    Scenario("nor where contacts do not tell whose a domain is", [
        (M("a", ALICE), "ticket 1"), (M("b", CARL, reply="a", **PASS), "quarantine unverified-sender"),
    ], mailbox={"infer_client": False}),
    Scenario("nor in another client's tickets, nor an inactive contact, nor a longer domain", [
        (M("a", GIL), "ticket 1"), (M("b", CARL, reply="a", **PASS), "quarantine unverified-sender"), (M("c", ALICE), "ticket 2"),
        (M("d", "greta@acme.example", reply="c", **PASS), "quarantine unverified-sender"), (M("e", "carl@acme.example.evil.example", reply="c", **PASS), "quarantine unverified-sender"),
        (M("f", "carl@evilacme.example", reply="c", **PASS), "quarantine unverified-sender"),
    ]),
]  # fmt: skip

ANNOUNCED = "<news-7@msp.example>"
PARTNERS = ", ".join(f"p{n}@partner.example" for n in range(10))
MATTERS = [
    Scenario("two people who answer one announcement have two matters", [
        (M("a", ALICE, "Re: Maintenance", reply=ANNOUNCED), "ticket 1"), (M("b", BOB, "Re: Maintenance", reply=ANNOUNCED), "ticket 2"),
        (M("c", ALICE, reply="a"), "comment 1"), (M("d", BOB, reply="b"), "comment 2"), (M("e", ALICE, "Re: Maintenance", reply=ANNOUNCED), "comment 1"),
    ]),
    Scenario("each of them goes on with their own, also when they answer the announcement again", [
        (M("a", ALICE, "Re: Maintenance", reply=ANNOUNCED), "ticket 1"), (M("b", BOB, "Re: Maintenance", reply=ANNOUNCED), "ticket 2"),
        (M("c", BOB, "Re: Maintenance", reply=ANNOUNCED, text="And when?"), "comment 2"), (M("d", GIL, "Re: Maintenance", reply=ANNOUNCED), "ticket 3"),
        (M("e", ALICE, "Re: Maintenance", refs=("<root@msp.example>", ANNOUNCED)), "comment 1"), (M("f", GIL, "Question", reply=ANNOUNCED), "comment 3"),
        (M("g", EVE, "Question", reply=ANNOUNCED), "ticket 4"),
    ]),
    *(
        Scenario(f"an answer to all does not bind them either: {name}", [
            (M("a", ALICE, "Re: News", reply=news, to=to, cc="bob@acme.example, gil@globex.example", rcpt=SUPPORT), "ticket 1"),
            (M("b", BOB, "Re: News", reply=news, to=to, cc="alice@acme.example, gil@globex.example", rcpt=SUPPORT), "ticket 2"),
            (M("c", GIL, "Re: News", reply=news), "ticket 3"), (M("d", BOB, reply="a", text="Me too."), "comment 1"), (M("e", GIL, reply="a", text="Me too."), "comment 3"),
            (M("f", GIL, reply="a", text="Me too.", to=f"alice@acme.example, {SUPPORT}", rcpt=SUPPORT), "comment 1"),
        ])
        for name, news, to in (
            ("of the desk", ANNOUNCED, SUPPORT), ("of a technician", "<n@prod.outlook.example>", f"tess@msp.example, {SUPPORT}"), ("of a program for newsletters", "<n@mailer.example>", SUPPORT),
        )
    ),
    Scenario("a mail to very many that we never had", [
        (M("a", ALICE, "Re: News", reply="<n@vendor.example>", to=f"news@vendor.example, {PARTNERS}, bob@acme.example", cc=SUPPORT, rcpt=SUPPORT), "ticket 1"),
        (M("b", BOB, "Re: News", reply="<n@vendor.example>", to=f"news@vendor.example, {PARTNERS}, alice@acme.example", cc=SUPPORT, rcpt=SUPPORT), "ticket 2"),
    ]),
    Scenario("one who is put on the watch list of the first answer answers the announcement", [
        (M("a", ALICE, "Re: News", reply=ANNOUNCED, cc="bob@acme.example"), "ticket 1"), (M("b", BOB, "Re: News", reply=ANNOUNCED), "ticket 2"),
    ], mailbox={"watch_cc": True}),
    Scenario("a conversation with others to which we were added is one matter of those who take part", [
        (M("a", ALICE, "Re: Offer", reply="<offer@vendor.example>", to="sam@vendor.example", cc=f"bob@acme.example, {SUPPORT}", rcpt=SUPPORT), "ticket 1"),
        (M("b", BOB, "Re: Offer", reply="<offer@vendor.example>", to="sam@vendor.example", cc=f"alice@acme.example, {SUPPORT}", rcpt=SUPPORT), "comment 1"),
        (M("c", "Sam <sam@vendor.example>", "Re: Offer", reply="<offer@vendor.example>", to="alice@acme.example", cc=SUPPORT, rcpt=SUPPORT), "comment 1"),
        (M("d", GIL, "Re: Offer", reply="<offer@vendor.example>", to="sam@vendor.example", cc=SUPPORT, rcpt=SUPPORT), "ticket 2"),
    ]),
    *(
        Scenario(f"whom another client had in Cc writes on their own, not for that client to read: {name}", [
            (M("a", GIL, "Our project", refs=(root,), cc="alice@acme.example", **PASS), "ticket 1"), (M("b", ALICE, "Re: Our project", refs=(root,), **more, **PASS), became),
        ], check=lambda s: s.client_of(1) == "Globex")
        for name, root, more, became in (
            ("a mail of theirs", "<m1@acme.example>", {}, "ticket 2"), ("a mail of a public provider's", "<m1@mail.gmail.com>", {}, "ticket 2"),
            ("to a stranger", "<m1@acme.example>", {"to": "sam@supplier.example", "cc": SUPPORT, "rcpt": SUPPORT}, "ticket 2"), ("to a stranger about a mail of a provider's", "<m1@mail.gmail.com>", {"to": "sam@supplier.example", "cc": SUPPORT, "rcpt": SUPPORT}, "ticket 2"),
            ("to its people", "<m1@acme.example>", {"to": "gil@globex.example", "cc": SUPPORT, "rcpt": SUPPORT}, "comment 1"), ("an answer to their mail", "<m1@acme.example>", {"reply": "a"}, "ticket 2"),
            ("an answer to their mail, to them as well", "<m1@acme.example>", {"reply": "a", "to": "gil@globex.example", "cc": SUPPORT, "rcpt": SUPPORT}, "comment 1"),
        )
    ),
    Scenario("whom a colleague had in Cc goes on in the ticket", [
        (M("a", ALICE, "Our project", refs=("<m1@acme.example>",), cc="bob@acme.example", **PASS), "ticket 1"), (M("b", BOB, "Re: Our project", refs=("<m1@acme.example>",), **PASS), "comment 1"),
    ]),
    Scenario("who got an announcement in Bcc and answers it begins a ticket", [
        (M("a", TESS, "Maintenance", **PASS), "ticket 1"), (M("b", ALICE, reply="a"), "ticket 2"), (M("c", BOB, reply="a"), "ticket 3"), (M("d", BOB, reply="a", text="More."), "comment 3"),
        (M("e", TOM, reply="a", text="I do it.", **PASS), "internal 1"), (M("f", TESS, reply="a", **PASS), "internal 1"), (M("g", BOB, reply="b", text="Me too."), "comment 2"),
    ]),
    Scenario("also one that was sent in the name of a mailbox", [
        (M("a", "Support <support@msp.example>", "Maintenance", to="undisclosed-recipients:;", rcpt=SUPPORT, **PASS), "ticket 1"), (M("b", ALICE, reply="a"), "ticket 2"), (M("c", GIL, reply="a"), "ticket 3"),
    ]),
    Scenario("one that the rules skip, or that is held, was still sent to many", [
        (M("a", "News <news@msp.example>", "Newsletter 7", message_id=ANNOUNCED), "suppress skipped-by-rule"),
        (M("b", ALICE, reply=ANNOUNCED), "ticket 1"), (M("c", BOB, reply=ANNOUNCED), "ticket 2"),
    ], config={"rule": [{"name": "news", "skip": True, "when": [{"field": "subject", "contains": "Newsletter"}]}]}),
    Scenario("what a technician adds to an announcement is no comment on somebody's answer to it", [
        (M("a", ALICE, "Re: Maintenance", reply=ANNOUNCED), "ticket 1"), (M("b", TESS, "Maintenance: the time", reply=ANNOUNCED, **to("bob@acme.example", "alice@acme.example")), "ticket 2"),
        (M("c", TESS, reply="a", **to("alice@acme.example")), "comment 1"),
    ]),
    Scenario("what a technician adds to a mail to the requester alone is", [
        (M("a", ALICE, "Re: Laptop", reply="<private@msp.example>", to="tess@msp.example", cc=SUPPORT, rcpt=SUPPORT), "ticket 1"), (M("b", TESS, "Re: Laptop", reply="<private@msp.example>", **to("alice@acme.example")), "comment 1"),
    ]),
    Scenario("a mail to very many binds nobody to it but its author", [
        (M("a", ALICE, "Party", cc=", ".join(f"p{n}@partner.example" for n in range(30))), "ticket 1"), (M("b", "p3@partner.example", reply="a"), "ticket 2"),
        (M("c", ALICE, reply="a"), "comment 1"),
    ]),
    Scenario("a mail to some is a conversation", [
        (M("a", ALICE, cc=", ".join(f"p{n}@partner.example" for n in range(10))), "ticket 1"), (M("b", "p3@partner.example", reply="a"), "comment 1"),
    ]),
    *(
        Scenario(f"a mail of a ticket is sent on to another mailbox, with new words: {name}", [
            (M("a", ALICE, "Printer"), "ticket 1"), close(1), (M("b", ALICE, subject, reply="a", to=SALES, text=words), "ticket 2"), (M("c", ALICE, reply="b", to=SALES), "comment 2"), (M("d", ALICE, reply="a"), "comment 1 reopened"),
        ], mailbox={"closed": "reopen"}, check=lambda s: "continues ticket TIC001001" in said(s, 2) and s.simulator.desk.boards[s.ticket(2)["board_id"]]["board_name"] == "Sales")
        for name, subject, words in (
            ("Fwd", "Fwd: Printer", "We need a new one, please quote.\n\n---------- Forwarded message ---------\nFrom: Tess <support@msp.example>\nDate: Sun, 22 Nov 2026 at 09:00\nSubject: Printer\nTo: Alice <alice@acme.example>\n\nIt is beyond repair."),
            ("WG", "WG: Printer", "Bitte ein Angebot.\n\nVon: Tess <support@msp.example>\nGesendet: Sonntag, 22. November 2026 09:00\nAn: Alice <alice@acme.example>\nBetreff: Printer\n\nNicht zu reparieren."),
            ("a subject of its own", "Offer for a new printer", "Please quote."),
        )
    ),
    Scenario("who sends it on there again goes on there", [
        (M("a", ALICE, "Printer"), "ticket 1"), (M("b", ALICE, "Fwd: Printer", reply="a", to=SALES, text="Please quote."), "ticket 2"), (M("c", ALICE, "Fwd: Printer", reply="a", to=SALES, text="I asked for a quote."), "comment 2"),
        (M("d", BOB, "Fwd: Printer", reply="a", to=SALES, text="We need two."), "ticket 3"), (M("e", ALICE, reply="a"), "comment 1"),
    ]),
    Scenario("who answers an old mail of a closed ticket again goes on with the ticket that continues it", [
        (M("a", ALICE, "Printer"), "ticket 1"), close(1), (M("b", ALICE, reply="a"), "ticket 2"), (M("c", ALICE, reply="a", text="And the toner."), "comment 2"), close(2), (M("d", ALICE, reply="a", text="Again."), "ticket 3"),
    ], mailbox={"closed": "new_linked"}),
    Scenario("a ticket that is on that board by now is not sent on", [
        (M("a", ALICE, "Printer"), "ticket 1"), at_desk(1, on="Sales"), (M("b", ALICE, "Offer", reply="a", to=SALES, text="Please quote."), "comment 1"),
    ]),
    Scenario("an invitation, its change and its end are one matter of whoever sends them", [
        (meeting("a", "REQUEST"), "ticket 1"), (meeting("b", "REQUEST", 1), "comment 1"), (meeting("c", "CANCEL", 1), "comment 1"),
        (meeting("d", "CANCEL", sender=EVE), "ticket 2"), (meeting("e", "CANCEL", uid="other"), "ticket 3"),
    ], check=lambda s: "Cancelled: Router" in s.comments(1)[1]["note"] and "claims to belong to ticket" in said(s, 2)),
    Scenario("so they are where the first was not sent to us", [
        (meeting("b", "REQUEST", 3), "ticket 1"), (meeting("c", "CANCEL", 3), "comment 1"),
    ]),
    Scenario("a program that calls all its events the same has a matter in each", [
        (meeting("a", "REQUEST"), "ticket 1"), (meeting("b", "REQUEST"), "ticket 2"), (M("c", ALICE, reply="<b.meeting@acme.example>"), "comment 2"),
    ]),
    Scenario("an answer that goes to another mailbox comes home", [
        (M("a", ALICE, "Printer"), "ticket 1"), (M("b", ALICE, reply="a", to=SALES), "comment 1"), (M("c", ALICE, "Re: Printer today", reply="a", to=SALES), "comment 1"),
    ]),
    Scenario("to the same mailbox it is part of the ticket", [
        (M("a", ALICE, "Printer"), "ticket 1"), (M("b", ALICE, "Offer for a new printer", reply="a"), "comment 1"),
    ]),
    Scenario("a technician may send on what they like", [
        (M("a", ALICE, "Printer"), "ticket 1"), (M("b", TESS, "Offer", reply="a", to=SALES, cc="alice@acme.example", **PASS), "comment 1"),
    ]),
]  # fmt: skip

ROBOT = "Other desk <desk@other.example>"


def rounds(subjects: list[str], most: int, sender: str = ROBOT, **more: Any) -> list[Row]:
    """Mail after mail: the first ``most`` are tickets."""
    return [
        (M(f"r{n}", sender, subject, text=f"Round {n}.", **more), f"ticket {n + 1}" if n < most else "quarantine loop-suspected")
        for n, subject in enumerate(subjects)
    ]


ROUNDS = [
    Scenario("two desks that answer each other make five tickets an hour", [
        *rounds([f"Re: [Ticket #TIC00{1000 + n}] [#{n}] We got your request" for n in range(8)], 5),
        (M("x", ROBOT, "Something else"), "ticket 6"), later(3700), (M("y", ROBOT, "Re: [#99] We got your request"), "ticket 7"),
    ]),
    Scenario("prefixes that grow are the same matter", rounds([("Re: " * n) + "Your mail" for n in range(7)], 5)),
    Scenario("an address with a tag for each ticket is one sender", [
        *((M(f"r{n}", f"Desk <desk+{n}@other.example>", "Re: We got your request", text=f"Round {n}."), f"ticket {n + 1}" if n < 5 else "quarantine loop-suspected") for n in range(7)),
        (M("x", "desk2@other.example", "Re: We got your request"), "ticket 6"),
    ]),
    Scenario("another sender is another matter", [*rounds(["Hello"] * 6, 5), (M("z", EVE, "Hello"), "ticket 6")]),
    Scenario("different subjects are different matters", rounds([f"Server {name} is down" for name in ("one", "two", "three", "four", "five", "six", "seven")], 7)),
    Scenario("plain numbers are words of the matter", rounds([f"Disk {n} of srv{n} failed" for n in range(7)], 7)),
    Scenario("a technician is exempt", rounds(["Note"] * 7, 7, TESS, **PASS)),
    Scenario("the operator says how many", rounds(["Hello"] * 4, 2), config={"guard": {"same_subject_per_hour": 2}}),
    Scenario("or that it does not matter", rounds(["Hello"] * 7, 7), config={"guard": {"same_subject_per_hour": 0}}),
    Scenario("answers within a ticket are not counted", [(M("a", ALICE, "Printer"), "ticket 1"), *((M(f"b{n}", ALICE, reply="a", text=f"{n}"), "comment 1") for n in range(7))]),
]  # fmt: skip

ALL = [*TECHNICIANS, *COLLEAGUES, *MATTERS, *ROUNDS]
