"""Names, titles and links look like what they are."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest

from gateway.cli.shared import print_json
from gateway.decide.compose import heading
from gateway.mail.read import read
from gateway.match import title
from gateway.match.invisible import without_invisible
from gateway.model.email import Address, Forwarded
from gateway.templates import VALUES, Templates

TRICKS = {
    "override": "\u202e", "embedding": "\u202b", "isolate": "\u2067", "mark": "\u200f", "Arabic mark": "\u061c",
    "zero-width space": "\u200b", "word joiner": "\u2060", "byte order mark": "\ufeff", "soft hyphen": "\u00ad",
    "joiner": "\u200d", "non-joiner": "\u200c", "grapheme joiner": "\u034f", "filler": "\u3164", "tag": "\U000e0041",
    "vowel separator": "\u180e", "activate": "\u206b",
}  # fmt: skip
STAYS = ["می\u200cخواهم", "क\u094d\u200dष", "👩\u200d💻 Ann", "Müller", "日本", "Ann\u00a0B", "❤\ufe0f"]


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_no_trick_in_titles_names_and_link_text(trick: str) -> None:
    raw = (
        f'From: "A{trick}nn" <ann@acme.example>\r\nTo: B{trick}ob <bob@acme.example>\r\nSubject: Pay{trick}ment\r\n'
        f"Content-Type: text/html; charset=utf-8\r\n\r\n<a href='https://x.example/'>pay{trick}pal.example</a>"
    )
    email = read(raw.encode()).email

    assert email.sender
    assert (email.sender.name, email.to[0].name, title.clean(email.subject)) == ("Ann", "Bob", "Payment")
    assert texts(email.blocks) == ["paypal.example", " (x.example)"]


def test_tricks_in_encoded_words() -> None:
    email = read(b"From: =?utf-8?q?A=E2=80=AEnn?= <ann@acme.example>\r\nSubject: x\r\n\r\nx").email

    assert email.sender
    assert email.sender.name == "Ann"


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_no_trick_in_what_a_template_prints(trick: str) -> None:
    """Also where the mail's own reader leaves it: in the head of a forwarded mail, in a recipient that a report names."""
    values = {**VALUES["bounce"], "recipient": f"a{trick}nn@acme.example"}
    assert trick not in "".join(Templates().lines("bounce", **values))
    forwarded = Forwarded(Address("ann@acme.example", f"A{trick}nn"), subject=f"Pay{trick}ment", date=f"to{trick}day")
    assert trick not in heading(forwarded, UTC)


def test_rtf_has_no_character_that_is_none() -> None:
    raw = b"From: a@b.example\r\nContent-Type: application/rtf\r\n\r\n{\\rtf1 a\\u27?\\'1b\\u0?\\u155?\\u-10240?\\'00b\\par c}"
    assert read(raw).email.text == "a\ufffdb\nc"


def test_rtf_has_characters_in_two_halves() -> None:
    raw = b"From: a@b.example\r\nContent-Type: application/rtf\r\n\r\n{\\rtf1 good \\u-10179?\\u-8704? day}"
    assert read(raw).email.text == "good \U0001f600 day"


def test_json_has_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"words": "Müller \x1b[31m \x9b31m \u202e \U000e0041 \u2028 日本\n"}
    print_json(value)
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.splitlines())
    assert "Müller" in shown and json.loads(shown) == value


@pytest.mark.parametrize("text", STAYS)
def test_what_is_needed_to_write_stays(text: str) -> None:
    assert without_invisible(text) == text
    assert title.clean(text).replace(" ", "") == text.replace("\u00a0", "").replace(" ", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Ticket #TIC001001] Printer", "(Ticket #TIC001001) Printer"),
        ("Fwd of [TICKET\u00a0# 7] and [ticket #8]", "Fwd of (TICKET\u00a0# 7) and (ticket #8)"),
        ("[Ticket #", "(Ticket #"),
        ("[[Ticket #7] x]", "[(Ticket #7) x]"),
        ("[Ticket #7 [a] b]", "(Ticket #7 [a] b]"),
        ("[Ticket 7] [#7] (Ticket #7) Ticket #7", "[Ticket 7] [#7] (Ticket #7) Ticket #7"),
    ],
)
def test_no_title_has_the_mark_of_a_ticket(text: str, expected: str) -> None:
    assert title.unnumbered(text) == expected
    assert len(title.unnumbered(text)) == len(text)


def texts(blocks: Any) -> list[str]:
    found = []
    for block in blocks:
        for item in block["content"]:
            found.append("".join(part["text"] for part in item["content"]) if item["type"] == "link" else item["text"])
    return found


@pytest.mark.parametrize(
    ("html", "host"),
    [
        ("<a href='https://bank.example@evil.example/login'>log in</a>", "evil.example"),
        ("<a href='https://bank.example@evil.example/'>https://bank.example@evil.example/</a>", "evil.example"),
        (
            "<a href='https://u:p@evil.example/'><img src='https://evil.example/x.png' alt='log in' width=99></a>",
            "evil.example",
        ),
        (
            "<a href='https://evil.example/'><img src='https://evil.example/x.png' alt='www.bank.example' width=99></a>",
            "evil.example",
        ),
        (
            "<a href='https://evil.example/'><img src='https://evil.example/x.png' alt='bank.example/login' width=99></a>",
            "evil.example",
        ),
        ("<img src='https://evil.example/x.png' alt='https://bank.example' width=99>", "evil.example"),
        # Browsers take a backslash for a slash, so that it ends the host.
        ("<a href='https://evil.example\\@bank.example/'>bank.example</a>", "evil.example"),
        ("<a href='HTTPS:\\\\evil.example\\bank.example'>https://bank.example</a>", "evil.example"),
        ("<a href='https://bank.example/?back=\\x'>bank.example</a>", ""),
        ("<a href='https://evil.example/'>go to https://bank.example now</a>", "evil.example"),
        ("<a href='https://evil.example/'>www.bank.example</a>", "evil.example"),
        ("<a href='https://www.bank.example/'>bank.example</a>", ""),
        ("<a href='https://bank.example/'>log in at www.bank.example</a>", ""),
        ("<a href='https://bank.example/'>log in</a>", ""),
        ("<a href='https://bank.example/'><img src='https://bank.example/x.png' alt='Bank' width=99></a>", ""),
        ("<a href='mailto:ann@acme.example'>ann@acme.example</a>", ""),
    ],
)
def test_the_host_is_shown_where_the_words_hide_it(html: str, host: str) -> None:
    email = read(f"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<p>{html}</p>".encode()).email

    assert (f" ({host})" in texts(email.blocks)) == bool(host), texts(email.blocks)
