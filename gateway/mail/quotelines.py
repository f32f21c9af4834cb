"""Lines of quoted text: their marks, and what is compared of them."""

from __future__ import annotations

import re
from collections.abc import Sequence

ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]{1,200}@[^\s<>()\[\]:;,\"]{1,253}")
DIGITS = re.compile(r"\d{1,2}[./ -]|\d{1,2}:\d{2}|\b(?:19|20)\d\d\b|\d{1,2}[日月시]|\d{4}年")
TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
LEAD = "> \t*_|-\u2010\u2011\u2012\u2013\u2014\u200e\u200f\u202a\u202b\u202c\u2068\u2069\ufeff\u200b"


def alternation(items: Sequence[str]) -> str:
    return "|".join(re.escape(item) for item in sorted(set(items), key=len, reverse=True))


_RULE = re.compile(r"^\s*[-_=*#~+\u2013\u2014\u1427\u2500\u2015—·•]{2,}+[\s\-_=*#~+\u1427]*+$|^\s*[\u1427]\s*$")


def bare(text: str) -> str:
    return text.strip(LEAD + " \u00a0")


def is_rule(text: str) -> bool:
    """A line of dashes or the like."""
    return len(text) < 400 and bool(_RULE.match(text))


_WORD = re.compile("[^\\W_]|[\u2191-\U0010ffff]")


def has_words(text: str) -> bool:
    """Whether there is a letter, a digit or a picture of type."""
    return bool(_WORD.search(text))


_ARROWS = re.compile(r"^\s*>>>\s[^>].{0,300}\d{1,2}:\d{2}.{0,20}\s>>>\s*$")


def between_arrows(text: str) -> bool:
    """GroupWise: ">>> Tom Berg <tom@a.example> 24.11.2026 16:02 >>>" introduces what is no quote by itself."""
    return len(text) < 400 and bool(_ARROWS.match(text)) and bool(DIGITS.search(text))


def quote_depth(text: str) -> int:
    depth = 0
    for char in text[:200]:
        if char == ">":
            depth += 1
        elif char not in " \t|":
            break
    return 0 if depth == 3 and between_arrows(text) else depth
