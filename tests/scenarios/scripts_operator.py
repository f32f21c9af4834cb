"""Scenarios: what an operator does with mail that was set aside, and mail from our own addresses."""

from __future__ import annotations

from typing import Any

from tests.scenarios.scripts import ALICE, BOB, DAY, EVE, GIL, ONE, Scenario
from tests.scenarios.stage import SALES, SUPPORT, Act, M, Stage, close, delete, drop, later, move, release

AUTOMATIC = {"Auto-Submitted": "auto-generated"}
OWN = f"Support <{SUPPORT}>"


def became(key: str, expected: str) -> Act:
    """What the mail is by now."""

    async def act(stage: Stage) -> None:
        found = await stage.outcome(key)
        assert found == expected, found

    return act


def refused(act: Act, why: str) -> Act:
    """The operator is told that it cannot be done, and nothing happens."""
    from gateway.store.operator import NotPossible

    async def refusal(stage: Stage) -> None:
        try:
            await act(stage)
        except NotPossible as said:
            assert why in str(said), said
        else:
            raise AssertionError(f"it was done, instead of: {why}")

    return refusal


def notes(stage: Stage, number: int) -> list[tuple[bool, str]]:
    """The comments of a ticket: whether internal, and the words."""
    return [(comment["is_internal"], comment["note"]) for comment in stage.comments(number)]


def words_at(number: int, *said: str, internal: bool | None = None) -> Any:
    """A check: the last comment of the ticket says all of it."""

    def check(stage: Stage) -> bool:
        is_internal, text = notes(stage, number)[-1]
        return all(word in text for word in said) and internal in (None, is_internal)

    return check


REPLIED = {"Auto-Submitted": "auto-replied (vacation)"}
ABSENT = M(
    "v", GIL, "Automatic reply: our mail server sends no automatic replies", text="Please look at it.", headers=REPLIED
)
RULE = {"name": "newsletters", "when": [{"field": "subject", "contains": "offer"}], "skip": True}

SUPPRESSED = [
    Scenario("what was taken for an out-of-office reply is released as its sender's ticket", [
        (ABSENT, "suppress vacation"), release("v"), became("v", "ticket 1"), (M("b", GIL, reply="v"), "comment 1"),
    ], check=lambda s: s.client_of(1) == "Globex" and s.ticket(1)["contact_name_id"] is not None),
    Scenario("or onto the ticket that the operator names", [
        (M("a", GIL), "ticket 1"), (ABSENT, "suppress vacation"), release("v", 1), became("v", "comment 1"),
    ]),
    Scenario("and it is moved like any other mail", [
        (M("a", GIL), "ticket 1"), (ABSENT, "suppress vacation"), move("v", 1), became("v", "comment 1"),
    ]),
    Scenario("what was taken for a bounce", [
        (M("v", ALICE, "Undeliverable: toner", headers={"X-Failed-Recipients": "x@acme.example"}), "suppress bounce"),
        release("v", "new"), became("v", "ticket 1"),
    ], check=lambda s: "It does not work." in s.ticket(1)["attributes"]["description"]),
    Scenario("an automatic reply, a receipt", [
        (M("v", ALICE, headers={"X-Autoreply": "yes"}), "suppress auto-reply"), release("v", "new"), became("v", "ticket 1"),
    ]),
    Scenario("what a rule skipped", [
        (M("v", ALICE, "Special offer"), "suppress skipped-by-rule"), release("v"), became("v", "ticket 1"),
    ], config={"rule": [RULE]}),
    Scenario("what a rule skipped as a reply", [
        (M("a", ALICE), "ticket 1"), (M("v", ALICE, "Special offer", reply="a"), "suppress skipped-by-rule"),
        release("v"), became("v", "comment 1"),
    ], config={"rule": [{**RULE, "on": "any"}]}),
    Scenario("a copy of another mail becomes what the operator says, and its replies still find the first", [
        (M("a", ALICE, "Printer"), "ticket 1"), (M("v", same_as="a"), "suppress duplicate-of"), release("v", "new"),
        became("v", "ticket 2"), (M("c", ALICE, reply="a"), "comment 1"),
    ]),
    Scenario("our own automatic mail, when somebody wants it", [
        (M("v", OWN, "Report", headers=AUTOMATIC), "suppress own"), release("v", "new"), became("v", "ticket 1"),
    ], check=lambda s: s.client_of(1) == "Unknown Senders" and s.ticket(1)["contact_name_id"] is None),
    Scenario("a drop is taken back", [
        (M("a", ALICE), "ticket 1"), (M("v", EVE, reply="a"), "quarantine unverified-sender"), drop("v"),
        became("v", "suppress dropped"), release("v", "new"), became("v", "ticket 2"),
    ]),
    Scenario("and again, as often as the operator likes", [
        (ABSENT, "suppress vacation"), refused(drop("v"), "cannot be set aside"), release("v"), became("v", "ticket 1"),
        refused(drop("v"), "the desk has part of it"), refused(release("v"), "only mail that was set aside"),
    ]),
    Scenario("a real absence stays suppressed", [
        (ABSENT, "suppress vacation"), (M("w", BOB, "Automatic reply: away", text="Back on Monday.", headers=REPLIED), "suppress vacation"),
        release("v"), became("w", "suppress vacation"),
    ]),
]  # fmt: skip

