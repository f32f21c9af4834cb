"""The desk's rich text: measured as the desk does, cut without loss, made harmless."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import blocks as b
from tests.pace import processor_time
from tests.sizes import size

# the machine may be busy: no deadline, and no complaint about slow examples
CALM = settings(deadline=None, max_examples=size(20, 60), suppress_health_check=[HealthCheck.too_slow])
TEXT = st.text(st.sampled_from("ab *_[]()<&\"'\t\n\u00e9\U0001f600\u3000\ufeff\u2028"), max_size=40) | st.text(
    max_size=20
)
STYLED = st.builds(
    lambda words, styles: {"type": "text", "text": words, "styles": styles},
    TEXT,
    st.dictionaries(st.sampled_from(["bold", "italic", "underline", "strike", "code"]), st.booleans()),
)
LINK = st.builds(
    lambda href, words: {"type": "link", "href": href, "content": words},
    st.sampled_from(["https://a.example/x", "mailto:a@b.example", "tel:+49", "/api/documents/view/1-2"])
    | st.text("ab/", min_size=1, max_size=90).map(lambda path: "https://a.example/" + path),
    st.lists(STYLED, min_size=1, max_size=2),
)
LINE = st.lists(STYLED | LINK, max_size=5)
SIMPLE = st.one_of(
    LINE.map(lambda content: {"type": "paragraph", "props": {}, "content": content}),
    st.builds(
        lambda content, level: {"type": "heading", "props": {"level": level}, "content": content},
        LINE,
        st.integers(1, 3),
    ),
    st.builds(
        lambda content, kind: {"type": kind, "props": {}, "content": content},
        LINE,
        st.sampled_from(["bulletListItem", "numberedListItem"]),
    ),
    st.builds(
        lambda content, on: {"type": "checkListItem", "props": {"checked": on}, "content": content},
        LINE,
        st.booleans(),
    ),
    st.builds(lambda name: b.image("https://a.example/i.png", name), TEXT.filter(lambda name: "\n" not in name)),
    st.lists(st.lists(LINE, min_size=1, max_size=3), min_size=1, max_size=4).map(b.table),
)
BLOCKS = st.lists(SIMPLE, max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=10)
    | st.sampled_from(["paragraph", "link", "text", "javascript:alert(1)", "codeBlock", "heading", "table"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "props",
                    "content",
                    "children",
                    "text",
                    "styles",
                    "href",
                    "level",
                    "url",
                    "textColor",
                    "textAlignment",
                    "rows",
                    "cells",
                    "bold",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


def words(blocks: list[dict[str, Any]]) -> str:
    """Every character of text and every address, without white space and marks."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, dict):
            if value.get("type") == "image":
                found.extend(str(value["props"].get(name, "")) for name in ("caption", "name", "url"))
            elif value.get("type") == "link":
                walk(value["content"])
                found.append(value["href"])
            elif value.get("type") == "text":
                found.append(value["text"])
            else:
                for item in value.values():
                    walk(item)

    walk(blocks)
    return re.sub(r"\s", "", "".join(found))


@pytest.mark.parametrize(
    ("blocks", "markdown"),
    [
        ([b.paragraph("a"), b.paragraph("b")], "a\n\nb"),
        ([b.paragraph(b.text("a", "bold"), b.text("b", "italic", "bold"))], "**a*****b***"),
        ([b.paragraph(b.text("a", "underline"), b.text("b", "strike", "code"))], "<u>a</u>b"),
        ([b.heading("h", 3), b.bullet("x", children=[b.paragraph("not counted")])], "### h\n\n* x"),
        ([b.paragraph(b.link("https://a.example/long", "x"))], "[x](https://a.example/long)"),
        ([b.paragraph(), b.paragraph("x")], " \n\nx"),
        ([b.image("https://a.example/i.png", "n", "c")], "![c](https://a.example/i.png)"),
        ([b.table([[[b.text("a")], []], [[b.text("b")]]])], "| a |   |\n| --- | --- |\n| b |   |\n"),
        ([{"type": "checkListItem", "props": {"checked": True}, "content": [b.text("x")]}], "- [x] x"),
    ],
)
def test_markdown_is_the_desks(blocks: list[b.Block], markdown: str) -> None:
    assert b.markdown(blocks) == markdown
    assert b.measure(blocks) == len(markdown.strip())


def test_measure_counts_utf16_and_trims_as_javascript() -> None:
    assert b.measure([b.paragraph("\U0001f600" * 3)]) == 6
    assert b.measure([b.paragraph("\ufeff \u3000x\x1f")]) == 2
    assert b.is_blank([b.paragraph("\u00a0"), b.paragraph()])
    assert not b.is_blank([b.paragraph("\u200b")])


@CALM
@given(BLOCKS, st.integers(32, 200), st.integers(1, 6))
def test_split_loses_nothing_and_keeps_the_limit(blocks: list[b.Block], limit: int, most: int) -> None:
    parts = b.split(blocks, limit, most)
    assert len(parts) <= most + 1
    assert words([block for part in parts for block in part]) == words(blocks)
    for part in parts[:most]:
        assert b.measure(part) <= limit
    if len(parts) <= most:
        assert not any(b.is_blank(part) for part in parts)


@CALM
@given(st.text(st.sampled_from("abc "), max_size=400), st.integers(32, 64))
def test_split_cuts_at_words(text: str, limit: int) -> None:
    parts = b.split([b.paragraph(text)], limit, 100)
    if max(map(len, text.split()), default=0) < limit:
        whole = [word for part in parts for word in b.plain(part).split()]
        assert whole == text.split()


