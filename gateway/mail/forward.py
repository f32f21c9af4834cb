"""The forwarded mail in a mail: from its text or HTML (one reader for both, they are the same lines).

Recognised by a block of header lines in any language, with or without a line such as "Forwarded message" above
it, quoted or not. A block without such a line in a mail whose Subject says that it is a reply is the old mail
of that reply, and no forward. Nothing is deleted: the words around stay in ``above`` and ``below``.
Source: docs/mail-rules.md "Forwards".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from gateway.match import prefixes
from gateway.model.email import Forwarded

from . import limits
from .attribution import Patience, attribution
from .blocks import to_blocks
from .clean import clean_line
from .headerlines import field_of, header_block
from .headerpeople import ANGLED, BARE, shown_people
from .headers import decode_words
from .lines import Line, Run, render, squeeze
from .quote import folded, separator
from .quotelines import bare, is_rule, quote_depth
from .quotewords import CC, DATE, FORWARDED, FROM, SUBJECT, TO

_CHAIN = 5
_CHAIN_LINES = 5_000  # of longer text only the outermost mail is read


def find(lines: Sequence[Line], subject: str = "") -> Forwarded | None:
    """The outermost forwarded mail with the ones inside it as ``chain``."""
    flat = _unfold(_capped(lines))
    found = _outermost(flat, subject)
    if found is None:
        return None
    first, inner = found
    chain: list[Forwarded] = []
    while len(chain) < _CHAIN and len(inner) <= _CHAIN_LINES:
        deeper = _outermost(inner, "", strict=True)
        if deeper is None:
            break
        chain.append(deeper[0])
        inner = deeper[1]
    return replace(first, chain=tuple(chain))


def _capped(lines: Sequence[Line]) -> list[Line]:
    total = 0
    for number, line in enumerate(lines):
        total += len(line.text)
        if total > limits.TRIMMED:
            return list(lines[:number])
    return list(lines)


def _outermost(lines: list[Line], subject: str, strict: bool = False) -> tuple[Forwarded, list[Line]] | None:
    texts = [line.text for line in lines]
    is_reply = prefixes.is_reply(subject)
    index = 0
    while index < len(texts):
        text = texts[index]
        kind = _kind(text) if text.strip() else ""
        start = index
        position = index
        if kind:
            position = _next_filled(texts, index + 1)
            if position - index > 6 or position >= len(texts):
                index += 1
                continue
        block = header_block(texts, position) if ":" in texts[position] or "：" in texts[position] else None
        if block is None and kind == "forward":
            block = _two_fields(texts, position)
        if block is None or not _sound(block[1], kind):
            index += 1
            continue
        sent_on = strict and prefixes.is_forward(block[1].get("subject", ""))
        if (is_reply or strict) and kind != "forward" and not sent_on:
            index = block[0]
            if is_reply and not strict:
                # A reply; what stands below its old mail is that mail's matter.
                return None
            continue
        while start and (is_rule(texts[start - 1].lstrip("> ")) or not texts[start - 1].strip("> ")):
            start -= 1
        if kind == "forward":
            lines, block = _without_frame(lines, texts, block)
        return _build(lines, texts, start, position, block, subject)
    if prefixes.is_forward(subject) and not strict:
        return _attributed(lines, texts, subject)
    return None


def _kind(text: str) -> str:
    """What a line says of the mail below; Horde names its sender: "----- Forwarded message from Ann <a@b.c> -----"."""
    words = text.strip(" \t\u00a0>")
    named = words.startswith("--") and "@" in words and len(words) < 300
    if named and folded(words.strip("- ")).startswith(_FORWARDS):
        return "forward"
    return separator(text)


def _without_frame(
    lines: list[Line], texts: list[str], block: tuple[int, dict[str, str]]
) -> tuple[list[Line], tuple[int, dict[str, str]]]:
    """Some programs say "forwarded" again below the headers, and close the mail with a line of dashes."""
    end, fields = block
    if end < len(texts) and separator(texts[end]) == "forward":
        end += 1
    last = max((at for at in range(end, len(texts)) if texts[at].strip()), default=end)
    closing = last > end and (is_rule(texts[last]) or bool(_CLOSING.match(texts[last].strip())))
    return lines[:last] if closing else lines, (end, fields)


_FORWARDS = tuple(f"{folded(phrase)} " for phrase in FORWARDED)
_CLOSING = re.compile(r"[-=_*]{4,40} ?[^-=_*\n]{3,60} ?[-=_*]{4,40}$")


def _two_fields(texts: list[str], position: int) -> tuple[int, dict[str, str]] | None:
    """Under a line that says "forwarded", a From with an address and one field more are headers."""
    found: dict[str, str] = {}
    end = position
    while end < len(texts) and len(texts[end]) < 5000:
        kind, _, value = field_of(texts[end])
        if not kind or kind in found:
            break
        found[kind] = value
        end += 1
    return (end, found) if len(found) >= 2 and "@" in found.get("from", "") else None


def _attributed(lines: list[Line], texts: list[str], subject: str) -> tuple[Forwarded, list[Line]] | None:
    """A forward that begins like a reply ("On … Ann <a@b.c> wrote:"): its Subject alone tells."""
    patience = Patience()
    for index, text in enumerate(texts):
        start = attribution(texts, index, patience) if text.strip() else -1
        if start < 0:
            continue
        joined = " ".join(bare(line) for line in texts[start : index + 1])
        match = ANGLED.search(joined) or BARE.search(joined)
        if match is None:
            continue
        address = match[1] if match.re is ANGLED else match.group()
        name = _QUOTED_NAME.search(joined[: match.start()].rstrip(" (<["))
        date = _WHEN.search(joined)
        fields = {
            "from": f"{(name[1] if name else _name_before(joined[: match.start()])).strip()} <{address}>",
            "date": date.group().strip() if date else "",
            "subject": prefixes.without_forward(subject),
        }
        return _build(lines, texts, start, start, (index + 1, fields), subject)
    return None


# The name right before the address: quoted in some way, else the last words without digits.
_QUOTED_NAME = re.compile(r"[\"\u201e\u201c\u00ab]\s{0,2}([^\"\u201d\u201c\u00bb]{1,80})\s{0,2}[\"\u201d\u201c\u00bb]$")
_NOT_NAMES = frozenset(
    [
        "skrev",
        "schrieb",
        "heeft",
        "uživatel",
        "používateľ",
        "użytkownik",
        "пользователь",
        "користувач",
        "от",
        "від",
        "von",
        "van",
        "de",
        "от:",
        "kl.",
        "uhr",
        "schreef",
        "at",
        "um",
    ]
)


def _name_before(text: str) -> str:
    words: list[str] = []
    for word in reversed(text.rstrip(" (<[").split()[-6:]):
        if any(char.isdigit() for char in word) or word.endswith((",", ":")) or word.lower() in _NOT_NAMES:
            break
        words.append(word)
    return " ".join(reversed(words))


_WHEN = re.compile(
    r"(?:[^\W\d_]{2,9}[.,]{1,2}\s)?\d{1,4}[-./ ][^,<>\"]{1,40}?"
    r"(?:,? (?:at |um |klo |kl\. |a las |o |à )?\d{1,2}[:.]\d{2}(?::\d\d)?(?: ?[AaPp][Mm])?)"
)


def _next_filled(texts: Sequence[str], index: int) -> int:
    while index < len(texts) and (not texts[index].strip(" >\t\u00a0") or is_rule(texts[index])):
        index += 1
    return index


def _sound(fields: dict[str, str], kind: str) -> bool:
    people = [address for address in shown_people(fields.get("from", "")) if address.address]
    if people:
        return True
    # Some programs give the name alone; then the other fields must be there.
    return (bool(fields.get("from")) and ("date" in fields) and ("subject" in fields)) or (
        kind == "forward" and "subject" in fields
    )


def _build(
    lines: list[Line], texts: list[str], start: int, position: int, block: tuple[int, dict[str, str]], subject: str
) -> tuple[Forwarded, list[Line]]:
    end, fields = block
    depth = quote_depth(texts[position])
    nested = lines[position].quote
    above = squeeze(lines[:start])
    body = list(lines[end:])
    below: list[Line] = []
    first = next((line for line in body if not line.blank), None)
    if not depth and not nested and first is not None:
        # Some programs quote the text and not its headers.
        depth, nested = min(quote_depth(first.text), 1), min(first.quote, 1)
    if depth or nested:
        last = max(
            (
                i
                for i, line in enumerate(body)
                if line.quote >= max(nested, 1) or quote_depth(line.text) >= max(depth, 1)
            ),
            default=-1,
        )
        tail = body[last + 1 :]
        if last >= 0 and any(not line.blank for line in tail):
            below = squeeze(tail)
            body = body[: last + 1]
        body = [_unquoted(line, depth, nested) for line in body]
    kept = squeeze(body)
    people = shown_people(fields.get("from", ""))
    forwarded = Forwarded(
        sender=people[0] if people else None,
        to=shown_people(fields.get("to", "")),
        cc=shown_people(fields.get("cc", "")),
        subject=_decoded(fields.get("subject", "")) or prefixes.without_forward(subject),
        date=clean_line(fields.get("date", "")),
        text=render(kept),
        above=render(above),
        below=render(below),
        blocks=to_blocks(kept),
        above_blocks=to_blocks(above),
    )
    return forwarded, kept


def _decoded(value: str) -> str:
    return clean_line(decode_words(value) if "=?" in value else value)


def _unquoted(line: Line, depth: int, nested: int) -> Line:
    if line.quote:
        return replace(line, quote=max(line.quote - max(nested, 1), 0))
    text = line.text
    if not depth or line.kind != "text":
        return line
    for _ in range(depth):
        stripped = text.lstrip(" ")
        if not stripped.startswith(">"):
            break
        text = stripped[1:]
    text = text[1:] if text.startswith(" ") and quote_depth(line.text) else text
    return replace(line, runs=[Run(text)] if text else [])


def _names(words: Sequence[str]) -> str:
    """The names as they stand before a colon: capitalised, short ones in capitals too."""
    found = {word[:1].upper() + word[1:] for word in words if len(word) > 1 or not word.isascii() or word == "a"}
    found |= {word.upper() for word in words if 1 < len(word) <= 3}
    return "|".join(re.escape(word) for word in sorted(found, key=len, reverse=True))


_GLUED_HEAD = re.compile(
    r"^(?P<head>[\s>]{0,20}[-_]{3,40}\s{0,3}[^-_\n]{4,70}?\s{0,3}[-_]{3,40})\s{1,10}(?P<rest>\S.*)$", re.DOTALL
)
_GLUED = {
    "from": re.compile(rf"(?:{_names(FROM)})\s?[:：]"),
    "to": re.compile(rf"(?:{_names(TO)})\s?[:：]"),
    "cc": re.compile(rf"(?:{_names(CC)})\s?[:：]"),
    "date": re.compile(rf"(?:{_names(DATE)})\s?[:：]"),
    "subject": re.compile(rf"(?:{_names(SUBJECT)})\s?[:：]"),
}


def _unfold(lines: list[Line]) -> list[Line]:
    """One program loses the line breaks of the block: "----- Forwarded Message ----- From: …To: …Sent: …"."""
    out: list[Line] = []
    for line in _without_tables(lines):
        match = (
            _GLUED_HEAD.match(line.text)
            if line.kind == "text" and 30 < len(line.text) < 4000 and "--" in line.text
            else None
        )
        if match is None or separator(match["head"]) == "":
            out.append(line)
            continue
        rest = match["rest"]
        if not _GLUED["from"].match(rest):
            out.append(line)
            continue
        out.append(replace(line, runs=[Run(match["head"])]))
        cuts = [0]
        # The fields come in a set order, so that a word of a value is not taken for a name.
        for kinds in (("to",), ("cc",), ("date",), ("subject",)):
            hit = _GLUED[kinds[0]].search(rest, cuts[-1] + 1)
            if hit is not None:
                cuts.append(hit.start())
        cuts.append(len(rest))
        for begin, end in pairwise(cuts):
            out.append(replace(line, runs=[Run(rest[begin:end].strip())]))
        out.append(replace(line, runs=[]))
    return out


def _without_tables(lines: list[Line]) -> Iterator[Line]:
    """A table of header fields below the line that says "forwarded" (Thunderbird) is header lines."""
    introduced = False
    for line in lines:
        if introduced and line.kind == "table" and _is_head(line):
            for row in line.rows:
                name, *values = ["".join(run.text for run in cell).strip() for cell in row]
                text = f"{name.rstrip(':：').rstrip()}: {' '.join(values)}"
                yield replace(line, kind="text", rows=[], runs=[Run(text)])
            yield Line(quote=line.quote)
        else:
            yield line
        if not line.blank:
            introduced = line.kind == "text" and separator(line.text) != ""


def _is_head(table: Line) -> bool:
    names = ["".join(run.text for run in row[0]).strip(" \u00a0:：") for row in table.rows if row]
    fields = [field_of(f"{name}: x")[0] for name in names]
    return len(fields) == len(table.rows) and all(fields) and "from" in fields
