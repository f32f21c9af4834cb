"""Text in which an HTML reader finds no tag.

The desk puts the Markdown of a description into the HTML of its own mails without escaping it: words of a mail like
`<img src=x onerror=…>` would come alive in a mail of ours. A tag, a comment or a declaration begins with "<" and a
letter, "/", "!" or "?" and with nothing else (HTML standard, tag open state). A word joiner (U+2060) between them
takes up no place and breaks no line, so people read the same.
"""

from __future__ import annotations

import re
from typing import Any

from gateway.blocks.make import Block, as_json

WORD_JOINER = "\u2060"
_OPENS = re.compile(r"<(?=[A-Za-z/!?]|\Z)")  # at the end too: what follows stands in another piece
_SHOWN = ("text", "name", "caption")


def without_tags(blocks: list[Block]) -> list[Block]:
    """The same words; the Markdown of the blocks holds no tag. For harmless blocks, whose addresses hold no "<"."""
    whole = as_json(blocks)  # most need nothing, and this is ten times as quick
    return [_untagged(block) for block in blocks] if "<" in whole or '"underline"' in whole else blocks


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        # underlined text is the one style that the desk's Markdown writes as a tag
        return {key: _part(key, inner) for key, inner in value.items() if key != "underline"}
    return [_untagged(inner) for inner in value] if isinstance(value, list) else value


def _part(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _OPENS.sub(f"<{WORD_JOINER}", value) if "<" in value and name in _SHOWN else value
    return _untagged(value) if value else value
