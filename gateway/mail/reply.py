"""What is new in a reply: marks of structure first, then attribution lines and header blocks, then quotes.

Nothing is deleted: each line goes to the new text, the quoted part or the signature. Kept whole: answers
between the lines of the quote, a text whose cut would leave no words. Source: docs/mail-rules.md "Text".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.model.email import Reply

from . import limits
from .attribution import named_author
from .blocks import rich_of
from .headershapes import block_above
from .lines import EVENT, Line, render, squeeze
from .passages import passages
from .quote import Mark, introduced_inside, marks, separator
from .quotelines import has_words, quote_depth
from .signature import advert, closing, footer, is_proven, sentence
from .signature import find as find_signature

SIGNATURE_ZONE = "signature"


@dataclass(slots=True)
class Split:
    """Indices of lines, in order."""

    new: list[int]
    quoted: list[int] = field(default_factory=list)
    signature: list[int] = field(default_factory=list)
    footer: list[int] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    introductions: set[int] = field(default_factory=set)
    """Quoted lines that only say whose words follow."""
    kept: set[int] = field(default_factory=set)
    """Quoted lines that are in ``new``."""
    marks: Sequence[Mark] = ()
    """Where older mails are introduced in what no structure quotes."""


def reply_of(lines: Sequence[Line]) -> Reply:
    """What of a mail is new, quoted and signature."""

    def pick(indices: Sequence[int]) -> list[Line]:
        return squeeze(lines[i] for i in indices)

    found = split(lines)
    new = pick(found.new)
    text = render(new)
    signature = sorted(found.signature)
    proven, doubtful = sorted(found.footer), signature
    if is_proven([lines[i].text for i in signature]):
        proven, doubtful = sorted([*proven, *signature]), []
    candidates = passages(
        lines, found.new, found.kept, found.quoted, found.introductions, doubtful, proven, introduced=found.marks
    )
    if len(found.new) == len(lines):
        unsigned = new[: closing([line.text for line in new])]
        without = text if len(unsigned) == len(new) else render(unsigned)
        method = ", ".join(found.methods)
        return Reply(text, rich_of(new), text, without, confidence="low", method=method, passages=candidates)
    with_signature = pick(sorted(found.new + found.signature))
    with_quotes = squeeze(lines[i] for i in sorted(found.new + found.quoted))
    with_quotes = with_quotes[: closing([line.text for line in with_quotes])]
    return Reply(
        text=text,
        rich=rich_of(new),
        without_quotes=render(with_signature),
        without_signature=render(with_quotes),
        signature=render(pick(sorted(found.signature + found.footer))),
        quoted=render(pick(found.quoted)),
        confidence="high" if found.quoted or found.signature or found.footer else "low",
        method=", ".join(found.methods),
        passages=candidates,
    )


def split(lines: Sequence[Line]) -> Split:
    """The lines by what they are, as indices."""
    count = ended = next((at for at, line in enumerate(lines) if line.zone == EVENT), len(lines))
    texts = [line.text for line in lines]
    total = 0
    for index, text in enumerate(texts[:count]):
        total += len(text)
        if total > limits.TRIMMED:
            # Beyond the cap only the quote depth is looked at.
            count = index
            break
    tail = list(range(count, ended))
    result = _split(lines[:count], texts[:count])
    if tail:
        (result.quoted if result.quoted and result.quoted[-1] == count - 1 else result.new).extend(tail)
    result.new.extend(range(ended, len(lines)))
    return result


def _split(lines: Sequence[Line], texts: list[str]) -> Split:
    structure = _zones(lines)
    depth = [max(line.quote, quote_depth(text)) for line, text in zip(lines, texts, strict=True)]
    # What is quoted by structure is not searched for attributions; it only counts as a quote.
    found = marks(
        ["" if zone in ("quote", "intro") else text for zone, text in zip(structure, texts, strict=True)],
        [line.before for line in lines],
    )
    role = ["new"] * len(lines)
    methods: list[str] = []
    for index, zone in enumerate(structure):
        if zone == "intro":
            role[index] = "intro"
        elif zone == "quote" or (depth[index] and zone != "passage"):
            role[index] = "quote"
        elif zone == SIGNATURE_ZONE:
            role[index] = "signature"
    told = _apply_all(found, role, texts, depth, methods, lines)
    if "quote" in role:
        _name_authors(role, texts, methods)
        _blanks(role, texts)
    result = _decide(role, texts, lines, methods)
    result.kept.update(i for i in result.new if i >= told)
    result.marks = found
    return result


# Their old mail stands in a blockquote inside the element; what stands beside it was typed by the writer.
_WRAPPERS = frozenset({"gmail_quote", "protonmail_quote"})


def _zones(lines: Sequence[Line]) -> list[str]:
    if not any(line.zone for line in lines):
        return [""] * len(lines)
    found = [_zone(line) for line in lines]
    index = 0
    while index < len(lines):
        zone = lines[index].zone
        end = index + 1
        while end < len(lines) and (lines[end].zone == zone or lines[end].blank):
            end += 1
        if zone in _WRAPPERS:
            first = next((i for i in range(index, end) if lines[i].quote), end)
            if not any(separator(lines[i].text) for i in range(index, min(first, index + 5))):
                if first < end:
                    found[index:first] = ["intro"] * (first - index)
                for i in range(first, end):
                    if not lines[i].quote and not lines[i].blank:
                        found[i] = ""
        elif zone == SIGNATURE_ZONE:
            for i in range(index, end):
                if not lines[i].blank and not sentence(lines[i].text):
                    break
                # The caret stood in the element of the signature when the writer began.
                found[i] = ""
        index = end
    return found


def _zone(line: Line) -> str:
    if not line.zone:
        return ""
    if line.zone == "passage":
        return "passage"
    if line.zone == "moz-cite-prefix":
        return "intro"
    return SIGNATURE_ZONE if line.zone == "signature" else "quote"


def _apply_all(
    found: Sequence[Mark],
    role: list[str],
    texts: list[str],
    depth: list[int],
    methods: list[str],
    lines: Sequence[Line],
) -> int:
    """Introductions and the old mails below them: the quote that follows, or all the rest where it is not marked.
    Returns the first line of an introduction without new words above it: what follows is shown, and may be old.

    One pass: what stands above a mark is final when its turn comes."""
    if not found:
        return len(role)
    filled = _next_filled(texts, lines)
    said = cited = False
    seen = 0
    told_from = len(role)
    for mark in found:
        for i in range(seen, mark.start):
            said = said or (role[i] == "new" and has_words(texts[i]))
            cited = cited or role[i] in ("intro", "quote")
        seen = max(seen, mark.start)
        if role[mark.start] == "quote" and depth[mark.start]:
            continue
        if mark.kind == "forward" and mark.dashed and not cited:
            # A forwarded mail is what the writer wants read.
            methods.append("forward kept")
            role[mark.start :] = ["forward"] * (len(role) - mark.start)
            return len(role)
        following = filled[mark.end]
        quoted = following < len(role) and role[following] == "quote"
        introduces = mark.kind == "attribution" or mark.what in _INTRODUCTIONS
        if not said and mark.kind != "banner":
            # Nothing above: the text below is what was said (or the mail is a forward); only who said it goes.
            told_from = told_from if quoted else min(told_from, mark.start)
            seen = max(seen, mark.end)
            told = quoted or "@" in mark.what or "@" in "".join(texts[mark.start : mark.end])
            if introduces and told and following < len(role):
                role[mark.start : mark.end] = ["intro"] * (mark.end - mark.start)
                if quoted:
                    methods.append(f"{mark.kind}: {mark.what}")
            continue
        role[mark.start : mark.end] = ["intro"] * (mark.end - mark.start)
        methods.append(f"{mark.kind}: {mark.what}")
        if introduces and quoted:
            continue
        marked = _marked_otherwise(texts, following) if introduces else []
        for i in marked:
            role[i] = "quote"
        if marked:
            continue
        role[mark.end :] = ["old"] * (len(role) - mark.end)
        break
    return told_from


_OTHER_MARK = re.compile(r"[|:}\]%]|[^\W\d_]{1,4}>{1,3}")
"""A sign, or the initials of whoever is quoted (The Bat!, Supercite)."""


def _marked_otherwise(texts: Sequence[str], start: int) -> list[int]:
    """The lines from ``start`` on that a mark other than ">" quotes, which the first of them and the next both bear."""
    found = _OTHER_MARK.match(texts[start].lstrip()) if start < len(texts) else None
    if found is None or start + 1 >= len(texts) or texts[start].rstrip().endswith(found[0]):
        return []
    mark = found[0]
    marked = [i for i in range(start, len(texts)) if texts[i].lstrip().startswith(mark)]
    return marked if marked[1:2] == [start + 1] else []


# Elements that hold the line of attribution alone; the quote below them has its own.
_INTRODUCTIONS = frozenset({"reply-intro"})


def _name_authors(role: list[str], texts: list[str], methods: list[str]) -> None:
    """What stands right above a quote and only names who wrote it: a line ("Tom Berg writes:"), which without a date or
    an address introduces nothing but a quote, or header lines of any language."""
    for start in range(1, len(role)):
        if role[start] != "quote" or role[start - 1] in ("quote", "intro"):
            continue
        above = start - 1
        while above > 0 and above > start - 3 and not texts[above].strip():
            above -= 1
        if role[above] != "new":
            continue
        top = above if named_author(texts[above]) else block_above(texts, above + 1)
        if top >= 0:
            role[top:start] = ["intro"] * (start - top)
            methods.append(f"attribution: {texts[above].strip()[:60]}")


def _next_filled(texts: list[str], lines: Sequence[Line]) -> list[int]:
    """For each line the next one with content, itself included; the end for none."""
    out = [len(texts)] * (len(texts) + 1)
    for i in range(len(texts) - 1, -1, -1):
        out[i] = i if texts[i].strip() or lines[i].kind == "image" else out[i + 1]
    return out


def _blanks(role: list[str], texts: list[str]) -> None:
    """A blank line in a quote belongs to it; so does the torn-off end of a quoted line."""
    for i in range(1, len(role) - 1):
        if role[i] == "new" and role[i - 1] == "quote" and role[i + 1] == "quote":
            text = texts[i].strip()
            torn = (
                len(texts[i - 1]) >= 75
                and len(text) <= 25
                and text[:1].islower()
                and (" " in text or not text.isalpha())
            )
            if (
                not text
                or (not text[0].isalnum() and text[0] not in "\"'*" and ("http" in text or text[0] in "_&=/"))
                or torn
                or text.endswith(" >")
            ):
                role[i] = "quote"


def _decide(role: list[str], texts: list[str], lines: Sequence[Line], methods: list[str]) -> Split:
    size = len(role)
    everything = Split(list(range(size)))
    everything.kept.update(i for i in range(size) if role[i] in ("quote", "intro", "old"))
    everything.introductions.update(i for i in range(size) if role[i] == "intro")
    says = [has_words(text) or line.kind == "image" for text, line in zip(texts, lines, strict=True)]
    if not any(role[i] == "new" and says[i] for i in range(size)):
        # Only quotes, or a signature alone: keep it all.
        return everything
    _signature(role, texts, methods)
    new = [i for i in range(size) if role[i] in ("new", "forward") and says[i]]
    if not new:
        return everything
    groups = _quote_groups(role, says)
    kept = _passages(groups, role, texts, lines)
    answered: set[int] = set()
    inner = [group for group in groups if group[0] < new[-1]]
    # One introduced quote is the old mail: no point of it is answered in between.
    one_mail = len(groups) == 1 and _introduced(groups[0], role, texts, lines)
    if inner and not one_mail and not kept.issuperset(range(*inner[0])):
        # Answers between the lines: their quotes are what they answer, with who said it; but at the very top
        # that is known.
        for start, end in inner:
            answered.update(i for i in range(start, end) if role[i] != "intro" or new[0] < start)
        methods.append("answers between the quoted lines")
    result = Split([], methods=methods)
    for i in range(size):
        if role[i] in ("new", "forward") or i in kept or i in answered:
            result.new.append(i)
        elif role[i] == "signature":
            result.signature.append(i)
        elif role[i] == "footer":
            result.footer.append(i)
        else:
            result.quoted.append(i)
    result.kept.update(answered - kept)
    result.introductions.update(i for i in (*result.quoted, *result.kept) if role[i] == "intro")
    if any(role[i] == "quote" for i in result.quoted) and not any(": " in method for method in methods):
        methods.append("quote")
    return result


def _passages(groups: Sequence[tuple[int, int]], role: list[str], texts: list[str], lines: Sequence[Line]) -> set[int]:
    """What the writer quotes or indents: nothing introduces it, and no program marked it as an old mail."""
    kept: set[int] = set()
    none_old = not any(_introduced(group, role, texts, lines) or _cited(group, lines) for group in groups)
    for number, (start, end) in enumerate(groups):
        followed = number + 1 < len(groups) and groups[number + 1][0] == end and role[end] == "intro"
        beside = followed and lines[start].quote and not any(role[i] in ("intro", "old") for i in range(start, end))
        if none_old or beside:
            kept.update(range(start, end))
    return kept


def _introduced(group: tuple[int, int], role: list[str], texts: list[str], lines: Sequence[Line]) -> bool:
    """Whether a line above or inside says whose mail it is, or the program's own element for the old mail does."""
    start, end = group
    return any(
        role[i] in ("intro", "old") or lines[i].zone not in _NO_OLD_MAIL for i in range(start, end)
    ) or introduced_inside(texts[start : min(start + 12, end)])


