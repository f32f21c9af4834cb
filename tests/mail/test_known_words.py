"""Of a quote, what the ticket shows goes; what a person wrote into it stays, with the line that it answers."""

from __future__ import annotations

import time

import pytest

from gateway.mail.html import to_lines
from gateway.mail.known import KnownWords, look, passages
from gateway.mail.lines import Line, plain, render

ASKED = "1. Which room is it in?\n2. May we restart the printer today?\nService Desk of Acme"
KNOWN = KnownWords([ASKED])
OUTLOOK = (
    "<div>{above}</div><div id='divRplyFwdMsg'><b>From:</b> Desk &lt;help@desk.example&gt;<br>"
    "<b>Sent:</b> Thursday, November 26, 2026 3:10 PM<br><b>To:</b> Ann<br><b>Subject:</b> Printer</div>{below}"
)
ON = "On Thu, Nov 26, 2026 at 3:10 PM Desk <help@desk.example> wrote:"
DIV = "<div>1. Which room is it in?</div>{}<div>2. May we restart the printer today?</div>{}<div>Service Desk of Acme</div>"


def shown(lines: list[Line], known: KnownWords | None = KNOWN) -> str:
    return render(look(passages(lines), known).lines)


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
        assert render(to_lines(answer).lines).strip() in text
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
    assert shown(plain(f"Merci.\n\n{answered}\n")) == "Merci.\n\n1. Which room is it in?\nSalle 312"


def test_without_the_words_of_the_ticket_the_rules_decide() -> None:
    lines = to_lines(OUTLOOK.format(above="See below.", below=DIV.format("<div>Room 312</div>", ""))).lines
    found = look(passages(lines), None)
    assert render(found.lines) == "See below."
    assert "Room 312" in [text for why, text in found.cut if why == "quoted"]


def test_a_mail_that_never_came_here_is_shown() -> None:
    quoted = "\n".join(f"> {line}" for line in ASKED.split("\n"))
    assert "Which room is it in?" in shown(plain(f"Please see.\n\n{ON}\n{quoted}\n"), KnownWords(["Another comment."]))


def test_older_mails_than_the_known_words_are_not_shown_again() -> None:
    older = f"> {ON}\n>> Hello, the printer on the second floor is red.\n>> Can somebody come?"
    quoted = "\n".join(f"> {line}" for line in ASKED.split("\n"))
    found = look(passages(plain(f"Thanks.\n\n{ON}\n{quoted}\n{older}\n")), KNOWN)
    assert render(found.lines) == "Thanks."
    assert {why for why, _ in found.cut} == {"introduction", "on the ticket", "older mail"}


def test_each_line_is_shown_or_cut() -> None:
    lines = plain(f"{PASTED}{ON}\n> 1. Which room is it in?\n> 312\n> {ON}\n>> Old.\n")
    found = look(passages(lines), KNOWN)
    words = " ".join([*(part.text for part in found.shown), *(text for _, text in found.cut)]).split()
    assert sorted(words) == sorted(" ".join(line.text for line in lines).split())


@pytest.mark.parametrize("line", ["a" * 40, "ab " * 20, "On 1.1.2026 at 9:00 a@b wrote:", "\N{SPEECH BALLOON} x"])
def test_half_a_megabyte_takes_linear_time(line: str) -> None:
    known = KnownWords([f"{line}\n" * 5000, "x" * 200_000])
    candidates = passages(plain("New.\n\nBo wrote:\n" + f"> {line}\n" * (500_000 // len(line))))
    started = time.monotonic()
    look(candidates, known)
    assert time.monotonic() - started < 5
