"""What a ticket says: its title, the words of the mail, and what the desk's own mail makes of them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from gateway.blocks import words as rich_words
from gateway.blocks.tags import WORD_JOINER
from tests.scenarios.scripts import ALICE, BOB, TESS, Scenario
from tests.scenarios.scripts_requesters import FW, description, forward, priority_of, rule, ruled
from tests.scenarios.stage import M, Stage

LIVE = (
    '<b>html</b> <img src=x onerror=alert(1)> </div><!-- <a href="//evil.example">Reset your password</a> <?x '
    "List<String> 3 < 4 <3 <= a<b"
)
LONG = "Please order " + ", ".join(f"part {n}" for n in range(60))
NAMED = (
    b"From: =?utf-8?q?=3Cscript=3Ealert=281=29=3C/script=3E?= <alice@acme.example>\nTo: support@msp.example\n"
    b"Subject: x\nMessage-ID: <named@acme.example>\nDate: Sun, 22 Nov 2026 09:00:00 +0000\n\nHello.\n"
)
EMOJI = "\U0001f600" * 300
BANNER = (
    "CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless you "
    "recognize the sender and know the content is safe.\n\n"
)
BELOW = "\n\nPut above this mail by a mail gateway:\n" + BANNER.strip()


class Tags(HTMLParser):
    """Everything in a text that an HTML reader does not take for text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")

    handle_decl = handle_pi = unknown_decl = handle_comment

    def handle_data(self, data: str) -> None:
        self.words += data


def mailed(stage: Stage, number: int) -> Tags:
    """The description in the desk's mail about the new ticket: between the desk's own div."""
    ticket_id = stage.order[number - 1]
    (html,) = {mail.html for mail in stage.simulator.desk.mails if mail.ticket_id == ticket_id and mail.html}
    return Tags(re.sub(r"\A<div[^>]*>|</div>\Z", "", html))


def dead(stage: Stage, *numbers: int) -> bool:
    return all(not mailed(stage, number).found for number in numbers)


def alive(stage: Stage, number: int) -> bool:
    """As it was written: the words of somebody whose domain vouches for them."""
    return "img" in mailed(stage, number).found and WORD_JOINER not in description(stage, number)


def reads(stage: Stage, number: int, words: str) -> bool:
    """What people see of the description."""
    return words in description(stage, number).replace(WORD_JOINER, "")


def first(stage: Stage, number: int) -> str:
    return description(stage, number).split("\n")[0]


