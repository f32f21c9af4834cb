"""Header lines known by what they say, not by their names: of a language that is not listed, or without colons."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.match import prefixes

from .headerlines import FIELD_NAMES
from .quotelines import DIGITS, TIME, YEAR, alternation

_FRAME = re.compile(r"[-=_*~\u2013\u2014]{3,60}\s{0,5}[^-=_*~\n]{3,80}?\s{0,5}[-=_*~\u2013\u2014]{3,60}")
_LABELLED = re.compile(
    r"[>\s*]{0,20}([^\d\s:：<>@*][^\d:：<>@\n]{0,40}?)[\s*]{0,4}[:：][\s*]{0,4}(\S.{0,2000})$", re.DOTALL
)
_NAMED = re.compile(
    rf"[>\s*]{{0,20}}({alternation(list(FIELD_NAMES))})(?:\s+(\S.{{0,2000}}))?$", re.IGNORECASE | re.DOTALL
)
_MOST = 8
_LEAST = 3


def is_framed(text: str) -> bool:
    """A few words between dashes."""
    return len(text) < 200 and bool(_FRAME.fullmatch(text))


def shaped_block(texts: Sequence[str], index: int, subject: str) -> tuple[int, dict[str, str]] | None:
    """Lines of which one says an address, one a moment and one the subject of this mail without its prefix, whatever
    they are called: their end and fields, or None. Where the mail is called a forward and a line between dashes leads
    in, two addresses are as good as the subject."""
    found: list[str] = []
    end = index
    while end < len(texts) and len(found) < _MOST and (match := _LABELLED.match(texts[end])):
        found.append(match[2].strip(" *\u200e\u200f"))
        end += 1
    addresses = [value for value in found if "@" in value]
    moments = [value for value in found if "@" not in value and _is_moment(value)]
    if len(found) < _LEAST or not addresses or not moments:
        return None
    others = [value for value in found if value not in addresses and value not in moments]
    title = next((value for value in others if _is_said(value, subject)), "")
    above = [words for text in texts[max(index - 3, 0) : index] if (words := text.strip("> \t"))]
    leads_in = bool(above) and is_framed(above[-1]) and prefixes.is_forward(subject)
    if not title and not (leads_in and len(addresses) > 1):
        return None
    fields = {"date": moments[0], "subject": title or next(iter(others), "")}
    return end, fields | dict(zip(("from", "to", "cc"), addresses, strict=False))


def _is_moment(value: str) -> bool:
    return bool(DIGITS.search(value)) and bool(TIME.search(value) or YEAR.search(value))


def _is_said(value: str, subject: str) -> bool:
    """Whether the subject is the value with something before it."""
    bare, whole = " ".join(value.split()).casefold(), " ".join(subject.split()).casefold()
    return len(whole) > len(bare) > 0 and whole.endswith(bare) and not whole[-len(bare) - 1].isalnum()


def without_colons(texts: Sequence[str], index: int) -> tuple[int, dict[str, str]] | None:
    """Names of fields without colons, their values beside them or on the next line; one is a From with an address."""
    found: dict[str, str] = {}
    end = index
    while end < len(texts) and (match := _NAMED.match(texts[end])):
        kind, value = FIELD_NAMES[match[1].lower()], match[2] or ""
        if kind in found:
            break
        end += 1
        if not value and end < len(texts):
            value = texts[end]
            end += 1
        found[kind] = value.strip()
    return (end, found) if len(found) >= _LEAST and "@" in found.get("from", "") else None
