"""What of the quotes of a reply stands in its comment: what the ticket does not show yet, in its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.blocks import words
from gateway.simulator.notification import Notification
from tests.desk_mail import REPLIES
from tests.scenarios.scripts import ALICE, BOB, Scenario
from tests.scenarios.stage import Act, M, Stage, answer

ASKED = "Hello Alice,\nwhich room is the printer in?\nMay we restart it today, or is somebody printing at the moment?\nKind regards, Tin"
DESK = "Support <support@msp.example>"
ON = f"On Sat, 28 Nov 2026 at 04:26, {DESK} wrote:"
BLOCK = f"From: {DESK}\nSent: Saturday, 28 November 2026 04:26\nTo: Alice\nSubject: Problem a\n"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def said(stage: Stage, nth: int = -1) -> str:
    """The words of a comment below its first line."""
    return words(stage.comments(1)[nth]["note"]).partition("\n")[2].strip()


def above_note(stage: Stage, nth: int = -1) -> str:
    return re.sub(r"\n*\[\d+ lines? of quoted text not shown, see mail #\d+\]$", "", said(stage, nth))


def is_named(stage: Stage, key: str = "b") -> bool:
    """Whether the comment says which mail holds what was cut."""
    return f"not shown, see mail {stage.numbers[key]}]" in said(stage)


def reply(text: str, html: str = "", key: str = "b", sender: str = ALICE, **more: Any) -> M:
    return M(key, sender, "Re: Problem a", text, html=html, headers={"References": "<ticket-{1}@msp.example>", **more.pop("headers", {})}, **more)


LONG_NAME = "Alexandra Archer-Winterbottom"


def on_ticket(mail: M, check: Callable[[Stage], bool], name: str, *acts: Act) -> Scenario:
    return Scenario(name, [(M("a", ALICE), "ticket 1"), *(acts or (answer(1, ASKED),)), (mail, "comment 1")], check=check)


def to_notification(name: str, language: str, requester: str = "Alice Archer") -> M:
    """A reply to the desk's own mail about the technician's comment."""
    sent = Notification("{1}", language=language, comment=ASKED, comment_html="".join(f"<p>{line}</p>" for line in ASKED.split("\n")),
                        requester=(requester, "alice@acme.example · +44 20 7946 0105"))
    _, body, kind = REPLIES[name](sent, "Thank you, Tin.")
    return reply("Thank you, Tin." if kind == "html" else body, body if kind == "html" else "")


def under(subject: str, text: str, expected: str, mark: str = "") -> Scenario:
    """What the comment of a reply with this subject says."""
    mail = replace(reply(text), subject=subject, headers={"In-Reply-To": "<ticket-{1}@msp.example>"})
    name = f"{mark or 'the subject of a reply'}: {subject!r} and {text[:20]!r}"
    return Scenario(name, [(M("a", ALICE), "ticket 1"), answer(1, ASKED), (mail, "comment 1")], check=lambda s: above_note(s) == expected)


QUOTE = f"{ON}\n\n{quoted(ASKED)}"
SUBJECTS = [
    under("Approve: Problem a", "", "Subject: Approve: Problem a\n\n(no text)", "a vote of Outlook"),
    under("Re: Problem a -> yes, at ten", "", "Subject: Problem a -> yes, at ten\n\n(no text)"),
    under("Re: Problem a: room 312!", f"\n\n{QUOTE}", f"Subject: Problem a: room 312!\n\n{quoted(ASKED)}"),
    under("Re: Problem a: 312", "Sent from my iPhone", "Subject: Problem a: 312\n\nSent from my iPhone"),
    under("Room 312", "See above.", "Subject: Room 312\n\nSee above."),
    under("Re: Problem a", "Room 312.", "Room 312."),
    under("[Ticket #TIC001001] New Comment", "Room 312.", "Room 312."),
]


async def deaf(stage: Stage) -> None:
    """From now on the desk does not answer what comments a ticket has."""
    stage.simulator.faults.add({"do": "refuse", "kind": "list_comments", "status": 500})


RED = (
    "<div>Hello, my answers are in red below.</div><div id='divRplyFwdMsg'><b>From:</b> Support<br><b>Sent:</b> Saturday, November 28, 2026 4:26 AM<br>"
    "<b>To:</b> Alice<br><b>Subject:</b> Problem a</div><div>Hello Alice,</div><div>which room is the printer in?</div>"
    "<div style='color:red'>Room 312</div><div>May we restart it today, or is somebody printing at the moment?</div>"
    "<div><span style='color:red'>Yes, but only after 5 pm.</span></div><div>Kind regards, Tin</div>"
)

def unasked(stage: Stage) -> bool:
    """The rules alone decide, and what they cut is named."""
    return above_note(stage) == "Hello, my answers are in red below." and is_named(stage)


ALL = [
    *SUBJECTS,
    on_ticket(reply("Hello, my answers are in red below.", RED), unasked, "where the desk does not tell its comments, nothing waits and the cut is named",
              answer(1, ASKED), deaf),
    on_ticket(reply(f"It is in use.\n\n{ON}\n{quoted(ASKED)}"), lambda s: above_note(s) == "It is in use." and is_named(s), "a quote that the ticket shows goes, and is named"),
    on_ticket(
        reply("Hello, my answers are in red below.", RED),
        lambda s: above_note(s).split("\n") == [
            "Hello, my answers are in red below.", "> which room is the printer in?", "Room 312",
            "> May we restart it today, or is somebody printing at the moment?", "Yes, but only after 5 pm.",
        ], "answers in red between the lines of the technician stay, each with its line"),
    on_ticket(
        reply(f"See below.\n\n{BLOCK}\n{ASKED.replace('in?', 'in?' + chr(10) + 'Room 312')}"),
        lambda s: above_note(s) == "See below.\n\n> which room is the printer in?\nRoom 312", "an answer without any mark below a header block stays"),
    on_ticket(
        reply(f"{ON}\n{quoted(ASKED)}\n\nRoom 312, and yes."), lambda s: above_note(s) == "Room 312, and yes.", "an answer below the quote stands alone"),
    on_ticket(
        reply(f"Please see what they wrote.\n\nOn Mon, 2 Nov 2026 at 09:00, Sue <sue@supplier.example> wrote:\n{quoted('The drum is worn out.')}"),
        lambda s: "The drum is worn out." in said(s) and "Sue" in said(s), "a mail that never came here stays, with who wrote it"),
    on_ticket(
        M("b", BOB, reply="a", text="Mine too."), lambda s: above_note(s) == "Mine too.", "the words of the first mail are known by their fingerprints"),
    Scenario("so are those of an older reply, beyond the comments that the desk tells", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB, reply="a", text="Mine prints blank pages too."), "comment 1"),
        *(answer(1, f"We are still looking, day {day}.") for day in range(12)), (M("c", ALICE, reply="b", text="Both."), "comment 1"),
    ], check=lambda s: above_note(s) == "Both."),
    *(on_ticket(to_notification(name, language), lambda s: above_note(s) == "Thank you, Tin.", f"the desk's own mail, {language}, answered: {name}")
      for name in REPLIES if "forwarded" not in name for language in ("en", "de", "xx")),
    *(Scenario(f"the desk's mail names its requester, who is on the ticket: {name}", [
        (M("a", f"{LONG_NAME} <alice@acme.example>"), "ticket 1"),
        (M("c", f"{LONG_NAME} <alice@acme.example>", reply="a", text="It is the one with two trays."), "comment 1"),
        answer(1, ASKED), (to_notification(name, "en", LONG_NAME), "comment 1"),
    ], check=lambda s: above_note(s) == "Thank you, Tin.") for name in REPLIES if "forwarded" not in name),
]
