"""The scenarios: each a short script of mails and what must become of them.

A row is a mail with the expected outcome, or something else that happens. The numbers in ``pain`` are
those of the complaints that the scenario answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios.stage import (
    SALES,
    SUPPORT,
    Act,
    M,
    Stage,
    board,
    bundle,
    close,
    delete,
    later,
    move,
    release,
    token,
)

ALICE = "Alice Archer <alice@acme.example>"
BOB = "Bob Baker <bob@acme.example>"
GIL = "Gil Glover <gil@globex.example>"
TESS = "Tess Technician <tess@msp.example>"
EVE = "Eve <eve@evil.example>"
ONE = "One <one@freemail.test>"
TWO = "Two <two@freemail.test>"
DAY = 86400.0
TOKEN = "abcdefghij2345672345"

Row = tuple[M, str] | Act
Check = Callable[[Stage], Any]


@dataclass
class Scenario:
    name: str
    rows: Sequence[Row]
    pain: tuple[int, ...] = ()
    mailbox: dict[str, Any] = field(default_factory=dict)
    check: Check | None = None
    config: dict[str, Any] = field(default_factory=dict)
    refuses: int = 0  # calls that the desk refuses


def replies_of(client: str) -> Scenario:
    return Scenario(
        f"a reply written with {client} is a comment",
        [
            (M("a", ALICE, "Printer"), "ticket 1"),
            (M("b", ALICE, reply="a", client=client), "internal 1" if client in ("helpdesk", "list") else "comment 1"),
        ],
    )


def only_new_words(stage: Stage) -> bool:
    text = stage.comments(1)[0]["note"]
    return "new words" in text and "It does not work" not in text


CLIENTS = [replies_of(client) for client in ("gmail", "outlook", "owa", "apple", "ios", "thunderbird", "exchange")]

THREADS = [
    Scenario("a reply shows its new words only", [
        (M("a", ALICE, "Printer"), "ticket 1"),
        (M("b", ALICE, reply="a", text="Here are new words."), "comment 1"),
    ], (44,), check=only_new_words),
    Scenario("a reply to a reply", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB, reply="a"), "comment 1"), (M("c", ALICE, reply="b"), "comment 1"),
    ], (11,)),
    Scenario("References alone thread, nearest first", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, refs=("a",)), "comment 1"),
    ], (1,)),
    Scenario("a changed subject does not break the thread", [
        (M("a", ALICE, "Printer"), "ticket 1"), (M("b", ALICE, "Something else", reply="a"), "comment 1"),
    ], (13,)),
    Scenario("an equal subject alone makes no thread", [
        (M("a", ALICE, "Printer"), "ticket 1"), (M("b", ALICE, "Re: Printer"), "ticket 2"),
    ], (5, 13)),
    Scenario("Thread-Index never decides", [
        (M("a", ALICE, "Order", client="outlook", headers={"Thread-Index": "AQHX", "Thread-Topic": "Order"}), "ticket 1"),
        (M("b", ALICE, "Order", client="outlook", headers={"Thread-Index": "AQHX", "Thread-Topic": "Order"}), "ticket 2"),
    ], (5,)),
    Scenario("Exchange rewrote our customer's id: the reply's References still lead home", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="<rewritten@exchange>", refs=("a", "<rewritten@exchange>"), client="exchange"), "comment 1"),
    ], (12,)),
    Scenario("iOS drops References", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a", client="ios"), "comment 1"),
    ], (12,)),
    Scenario("support is put in CC in the middle of a thread: the next reply joins", [
        (M("a", ALICE, "Re: Budget", reply="<never@acme.example>"), "ticket 1"),
        (M("b", BOB, "Re: Budget", reply="<never@acme.example>"), "comment 1"),
        (M("c", BOB, "Re: Budget", reply="<other@acme.example>", refs=("<never@acme.example>", "<other@acme.example>")), "comment 1"),
    ], (10,)),
    Scenario("a stranger who knows the ancestor gets a ticket of their own, with a note", [
        (M("a", ALICE, "Re: Budget", reply="<never@acme.example>"), "ticket 1"),
        (M("b", EVE, "Re: Budget", reply="<never@acme.example>"), "ticket 2"),
    ], (3, 10), check=lambda s: "claims to belong to ticket" in s.ticket(2)["attributes"]["description"]),
    Scenario("the parent arrives last", [
        (M("b", BOB, "Re: Late", reply="<late@acme.example>"), "ticket 1"),
        (M("a", ALICE, "Late", message_id="<late@acme.example>"), "comment 1"),
    ], (10,)),
    Scenario("a late parent of a stranger is a ticket of its own", [
        (M("b", BOB, "Re: Late", reply="<late@evil.example>"), "ticket 1"),
        (M("a", EVE, "Late", message_id="<late@evil.example>"), "ticket 2"),
    ], (3,)),
    Scenario("references of two tickets: In-Reply-To decides when it is clear", [
        (M("a", ALICE, "One"), "ticket 1"), (M("b", ALICE, "Two"), "ticket 2"),
        (M("c", ALICE, reply="b", refs=("a", "b")), "comment 2"),
    ], (15,)),
    Scenario("references of two tickets without In-Reply-To: nobody guesses", [
        (M("a", ALICE, "One"), "ticket 1"), (M("b", ALICE, "Two"), "ticket 2"),
        (M("c", ALICE, refs=("a", "b")), "quarantine ambiguous-thread"),
    ], (15,)),
    Scenario("In-Reply-To names two tickets: nobody guesses", [
        (M("a", ALICE, "One", message_id="<a@x.example>"), "ticket 1"), (M("b", ALICE, "Two", message_id="<b@x.example>"), "ticket 2"),
        (M("c", ALICE, headers={"In-Reply-To": "<a@x.example> <b@x.example>"}), "quarantine ambiguous-thread"),
    ], (15,)),
    Scenario("a foreign ticket tag does not disturb", [
        (M("a", ALICE, "[Ticket#2026112201] Printer"), "ticket 1"),
        (M("b", ALICE, "Re: [Ticket#2026112201] [EXTERNAL] Printer", reply="a"), "comment 1"),
        (M("c", ALICE, "[Ticket#2026112201] Printer"), "ticket 2"),
    ], (6, 7, 8)),
    Scenario("chains of prefixes and banners are taken off the title", [
        (M("a", ALICE, "AW: [EXTERNAL] WG: Re: SV: Printer"), "ticket 1"),
    ], (9,), check=lambda s: s.ticket(1)["title"] == "Printer"),
    Scenario("a vendor's number at the end of a long subject is kept", [
        (M("a", ALICE, "word " * 80 + "[CASE-12345]"), "ticket 1"),
    ], (8,), check=lambda s: s.ticket(1)["title"].endswith("[CASE-12345]") and len(s.ticket(1)["title"]) <= 255),
    Scenario("a mail without Message-ID can be answered by the next without harm", [
        (M("a", ALICE, "No id", message_id="none"), "ticket 1"), (M("b", ALICE, "No id", message_id="none", after=2000), "ticket 2"),
    ], (42,)),
    Scenario("an id that is used twice for different mails is two tickets", [
        (M("a", ALICE, "One", text="one", message_id="<same@x.example>"), "ticket 1"),
        (M("b", ALICE, "Two", text="two", message_id="<same@x.example>"), "ticket 2"),
    ], (16,)),
    Scenario("the same mail by two routes is one ticket", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, same_as="a"), "suppress duplicate-of"),
    ], (16,)),
    Scenario("a reply by two routes is one comment", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"), (M("c", ALICE, same_as="b"), "suppress duplicate-of"),
    ], (16, 17)),
    Scenario("one mail to two boards is a ticket on each", [
        (M("a", ALICE, to=f"{SUPPORT}, {SALES}", rcpt=SUPPORT), "ticket 1"), (M("b", ALICE, same_as="a", rcpt=SALES), "ticket 2"),
    ], (18,)),
    Scenario("a reply to both boards goes to the ticket of each", [
        (M("a", ALICE, rcpt=SUPPORT), "ticket 1"), (M("b", ALICE, same_as="a", rcpt=SALES), "ticket 2"),
        (M("c", ALICE, reply="a", rcpt=SUPPORT), "comment 1"), (M("d", ALICE, same_as="c", rcpt=SALES), "comment 2"),
    ], (18,)),
    Scenario("a reply to a ticket of the other board comes home once", [
        (M("a", ALICE, rcpt=SUPPORT), "ticket 1"), (M("b", ALICE, reply="a", rcpt=SUPPORT), "comment 1"),
        (M("c", ALICE, same_as="b", rcpt=SALES), "suppress duplicate-of"),
    ], (18,)),
    Scenario("a deleted ticket: a new one with a note", [
        (M("a", ALICE), "ticket 1"), delete(1), (M("b", ALICE, reply="a"), "ticket 2"),
    ], (57,), check=lambda s: "no longer has" in s.ticket(2)["attributes"]["description"]),
    Scenario("and the replies to the new one follow it", [
        (M("a", ALICE), "ticket 1"), delete(1), (M("b", ALICE, reply="a"), "ticket 2"), (M("c", ALICE, reply="b"), "comment 2"),
    ], (57,)),
    Scenario("a child of a bundle is followed to its master", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB), "ticket 2"), bundle(1, 2), (M("c", ALICE, reply="a"), "comment 2"),
    ], (14,), {"closed": "reopen"}),
    Scenario("a master of another client is not followed", [
        (M("a", ALICE), "ticket 1"), (M("b", GIL), "ticket 2"), bundle(1, 2), (M("c", ALICE, reply="a"), "comment 1"),
    ], (14,), {"closed": "reopen"}),
    Scenario("double send is joined when asked for, from a proven sender", [
        (M("a", ALICE, "Twice", verdict="pass"), "ticket 1"), (M("b", ALICE, "Twice", text="again", verdict="pass", after=30), "comment 1"),
        (M("c", ALICE, "Twice", text="third", verdict="pass", after=600), "ticket 2"),
    ], mailbox={"double_send": 120}),
]  # fmt: skip

MARKS = [
    Scenario("the desk's root id in References", [
        (M("a", ALICE), "ticket 1"),
        (M("b", ALICE, headers={"References": "<ticket-{1}@desk.example>"}), "comment 1"),
    ], (2, 12)),
    Scenario("the desk's footer in the text", [
        (M("a", ALICE), "ticket 1"),
        (M("b", ALICE, text="yes\n\n[ALGA-REPLY-TOKEN tok12345 ticketId={1} commentId={1} threadId={1}]"), "comment 1"),
    ], (12,)),
    Scenario("the desk's hidden attributes in HTML", [
        (M("a", ALICE), "ticket 1"),
        (M("b", ALICE, html="<p>yes</p><div style='display:none' data-alga-ticket-id='{1}' data-alga-reply-token='tok12345'></div>"), "comment 1"),
    ], (12,)),
    Scenario("a ticket's id in the text is a claim: a stranger gets a ticket of their own", [
        (M("a", ALICE), "ticket 1"), (M("b", EVE, text="ALGA-TICKET-ID:{1}"), "ticket 2"),
    ], (2, 3), check=lambda s: "claims to belong" in s.ticket(2)["attributes"]["description"]),
    Scenario("a number in the subject needs a proven sender", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, "Re: [Ticket #TIC001001] x", verdict="pass"), "comment 1"),
        (M("c", ALICE, "Re: [Ticket #TIC001001] x"), "ticket 2"),
    ], (4, 6)),
    Scenario("a number that does not exist is words", [
        (M("a", ALICE, "[Ticket #TIC999999] x", verdict="pass"), "ticket 1"),
    ], (6, 7)),
    Scenario("our token lets in whoever has the address, marked and for technicians only when not bound", [
        (M("a", ALICE), "ticket 1"), token(1, TOKEN), (M("b", EVE, rcpt=f"support+{TOKEN}@msp.example"), "internal 1"),
    ], (12,), check=lambda s: "not part of the ticket" in s.comments(1)[0]["note"]),
    Scenario("a token in To or Cc alone, of mail that is fetched or that names the mailbox as well", [
        (M("a", ALICE), "ticket 1"), token(1, TOKEN),
        (M("b", ALICE, "Re: x", to="alice@acme.example", cc=f"support+{TOKEN}@msp.example", rcpt=SUPPORT), "comment 1"),
        (M("c", ALICE, "Re: x", to=f"{SUPPORT}, Support+{TOKEN}@MSP.example", rcpt=SUPPORT), "comment 1"),
        (M("d", ALICE, "Re: x", to=f"support+{TOKEN}@evil.example, sales+{TOKEN}@msp.example", rcpt=SUPPORT), "ticket 2"),
    ], (12,)),
    Scenario("a wrong token is no token", [
        (M("a", ALICE), "ticket 1"), (M("b", EVE, rcpt="support+aaaaaaaaaabbbbbbbbbb@msp.example"), "ticket 2"),
    ], (2,)),
    Scenario("a vendor's own number threads for that vendor, when it is proven", [
        (M("a", "Vendor <help@vendor.example>", "Incident INC0012345 opened", verdict="pass"), "ticket 1"),
        (M("b", "Vendor <help@vendor.example>", "INC0012345 updated", verdict="pass"), "comment 1"),
        (M("c", "Vendor <help@vendor.example>", "INC0012345 updated again"), "ticket 2"),
    ], (65,)),
    Scenario("and for nobody else", [
        (M("a", "Vendor <help@vendor.example>", "Incident INC0012345 opened", verdict="pass"), "ticket 1"),
        (M("b", "Other <help@other.example>", "INC0012345 updated", verdict="pass"), "ticket 2"),
    ], (65,)),
]  # fmt: skip

PEOPLE = [
    Scenario("a colleague of the client may write", [(M("a", ALICE), "ticket 1"), (M("b", BOB, reply="a"), "comment 1")], (50,)),
    Scenario("someone in Cc may write, though the desk does not know them", [
        (M("a", ALICE, cc="guest@partner.example"), "ticket 1"), (M("b", "guest@partner.example", reply="a"), "comment 1"),
    ], (50,)),
    Scenario("whoever a participant adds in Cc may write", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a", cc="new@partner.example"), "comment 1"),
        (M("c", "new@partner.example", reply="b"), "comment 1"),
    ], (50,)),
    Scenario("whoever a stranger adds in Cc may not", [
        (M("a", ALICE), "ticket 1"), (M("b", EVE, reply="a", cc="eve2@evil.example"), "quarantine unverified-sender"),
        (M("c", "eve2@evil.example", reply="a"), "quarantine unverified-sender"),
    ], (3, 50)),
    Scenario("the contact of another client may not", [
        (M("a", ALICE), "ticket 1"), (M("b", GIL, reply="a"), "quarantine unverified-sender"),
    ], (3,)),
    Scenario("the fallback client binds nobody", [
        (M("a", ONE), "ticket 1"), (M("b", TWO, reply="a"), "quarantine unverified-sender"),
    ], (3,)),
    Scenario("an inactive contact of the client may not", [
        (M("a", ALICE), "ticket 1"), (M("b", "greta@acme.example", reply="a"), "quarantine unverified-sender"),
    ], (3,)),
    Scenario("a failed verdict binds nobody", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a", verdict="fail"), "quarantine failed-verification"),
    ], (53,)),
    Scenario("a technician with a pass may write anywhere, to the desk alone for technicians", [
        (M("a", ALICE), "ticket 1"), (M("b", TESS, reply="a", verdict="pass"), "internal 1"),
    ], (48,)),
    Scenario("a technician's name without a pass is quarantined where verdicts are known", [
        (M("a", ALICE), "ticket 1"), (M("b", TESS, reply="a", verdict="none"), "quarantine spoofed-internal"),
        (M("c", TESS, verdict="fail"), "quarantine spoofed-internal"),
    ], (53,)),
    Scenario("where nobody looks, a technician is an ordinary sender", [
        (M("a", ALICE), "ticket 1"), (M("b", TESS, reply="a"), "quarantine unverified-sender"), (M("c", TESS), "ticket 2"),
    ], (53,)),
    Scenario("the requester does not change because of a reply", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB, reply="a"), "comment 1"),
    ], (55,), check=lambda s: s.simulator.desk.contacts[s.ticket(1)["contact_name_id"]]["email"] == "alice@acme.example"),
    *(
        Scenario(f"another name of the same mailbox: {first} and {second}", [
            (M("a", first, verdict="pass"), "ticket 1"), (M("b", second, reply="a", verdict="none"), "quarantine unverified-sender"),
            (M("c", second, reply="a", verdict="pass"), "comment 1"),
            (M("d", "x" + second, reply="a", verdict="pass"), "quarantine unverified-sender"),
        ])
        for first, second in (
            ("gina@gmail.com", "gina@googlemail.com"), ("gina@googlemail.com", "gina@gmail.com"), ("gina@icloud.com", "gina@me.com"),
            ("gina@pm.me", "gina@proton.me"), ("gina@yandex.ru", "gina@ya.ru"),
        )
    ),
    Scenario("who sends in somebody's name may answer in their own", [
        (M("a", "Boss <boss@law.example>", headers={"Sender": "Assistant <assistant@law.example>"}, verdict="pass"), "ticket 1"),
        (M("b", "Assistant <assistant@law.example>", reply="a", verdict="pass"), "comment 1"),
        (M("c", "Other <other@law.example>", reply="a", verdict="pass"), "quarantine unverified-sender"),
    ]),
    Scenario("but no list or service that sends", [
        (M("a", "Boss <boss@law.example>", headers={"Sender": "owner@lists.example"}, verdict="pass"), "ticket 1"),
        (M("b", "owner@lists.example", reply="a", verdict="pass"), "quarantine unverified-sender"),
    ]),
    Scenario("other providers' domains are other mailboxes", [
        (M("a", "gina@gmx.de", verdict="pass"), "ticket 1"), (M("b", "gina@gmx.net", reply="a", verdict="pass"), "quarantine unverified-sender"),
        (M("c", "gina@gmail.com", reply="a", verdict="pass"), "quarantine unverified-sender"),
    ]),
    Scenario("who writes with a tag and answers without, but not with another", [
        (M("a", "zoe+msp@zoe.example", verdict="pass"), "ticket 1"), (M("b", "zoe@zoe.example", reply="a", verdict="pass"), "comment 1"),
        (M("c", "zoe+other@zoe.example", reply="a", verdict="pass"), "quarantine unverified-sender"),
    ]),
    Scenario("an additional address of the contact is the contact", [
        (M("a", BOB), "ticket 1"), (M("b", "bob@private.example", reply="a"), "comment 1"),
    ], (50,)),
    Scenario("Bcc: the envelope decides", [
        (M("a", ALICE, to="team@acme.example", rcpt=SALES), "ticket 1"),
    ], (51, 24), check=lambda s: s.simulator.desk.boards[s.ticket(1)["board_id"]]["board_name"] == "Sales"),
    Scenario("an unknown sender goes to the fallback client, without contact", [
        (M("a", "new@elsewhere.example"), "ticket 1"),
    ], (54,), check=lambda s: s.client_of(1) == "Unknown Senders" and s.ticket(1)["contact_name_id"] is None),
    Scenario("a Google Group that writes as itself goes to the fallback client", [
        (M("a", "'Alice' via Team <team@groups.example>", headers={"X-Original-From": ALICE}, client="list"), "ticket 1"),
    ], (52,), check=lambda s: s.client_of(1) == "Unknown Senders"),
    Scenario("a released stranger becomes a ticket of its own", [
        (M("a", ALICE), "ticket 1"), (M("b", EVE, reply="a"), "quarantine unverified-sender"), release("b", "new"),
        (M("c", EVE, reply="b"), "comment 2"),
    ], (3,), check=lambda s: len(s.order) == 2 and not s.comments(1)),
    Scenario("or a comment where the operator says", [
        (M("a", ALICE), "ticket 1"), (M("b", EVE, reply="a"), "quarantine unverified-sender"), release("b", 1),
    ], (3,), check=lambda s: len(s.comments(1)) == 1),
]  # fmt: skip

CLOSED = [
    Scenario("by default the board decides: it does not reopen", [(M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a"), "comment 1")], (58,)),
    Scenario("a board that reopens", [
        board(inbound_reply_reopen_enabled=True), (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a"), "comment 1 reopened"),
    ], (56,), check=lambda s: not s.ticket(1)["is_closed"]),
    Scenario("a board's cutoff", [
        board(inbound_reply_reopen_enabled=True, inbound_reply_reopen_cutoff_hours=24), (M("a", ALICE), "ticket 1"),
        close(1, ago=2 * DAY), (M("b", ALICE, reply="a"), "ticket 2"),
    ], (57,), check=lambda s: "continues ticket TIC001001" in s.ticket(2)["attributes"]["description"]),
    Scenario("a mailbox that reopens", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a"), "comment 1 reopened"), (M("c", ALICE, reply="a"), "comment 1"),
    ], (56,), {"closed": "reopen"}),
    Scenario("the status that it names", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a"), "comment 1 reopened"),
    ], (56,), {"closed": "reopen", "reopen_status": "In Progress"},
        check=lambda s: s.simulator.desk.statuses[s.ticket(1)["status_id"]]["name"] == "In Progress"),
    Scenario("beyond the window: a linked new ticket", [
        (M("a", ALICE), "ticket 1"), close(1, ago=20 * DAY), (M("b", ALICE, reply="a"), "ticket 2"), (M("c", ALICE, reply="b"), "comment 2"),
    ], (57,), {"closed": "reopen"}),
    Scenario("always a linked new ticket", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a"), "ticket 2"),
    ], (57, 58), {"closed": "new_linked"}),
    Scenario("comment only", [(M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a"), "comment 1")], (58,), {"closed": "comment"}),
    *(
        Scenario(f"thanks do not reopen: {' '.join(words.split())}", [
            (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a", text=words), "internal 1"),
        ], (56,), {"closed": "reopen"})
        for words in ("Thanks!", "Thank you very much, all good now.", "Vielen Dank für die schnelle Hilfe!\n\nAlice", "Merci beaucoup", "Perfect, it works. Thanks Tess")
    ),
    *(
        Scenario(f"anything doubtful reopens: {words}", [
            (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a", text=words), "comment 1 reopened"),
        ], (56,), {"closed": "reopen"})
        for words in ("Thanks, but it still fails.", "Thanks! And the other printer?", "Danke, geht leider nicht", "Thanks, call me at 5551234", "It is broken again")
    ),
    Scenario("thanks with a file reopen", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, reply="a", text="Thanks!", files={"log.txt": b"x"}), "comment 1 reopened"),
    ], (56,), {"closed": "reopen"}),
    Scenario("automatic mail never reopens", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, "Out of office", reply="a", headers={"Auto-Submitted": "auto-replied"}), "internal 1"),
    ], (28,), {"closed": "reopen"}, check=lambda s: s.ticket(1)["is_closed"]),
    Scenario("at most three reopens in an hour", [
        (M("a", ALICE), "ticket 1"),
        *(row for n in range(3) for row in (close(1), (M(f"r{n}", ALICE, reply="a"), "comment 1 reopened"))),
        close(1), (M("r4", ALICE, reply="a"), "comment 1"), later(3700), (M("r5", ALICE, reply="a"), "comment 1 reopened"),
    ], (28,), {"closed": "reopen"}),
    Scenario("a rule that sets a status on replies uses up none of them", [
        (M("a", ALICE), "ticket 1"), *((M(f"r{n}", ALICE, reply="a"), "comment 1 reopened") for n in range(4)),
        close(1), (M("b", ALICE, reply="a", text="no status"), "comment 1 reopened"),
    ], (28,), {"closed": "reopen"}, check=lambda s: not s.ticket(1)["is_closed"], config={"rule": [
        {"name": "working", "on": "reply", "board": "Support", "status": "In Progress", "when": [{"none": [{"field": "body", "contains": "no status"}]}]},
    ]}),
    Scenario("a stranger with the token does not reopen", [
        (M("a", ALICE), "ticket 1"), token(1, TOKEN), close(1), (M("b", EVE, rcpt=f"support+{TOKEN}@msp.example"), "internal 1"),
    ], (3, 4), {"closed": "reopen"}),
    Scenario("a stranger does not reopen", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", EVE, reply="a"), "quarantine unverified-sender"),
    ], (3, 4), {"closed": "reopen"}, check=lambda s: s.ticket(1)["is_closed"]),
]  # fmt: skip

DSN = """From: MAILER-DAEMON@mx.acme.example
To: support@msp.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn{n}@mx.acme.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

