"""One list of what stands before a subject, and one of addresses that take no answers, for all who read them."""

from __future__ import annotations

import pytest

from gateway.match import prefixes, title
from gateway.match.noreply import takes_no_answers

SHAPES = ("{}: Printer", "{} : Printer", "{}[2]: Printer", "{}：Printer", "{}: {}: Printer")


@pytest.mark.parametrize("word", sorted(prefixes.REPLIES | prefixes.FORWARDS))
def test_every_word_is_stripped_from_a_title_and_known_to_all(word: str) -> None:
    for subject in (shape.format(*[word] * shape.count("{}")) for shape in SHAPES):
        cleaned, of_capitals = title.clean(subject), title.clean(subject.upper())
        assert cleaned == of_capitals == "Printer" or of_capitals == "PRINTER", subject
        assert title.is_reply(subject) and prefixes.is_any(subject), subject
        assert prefixes.is_forward(subject) == (word in prefixes.FORWARDS), subject
        assert prefixes.is_reply(subject) == (word in prefixes.REPLIES), subject


@pytest.mark.parametrize(
    "subject",
    [
        "Printer",
        "Request: printer",
        "Refund: 12",
        "Treffen: morgen",
        "12:30 meeting",
        "Error: disk full",
        "https://x.example",
        "[EXT] x",
    ],
)
def test_other_words_before_a_colon_are_the_subject(subject: str) -> None:
    assert not prefixes.is_any(subject)
    assert prefixes.without(subject) == subject


BANNERS = (
    "[EXTERNAL] ", "[EXTERN]", "[EXT] ", "[Externe] ", "[EXTERNO] ", "[ESTERNO] ", "[Ekstern] ", "[ZEWNĘTRZNA] ", "[外部] ",
    "[Внешний] ", "[External Email] ", "[EXTERNAL SENDER]: ", "[Caution: External] ", "[**EXTERNAL**] - ", "*EXTERNAL* ",
    "[[EXTERNAL]] ", "[SUSPECTED SPAM] ", "***SPAM*** ", "{Disarmed} ", "External: ",
)  # fmt: skip
NO_BANNERS = (
    "[WARNING] disk full", "[Extension] 4711 is dead", "Ext: 4711 is dead", "(External) monitor is dead", "[Spam filter] is off",
    "[Ticket#4711] Printer", "[staff] Printer", "extern: wer hat Zugriff",
)  # fmt: skip


def test_what_a_mail_gateway_puts_before_a_subject_is_no_part_of_it() -> None:
    assert [banner for banner in BANNERS if title.clean(f"{banner}Re: {banner}Printer") != "Printer"] == []
    assert [subject for subject in NO_BANNERS if title.clean(subject) != subject] == []


def test_a_prefix_counts_behind_whatever_mark_stands_before_it() -> None:
    marks = (*BANNERS, "[staff] ", "[Ticket#4711] ", "(External) ", "EXT :", "[a] [b] ")
    assert [mark for mark in marks if not title.is_reply(f"{mark}RE: Printer")] == []
    assert [mark for mark in marks if not prefixes.is_forward(title.from_prefix(f"{mark}TR: Printer"))] == []
    assert [mark for mark in marks if title.is_reply(f"{mark}Printer")] == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("noreply@a.example", True), ("No-Reply@a.example", True), ("do_not_reply+42@a.example", True),
        ("donotreply.billing@a.example", True), ("MAILER-DAEMON@a.example", True), ("postmaster@a.example", True),
        ("no.reply@a.example", True), ("reply@a.example", False), ("noah@a.example", False), ("norep@a.example", False),
        ("ann@noreply.example", False), ("drive-shares-noreply@a.example", True), ("jira_no-reply@a.example", True),
        ("casino.reply@a.example", False), ("ann.noreplacement@a.example", False), ("piano-reply@a.example", False),
    ],
)  # fmt: skip
def test_addresses_that_take_no_answers(address: str, expected: bool) -> None:
    assert takes_no_answers(address) is expected
