"""The desk's viewer shows what was written: no word lost, changed, linked elsewhere or loaded from elsewhere."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import blocks as b
from gateway.simulator.viewer import read_again, shown_html
from tests.sizes import size

CALM = settings(deadline=None, max_examples=size(30, 150), suppress_health_check=[HealthCheck.too_slow])

# lines of a mail, and what the viewer makes of them when it reads them as Markdown
AS_MARKDOWN = [
    ("Error in <config> section, value <null>; use List<String>", "Error in  section, value ; use List"),
    (r"C:\Users\alice\AppData\_temp_\*.log", r"C:\Users\alice\AppData_temp_*.log"),
    (r"\\srv\data\_a_", r"\srv\data_a_"),
    (r"^\d+\.\d+$", r"^\d+.\d+$"),
    ("run __init__ again", "run init again"),
    ("# apt-get update", "apt-get update"),
    ("> echo hello", "echo hello"),
    ("2026. was the year", "was the year"),
    ("***** Nagios *****", None),
    ("card 5555 **** **** 4242 **x**", None),
    ("K\u00fcnstler*innen und Sch\u00fcler*innen", "K\u00fcnstlerinnen und Sch\u00fclerinnen"),
    ("the password is `a~~b~~c`", "the password is a~~b~~c"),
    ("write to me_19@acme.example or _me_@acme.example", "write to me_19@acme.example or me@acme.example"),
    ("100 &lt; 200 &amp; &#x202e;321", "100 < 200 & \u202e321"),
    ("![x](//tracker.evil.example/p.png?u=alice)", ""),
    ("[Open the ticket](ftp://evil.example/x)", "Open the ticket"),
    ("[rel](/api/v1/tickets)", "rel"),
    ("a line that ends with a backslash\\", None),
    ("====", "===="),
    ("| a | b |", "| a | b |"),
]


class Page(HTMLParser):
    """The words of each block, the links and the pictures of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines, self.links, self.pictures, self.tags = [""], [], [], []
        self.feed(html)
        self.close()
        self.lines = [stripped for line in self.lines if (stripped := line.strip("\n"))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs).get("href"))
        if tag == "img":
            self.pictures.append(dict(attrs).get("src"))
        if tag in ("p", "div", "li", "h1", "h2", "h3", "td", "th", "pre", "blockquote"):
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        self.lines[-1] += data


def sent(*lines: str) -> str:
    return b.dumps(b.harmless([b.paragraph(line) for line in lines]))


@pytest.mark.parametrize(("line", "misread"), AS_MARKDOWN)
def test_a_line_is_shown_as_it_was_written(line: str, misread: str | None) -> None:
    bare = [b.paragraph(line), b.paragraph("- one item")]
    damaged = Page(shown_html(json.dumps(bare)))
    if misread is not None:
        assert "".join(damaged.lines[: -1]).strip() == misread.strip()  # the damage that the viewer does
    assert read_again(bare) is not None

    page = Page(shown_html(sent(line, "- one item")))

    assert page.lines == [line, "- one item"]
    assert (page.links, page.pictures) == ([], [])


def test_what_is_not_read_again_at_the_desk() -> None:
    """Controls: why most mail was never hurt."""
    item = b.paragraph("- item")
    styled, linked = b.paragraph(b.text("x", "bold")), b.paragraph(b.link("https://a.example", "x"))

    assert read_again([item]) == "- item"
    assert read_again([b.paragraph("item")]) is None
    assert [read_again([item, other]) for other in (styled, linked, b.heading("h"), b.bullet("x"))] == [None] * 4
    assert read_again([b.paragraph(""), {**item, "props": {"textColor": "default"}}]) is None
    assert Page(shown_html("a plain string with https://a.example/_x_")).links == []  # read as Markdown, not linked
    assert Page(shown_html("one\\_line")).lines == ["one\\_line"]
    assert Page(shown_html("- one\\_line")).lines == ["one_line"]


@pytest.mark.parametrize(
    ("text", "shown", "target"),
    [
        ("see https://a.example/b.", "https://a.example/b", "https://a.example/b"),
        ("see www.a.example.", "www.a.example", "https://www.a.example"),
        ("(see www.a.example/b)", "www.a.example/b", "https://www.a.example/b"),
        ("HTTP://A.EXAMPLE/", "HTTP://A.EXAMPLE/", "HTTP://A.EXAMPLE/"),
        ("https://a.example/wiki/A_(b)", "https://a.example/wiki/A_(b)", "https://a.example/wiki/A_(b)"),
        ("<https://a.example/b>;", "https://a.example/b", "https://a.example/b"),
        ("[https://a.example/b]", "https://a.example/b", "https://a.example/b"),
        ('"www.a.example"', "www.a.example", "https://www.a.example"),
        ("www...", "www...", "https://www..."),
        ("https://a.example/" + "x" * 900, "https://a.example/" + "x" * 900, "https://a.example/" + "x" * 900),
    ],
)
@pytest.mark.parametrize("style", [(), ("code",)])
def test_an_address_in_text_is_our_link_not_the_viewers(text: str, shown: str, target: str, style: tuple[str]) -> None:
    (block,) = b.harmless([b.paragraph(b.text(text, *style))])
    page = Page(shown_html(b.dumps([block])))

    assert [item["content"][0]["text"] for item in block["content"] if item["type"] == "link"] == [shown]
    assert (page.links, "".join(page.lines)) == ([target], text)
    assert shown in b.plain([block]) and f"<{target}>" not in b.plain([{**block, "content": block["content"][-2:]}])