MOVES = [
    Scenario("a move to where the mail is changes nothing", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"), move("b", 1), became("b", "comment 1"),
        move("a", "new"), became("a", "ticket 1"),
    ], check=lambda s: len(s.comments(1)) == 1 and len(s.order) == 1),
    Scenario("a ticket that goes away meanwhile: the mail stays where it was", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a", text="here"), "comment 1"),
        (M("x", ALICE, "Other"), "ticket 2"), delete(2), move("b", 2), became("b", "quarantine no-ticket"),
        release("b", 1), became("b", "comment 1"), (M("c", ALICE, reply="b"), "comment 1"),
    ], check=lambda s: ["here" in text for _, text in notes(s, 1)] == [True, False]),
    Scenario("and so it does without a word on where", [
        (M("a", ALICE), "ticket 1"), (M("x", ALICE, "Other"), "ticket 2"), delete(2), move("a", 2),
        became("a", "quarantine no-ticket"), release("a"), became("a", "ticket 1"), (M("c", ALICE, reply="a"), "comment 1"),
    ], check=lambda s: len(s.order) == 2 and len(s.comments(1)) == 1),
    Scenario("or it goes to a third place, and the first is told", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"), (M("x", ALICE, "Other"), "ticket 2"),
        (M("y", ALICE, "Third"), "ticket 3"), delete(2), move("b", 2), became("b", "quarantine no-ticket"),
        release("b", 3), became("b", "comment 3"), (M("c", ALICE, reply="b"), "comment 3"),
    ], check=words_at(1, "does not belong here", internal=True)),
    Scenario("several tickets are named: the operator is asked which", [
        (M("a", ALICE, "One"), "ticket 1"), (M("b", ALICE, "Two"), "ticket 2"),
        (M("c", ALICE, refs=("a", "b")), "quarantine ambiguous-thread"),
        refused(release("c"), "several tickets"), release("c", 2), became("c", "comment 2"),
    ]),
]  # fmt: skip

