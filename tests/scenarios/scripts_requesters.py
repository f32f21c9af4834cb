"""Whose mail it is and where it goes: forwards, clients and contacts, rules."""

from __future__ import annotations

import json
from typing import Any

from tests.scenarios.scripts import ALICE, EVE, GIL, ONE, TESS, Scenario
from tests.scenarios.stage import M, Stage

TOM = "Tom Tools <tom@msp.example>"


def forward(
    sender: str = ALICE, subject: str = "Printer", text: str = "The printer burns.", above: str = "Please look at this.",
    to: str = "Tess Technician <tess@msp.example>", cc: str = "",
) -> str:
    """The text of a forward as Gmail writes it."""
    cc = f"\nCc: {cc}" if cc else ""
    return (
        f"{above}\n\n---------- Forwarded message ---------\nFrom: {sender}\nDate: Sat, 21 Nov 2026 at 10:00\n"
        f"Subject: {subject}\nTo: {to}{cc}\n\n{text}\n"
    )


def eml(sender: str = ALICE, message_id: str = "<orig@acme.example>", text: str = "The printer burns.", more: str = "") -> bytes:
    return (
        f"From: {sender}\nTo: Tess <tess@msp.example>\nCc: carl@acme.example\nSubject: Printer\n"
        f"Date: Sat, 21 Nov 2026 10:00:00 +0000\nMessage-ID: {message_id}\n{more}\n{text}\n"
    ).encode()


def contact_of(stage: Stage, number: int) -> str:
    one = stage.ticket(number)["contact_name_id"]
    return str(stage.simulator.desk.contacts[one]["email"]) if one else ""


def description(stage: Stage, number: int) -> str:
    blocks: list[dict[str, Any]] = json.loads(stage.ticket(number)["attributes"]["description"])
    return "\n".join("".join(run.get("text", "") for run in block.get("content") or []) for block in blocks)


def of_alice(stage: Stage) -> bool:
    """The ticket is Alice's with her words; the technician's are internal."""
    text, notes = description(stage, 1), stage.comments(1)
    return (
        contact_of(stage, 1) == "alice@acme.example" and stage.client_of(1) == "Acme" and stage.ticket(1)["title"] == "Printer"
        and "From Alice Archer <alice@acme.example>" in text and "The printer burns." in text
        and "Forwarded by Tess" in text and "Please look" not in text
        and notes[0]["is_internal"] and "Please look" in notes[0]["note"]
    )


def stays_with(client: str, contact: str = "") -> Any:
    return lambda s: s.client_of(1) == client and contact_of(s, 1) == contact


