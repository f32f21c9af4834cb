"""What is new in a reply. First version: trailing quotes only."""

from __future__ import annotations

from collections.abc import Sequence

from .blocks import to_blocks
from .lines import Line, render, squeeze
from .model import Reply


def split(lines: Sequence[Line]) -> Reply:
    end = len(lines)
    while end and (
        lines[end - 1].blank
        or lines[end - 1].quote
        or lines[end - 1].zone
        or lines[end - 1].text.startswith(">")
    ):
        end -= 1
    kept = squeeze(lines[:end])
    if not kept:
        kept, end = squeeze(lines), len(lines)
    text = render(kept)
    quoted = render(squeeze(lines[end:]))
    return Reply(
        text=text,
        blocks=to_blocks(kept),
        without_quotes=text,
        without_signature=render(squeeze(lines)),
        quoted=quoted,
        confidence="high" if quoted else "low",
        method="trailing quote" if quoted else "",
    )
