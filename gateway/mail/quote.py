"""Where an older mail begins in a text: attribution lines, header blocks, separators, banners.

One forward pass; a line looks at a handful of its neighbours at most. Every finding has a name, for the trace.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from . import quotewords as words
from .attribution import ABOVE, ENDS, Patience, attribution, framed_author, has_verb, is_alone, is_logged, says_when
from .headerlines import field_of, header_block, is_field_of_any_name, is_named, is_sent, may_be_field
from .headershapes import framed_block
from .notesheader import FAR, notes_header
from .quotelines import ADDRESS, LEAD, bare, between_arrows, is_rule, quote_depth


@dataclass(frozen=True, slots=True)
class Mark:
    """An older mail begins at line ``start``; its introduction ends before ``end``."""

    start: int
    end: int
    kind: Literal["attribution", "headers", "separator", "forward", "banner", "boundary"]
    what: str = ""
    dashed: bool = True


def separator(text: str) -> str:
    """ "original" or "forward" for a line such as -----Original Message-----, else ""."""
    if len(text) > 160:
        text = _before_fields(text)
    return _separator(text) if 4 <= len(text) <= 160 else ""


@lru_cache(maxsize=512)
def _separator(text: str) -> str:
    """Each line is asked for by one reader after the other."""
    said = folded(text.strip(_AROUND))
    if len(said) > _LONGEST_PHRASE and not _SPLIT.search(said) and not said.startswith(_FORWARDED_BY):
        return ""
    body = text.strip(" \t\u00a0>*\u200e\ufeff")
    dashed = body.startswith(_DASHES) or body.endswith(_DASHES)
    for piece in _SPLIT.split(body):
        inner = folded(piece.strip(" \t*_:：-=~"))
        if inner in _FORWARDS:
            return "forward"
        if inner in _ORIGINALS and (dashed or text.strip(" >").startswith("*")):
            return "original"
        if dashed and inner.startswith(_FORWARDED_BY):
            return "forward"
    return ""


def _before_fields(text: str) -> str:
    """The words between dashes that lead in header lines in the same line ("--- Original message ---From: Ann …"), else
    the whole line."""
    match = _LEADS_IN.match(text)
    return match[0] if match and field_of(text[match.end() : match.end() + 160])[0] else text


_LEADS_IN = re.compile(r"[ \t>*]{0,20}-{2,40}[^-\n]{3,60}-{2,40}")
_DASHES = ("--", "__", "==", "~~", "- -", "\u2014", "\u2013\u2013", "**")
_SPLIT = re.compile(r"[-_=~\u2013\u2014]{2,}")
_AROUND = " \t\u00a0>*_:：-=~\u2013\u2014\u200e\ufeff"
_FORWARDED_BY = ("forwarded by", "weitergeleitet von", "forwarded message from")


def folded(text: str) -> str:
    """Lower case, with the Turkish dotted capital as a plain letter."""
    return text.lower().replace("i\u0307", "i")


_ORIGINALS = frozenset(folded(phrase) for phrase in words.ORIGINAL)
_FORWARDS = frozenset(folded(phrase) for phrase in words.FORWARDED)
_LONGEST_PHRASE = max(map(len, _ORIGINALS | _FORWARDS))
_BANNERS = tuple(words.BANNERS)
# Whole words of the phrases, one of each: a line of none of them is not searched.
_BANNER_WORDS = frozenset(max(phrase.split()[1:-1], key=len) for phrase in words.BANNERS if phrase.isascii())


def banner(text: str) -> bool:
    """ "Please reply above this line", a line of its own."""
    if len(text) > 160 or len(text) < 10:
        return False
    lowered = text.lower()
    said = lowered.split()
    if len(said) > 14 or (text.isascii() and _BANNER_WORDS.isdisjoint(said)):
        return False
    return any(phrase in lowered for phrase in _BANNERS)


# What a line of attribution and a header of Notes say, in one of their lines: an address, a date or a time.
_WHO_OR_WHEN = re.compile(r"[@\d]")


# Elements of Outlook in which the caret may stand above the headers of the old mail, which another one begins.
_LOOSE = frozenset({"appendonsend", "outlook", "outlook-mobile"})


def marks(texts: Sequence[str], before: Sequence[str] = ()) -> list[Mark]:
    """All places where an older mail is introduced, in order, without overlap."""
    patience = Patience()
    found: list[Mark] = []
    firm = max((at for at, name in enumerate(before) if name and name not in _LOOSE), default=-1)
    index = 0
    done = 0
    told = -FAR  # the last line that says who or when
    while index < len(texts):
        text = texts[index]
        if _WHO_OR_WHEN.search(text):
            told = index
        if before and before[index]:
            end = _after_intro(texts, index)
            if end > index or before[index] not in _LOOSE or index > firm:
                found.append(Mark(index, end, "boundary", before[index]))
                index = done = max(end, index + 1)
                continue
        if not text.strip() or len(text) > 5000:
            index += 1
            continue
        if banner(text):
            start = _introduced(texts, index, done)
            if not quote_depth(text):
                found.append(Mark(start, index + 1, "banner", "reply above this line"))
            elif start < index:
                found.append(Mark(start, index, "attribution", bare(texts[start])[:60]))
            index = done = index + 1
            continue
        if ("--" in text and framed_author(text)) or (">>>" in text and between_arrows(text)):
            found.append(Mark(index, index + 1, "separator", bare(text)[:60]))
            index = done = index + 1
            continue
        kind = separator(text)
        if kind:
            end = _after_intro(texts, index + 1)
            dashed = "--" in text or "__" in text or text.rstrip(" *").endswith((":", "："))
            found.append(Mark(index, end, "forward" if kind == "forward" else "separator", bare(text)[:60], dashed))
            index = done = max(end, index + 1)
            continue
        end = framed_block(texts, index) if text.lstrip("> ").startswith("--") else -1
        if end > 0:
            found.append(Mark(index, end, "headers", "header block"))
            index = done = end
            continue
        block = header_block(texts, index) if may_be_field(text) else None
        if block is not None:
            start = _top_of_block(texts, index, done)
            if start == index and not (is_sent(block[1]) and (is_named(block[1]) or is_alone(texts, start, block[0]))):
                index = told = block[0]
                continue
            found.append(Mark(start, block[0], "headers", "header block"))
            index = done = block[0]
            continue
        if index - told > FAR:
            index += 1
            continue
        notes = notes_header(texts, index, done)
        if notes is not None:
            found.append(Mark(notes[0], index + 1, "headers", "Notes header"))
            index = done = index + 1
            continue
        start = attribution(texts, index, patience) if index - told < ABOVE else -1
        if start >= done and not is_logged(texts, index):
            found.append(Mark(start, index + 1, "attribution", bare(texts[start])[:60]))
            index = done = index + 1
            continue
        index += 1
    return found


def introduced_inside(texts: Sequence[str]) -> bool:
    """Whether the first lines of a quote say whose mail it is, inside its own marks."""
    inner = [re.sub(r"^[ \t]{0,3}>[ \t]?", "", text[:5000]) for text in texts]
    return bool(marks(inner))


def _introduced(texts: Sequence[str], index: int, done: int) -> int:
    """The line in any language that introduces the banner below it ("Quoting Ann <a@b>:", "---- Ann wrote ----"),
    else the banner's own."""
    above = index - 1
    while above >= done and above > index - 4 and not texts[above].strip(LEAD):
        above -= 1
    if above < done or len(texts[above]) > 200 or quote_depth(texts[above]):
        return index
    line = texts[above].strip()
    framed = line.startswith("--") and line.endswith("--") and (has_verb(line) or bool(ADDRESS.search(line)))
    return above if framed or (bool(ENDS.search(line)) and bool(ADDRESS.search(line))) else index