FW = "Fwd: Printer"
FORWARDS = [
    Scenario("a redirected mail is its author's", [
        (M("a", ALICE, "Printer", mail_from="forward@acme.example", to="office@acme.example", rcpt="support@msp.example", verdict="pass"), "ticket 1"),
    ], (49,), check=stays_with("Acme", "alice@acme.example")),
    Scenario("a technician forwards: the ticket is the customer's, the technician's words are internal", [
        (M("a", TESS, FW, text=forward(cc="Carl <carl@acme.example>"), verdict="pass"), "ticket 1"),
    ], (48,), check=lambda s: of_alice(s) and "2026" in description(s, 1) and "carl@acme.example" in description(s, 1)),
    Scenario("and those who took part in the original may write", [
        (M("a", TESS, FW, text=forward("Old <old@partner.example>", cc="guest@partner.example"), verdict="pass"), "ticket 1"),
        (M("b", "old@partner.example", reply="a"), "comment 1"), (M("c", "guest@partner.example", reply="a"), "comment 1"),
    ], (48, 50)),
    Scenario("a technician forwards without words: no comment", [
        (M("a", TESS, FW, text=forward(above=""), verdict="pass"), "ticket 1"),
    ], (48,), check=lambda s: contact_of(s, 1) == "alice@acme.example" and not s.comments(1)),
    Scenario("a technician forwards as attachment: the customer's later reply threads", [
        (M("a", TESS, FW, text="Please look at this.", files={"mail.eml": eml()}, verdict="pass"), "ticket 1"),
        (M("b", ALICE, "Re: Printer", reply="<orig@acme.example>"), "comment 1"),
        (M("c", "carl@acme.example", "Re: Printer", reply="<orig@acme.example>"), "comment 1"),
        (M("d", EVE, "Re: Printer", reply="<orig@acme.example>"), "ticket 2"),
    ], (47, 48), check=of_alice),
    Scenario("the original itself, when it comes late, joins the forward", [
        (M("a", TESS, FW, text="Please look at this.", files={"mail.eml": eml()}, verdict="pass"), "ticket 1"),
        (M("b", ALICE, "Printer", message_id="<orig@acme.example>"), "comment 1"),
    ], (48,)),
    Scenario("a technician's forward without a pass counts for nobody else", [
        (M("a", TESS, FW, text=forward()), "ticket 1"), (M("b", TESS, FW, text=forward(), verdict="none"), "quarantine spoofed-internal"),
    ], (48, 53), check=stays_with("Unknown Senders")),
    Scenario("unless the mailbox lets that address forward", [
        (M("a", TESS, FW, text=forward()), "ticket 1"), (M("b", TOM, FW, text=forward(subject="Other")), "ticket 2"),
    ], (48,), {"forwarders": ["tess@msp.example"]}, check=lambda s: of_alice(s) and s.client_of(2) == "Unknown Senders"),
    Scenario("a disproven forwarder is none", [
        (M("a", "Boss <boss@acme.example>", FW, text=forward(GIL), verdict="fail"), "ticket 1"),
    ], (53,), {"forwarders": ["boss@acme.example"]}, check=lambda s: s.client_of(1) != "Globex"),
    Scenario("a customer's forward stays the customer's", [
        (M("a", ALICE, FW, text=forward(GIL), verdict="pass"), "ticket 1"),
    ], (49,), check=lambda s: stays_with("Acme", "alice@acme.example")(s) and "gil@globex.example" in description(s, 1)),
    Scenario("a customer forwards as attachment: its facts and words are shown", [
        (M("a", ALICE, FW, text="What is this?", files={"mail.eml": eml("Vendor <help@vendor.example>")}), "ticket 1"),
        (M("b", "help@vendor.example", reply="<orig@acme.example>"), "ticket 2"),
    ], (47, 49), check=lambda s: contact_of(s, 1) == "alice@acme.example"
        and all(one in description(s, 1) for one in ("help@vendor.example", "2026-11-21 10:00 UTC", "carl@acme.example", "The printer burns."))),
    Scenario("a forward of a forward: our own people are passed over", [
        (M("a", TESS, "Fwd: Fwd: Printer", text=forward(TOM, "Fwd: Printer", text=forward(above="look")), verdict="pass"), "ticket 1"),
    ], (48, 49), check=stays_with("Acme", "alice@acme.example")),
    Scenario("a customer's forward, forwarded by a technician, is the customer's", [
        (M("a", TESS, "Fwd: Fwd: Printer", text=forward(ALICE, "Fwd: Printer", text=forward(GIL, above="look")), verdict="pass"), "ticket 1"),
    ], (48, 49), check=stays_with("Acme", "alice@acme.example")),
    Scenario("two attached mails: nobody guesses whose the ticket is", [
        (M("a", TESS, FW, text="Both.", files={"1.eml": eml(), "2.eml": eml(GIL, "<o2@globex.example>")}, verdict="pass"), "ticket 1"),
    ], (49,), check=stays_with("Unknown Senders")),
    Scenario("a forwarded no-reply is nobody to answer", [
        (M("a", TESS, FW, text=forward("Shop <noreply@shop.example>"), verdict="pass"), "ticket 1"),
    ], (49,), check=stays_with("Unknown Senders")),
    Scenario("a technician's reply that quotes a customer is no forward", [
        (M("a", TESS, "Re: Printer", text=forward(above="I answer"), verdict="pass"), "ticket 1"),
    ], (48, 49), check=stays_with("Unknown Senders")),
    Scenario("a header block in a technician's own text is no forward", [
        (M("a", TESS, "Printer of Alice", text=forward(), verdict="pass"), "ticket 1"),
    ], (48, 49), check=stays_with("Unknown Senders")),
    Scenario("a banner before the forward's mark does not hide it", [
        (M("a", TESS, "[EXTERNAL] WG: Printer", text=forward(), verdict="pass"), "ticket 1"),
    ], (48,), check=stays_with("Acme", "alice@acme.example")),
    Scenario("a technician's forward of a stranger goes to the fallback client", [
        (M("a", TESS, FW, text=forward(ONE), verdict="pass"), "ticket 1"),
    ], (48, 54), check=stays_with("Unknown Senders")),
]  # fmt: skip

ALL = [*FORWARDS]
