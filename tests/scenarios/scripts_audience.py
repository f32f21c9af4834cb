"""For whom a comment is: public only for words that a customer of the ticket wrote or was sent."""

from __future__ import annotations

from typing import Any

from tests.scenarios.scripts import ALICE, BOB, GIL, ONE, TESS, Scenario
from tests.scenarios.scripts_files import release_files
from tests.scenarios.stage import SUPPORT, M, Stage, move

SUPPLIER = "Sam <sam@supplier.example>"
DESK = SUPPORT
FIRST = (M("a", ALICE, "Printer"), "ticket 1")
TO_SUPPLIER = (M("b", TESS, reply="a", to=SUPPLIER, cc=DESK, rcpt=DESK, verdict="pass"), "internal 1")
FORWARD = "What do you make of it?\n\n-----Original Message-----\nFrom: Alice Archer <alice@acme.example>\nSubject: Printer\n\nIt prints salaries."


def said(why: str, number: int = 1) -> Any:
    """Whether the ticket has no public comment with these words."""
    return lambda stage: all(comment["is_internal"] for comment in stage.comments(number) if why in comment["note"])


def documents(stage: Stage) -> list[str]:
    return [document["document_name"] for document in stage.simulator.desk.documents.get(stage.order[0], [])]


def names_held(name: str) -> Any:
    """No document at the desk, and an internal comment names the file and why."""
    return lambda stage: (
        documents(stage) == []
        and any(
            comment["is_internal"] and name in comment["note"] and "technicians only" in comment["note"]
            for comment in stage.comments(1)
        )
    )


PUBLIC = [
    Scenario("a customer's reply to the desk alone", [FIRST, (M("b", ALICE, reply="a"), "comment 1")]),
    Scenario("a customer's colleague who was in Cc", [
        (M("a", ALICE, cc="guest@partner.example"), "ticket 1"), (M("b", "guest@partner.example", reply="a"), "comment 1"),
    ]),
    Scenario("a technician answers the customer with the desk in Cc", [
        FIRST, (M("b", TESS, reply="a", to=ALICE, cc=DESK, rcpt=DESK, verdict="pass"), "comment 1"),
    ]),
    Scenario("and with the desk in Bcc", [FIRST, (M("b", TESS, reply="a", to=ALICE, rcpt=DESK, verdict="pass"), "comment 1")]),
    Scenario("a technician answers a colleague of the customer", [
        FIRST, (M("b", TESS, reply="a", to=BOB, cc=DESK, rcpt=DESK, verdict="pass"), "comment 1"),
    ]),
    Scenario("a technician answers somebody at the customer's whom the desk does not know", [
        FIRST, (M("b", TESS, reply="a", to="new@acme.example", cc=DESK, rcpt=DESK, verdict="pass"), "comment 1"),
    ]),
    Scenario("a technician answers a tagged address of the customer", [
        FIRST, (M("b", TESS, reply="a", to="alice+printer@acme.example", cc=DESK, rcpt=DESK, verdict="pass"), "comment 1"),
    ]),
    Scenario("a technician forwards the supplier's words to the customer", [
        FIRST, TO_SUPPLIER,
        (M("c", TESS, "FW: Printer", reply="a", to=ALICE, cc=DESK, rcpt=DESK, text=FORWARD, verdict="pass"), "comment 1"),
    ]),
    Scenario("the supplier answers the customer as well", [
        FIRST, TO_SUPPLIER, (M("c", SUPPLIER, reply="b", to=TESS, cc=f"{DESK}, {ALICE}", rcpt=DESK), "comment 1"),
    ]),
    Scenario("a technician answers an unknown requester", [
        (M("a", ONE, "Printer"), "ticket 1"), (M("b", TESS, reply="a", to=ONE, cc=DESK, rcpt=DESK, verdict="pass"), "comment 1"),
        (M("c", ONE, reply="b", to=TESS, cc=DESK, rcpt=DESK), "comment 1"),
    ]),
    Scenario("the customer's own list, which was on the customer's mail", [
        (M("a", ALICE, cc="it@lists.acme.example"), "ticket 1"),
        (M("b", TESS, reply="a", to="it@lists.acme.example", cc=DESK, rcpt=DESK, verdict="pass"), "comment 1"),
    ]),
    Scenario("a customer forwards into the thread", [
        FIRST, (M("b", ALICE, "FW: Printer", reply="a", text=FORWARD), "comment 1"),
    ]),
    Scenario("a customer writes to the supplier with the desk in Cc", [
        FIRST, (M("b", ALICE, reply="a", to=SUPPLIER, cc=DESK, rcpt=DESK), "comment 1"),
        (M("c", SUPPLIER, reply="b", to=ALICE, cc=DESK, rcpt=DESK), "comment 1"),
    ]),
]  # fmt: skip

