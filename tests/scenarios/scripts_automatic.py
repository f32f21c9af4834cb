"""What a machine seems to have written: suppressed on proof alone, and never what a person wrote."""

from __future__ import annotations

from tests.scenarios.scripts import ALICE, BOB, Scenario, close, dsn
from tests.scenarios.stage import M, Stage

LOOP = "X-MS-Exchange-Inbox-Rules-Loop"
OUTLOOK = {"X-Mailer": "Microsoft Outlook 16.0"}
SHOWN = (
    b"From: Alice Archer <alice@acme.example>\nTo: support@msp.example\nSubject: Mails to the supplier are undeliverable\n"
    b'Message-ID: <shown@acme.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="m"\n\n--m\n'
    b'Content-Type: multipart/alternative; boundary="a"\n\n--a\n\nOur orders come back, please look today.\n--a\n'
    b"Content-Type: text/html\n\n<p>Our orders come back, please look today.</p>\n--a--\n--m\n"
    b"Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@mx.supplier.example\nSubject: Delivery failure\n\nNo mailbox.\n--m--\n"
)


UMLAUT = "jürgen@bücher.example"
WITH_UMLAUT = (
    f"From: Alice Archer <alice@acme.example>\nTo: support@msp.example\nCc: {UMLAUT}\nSubject: Printer\n"
    "Message-ID: <idn@acme.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nIt is red.\n"
).encode()
"""With somebody in Cc whose address is beyond ASCII (RFC 6532)."""


def international(about: str, who: str) -> bytes:
    """A report about such an address (RFC 6533)."""
    plain = dsn(about, who).decode()
    for old, new in (("message/delivery-status", "message/global-delivery-status"), ("message/rfc822", "message/global"), ("rfc822; ", "utf-8; ")):
        plain = plain.replace(old, new)
    return plain.encode()


def of_alice(words: str = "") -> object:
    def check(stage: Stage) -> bool:
        said = stage.ticket(1)["attributes"]["description"]
        return stage.client_of(1) == "Acme" and bool(stage.ticket(1)["contact_name_id"]) and words in said

    return check


def sent_on(name: str, subject: str = "Printer", **headers: str) -> Scenario:
    """Mail that an inbox rule or a forwarding of Microsoft's marks on its way is its author's."""
    marks = {key.replace("_", "-"): value for key, value in headers.items()}
    return Scenario(f"marks of the way: {name}", [
        (M("a", ALICE, subject, headers=marks), "ticket 1"), close(1),
        (M("b", ALICE, reply="a", text="It is red again.", headers=marks), "comment 1 reopened"),
    ], mailbox={"closed": "reopen"}, check=of_alice())  # fmt: skip


def absent(name: str, subject: str, **more: object) -> Scenario:
    """Whatever the server: an absence in the thread is internal, and reopens nothing."""
    return Scenario(f"absence of {name}", [
        (M("a", ALICE), "ticket 1"), close(1), (M("b", ALICE, subject, reply="a", text="I am away.", **more), "internal 1"),
    ], mailbox={"closed": "reopen"}, check=lambda s: s.ticket(1)["is_closed"])  # fmt: skip


ALL = [
    *(
        Scenario(f"looks automatic, and is a ticket with a note: {subject}", [
            (M("a", ALICE, subject, text=text), "ticket 1"),
        ], check=of_alice(f"looks like {what}"))
        for subject, text, what in (
            ("Automatic reply: goes to nobody", "Please look.", "an out-of-office reply"),
            ("Abwesenheitsnotiz", "Bitte bei Frau Klein einrichten.", "an out-of-office reply"),
            ("Undeliverable: orders", "550 5.1.1 <x@b.example>: Recipient address rejected. Please look.", "a delivery report"),
        )
    ),
    *(
        Scenario(f"a person's program outweighs the words: {subject}", [
            (M("a", sender, subject, headers=OUTLOOK), "ticket 1"),
        ], check=lambda s: "looks like" not in s.ticket(1)["attributes"]["description"])
        for sender, subject in (
            (ALICE, "Out of office - Maria Lopez"),
            (ALICE, "Réponse automatique : ne part pas"),
            ("Bo Lind <postmaster@acme.example>", "Certificate of the mail server"),
        )
    ),
    Scenario("a report about an address beyond ASCII is noted on the ticket in which it takes part", [
        (M("a", ALICE, raw=WITH_UMLAUT), "ticket 1"), (M("b", "", raw=international("<idn@acme.example>", UMLAUT)), "internal 1"),
    ], check=lambda s: "5.1.1" in s.comments(1)[0]["note"] and s.comments(1)[0]["is_internal"]),
    Scenario("one about a stranger's is nobody's word there, as with any report", [
        (M("a", ALICE, "Printer", message_id="<idn@acme.example>"), "ticket 1"),
        (M("b", "", raw=international("<idn@acme.example>", UMLAUT)), "quarantine unverified-sender"),
    ], check=lambda s: not s.comments(1)),
    Scenario("a customer shows a bounce", [(M("a", ALICE, raw=SHOWN), "ticket 1")], check=of_alice("please look today")),
    Scenario("a monitor's 503 is no answer of a mail server", [
        (M("a", "Site Watch <noreply@sitewatch.example>", "DOWN: shop", text="Reason: HTTP 503 Service Unavailable"), "ticket 1"),
        (M("b", "do-not-reply@nas.example", "Storage report", text="Volume D: has 550 GB of 2 TB left."), "ticket 2"),
    ]),
    Scenario("an absence is suppressed by the envelope", [
        (M("a", ALICE, "Automatic reply: Printer", mail_from=""), "suppress vacation"),
        (M("b", BOB, "Undeliverable: Printer", text="x@b.example\n550 5.1.1 unknown", mail_from=""), "suppress bounce"),
    ]),
    Scenario("a rule of the author's own mailbox answers", [
        (M("a", ALICE, "Away", headers={LOOP: "alice@acme.example", "X-Auto-Response-Suppress": "All"}), "suppress vacation"),
    ]),
    sent_on("an inbox rule", X_MS_Exchange_Inbox_Rules_Loop="pool@acme.example"),
    sent_on("a rule that asks for silence", X_MS_Exchange_Inbox_Rules_Loop="pool@acme.example", X_Auto_Response_Suppress="All"),
    sent_on("a redirect", X_MS_Exchange_Inbox_Rules_Loop="pool@acme.example", Auto_Submitted="auto-generated"),
    sent_on("forwarded by machine", Auto_Submitted="auto-forwarded"),
    sent_on("silence alone", X_Auto_Response_Suppress="DR, OOF, AutoReply"),
    absent("Exchange 2003", "Out of Office AutoReply: Printer", client="outlook"),
    absent("Notes", "AUTO: Alice Archer is out of the office (returning 12/01/2026)"),
    absent("Notes, in German", "AUTO: Alice Archer ist außer Haus (Rückkehr am 01.12.2026)"),
    absent("a server that says Re", "Out of Office Re: Printer"),
    absent("Exchange in Lithuanian", "Automatinis atsakymas: Printer"),
    absent("a server with the null sender alone", "Printer", mail_from=""),
]  # fmt: skip
