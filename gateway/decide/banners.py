"""A mail gateway's banner stands below the words above which it was put: lists show how a text begins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from gateway.blocks import is_blank, paragraph, plain
from gateway.match.banner import without_banner
from gateway.model.email import Block

INTRODUCTION = "Put above this mail by a mail gateway:"
_MOST = 40  # blocks that are looked at


def banners_below(body: Sequence[Block]) -> list[Block]:
    """The blocks, with the banners that stand above all others below them; as they are where nothing else stands
    there."""
    count = _banners(body[:_MOST])
    above, words = list(body[:count]), list(body[count:])
    if not count or is_blank(words):
        return list(body)
    return [*words, paragraph(), paragraph(INTRODUCTION), *above]


def _banners(first: Sequence[Block]) -> int:
    """How many of these blocks, from the first on, are banners and what parts them from the text."""
    texts = [plain([block]) for block in first]
    whole = "\n".join(texts)
    taken = len(whole) - len(without_banner(whole))
    ends = accumulate(len(text) + 1 for text in texts)
    return next((count for count, end in enumerate(ends, 1) if end == taken), 0) if taken else 0
