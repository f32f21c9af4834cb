"""One mail that arrives more than once, touched on the way; and mails that only share an id."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from tests.scenarios.scripts import ALICE, BOB, EVE, Scenario
from tests.scenarios.stage import SALES, M, Stage

LETTER = (
    "The printer on the second floor has been printing blank pages since this morning. We changed the toner twice and "
    "restarted it, but nothing helps. Could you please send somebody today? The meeting begins at two o'clock."
)
DATE = "Sun, 22 Nov 2026 09:00:00 +0100"
ID = "<one@acme.example>"
FOOTER = "\n\n-- \nYou received this message because you are subscribed to the group Helpers.\nTo unsubscribe write to leave@lists.example.\n"
BANNER = "CAUTION: This mail came from outside of the organisation. Do not click on links.\n\n"


def raw(text: str = LETTER, subject: str = "Printer", date: str = DATE, sender: str = ALICE, encoding: str = "", more: str = "", reply: str = "") -> bytes:
    import base64

    body = text.encode()
    lines = f"From: {sender}\nTo: support@msp.example\nSubject: {subject}\nDate: {date}\nMessage-ID: {ID}\n"
    lines += f"In-Reply-To: {reply}\n" if reply else ""
    if encoding:
        lines += f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n"
        body = base64.encodebytes(body)
    return f"{lines}{more}\n".encode() + body


SCANNER = "Scanner <scan@acme.example>"
PLAN = ("plan.pdf", "application/pdf", b"%PDF-1.4 a")
SIGNED = ("smime.p7s", "application/pkcs7-signature", b"signature")


def filed(text: str, *files: tuple[str, str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Date"], message["Message-ID"] = ALICE, "support@msp.example", "Printer", DATE, ID
    message.set_content(text)
    for name, kind, content in files:
        message.add_attachment(content, maintype=kind.split("/")[0], subtype=kind.split("/")[1], filename=name)
    return message.as_bytes()


NOTHING_NEW = "suppress duplicate-of"


def told(stage: Stage) -> str:
    """What the ticket was told of the copy."""
    return str(stage.comments(1)[-1]["note"])


def twice(name: str, second: str, expected: str = "internal 1", first: str = LETTER, **more: Any) -> Scenario:
    return Scenario(f"a copy: {name}", [
        (M("a", ALICE, raw=raw(first)), "ticket 1"), (M("b", ALICE, raw=raw(second, **more)), expected),
    ])  # fmt: skip


COPIES = [
    twice("with a group's footer", LETTER + FOOTER),
    twice("with a banner and a tag in the subject", BANNER + LETTER, subject="[EXTERNAL] Printer"),
    twice("another transfer encoding and a banner", BANNER + LETTER, encoding="base64"),
    twice("lines that were folded anew", LETTER.replace(". ", ".\n").replace("printer on", "printer\non"), NOTHING_NEW),
    twice("the touched one comes first", LETTER, NOTHING_NEW, first=BANNER + LETTER + FOOTER),
    twice("few words with a long footer", "Help!" + FOOTER, first="Help!"),
    twice("links written anew", LETTER + " See https://safe.example/?u=42 now.", NOTHING_NEW, first=LETTER + " See https://acme.example/plan now."),
    twice("a word or two that were changed", LETTER.replace("o'clock", "o\u2019 clock").replace("second floor", "2nd floor")),
    twice("the first was cut off", LETTER + " It began as follows." * 200, "ticket 2"),
    twice("the first was cut off late", "word " * 60_000, "ticket 2", first="word " * 50_000),
    twice("the second was cut off", LETTER, NOTHING_NEW, first=LETTER + " It began as follows." * 200),
    twice("another text", "Something else entirely happened: the server room is under water and we need pumps.", "ticket 2"),
    twice("another short text", "Stop!", "ticket 2", first="Help!"),
    twice("no text at all", "", "ticket 2"),
    twice("half of it is new", LETTER[:100] + " But it is not the printer, it is the copier of the third floor that smokes and burns.", "ticket 2"),
    twice("another date", LETTER + FOOTER, "ticket 2", date="Sun, 22 Nov 2026 09:00:01 +0100"),
    twice("another sender", LETTER + FOOTER, "ticket 2", sender=BOB),
    twice("the date in another zone", LETTER + FOOTER, date="Sun, 22 Nov 2026 08:00:00 +0000"),
    twice("a name that was added to", BANNER + LETTER, sender='"Alice Archer (External)" <ALICE@acme.example>'),
    twice("letters put together otherwise", "Fu\u0308r Mu\u0308ller", NOTHING_NEW, first="Für Müller"),
    twice("a script without blanks", "プリンタが動きません。至急お願いします。" + FOOTER, first="プリンタが動きません。至急お願いします。"),
    twice("another script without blanks", "サーバが動きません。", "ticket 2", first="プリンタが動きません。"),
    twice("letters that were lost", "F?r M?ller", "ticket 2", first="Für Müller"),
    twice("another amount", "Please pay 900 to Bob.", "ticket 2", first="Please pay 100 to Bob."),
    *(
        Scenario(f"a copy: {name}", [(M("a", ALICE, raw=filed(*first)), "ticket 1"), (M("b", ALICE, raw=filed(*second)), expected)])
        for name, first, second, expected in (
            ("a file was taken away", (LETTER, PLAN), (f"{LETTER}\n[plan.pdf was removed]",), "internal 1"),
            ("a file came with the second", (LETTER,), (LETTER, PLAN), "ticket 2"),
            ("another file", (LETTER, PLAN), (LETTER, ("plan.pdf", "application/pdf", b"%PDF-1.4 b")), "ticket 2"),
            ("the signature was taken away", (LETTER, SIGNED), (LETTER + FOOTER,), "internal 1"),
            ("a signature was added", (LETTER,), (LETTER, SIGNED), "suppress duplicate-of"),
        )
    ),
    Scenario("a copy that lost its proof on the way is a copy all the same", [
        (M("a", ALICE, raw=raw(), verdict="pass"), "ticket 1"), (M("b", ALICE, raw=raw(LETTER + FOOTER), verdict="none"), "internal 1"),
    ]),
    Scenario("of a copy the words are told that the first lacks, and no more", [
        (M("a", ALICE, raw=raw()), "ticket 1"), (M("b", ALICE, raw=raw(LETTER.replace("printer on", "copier on") + "\n\nAnd the door is open.", subject="[EXTERNAL] Printer and door")), "internal 1"),
        (M("c", ALICE, raw=raw(BANNER + LETTER.replace("printer on", "copier on") + "\n\nAnd the door is open.", subject="Printer and door")), "internal 1"),
        (M("d", ALICE, raw=raw(LETTER + "\n\nAnd the door is open.")), NOTHING_NEW),
    ], check=lambda s: "came from outside" in told(s) and "the door is open" not in told(s) and all(word in str(s.comments(1)[0]["note"]) for word in ("copier on", "the door is open", "Printer and door"))),
    Scenario("a link that only the copy has is told", [
        (M("a", ALICE, raw=raw()), "ticket 1"), (M("b", ALICE, raw=raw(LETTER + "\nhttps://acme.example/plan")), "internal 1"),
    ], check=lambda s: "https://acme.example/plan" in told(s)),
    Scenario("a copy with more words, of a mail that became nothing, is a mail of its own", [
        (M("a", ALICE, raw=raw("Thank you!", subject="Thank you")), "suppress asks-for-nothing"), (M("b", ALICE, raw=raw("Thank you!\nBut the printer does not print.", subject="Thank you")), "ticket 1"),
    ]),
    Scenario("the people whom a copy names take no part", [
        (M("a", ALICE, raw=raw()), "ticket 1"), (M("b", ALICE, raw=raw(BANNER + LETTER, more="Cc: eve@evil.example\n")), "internal 1"),
        (M("c", EVE, reply=ID), "quarantine unverified-sender"),
    ]),
    Scenario("a copy for the mailbox of another board, on the same ticket", [
        (M("x", ALICE, message_id="<x@acme.example>"), "ticket 1"), (M("a", ALICE, raw=raw(reply="<x@acme.example>", subject="Re: Printer")), "comment 1"),
        (M("b", ALICE, raw=raw(LETTER + FOOTER, reply="<x@acme.example>", subject="Re: Printer"), rcpt=SALES), "comment 1"),
    ]),
    Scenario("a device that uses one id for all its mail: the id leads nowhere any more", [
        *((M(name, SCANNER, raw=raw(f"Scan {name}", date=f"Sun, 22 Nov 2026 09:0{n}:00 +0100", sender=SCANNER)), f"ticket {n + 1}") for n, name in enumerate("abc")),
        (M("d", BOB, reply=ID, text="This is about the third."), "ticket 4"), (M("e", BOB, reply=ID, text="This is about the first."), "ticket 5"), (M("f", BOB, reply="e"), "comment 5"),
    ]),
    Scenario("while it used it once, it does, and nobody else makes it useless", [
        (M("a", ALICE, raw=raw(LETTER)), "ticket 1"), (M("b", BOB, reply=ID), "comment 1"),
        (M("c", BOB, raw=raw("Something else.", sender=BOB, date="Mon, 23 Nov 2026 09:00:00 +0100")), "ticket 2"), (M("d", BOB, reply=ID), "comment 1"),
    ]),
    Scenario("nor does somebody in its name, where it is proven", [
        (M("a", ALICE, raw=raw(LETTER), verdict="pass"), "ticket 1"), (M("c", ALICE, raw=raw("Something else.", date="Mon, 23 Nov 2026 09:00:00 +0100"), verdict="none"), "ticket 2"), (M("d", BOB, reply=ID), "comment 1"),
    ]),
    Scenario("a copy of a reply is touched on the way", [
        (M("x", ALICE, message_id="<x@acme.example>"), "ticket 1"), (M("a", ALICE, raw=raw(reply="<x@acme.example>")), "comment 1"),
        (M("b", ALICE, raw=raw(LETTER + FOOTER, reply="<x@acme.example>", subject="[EXTERNAL] Re: Printer")), "internal 1"),
    ]),
    Scenario("a forged copy that comes first does not swallow the proven mail", [
        (M("a", ALICE, raw=raw("printer"), verdict="none"), "ticket 1"), (M("b", ALICE, raw=raw(), verdict="pass"), "ticket 2"),
    ]),
]  # fmt: skip

ALL = COPIES
