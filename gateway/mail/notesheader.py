"""The header of an old mail as Notes writes it: who and when on the left, To, cc and Subject on the right, with or
without colons; in text beside each other or below each other.

    Bo Berg/Desk            To      ann@acme.example
    24-11-2026 16:02        cc
                            Subject Printer

Source: mails of Notes clients in public archives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .headerlines import FIELD_NAMES, PERSON
from .quotelines import alternation

_LEAD = r"(?P<left>(?:>[ \t]?){0,5}(?:[^\n]{0,120}?[ \t]{2})?[ \t]{0,160}+)"
_COPIES = "cc|kopie|kopi|copia|copie|kopia|cópia|cc:"


def _right(names: str, value: str) -> re.Pattern[str]:
    return re.compile(rf"{_LEAD}(?P<name>{names})[ \t]?:?(?:[ \t]+(?P<value>{value}))?[ \t]*$", re.IGNORECASE)


def _names(kind: str) -> str:
    return alternation([name for name, of in FIELD_NAMES.items() if of == kind])


_TO = _right(_names("to"), r"\S.{0,1000}")
_CC = _right(_COPIES, r"\S.{0,1000}")
_SUBJECT = _right(_names("subject"), r"\S.{0,300}")
_FIRST_WORDS = frozenset(name.split()[0] for name, kind in FIELD_NAMES.items() if kind == "subject")
_MOMENT = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{2,4}[ ,]{1,3}\d{1,2}[:.]\d{2}(?::\d\d)?(?: ?[AaPp][Mm])?")
_IN_NOTES = re.compile(r"[^\W\d_][\w .'-]{1,60}(?:/[\w .&-]{1,40}){1,4}(?:@[\w.-]{1,60})?")
_SHORT_NAME = re.compile(r"[^\W\d_][\w.'-]{0,30}(?: [^\W\d_][\w.'-]{0,30}){0,3}")
_ABOVE = 12
FAR = 2 * _ABOVE
"""Lines above the Subject in which who wrote and when stand, at most."""
_BLANK = " \t>\u00a0"


def notes_header(texts: Sequence[str], index: int, done: int) -> tuple[int, dict[str, str]] | None:
    """The header whose last line is the Subject at ``index``: its first line, not above ``done``, and its fields."""
    text = texts[index]
    if len(text) > 500 or _FIRST_WORDS.isdisjoint(text.lower().replace(":", " ").split()[:6]):
        return None
    subject = _SUBJECT.match(text)
    if subject is None:
        return None
    right: dict[str, str] = {"subject": subject["value"] or ""}
    left: list[str] = [subject["left"]]
    start = _right_side(texts, index, done, right, left)
    if start < 0:
        return None
    start, above = _left_side(texts, start, done, left)
    said = [text.strip(_BLANK) for text in [*above, *reversed(left)]]
    moment = next((found.group() for text in said if (found := _MOMENT.search(text))), "")
    sender = _sender(said)
    if not moment or not sender:
        return None
    right["to"] = _IN_NOTES.sub(_name_of, right["to"])
    return start, {**right, "date": moment, "from": _IN_NOTES.sub(_name_of, sender)}


def _name_of(found: re.Match[str]) -> str:
    """ "Bo Berg" of "Bo Berg/Desk/Acme@ACME", which is no address."""
    return found.group().partition("/")[0]


def _right_side(texts: Sequence[str], index: int, done: int, right: dict[str, str], left: list[str]) -> int:
    """Up from the Subject to the line of To, by way of cc: its index, or -1. What stands beside goes to ``left``."""
    wanted = [("cc", _CC), ("to", _TO)]
    for at in range(index - 1, max(index - _ABOVE, done) - 1, -1):
        text = texts[at]
        if not text.strip(_BLANK):
            continue
        kind, pattern = wanted[0]
        found = pattern.match(text) if len(text) < 1500 else None
        if found is None:
            # Beside the names the left side goes on, and so may a value.
            if len(text) > 300 or index - at > 6:
                return -1
            left.append(text)
            continue
        right[kind] = found["value"] or ""
        left.append(found["left"])
        wanted.pop(0)
        if not wanted:
            return at
    return -1


def _left_side(texts: Sequence[str], top: int, done: int, left: Sequence[str]) -> tuple[int, list[str]]:
    """Up from the line of To to the person who wrote: the first line, and the lines in order."""
    has_moment = any(_MOMENT.search(text) for text in left)
    has_person = any(_person_in(text) for text in left)
    start, blanks = top, 0
    for at in range(top - 1, max(top - _ABOVE, done) - 1, -1):
        text = texts[at].strip(_BLANK)
        if has_moment and has_person and (not text or blanks):
            break
        if not text:
            blanks += 1
            if blanks > 2:
                break
            continue
        if has_moment and not _person_in(text) and not (blanks == 0 and _SHORT_NAME.fullmatch(text)):
            break
        if len(text) > 200:
            break
        has_person = has_person or (has_moment and bool(text))
        if found := _MOMENT.search(text):
            beside = text[: found.start()].strip()
            has_moment, has_person = True, has_person or bool(_person_in(beside) or _SHORT_NAME.fullmatch(beside))
        blanks = 0
        start = at
    return start, [*texts[start:top]]


def _person_in(text: str) -> str:
    """A person with an address, or as Notes names people."""
    value = text.strip(_BLANK)
    value = value.partition(":")[2].strip() or value if ":" in value[:20] and "@" in value else value
    value = _MOMENT.sub("", value).strip()
    return value if PERSON.fullmatch(value) or _IN_NOTES.fullmatch(value) else ""


def _sender(said: Sequence[str]) -> str:
    """The person on the left: who stands first, an address on the next line included."""
    people = [(at, found) for at, text in enumerate(said) if (found := _person_in(text))]
    if not people:
        names = [found for text in said if (found := _MOMENT.sub("", text).strip()) and _SHORT_NAME.fullmatch(found)]
        return names[0] if names else ""
    at, person = people[0]
    name = said[at - 1] if at else ""
    alone = person.startswith("<") and _SHORT_NAME.fullmatch(name)
    return f"{name} {person}" if alone else person


def notes_header_below(texts: Sequence[str], index: int) -> tuple[int, dict[str, str]] | None:
    """The same from its first line at ``index``: the end of the header and its fields."""
    for at in range(index, min(index + _ABOVE, len(texts))):
        if (found := notes_header(texts, at, index)) is not None:
            return at + 1, found[1]
    return None
