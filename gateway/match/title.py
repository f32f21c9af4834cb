"""The title of a ticket: the subject without reply chains and banners, within the desk's limit.

Source: docs/algapsa.md "Tickets" (1 to 255 UTF-16 units, control characters are stored as they are),
docs/mail-rules.md "Text".
"""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.match import prefixes
from gateway.match.invisible import without_invisible

LIMIT = 255
MOST_MARKS = 3

EXTERNAL = (
    r"(?:(?:caution|warning|achtung|vorsicht|attention)\W{0,3})?"
    r"(?:ext(?:ern(?:al(?:ly)?|e[rs]?|[oaíi])?)?|estern[oa]|ekstern[at]?|zewnętrzn[aey]|külső|внешн\w{2}|зовнішн\w{1,3}|dış|外部)"
    r"(?:[ _-]?(?:e-?mail|mail|sender|message|absender|メール|邮件))?"
)
_SPAM = r"(?:(?:suspected|possible|probable)[ _-])?spam"
_BANNER = re.compile(
    rf"(?:[\[*【]{{1,5}}\s?(?:{EXTERNAL}|caution|{_SPAM})\s?[\]*】]{{1,5}}|{{(?:disarmed|{_SPAM})\s?}})\s?[:-]?\s*|external:\s*",
    re.IGNORECASE,
)
"""What mail gateways put before a subject."""
_BEFORE_A_PREFIX = re.compile(
    r"(?:[\[({<*【]{1,5}[^\[\](){}<>*【】]{1,40}[\])}>*】]{1,5}\s?[:-]?\s*|ext(?:ern)?\s?:\s*)", re.IGNORECASE
)
"""What else may stand before the "Re:" of a mail program: names of lists, tickets' numbers, banners."""
_CONTROLS = dict.fromkeys((*range(32), 127, *range(128, 160))) | dict.fromkeys((9, 10, 13), " ")


def utf16(text: str) -> int:
    """Length in UTF-16 units, as the desk counts."""
    return len(text) + sum(c > "\uffff" for c in text)


def first_utf16(text: str, room: int) -> str:
    """The beginning of a text, as much as fits into so many UTF-16 units."""
    for place, character in enumerate(text):
        room -= 2 if character > "\uffff" else 1
        if room < 0:
            return text[:place]
    return text


def clean(subject: str) -> str:
    """The subject without control and invisible characters, reply prefixes and gateway banners."""
    text = _visible(subject)
    while True:
        shorter = _without_banner(prefixes.without(text))
        if shorter == text or not shorter:
            return text
        text = shorter


_NUMBERED = re.compile(r"[\[({][^\])}]{0,60}\d[^\])}]{0,60}[\])}]|#\s?\d{1,16}|\b[A-Z]{2,8}-?\d{4,16}\b")
_TICKET_MARK = re.compile(r"\[(ticket\s*#[^\[\]]*)(\]?)", re.IGNORECASE)
_PREFIXED = re.compile(r"(?:^|(?<=\s))[^\W\d_]{1,4}:(?=\s|$)")


def matter(subject: str) -> str:
    """What a subject is about, as two desks that answer each other keep it: without prefixes wherever they stand, and
    without the numbers that each of them puts in."""
    return _matter(clean(subject)[:LIMIT])


@lru_cache(4096)
def _matter(bare: str) -> str:
    text = _PREFIXED.sub(" ", _NUMBERED.sub(" ", bare))
    return " ".join(text.split()).casefold()[:100]


def without_banners(text: str) -> str:
    """The subject without the banners of mail gateways before it."""
    text = _visible(text)
    while (shorter := _without_banner(text)) != text:
        text = shorter
    return text


def from_prefix(text: str) -> str:
    """The subject from what a mail program put before it: without the banners of mail gateways and other marks before
    that. Where no program put anything, the subject without banners."""
    text = rest = without_banners(text)
    for _ in range(MOST_MARKS):
        rest = _BEFORE_A_PREFIX.sub("", rest, count=1) if _BEFORE_A_PREFIX.match(rest) else rest
    return rest if prefixes.is_any(rest) else text


def is_reply(subject: str) -> bool:
    """Whether a mail program put some "Re:" before the subject."""
    return prefixes.is_any(from_prefix(subject))


def _visible(text: str) -> str:
    return " ".join(without_invisible(text).translate(_CONTROLS).split())


def _without_banner(text: str) -> str:
    found = _BANNER.match(text)
    return text[found.end() :] if found else text


def unnumbered(text: str) -> str:
    """As long as before, and without what the desk takes for its own mark: where "[Ticket #" stands in a title, it puts
    no number before its mails about the ticket, and an answer to them names whatever ticket stands there."""
    return _TICKET_MARK.sub(lambda found: f"({found[1]}{')' if found[2] else ''}", text)


def fit(text: str, limit: int = LIMIT) -> str:
    """Cut at a word to ``limit`` UTF-16 units; a bracketed id at the end is kept."""
    if utf16(text) <= limit:
        return text
    tail = ""
    if text.endswith("]") and 0 < len(text) - text.rfind("[") <= 40:
        tail = " " + text[text.rfind("[") :]
    head = first_utf16(text, limit - utf16(tail) - 1)
    if " " in head[-40:]:
        head = head[: head.rfind(" ")]
    return head.rstrip() + "…" + tail
