"""What is new in a reply: marks of structure first, then attribution lines and header blocks, then quotes.

Nothing is deleted: each line goes to the new text, the quoted part or the signature. Kept whole: answers
between the lines of the quote, a text whose cut would leave no words. Source: issue "Read any mail", RULES 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import limits
from .blocks import to_blocks
from .lines import Line, render, squeeze
from .model import Reply
from .quote import Mark, bare, is_rule, marks, quote_depth
from .signature import find as find_signature

SIGNATURE_ZONE = "signature"


@dataclass(slots=True)
class Split:
    """Indices of lines, in order."""

    new: list[int]
    quoted: list[int] = field(default_factory=list)
    signature: list[int] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)


def reply_of(lines: Sequence[Line]) -> Reply:
    found = split(lines)
    pick = lambda indices: squeeze(lines[i] for i in indices)  # noqa: E731
    new = pick(found.new)
    with_signature = pick(sorted(found.new + found.signature))
    with_quotes = pick(sorted(found.new + found.quoted))
    return Reply(
        text=render(new),
        blocks=to_blocks(new),
        without_quotes=render(with_signature),
        without_signature=render(with_quotes),
        signature=render(pick(found.signature)),
        quoted=render(pick(found.quoted)),
        confidence="high" if found.quoted or found.signature else "low",
        method=", ".join(found.methods),
    )


def split(lines: Sequence[Line]) -> Split:
    count = len(lines)
    texts = [line.text for line in lines]
    total = 0
    for index, text in enumerate(texts):
        total += len(text)
        if total > limits.TRIMMED:
            # Beyond the cap only the quote depth is looked at.
            count = index
            break
    tail = list(range(count, len(lines)))
    result = _split(lines[:count], texts[:count])
    if tail:
        (result.quoted if result.quoted and result.quoted[-1] == count - 1 else result.new).extend(tail)
    return result


def _split(lines: Sequence[Line], texts: list[str]) -> Split:
    structure = [_zone(line) for line in lines]
    depth = [max(line.quote, quote_depth(text)) for line, text in zip(lines, texts, strict=True)]
    # What is quoted by structure is not searched for attributions; it only counts as a quote.
    found = marks(
        ["" if zone == "quote" else text for zone, text in zip(structure, texts, strict=True)],
        [line.before for line in lines],
    )
    role = ["new"] * len(lines)
    methods: list[str] = []
    for index, zone in enumerate(structure):
        if zone == "quote" or depth[index]:
            role[index] = "quote"
        elif zone == SIGNATURE_ZONE:
            role[index] = "signature"
    for mark in found:
        _apply(mark, role, texts, depth, methods, lines)
    _blanks(role, texts)
    return _decide(role, texts, lines, methods)


def _zone(line: Line) -> str:
    if not line.zone:
        return ""
    return SIGNATURE_ZONE if line.zone == "signature" else "quote"


def _apply(
    mark: Mark, role: list[str], texts: list[str], depth: list[int], methods: list[str], lines: Sequence[Line]
) -> None:
    """An introduction, and the old mail below it: its quote, or all the rest where it is not marked."""
    if role[mark.start] in ("old", "quote") and depth[mark.start]:
        return
    if role[mark.start] == "old":
        return
    if not any(role[i] == "new" and _words(texts[i]) for i in range(mark.start)) and mark.kind != "banner":
        # Nothing above: the text below is what was said (or the mail is a forward).
        following = next((i for i in range(mark.end, len(texts)) if texts[i].strip()), -1)
        if following < 0 or role[following] != "quote" or mark.kind != "attribution":
            return
    for i in range(mark.start, mark.end):
        role[i] = "intro"
    following = next((i for i in range(mark.end, len(texts)) if texts[i].strip() or lines[i].kind == "image"), -1)
    if following < 0:
        methods.append(f"{mark.kind}: {mark.what}")
        return
    if mark.kind == "attribution" and role[following] == "quote":
        methods.append(f"{mark.kind}: {mark.what}")
        return
    methods.append(f"{mark.kind}: {mark.what}")
    for i in range(mark.end, len(texts)):
        role[i] = "old"


def _words(text: str) -> bool:
    return any(char.isalnum() for char in text) or any(ord(char) > 0x2190 for char in text)


def _blanks(role: list[str], texts: list[str]) -> None:
    """A short line between two lines of one quote is its wrapped tail; a blank one belongs to what is around."""
    for i in range(1, len(role) - 1):
        if role[i] != "new" or role[i - 1] != "quote" or role[i + 1] != "quote":
            continue
        if not texts[i].strip() or (
            len(texts[i]) < 40 and texts[i - 1].rstrip()[-1:].isalnum() and len(texts[i - 1]) > 60
        ):
            role[i] = "quote"


def _decide(role: list[str], texts: list[str], lines: Sequence[Line], methods: list[str]) -> Split:
    size = len(role)
    everything = Split(list(range(size)))
    says = [_words(text) or line.kind == "image" for text, line in zip(texts, lines, strict=True)]
    new = [i for i in range(size) if role[i] == "new" and says[i]]
    signature_start = size
    if not new:
        # Only quotes, or a signature alone: keep it all.
        return everything
    # The signature of the new text, wherever the quote stands.
    own = [i for i in range(size) if role[i] == "new"]
    at = find_signature([texts[i] for i in own])
    if at < len(own):
        for i in own[at:]:
            role[i] = "signature"
        signature_start = own[at]
        methods.append("signature")
    del signature_start
    new = [i for i in range(size) if role[i] == "new" and says[i]]
    if not new:
        return everything
    groups = _quote_groups(role, says)
    inner = [group for group in groups if group[0] < new[-1]]
    kept_quotes: set[int] = set()
    if inner and not _bottom_answer(inner, new, role, lines):
        # Answers between the lines: their quotes are what they answer.
        for start, end in inner:
            kept_quotes.update(i for i in range(start, end))
        methods.append("answers between the quoted lines")
    result = Split([], methods=methods)
    for i in range(size):
        if role[i] == "new" or i in kept_quotes:
            result.new.append(i)
        elif role[i] == "signature":
            result.signature.append(i)
        else:
            result.quoted.append(i)
    if any(role[i] == "quote" for i in result.quoted) and not any(
        m.startswith(("attr", "head", "sep", "forw", "bann", "bound")) for m in methods
    ):
        methods.append("quote")
    return result


def _quote_groups(role: list[str], says: list[bool]) -> list[tuple[int, int]]:
    """Stretches of quote with their introductions, blank lines between included."""
    groups: list[tuple[int, int]] = []
    start = -1
    end = -1
    for i, kind in enumerate(role):
        if kind in ("quote", "intro", "old"):
            if start < 0:
                start = i
            end = i + 1
        elif kind == "new" and says[i] and start >= 0:
            groups.append((start, end))
            start = -1
    if start >= 0:
        groups.append((start, end))
    return groups


def _bottom_answer(inner: list[tuple[int, int]], new: list[int], role: list[str], lines: Sequence[Line]) -> bool:
    """One introduced quote in one piece, and the answer in one piece: the quote is the old mail, not a point."""
    if len(inner) != 1:
        return False
    start, end = inner[0]
    return any(role[i] == "intro" for i in range(start, end))