def _cited(group: tuple[int, int], lines: Sequence[Line]) -> bool:
    return any(lines[i].zone for i in range(*group))


# Zones that hold what the writer quotes, or that say nothing.
_NO_OLD_MAIL = frozenset({"", "passage", "blockquote-cite", "gmail_quote", SIGNATURE_ZONE})


def _signature(role: list[str], texts: list[str], methods: list[str]) -> None:
    """The signature of the new text, wherever the quote stands; below an element of it the writer's words go on."""
    own = [i for i in range(len(role)) if role[i] == "new"]
    last = next((i for i in range(len(role) - 1, -1, -1) if role[i] == "signature"), 0)
    above = [i for i in own if i < last]
    said_below = any(has_words(texts[i]) and not footer(texts[i]) for i in own[len(above) :])
    for part in (above, own[len(above) :]) if last and said_below else (own,):
        said = [texts[i] for i in part]
        at = find_signature(said)
        if at < len(part):
            kind = "footer" if advert(next((t for t in said[at:] if t.strip()), "")) else "signature"
            for i in part[at:]:
                role[i] = kind
            methods.append(kind)


def _quote_groups(role: list[str], says: list[bool]) -> list[tuple[int, int]]:
    """Stretches of quote with their introductions, blank lines between included."""
    groups: list[tuple[int, int]] = []
    start = end = -1
    for i, kind in enumerate(role):
        if kind in ("quote", "intro", "old"):
            if (
                start >= 0
                and kind == "intro"
                and role[end - 1] in ("quote",)
                and not any(role[j] == "intro" for j in range(start, end))
            ):
                groups.append((start, i))
                start = i
            start = i if start < 0 else start
            end = i + 1
        elif kind in ("new", "forward") and says[i] and start >= 0:
            groups.append((start, end))
            start = -1
    if start >= 0:
        groups.append((start, end))
    return groups
