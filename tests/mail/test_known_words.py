"""Of a quote, what the ticket shows goes; what a person wrote into it stays, with the line that it answers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import chain

import pytest

from gateway.mail import fingerprints
from gateway.mail.fingerprints import Fingerprints
from gateway.mail.html import to_lines
from gateway.mail.known import KnownWords, squeezed
from gateway.mail.lines import Line, plain, render
from gateway.mail.look import Look, by_rules, candidates, look
from gateway.mail.reply import reply_of
from gateway.model.email import Passage
from tests.pace import processor_time

ASKED = "1. Which room is it in?\n2. May we restart the printer today?\nService Desk of Acme"
KNOWN = KnownWords([ASKED])
OUTLOOK = (
    "<div>{above}</div><div id='divRplyFwdMsg'><b>From:</b> Desk &lt;help@desk.example&gt;<br>"
    "<b>Sent:</b> Thursday, November 26, 2026 3:10 PM<br><b>To:</b> Ann<br><b>Subject:</b> Printer</div>{below}"
)
ON = "On Thu, Nov 26, 2026 at 3:10 PM Desk <help@desk.example> wrote:"
DIV = "<div>1. Which room is it in?</div>{}<div>2. May we restart the printer today?</div>{}<div>Service Desk of Acme</div>"


def looked(lines: list[Line], known: KnownWords = KNOWN, is_whole: bool = True) -> Look:
    return compared(reply_of(lines).passages, known, is_whole)


def compared(passages: Sequence[Passage], known: KnownWords, is_whole: bool = True) -> Look:
    found = candidates(passages)
    counts = known.unknown([[passages[i].text for i in mail] for mail in found])
    return look(passages, dict(zip(chain(*found), chain(*counts), strict=True)), is_whole)


def text_of(seen: Look) -> str:
    return "\n".join(passage.text for passage in seen.shown)


def shown(lines: list[Line], known: KnownWords = KNOWN, is_whole: bool = True) -> str:
    return text_of(looked(lines, known, is_whole))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('<div><span style="color:red">Room 312.</span></div>', '<div><span style="color:red">Yes.</span></div>'),
        ("<p><b>Raum 312</b></p>", "<p><i>Ja</i></p>"),
        ("<table><tr><td>Room</td><td>312</td></tr></table>", "<table><tr><td>OK</td></tr></table>"),
        ("<ul><li>312</li></ul>", "<ul><li>no</li></ul>"),
        ("<div>三一二号室です</div>", "<div>はい</div>"),
        ("<div>غرفة ٣١٢</div>", "<div>نعم</div>"),
        ("<pre>ERROR 312: open</pre>", "<pre>exit 1</pre>"),
    ],
)
def test_answers_inside_an_unmarked_quote_stay_with_their_lines(first: str, second: str) -> None:
    text = shown(to_lines(OUTLOOK.format(above="See below.", below=DIV.format(first, second))).lines)
    for answer in (first, second):
        assert render(to_lines(answer).lines, marks=False).strip() in text
    assert "Which room is it in?" in text
    assert "May we restart" in text
    assert "Service Desk of Acme" not in text
    assert "From:" not in text


def test_what_the_ticket_shows_is_not_shown_again() -> None:
    assert shown(to_lines(OUTLOOK.format(above="Thanks.", below=DIV.format("", ""))).lines) == "Thanks."
    quoted = "\n".join(f"> {line}" for line in ASKED.split("\n"))
    assert shown(plain(f"Thanks.\n\n{ON}\n{quoted}\n")) == "Thanks."


@pytest.mark.parametrize(
    "old",
    [
        "> 1. Which room is it in?\n> 2. May we restart the\n> printer today?\n> Service Desk of Acme",
        "> 1. Which room is it in?2. May we restart the printer today?Service Desk of Acme",
        "> 1.\tWhich room is it in? 2. May we\n> restart the printer today? Service\n> Desk of Acme",
        "> 2. May we restart the printer today?",
    ],
)
def test_wrapped_glued_and_shortened_lines_are_known(old: str) -> None:
    assert shown(plain(f"Thanks.\n\n{ON}\n{old}\n")) == "Thanks."


@pytest.mark.parametrize("answer", ["Room 312", "y", "5", "See the log:\n> 08:14 rejected mail", "Ja, gerne."])
def test_answers_between_marked_lines(answer: str) -> None:
    body = f"Hello,\n\n{ON}\n> 1. Which room is it in?\n> {answer}\n> 2. May we restart the printer today?\n"
    text = shown(plain(body))
    assert answer in text
    assert "1. Which room is it in?" in text
    assert "2. May we restart" not in text


PASTED = (
    "Here they are:\n\nFrom: Pay <pay@phish.example>\nDate: Thu, 26 Nov 2026 08:00:00 +0100\nTo: ann@customer.example\n"
    "Subject: Your salary\n\nI had clicked the link. Please block my account now!\n\n"
)


def test_words_below_a_pasted_mail_stay() -> None:
    quoted = "\n".join(f"> {line}" for line in ASKED.split("\n"))
    text = shown(plain(f"{PASTED}{ON}\n{quoted}\n"))
    assert "Please block my account now!" in text
    assert "Which room is it in?" not in text


def frame(comment: str) -> str:
    return (
        "--- Please reply above this line ---\n\nNouveau commentaire\nImprimante\nTicket #TIC1\nPriorité Haute\n"
        f"\N{SPEECH BALLOON} Commentaire\n{comment}\nVoir le ticket\nPowered by AlgaPSA \N{MIDDLE DOT} ensemble"
    )


def test_the_frame_of_the_desk_is_nobodys_words() -> None:
    assert shown(plain(f"Merci.\n\n{frame(ASKED)}\n")) == "Merci."
    answered = frame(ASKED.replace("\n2.", "\nSalle 312\n2."))
    assert shown(plain(f"Merci.\n\n{answered}\n")) == "Merci.\n\n> 1. Which room is it in?\nSalle 312"


@pytest.mark.parametrize("comment", ["Done.", "Erledigt"])
def test_a_short_comment_is_proven_by_its_frame_alone(comment: str) -> None:
    known = KnownWords([comment, ASKED])
    assert shown(plain(f"Merci.\n\n{frame(comment)}\n"), known) == "Merci."
    answered = "\n".join(f"> {line}" for line in ASKED.replace("\n2.", f"\n{comment}\n2.").split("\n"))
    assert comment in shown(plain(f"See below.\n\n{ON}\n{answered}\n"), known)


def test_without_the_words_of_the_ticket_the_rules_decide() -> None:
    lines = to_lines(OUTLOOK.format(above="See below.", below=DIV.format("<div>Room 312</div>", ""))).lines
    found = by_rules(reply_of(lines).passages)
    assert text_of(found) == "See below."
    assert "Room 312" in [text for why, text in found.cut if why == "quoted"]


def test_a_mail_that_never_came_here_is_shown_with_who_wrote_it() -> None:
    quoted = "\n".join(f"> {line}" for line in ASKED.split("\n"))
    text = shown(plain(f"Please see.\n\n{ON}\n{quoted}\n"), KnownWords(["Another comment."]))
    assert text == f"Please see.\n\n{ON}\n{quoted}"


@pytest.mark.parametrize("blanks", ["", "\n", "\n\n"])
def test_a_blank_line_between_new_words_and_a_quote_that_stays_stands_in_the_comment(blanks: str) -> None:
    """One, where the mail has any, and none at an end or where all of the quote goes."""
    unknown = KnownWords(["Another comment."])
    below = plain(f"See.\n{blanks}{ON}\n> Old.\n>\n> Older.\n{blanks}Is it?\n{blanks}")
    once = "\n" if blanks else ""
    said = f"See.\n{once}{ON}\n> Old.\n>\n> Older.\n{once}Is it?"
    found = looked(below, unknown)
    assert text_of(found) == said
    paragraphs = ["".join(part["text"] for part in block["content"]) for block in found.blocks]
    assert paragraphs == said.split("\n")
    gone = text_of(looked(below, KnownWords(["Old. Older."])))
    assert gone == f"See.\n{once}Is it?"


def test_older_mails_than_the_known_words_are_not_shown_again() -> None:
    older = f"> {ON}\n>> Hello, the printer on the second floor is red.\n>> Can somebody come?"
    quoted = "\n".join(f"> {line}" for line in ASKED.split("\n"))
    lines = plain(f"Thanks.\n\n{ON}\n{quoted}\n{older}\n")
    found = looked(lines, is_whole=False)
    assert text_of(found) == "Thanks."
    assert found.counts() == {"introduction": 1, "on the ticket": 3, "older mail": 3}
    assert "Can somebody come?" in shown(lines), "these are all words of the ticket, and it is not among them"


def test_each_line_is_shown_or_cut() -> None:
    lines = plain(f"{PASTED}{ON}\n> 1. Which room is it in?\n> 312\n> {ON}\n>> Old.\n")
    found = looked(lines)
    words = " ".join([*(passage.text for passage in found.shown), *(text for _, text in found.cut)]).split()
    assert sorted(words) == sorted(" ".join(line.text for line in lines).split())


def test_words_between_quoted_lines_bring_no_more_than_the_line_that_they_answer() -> None:
    wrapped = "2. May we restart the printer today, or would another day in this week\n> suit you better?"
    body = f"{ON}\n> 1. Which room is it in?\n\nRoom 312\n\n> {wrapped}\n\nYes.\n\n> Service Desk of Acme\n"
    known = KnownWords([wrapped.replace("\n> ", " "), ASKED])
    answered = f"> 1. Which room is it in?\n\nRoom 312\n\n> {wrapped}\n\nYes."
    assert shown(plain(f"Hello,\n\n{body}"), known) == f"Hello,\n\n{answered}"
    assert shown(plain(body), known) == answered


@pytest.mark.parametrize("known", [
    KnownWords(["Ann Archer (ann@acme.example) wrote on 2026-11-28 04:26 UTC:\n\nhere\n\n[2 lines not shown, see mail 1]"]),
    KnownWords([], Fingerprints([fingerprints.of(["annarcherwroteon20261128", "here", "2linesnotshown"])])),
])  # fmt: skip
def test_a_short_mail_is_known_where_it_is_all_that_is_quoted(known: KnownWords) -> None:
    assert shown(plain(f"And mine?\n\n{ON}\n> here\n"), known) == "And mine?"
    assert "> here" in shown(plain(f"And mine?\n\n{ON}\n> Where is it?\n> here\n"), known)


SIGNED = "Ann Berg, Office Manager\nAcme Ltd, the office at the harbour"


@pytest.mark.parametrize("mark", ["__", "\N{EM DASH}", "---"])
def test_what_looks_like_a_signature_is_shown_until_the_ticket_has_it(mark: str) -> None:
    reply = plain(f"It is red again.\n\n{mark}\nAnn Berg\n{SIGNED}\n\n{ON}\n> Which room is it in?\n")
    assert SIGNED in shown(reply)
    again = looked(reply, KnownWords([ASKED, f"It is red.\nAnn Berg\n{SIGNED}"]))
    assert text_of(again) == "It is red again."
    assert again.counts()["signature"] == 4


@pytest.mark.parametrize(
    "card", ["-- \nAnn Berg", "--\nAnn Berg\nAcme Ltd", "__\nAnn Berg\n+44 20 7946 0105", "Sent from my iPhone"]
)
def test_two_dashes_a_card_and_a_footer_prove_a_signature(card: str) -> None:
    assert shown(plain(f"It is red again.\n\n{card}\n\n{ON}\n> Which room is it in?\n")) == "It is red again."


DESCRIBED = [
    "Hello,", "the printer on the second floor is red, and nobody can print the invoices of this month.", "",
    "It began on Monday. " + "We tried to switch it off and on again, several times. " * 12, "Regards", "Ann",
]  # fmt: skip


def test_what_was_posted_is_known_by_its_fingerprints() -> None:
    prints = fingerprints.of(map(squeezed, DESCRIBED))
    known = KnownWords([], Fingerprints([prints]))
    quoted = textwrap.indent("\n".join(textwrap.fill(line, 70) for line in DESCRIBED), "> ", lambda _: True)
    assert shown(plain(f"It still is.\n\n{ON}\n{quoted}\n"), known) == "It still is."
    answered = quoted.replace("> Regards", "> It is worse now.\n> Regards")
    assert "> It is worse now." in shown(plain(f"It still is.\n\n{ON}\n{answered}\n"), known)
    assert "It still was." in shown(plain(f"No.\n\n{ON}\n{quoted}\n> It still was.\n"), known)


@pytest.mark.parametrize(
    "paragraph",
    ["x", "Hello,", "It is red. " * 3, "It is red. " * 300, "n\N{LATIN SMALL LETTER U WITH DIAERESIS}r " * 9],
)
def test_a_fingerprint_takes_at_most_a_hundred_bytes_a_paragraph(paragraph: str) -> None:
    for count in (1, 2, 30):
        assert len(fingerprints.of([squeezed(f"{paragraph}{number}") for number in range(count)])) <= 100 * count


@pytest.mark.parametrize("line", ["a" * 40, "ab " * 20, "On 1.1.2026 at 9:00 a@b wrote:", "\N{SPEECH BALLOON} x"])
def test_a_long_quote_takes_linear_time(line: str) -> None:
    prints = Fingerprints([fingerprints.of([squeezed(line) * 9, squeezed(line) * 20 + "z"])] * 64)
    known = KnownWords([f"{line}\n" * 5000, "x" * 200_000], prints)
    passages = reply_of(plain("New.\n\nBo wrote:\n" + f"> {line}\n" * (300_000 // len(line)))).passages
    with processor_time() as spent:
        compared(passages, known)
    assert spent.seconds < 2


@pytest.mark.parametrize("below", [
    DIV.format("<div>Room 312</div>", "<div>Yes, after 5 pm please.</div>"),
    DIV.format("", "<div>Yes, after 5 pm please.</div>"),
    "<table><tr><td>1. Which room is it in?</td></tr><tr><td>2. May we restart the printer today?</td><td>Yes, after 5 pm please.</td></tr></table><div>Service Desk of Acme</div>",
])  # fmt: skip
def test_an_answer_that_the_ticket_has_already_is_typed_in_again(below: str) -> None:
    known = KnownWords([ASKED, "Room 312. Yes, after 5 pm please.", "Another question?\nYes, after 5 pm please."])
    text = shown(to_lines(OUTLOOK.format(above="See below.", below=below)).lines, known)
    assert "May we restart the printer today?" in text
    assert "Yes, after 5 pm please." in text
    assert shown(to_lines(OUTLOOK.format(above="See below.", below=DIV.format("", ""))).lines, known) == "See below."


def test_the_paragraphs_of_an_answer_keep_their_distance() -> None:
    text = f"Hello,\n\nit works again.\nOne question is left.\n\nAlice\n\n\n{ON}\n> 1. Which room is it in?\n"
    blocks = looked(plain(text)).blocks
    assert ["".join(part["text"] for part in block["content"]) for block in blocks] == [
        "Hello,", "", "it works again.", "One question is left.", "", "Alice",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "banner",
    [
        "CAUTION: This email originated from outside of the organization. Do not click links or open attachments unless you\n"
        "recognize the sender and know the content is safe.",
        "[EXTERNAL]", "This Message Is From an External Sender\nThis message came from outside your organization.",
        "ZjQcmQRYFpfptBannerStart\nNot from Acme: ask Bob (ext. 12).\nZjQcmQRYFpfptBannerEnd",
        "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Bitte öffnen Sie keine Anhänge.",
    ],
)  # fmt: skip
def test_what_a_mail_gateway_put_above_our_mail_is_nobodys_words(banner: str) -> None:
    """On its way to the customer, who quotes it; words of their own in its place stay."""
    for below, said in ((ASKED, "Room 312."), (f"{ASKED}\nYes.", "Room 312.\n\n> Service Desk of Acme\n> Yes.")):
        quoted = "\n".join(f"> {line}" for line in f"{banner}\n\n{below}".split("\n"))
        assert shown(plain(f"Room 312.\n\n{ON}\n\n{quoted}")) == said
    above = f"{banner} We do not know it either: is it in room 312?"
    quoted = "\n".join(f"> {line}" for line in f"{above}\n\n{ASKED}".split("\n"))
    assert "in room 312?" in shown(plain(f"See below.\n\n{ON}\n\n{quoted}"))