INTERNAL = [
    Scenario("a technician on a ticket without a contact", [
        (M("a", TESS, "My screen", verdict="pass"), "ticket 1"), (M("b", TESS, reply="a", verdict="pass"), "internal 1"),
    ]),
    Scenario("a technician writes to a supplier with the desk in Cc, and the supplier answers both", [
        FIRST, TO_SUPPLIER, (M("c", SUPPLIER, reply="b", to=TESS, cc=DESK, rcpt=DESK), "internal 1"),
        (M("d", SUPPLIER, reply="b", to=DESK), "internal 1"), (M("e", ALICE, reply="a"), "comment 1"),
    ]),
    Scenario("the supplier brings in a colleague, who answers", [
        FIRST, TO_SUPPLIER, (M("c", SUPPLIER, reply="b", to=TESS, cc=f"{DESK}, sue@supplier.example", rcpt=DESK), "internal 1"),
        (M("d", "sue@supplier.example", reply="c", to=DESK), "internal 1"),
    ]),
    Scenario("a supplier stays one when the customer answers all", [
        FIRST, (M("b", TESS, reply="a", to=ALICE, cc=f"{DESK}, {SUPPLIER}", rcpt=DESK, verdict="pass"), "comment 1"),
        (M("c", ALICE, reply="b", to=TESS, cc=f"{DESK}, {SUPPLIER}", rcpt=DESK), "comment 1"),
        (M("d", SUPPLIER, reply="b", to=TESS, cc=DESK, rcpt=DESK), "internal 1"),
    ]),
    Scenario("technicians among themselves, the desk in Cc", [
        FIRST, (M("b", TESS, reply="a", to="gateway@msp.example", cc=DESK, rcpt=DESK, verdict="pass"), "internal 1"),
    ]),
    Scenario("the desk in Bcc of a mail to a supplier", [
        FIRST, (M("b", TESS, reply="a", to=SUPPLIER, rcpt=DESK, verdict="pass"), "internal 1"),
    ]),
    Scenario("Reply-To names the customer", [
        FIRST, TO_SUPPLIER, (M("c", SUPPLIER, reply="b", to=DESK, headers={"Reply-To": ALICE}), "internal 1"),
        (M("d", TESS, reply="b", to=SUPPLIER, cc=DESK, rcpt=DESK, verdict="pass", headers={"Reply-To": ALICE}), "internal 1"),
    ]),
    Scenario("a technician's forward in the thread to the desk", [
        FIRST, (M("b", TESS, "FW: Printer", reply="a", client="outlook", text=FORWARD, verdict="pass"), "internal 1"),
    ], check=said("salaries")),
    Scenario("a technician's forward in the thread to a supplier", [
        FIRST, (M("b", TESS, "FW: Printer", reply="a", to=SUPPLIER, cc=DESK, rcpt=DESK, text=FORWARD, verdict="pass"), "internal 1"),
    ], check=said("salaries")),
    Scenario("a customer of another client is no customer of the ticket", [
        FIRST, (M("b", TESS, reply="a", to=GIL, cc=DESK, rcpt=DESK, verdict="pass"), "internal 1"),
        (M("c", GIL, reply="b", to=DESK), "internal 1"),
    ]),
    Scenario("an inactive contact is none either", [
        FIRST, (M("b", TESS, reply="a", to="greta@acme.example", cc=DESK, rcpt=DESK, verdict="pass"), "internal 1"),
    ]),
    Scenario("a stranger's domain that ends like the customer's", [
        FIRST, (M("b", TESS, reply="a", to="x@evil-acme.example", cc=DESK, rcpt=DESK, verdict="pass"), "internal 1"),
    ]),
    Scenario("the customer's name on another's address", [
        FIRST, (M("b", TESS, reply="a", to='"alice@acme.example" <sam@supplier.example>', cc=DESK, rcpt=DESK, verdict="pass"), "internal 1"),
    ]),
    Scenario("of an unknown requester's ticket nobody of the same provider is a customer", [
        (M("a", ONE, "Printer"), "ticket 1"), (M("b", TESS, reply="a", to="two@freemail.test", cc=DESK, rcpt=DESK, verdict="pass"), "internal 1"),
    ]),
    Scenario("a technician's mail to the supplier, moved by an operator", [
        FIRST, (M("b", TESS, "Order", to=SUPPLIER, cc=DESK, rcpt=DESK, verdict="pass"), "ticket 2"), move("b", 1),
    ], check=lambda s: [comment["is_internal"] for comment in s.comments(1)] == [True]),
    Scenario("who was only on the technician's first mail to a supplier answers the desk", [
        (M("a", TESS, "Order", to=SUPPLIER, cc=DESK, rcpt=DESK, verdict="pass"), "ticket 1"),
        (M("b", SUPPLIER, reply="a", to=TESS, cc=DESK, rcpt=DESK), "internal 1"),
    ]),
]  # fmt: skip

