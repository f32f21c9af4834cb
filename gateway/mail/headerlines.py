"""Header lines as mail programs write them above an old mail ("From: …", "Von: …"), in any language."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import quotewords as words
from .quotelines import ADDRESS, DIGITS, TIME, YEAR, quote_depth

_FIELD_SETS = (
    ("from", words.FROM), ("date", words.DATE), ("to", words.TO), ("cc", words.CC),
    ("subject", words.SUBJECT), ("reply-to", words.REPLY_TO), ("other", words.OTHER),
)  # fmt: skip
BESIDE = ("reply-to", "other")
"""Fields that make no block by themselves."""
FIELD_NAMES: dict[str, str] = {}
for _kind, _names in _FIELD_SETS:
    for _name in _names:
        FIELD_NAMES.setdefault(_name.rstrip(" :"), _kind)
_FIELD = re.compile(r"([^\d\s:：<>@][^:：<>@\n]{0,28}?)\s{0,3}[\*_]{0,2}\s{0,2}[:：][\*_]{0,2}(.*)$", re.DOTALL)


_ROW = re.compile(r"[ \t>]{0,20}\|\s{0,5}([^\s|<>@:：][^|<>@\n:：]{0,28}?)\s{0,5}\|([^|\n]*)\|\s*$")
"""A row of two cells, as some webmails write header lines into a text."""


def may_be_field(text: str) -> bool:
    """Whether a line has what header lines have; a quick look."""
    return ":" in text or "：" in text or text.count("|") == 3


PERSON = re.compile(rf"[^<>@:]{{0,80}}<?{ADDRESS.pattern}>?[\s.,;]{{0,3}}")
"""A person with an address and nothing else."""
_DATED = re.compile(
    r"(?:[^\W\d_]{1,20} ){1,3}\d{1,4}[-./]\d{1,2}[-./]\d{2,4},? (?:[^\W\d_]{1,3} )?\d{1,2}[:.h]\d{2}(?::\d\d)?"
)
_LABELLED = re.compile(
    r"[>\s*|]{0,20}([^\d\s:：<>@*][^\d:：<>@\n]{0,40}?)[\s*]{0,4}[:：\u055d\u17d6][\s*]{0,4}(\S.{0,2000})$", re.DOTALL
)


def labelled(text: str) -> str:
    """What stands behind a name and its colon, whatever the name; "" for any other line."""
    match = _LABELLED.match(text)
    return match[2].strip(" *\u200e\u200f") if match else ""


def is_moment(value: str) -> bool:
    """Whether a short value is a date with its time or year."""
    return len(value) < 100 and bool(DIGITS.search(value)) and bool(TIME.search(value) or YEAR.search(value))


def _kind_by_shape(text: str, found: dict[str, str]) -> tuple[str, str]:
    """What a line between header lines is whose name is of no list: the moment or the person that is missing yet."""
    value = labelled(text)
    if PERSON.fullmatch(value):
        return next((kind for kind in ("from", "to", "cc") if kind not in found), ""), value
    return ("date", value) if value and "date" not in found and "@" not in value and is_moment(value) else ("", "")


def field_of(text: str) -> tuple[str, str, str]:
    """(kind, name, value) of a header line in any language; ("", "", "") for anything else."""
    line = text.lstrip(" \t\u00a0>*_|\u200e\u200f\u200b\ufeff").rstrip()
    match = _FIELD.match(line[:2000])
    if match is None or "|" in match[1]:
        match = _ROW.match(text[:2000])
    if match is None:
        return "", "", ""
    name = match[1].strip(" *_\u00a0").lower()
    kind = FIELD_NAMES.get(name, "")
    if not kind:
        return "", "", ""
    return kind, name, match[2].strip(" *_\u00a0\t\n")


def header_block(texts: Sequence[str], index: int) -> tuple[int, dict[str, str]] | None:
    """A coherent block of header lines beginning at ``index``: its end and its fields, or None.

    Three of from, date, to, subject; or two of them with an address and a from."""
    kind, _, value = field_of(texts[index])
    if not kind or (kind in BESIDE and not value):
        return None
    found: dict[str, str] = {}
    depth = quote_depth(texts[index])
    position = index
    last = index
    wraps = 0
    blanks = 0
    last_kind = ""
    while position < len(texts) and position - index < 40:
        text = texts[position]
        if len(text) > 5000:
            break
        kind, _, value = field_of(text)
        if not kind and position > index:
            kind, value = _kind_by_shape(text, found)
        if kind and quote_depth(text) == depth:
            if kind not in BESIDE and kind in found:
                break
            found[kind] = value
            last_kind = kind
            last = position
            wraps = blanks = 0
        elif not text.strip(" \t>*_|\u00a0"):
            blanks += 1
            # A value may stand on the next line; a blank after three fields ends the block.
            if blanks > 1 or len([k for k in found if k not in BESIDE]) >= 3:
                nxt = field_of(texts[position + 1])[0] if position + 1 < len(texts) else ""
                if blanks > 1 or not nxt or nxt in found:
                    break
        else:
            wraps += 1
            blank_value = not found.get(last_kind, "x") and last_kind != ""
            indented = text[:1] in " \t" or last_kind in ("to", "cc") or blank_value or _continues(text)
            if wraps > (12 if last_kind in ("to", "cc") else 2) or not indented or blanks:
                following = field_of(texts[position + 1])[0] if position + 1 < len(texts) else ""
                if wraps > 2 or not following or following in found or blanks:
                    break
            if last_kind:
                found[last_kind] = (found[last_kind] + " " + text.strip(" >*_|")).strip()
                last = position
        position += 1
    # A wrap that turned out to be the text is given back.
    core = {key for key in found if key in ("from", "date", "to", "subject")}
    if not _coherent(found, core):
        # Two fields alone are headers only where nothing follows them.
        dated = bool(DIGITS.search(found.get("date", ""))) and bool(TIME.search(found.get("date", "")))
        addressed = "@" in found.get("to", "") or "@" in found.get("from", "")
        if not (dated and addressed and _ends_text(texts, last + 1)):
            return None
    return last + 1, found


def _ends_text(texts: Sequence[str], position: int) -> bool:
    return all(not text.strip() for text in texts[position : position + 40]) and position + 40 > len(texts)


def _continues(text: str) -> bool:
    return "@" in text and len(text) < 200


def _coherent(found: dict[str, str], core: set[str]) -> bool:
    if "from" not in core:
        return len(core) >= 3 and "@" in found.get("to", "")
    evidence = 0
    evidence += "@" in found["from"] or (bool(found["from"]) and "date" in core)
    evidence += bool(DIGITS.search(found.get("date", "")))
    evidence += "subject" in core
    evidence += "@" in found.get("to", "") or "to" in core
    return (len(core) >= 3 and evidence >= 3) or (
        len(core) == 2 and "@" in found["from"] and bool(DIGITS.search(found.get("date", "")))
    )


def is_sent(fields: dict[str, str]) -> bool:
    """A mail that was sent has a date; what was pasted, or a form, may not."""
    return bool(DIGITS.search(fields.get("date", "")))


def is_named(fields: dict[str, str]) -> bool:
    return "subject" in fields or any("@" in value for value in fields.values())


def is_field_of_any_name(text: str) -> bool:
    """Whether a line has a name, a colon and behind it a moment or a person: a header line where others stand below.
    Before a moment the colon may lack ("Message du 24/11/26 16:02")."""
    if _DATED.fullmatch(text.strip(" \t>*|\u00a0")[:100]):
        return True
    match = _FIELD.match(text.strip()[:200])
    if match is not None and YEAR.search(match[2]) and TIME.search(match[2]):
        return True
    return len(text) < 300 and bool(PERSON.fullmatch(labelled(text)))