def _top_of_block(texts: Sequence[str], index: int, done: int) -> int:
    """Where a header block begins that was recognised at ``index``: above it may stand fields with names that
    are not known ("Message du : 24/11/2026 16:02"), then a rule or a line between dashes in any language."""
    top = index
    while top > done and top > index - 3 and is_field_of_any_name(texts[top - 1]):
        top -= 1
    above = top - 1
    while above >= done and above > top - 4 and not texts[above].strip(" >"):
        above -= 1
    return above if above >= done and (_line_above(texts[above]) or says_when(texts[above])) else top


def _line_above(text: str) -> bool:
    """A rule that belongs to the header block below it, also with words in it ("----- Původní e-mail -----")."""
    line = text.strip(" >")
    if folded(line.strip(" \t\u00a0:")) in _ORIGINALS:
        return True  # BlackBerry writes no dashes
    if line.startswith("---") and line.endswith("---"):
        return 5 <= len(line) <= 160
    return is_rule(text) and len(line) >= 5


def _after_intro(texts: Sequence[str], index: int) -> int:
    """Past blank lines and a header block or attribution, if one follows."""
    position = index
    while (
        position < len(texts) and position < index + 4 and (not texts[position].strip(" >") or is_rule(texts[position]))
    ):
        position += 1
    if position >= len(texts):
        return index
    block = header_block(texts, position)
    if block is not None:
        return block[0]
    for end in range(position, min(position + 4, len(texts))):
        start = attribution(texts, end)
        if start >= 0 and start <= position:
            return end + 1
    return index
