"""Whose mail it is and where it goes: forwards, clients and contacts, rules."""

from __future__ import annotations

import json
from typing import Any

from gateway.simulator.contacts import contact_row
from gateway.simulator.times import iso
from tests.scenarios.scripts import ALICE, BOB, EVE, GIL, ONE, TESS, Scenario
from tests.scenarios.stage import Act, M, Stage, release

TOM = "Tom Tools <tom@msp.example>"


def forward(
    sender: str = ALICE,
    subject: str = "Printer",
    text: str = "The printer burns.",
    above: str = "Please look at this.",
    to: str = "Tess Technician <tess@msp.example>",
    cc: str = "",
) -> str:
    """The text of a forward as Gmail writes it."""
    cc = f"\nCc: {cc}" if cc else ""
    return (
        f"{above}\n\n---------- Forwarded message ---------\nFrom: {sender}\nDate: Sat, 21 Nov 2026 at 10:00\n"
        f"Subject: {subject}\nTo: {to}{cc}\n\n{text}\n"
    )


def eml(
    sender: str = ALICE, message_id: str = "<orig@acme.example>", text: str = "The printer burns.", more: str = ""
) -> bytes:
    return (
        f"From: {sender}\nTo: Tess <tess@msp.example>\nCc: carl@acme.example\nSubject: Printer\n"
        f"Date: Sat, 21 Nov 2026 10:00:00 +0000\nMessage-ID: {message_id}\n{more}\n{text}\n"
    ).encode()


def contact_of(stage: Stage, number: int) -> str:
    contact_name_id = stage.ticket(number)["contact_name_id"]
    return str(stage.simulator.desk.contacts[contact_name_id]["email"]) if contact_name_id else ""


def description(stage: Stage, number: int) -> str:
    blocks: list[dict[str, Any]] = json.loads(stage.ticket(number)["attributes"]["description"])
    return "\n".join("".join(run.get("text", "") for run in block.get("content") or []) for block in blocks)


