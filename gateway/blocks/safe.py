"""The last line of defence before blocks are sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.blocks.links import addresses
from gateway.blocks.make import Block, Inline, image, paragraph, table, text
from gateway.blocks.measure import rows_of, string
from gateway.blocks.preformatted import code_block, is_tame

STYLES = ("bold", "italic", "underline", "strike", "code")
DEEPEST = 8
"""Levels of `children` that are kept; what lies deeper is put beside."""

_BREAKS = re.compile("\r\n|[\t\n\v\f\r\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SAFE_LINK = re.compile(r"(https?://|mailto:|tel:)[^\s]", re.I)
_SAFE_IMAGE = re.compile(r"https?://[^\s]", re.I)
_OWN_DOCUMENT = re.compile(r"/api/documents/view/[0-9A-Za-z-]{1,64}")


def harmless(blocks: Any) -> list[Block]:
    """The same text in the safe subset: kinds, props, styles and schemes that the desk shows safely, and addresses
    in it as links.

    Idempotent; whatever is not allowed becomes a plain paragraph of its words.
    """
    return list(_harmless(blocks, 0))


def clean(value: str) -> str:
    """Text as the desk can keep it: no control characters, line breaks or lone surrogates."""
    if value.isprintable():
        return value
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", _BREAKS.sub(" ", value)))


def safe_href(value: Any, pattern: re.Pattern[str] = _SAFE_LINK) -> str | None:
    """An address that may stand in a link, its odd characters percent-encoded; else nothing."""
    if not isinstance(value, str):
        return None
    href = clean(value).strip()
    if _OWN_DOCUMENT.fullmatch(href):
        return href
    if not pattern.match(href):
        return None
    return re.sub(r"[\s\"'<>\\`^{|}]", lambda found: _percent(found[0]), href)


def names_itself(words: str, href: str) -> bool:
    """Whether a link's words are the address to which it goes."""
    return href in (words, safe_href(words), safe_href(f"https://{words}"))


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _harmless(blocks: Any, depth: int) -> Iterator[Block]:
    for block in blocks if isinstance(blocks, list) else [blocks]:
        if isinstance(block, str):
            yield from _plain_lines(block)
        if not isinstance(block, dict):
            continue
        safe = list(_safe_block(block))
        children = block.get("children")
        if not isinstance(children, list) or not children:
            yield from safe
        elif depth + 1 < DEEPEST and safe and safe[-1]["type"] not in ("image", "table"):
            inner = list(_harmless(children, depth + 1))
            yield from safe[:-1]
            yield {**safe[-1], "children": inner} if inner else safe[-1]
        else:
            yield from safe
            yield from _flat(children)


def _flat(blocks: list[Any]) -> Iterator[Block]:
    """All levels on one, without recursion: the depth is the sender's choice."""
    waiting = list(reversed(blocks))
    while waiting:
        block = waiting.pop()
        if isinstance(block, dict):
            yield from _safe_block(block)
            children = block.get("children")
            waiting.extend(reversed(children if isinstance(children, list) else []))
        elif isinstance(block, str):
            yield {**paragraph(), "content": _safe_inline(block)}


def _safe_block(block: Block) -> Iterator[Block]:
    kind = block.get("type")
    given = block.get("props")
    props: dict[str, Any] = given if isinstance(given, dict) else {}
    content = block.get("content")
    if kind == "image":
        yield _safe_image(props)
    elif kind == "table":
        rows = [[_safe_inline(_cell(cell)) for cell in row] for row in rows_of(block)]
        if any(rows):
            yield table([row for row in rows if row])
    elif kind == "heading":
        yield {"type": kind, "props": {"level": _level(props.get("level"))}, "content": _safe_inline(content)}
    elif kind == "checkListItem":
        checked = props.get("checked") is True
        yield {"type": kind, "props": {"checked": checked}, "content": _safe_inline(content)}
    elif kind in ("paragraph", "bulletListItem", "numberedListItem"):
        yield {"type": kind, "props": {}, "content": _safe_inline(content)}
    elif kind == "codeBlock" and (code := _tame(content)):
        yield code_block(code)
    elif isinstance(content, str):
        yield from _plain_lines(content)
    else:
        yield from _lines(content)


