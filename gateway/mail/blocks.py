"""Lines to the desk's rich text, in the kinds that its renderer escapes.

Refused: codeBlock, text alignment, colours, level other than 1 to 3, link schemes other than http, https,
mailto and tel. One paragraph a line, since the desk does not show a newline. Source: docs/algapsa.md "Rich text".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from gateway.match.invisible import without_invisible
from gateway.model.email import ATTACHMENT, Block

from .lines import Line, Run, same_target
from .links import says, target_text

NBSP = "\u00a0"
_ADDRESS = re.compile(r"[<(\[\"']*(?:https?://|www\.)", re.IGNORECASE)
_WEB = re.compile("https?:", re.IGNORECASE)
_QUERY = re.compile("[?#]")
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})


def to_blocks(lines: Sequence[Line]) -> tuple[Block, ...]:
    """Lines as the desk's rich text."""
    out: list[Block] = []
    # The open list items by level: children of a deeper item go into the nearest shallower one.
    open_items: list[tuple[int, Block]] = []
    # How many items of a numbered list end a list of blocks: the desk counts them anew from 1.
    counted: dict[int, int] = {}
    for number, line in enumerate(lines):
        if is_left_out(lines, number):
            continue
        if line.kind in ("bullet", "number", "check"):
            while open_items and open_items[-1][0] >= line.level:
                open_items.pop()
        else:
            open_items.clear()
        beside = open_items[-1][1]["children"] if open_items else out
        expected = counted.get(id(beside), 0) + 1
        if line.kind == "number" and line.label not in ("", f"{expected}."):
            # The desk would give it another number.
            line = replace(line, kind="text", runs=[Run(f"{line.label} "), *line.runs])
        block = _block(line)
        counted[id(beside)] = expected if block["type"] == "numberedListItem" else 0
        beside.append(block)
        if line.kind in ("bullet", "number", "check"):
            open_items.append((line.level, block))
    return tuple(out)


def rich_of(lines: Sequence[Line]) -> tuple[Block, ...] | None:
    """Lines as the desk's rich text, None where that is a paragraph of each line's text: most mail is, and then its
    blocks are made where they are needed."""
    return None if lines and all(map(_is_plain, lines)) else to_blocks(lines)


def block_of(line: Line) -> tuple[Block, ...] | None:
    """The same of a line that stands alone."""
    if _is_plain(line):
        return None
    return to_blocks([line]) if line.kind == "number" else (_block(line),)


def _is_plain(line: Line) -> bool:
    """Whether its block is one of ``model.email.paragraphs``."""
    if line.kind != "text" or line.quote or len(line.runs) > 1:
        return False
    if not line.runs:
        return True
    run = line.runs[0]
    is_indented = line.pre and (run.text[:1] == " " or "  " in run.text or "\t" in run.text)
    return not (run.styles or run.href or is_indented or "\n" in run.text)


def is_left_out(lines: Sequence[Line], number: int) -> bool:
    """Whether it is a blank line beside a picture, a table or a list, which have their own distance."""
    if lines[number].kind != "text" or not lines[number].blank:
        return False
    before = lines[number - 1].kind if number else "image"
    after = lines[number + 1].kind if number + 1 < len(lines) else "image"
    return before != "text" or after != "text"


def _make(kind: str, content: Any, props: dict[str, Any] | None = None) -> Block:
    return {"type": kind, "props": props or {}, "content": content, "children": []}


def _block(line: Line) -> Block:
    if line.kind == "image":
        props = {"url": f"{ATTACHMENT}{line.picture}", "name": line.name, "caption": ""}
        return {"type": "image", "props": props, "content": [], "children": []}
    if line.kind == "table":
        rows = [{"cells": [inline(cell) for cell in row]} for row in line.rows]
        return _make("table", {"type": "tableContent", "rows": rows})
    if line.kind == "rule":
        return _make("paragraph", [_text("―――", ())])
    content = [] if line.blank else inline(line.runs, keep=line.pre)
    if line.quote:
        content.insert(0, _text("> " * min(line.quote, 10), ()))
        # Not "quote": the desk shows that as a plain block too.
        return _make("paragraph", content)
    if line.kind == "heading":
        return _make("heading", content, {"level": min(max(line.level, 1), 3)})
    if line.kind == "bullet":
        return _make("bulletListItem", content)
    if line.kind == "number":
        return _make("numberedListItem", content)
    if line.kind == "check":
        return _make("checkListItem", content, {"checked": line.checked})
    return _make("paragraph", content)