def test_split_of_a_large_body_is_linear() -> None:
    with processor_time() as spent:
        parts = b.split([b.paragraph("word " * 600_000), b.paragraph("\U0001f600" * 400_000)], 5000, 4)
    assert len(parts) == 5
    assert spent.seconds < 5


def test_a_block_that_fits_is_not_touched() -> None:
    blocks = [b.bullet("x", children=[b.paragraph("y" * 9000)]), b.paragraph("z" * 4000)]
    assert b.split(blocks, 5000) == [blocks]


@CALM
@given(BLOCKS)
def test_harmless_keeps_the_words_of_safe_blocks(blocks: list[b.Block]) -> None:
    assert b.clean(words(b.harmless(blocks))) == re.sub(r"\s", "", b.clean(words(blocks)))


@CALM
@given(JSON)
def test_harmless_lets_only_the_safe_subset_through(value: Any) -> None:
    safe = b.harmless(value)
    assert_safe(safe)
    assert b.harmless(safe) == safe
    json.loads(b.dumps(safe).encode())
    b.measure(safe)
    b.plain(safe)


KINDS = {
    "paragraph",
    "heading",
    "bulletListItem",
    "numberedListItem",
    "checkListItem",
    "image",
    "table",
}


def assert_safe(blocks: list[b.Block], depth: int = 0) -> None:
    assert depth < 9
    for block in blocks:
        assert block["type"] in {
            "paragraph",
            "heading",
            "bulletListItem",
            "numberedListItem",
            "checkListItem",
            "image",
            "table",
        }
        assert set(block["props"]) <= {"level", "checked", "url", "name", "caption"}
        if block["type"] == "heading":
            assert block["props"]["level"] in (1, 2, 3) and block["props"]["level"] is not True
        if block["type"] == "image":
            assert re.match(r"https?://|/api/documents/view/", block["props"]["url"])
        for item in block.get("content", []) if block["type"] != "table" else []:
            assert item["type"] in ("text", "link")
            for part in [item] if item["type"] == "text" else item["content"]:
                assert set(part["styles"]) <= {"bold", "italic", "underline", "strike", "code"}
                assert not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]", part["text"])
            if item["type"] == "link":
                assert re.match(r"https?://|mailto:|tel:|/api/documents/view/", item["href"], re.I)
                assert not re.search(r"[\s\"<>]", item["href"])
        assert_safe(block.get("children", []), depth + 1)


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "\x00javascript:x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/etc/passwd",
        "x.html",
        "",
        "https://",
        "http:/x",
        "mailto:",
        "/api/documents/view/../../x",
        "/api/documents/view/1?x=1",
        5,
        None,
    ],
)
def test_other_schemes_are_text(href: Any) -> None:
    made = b.harmless([{"type": "paragraph", "content": [{"type": "link", "href": href, "content": [b.text("word")]}]}])
    assert made == [b.paragraph("word")]
    assert b.harmless([{"type": "image", "props": {"url": href, "name": "n"}}]) == [b.paragraph("[n]")]


def test_addresses_cannot_leave_their_attribute() -> None:
    assert (
        b.safe_href("https://a.example/\"><img src=x onerror='y'>")
        == "https://a.example/%22%3E%3Cimg%20src=x%20onerror=%27y%27%3E"
    )
    assert b.safe_href("/api/documents/view/9a-1") == "/api/documents/view/9a-1"


def test_other_kinds_become_paragraphs() -> None:
    assert b.harmless(
        [
            {"type": "codeBlock", "props": {"language": "<script>"}, "content": [b.text("a<i>\nb")]},
            {"type": "mystery", "content": "<img onerror=x>"},
            {
                "type": "paragraph",
                "props": {"textAlignment": 'x" onload="y'},
                "content": [{"type": "text", "text": "c", "styles": {"textColor": "red;}", "bold": True}}],
            },
            {"type": "heading", "props": {"level": "1><script>"}, "content": [b.text("h")]},
        ]
    ) == [
        b.paragraph("a<i>"),
        b.paragraph("b"),
        b.paragraph("<img onerror=x>"),
        b.paragraph(b.text("c", "bold")),
        b.heading("h", 3),
    ]


def test_deep_children_do_not_exhaust_the_stack() -> None:
    block: dict[str, Any] = {"type": "paragraph", "content": [b.text("deepest")]}
    for _ in range(20_000):
        block = {"type": "bulletListItem", "content": [], "children": [block]}
    assert "deepest" in b.plain(b.harmless([block]))


def test_a_new_table_cell_is_unwrapped() -> None:
    table = {
        "type": "table",
        "content": {
            "type": "tableContent",
            "rows": [{"cells": [{"type": "tableCell", "content": [b.text("x")]}]}],
        },
    }
    assert b.harmless([table]) == [b.table([[[b.text("x")]]])]


def test_plain() -> None:
    assert (
        b.plain(
            [
                b.heading("Title"),
                b.paragraph("see ", b.link("https://a.example", "here")),
                b.bullet("one", children=[b.bullet("two")]),
                b.table([[[b.text("a")], [b.text("b")]]]),
                b.image("https://a.example/i.png", "i.png"),
            ]
        )
        == "Title\nsee here <https://a.example>\n- one\n  - two\na | b\n[i.png]"
    )
