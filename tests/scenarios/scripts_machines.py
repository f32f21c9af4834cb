"""Mail of machines that goes on: forms, reports, other desks with their numbers."""

from __future__ import annotations

from typing import Any

from tests.scenarios.scripts import ALICE, BOB, EVE, GIL, Scenario
from tests.scenarios.stage import SUPPORT, M, Stage

GENERATED = {"Auto-Submitted": "auto-generated"}
BULK = {"Precedence": "bulk"}
DESK = {"Auto-Submitted": "auto-generated", "X-ServiceNow-Generated": "true"}
FORM = "Web form <form@msp.example>"
VENDOR = "Vendor Support <itsm@vendor.example>"


def no_contact(client: str) -> Any:
    def check(stage: Stage) -> bool:
        return stage.client_of(1) == client and stage.ticket(1)["contact_name_id"] is None

    return check


AUTHORS = [
    *(
        Scenario(f"who wrote by a machine goes on, and their client is found: {name}", [
            (M("a", ALICE, "Report", headers=headers), "ticket 1"), (M("b", ALICE, reply="a", text="It is the second disk."), "comment 1"),
            (M("c", BOB, reply="a"), "comment 1"), (M("d", EVE, reply="a"), "quarantine unverified-sender"),
        ], check=no_contact("Acme"))
        for name, headers in (("generated", GENERATED), ("bulk", BULK), ("another desk", DESK))
    ),
    Scenario("a machine that writes its name behind its address is of its client", [
        (M("a", "root@acme.example (Cron Daemon)", "Cron <root@www> backup", mail_from="root@acme.example"), "ticket 1"),
        (M("b", "root@acme.example (Cron, eve@evil.example)", "Cron <root@www> backup", mail_from="root@acme.example"), "ticket 2"),
    ], check=lambda s: no_contact("Acme")(s) and s.client_of(2) == "Unknown Senders"),
    Scenario("one whom the desk does not know goes on too", [
        (M("a", "Scanner <scan@nowhere.example>", "Report", headers=GENERATED), "ticket 1"),
        (M("b", "Scanner <scan@nowhere.example>", reply="a", headers=GENERATED), "internal 1"),
        (M("c", "Scanner <scan@nowhere.example>", reply="a", text="I look at it now."), "comment 1"),
    ], check=no_contact("Unknown Senders")),
    Scenario("whom a machine wrote to besides us has nothing to do with the ticket", [
        (M("a", "News <news@vendor.example>", "Maintenance", to=f"alice@acme.example, gil@globex.example, {SUPPORT}", rcpt=SUPPORT, headers=BULK), "ticket 1"),
        (M("b", GIL, reply="a", text="One."), "ticket 2"), (M("c", ALICE, reply="a", text="Two."), "ticket 3"), (M("d", ALICE, reply="c"), "comment 3"),
        (M("e", "News <news@vendor.example>", reply="a", headers=BULK), "internal 1"),
    ]),
    *(
        Scenario(f"whoever filled in a form goes on: {name}", [
            (M("a", FORM, "Contact form", headers={**headers, "Reply-To": "Vera <vera@visitor.example>"}), "ticket 1"),
            (M("b", "Vera <vera@visitor.example>", reply="a", text="One thing more."), "comment 1"), (M("c", EVE, reply="a"), "quarantine unverified-sender"),
        ], mailbox={"reply_to": ["form@msp.example"]})
        for name, headers in (("plain", {}), ("generated", GENERATED), ("bulk", BULK))
    ),
    Scenario("a form of a service that takes no answers, and one by its domain", [
        (M("a", "Forms <noreply@forms.example>", "New submission", headers={**GENERATED, "Reply-To": "Vera <vera@visitor.example>"}), "ticket 1"), (M("b", "vera@visitor.example", reply="a"), "comment 1"),
        (M("c", "Site <www@www.acme.example>", "Contact", headers={**BULK, "Reply-To": "Vera <vera@visitor.example>"}), "ticket 2"), (M("d", "vera@visitor.example", reply="c"), "comment 2"),
    ], mailbox={"reply_to": ["noreply@forms.example", "@www.acme.example"]}),
    Scenario("an absence of whoever wrote by a machine is noted", [
        (M("a", ALICE, "Report", headers=GENERATED), "ticket 1"), (M("b", ALICE, "Automatic reply: x", reply="a", headers={"Auto-Submitted": "auto-replied"}), "internal 1"),
    ]),
    Scenario("a form whose visitor is a contact is the contact's", [
        (M("a", FORM, "Contact form", headers={**GENERATED, "Reply-To": ALICE}), "ticket 1"), (M("b", ALICE, reply="a"), "comment 1"),
    ], mailbox={"reply_to": ["form@msp.example"]}, check=lambda s: bool(s.ticket(1)["contact_name_id"])),
    Scenario("an absence binds nobody", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB, reply="a", headers={"Auto-Submitted": "auto-replied"}), "internal 1"),
        (M("c", "Out <out@partner.example>", "Automatic reply: x", reply="a", headers={"Auto-Submitted": "auto-replied"}), "quarantine unverified-sender"),
        (M("d", "Out <out@partner.example>", reply="a"), "quarantine unverified-sender"),
    ]),
]  # fmt: skip


