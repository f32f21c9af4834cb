"""The words of blocks, whatever shape they have: to compare them, not to show them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gateway.blocks.measure import string

DEEPEST = 64


def words(note: str) -> str:
    """The words of a text as the desk keeps it, JSON of blocks or plain: a line a paragraph, and a line a cell. A
    paragraph with links stands twice, without and with their addresses."""
    if note.lstrip()[:1] in ("[", "{"):
        try:
            found = json.loads(note)
        except (ValueError, RecursionError):
            return note
        return "\n".join(_blocks(found if isinstance(found, list) else [found], 0))
    return note


def _blocks(blocks: Any, depth: int) -> Iterator[str]:
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, dict) or depth > DEEPEST:
            continue
        content, props = block.get("content"), block.get("props")
        if isinstance(content, dict):
            for row in content.get("rows") or ():
                yield from _cells(row.get("cells") if isinstance(row, dict) else None)
        else:
            yield from _paragraph(content)
        if isinstance(props, dict):
            yield from filter(None, (string(props.get("caption")), string(props.get("name"))))
        yield from _blocks(block.get("children"), depth + 1)


def _cells(cells: Any) -> Iterator[str]:
    for cell in cells if isinstance(cells, list) else ():
        yield from _paragraph(cell.get("content") if isinstance(cell, dict) else cell)


def _paragraph(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    bare: list[str] = []
    aimed: list[str] = []
    for item in content if isinstance(content, list) else ():
        if not isinstance(item, dict):
            continue
        said = string(item.get("text")) or "".join(_paragraph(item.get("content"))).split("\n")[0]
        bare.append(said)
        aimed += [said, " ", string(item.get("href"))] if item.get("href") else [said]
    yield "".join(bare)
    if len(aimed) > len(bare):
        yield "".join(aimed)
