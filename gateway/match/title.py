"""The title of a ticket: the subject without reply chains and banners, within the desk's limit.

Source: docs/algapsa.md "Tickets" (1 to 255 UTF-16 units, control characters are stored as they are),
docs/mail-rules.md "Text".
"""

from __future__ import annotations

from gateway.match import prefixes

LIMIT = 255

BANNERS = ("[external]", "[ external ]", "[ext]", "[extern]", "[caution]", "***external***", "external:")
INVISIBLE = dict.fromkeys(
    (*range(32), 127, *range(128, 160), 8203, 8206, 8207, *range(8234, 8239), *range(8288, 8304), 65279, 173)
)
INVISIBLE |= dict.fromkeys((9, 10, 13), " ")


def utf16(text: str) -> int:
    """Length in UTF-16 units, as the desk counts."""
    return len(text) + sum(c > "\uffff" for c in text)


def clean(subject: str) -> str:
    """The subject without control and bidi characters, reply prefixes and gateway banners."""
    text = " ".join(subject.translate(INVISIBLE).split())
    while True:
        shorter = _without_banner(prefixes.without(text))
        if shorter == text or not shorter:
            return text
        text = shorter


def without_banners(text: str) -> str:
    """The subject without the banners of mail gateways before it."""
    text = " ".join(text.translate(INVISIBLE).split())
    while (shorter := _without_banner(text)) != text:
        text = shorter
    return text


def is_reply(subject: str) -> bool:
    """Whether a mail program put some "Re:" before the subject."""
    return prefixes.is_any(without_banners(subject))


def _without_banner(text: str) -> str:
    lower = text[:24].casefold()
    return next((text[len(banner) :].lstrip() for banner in BANNERS if lower.startswith(banner)), text)


def fit(text: str, limit: int = LIMIT) -> str:
    """Cut at a word to ``limit`` UTF-16 units; a bracketed id at the end is kept."""
    if utf16(text) <= limit:
        return text
    tail = ""
    if text.endswith("]") and 0 < len(text) - text.rfind("[") <= 40:
        tail = " " + text[text.rfind("[") :]
    room = limit - utf16(tail) - 1
    kept = []
    for character in text:
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            break
        kept.append(character)
    head = "".join(kept)
    if " " in head[-40:]:
        head = head[: head.rfind(" ")]
    return head.rstrip() + "…" + tail