def test_what_the_viewer_would_lose_is_not_sent() -> None:
    """A quotation's links, and kinds below a list item that the viewer does not know."""
    link = b.link("https://a.example/x", "the manual")
    quote = {"type": "quote", "props": {}, "content": [b.text("see ", "bold"), link]}
    nested = b.bullet("item", children=[quote])

    assert Page(shown_html(json.dumps([quote]))).lines == ["see "]
    assert Page(shown_html(json.dumps([nested, b.paragraph("after")]))).lines == ["item after"]
    page = Page(shown_html(b.dumps(b.harmless([quote, nested, b.paragraph("after")]))))
    assert page.lines == ["see the manual", "item", "see the manual", "after"]
    assert page.links == ["https://a.example/x"] * 2


PIECES = st.sampled_from(
    "# |## |* |- |1. |10. |**|__|_|*|`|```|~~|~~~|\\|<|>|<b>|</b>|<!--|<?|&lt;|&#x202e;|&|[|](|](//evil.example/x)|)|"
    "![|[1]|[1]: //evil.example/x|www.|https://|http://a.example/|ftp://|:|.|,|!| |  |\t|word|W\u00f6rter|\U0001f600|"
    "===|---|\\|x\\|y|\\\\|$|{}|\u00a0|\u2028|@tess".split("|")
)
LINES = st.lists(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30), min_size=1, max_size=6)


@CALM
@given(LINES)
def test_the_page_shows_the_words_that_were_written(lines: list[str]) -> None:
    page = Page(shown_html(sent(*lines)))

    assert list(filter(b.trim, page.lines)) == list(filter(b.trim, map(b.clean, lines)))
    assert page.pictures == []
    assert all(re.match(r"https?://", target or "", re.I) for target in page.links)


@CALM
@given(LINES)
def test_the_viewer_makes_no_links_of_its_own(lines: list[str]) -> None:
    blocks = b.harmless([b.paragraph(line) for line in lines])
    ours = [item["href"] for block in blocks for item in block["content"] if item["type"] == "link"]

    assert Page(shown_html(b.dumps(blocks))).links == ours


@CALM
@given(LINES, st.integers(32, 80))
def test_every_part_of_a_long_text_is_shown_as_written(lines: list[str], limit: int) -> None:
    blocks: list[dict[str, Any]] = b.harmless([b.paragraph(line) for line in lines])
    parts = b.split(blocks, limit, 100)
    pages = [Page(shown_html(b.dumps(part))) for part in parts]

    shown = "".join(line for page in pages for line in page.lines)
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", "".join(map(b.clean, lines)))


class NoTags(HTMLParser):
    """Fails on whatever is not text; keeps the text."""

    words = ""

    def refuse(self, *what: Any) -> None:
        raise AssertionError(what)

    handle_starttag = handle_endtag = handle_comment = handle_decl = handle_pi = unknown_decl = refuse

    def handle_data(self, data: str) -> None:
        self.words += data


HOSTILE = st.sampled_from(
    "<|</|<!|<!--|-->|<?|<![CDATA[|]]>|>|b|B|img src=x onerror=alert(1)|/|!|?|\u2060|\u200b| |\u00a0|&|&lt;|\"|'|=|"
    "<script>|</div>|<\u0130|<\u212a|<1|<_|<:x|<\ufeffb|\uff1cb\uff1e|textarea|<!doctype html>|plaintext".split("|")
) | st.text(max_size=5)
PIECE = st.builds(
    lambda words, styles: b.text(words, *styles),
    st.lists(HOSTILE, max_size=6).map("".join),
    st.lists(st.sampled_from(["bold", "italic", "underline", "strike", "code"]), max_size=2),
)
HOSTILE_LINK = st.builds(
    lambda words, href: {"type": "link", "href": "https://a.example/" + href, "content": [words]},
    PIECE,
    st.lists(HOSTILE, max_size=3).map("".join),
)
HOSTILE_LINE = st.lists(PIECE | HOSTILE_LINK, max_size=5)
HOSTILE_BLOCK = st.one_of(
    st.builds(
        lambda kind, content: {"type": kind, "props": {"level": 2}, "content": content},
        st.sampled_from(["paragraph", "heading", "bulletListItem", "numberedListItem", "checkListItem", "codeBlock", "quote"]),
        HOSTILE_LINE,
    ),
    st.lists(st.lists(HOSTILE_LINE, min_size=1, max_size=3), min_size=1, max_size=3).map(b.table),
    st.builds(lambda name, caption: b.image("/api/documents/view/1", name, caption), *[st.lists(HOSTILE, max_size=4).map("".join)] * 2),
)


@CALM
@given(st.lists(HOSTILE_BLOCK, max_size=5))
def test_without_tags_the_desks_mail_has_none(blocks: list[b.Block]) -> None:
    safe = b.harmless(blocks)
    quiet = b.without_tags(safe)
    reader = NoTags(convert_charrefs=False)
    reader.handle_charref = reader.handle_entityref = lambda name: None  # type: ignore[method-assign]
    reader.feed(b.markdown(quiet))
    reader.close()

    assert b.without_tags(quiet) == quiet == b.harmless(quiet)
    assert words(quiet) == words(safe)


def words(blocks: list[b.Block]) -> str:
    return re.sub(r"[\s\u2060]|<u>|</u>", "", b.plain(blocks))


def test_what_is_no_tag_stays_as_it_is() -> None:
    controls = ["3 < 4", "<3", "<= >= <>", "a <- b", "x << 2", "&lt;b&gt;", "\uff1cb\uff1e", "<\u00e9>", "<_>"]
    blocks = [b.paragraph(b.text(line)) for line in controls]

    assert b.without_tags(blocks) == blocks


def test_a_list_without_blocks_is_shown_empty() -> None:
    assert read_again([]) is None and shown_html("[1, 2]") == ""
