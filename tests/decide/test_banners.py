"""A mail gateway's banner at the desk: below the words of the mail, never lost."""

from __future__ import annotations

import pytest

from gateway.blocks import Block, paragraph, plain, table
from gateway.decide.banners import INTRODUCTION, banners_below
from gateway.mail.read import read
from tests.match.test_banner import BANNERS, MARKED, PEOPLES

WORDS = "The printer burns.\nPlease come."


def blocks(text: str, kind: str = "plain") -> list[Block]:
    head = f"From: ann@customer.example\nSubject: x\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return list(read(f"{head}{text}".encode()).email.blocks)


def said(text: str, kind: str = "plain") -> str:
    return plain(banners_below(blocks(text, kind)))


@pytest.mark.parametrize("between", ["\n\n", "\n", "\n\n----------\n\n"])
def test_a_banner_stands_below_the_words(between: str) -> None:
    for banner in [*BANNERS, *([] if "-" in between else [MARKED.strip()])]:
        above, introduction, below = said(f"{banner}{between}{WORDS}").partition(INTRODUCTION)

        assert above.strip() == WORDS, banner
        assert introduction
        assert below.replace("\n", " ").split() == f"{banner}{between}".split(), banner


def test_as_programs_write_it_into_a_page() -> None:
    banner = BANNERS[0]
    pages = [
        f"<div>{banner}</div><p>The printer burns.</p><p>Please come.</p>",
        f"<table><tr><td>{banner}</td></tr></table><br><div>The printer burns.</div><div>Please come.</div>",
        f"<p><b>CAUTION:</b>{banner.removeprefix('CAUTION:')}</p><hr><p>The printer burns.</p><p>Please come.</p>",
    ]
    for page in pages:
        above, _, below = said(page, "html").partition(INTRODUCTION)
        assert [line for line in above.split("\n") if line.strip()] == WORDS.split("\n"), page
        assert "originated from outside" in below, page


def test_words_of_a_person_stay_where_they_are() -> None:
    for words in PEOPLES:
        assert INTRODUCTION not in said(f"{words}\n\nThank you!"), words


def test_a_mail_of_nothing_else_says_what_it_says() -> None:
    for banner in BANNERS:
        assert said(banner) == plain(blocks(banner)), banner


def test_nothing_of_a_page_is_lost_or_twice() -> None:
    body = [paragraph(BANNERS[0]), paragraph(), paragraph("One."), table([["a", "b"], ["c", "d"]])]

    moved = banners_below(body)

    assert [block for block in moved if block not in (paragraph(), paragraph(INTRODUCTION))] == [
        paragraph("One."),
        table([["a", "b"], ["c", "d"]]),
        paragraph(BANNERS[0]),
    ]
