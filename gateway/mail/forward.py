"""The forwarded mail in a mail: from its text or HTML (one reader for both, they are the same lines).

Recognised by a block of header lines in any language, with or without a line such as "Forwarded message" above
it, quoted or not. A block without such a line in a mail whose Subject says that it is a reply is the old mail
of that reply, and no forward. Nothing is deleted: the words around stay in ``above`` and ``below``.
Source: docs/mail-rules.md "Forwards".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from gateway.match import prefixes
from gateway.model.email import Address, Forwarded

from . import limits
from .attribution import Patience, attribution, framed_author
from .blocks import to_blocks
from .clean import clean_line
from .forwardlines import addressed, one_field_a_line
from .headerlines import field_of, header_block, may_be_field
from .headerpeople import ANGLED, BARE, shown_author, shown_people
from .headers import decode_words
from .headershapes import is_framed, shaped_block, without_colons
from .lines import Line, Run, render, squeeze, with_targets
from .notesheader import notes_header_below
from .quote import folded, separator
from .quotelines import bare, between_arrows, is_rule, quote_depth
from .quotewords import FORWARDED
from .signature import advert

_CHAIN = 5
_CHAIN_LINES = 5_000  # of longer text only the outermost mail is read


def find(lines: Sequence[Line], subject: str = "") -> Forwarded | None:
    """The outermost forwarded mail with the ones inside it as ``chain``."""
    flat = squeeze(one_field_a_line(_capped(lines)))
    if prefixes.is_forward(subject):  # else an address more makes a forward of an old mail
        flat = list(map(addressed, flat))
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
        if not kind and not may_be_field(text):
            index += 1
            continue
        start = index
        position = index
        if kind:
            position = _next_filled(texts, index + 1)
            if position - index > 6 or position >= len(texts):
                index += 1
                continue
        may_begin = may_be_field(texts[position])
        block = header_block(texts, position) if may_begin else None
        if block is None and kind == "forward":
            block = (
                _two_fields(texts, position) or without_colons(texts, position) or notes_header_below(texts, position)
            )
        if may_begin:
            block = _longer(block, shaped_block(texts, position, subject))
        if block is None or not _sound(block[1], kind, subject):
            index += 1
            continue
        sent_on = strict and prefixes.is_forward(block[1].get("subject", ""))
        if (is_reply or strict) and kind != "forward" and not sent_on:
            index = block[0]
            if is_reply and not strict:
                # A reply; what stands below its old mail is that mail's matter.
                return None
            continue
        while start and _leads_in(texts[start - 1]):
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
        if start < 0 and (between_arrows(text) or framed_author(text)):
            start = index
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
        if any(char.isdigit() for char in word):
            # Of the clock, where it stands behind the hour.
            words = words[:-1] if words and words[-1].lower() in _HALVES else words
            break
        if word.endswith((",", ":")) or word.lower() in _NOT_NAMES:
            break
        words.append(word)
    return " ".join(reversed(words))


_HALVES = frozenset(("am", "pm", "a.m.", "p.m.", "π.μ.", "μ.μ."))


_WHEN = re.compile(
    r"(?:[^\W\d_]{2,9}[.,]{1,2}\s)?\d{1,4}[-./ ][^,<>\"]{1,40}?"
    r"(?:,? (?:at |um |klo |kl\. |a las |o |à )?\d{1,2}[:.]\d{2}(?::\d\d)?(?: ?[AaPp][Mm])?)"
)


def _next_filled(texts: Sequence[str], index: int) -> int:
    while index < len(texts) and (not texts[index].strip(" >\t\u00a0") or is_rule(texts[index])):
        index += 1
    return index


def _longer(
    named: tuple[int, dict[str, str]] | None, shaped: tuple[int, dict[str, str]] | None
) -> tuple[int, dict[str, str]] | None:
    """The block by the names of its fields, unless they are known in part only."""
    if named is None or shaped is None or shaped[0] <= named[0]:
        return named or shaped
    return shaped[0], shaped[1] | named[1]


def _leads_in(text: str) -> bool:
    """A line above the headers that is no word of the writer: blank, drawn, or framed by dashes in any language."""
    words = text.strip("> \t")
    return not words or is_rule(words) or is_framed(words)


def _sound(fields: dict[str, str], kind: str, subject: str) -> bool:
    people = [address for address in shown_people(fields.get("from", "")) if address.address]
    if people:
        return True
    # Some programs give the name alone; then the other fields must be there, and the mail say that it is a forward.
    said = bool(kind) or prefixes.is_any(subject)
    return (said and bool(fields.get("from")) and ("date" in fields) and ("subject" in fields)) or (
        kind == "forward" and "subject" in fields
    )


def _build(
    lines: list[Line], texts: list[str], start: int, position: int, block: tuple[int, dict[str, str]], subject: str
) -> tuple[Forwarded, list[Line]]:
    end, fields = block
    depth = quote_depth(texts[position])
    nested = lines[position].quote
    above = _without_advert(lines[:start])
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
    forwarded = Forwarded(
        sender=shown_author(fields.get("from", "")),
        to=shown_people(fields.get("to", "")),
        cc=shown_people(fields.get("cc", "")),
        reply_to=_only(shown_people(fields.get("reply-to", ""))),
        subject=_decoded(fields.get("subject", "")) or prefixes.without_forward(subject),
        date=clean_line(fields.get("date", "")),
        text=render(kept),
        above=render(above),
        below=render(below),
        blocks=to_blocks(kept),
        above_blocks=to_blocks(above),
    )
    return forwarded, kept


def _only(people: Sequence[Address]) -> Address | None:
    return people[0] if len(people) == 1 and people[0].address else None


def _without_advert(above: Sequence[Line]) -> list[Line]:
    """Without the footer of an app ("Get Outlook for iOS") at the end, where the app says that it is one."""
    kept = squeeze(above)
    while kept and (kept[-1].blank or (kept[-1].zone == "signature" and advert(with_targets(kept[-1])))):
        kept.pop()
    return kept


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
