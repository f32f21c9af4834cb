"""Making blocks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json

Block = dict[str, Any]
Inline = dict[str, Any]


def text(value: str, *styles: str) -> Inline:
    """`text("now", "bold")`."""
    return {"type": "text", "text": value, "styles": dict.fromkeys(styles, True)}


def link(href: str, value: str | None = None) -> Inline:
    return {"type": "link", "href": href, "content": [text(href if value is None else value)]}


def _content(parts: Iterable[str | Inline]) -> list[Inline]:
    return [text(part) if isinstance(part, str) else part for part in parts if part != ""]


def paragraph(*parts: str | Inline) -> Block:
    """One line: the desk does not show line breaks inside a paragraph (see `paragraphs`)."""
    return {"type": "paragraph", "props": {}, "content": _content(parts)}


def paragraphs(value: str) -> list[Block]:
    """A paragraph a line."""
    return [paragraph(line) for line in value.replace("\r\n", "\n").split("\n")]


def heading(value: str | Inline, level: int = 2) -> Block:
    return {"type": "heading", "props": {"level": level}, "content": _content([value])}


def bullet(*parts: str | Inline, children: list[Block] | None = None) -> Block:
    block: Block = {"type": "bulletListItem", "props": {}, "content": _content(parts)}
    return {**block, "children": children} if children else block


def image(url: str, name: str = "", caption: str = "") -> Block:
    return {"type": "image", "props": {"url": url, "name": name, "caption": caption}}


def document_url(file_id: str) -> str:
    """Where the desk shows an uploaded picture."""
    return f"/api/documents/view/{file_id}"


def dumps(blocks: list[Block]) -> str:
    """The JSON text that goes into a description or a comment.

    Its first block carries an alignment, as blocks of the desk's own editor do: without one the desk's viewer
    reads plain paragraphs again as Markdown. "left" is what the desk shows anyway.
    """
    marked = [{**block, "props": {**block["props"], "textAlignment": "left"}} for block in blocks[:1]]
    return as_json([*marked, *blocks[1:]])


def as_json(blocks: list[Block]) -> str:
    """The JSON of blocks as the standard library writes it without blanks, in a third of its time."""
    try:
        return to_json(blocks).decode()
    except ValueError:  # half a character
        return json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))


def table(rows: list[list[Any]]) -> Block:
    return {
        "type": "table",
        "props": {},
        "content": {"type": "tableContent", "rows": [{"cells": row} for row in rows]},
    }