def _tame(content: Any) -> list[str]:
    """The lines of a code block that may stay one, [] for other content."""
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        return []
    lines = [clean(line) for line in string(content[0].get("text")).split("\n")]
    return lines if content[0].get("type") == "text" and is_tame("\n".join(lines)) else []


def _plain_lines(value: str) -> Iterator[Block]:
    for line in value.splitlines() or [""]:
        yield {**paragraph(), "content": _safe_inline(line)}


def _lines(content: Any) -> Iterator[Block]:
    """A block of another kind (code, quote) as a paragraph a line."""
    line: list[Inline] = []
    for item in content if isinstance(content, list) else ():
        if isinstance(item, dict) and item.get("type") == "text" and isinstance(item.get("text"), str):
            pieces = item["text"].replace("\r\n", "\n").split("\n")
            for i, piece in enumerate(pieces):
                if i:
                    yield {"type": "paragraph", "props": {}, "content": line}
                    line = []
                line += _safe_inline([{**item, "text": piece}])
        else:
            line += _safe_inline([item])
    yield {"type": "paragraph", "props": {}, "content": line}


def _level(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 3
    return min(max(value, 1), 3)


def _safe_image(props: dict[str, Any]) -> Block:
    url = safe_href(props.get("url"), _SAFE_IMAGE)
    name, caption = clean(string(props.get("name"))), clean(string(props.get("caption")))
    if url is None:
        return paragraph(f"[{caption or name or 'image'}]")
    return image(url, name, caption)


def _cell(cell: Any) -> Any:
    # the newer editor's cell is an object, which the desk shows empty
    return cell.get("content") if isinstance(cell, dict) else cell


def _safe_inline(content: Any) -> list[Inline]:
    if isinstance(content, str):
        return _linked(text(clean(content))) if content else []
    safe: list[Inline] = []
    for item in content if isinstance(content, list) else ():
        if isinstance(item, str):
            safe += _linked(text(clean(item)))
        elif isinstance(item, dict):
            safe += _safe_item(item)
    return safe


def _safe_item(item: Inline) -> list[Inline]:
    if item.get("type") == "link":
        return _safe_link(item)
    return _linked(_safe_text(item)) if isinstance(item.get("text"), str) else []


def _safe_link(item: Inline) -> list[Inline]:
    """The link, or its words where it may lead nowhere."""
    given = item.get("content")
    words = [{"text": given}] if isinstance(given, str) else given if isinstance(given, list) else []
    shown = [_safe_text(word) for word in words if isinstance(word, dict) and isinstance(word.get("text"), str)]
    href = safe_href(item.get("href"))
    if href is not None:
        return [{"type": "link", "href": href, "content": shown or [text(href)]}]
    shown = shown or [text(clean(string(item.get("href"))))]
    return [piece for word in shown for piece in _linked(word)]


def _linked(item: Inline) -> list[Inline]:
    """A safe text with the addresses in it as links."""
    value, at = item["text"], 0
    found: list[Inline] = []
    for start, end, target in addresses(value):
        href = safe_href(target)
        if href is None:
            continue
        if start > at:
            found.append({**item, "text": value[at:start]})
        found.append({"type": "link", "href": href, "content": [{**item, "text": value[start:end]}]})
        at = end
    return [*found, {**item, "text": value[at:]}] if at < len(value) or not found else found


def _safe_text(item: Inline) -> Inline:
    styles = item.get("styles")
    if not styles:
        return text(clean(item["text"]))
    kept = [name for name in STYLES if isinstance(styles, dict) and styles.get(name) is True]
    return text(clean(item["text"]), *kept)
