"""Characters that nobody sees and that change what is read: direction overrides, zero-width characters, tags.

Joiners stay between letters that need them (Persian, Indic scripts, composed emoji), never beside ASCII.
Source: Unicode TR 36 2.5, UTS 39 3.1 (default-ignorable code points).
"""

from __future__ import annotations

import re

_NEVER = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f\u200c\u200d])")


def one_line(text: str) -> str:
    """The text on one line, without what a header or a terminal obeys."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def without_invisible(text: str) -> str:
    """The text as it looks."""
    return text if text.isascii() else _JOINERS.sub("", _NEVER.sub("", text))