{words}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.acme.example

Final-Recipient: rfc822; {who}
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

From: support@msp.example
To: {who}
Message-ID: {about}
Subject: Printer

old words
--b--
"""


def dsn(about: str, who: str, n: int = 1, words: str = "Sorry.") -> bytes:
    return DSN.format(about=about, who=who, n=n, words=words).replace("\n", "\r\n").encode()


LOOPS = [
    Scenario("a bounce of a mail of a ticket is an internal comment of facts", [
        (M("a", ALICE, message_id="<known@acme.example>"), "ticket 1"),
        (M("b", "", raw=dsn("<known@acme.example>", "alice@acme.example", words="evil words")), "internal 1"),
    ], (27, 34), check=lambda s: "5.1.1" in s.comments(1)[0]["note"] and "evil words" not in s.comments(1)[0]["note"]),
    Scenario("a bounce about nobody's mail is suppressed", [
        (M("a", "", raw=dsn("<unknown@acme.example>", "alice@acme.example")), "suppress bounce"),
    ], (27,)),
    Scenario("a forged bounce about someone else gets nothing", [
        (M("a", ALICE, message_id="<known@acme.example>"), "ticket 1"),
        (M("b", "", raw=dsn("<known@acme.example>", "eve@evil.example")), "quarantine unverified-sender"),
    ], (3, 27), check=lambda s: not s.comments(1)),
    Scenario("an out-of-office reply without a ticket is suppressed", [
        (M("a", ALICE, "Out of office", headers={"Auto-Submitted": "auto-replied"}), "suppress vacation"),
    ], (29,)),
    Scenario("one in the thread is internal", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, "Out of office", reply="a", headers={"Auto-Submitted": "auto-replied"}), "internal 1"),
    ], (29, 59)),
    Scenario("a no-reply address makes a ticket", [
        (M("a", "no-reply@vendor.example", "Your invoice"), "ticket 1"),
    ], (30, 60)),
    Scenario("a notice makes a ticket without a contact", [
        (M("a", "alice@acme.example", "Backup failed", headers={"Auto-Submitted": "auto-generated"}), "ticket 1"),
    ], (28, 60), check=lambda s: s.ticket(1)["contact_name_id"] is None and s.client_of(1) == "Acme"),
    Scenario("our own mail comes back", [
        (M("a", "support@msp.example", "Your ticket was received", headers={"Auto-Submitted": "auto-replied"}), "suppress own"),
    ], (31,)),
    Scenario("another help desk that answers by machine is stopped after four", [
        *((M(f"x{n}", "Desk <desk@other.example>", f"[Ticket#{n}] received", text=f"number {n}", headers={"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}, after=20), "suppress auto-reply") for n in range(4)),
        (M("x5", "Desk <desk@other.example>", "[Ticket#5] received", headers={"Auto-Submitted": "auto-replied"}, after=20), "quarantine loop-suspected"),
    ], (29, 33)),
    Scenario("thirty mails of a person in ten minutes all count", [
        *((M(f"x{n}", ALICE, f"Job {n}", after=20), f"ticket {n + 1}") for n in range(30)),
    ], (32,)),
    Scenario("five colleagues answer before the first ticket is there", [
        (M("a", ALICE, to=f"{SUPPORT}, bob@acme.example"), "ticket 1"),
        *((M(f"x{n}", who, reply="a", after=0), "comment 1") for n, who in enumerate((ALICE, BOB, "oldbob@acme.example", BOB, ALICE))),
    ], (35,)),
    Scenario("a vendor's automatic answer to a closed ticket does not reopen it", [
        (M("a", "Vendor <soc@vendor.example>", "Alert", headers={"Auto-Submitted": "auto-generated"}), "ticket 1"), close(1),
        (M("b", "Vendor <soc@vendor.example>", "Re: Alert", reply="a", headers={"Auto-Submitted": "auto-replied"}), "internal 1"),
    ], (28,), {"closed": "reopen"}, check=lambda s: s.ticket(1)["is_closed"]),
]  # fmt: skip

MOVES = [
    Scenario("a comment in the wrong ticket is moved, and replies follow", [
        (M("a", ALICE, "One"), "ticket 1"), (M("b", ALICE, "Two"), "ticket 2"), (M("c", ALICE, reply="a", files={"f.bin": b"x" * 9}), "comment 1"),
        move("c", 2), (M("d", ALICE, reply="c"), "comment 2"),
    ], (13,), check=lambda s: [c["is_internal"] for c in s.comments(1)] == [False, True] and len(s.comments(2)) == 2
        and f"moved it to {s.ticket(2)['ticket_number']}." in s.comments(1)[1]["note"] and len(s.simulator.desk.documents[s.order[1]]) == 1),
    Scenario("a mail is split off to a ticket of its own", [
        (M("a", ALICE, "One"), "ticket 1"), (M("b", ALICE, "Something new", reply="a"), "comment 1"), move("b", "new"),
        (M("c", ALICE, reply="b"), "comment 2"), (M("d", ALICE, reply="a"), "comment 1"),
    ], (13,), check=lambda s: s.ticket(2)["title"] == "Something new"),
    Scenario("moving twice changes nothing", [
        (M("a", ALICE, "One"), "ticket 1"), (M("b", ALICE, "Two"), "ticket 2"), (M("c", ALICE, reply="a"), "comment 1"),
        move("c", 2), move("c", 2),
    ], (13,), check=lambda s: len(s.comments(2)) == 1 and len(s.comments(1)) == 2),
]  # fmt: skip

ALL = [*CLIENTS, *THREADS, *MARKS, *PEOPLE, *CLOSED, *LOOPS, *MOVES]
