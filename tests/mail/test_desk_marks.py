"""The desk's marks: its token and id lines never stand in what is shown, and a banner cuts with what introduces it."""

from __future__ import annotations

import json

import pytest

from gateway.mail.read import read

UUID = "5d0c53a1-6a5f-4c0e-9d0e-0a1b2c3d4e5f"
TOKEN = f"[ALGA-REPLY-TOKEN {UUID} ticketId={UUID} commentId={UUID}]"
IDS = f"ALGA-TICKET-ID:{UUID}\nALGA-COMMENT-ID:{UUID}"
BANNER = "--- Please reply above this line ---"
OLD = f"{BANNER}\n\nNew Comment Added Printer Ticket #TIC1 Powered by AlgaPSA\n\n{TOKEN}\n{IDS}"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def mail(text: str, kind: str = "plain") -> bytes:
    head = f"From: Ann <ann@acme.example>\nTo: support@msp.example\nSubject: Re: [Ticket #TIC1] x\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return (head + text).encode()


SHAPES = {
    "below, as it came": f"It works.\n\n{OLD}",
    "the token above the banner": f"It works.\n\n{TOKEN}\n{OLD}",
    "quoted": f"It works.\n\n{quoted(OLD)}",
    "quoted, with an introduction that no list has": f"It works.\n\nScribed by Desk <support@msp.example>:\n\n{quoted(OLD)}",
    "with a framed introduction": f"It works.\n\n---- Desk wrote ----\n\n{OLD}",
    "the token wrapped": f"It works.\n\n> [ALGA-REPLY-TOKEN {UUID} ticketId=\n> {UUID}\n> commentId={UUID}\n> ]\n> {BANNER}\n> old",
    "the token escaped": "It works.\n\n\\" + TOKEN.replace("]", "\\]") + f"\n{BANNER}\nold",
    "all in one line": f"It works.\n\n{BANNER}\nold {TOKEN} {IDS}".replace("\nALGA", " ALGA"),
    "in upper case": f"It works.\n\n{OLD.upper()}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_new_words_alone(shape: str) -> None:
    email = read(mail(SHAPES[shape])).email

    assert email.reply.text == "It works."
    assert email.marks.ticket_ids == (UUID,)
    assert "ALGA-" not in json.dumps([email.blocks, email.reply.blocks, email.reply.quoted]).upper()


@pytest.mark.parametrize("text", [OLD, quoted(OLD), f"Before {TOKEN} after\n{IDS}", f"{TOKEN}\n{IDS}\nIt works."])
def test_a_text_that_is_kept_whole_has_no_ids_either(text: str) -> None:
    email = read(mail(text)).email

    assert "ALGA-" not in json.dumps([email.blocks, email.reply.blocks, email.reply.text])
    assert {word for word in ("Before", "after", "It", "works.") if word in text.split()} <= set(
        email.reply.text.split()
    )


def test_words_about_tokens_stay() -> None:
    words = "Our log says ALGA-REPLY-TOKEN is missing, and ALGA-TICKET-ID: too."

    assert read(mail(words)).email.reply.text == words


def test_html_keeps_its_looks() -> None:
    email = read(mail(f"<p><b>It works</b> {TOKEN} <i>now</i>.</p>", "html")).email

    runs = email.blocks[0]["content"]
    assert " ".join("".join(run["text"] for run in runs).split()) == "It works now."
    assert [bool(run["styles"]) for run in runs] == [True, False, True, False]


def test_an_answer_below_an_html_quote_of_thunderbird() -> None:
    html = f'<div class="moz-cite-prefix">Ann wrote:</div><blockquote type="cite"><p>{BANNER}</p><p>old</p></blockquote><p>It works.</p>'

    assert read(mail(html, "html")).email.reply.text == "It works."