STRANGER = [
    (M("a", ALICE), "ticket 1"),
    (M("v", EVE, reply="a", text="Please mail me the password"), "quarantine unverified-sender"),
]
STRANGERS = [
    Scenario("a stranger who is released into a ticket is marked, and nobody outside reads it", [
        *STRANGER, release("v", 1), became("v", "internal 1"),
    ], check=words_at(1, "does not belong to this client", "lmeier released", "password", internal=True)),
    Scenario("the word is about that one mail", [
        *STRANGER, release("v", 1), (M("w", EVE, reply="a"), "quarantine unverified-sender"),
        (M("x", EVE, reply="v"), "quarantine unverified-sender"),
    ]),
    Scenario("nor does it let in those in Cc", [
        STRANGER[0], (M("v", EVE, reply="a", cc="eve2@evil.example"), "quarantine unverified-sender"), release("v", 1),
        (M("w", "eve2@evil.example", reply="v"), "quarantine unverified-sender"),
    ]),
    Scenario("unless the operator lets the sender in", [
        *STRANGER, release("v", 1, admits=True), became("v", "internal 1"), (M("w", EVE, reply="a"), "internal 1"),
    ]),
    Scenario("and takes them for a customer", [
        *STRANGER, release("v", 1, admits=True, audience="public"), became("v", "comment 1"),
        (M("w", EVE, reply="a"), "comment 1"),
    ]),
    Scenario("public is said, and the mark is internal all the same", [
        *STRANGER, release("v", 1, audience="public"), became("v", "comment 1"),
        (M("w", EVE, reply="a"), "quarantine unverified-sender"),
    ], check=lambda s: [note for note, _ in notes(s, 1)] == [False, True]
        and "lmeier released" in notes(s, 1)[1][1] and "lmeier" not in notes(s, 1)[0][1]),
    Scenario("released without a place: the ticket that it names, internal", [
        *STRANGER, release("v"), became("v", "internal 1"), (M("w", EVE, reply="a"), "quarantine unverified-sender"),
    ], check=words_at(1, "does not belong to this client", internal=True)),
    Scenario("the contact of another client is a stranger too", [
        STRANGER[0], (M("v", GIL, reply="a"), "quarantine unverified-sender"), release("v", 1), became("v", "internal 1"),
        (M("w", GIL, reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("one whose verdict failed is not taken for the contact", [
        STRANGER[0], (M("v", ALICE, reply="a", verdict="fail"), "quarantine failed-verification"), release("v"),
        became("v", "internal 1"),
    ], check=words_at(1, "Nothing proves that", "alice@acme.example", "lmeier released", internal=True)),
    Scenario("a dropped stranger, taken back", [
        *STRANGER, drop("v"), release("v", 1), became("v", "internal 1"),
    ], check=words_at(1, "does not belong to this client", internal=True)),
    Scenario("a suppressed stranger", [
        STRANGER[0], (M("v", EVE, "Automatic reply: read this", headers=REPLIED), "suppress vacation"), release("v", 1), became("v", "internal 1"),
    ], check=words_at(1, "does not belong to this client", internal=True)),
    Scenario("who takes part is not marked", [
        STRANGER[0], (M("v", BOB, "Automatic reply: read this", headers=REPLIED), "suppress vacation"), release("v", 1), became("v", "comment 1"),
    ], check=lambda s: "released" not in notes(s, 1)[0][1]),
    Scenario("and is internal where the operator says so", [
        STRANGER[0], (M("v", BOB, "Automatic reply: read this", headers=REPLIED), "suppress vacation"),
        release("v", 1, audience="internal"), became("v", "internal 1"),
    ]),
    Scenario("a person who has a ticket of their own and is moved may go on", [
        (M("a", ALICE), "ticket 1"), (M("b", ONE, "From home"), "ticket 2"), move("b", 1), became("b", "internal 1"),
        (M("c", ONE, reply="b"), "internal 1"),
    ]),
    Scenario("and publicly, where the operator says that they are a customer", [
        (M("a", ALICE), "ticket 1"), (M("b", ONE, "From home"), "ticket 2"), move("b", 1, audience="public"),
        became("b", "comment 1"), (M("c", ONE, reply="b"), "comment 1"),
    ]),
    Scenario("a stranger's own ticket needs no mark", [
        *STRANGER, release("v", "new"), became("v", "ticket 2"), (M("w", EVE, reply="v"), "comment 2"),
    ]),
]  # fmt: skip

OURS = [
    Scenario("one mailbox of ours writes to another", [
        (M("a", f"Sales <{SALES}>", "Please call Acme"), "ticket 1"),
    ], check=lambda s: s.client_of(1) == "Unknown Senders" and s.ticket(1)["contact_name_id"] is None),
    Scenario("a web form writes as the mailbox: the visitor in Reply-To is the requester", [
        (M("a", OWN, "Contact form", headers={"Reply-To": ALICE}), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"),
    ], check=lambda s: s.client_of(1) == "Acme"),
    Scenario("unless the edge looked, and nothing proves the form", [
        (M("a", OWN, "Contact form", headers={"Reply-To": ALICE}, verdict="none"), "ticket 1"),
    ], check=lambda s: s.client_of(1) == "Unknown Senders"),
    Scenario("somebody answers in a thread with Send As", [
        (M("a", ALICE), "ticket 1"), (M("b", OWN, reply="a", verdict="pass"), "internal 1"),
        (M("c", OWN, reply="a", verdict="pass", cc="alice@acme.example"), "comment 1"),
        (M("d", OWN, reply="a"), "quarantine unverified-sender"),
    ]),
    Scenario("automatic mail of ours is no ticket", [
        (M("a", OWN, "Your ticket was received", headers=AUTOMATIC), "suppress own"),
        (M("b", OWN, "Automatic reply: away", headers=REPLIED), "suppress own"),
        (M("c", OWN, "Ticket", headers={"Precedence": "bulk"}), "suppress own"),
        (M("d", OWN, "Ticket", headers={"X-Zammad-Ticket-ID": "1", "Auto-Submitted": "auto-replied"}), "suppress own"),
    ]),
    Scenario("nor is it from a tag", [
        (M("a", "support+web@msp.example", "x", headers=AUTOMATIC), "suppress own"),
        (M("b", "SUPPORT+Web@MSP.example", "x"), "ticket 1"),
    ]),
    Scenario("where tags are off, it is somebody else", [
        (M("a", "support+web@msp.example", "x", headers=AUTOMATIC), "ticket 1"),
    ], mailbox={"tags": False}),
    Scenario("a neighbour of ours in the same domain is not ours", [
        (M("a", "helper@msp.example", "x", headers=AUTOMATIC), "ticket 1"),
    ]),
    Scenario("two of our mailboxes that answer each other come to an end", [
        *((M(f"x{n}", f"Sales <{SALES}>", f"Re: {n}", text=f"number {n}", after=10), f"ticket {n + 1}") for n in range(6)),
        (M("y", f"Sales <{SALES}>", "Re: 7", after=10), "quarantine loop-suspected"), later(3700),
        (M("z", f"Sales <{SALES}>", "Re: 8"), "ticket 7"),
    ], config={"guard": {"own_per_hour": 6}}),
    Scenario("while others write as they like", [
        *((M(f"x{n}", ALICE, f"Number {n}"), f"ticket {n + 1}") for n in range(7)),
    ], config={"guard": {"own_per_hour": 6}}),
]  # fmt: skip


async def refused_once(stage: Stage) -> None:
    """The desk takes no connection for the next new ticket: its mail is deferred in between."""
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "refuse", "times": 1}])


GONE = [
    Scenario("a reply to a ticket that went away names it, also when it is deferred before it gets its own", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"), delete(1), refused_once,
        (M("c", ALICE, reply="b"), "ticket 2"),
    ], check=lambda s: "continues ticket TIC001001, which the desk no longer has" in s.ticket(2)["attributes"]["description"]),
    Scenario("a reply to a ticket that went away names it, whatever happens in between", [
        (M("a", ALICE), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"), delete(1),
        (M("c", ALICE, reply="b"), "ticket 2"),
    ], check=lambda s: "continues ticket TIC001001, which the desk no longer has" in s.ticket(2)["attributes"]["description"]),
    Scenario("also on a mailbox that looks at the state", [
        (M("a", ALICE), "ticket 1"), close(1, ago=DAY), delete(1), (M("c", ALICE, reply="a"), "ticket 2"),
    ], mailbox={"closed": "reopen"},
        check=lambda s: "continues ticket TIC001001, which the desk no longer has" in s.ticket(2)["attributes"]["description"]),
]  # fmt: skip

ALL = [*SUPPRESSED, *MOVES, *STRANGERS, *OURS, *GONE]