def of_alice(stage: Stage) -> bool:
    """The ticket is Alice's with her words; the technician's are internal."""
    text, notes = description(stage, 1), stage.comments(1)
    return (
        contact_of(stage, 1) == "alice@acme.example"
        and stage.client_of(1) == "Acme"
        and stage.ticket(1)["title"] == "Printer"
        and "Alice Archer (alice@acme.example)" in text
        and "The printer burns." in text
        and "Forwarded by Tess" in text
        and "Please look" not in text
        and notes[0]["is_internal"]
        and "Please look" in notes[0]["note"]
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
    Scenario("a technician forwards as attachment what has a ticket already: a comment for technicians there", [
        (M("a", ALICE, "Printer", message_id="<orig@acme.example>"), "ticket 1"),
        (M("b", TESS, FW, text="Again, please.", files={"mail.eml": eml()}, verdict="pass"), "internal 1"),
        (M("c", TESS, "Fwd: Printer 2", text="", files={"mail.eml": eml()}, verdict="pass"), "internal 1"),
    ], (47, 48), check=lambda s: "Again, please." in s.comments(1)[0]["note"] and "forwarded again" in s.comments(1)[1]["note"]
        and not s.simulator.desk.documents.get(s.order[0])),
    Scenario("not on another board, nor with an id that somebody made up, nor without a pass", [
        (M("a", ALICE, "Printer", message_id="<orig@acme.example>"), "ticket 1"),
        (M("b", TESS, FW, text="For sales.", files={"mail.eml": eml()}, verdict="pass", to="sales@msp.example"), "ticket 2"),
        (M("c", TESS, FW, text="What is this?", files={"mail.eml": eml(EVE)}, verdict="pass"), "ticket 3"),
        (M("d", TESS, FW, text="Unproven.", files={"mail.eml": eml()}), "ticket 4"),
    ], (47, 48, 53), check=lambda s: not s.comments(1)),
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
        and all(word in description(s, 1) for word in ("help@vendor.example", "2026-11-21 10:00 UTC", "carl@acme.example", "The printer burns."))
        and "What is this?\n\nAttached mail from" in description(s, 1)),
    Scenario("a forward of a forward: our own people are passed over", [
        (M("a", TESS, "Fwd: Fwd: Printer", text=forward(TOM, "Fwd: Printer", text=forward(above="look")), verdict="pass"), "ticket 1"),
    ], (48, 49), check=stays_with("Acme", "alice@acme.example")),
    Scenario("a customer's forward, forwarded by a technician, is the customer's", [
        (M("a", TESS, "Fwd: Fwd: Printer", text=forward(ALICE, "Fwd: Printer", text=forward(GIL, above="look")), verdict="pass"), "ticket 1"),
    ], (48, 49), check=stays_with("Acme", "alice@acme.example")),
    *(
        Scenario(f"what a web form wrote, forwarded by a technician, is by whoever filled it in: {name}", [
            (M("a", TESS, FW, text=text, files=files, verdict="pass"), "ticket 1"),
        ], (48, 53), {"reply_to": ["noreply@shop.example"]}, check=stays_with("Acme", "alice@acme.example"))
        for name, text, files in (
            ("as text", forward(f"Shop <noreply@shop.example>\nReply-To: {ALICE}"), {}),
            ("in German", forward(f"Shop <noreply@shop.example>\nAntwort an: {ALICE}"), {}),
            ("as attachment", "See this.", {"mail.eml": eml("Shop <noreply@shop.example>", more=f"Reply-To: {ALICE}\n")}),
        )
    ),
    Scenario("but not of another sender, nor two, nor our own people", [
        (M("a", TESS, FW, text=forward(f"Gil <gil@globex.example>\nReply-To: {ALICE}"), verdict="pass"), "ticket 1"),
        (M("b", TESS, "Fwd: Two", text=forward(f"Shop <forms@shop.example>\nReply-To: {ALICE}, {GIL}"), verdict="pass"), "ticket 2"),
        (M("c", TESS, "Fwd: Ours", text=forward(f"Shop <forms@shop.example>\nReply-To: {TOM}"), verdict="pass"), "ticket 3"),
    ], (48, 53), {"reply_to": ["forms@shop.example"]}, check=lambda s: [s.client_of(n) for n in (1, 2, 3)] == ["Globex", "Unknown Senders", "Unknown Senders"]),
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


def contact(name: str, email: str, client: str | None, **more: Any) -> Act:
    """The desk gets a contact."""

    async def act(stage: Stage) -> None:
        desk = stage.simulator.desk
        client_id = next((row["client_id"] for row in desk.clients.values() if row["client_name"] == client), None)
        row = contact_row(
            desk.tenant, desk.new_id(), {"name": name, "email": email, **more}, client_id, iso(desk.now())
        )
        desk.contacts[row["contact_name_id"]] = row

    return act


def inactive(client: str) -> Act:
    """A client of the desk ends."""

    async def act(stage: Stage) -> None:
        for row in stage.simulator.desk.clients.values():
            row["is_inactive"] |= row["client_name"] == client
        await stage.directories["default"].refresh()

    return act


def contacts_calls(stage: Stage) -> int:
    return sum(
        call.method == "GET" and call.path.split("?")[0].endswith("/contacts") for call in stage.simulator.desk.calls
    )


ANNA = "Anna New <anna@acme.example>"
NEW = "New One <new@mapped.example>"
MAP = {
    "domain": [{"domain": "mapped.example", "client": "Globex"}, {"domain": "it.mapped.example", "client": "Initech"}]
}
GROUP = "'Alice Archer' via Team <team@lists.msp.example>"
ORIGINAL = {"X-Original-From": ALICE, "List-Id": "<team.lists.msp.example>"}
FORM = "Web form <forms@shop.example>"

