"""What holds for every mail: nothing raises, no word is lost, nothing unsendable comes out, the desk can show it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.blocks import measure
from gateway.mail.blocks import to_blocks
from gateway.mail.html import to_lines
from gateway.mail.ids import ids_of, normalise_message_id, scan_ids
from gateway.mail.lines import plain, render
from gateway.mail.read import read
from gateway.mail.reply import reply_of
from gateway.mail.wire import dump, load
from gateway.model.email import Email
from gateway.simulator.render import blocks_html, comment_length
from tests.sizes import size

LINES = st.sampled_from(
    [
        "", "Hello,", "it works now", "> quoted words", ">> deeper words",
        "On 2026-11-02 at 09:00, Bo <bo@desk.example> wrote:",
        "Am 02.11.2026 um 09:00 schrieb Bo <bo@desk.example>:", "Le lun. 2 nov. 2026 à 09:00, Bo",
        "<bo@desk.example> a écrit :",
        "-----Original Message-----", "---------- Forwarded message ---------", "________________________________",
        "From: Bo <bo@desk.example>", "Sent: Monday, 2 November 2026 09:00", "To: Ann <ann@customer.example>",
        "Subject: printer",
        "-- ", "--", "Ann Smith", "Sent from my iPhone", "Best regards,", "--- Please reply above this line ---",
        "    indented code",
        "begin 644 file.txt", "end", "`", "1. item", "- item", "https://x.example/a?b=c", "日本語の行", "שלום",
        "2026-03-03 17:21 GMT+01:00 Some One",
    ]
)  # fmt: skip
TEXTS = st.lists(LINES, max_size=25).map("\n".join)
PIECES = st.sampled_from(
    [
        "<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<ul>", "<li>", "</ul>", "<table>", "<tr>", "<td>",
        "</td>", "</tr>", "</table>", "<br>",
        "<blockquote type=cite>", "</blockquote>", "<div class=gmail_quote>", "<a href='https://x.example'>",
        "<a href='javascript:x'>", "</a>", "<pre>",
        "</pre>", "<h1>", "</h1>", "<hr>", "<img src=cid:x alt=pic>", "words here", " ", "\n", "&amp;", "&nbsp;",
        "&#0;", "< ", ">", "\"", "'", "<!-- c -->",
        "On 2 Nov 2026, at 09:00, Bo <bo@x.example> wrote:", "more text", "<td border=1>", "<th>",
        "<span style='color:red'>", "</span>", "<x y=z>", "<!doctype html>",
    ]
)  # fmt: skip
HTMLS = st.lists(PIECES, max_size=40).map("".join)
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in [key, *texts_of(item)]]
    return [text for item in value for text in texts_of(item)] if isinstance(value, list) else []


def check_sendable(email: Email) -> None:
    data = dump(email)
    assert load(data) == email
    assert not any(_FORBIDDEN.search(text) for text in texts_of(json.loads(data)))


@settings(max_examples=size(50, 150), derandomize=True, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read(raw: bytes) -> None:
    reading = read(raw)
    check_sendable(reading.email)
    for index in range(len(reading.email.attachments)):
        reading.payload(index)
    scan_ids(raw)


HEADERS = st.sampled_from(
    [
        b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-ID: ", b"References: ", b"Content-Type: ",
        b"Content-Type: text/html\n", b"\n", b" ", b"<", b">", b"@",
        b"=?utf-8?q?", b"=?x?b?", b"?=", b"multipart/mixed; boundary=b", b"--b", b"--b--", b"\r\n", b"\xff\xfe",
        b"\x00", b"\xed\xa0\x80", b"Ann", b"\"", b"(", b")", b",", b";",
        b"message/rfc822", b"base64", b"Content-Transfer-Encoding: base64\n",
        b"Content-Disposition: attachment; filename*0*=x''%FF", b"charset=utf-16", b"QUJD", b"\x1b$B",
    ]
)  # fmt: skip


@settings(max_examples=size(50, 150), derandomize=True, deadline=None)
@given(st.lists(HEADERS, max_size=40).map(b"".join))
def test_any_broken_mail_is_read(raw: bytes) -> None:
    email = read(raw).email
    check_sendable(email)
    ids = scan_ids(raw)
    assert (ids.message_id, ids.in_reply_to, ids.references) == (email.message_id, email.in_reply_to, email.references)


@settings(max_examples=size(66, 200), derandomize=True, deadline=None)
@given(TEXTS)
def test_no_word_is_lost_between_new_quoted_and_signature(text: str) -> None:
    reply = reply_of(plain(text))
    assert words(text) == words(reply.text) + words(reply.quoted) + words(reply.signature)
    assert reply.text.strip() or not text.strip()


@settings(max_examples=size(50, 150), derandomize=True, deadline=None)
@given(HTMLS)
def test_no_visible_word_of_html_is_lost(source: str) -> None:
    read_lines = to_lines(source).lines
    reply = reply_of(read_lines)
    assert words(render(read_lines)) == words(reply.text) + words(reply.quoted) + words(reply.signature)
    shown, given_text = render(read_lines), re.sub("<!--.*?-->", "", source)
    for word in ("words", "more", "here"):
        assert shown.count(word) == given_text.count(word)


@settings(max_examples=size(33, 100), derandomize=True, deadline=None)
@given(TEXTS)
def test_no_word_of_a_text_is_lost_between_text_and_files(text: str) -> None:
    reading = read(b"Content-Type: text/plain; charset=utf-8\n\n" + text.encode())
    files = "".join(attachment.filename for attachment in reading.email.attachments)
    if not files:
        assert words(reading.email.text) == words(text)


BODY_LINES = st.sampled_from(
    [
        b"", b"", b"--zz", b"--zz", b"--zz--", b"--yy", b"--yy--", b"Content-Type: text/plain",
        b"Content-Type: multipart/alternative; boundary=yy", b"Content-Type: multipart/related; boundary=yy",
        b"Content-Type: text/html", b"Content-Disposition: attachment", b"Content-Transfer-Encoding: base64",
        b"\nThis is a multi-part message in MIME format.\n", b"QUJDRA==", b"From: b@c.example", b"> From b",
        b"WORDS", b"WORDS", b"WORDS",
    ]
)  # fmt: skip


@settings(max_examples=size(133, 400), derandomize=True, deadline=None)
@given(st.lists(BODY_LINES, min_size=1, max_size=14))
def test_no_word_of_a_broken_multipart_is_lost(lines: list[bytes]) -> None:
    numbered = [line.replace(b"WORDS", b"w\xc3\xb6rter %03d und mehr!" % at) for at, line in enumerate(lines)]
    reading = read(b"Content-Type: multipart/mixed; boundary=zz\n\n" + b"\n".join(numbered))
    kept = [reading.payload(index) for index in range(len(reading.email.attachments))]
    found = (reading.email.text + reading.email.html).encode() + b"".join(kept)
    for line in numbered:
        if b"\xc3" in line:
            assert line in found


@settings(max_examples=size(50, 150), derandomize=True, deadline=None)
@given(st.one_of(TEXTS.map(plain), HTMLS.map(lambda source: to_lines(source).lines)))
def test_the_desk_measures_and_shows_our_blocks(lines: Any) -> None:
    blocks = list(to_blocks(lines))
    text = json.dumps(blocks)
    assert comment_length(text) == measure(blocks)
    html = blocks_html(blocks)
    assert "javascript:" not in html
    assert set(re.findall(r"<([a-z][a-z0-9]*)", html)) <= {
        "p", "h1", "h2", "h3", "ul", "ol", "li", "table", "tbody", "thead", "tr", "td", "th", "a", "strong", "em",
        "u", "s", "code", "br", "div", "figure", "img", "input", "span", "blockquote", "label",
    }  # fmt: skip


@settings(max_examples=size(33, 100), derandomize=True, deadline=None)
@given(st.text(max_size=60))
def test_ids_are_canonical_once_and_for_all(text: str) -> None:
    once = normalise_message_id(text)
    assert normalise_message_id(once) == once
    assert all(normalise_message_id(message_id) == message_id for message_id in ids_of(text))
