"""Signatures: shown the first time, known afterwards, and brought back by an operator."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage

from sqlalchemy import Connection

from gateway.blocks import words
from gateway.store import operator
from tests.scenarios.scripts import ALICE, BOB, Scenario
from tests.scenarios.scripts_quotes import reply
from tests.scenarios.stage import SUPPORT, Act, M, Stage

CARD = "Office Manager, Acme Ltd\n5 Harbour Street\nT +44 20 7946 0105"
LEGAL = "This message and its attachments are confidential and intended for the addressee alone. If it came to you in error, delete it."
END = f"\n\nKind regards,\nAlice Archer\n{CARD}\n\n{LEGAL}"
HTML = (
    "<p>{text}</p><p>Kind regards<br>Alice Archer<br>Office Manager</p><p><img src='cid:logo.png' width=90></p>"
    f"<p>Acme Ltd, 5 Harbour Street<br>T +44 20 7946 0105</p><p>{LEGAL}</p>"
)
LOGO = b"\x89PNG\r\n\x1a\n logo of Acme"


def said(stage: Stage, ticket: int = 1, nth: int = -1) -> str:
    return words(stage.comments(ticket)[nth]["note"])


def is_cut(stage: Stage, key: str, lines: int, ticket: int = 1) -> bool:
    """Whether so many lines of the signature are not shown, and the comment says in which mail they stand."""
    named = rf"{lines} (lines? )?of a signature not shown, see mail {stage.numbers[key]}\]"
    return "0105" not in said(stage, ticket) and bool(re.search(named, said(stage, ticket)))


def new(key: str, number: int, sender: str = ALICE, verdict: str = "pass", text: str = "It is red.", **more: object) -> M:
    return M(key, sender, f"Problem {number}", f"{text}{END}", verdict=verdict, **more)  # type: ignore[arg-type]


def looks(key: str, subject: str, verdict: str = "pass", attached: bool = False) -> M:
    """A mail with a logo in its signature, as Outlook sends it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = ALICE, SUPPORT, subject, f"<{key}@acme.example>"
    mail.set_content(HTML.format(text=f"{subject} is red."), subtype="html")
    mail.add_related(LOGO, "image", "png", cid="<logo.png>", filename="logo.png")
    if attached:
        mail.add_attachment(LOGO, "image", "png", filename="the logo is wrong.png")
    return M(key, ALICE, subject, raw=mail.as_bytes(), verdict=verdict)


def files(stage: Stage, ticket: int) -> list[str]:
    return [row["document_name"] for row in stage.simulator.desk.documents.get(stage.order[ticket - 1], [])]


def show_all(key: str) -> Act:
    """The operator wants to see all of a mail."""

    async def act(stage: Stage) -> None:
        await stage.store.write(lambda c: operator.show_all(c, stage.ids[key], now=stage.now))
        await stage.work()

    return act


def show_all_and_think_better_of_it(key: str, let_go: Callable[[Connection, str, float], object]) -> Act:
    """It is taken aside before it is shown, and let go again."""

    async def act(stage: Stage) -> None:
        def acts(connection: Connection) -> None:
            operator.show_all(connection, stage.ids[key], now=stage.now)
            let_go(connection, stage.ids[key], stage.now)
            operator.release(connection, stage.ids[key], now=stage.now)

        await stage.store.write(acts)
        await stage.work()

    return act


def on_first(mail: M, check: Callable[[Stage], bool], name: str, *acts: Act) -> Scenario:
    return Scenario(name, [(new("a", 1, verdict=mail.verdict), "ticket 1"), *acts, (mail, "comment 1")], check=check)