def numbered(name: str, first: str, second: str, joins: bool, **more: Any) -> Scenario:
    mail: dict[str, Any] = {"headers": DESK, **more}
    return Scenario(f"number {'of the same matter' if joins else 'that is none'}: {name}", [
        (M("a", VENDOR, first, **mail), "ticket 1"), (M("b", VENDOR, second, **mail), "internal 1" if joins else "ticket 2"),
    ])  # fmt: skip


NUMBERS = [
    Scenario("updates that name each other's ancestors join one after another", [
        (M("a", VENDOR, "Case opened", headers=DESK, refs=("<r1@vendor.example>", "<r2@vendor.example>")), "ticket 1"), (M("b", VENDOR, "Case updated", headers=DESK, refs=("<r1@vendor.example>", "<r3@vendor.example>")), "internal 1"),
        (M("c", VENDOR, "Case closed", headers=DESK, refs=("<r3@vendor.example>",)), "internal 1"),
    ]),
    Scenario("updates of an outside desk join by their thread", [
        (M("a", VENDOR, "Your request", headers=DESK, reply="<root-1@vendor.example>"), "ticket 1"),
        (M("b", VENDOR, "Update", headers=DESK, reply="<root-1@vendor.example>"), "internal 1"),
        (M("c", VENDOR, "Update", headers=DESK, reply="a"), "internal 1"), (M("d", VENDOR, "Other", headers=DESK, reply="<root-2@vendor.example>"), "ticket 2"),
    ]),
    numbered("ServiceNow", "INC0012345 has been opened", "Your incident INC0012345 was updated", True),
    numbered("ServiceNow, another table", "RITM0010042 opened", "RITM0010042 - comments added", True),
    numbered("a tag in brackets", "[Ticket#2026112201] Printer", "Re: [Ticket#2026112201] Printer", True),
    numbered("a label and a sign", "[Case #00451200] Printer", "[Case: 00451200] Printer is solved", True),
    numbered("Request Tracker", "[rt.vendor.example #4711] Request received", "[rt.vendor.example #4711] Resolved", True),
    numbered("a desk's own mark in brackets", "[#4711] received", "[#4711] answered", True),
    numbered("Jira", "[JIRA] (OPS-77) broken", "[JIRA] (OPS-77) done", True, headers={"Auto-Submitted": "auto-generated", "X-JIRA-FingerPrint": "1"}),
    numbered("a case of Dynamics behind a mark that changes", "Printer CAS-01234-X1Y2Z3 CRM:0002", "Re: Printer CAS-01234-X1Y2Z3 CRM:0003", True),
    numbered("Microsoft's support", "Storage - TrackingID#2611280040001234", "RE: Storage - TrackingID#2611280040001234", True),
    numbered("a label and a colon", "SR: 123456789 opened", "SR: 123456789 updated", True),
    numbered("a German tag", "[Ticket-Nr. 471142] Drucker", "AW: [Ticket-Nr. 471142] Drucker", True),
    numbered("a Spanish tag", "[Caso #471142] Impresora", "RE: [Caso #471142] Impresora", True),
    numbered("of two numbers", "INC0012345 and INC0012346", "INC0012346 updated", True),
    numbered("a telephone", "Callback [+49 30 1234567]", "Voice mail [+49 30 1234567]", False),
    numbered("an invoice", "Invoice INV-2026-0042", "Reminder INV-2026-0042", False),
    numbered("a purchase order", "PO #4500012345", "PO #4500012345 delivered", False),
    numbered("a parcel", "Parcel 1Z999AA10123456784", "Parcel 1Z999AA10123456784 delivered", False),
    numbered("an article of a knowledge base", "See KB5031234", "Install KB5031234", False),
    numbered("a weakness", "CVE-2026-12345 found", "CVE-2026-12345 fixed", False),
    numbered("an address of a network", "Alert on [10.0.0.12]", "Alert on [10.0.0.12] again", False),
    numbered("a serial number", "Device [SN: 12345678]", "Device [SN: 12345678] down", False),
    numbered("another one of the same desk", "INC0012345 opened", "INC0012346 opened", False),
    numbered("a bare number", "4711 opened", "4711 closed", False),
    numbered("a bare number in brackets", "[471100] opened", "[471100] closed", False),
    numbered("a year", "[Request 2026] opened", "[Request 2026] closed", False),
    numbered("a year behind a sign", "Case #2026 opened", "Case #2026 closed", False),
    numbered("a day", "Report [Ticket#20261128]", "Second report [Ticket#20261128]", False),
    numbered("a date", "Backup 2026-11-28", "Backup 2026-11-28 again", False),
    numbered("an order", "Order 100234 shipped", "Order 100234 invoice", False),
    numbered("an order in brackets", "[Order #100234] shipped", "[Order #100234] invoice", False),
    numbered("a part of a longer word", "XINC0012345Y", "XINC0012345Y again", False),
    numbered("a standard", "(ISO-9001) audit", "(ISO-9001) other audit", False, headers={}),
    numbered("a mark in brackets of no desk", "[#4711] received", "[#4711] answered", False, headers={}),
    Scenario("a number of the same family, from another of its hosts", [
        (M("a", "A <a@mail.vendor.example>", "INC0012345 opened", headers=DESK, verdict="pass"), "ticket 1"),
        (M("b", "B <b@help.vendor.example>", "INC0012345 updated", headers=DESK, verdict="pass"), "internal 1"),
        (M("x", "B <b@vendor.example.evil.example>", "INC0012345 updated", headers=DESK, verdict="pass"), "ticket 2"),
        (M("y", "B <b@help.vendor.example>", "INC0012345 updated", headers=DESK, verdict="fail"), "ticket 3"),
        (M("c", "A <a@mail.vendor.example>", "INC0012345 updated", headers=DESK, verdict="pass"), "internal 1"),
    ]),
    *(
        Scenario(f"two customers of one provider count alike: {name}", [
            (M("a", first, "INC0010001 Router down", headers=DESK, **proof), "ticket 1"), (M("b", second, "INC0010001 Payroll", headers=DESK, **proof), "ticket 2"),
            (M("c", first, "INC0010001 updated", headers=DESK, **proof), "internal 1"), (M("d", second, "INC0010001 updated", headers=DESK, **proof), "internal 2"),
        ])
        for name, first, second, proof in (
            ("by a host each", "A <it@acme.zendesk.com>", "B <it@globex.zendesk.com>", {"verdict": "pass"}), ("by a local part each", "A <acme@service-now.com>", "B <globex@service-now.com>", {"verdict": "pass"}),
            ("nothing proven", "A <acme@service-now.com>", "B <globex@service-now.com>", {}), ("by the same envelope", "A <it@acme.zendesk.com>", "B <it@globex.zendesk.com>", {"mail_from": "bounce@zendesk.com"}),
        )
    ),
    Scenario("a number by another envelope or without the proof of before is none", [
        (M("a", VENDOR, "INC0012345 opened", headers=DESK), "ticket 1"), (M("b", VENDOR, "INC0012345 updated", headers=DESK, mail_from="x@evil.example"), "ticket 2"),
        (M("c", VENDOR, "INC0012345 updated", headers=DESK, mail_from="bounce+7@mail.vendor.example"), "internal 1"),
    ]),
    Scenario("customers who name a number are no desk", [
        (M("a", ALICE, "About INC0012345", verdict="pass"), "ticket 1"), (M("b", BOB, "Also INC0012345", verdict="pass"), "ticket 2"),
    ]),
    Scenario("two clients of one provider are strangers", [
        (M("a", "A <a@freemail.test>", "CASE-12345 please"), "ticket 1"), (M("b", "B <b@freemail.test>", "CASE-12345 please"), "ticket 2"),
    ]),
]  # fmt: skip

ALL = [*AUTHORS, *NUMBERS]
