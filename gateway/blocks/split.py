"""Cutting blocks into parts that the desk takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.blocks.make import Block, Inline, paragraph, table, text
from gateway.blocks.measure import (
    COMMENT_LIMIT,
    block_markdown,
    is_blank,
    item_markdown,
    mark_of,
    rows_of,
    string,
    styled,
    table_markdown,
    units,
    words_of,
)
from gateway.blocks.safe import names_itself

_WORD_END = re.compile(r"\s(?=\S*\Z)")


def split(blocks: list[Block], limit: int = COMMENT_LIMIT, most: int = 4) -> list[list[Block]]:
    """Parts of at most `limit`, in order, none of them blank.

    More than `most` parts means that it is too long: the list then has `most` + 1 parts, and the
    last one holds the whole rest, unmeasured.
    """
    if limit < 32 or most < 1:
        raise ValueError("limit must be 32 or more, most 1 or more")
    parts: list[list[Block]] = []
    part: list[Block] = []
    size = 0
    for block in _pieces(blocks, limit):
        if len(parts) > most:
            parts[-1].append(block)
            continue
        cost = units(block_markdown(block)) + 2
        if part and size + cost - 2 > limit:
            parts.append(part)
            part, size = [], 0
            if len(parts) == most:
                parts.append([block])
                continue
        part.append(block)
        size += cost
    if part:
        parts.append(part)
    return [part for part in parts if not is_blank(part)] if len(parts) <= most else parts


def _pieces(blocks: list[Block], limit: int) -> Iterator[Block]:
    for block in blocks:
        if units(block_markdown(block)) <= limit:
            yield block
        elif block.get("type") == "table":
            yield from _cut_table(block, limit)
        elif block.get("type") == "image":
            props = block.get("props") or {}
            words = [string(props.get(name)) for name in ("caption", "name", "url")]
            yield from _cut_line(paragraph(" ".join(word for word in words if word)), limit)
        else:
            yield from _cut_line(block, limit)


def _cut_table(block: Block, limit: int) -> Iterator[Block]:
    rows: list[list[Any]] = []
    for row in rows_of(block):
        if len(rows) >= 64 or (rows and units(table_markdown([*rows, row])) > limit):
            yield table(rows)
            rows = []
        if units(table_markdown([row])) > limit:
            if rows:
                yield table(rows)
                rows = []
            for cell in row:
                yield from _cut_line({**paragraph(), "content": cell}, limit)
        else:
            rows.append(row)
    if rows:
        yield table(rows)


def _cut_line(block: Block, limit: int) -> Iterator[Block]:
    """One long line as several; the rest of a list item goes on as paragraphs."""
    current: Block = {name: value for name, value in block.items() if name not in ("content", "children")}
    content: list[Inline] = []
    room = limit - units(mark_of(block))
    for item in _atoms(block.get("content") or [], limit):
        rest: Inline | None = item
        while rest is not None:
            cost = units(item_markdown(rest))
            if cost <= room:
                content.append(rest)
                room -= cost
                break
            head, rest = _cut_text(rest, room, whole=not content)
            if head is not None:
                content.append(head)
            yield {**current, "content": content}
            current, content, room = {"type": "paragraph", "props": {}}, [], limit
    last: Block = {**current, "content": content}
    yield {**last, "children": block["children"]} if block.get("children") else last


def _atoms(content: Any, limit: int) -> Iterator[Inline]:
    """Inline items; a link too long for any part becomes text and its address."""
    for item in content if isinstance(content, list) else [text(string(content))]:
        if item.get("type") == "text" and len(string(item.get("text"))) > 4 * limit:
            yield from _lengths(item, 2 * limit)
            continue
        if item.get("type") != "link" or units(item_markdown(item)) <= limit // 2:
            yield item
            continue
        words, href = words_of(item.get("content")), string(item.get("href"))
        if names_itself(words, href):
            yield text(words)
            continue
        if words:
            yield text(words + " ")
        yield text(href)


def _lengths(item: Inline, size: int) -> Iterator[Inline]:
    """A very long text in handy lengths, so that cutting it stays linear."""
    value, at = item["text"], 0
    while at < len(value):
        end = min(at + size, len(value))
        found = _WORD_END.search(value, end - 256, end) if end < len(value) else None
        end = found.end() if found else end
        yield {**item, "text": value[at:end]}
        at = end


def _cut_text(item: Inline, room: int, whole: bool) -> tuple[Inline | None, Inline]:
    """The head that fits into `room` and the rest; no head when nothing fits or a word would be cut.

    `whole` says that the line is empty: a word that is longer than a line must be cut then.
    """
    if item.get("type") != "text":
        return None, item
    value = item["text"]
    marks = units(styled(item)) - units(value)
    if whole and marks > room // 2:
        item, marks = text(value), 0  # more marks than words: as bare text
    room -= marks
    size = min(max(room, 0), len(value))
    while size and (over := units(value[:size]) - room) > 0:
        size -= (over + 1) // 2
    found = _WORD_END.search(value, max(0, size - 256), size)
    if found is not None:
        size = found.end()
    elif not whole:
        size = 0
    if size == 0:
        return None, item
    return {**item, "text": value[:size]}, {**item, "text": value[size:]}
