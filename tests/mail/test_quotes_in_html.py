"""How mail programs mark the old mail and the signature in HTML."""

from __future__ import annotations

import pytest

from gateway.mail.html import to_lines
from gateway.mail.reply import reply_of

NEW = "<div>New words</div>"
OLD = "<p>Old words</p>"


@pytest.mark.parametrize(
    "source",
    [
        f'{NEW}<div class="gmail_quote"><div class="gmail_attr">On Mon Bo wrote:</div><blockquote class="gmail_quote">{OLD}</blockquote></div>',
        f'{NEW}<div class="x_gmail_quote">{OLD}</div>',
        f'{NEW}<div class="m_-1234567890gmail_quote">{OLD}</div>',
        f'{NEW}<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Bo</div>{OLD}',
        f'{NEW}<div id="x_divRplyFwdMsg"><b>From:</b> Bo</div>{OLD}',
        f'{NEW}<div id="mail-editor-reference-message-container">{OLD}</div>',
        f'{NEW}<div class="ms-outlook-mobile-reference-message">{OLD}</div>',
        f'{NEW}<span id="OLK_SRC_BODY_SECTION">{OLD}</span>',
        f'{NEW}<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>Von:</b> Bo</p></div>{OLD}',
        f'{NEW}<div class="moz-cite-prefix">Am 2.11.2026 schrieb Bo:</div><blockquote type="cite">{OLD}</blockquote>',
        f'{NEW}<br><blockquote type="cite"><div>On 2 Nov 2026, Bo wrote:</div>{OLD}</blockquote>',
        f'{NEW}<blockquote cite="mid:x@y">{OLD}</blockquote>',
        f'{NEW}<div class="yahoo_quoted" id="yahoo_quoted_1">{OLD}</div>',
        f'{NEW}<div class="ydp1a2b3cyahoo_quoted">{OLD}</div>',
        f'{NEW}<div class="protonmail_quote">{OLD}</div>',
        f'{NEW}<blockquote class="tutanota_quote">{OLD}</blockquote>',
        f'{NEW}<div class="zmail_extra">{OLD}</div>',
        f'{NEW}<hr id="zwchr" data-marker="__DIVIDER__">{OLD}',
        f'{NEW}<div name="messageReplySection">{OLD}</div>',
        f'{NEW}<div id="isReplyContent">{OLD}</div>',
        f'{NEW}<div data-alga-reply-boundary="1" style="display:none">x</div>{OLD}',
        f"{NEW}<p>2.11.2026, 9:00, \"Bo\" &lt;bo@desk.example&gt;:</p><blockquote>{OLD}</blockquote>",
        f"{NEW}<hr><b>From:</b> Bo &lt;bo@desk.example&gt;<br><b>Sent:</b> Monday, 2 November 2026 09:00<br><b>To:</b> Ann<br><b>Subject:</b> x<br>{OLD}",
        f"{NEW}<table><tr><td>Von:</td><td>Bo &lt;bo@desk.example&gt;</td></tr><tr><td>An:</td><td>Ann</td></tr>"
        f"<tr><td>Datum:</td><td>02.11.2026 09:00</td></tr><tr><td>Betreff:</td><td>x</td></tr></table>{OLD}",
    ],
)  # fmt: skip
def test_the_old_mail_is_cut(source: str) -> None:
    reply = reply_of(to_lines(source).lines)
    assert reply.text == "New words"
    assert "Old words" in reply.quoted


@pytest.mark.parametrize(
    "source",
    [
        f'{NEW}<div class="gmail_signature">Ann</div>',
        f'{NEW}<div class="moz-signature">-- <br>Ann</div>',
        f'{NEW}<div id="Signature">Ann</div>',
        f'{NEW}<div id="ms-outlook-mobile-signature">Ann</div>',
        f'{NEW}<div class="protonmail_signature_block">Ann</div>',
        f'{NEW}<p>-- </p><p>Ann</p>',
        f'{NEW}<p>Get <a href="https://aka.ms/x">Outlook for Android</a></p>',
    ],
)  # fmt: skip
def test_the_signature_stands_apart(source: str) -> None:
    reply = reply_of(to_lines(source).lines)
    assert reply.text == "New words"
    assert reply.signature


def test_answers_between_quotes_are_kept() -> None:
    source = "<blockquote type=cite>Is it on?</blockquote><p>Yes.</p><blockquote type=cite>Does it blink?</blockquote><p>No.</p>"
    assert reply_of(to_lines(source).lines).text == "    Is it on?\n\nYes.\n\n    Does it blink?\n\nNo."


GMAIL = '<div class="gmail_quote"><div class="gmail_attr">On Mon, Nov 2, 2026 at 9:00 AM Bo &lt;b@d.example&gt; wrote:</div>'


def test_words_typed_inside_the_quoting_element_are_new() -> None:
    below = f'{GMAIL}<blockquote class="gmail_quote">{OLD}</blockquote><div>New words</div></div>'
    assert reply_of(to_lines(below).lines).text == "New words"
    between = (
        f'{GMAIL}<blockquote class="gmail_quote"><p>Is it on?</p></blockquote><div>Yes it is.</div>'
        '<blockquote class="gmail_quote"><p>Since when?</p></blockquote><div>Since Monday.</div></div>'
    )
    text = reply_of(to_lines(between).lines).text
    assert [word in text for word in ("Is it on?", "Yes it is.", "Since when?", "Since Monday.")] == [True] * 4


def test_a_forward_inside_the_quoting_element_is_one_piece() -> None:
    source = (
        f'{NEW}<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: Bo &lt;b@d.example&gt;'
        "<br>Date: Mon, Nov 2, 2026 at 9:00 AM<br>Subject: x<br>To: Ann</div><p>Old words</p><blockquote>older</blockquote><p>end</p></div>"
    )
    reply = reply_of(to_lines(source).lines)
    assert reply.text in ("New words", reply.without_signature)
    assert "end" in reply.quoted + reply.text


def test_a_passage_that_the_writer_quotes_is_kept() -> None:
    source = f'<p>The manual says:</p><blockquote class="gmail_quote">{OLD}</blockquote>'
    assert "Old words" in reply_of(to_lines(source).lines).text


HEADERS = "<b>From:</b> Bo &lt;bo@desk.example&gt;<br><b>Sent:</b> 2 November 2026 09:00<br><b>To:</b> Ann<br><b>Subject:</b> x"


@pytest.mark.parametrize(
    "element",
    [
        '<div id="appendonsend"></div>{}',
        '<div id="x_appendonsend"></div>{}',
        '<div id="ms-outlook-mobile-body-separator-line"><br></div>{}',
        '<div id="mail-editor-reference-message-container">{}</div>',
        '<div id="ms-outlook-mobile-body-separator-line"></div><div id="mail-editor-reference-message-container">{}</div>',
    ],
)
def test_words_typed_into_the_element_of_the_old_mail_above_its_headers_stay(element: str) -> None:
    """The caret stood there when the writer began, or went on."""
    old = f'<hr><div id="divRplyFwdMsg">{HEADERS}</div>{OLD}'
    for above in ("<p>Hello,</p>", ""):
        reply = reply_of(to_lines(above + element.format(f"{NEW}{old}")).lines)
        assert "New words" in reply.text
        assert "Old words" in reply.quoted
    earlier = f'<hr><div id="x_divRplyFwdMsg">{HEADERS}</div><p>Older words</p>'
    reply = reply_of(to_lines(NEW + element.format(f"{old}{earlier}")).lines)
    assert reply.text == "New words"
