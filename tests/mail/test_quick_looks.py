"""A quick look at a line or a text that finds nothing never hides what the whole look finds."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.blocks import paragraph, preformatted
from gateway.blocks.links import addresses
from gateway.blocks.make import as_json
from gateway.blocks.preformatted import LEAST_STAMPS
from gateway.mail.clean import clean
from gateway.mail.quote import Mark, marks, separator
from gateway.mail.quotewords import FORWARDED
from gateway.mail.signature import addresses_in, footer
from tests.sizes import size

BREAKS = "\n\r\x0b\x0c\x85\u2028\u2029"
NONCHARACTERS = "\ufffe\uffff\ufff9\ufffa\ufffb"


def kept(char: str) -> str:
    if char in BREAKS:
        return "\n"
    is_control = char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff"
    return "" if (is_control and char != "\t") or char in NONCHARACTERS else char


def test_each_character_is_cleaned_alone_as_among_others():
    characters = [chr(code) for code in (*range(0x10000), *range(0x1F300, 0x1F700), 0xE0001, 0x10FFFF)]
    wrong = [
        hex(ord(char)) for char in characters if clean(char) != kept(char) or clean(f"a {char}b") != f"a {kept(char)}b"
    ]
    assert not wrong


@pytest.mark.parametrize("around", ["{}:", " > > > {}", f"{'-' * 40} {{}} {'-' * 40}", f"{' ' * 50}{{}} ::::"])
def test_every_phrase_that_says_forwarded_is_found_whatever_stands_around_it(around):
    lines = [around.format(phrase) for phrase in FORWARDED]
    assert [line for line in lines if separator(line) != "forward"] == []


def test_the_letters_of_a_phrase_are_counted_as_they_are_compared():
    phrase = max((phrase for phrase in FORWARDED if phrase.isascii()), key=len)
    assert separator(phrase.replace("i", "I\u0307").replace("e", "E")) == "forward"


def test_who_sent_a_mail_on_is_no_end_to_the_line_that_says_so():
    assert separator(f"--- Forwarded by {'Ann Berg of the branch office '}on 24.11.2026 16:02 ---") == "forward"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Sent from my iPhone", True),
        ("(Sent from my iPhone, please excuse my brevity)", True),
        ("[Sent from Outlook](https://aka.ms/x)", True),
        ("<https://a.example> Sent from my phone", True),
        ("Von meinem iPhone gesendet", True),
        ("iPhoneから送信", True),
        ("Mit der Outlook App gesendet. Bitte entschuldigen Sie Tippfehler", True),
        ("It was sent yesterday from my colleague", False),
    ],
)
def test_a_footer_is_found_in_brackets_and_before_an_excuse(line, found):
    assert footer(line) is found


def test_a_line_of_attribution_may_have_its_moment_six_lines_above_its_verb():
    wrapped = ["On Tue, 24 Nov 2026 at 16:02,", "Ann", "Berg", "of", "Acme", "Ltd.", "wrote:", "> Is it on?"]
    assert marks(wrapped) == [Mark(0, 7, "attribution", wrapped[0])]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Call me", set()),
        ("Mail: ann@acme.example", {"mail"}),
        ("ann@acme", set()),
        ("T +44 20 7946 0000", {"phone"}),
        ("T ٠٤٤ ٧٩٤٦ ٠٠٠٠", {"phone"}),
        ("In 2026 and 2027", set()),
        ("WWW.ACME.EXAMPLE", {"site"}),
        ("HTTPS://acme.example", {"site"}),
        ("www. is no site", set()),
        ("ann@acme.example | 020 7946 0000 | www.acme.example", {"mail", "phone", "site"}),
    ],
)
def test_addresses_are_found_in_every_spelling(text, kinds):
    assert addresses_in(text) == kinds
    assert bool(list(addresses(text))) is ("site" in kinds)


def test_a_log_is_known_wherever_it_stands():
    log = [f"2026-11-28 10:14:0{number} INFO started" for number in range(LEAST_STAMPS)]
    kinds = [block["type"] for block in preformatted([paragraph(line) for line in ("Hello,", "", *log, "", "Ann")])]
    assert kinds == ["paragraph", "paragraph", "codeBlock", "paragraph", "paragraph"]
    parted = [paragraph(line) for at in log for line in (at, "and then")]
    assert preformatted(parted) == parted


@settings(max_examples=size(200, 2000), deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_the_text_of_blocks_is_that_of_the_standard_library(value):
    block = {"type": "paragraph", "props": {}, "content": [value, "half \ud83d a character" if value is None else ""]}
    assert as_json([block]) == json.dumps([block], ensure_ascii=False, separators=(",", ":"))