ALL = [
    Scenario("words that a browser would run are words in the desk's mail, unless their author is proven", [
        (M("a", ALICE, "x", LIVE), "ticket 1"), (M("b", ALICE, "x", LIVE + " ", verdict="none"), "ticket 2"),
        (M("c", ALICE, "x", LIVE + ".", verdict="pass"), "ticket 3"),
    ], check=lambda s: dead(s, 1, 2) and alive(s, 3) and all(reads(s, n, LIVE) for n in (1, 2, 3))),
    Scenario("names, file names and long subjects are no tags either", [
        (M("a", ALICE, "<svg/onload=alert(1)> " * 15, files={"<img src=x>.pdf": b"x", "<b>.png": b"\x89PNG\r\n\x1a\n"},
           cc='"</td><h1>" <carl@acme.example>'), "ticket 1"),
        (M("b", ALICE, raw=NAMED), "ticket 2"),
    ], check=lambda s: dead(s, 1, 2) and reads(s, 1, "<svg/onload=alert(1)> <svg") and reads(s, 2, "<script>alert(1)</script> (alice@acme.example)")),
    Scenario("a tag in pieces, and underlined", [
        (M("a", ALICE, "x", html="<p>&lt;<b>img src=x</b>&gt; &lt;<span>i</span>mg src=x&gt; <u>under</u> &lt;<u>/div</u>&gt; &lt;<a href='https://a.example/'>b</a></p>"), "ticket 1"),
    ], check=lambda s: dead(s, 1) and reads(s, 1, "<img src=x> <img src=x> under </div>")),
    Scenario("a proven technician forwards the words of somebody who is not", [
        (M("a", TESS, FW, text=forward(text=LIVE), verdict="pass"), "ticket 1"),
    ], check=lambda s: dead(s, 1) and reads(s, 1, "onerror=alert(1)")),
    Scenario("a proven form sends the words of whoever filled it in", [
        (M("a", "Form <form@msp.example>", "x", LIVE, verdict="pass", headers={"Reply-To": BOB}), "ticket 1"),
    ], mailbox={"reply_to": ["form@msp.example"]}, check=lambda s: dead(s, 1)),
    Scenario("our own first line has no angle brackets, which would vanish in the desk's mail", [
        (M("a", ALICE, "x", verdict="pass", cc="Carl <carl@acme.example>, dora@acme.example"), "ticket 1"),
        (M("b", "bare@acme.example", "y", verdict="pass"), "ticket 2"),
    ], check=lambda s: not mailed(s, 1).found and "From Alice Archer (alice@acme.example) (verified) to support@msp.example, cc Carl (carl@acme.example), dora@acme.example" in mailed(s, 1).words and "From bare@acme.example (verified)" in mailed(s, 2).words),
    Scenario("a subject that does not fit into a title stands whole before everything", [
        (M("a", ALICE, LONG, text="\n"), "ticket 1"), (M("b", ALICE, EMOJI, text="\n"), "ticket 2"),
        (M("c", ALICE, "Re: " + LONG + " [TIC-77]"), "ticket 3"), (M("d", ALICE, "x" * 255), "ticket 4"), (M("e", ALICE, "x" * 256), "ticket 5"),
    ], check=lambda s: [first(s, n) for n in (1, 2, 3, 5)] == [LONG, EMOJI, LONG + " [TIC-77]", "x" * 256]
        and first(s, 4).startswith("From Alice") and all(len(s.ticket(n)["title"]) <= 255 for n in (1, 2, 3, 4, 5))),
    Scenario("the rest of a subject is internal where the words are", [
        (M("a", ALICE, LONG, text="Secret."), "ticket 1"),
    ], config=ruled(rule({"field": "subject", "contains": "order"}, internal=True)),
        check=lambda s: "part 59" not in description(s, 1) and s.comments(1)[0]["is_internal"] and LONG in s.comments(1)[0]["note"]),
    Scenario("a title of a rule that does not fit stands whole as well", [
        (M("a", ALICE, "printer"), "ticket 1"),
    ], config=ruled(rule({"field": "subject", "contains": "printer"}, title="y" * 300)), check=lambda s: first(s, 1) == "y" * 300),
    Scenario("a mail gateway's banner stands below the words of the mail", [
        (M("a", ALICE, "x", BANNER + "The printer burns."), "ticket 1"), (M("b", ALICE, reply="a", text=BANNER + "More smoke."), "comment 1"),
    ], check=lambda s: ("The printer burns." + BELOW) in description(s, 1) and ("More smoke." + BELOW) in rich_words(s.comments(1)[0]["note"])),
    Scenario("of what a technician forwards as well, above their own words and above the mail", [
        (M("a", TESS, FW, text=BANNER + forward(text=BANNER + "The printer burns."), verdict="pass"), "ticket 1"),
    ], check=lambda s: ("The printer burns." + BELOW) in description(s, 1) and ("Please look at this." + BELOW) in rich_words(s.comments(1)[0]["note"])),
    Scenario("importance only raises, and unimportance only lowers", [
        (M("a", ALICE, "a", headers={"Importance": "high"}), "ticket 1"), (M("b", ALICE, "b", headers={"Importance": "low"}), "ticket 2"),
        (M("c", ALICE, "c"), "ticket 3"),
    ], mailbox={"priority": "Urgent"}, config={"importance": {"high": "High", "low": "Low"}, "priorities": ["Low", "Medium", "High", "Urgent"]},
        check=lambda s: [priority_of(s, n) for n in (1, 2, 3)] == ["Urgent", "Low", "Urgent"]),
    Scenario("unimportance raises nothing", [
        (M("a", ALICE, "a", headers={"Priority": "non-urgent"}), "ticket 1"), (M("b", ALICE, "b", headers={"X-Priority": "2"}), "ticket 2"),
    ], mailbox={"priority": "Low"}, config={"importance": {"high": "High", "low": "Medium"}, "priorities": ["Low", "Medium", "High"]},
        check=lambda s: [priority_of(s, n) for n in (1, 2)] == ["Low", "High"]),
    Scenario("where the order does not know both, importance is what the operator says", [
        (M("a", ALICE, "a", headers={"Importance": "high"}), "ticket 1"), (M("b", ALICE, "b", headers={"Importance": "low"}), "ticket 2"),
    ], mailbox={"priority": "Urgent"}, config={"importance": {"high": "High", "low": "Low"}, "priorities": ["Low", "Medium", "High"]},
        check=lambda s: [priority_of(s, n) for n in (1, 2)] == ["High", "Low"]),
]  # fmt: skip
