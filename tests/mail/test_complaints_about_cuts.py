"""What users of other products missed once a reply was cut; here each word of it is seen.

Own words in the shape of the reports that the names give.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.mail.html import to_lines
from gateway.mail.lines import Line, plain
from tests.mail.test_known_words import DIV, ON, OUTLOOK, shown

QUOTE = f"\n\n{ON}\n> 1. Which room is it in?\n> 2. May we restart the printer today?\n"

REPORTS = {
    "PostHog/posthog#71875, a list of addresses": "Please add these people:\n\nann@acme.example\nbob@acme.example",
    "and below a rule": "Please add these people\n\n--\nann@acme.example\nbob@acme.example",
    "or of pages": "These pages are blank\n---\nhttps://acme.example/orders\nhttps://acme.example/stock",
    "or of numbers": "Call one of us.\n\n__\n+44 20 7946 0105\n+44 20 7946 0106",
    "willdurand/EmailReplyParser#42, a listing": "Here it is:\n\n$ ls -l /tmp\n-rw------- 1 http http 62 Feb 15 12:45\nsess_07nc\n-rw------- 1 http http 0 Feb 15 10:18\nsess_0g01",
    "robertklep/quotefixformac#32, dashes end a greeting": "Hi Tin --\nit is still red.\nCan you come?",
    "dashes end a line": "Here is the log:--\n\n08:14 red\n\nand nothing more",
    "github/email_reply_parser#53, a dash begins a line": "Hi Tin,\n\n-This is what it says",
    "github/email_reply_parser#17, dashes in a sentence": "It prints blank pages--even now.\n##\n\nAnn",
    "crisp-oss/email-reply-parser#50, sections": "A new tenant.\n\n---\n\nFull address:\n5 Harbour Street\n\n---\n\nMoves in on 1 December.",
    "twentyhq/twenty#25330, a mail that is pasted": "Hej, her er den:\n\nFra: Bo Berg <bo@bank.example>\nSendt: 26. november 2026 08:00\nTil: ann@acme.example\nEmne: Regning\n\nJeg har ikke betalt. Skal jeg?\n\nAnn",
    "zulip/zulip#22585, headers without marks": "I pass this on, please look:\n\nFrom: Sue <sue@supplier.example>\nTo: ann@acme.example\nSubject: Drum\n\nThe drum is worn out.\nSue",
}  # fmt: skip


@pytest.mark.parametrize("text", REPORTS.values(), ids=list(REPORTS))
def test_each_line_of_the_answer_is_seen(text: str) -> None:
    said = shown(plain(text + QUOTE)).split("\n")
    assert [line for line in text.split("\n") if line and line not in said] == []
    assert not any("May we restart" in line for line in said)


def test_what_outlook_indents_is_the_writers() -> None:
    """Nine-Minds/alga-psa#3324."""
    above = "Hello Tin,<blockquote class='elementToProof' style='margin-left:40px'><div>We tried three printers.</div></blockquote><div>So it is the toner.</div>"
    text = shown(to_lines(OUTLOOK.format(above=above, below=DIV.format("", ""))).lines)
    assert [line for line in text.split("\n") if line] == ["Hello Tin,", "We tried three printers.", "So it is the toner."]


@pytest.mark.parametrize("lines", [
    plain("---------- Replied message ----------\nSender: Ann <ann@acme.example>\nDate: November 26 2026 17:07\nSubject: RE: Printer\n\n"
          "From: Desk [mailto:help@desk.example]\nSent: Thursday, November 26, 2026 3:10 PM\nTo: ann@acme.example\nSubject: Printer\n\n"
          "1. Which room is it in?\nRoom 312\n2. May we restart the printer today?\nService Desk of Acme"),
    plain(f"{ON}\n> 1. Which room is it in? Room 312\n> 2. May we restart the printer today?\n"),
])  # fmt: skip
def test_a_quote_into_which_somebody_typed_is_no_empty_mail(lines: Sequence[Line]) -> None:
    """mailgun/talon#149."""
    text = shown([*lines])
    assert "Which room is it in?" in text
    assert "Room 312" in text


def test_an_attribution_with_a_broken_line_is_none_of_the_writers_words() -> None:
    """discourse/email_reply_trimmer#8."""
    text = "It is red.\n\n2026-11-26 15:10 GMT+02:00 A very long name of a desk <\nhelp@a-very-long-name.example>:\n\n> 1. Which room is it in?\n"
    assert shown(plain(text)) == "It is red."
