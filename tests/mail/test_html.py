"""HTML to lines and blocks: what a hostile mail puts in comes out harmless, what a person wrote comes out readable."""

from __future__ import annotations

import json
import re

import pytest

from gateway.mail.blocks import safe_href, to_blocks
from gateway.mail.html import to_lines
from gateway.mail.lines import render, squeeze
from gateway.simulator.render import blocks_html


def shown(source: str) -> str:
    """What the desk's own renderer makes of it."""
    return blocks_html(list(to_blocks(squeeze(to_lines(source).lines))))


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>hi",
        "<scr<script>ipt>alert(1)</script>hi",
        "<img src=x onerror=alert(1)>hi",
        "<a href='javascript:alert(1)'>hi</a>",
        "<a href='java\nscript:alert(1)'>hi</a>",
        "<a href=' &#106;avascript:alert(1)'>hi</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>hi</a>",
        "<a href='vbscript:x'>hi</a>",
        "<a href='file:///etc/passwd'>hi</a>",
        "<a href='//evil.example'>hi</a>",
        "<p style='background:url(javascript:alert(1))'>hi</p>",
        "<h1 style='text-align:expression(alert(1))' align='\"><script>'>hi</h1>",
        "<svg onload=alert(1)><text>x</text></svg>hi",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>hi",
        "<pre>&lt;/code&gt;&lt;script&gt;alert(1)&lt;/script&gt;hi</pre>",
        "<code>&lt;img src=x onerror=alert(1)&gt;hi</code>",
        "<table border=1><tr><td>&lt;script&gt;</td><td>hi</td></tr><tr><td>a</td><td>b</td></tr></table>",
        "<form action=javascript:alert(1)><input type=submit value=x>hi</form>",
        "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>hi",
        "<style>@import 'x'</style>hi",
        "<math><mi xlink:href='javascript:x'>y</mi></math>hi",
        "<img src='http://x.example/a.png' alt='\"onerror=alert(1) <b>'>hi",
    ],
)
def test_nothing_hostile_reaches_the_page(source: str) -> None:
    html = shown(source)
    assert "hi" in html
    assert not re.search(r"<(script|iframe|svg|form|input|style|meta|math|object)\b", html)
    assert not re.search(r"<[^>]*\son\w+\s*=", html)
    assert not re.search(r"(?:href|src)=\"(?!https?:|mailto:|tel:|attachment:)", html)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<p class=MsoNormal>a</p><p class=MsoNormal>b</p>", "a\nb"),
        ("<i></i>one   two\n three", "one two three"),
            ("one   two\n three", "one   two\n three"),
        ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        ("<b>a</b>b <i> c</i>", "ab c"),
        ("<!-- x --><![if !mso]>a<![endif]-->", "a"),
        ("<!--[if mso]><p>word</p><![endif]-->a", "a"),
        ("<p>a<p>b<ul><li>c<li>d</ul>e", "a\n\nb\n\n- c\n- d\n\ne"),
        ("<ol><li>a</li><li>b<ol><li>c</li></ol></li><li>d</li></ol>", "1. a\n2. b\n  1. c\n3. d"),
        ("<table><tr><td>Name:</td><td>Ann</td></tr><tr><td>Room:</td><td>4</td></tr></table>", "Name: Ann\nRoom: 4"),
        ("<table border=1><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
        ("5 < 6 and 7 > 2 &lt;tag&gt; &amp;&nbsp;&euro;", "5 < 6 and 7 > 2 <tag> &\u00a0€"),
        ("<a href='https://x.example/y'>here</a>", "here <https://x.example/y>"),
        ("<a href='https://x.example'>https://x.example/</a>", "https://x.example/"),
        ("<span style='display: none'>no</span>yes<span style='font-size:0px'>no</span>", "yes"),
        ("<span style='color:#fff;background-color:#fff'>no</span>yes", "yes"),
        ("<p>a</b></i></p></div>b", "a\n\nb"),
        ("<h1>Title</h1>text", "Title\n\ntext"),
        ("a<hr>b", "a\n---\nb"),
        ("<blockquote>old</blockquote>new", "    old\nnew"),
        ("<a title='a > b' href=\"https://x.example\">t</a>", "t <https://x.example>"),
        ("<p title=\"never ends>text</p>", "text"),
        ("<input type=checkbox checked> done", "☑ done"),
        ("", ""),
    ],
)  # fmt: skip
def test_readable(source: str, text: str) -> None:
    assert render(squeeze(to_lines(source).lines), targets=True) == text


