"""Signatures and the footers of phones: recognised apart from quotes, kept where there is doubt.

A signature is what follows a delimiter line ("-- " and its kin) at the end, a footer a short line that an app
adds ("Sent from my phone"). A closing with a name ("Best regards, Ann") is part of what was said and stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .quote import is_rule
from .quotewords import FOOTERS

_DELIMITER = re.compile(r"^\s{0,3}(?:--|__|\u2014|\u2013|---)\s{0,3}$")
_JOINED = re.compile(r"^--\s{0,2}[^\W\d_][^\n]{0,60}$")
_LINES = 18
_TAIL = re.compile(r"<?https?://[^\s<>]{1,500}>?|<[^<>\n]{1,500}>")


def footer(text: str) -> bool:
    """A line that a mail app added."""
    line = text.strip(" \t\u00a0*_-.\u200e").lower()
    if not 8 <= len(line) <= 250:
        return False
    line = _TAIL.sub("", line).strip(" ()[]")
    if len(line) > 90 or line.count(" ") > 9:
        return False
    for start in FOOTERS:
        if line.startswith(start):
            rest = line[len(start) :]
            # A sentence that goes on is text: "sent from my desk, is much easier …".
            return (
                "," not in rest and not any(mark in rest for mark in (". ", "? ", "! ", "?")) and rest.count(" ") <= 8
            )
    return (
        line.endswith(("から送信", "에서 보냄", "gesendet", "gönderildi", "verzonden", "送信しました", "傳送", "发送"))
        and line.count(" ") <= 6
    )


def find(texts: Sequence[str]) -> int:
    """The first line of the signature of a text without quotes; ``len(texts)`` when it has none."""
    end = len(texts)
    while end and not texts[end - 1].strip():
        end -= 1
    cut = end
    # Trailing rules and footers, from the bottom up.
    position = end
    while position:
        text = texts[position - 1]
        if not text.strip():
            position -= 1
            continue
        if footer(text) or is_rule(text) and not _code_fence(text):
            position -= 1
            cut = position
            continue
        break
    filled = 0
    for index in range(cut - 1, -1, -1):
        text = texts[index]
        if not text.strip():
            continue
        if _DELIMITER.match(text) or _JOINED.match(text):
            # Words must remain above it.
            if any(t.strip() and not is_rule(t) for t in texts[:index]):
                cut = index
            break
        if footer(text):
            # A footer above a disclaimer of the app, not in the middle of a text.
            if filled <= 3 and any(t.strip() for t in texts[:index]):
                cut = index
            break
        filled += 1
        if filled > _LINES or len(text) > 300:
            break
    while cut and (not texts[cut - 1].strip() or is_rule(texts[cut - 1]) and not _code_fence(texts[cut - 1])):
        cut -= 1
    if not any(t.strip() and not is_rule(t) for t in texts[:cut]):
        return len(texts)
    return cut if cut < end else len(texts)


def _code_fence(text: str) -> bool:
    return text.strip().startswith("```")
