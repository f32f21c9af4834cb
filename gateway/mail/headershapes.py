"""Header lines known by what they say, not by their names: of a language that is not listed, or without colons."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.match import prefixes

from .headerlines import FIELD_NAMES, PERSON, is_moment, labelled
from .quotelines import alternation

_FRAME = re.compile(
    r"[-=_*~\u2013\u2014]{3,60}\s{0,5}(?=\S)[^-=_*~\n]{1,60}(?:[-_][^-=_*~\n]{1,60}){0,3}[-=_*~\u2013\u2014]{3,60}"
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
    end, found, addresses, moments = _labelled_lines(texts, index)
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


def _labelled_lines(texts: Sequence[str], index: int) -> tuple[int, list[str], list[str], list[str]]:
    """The values of lines with a name and a colon from ``index`` on: their end, all of them, those with an address and
    those that are a moment."""
    found: list[str] = []
    end = index
    while end < len(texts) and len(found) < _MOST and (value := labelled(texts[end])):
        found.append(value)
        end += 1
    addresses = [value for value in found if "@" in value]
    return end, found, addresses, [value for value in found if "@" not in value and is_moment(value)]


def framed_block(texts: Sequence[str], index: int) -> int:
    """The end of a block of header lines of any language below the line between dashes at ``index``, or -1: a moment
    and two people, each with a name before them, above a mail."""
    if not is_framed(texts[index].strip("> \t")):
        return -1
    start = index + 1
    while start < len(texts) and start < index + 3 and not texts[start].strip("> \t"):
        start += 1
    end, found, addresses, moments = _labelled_lines(texts, start)
    people = [value for value in addresses if PERSON.fullmatch(value)]
    introduces = any(text.strip("> \t") for text in texts[end : end + _MOST])
    return end if introduces and len(found) >= _LEAST and len(people) > 1 and moments else -1


def block_above(texts: Sequence[str], end: int) -> int:
    """Where header lines of any language begin that end right above ``end``, where a quote does, or -1."""
    start = end
    while start and start > end - _MOST and labelled(texts[start - 1]):
        start -= 1
    _, found, addresses, moments = _labelled_lines(texts[start:end], 0)
    return start if len(found) >= _LEAST and any(map(PERSON.fullmatch, addresses)) and moments else -1


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