def word_item(level: int, label: str, text: str) -> str:
    """An item of a list as Word writes it, where the style sheet says how deep."""
    blanks = "<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;&nbsp;&nbsp; </span>"
    marker = f"<![if !supportLists]><span><span style='mso-list:Ignore'>{label}{blanks}</span></span><![endif]>"
    return f"<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level{level} lfo1'>{marker}{text}</p>"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (word_item(1, "<span style='font-family:Symbol'>·</span>", "a") + word_item(2, "o", "b"), "- a\n  - b"),
        (word_item(1, "1.", "a") + word_item(1, "2.", "b") + word_item(2, "a.", "c"), "1. a\n2. b\n  a. c"),
        (word_item(1, "3)", "a") + "<p class=MsoNormal>b</p>" + word_item(1, "4)", "c"), "3) a\nb\n4) c"),
        (word_item(1, "<span style='font-family:Wingdings'>\u00fc</span>", "a"), "\u2713 a"),
        (word_item(1, "·", "") + "<p class=MsoNormal>b</p>", "b"),
        ("<ul><li style='mso-list:l0 level1 lfo1'>a</li></ul>", "- a"),
        ("<p>x <span style='mso-list:Ignore'>1.</span> y</p>", "x 1. y"),
    ],
)
def test_lists_of_word_are_lists(source: str, text: str) -> None:
    assert render(squeeze(to_lines(source).lines)).replace("\u2714", "\u2713") == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<td class=xl65 width=64>", "srv1 | 10.0.0.1\nsrv2 | 10.0.0.2"),
        ("<td class='x_xl65'>", "srv1 | 10.0.0.1\nsrv2 | 10.0.0.2"),
        ("<td height=17 align=left sdval='1' sdnum='1033;'>", "srv1 | 10.0.0.1\nsrv2 | 10.0.0.2"),
        ("<td data-sheets-value='{\"1\":2}'>", "srv1 | 10.0.0.1\nsrv2 | 10.0.0.2"),
        ("<td class=xlarge>", "srv1 10.0.0.1\nsrv2 10.0.0.2"),
        ("<td>", "srv1 10.0.0.1\nsrv2 10.0.0.2"),
    ],
)
def test_cells_of_a_spreadsheet_are_a_table(cell: str, text: str) -> None:
    rows = "".join(f"<tr>{cell}srv{n}</td><td>10.0.0.{n}</td><td></td></tr>" for n in (1, 2))
    assert render(squeeze(to_lines(f"<table border=0 cellspacing=0>{rows}</table>").lines)) == text


def test_styles_and_kinds() -> None:
    blocks = to_blocks(
        to_lines("<p><b>b</b><i>i</i><u>u</u><s>s</s><code>c</code><span style='font-weight:700'>w</span></p>").lines
    )
    assert [list(part["styles"]) for part in blocks[0]["content"]] == [
        ["bold"],
        ["italic"],
        ["underline"],
        ["strike"],
        ["code"],
        ["bold"],
    ]


def test_the_blank_before_a_style_has_none() -> None:
    (block,) = to_blocks(to_lines("<p>We get <code>502</code> <s>often</s> <s><b>always</b></s>.</p>").lines)
    assert [(part["text"], list(part["styles"])) for part in block["content"]] == [
        ("We get ", []), ("502", ["code"]), (" ", []), ("often ", ["strike"]), ("always", ["bold", "strike"]), (".", []),
    ]  # fmt: skip


def test_only_kinds_that_the_desk_escapes() -> None:
    source = "<h4>h</h4><pre>p</pre><ul><li>l</ul><blockquote>q</blockquote><table border=1><tr><th>a<th>b<tr><td>1<td>2</table>"
    text = json.dumps(to_blocks(to_lines(source).lines))
    kinds = set(re.findall(r'"type": "(\w+)", "props"', text))
    assert kinds <= {"heading", "paragraph", "bulletListItem", "table"}
    assert "tableCell" not in text


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://x.example/a", "https://x.example/a"),
        ("HTTPS://x.example", "https://x.example"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("tel:+49", "tel:+49"),
        ("http:", ""),
        ("javascript://x.example/%0aalert(1)", ""),
        ("//x.example", ""),
        ("x.example", ""),
        ("http://[broken", ""),
        ("\x01javascript:x", ""),
    ],
)
def test_links(href: str, kept: str) -> None:
    assert safe_href(href) == kept