FILES = [
    Scenario("a supplier's file waits for an operator, and the comment names it", [
        FIRST, TO_SUPPLIER, (M("c", SUPPLIER, reply="b", to=TESS, cc=DESK, rcpt=DESK, files={"offer.pdf": b"%PDF-1.4 price"}), "internal 1"),
    ], check=names_held("offer.pdf")),
    Scenario("a technician's file to a supplier as well", [
        FIRST, (M("b", TESS, reply="a", to=SUPPLIER, cc=DESK, rcpt=DESK, verdict="pass", files={"logins.txt": b"root secret"}), "internal 1"),
    ], check=names_held("logins.txt")),
    Scenario("what does not fit into a comment is held like a file", [
        FIRST, (M("b", TESS, reply="a", to=SUPPLIER, cc=DESK, rcpt=DESK, verdict="pass", text="secret words " * 4000), "internal 1"),
    ], check=lambda s: documents(s) == []),
    Scenario("and so is the original", [
        FIRST, (M("b", TESS, reply="a", to=SUPPLIER, cc=DESK, rcpt=DESK, verdict="pass"), "internal 1"),
    ], mailbox={"attach_original": True}, check=lambda s: documents(s) == ["original.eml"]),
    Scenario("an operator lets them go", [
        FIRST, (M("b", TESS, reply="a", to=SUPPLIER, cc=DESK, rcpt=DESK, verdict="pass", text="long words " * 4000, files={"a.txt": b"x"}), "internal 1"),
        release_files("b"),
    ], check=lambda s: sorted(documents(s)) == ["a.txt", "message.txt"]),
    Scenario("unless the mailbox uploads them", [
        FIRST, TO_SUPPLIER, (M("c", SUPPLIER, reply="b", to=TESS, cc=DESK, rcpt=DESK, files={"offer.pdf": b"%PDF-1.4 price"}), "internal 1"),
    ], mailbox={"internal_files": "upload"}, check=lambda s: documents(s) == ["offer.pdf"]),
    Scenario("a customer's file is uploaded", [
        FIRST, (M("b", ALICE, reply="a", files={"photo.bin": b"x"}), "comment 1"),
    ], check=lambda s: documents(s) == ["photo.bin"]),
]  # fmt: skip

ALL = [
    Scenario(f"audience: {row.name}", row.rows, row.pain, row.mailbox, row.check, row.config)
    for row in (*PUBLIC, *INTERNAL, *FILES)
]