WHOSE = [
    Scenario("a contact of a longer address that contains ours is not the contact", [
        contact("Joann", "joann@solo.example", "Globex"), (M("a", "ann@solo.example"), "ticket 1"),
    ], check=stays_with("Globex", "")),
    Scenario("a contact under another name of the same mailbox", [
        contact("Gina Green", "gina@gmail.com", "Acme"), (M("a", "Gina <gina@googlemail.com>"), "ticket 1"),
    ], check=lambda s: contact_of(s, 1) == "gina@gmail.com" and s.client_of(1) == "Acme"),
    Scenario("two contacts with one address in two clients", [
        contact("One", "both@two.example", "Acme"), contact("Two", "other@two.example", "Globex", additional=["both@two.example"]),
        (M("a", "both@two.example"), "quarantine ambiguous-client"),
    ]),
    Scenario("two contacts with one address in one client: the client only", [
        contact("One", "both@two.example", "Acme"), contact("Two", "other@two.example", "Acme", additional=["both@two.example"]),
        (M("a", "both@two.example"), "ticket 1"),
    ], check=stays_with("Acme", "")),
    Scenario("an inactive contact gives its client", [
        (M("a", "greta@acme.example"), "ticket 1"),
    ], check=stays_with("Acme", "")),
    Scenario("an inactive client gets nothing", [
        inactive("Initech"), (M("a", "ina@initech.example"), "ticket 1"),
    ], check=stays_with("Unknown Senders", "")),
    Scenario("a contact without client goes to the fallback", [
        (M("a", "free@lancer.example"), "ticket 1"),
    ], check=stays_with("Unknown Senders", "")),
    Scenario("a new sender of a domain whose contacts are all of one client", [
        (M("a", ANNA), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"),
    ], check=lambda s: stays_with("Acme", "")(s) and contacts_calls(s) == 1),
    Scenario("a domain with contacts of two clients tells nothing", [
        contact("Guest", "guest@acme.example", "Globex"), (M("a", ANNA), "ticket 1"), (M("b", ALICE), "ticket 2"),
    ], check=lambda s: stays_with("Unknown Senders", "")(s) and s.client_of(2) == "Acme"),
    Scenario("a private additional address gives its domain to nobody", [
        (M("a", "other@private.example"), "ticket 1"),
    ], check=stays_with("Unknown Senders", "")),
    Scenario("a public mail domain belongs to nobody", [
        contact("Pat", "pat@gmail.com", "Acme"), (M("a", "pat@gmail.com"), "ticket 1"), (M("b", "eve@gmail.com"), "ticket 2"),
    ], check=lambda s: stays_with("Acme", "pat@gmail.com")(s) and s.client_of(2) == "Unknown Senders"),
    Scenario("nothing is inferred where that is off", [
        (M("a", ANNA), "ticket 1"),
    ], mailbox={"infer_client": False}, check=stays_with("Unknown Senders", "")),
    Scenario("a mapped domain, the longest entry first", [
        (M("a", NEW), "ticket 1"), (M("b", "x@it.mapped.example"), "ticket 2"), (M("c", "x@deep.mapped.example"), "ticket 3"),
        (M("d", "x@unmapped.example"), "ticket 4"),
    ], config=MAP, check=lambda s: [s.client_of(n) for n in (1, 2, 3, 4)] == ["Globex", "Initech", "Globex", "Unknown Senders"]),
    Scenario("who is of a mapped domain may write to the tickets of its client", [
        (M("a", GIL), "ticket 1"), (M("b", NEW, reply="a"), "comment 1"), (M("c", "x@it.mapped.example", reply="a"), "quarantine unverified-sender"),
        (M("d", ALICE), "ticket 2"), (M("e", NEW, reply="d"), "quarantine unverified-sender"),
    ], (53,), config=MAP),
    Scenario("but not where the desk says otherwise of the address, nor to the fallback client's, nor disproven", [
        contact("Left", "left@mapped.example", "Globex", inactive=True), contact("Other", "other@mapped.example", "Acme"),
        (M("a", GIL), "ticket 1"), (M("b", "left@mapped.example", reply="a"), "quarantine unverified-sender"),
        (M("c", "other@mapped.example", reply="a"), "quarantine unverified-sender"), (M("d", NEW, reply="a", verdict="fail"), "quarantine failed-verification"),
        (M("e", EVE), "ticket 2"), (M("f", "x@sunk.example", reply="e"), "quarantine unverified-sender"),
    ], (53,), config={"domain": [*MAP["domain"], {"domain": "sunk.example", "client": "Unknown Senders"}]}),
    Scenario("a contact counts before the map", [
        contact("Own", "own@mapped.example", "Acme"), (M("a", "own@mapped.example"), "ticket 1"),
    ], config=MAP, check=stays_with("Acme", "own@mapped.example")),
    Scenario("without a fallback client an unknown sender waits for a person", [
        (M("a", "x@nowhere.example"), "quarantine unknown-sender"),
    ], (54,), {"fallback_client": None}),
    Scenario("a contact is made of a proven sender of a mapped domain, once", [
        (M("a", NEW, verdict="pass"), "ticket 1"), (M("b", NEW, verdict="pass"), "ticket 2"), (M("c", "x@nowhere.example", verdict="pass"), "ticket 3"),
    ], (54,), {"contacts": "mapped"}, config=MAP, check=lambda s: contact_of(s, 1) == contact_of(s, 2) == "new@mapped.example"
        and contact_of(s, 3) == "" and len([c for c in s.simulator.desk.contacts.values() if c["email"] == "new@mapped.example"]) == 1),
    Scenario("and of nobody who is not proven", [
        (M("a", NEW), "ticket 1"), (M("b", NEW, verdict="none"), "ticket 2"),
    ], (53, 54), {"contacts": "always"}, config=MAP, check=lambda s: contact_of(s, 1) == contact_of(s, 2) == ""),
    Scenario("always: on the fallback client too; never for a robot", [
        (M("a", "x@nowhere.example", verdict="pass"), "ticket 1"), (M("b", "no-reply@nowhere.example", verdict="pass"), "ticket 2"),
    ], (54,), {"contacts": "always"}, check=lambda s: contact_of(s, 1) == "x@nowhere.example" and contact_of(s, 2) == ""),
    Scenario("an address that the desk does not take stays without a contact", [
        (M("a", "o=dd@nowhere.example", verdict="pass"), "ticket 1"),
    ], (54,), {"contacts": "always"}, check=lambda s: contact_of(s, 1) == ""),
    Scenario("a contact is made of whom a technician's forward is about", [
        (M("a", TESS, FW, text=forward(NEW), verdict="pass"), "ticket 1"),
    ], (48,), {"contacts": "mapped"}, config=MAP, check=lambda s: contact_of(s, 1) == "new@mapped.example"),
    Scenario("a list that rewrote From says who wrote, when it is ours and proven", [
        (M("a", GROUP, headers=ORIGINAL, verdict="pass"), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"),
    ], (52,), {"lists": ["@lists.msp.example"]}, check=stays_with("Acme", "alice@acme.example")),
    Scenario("a group with the address of the mailbox itself", [
        (M("a", "'Alice Archer' via Support <support@msp.example>", headers={"X-Original-From": ALICE}, verdict="pass"), "ticket 1"),
        (M("b", "'Alice Archer' via Support <support@msp.example>", headers={"X-Original-From": ALICE}), "ticket 2"),
    ], (52,), check=stays_with("Acme", "alice@acme.example")),
    Scenario("not without a pass, and not a list that nobody named", [
        (M("a", GROUP, headers=ORIGINAL), "ticket 1"),
        (M("b", "'Alice' via X <x@evil.example>", headers={"X-Original-From": ALICE, "List-Id": "<x.evil.example>"}, verdict="pass"), "ticket 2"),
    ], (52, 53), {"lists": ["@lists.msp.example"]}, check=lambda s: {s.client_of(1), s.client_of(2)} == {"Unknown Senders"}),
    Scenario("Reply-To says nothing by itself", [
        (M("a", EVE, headers={"Reply-To": ALICE}, verdict="pass"), "ticket 1"),
    ], (53,), check=stays_with("Unknown Senders", "")),
    Scenario("but of a web form it names the requester", [
        (M("a", FORM, headers={"Reply-To": ALICE}, verdict="pass"), "ticket 1"), (M("b", FORM, headers={"Reply-To": GIL}, verdict="none"), "ticket 2"),
    ], (53,), {"reply_to": ["forms@shop.example"]}, check=lambda s: stays_with("Acme", "alice@acme.example")(s) and s.client_of(2) == "Unknown Senders"),
    Scenario("contacts of the client in Cc are put on the watch list where that is wanted, strangers never", [
        (M("a", ALICE, cc="Bob <bob@acme.example>, x@acme.example, eve@evil.example, support@msp.example"), "ticket 1"),
    ], (50,), {"watch_cc": True}, check=lambda s: [watcher["email"] for watcher in s.ticket(1)["attributes"]["watch_list"]] == ["bob@acme.example"]
        and contacts_calls(s) == 1),
]  # fmt: skip


def rule(when: Any, **actions: Any) -> dict[str, Any]:
    conditions = when if isinstance(when, list) else [when]
    return {"name": actions.pop("name", "r"), "when": conditions, **actions}


def ruled(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rule": list(rules), **more}


def board_of(stage: Stage, number: int) -> str:
    return str(stage.simulator.desk.boards[stage.ticket(number)["board_id"]]["board_name"])


def category_of(stage: Stage, number: int, key: str) -> str:
    row = stage.simulator.desk.categories.get(stage.ticket(number)[key])
    return str(row["category_name"]) if row else ""


def priority_of(stage: Stage, number: int) -> str:
    return str(stage.simulator.desk.priorities[stage.ticket(number)["priority_id"]]["priority_name"])


def priority(number: int, name: str) -> Act:
    """A technician sets the priority."""

    async def act(stage: Stage) -> None:
        rows = stage.simulator.desk.priorities.values()
        stage.ticket(number)["priority_id"] = next(row["priority_id"] for row in rows if row["priority_name"] == name)

    return act


def status_of(stage: Stage, number: int) -> str:
    return str(stage.simulator.desk.statuses[stage.ticket(number)["status_id"]]["name"])


def titles(stage: Stage) -> list[str]:
    return [stage.ticket(number)["title"] for number in range(1, len(stage.order) + 1)]


PRINTER = {"field": "subject", "contains": "printer"}
OF_ACME = {"field": "from", "glob": "*@acme.example"}
ALERT = {"field": "subject", "regex": r"^\[(?P<client>[^\]]+)\] (?P<what>.+)$"}
MONITOR = "Monitor <monitor@rmm.example>"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

RULES = [
    Scenario("a rule sends mail to another board with its own defaults", [
        (M("a", ALICE, "My PRINTER burns"), "ticket 1"), (M("b", ALICE, "Screen"), "ticket 2"), (M("c", ALICE, reply="a"), "comment 1"),
    ], config=ruled(rule(PRINTER, board="Sales")), check=lambda s: (board_of(s, 1), board_of(s, 2)) == ("Sales", "Support")),
    Scenario("priority, assignee and title by rule", [
        (M("a", ALICE, "printer"), "ticket 1"),
    ], config=ruled(rule(PRINTER, priority="Urgent", assignee="tess@msp.example", title="Printing: {subject}")),
        check=lambda s: priority_of(s, 1) == "Urgent" and titles(s) == ["Printing: printer"] and s.ticket(1)["assigned_to"]),
    Scenario("category and subcategory by name", [
        (M("a", ALICE, "printer"), "ticket 1"), (M("b", ALICE, "screen"), "ticket 2"),
    ], config=ruled(
        rule(PRINTER, board="Support", category="hardware", subcategory="Printer"), rule(OF_ACME, board="Sales", category="Nothing", name="n"),
    ), check=lambda s: [category_of(s, 1, key) for key in ("category_id", "subcategory_id")] == ["Hardware", "Printer"]
        and category_of(s, 2, "category_id") == "" and board_of(s, 2) == "Support"),
    Scenario("rules on replies: priority, status, internal, skip, hold", [
        (M("a", ALICE, "printer"), "ticket 1"), (M("b", ALICE, "Re: printer", reply="a", text="urgent!"), "comment 1 reopened"),
        (M("c", BOB, "Re: printer", reply="a", text="between us"), "internal 1"), (M("d", BOB, "Re: printer", reply="a", text="thanks"), "suppress skipped-by-rule"),
        (M("e", BOB, "Re: printer", reply="a", text="invoice"), "quarantine held-by-rule"), release("e"), (M("f", BOB, "urgent, thanks"), "ticket 2"),
    ], config=ruled(
        rule({"field": "body", "contains": "urgent"}, on="reply", name="u", board="Support", status="In Progress", priority="Urgent"),
        rule({"field": "body", "contains": "between us"}, on="any", name="i", internal=True, board="Sales", title="never of a reply"),
        rule({"field": "body", "contains": "thanks"}, on="reply", name="t", skip=True),
        rule({"field": "body", "contains": "invoice"}, on="reply", name="h", quarantine=True),
    ), check=lambda s: priority_of(s, 1) == "Urgent" and status_of(s, 1) == "In Progress" and len(s.comments(1)) == 3 and titles(s)[0] == "printer"),
    Scenario("a rule raises a priority and never lowers one", [
        (M("a", ALICE, "printer down"), "ticket 1"), (M("b", ALICE, "printer"), "ticket 2"),
        (M("c", ALICE, "Re: printer", reply="b", text="it is down"), "comment 2"), (M("d", ALICE, "Re: printer", reply="a", text="down again"), "comment 1"),
        (M("e", ALICE, "printer down", headers={"Importance": "high"}), "ticket 3"), (M("f", ALICE, "screen"), "ticket 4"),
        (M("g", ALICE, "Re: screen", reply="f", text="all down, disaster"), "comment 4"),
        priority(3, "Low"), (M("h", ALICE, "Re: printer down", reply="e", text="still down"), "comment 3"),
    ], config=ruled(
        rule({"any": [{"field": word, "contains": "down"} for word in ("subject", "body")]}, on="any", name="down", priority_at_least="high", go_on=True),
        rule({"field": "body", "contains": "disaster"}, on="reply", name="disaster", priority_at_least="Urgent"),
        importance={"high": "Urgent"}, priorities=["Medium", "High", "Urgent"],
    ), check=lambda s: [priority_of(s, number) for number in (1, 2, 3, 4)] == ["High", "High", "Low", "Urgent"]),
    Scenario("the status of another board is not used on a reply", [
        (M("a", ALICE, "printer"), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"),
    ], config=ruled(rule(OF_ACME, on="reply", board="Sales", status="In Progress")), check=lambda s: status_of(s, 1) == "New" and priority_of(s, 1) == "Medium"),
    Scenario("the first rule that matches decides", [
        (M("a", ALICE, "printer"), "ticket 1"),
    ], config=ruled(rule(PRINTER, title="first"), rule(OF_ACME, title="second")), check=lambda s: titles(s) == ["first"]),
    Scenario("unless it goes on", [
        (M("a", ALICE, "printer"), "ticket 1"),
    ], config=ruled(rule(PRINTER, title="first", go_on=True), rule(OF_ACME, title="second", priority="Urgent")),
        check=lambda s: titles(s) == ["first"] and priority_of(s, 1) == "Urgent"),
    Scenario("the client by a capture, by name and by alias", [
        (M("a", MONITOR, "[Globex] Disk full"), "ticket 1"), (M("b", MONITOR, "[ACME Corp] Disk full"), "ticket 2"),
    ], config=ruled(rule(ALERT, client="{client}", title="{what}"), aliases={"acme corp": "Acme"}),
        check=lambda s: (s.client_of(1), s.client_of(2), s.ticket(1)["title"]) == ("Globex", "Acme", "Disk full")),
    Scenario("a client that cannot be told: the next rule", [
        (M("a", MONITOR, "[Nobody] Disk full"), "ticket 1"),
    ], config=ruled(rule(ALERT, client="{client}", title="{what}"), rule({"field": "from", "contains": "monitor"}, title="second")),
        check=lambda s: titles(s) == ["second"]),
    Scenario("or the fallback client", [
        (M("a", ALICE, "[Nobody] Disk full"), "ticket 1"),
    ], config=ruled(rule(ALERT, client="{client}", title="{what}", on_failure="fallback")),
        check=lambda s: s.client_of(1) == "Unknown Senders" and titles(s) == ["Disk full"]),
    Scenario("a later rule that leaves it out takes the fallback client not back", [
        (M("a", ALICE, "[Nobody] Disk full"), "ticket 1"),
    ], config=ruled(
        rule(ALERT, client="{client}", go_on=True, on_failure="fallback"),
        rule(ALERT, client="{client}", title="{what}", on_failure="skip"),
    ), check=lambda s: s.client_of(1) == "Unknown Senders" and titles(s) == ["Disk full"]),
    Scenario("or without that action", [
        (M("a", ALICE, "[Nobody] Disk full"), "ticket 1"),
    ], config=ruled(rule(ALERT, client="{client}", title="{what}", on_failure="skip")),
        check=lambda s: s.client_of(1) == "Acme" and titles(s) == ["Disk full"]),
    Scenario("a rule's client counts before the contact's", [
        (M("a", ALICE, "printer"), "ticket 1"),
    ], config=ruled(rule(PRINTER, client="Globex")), check=stays_with("Globex", "")),
    Scenario("the requester by a capture", [
        (M("a", MONITOR, "printer", text="User: gil@globex.example\nno paper"), "ticket 1"),
    ], config=ruled(rule([PRINTER, {"field": "body", "regex": r"User: (?P<user>\S+)"}], contact="{user}")), check=stays_with("Globex", "gil@globex.example")),
    Scenario("mail that a rule skips leaves a record", [
        (M("a", ALICE, "printer"), "suppress skipped-by-rule"), (M("b", ALICE, "x"), "ticket 1"),
    ], config=ruled(rule(PRINTER, skip=True))),
    Scenario("mail that a rule holds waits for a person", [
        (M("a", ALICE, "printer"), "quarantine held-by-rule"), release("a"), (M("b", ALICE, "x"), "ticket 2"),
    ], config=ruled(rule(PRINTER, quarantine=True))),
    Scenario("an internal text is an internal comment", [
        (M("a", ALICE, "printer", text="secret words"), "ticket 1"),
    ], config=ruled(rule(PRINTER, internal=True)),
        check=lambda s: "secret" not in description(s, 1) and s.comments(1)[0]["is_internal"] and "secret words" in s.comments(1)[0]["note"]),
    Scenario("files of an internal text are held on a new ticket too", [
        (M("a", ALICE, "printer", text="secret words", files={"offer.pdf": b"x"}), "ticket 1"),
    ], config=ruled(rule(PRINTER, internal=True)), check=lambda s: s.simulator.desk.documents.get(s.order[0], []) == []),
    Scenario("files of an internal text, where the mailbox uploads them", [
        (M("a", ALICE, "printer", text="secret words", files={"offer.pdf": b"x"}), "ticket 1"),
    ], config=ruled(rule(PRINTER, internal=True)), mailbox={"internal_files": "upload"}, check=lambda s: len(s.simulator.desk.documents[s.order[0]]) == 1),
    Scenario("any, none, headers, files, sizes", [
        (M("a", ALICE, "one", files={"invoice.pdf": b"x"}), "ticket 1"), (M("b", ALICE, "two", headers={"X-Site": "North"}), "ticket 2"),
        (M("c", BOB, "three", files={"invoice.pdf": b"x"}), "ticket 3"), (M("d", ALICE, "four"), "ticket 4"),
        (M("e", ALICE, "five", files={"big.bin": b"x" * 20_000}), "ticket 5"),
    ], config=ruled(
        rule([{"any": [{"field": "attachment", "glob": "*.pdf"}, {"field": "header:X-Site", "equals": ["north", "south"]}]},
              {"none": [{"field": "from", "equals": "bob@acme.example"}]}], title="hit"),
        rule({"field": "size", "above": 10_000}, title="big", name="big"),
    ), check=lambda s: titles(s) == ["hit", "hit", "three", "four", "big"]),
    Scenario("what the relay's filter says; what nobody said is neither more nor less", [
        (M("a", ALICE, "one", edge={"spam_score": 5.0}), "quarantine held-by-rule"), (M("b", ALICE, "two", edge={"spam_score": 4.9}), "ticket 1"),
        (M("c", ALICE, "three"), "ticket 2"), (M("d", ALICE, "four", edge={"scl": 6}), "suppress skipped-by-rule"),
        (M("e", ALICE, "five", headers={"X-Spam-Score": "99"}), "ticket 3"), (M("f", ALICE, "six", edge={"spam": "yes"}), "ticket 4"),
    ], config=ruled(
        rule({"field": "spam_score", "at_least": 5}, quarantine=True), rule({"field": "scl", "above": 5}, skip=True, name="s"),
        rule({"field": "spam", "equals": "yes"}, title="junk", name="f"), rule({"field": "spam_score", "below": 100}, title="judged", name="j"),
    ), check=lambda s: titles(s) == ["judged", "three", "five", "junk"]),
    Scenario("times and days, where the operator is", [
        (M("a", ALICE, "x"), "ticket 1"),
    ], config=ruled(rule([{"field": "time", "between": ["00:00", "23:59"]}, {"field": "weekday", "equals": DAYS}], title="now"), timezone="Europe/Berlin"),
        check=lambda s: titles(s) == ["now"]),
    Scenario("importance becomes priority where that is mapped, and a rule counts before it", [
        (M("a", ALICE, "x", headers={"Importance": "High"}), "ticket 1"), (M("b", ALICE, "printer", headers={"X-Priority": "1 (Highest)"}), "ticket 2"),
        (M("c", ALICE, "y"), "ticket 3"),
    ], config=ruled(rule(PRINTER, priority="Low"), importance={"high": "Urgent"}),
        check=lambda s: [priority_of(s, n) for n in (1, 2, 3)] == ["Urgent", "Low", "Medium"]),
    Scenario("a rule whose board the desk does not have is passed over, not the mail", [
        (M("a", ALICE, "printer"), "ticket 1"),
    ], config=ruled(rule(PRINTER, board="Nowhere")), check=lambda s: board_of(s, 1) == "Support"),
    Scenario("rules see the person whom a technician's forward is about", [
        (M("a", TESS, FW, text=forward(), verdict="pass"), "ticket 1"),
    ], (48,), config=ruled(rule({"field": "requester", "equals": "alice@acme.example"}, priority="Urgent")),
        check=lambda s: priority_of(s, 1) == "Urgent" and contact_of(s, 1) == "alice@acme.example"),
]  # fmt: skip

ALL = [*FORWARDS, *WHOSE, *RULES]