def _text(text: str, styles: Sequence[str] | frozenset[str]) -> dict[str, Any]:
    return {"type": "text", "text": text, "styles": dict.fromkeys(sorted(styles), True) if styles else {}}


def safe_href(href: str) -> str:
    """The link as it may be shown, or "" (javascript:, data:, file:, anything unknown)."""
    value = "".join(char for char in href.strip() if char > " " and char != "\x7f")
    if _WEB.match(value):
        # To a browser a backslash before the query is a slash, so that it ends the host (WHATWG URL 4.4).
        place = _QUERY.split(value, maxsplit=1)[0]
        value = place.replace("\\", "/") + value[len(place) :]
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _SCHEMES or len(value) > 4000:
        return ""
    if scheme in ("http", "https") and not parts.netloc:
        return ""
    return scheme + value[len(scheme) :]


def _host(href: str) -> str:
    try:
        return (urlsplit(href).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _misleads(text: str, href: str) -> bool:
    """The text names another place than the link goes to, or the link has a user part, which looks like one."""
    if "@" in urlsplit(href).netloc:
        return True
    words = text.strip(" []").split()
    if len(words) > 1:
        return any(_elsewhere(word, href) for word in words[:50] if _ADDRESS.match(word))
    return bool(words) and _elsewhere(words[0], href)


def _elsewhere(word: str, href: str) -> bool:
    """Whether the word is the address of another host."""
    word = word.strip("<>()[]\"',;:!?")
    if "." not in word or same_target(word, href):
        return False
    shown = _host(word if "://" in word else f"http://{word}")
    return bool(shown) and "." in shown and shown != _host(href)


def inline(runs: Sequence[Run], *, keep: bool = False) -> list[dict[str, Any]]:
    """The runs of one line: text with its styles, and links."""
    out: list[dict[str, Any]] = []
    index = 0
    while index < len(runs):
        run = runs[index]
        if not run.href:
            text = _indented(run.text) if keep else run.text
            if text:
                out.append(_text(text, run.styles))
            index += 1
            continue
        group = [run]
        while index + len(group) < len(runs) and runs[index + len(group)].href == run.href:
            group.append(runs[index + len(group)])
        index += len(group)
        group = [replace(piece, text=without_invisible(piece.text)) for piece in group]
        label = "".join(piece.text for piece in group)
        href = safe_href(run.href)
        if not href or not label.strip():
            out.extend(_text(piece.text, piece.styles) for piece in group if piece.text)
            target = "" if href or not label.strip() else target_text(run.href)
            if target and not says(label, target):
                out.append(_text(f" ({target})", ()))
            continue
        content = [_text(piece.text, piece.styles) for piece in group if piece.text]
        # The blanks of a link belong beside it.
        before, after = label[: len(label) - len(label.lstrip())], label[len(label.rstrip()) :]
        content[0]["text"] = content[0]["text"].lstrip()
        content[-1]["text"] = content[-1]["text"].rstrip()
        if before:
            out.append(_text(before, ()))
        out.append({"type": "link", "href": href, "content": [item for item in content if item["text"]]})
        if after:
            out.append(_text(after, ()))
        if _misleads(label, href):
            out.append(_text(f" ({_host(href) or href})", ()))
    return out


_FOLDED = re.compile("  +")


def _indented(text: str) -> str:
    """Blanks that a browser would fold, as non-breaking ones: the indentation of logs and traces."""
    text = text.replace("\t", "    ")
    if text.startswith(" "):
        bare = text.lstrip(" ")
        text = NBSP * (len(text) - len(bare)) + bare
    return _FOLDED.sub(lambda found: " " + NBSP * (len(found[0]) - 1), text) if "  " in text else text


def without_pictures(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Blocks of a nested mail: its pictures are not files of the outer one."""
    return tuple(block for block in blocks if block["type"] != "image")