ALL = [
    on_first(reply(f"Room 312.{END}"), lambda s: "Room 312." in said(s) and "Alice Archer" in said(s) and is_cut(s, "b", 4),
             "a card and legal words that the ticket shows are not shown again, whoever nothing proves"),
    on_first(reply(f"Room 312.{END.replace('0105', '0106')}"), lambda s: "0106" in said(s), "a card with a new number is shown"),
    on_first(reply(f"Where you reach me:{END}"), lambda s: "0105" in said(s), "what somebody announces is shown"),
    on_first(reply(END.strip()), lambda s: "0105" in said(s), "a signature alone is shown"),
    Scenario("a card is shown once on each ticket, legal words of two other tickets are not", [
        (new("a", 1), "ticket 1"), (new("b", 2), "ticket 2"), (M("c", BOB, "Problem c", "Mine is red.", verdict="pass"), "ticket 3"),
        (M("d", ALICE, "Re: Problem c", f"All are.{END}", reply="c", verdict="pass"), "comment 3"),
    ], check=lambda s: "0105" in said(s, 3) and "confidential" not in said(s, 3) and " 1 of a signature not shown" in said(s, 3)),
    Scenario("legal words of two colleagues are their company's", [
        (new("a", 1), "ticket 1"), (new("b", 2, "Carol <carol@acme.example>"), "ticket 2"), (M("c", BOB, "Problem c", verdict="pass"), "ticket 3"),
        (M("d", BOB, "Re: Problem c", f"It is off.\n\n{LEGAL}", reply="c", verdict="pass"), "comment 3"),
    ], check=lambda s: "confidential" not in said(s, 3) and "It is off." in said(s, 3)),
    Scenario("mail that nothing proves teaches nothing of other tickets", [
        (new("a", 1, verdict="none"), "ticket 1"), (new("b", 2, "Carol <carol@acme.example>", verdict="none"), "ticket 2"),
        (M("c", BOB, "Problem c", verdict="none"), "ticket 3"),
        (M("d", BOB, "Re: Problem c", f"It is off.\n\n{LEGAL}", reply="c", verdict="none"), "comment 3"),
    ], check=lambda s: "confidential" in said(s, 3)),
    Scenario("a logo that two tickets have is not uploaded to a third", [
        (looks("a", "One"), "ticket 1"), (looks("b", "Two"), "ticket 2"), (looks("c", "Three"), "ticket 3"),
    ], check=lambda s: files(s, 1) == files(s, 2) == ["logo.png"] and files(s, 3) == [] and all(
        words_ in words(s.ticket(3)["attributes"]["description"]) for words_ in ("Three is red.", "[picture: logo.png]", "0105", f"[1 picture of a signature not uploaded again, see mail {s.numbers['c']}]")
    )),
    Scenario("it is uploaded where nothing proves the sender", [
        (looks("a", "One", "none"), "ticket 1"), (looks("b", "Two", "none"), "ticket 2"), (looks("c", "Three", "none"), "ticket 3"),
    ], check=lambda s: files(s, 3) == ["logo.png"]),
    Scenario("and where it is attached too", [
        (looks("a", "One"), "ticket 1"), (looks("b", "Two"), "ticket 2"), (looks("c", "Three", attached=True), "ticket 3"),
    ], check=lambda s: len(files(s, 3)) == 1),
    Scenario("a short answer that was given before is shown", [
        (new("a", 1), "ticket 1"), *((M(key, ALICE, "Re: Problem 1", f"Hello,\n\nYes, please do.{END}", reply="a", verdict="pass"), "comment 1") for key in "bcd"),
    ], check=lambda s: all("Yes, please do." in words(comment["note"]) for comment in s.comments(1)) and is_cut(s, "d", 4)),
    Scenario("an operator brings back what was cut, and the signature is shown again", [
        (new("a", 1), "ticket 1"), (M("b", ALICE, "Re: Problem 1", f"Room 312.{END}", reply="a", verdict="pass"), "comment 1"), show_all("b"),
        (M("c", ALICE, "Re: Problem 1", f"Room 313.{END}", reply="a", verdict="pass"), "comment 1"),
    ], check=lambda s: len(s.comments(1)) == 3 and s.comments(1)[1]["is_internal"] and all("0105" in said(s, nth=n) for n in (1, 2)) and "all of this mail, for operator" in said(s, nth=1)),
    *(Scenario(f"showing a mail whole that is taken aside meanwhile leaves it where it was: {name}", [
        (new("a", 1), "ticket 1"), show_all_and_think_better_of_it("a", let_go), (M("b", ALICE, "Re: Problem 1", "Room 312.", reply="a", verdict="pass"), "comment 1"),
        show_all_and_think_better_of_it("b", let_go),
    ], check=lambda s: len(s.order) == 1 and len(s.comments(1)) == 1) for name, let_go in (
        ("held", lambda c, name, now: operator.hold(c, name, now=now)), ("dropped", lambda c, name, now: operator.drop(c, name, now=now)),
    )),
    Scenario("so it does for a new ticket with a known logo", [
        (looks("a", "One"), "ticket 1"), (looks("b", "Two"), "ticket 2"), (looks("c", "Three"), "ticket 3"), show_all("c"), (looks("d", "Four"), "ticket 4"),
    ], mailbox={"internal_files": "upload"}, check=lambda s: files(s, 3) == files(s, 4) == ["logo.png"]),
]  # fmt: skip
