"""Blocks as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.blocks.make import Block
from gateway.blocks.measure import mark_of, rows_of, string, words_of
from gateway.blocks.safe import names_itself

DEEPEST = 64


def plain(blocks: list[Block]) -> str:
    """The text of blocks, a line each, lists and tables with their marks, links with address."""
    return "\n".join(_plain(blocks, 0))


def _plain(blocks: Any, depth: int) -> Iterator[str]:
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, dict):
            continue
        indent = "  " * min(depth, DEEPEST)
        kind = block.get("type")
        if kind == "image":
            props = block.get("props") or {}
            name = string(props.get("caption")) or string(props.get("name")) or string(props.get("url"))
            yield f"{indent}[{name}]"
        elif kind == "table":
            for row in rows_of(block):
                yield indent + " | ".join(_plain_inline(cell) for cell in row)
        else:
            mark = {"bulletListItem": "- "}.get(str(kind), "" if kind == "heading" else mark_of(block))
            yield indent + mark + _plain_inline(block.get("content"))
        if depth < 64:
            yield from _plain(block.get("children"), depth + 1)


def _plain_inline(content: Any) -> str:
    if isinstance(content, str):
        return content
    found = []
    for item in content if isinstance(content, list) else ():
        if not isinstance(item, dict):
            continue
        if item.get("type") == "link":
            words, href = words_of(item.get("content")), string(item.get("href"))
            found.append(words if not href or names_itself(words, href) else f"{words} <{href}>")
        else:
            found.append(string(item.get("text")))
    return "".join(found)
