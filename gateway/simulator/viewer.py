"""What the desk's viewer shows of a description or comment, in its pages and the portal: not always what is stored.

- An array of plain paragraphs, of which no block has an alignment or a colour among its props, is read again as
  Markdown as soon as one line looks like it; so is a plain string, also when it holds an address.
- Addresses in text become links to themselves, and empty blocks at the end vanish.
- A block of a kind that it does not know becomes one paragraph of its own text: the words of its links are lost.
  Such a kind among `children` breaks the viewer, which then shows the text of the top level and nothing else.

Source: the desk's viewer (BlockNote 0.47), its Markdown with remark (GFM), which leaves HTML out.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt

from gateway.blocks import trim
from gateway.simulator.render import blocks_html, escape

Block = dict[str, Any]

_OF_ITS_EDITOR = ("textAlignment", "backgroundColor", "textColor")
_LOOKS_LIKE_MARKDOWN = re.compile(r"^#{1,6}\s|^\*\s|^-\s|^\d+\.\s|\*\*[^*]+\*\*|\[.+\]\(.+\)|^```", re.M)
_LIST_LINE = re.compile(r"[-*+]\s|\d+\.\s")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>)\"'\]]+")
_LISTS = ("bulletListItem", "numberedListItem", "checkListItem")
_MEDIA = ("image", "video", "audio", "file")
_EMPTY_VANISHES = ("paragraph", "heading", *_LISTS, "codeBlock", "quote")
_KNOWN = ("paragraph", "heading", *_LISTS, *_MEDIA, "table", "codeBlock")


def shown_html(text: str) -> str:
    """A stored description or comment as the viewer shows it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, list) and value:
        blocks = [block for block in value if isinstance(block, dict)]
        again = read_again(blocks)
        return _markdown_html(again) if again is not None else _viewed_html(blocks)
    if _LOOKS_LIKE_MARKDOWN.search(text) or _ADDRESS.search(text):
        return _markdown_html(text)
    return f"<p>{escape(text)}</p>"


def read_again(blocks: list[Block]) -> str | None:
    """The Markdown as which the viewer reads these blocks, or nothing when it shows them as they are."""
    if any(block.get("type", "paragraph") != "paragraph" for block in blocks):
        return None
    if any(name in _OF_ITS_EDITOR for block in blocks for name in block.get("props") or ()):
        return None
    lines = []
    for block in blocks:
        content = block.get("content")
        items = [item for item in content if isinstance(item, dict)] if isinstance(content, list) else []
        if any(item.get("type") != "text" or any((item.get("styles") or {}).values()) for item in items):
            return None
        lines.append("".join(item.get("text") or "" for item in items))
    text = _joined(lines)
    return text if _LOOKS_LIKE_MARKDOWN.search(text) else None


def _joined(lines: list[str]) -> str:
    """Lines of a list stay together, others become paragraphs."""
    text = "".join(lines[:1])
    for before, line in itertools.pairwise(lines):
        both = _LIST_LINE.match(before.strip()) and _LIST_LINE.match(line.strip())
        text += ("\n" if both else "\n\n") + line
    return text


def _markdown_html(text: str) -> str:
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = reader.parse(text)
    for token in tokens:
        token.children = [child for child in token.children or () if child.type != "html_inline"]
    html: str = reader.renderer.render([token for token in tokens if token.type != "html_block"], reader.options, {})
    return html


def _viewed_html(blocks: list[Block]) -> str:
    while blocks and blocks[-1].get("type") in _EMPTY_VANISHES and _is_empty(blocks[-1]):
        blocks = blocks[:-1]
    if not all(_is_known(child) for block in blocks if block.get("type") in _KNOWN for child in _children(block)):
        return f"<div>{escape(' '.join(map(_own_text, blocks)))}</div>"
    return blocks_html([_viewed(block) for block in blocks])


def _is_empty(block: Block) -> bool:
    content = block.get("content")
    if not isinstance(content, list):
        return True
    return not any(item.get("type") != "text" or trim(str(item.get("text"))) for item in content)


def _children(block: Block) -> list[Block]:
    children = block.get("children")
    return children if isinstance(children, list) else []


def _is_known(block: Block) -> bool:
    return block.get("type") in _KNOWN and all(map(_is_known, _children(block)))


def _own_text(block: Block) -> str:
    content = block.get("content")
    return "".join(str(item.get("text", "")) for item in content) if isinstance(content, list) else ""


def _viewed(block: Block) -> Block:
    if block.get("type") not in _KNOWN:
        return {"type": "paragraph", "content": list(_with_links({"type": "text", "text": _own_text(block)}))}
    content = block.get("content")
    if isinstance(content, list):
        content = [piece for item in content for piece in _with_links(item)]
    elif isinstance(content, dict):
        rows = [{"cells": list(map(_cell, row.get("cells") or []))} for row in content.get("rows") or []]
        content = {**content, "rows": rows}
    return {**block, "content": content, "children": [_viewed(child) for child in _children(block)]}


def _cell(cell: Any) -> Any:
    """The viewer, unlike the desk's mailer, shows the newer editor's cells too."""
    return cell.get("content") if isinstance(cell, dict) else cell


def _with_links(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    text = item.get("text")
    if item.get("type") != "text" or not isinstance(text, str):
        yield item
        return
    at = 0
    for found in _ADDRESS.finditer(text):
        if found.start() > at:
            yield {**item, "text": text[at : found.start()]}
        href = found[0] if found[0].startswith("http") else f"https://{found[0]}"
        yield {"type": "link", "href": href, "content": [{**item, "text": found[0]}]}
        at = found.end()
    if at < len(text) or not text:
        yield {**item, "text": text[at:]}
