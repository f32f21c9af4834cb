"""What of a reply the ticket does not show yet, in its place, with the lines that it answers.

New words stay, but for the signature below them once it was shown (``ending.py``); what looks like one is shown until
the ticket has it. Of what is quoted, the known words go, and so do the lines that say whose they are and the frame of
the desk's own mail; what else a person wrote there stays, in any language and program. A quoted mail that never came
here stays whole. Where the ticket's words are not known, the rules of ``reply.py`` stand alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from html import unescape
from itertools import chain
from typing import Literal

from gateway.match.banner import MOST_LINES, is_banner
from gateway.model.email import Block, Passage, PassageRole

from .known import ANSWER, GRAM, KnownWords, squeezed
from .quote import banner
from .signature import footer

Why = Literal["quoted", "introduction", "on the ticket", "frame", "older mail", "signature", "footer"]

CONTEXT = 3
"""Lines of a wrapped paragraph that are shown above its answer."""
_WRAPPED = 50  # characters of a line that may go on in the next
_OURS = 0.2  # share of a quoted mail that must be known for its lines to be the ticket's
_COMMENT = "\N{SPEECH BALLOON}"
_LABEL = 60  # characters of the line that names a comment, in any language
_FOOT = "poweredbyalgapsa"
_BLANK = " \t>\u00a0"
_OWN = ("new", "ending", "signature", "proven")
"""Roles of the sender's own lines."""
_MARK = {"type": "text", "text": "> ", "styles": {}}


def is_blank(passage: Passage) -> bool:
    """Neither words nor a picture."""
    return not passage.text.strip(_BLANK) and not has_picture(passage)


def has_picture(passage: Passage) -> bool:
    return any(block["type"] == "image" for block in passage.rich or ())


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of a reply, in order, and what was cut with the reason."""

    shown: tuple[Passage, ...]
    cut: tuple[tuple[Why, str], ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for passage in self.shown for block in passage.blocks)

    @property
    def found(self) -> int:
        """How many quoted lines with words are shown that the ticket does not have."""
        return sum(passage.role == "quoted" and not is_blank(passage) for passage in self.shown)

    def counts(self) -> dict[Why, int]:
        """How many lines with words were cut, by reason."""
        found: dict[Why, int] = {}
        for why, text in self.cut:
            if text.strip(_BLANK):
                found[why] = found.get(why, 0) + 1
        return found


@dataclass(slots=True)
class _Mail:
    """A mail within the quote: the indices of the passages that introduce it, and of its lines."""

    introduction: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def candidates(passages: Sequence[Passage]) -> list[list[int]]:
    """The passages whose words may be on the ticket already, by index, those of a quoted mail together: ``missing`` is
    about these."""
    return [lines for lines in (*(mail.lines for mail in _mails(passages, {})), _signature(passages)) if lines]


def unknown_in(passages: Sequence[Passage], known: KnownWords) -> tuple[tuple[int, int], ...]:
    """The candidates of which not all is known: the index of each, and how many of its letters and digits are not."""
    found = candidates(passages)
    counts = known.unknown([[passages[i].text for i in quoted] for quoted in found])
    counted = zip(chain.from_iterable(found), chain.from_iterable(counts), strict=True)
    return tuple((i, count) for i, count in counted if count)


def by_rules(passages: Sequence[Passage], known: Set[int] = frozenset()) -> Look:
    """What the rules alone would show, without what is ``known`` of a signature."""
    reasons = _ruled_out(passages, _BY_RULE)
    reasons.update(dict.fromkeys(known, "signature"))
    return _look(passages, reasons)


_BY_RULE: Mapping[PassageRole, Why] = {
    "quoted": "quoted",
    "introduction": "introduction",
    "signature": "signature",
    "proven": "signature",
}


def _ruled_out(passages: Sequence[Passage], roles: Mapping[PassageRole, Why]) -> dict[int, Why]:
    return {
        i: "footer" if gone.role == "proven" and footer(gone.text) else roles[gone.role]
        for i, gone in enumerate(passages)
        if gone.role in roles
    }


def look(
    passages: Sequence[Passage], missing: Mapping[int, int], is_whole: bool, known: Set[int] = frozenset()
) -> Look:
    """``missing``: of each candidate, by its index, how many letters the ticket does not show; none, 0. ``is_whole``:
    all words of the ticket were looked at, so that what they lack never came here. ``known`` of the signature go."""
    reasons = _reasons(passages, missing, is_whole)
    reasons.update(dict.fromkeys(known, "signature"))
    if all(i in reasons for i, passage in enumerate(passages) if not is_blank(passage)):
        # Nothing but what the ticket shows: an empty comment would say less.
        return by_rules(passages)
    context = _context(passages, reasons, missing)
    for i in context:
        del reasons[i]
    _blanks(passages, reasons)
    return _look([_marked(passage) if i in context else passage for i, passage in enumerate(passages)], reasons)


def _look(passages: Sequence[Passage], reasons: Mapping[int, Why]) -> Look:
    shown = _without_idle_blanks([passage for i, passage in enumerate(passages) if i not in reasons])
    return Look(tuple(shown), tuple((reasons[i], passages[i].text) for i in sorted(reasons)))


def _without_idle_blanks(passages: Sequence[Passage]) -> Iterator[Passage]:
    """One blank line at most between others, and none at either end; a rule is none."""
    blank: Passage | None = None
    begun = False
    for passage in passages:
        if is_blank(passage) and not any(block["content"] for block in passage.blocks):
            blank = passage if begun else None
            continue
        if blank is not None:
            yield blank
        yield passage
        blank, begun = None, True


def _reasons(passages: Sequence[Passage], missing: Mapping[int, int], is_whole: bool) -> dict[int, Why]:
    """Why each passage goes, by its index; those that stay have none."""
    old = {i for mail in candidates(passages) for i in mail if not missing.get(i)}
    reasons: dict[int, Why] = dict.fromkeys((*_frame(passages, old), *_from_outside(passages)), "frame")
    reasons.update(_ruled_out(passages, {"proven": "signature"}))
    for number, mail in enumerate(_mails(passages, reasons)):
        letters = sum(len(squeezed(passages[i].text)) for i in mail.lines)
        lacking = sum(missing.get(i, 0) for i in mail.lines)
        ours = letters - lacking >= _OURS * letters
        if number and not is_whole and 2 * lacking > letters:
            reasons.update(dict.fromkeys([*mail.introduction, *mail.lines], "older mail"))
        elif ours or not lacking:
            reasons.update(dict.fromkeys(mail.introduction, "introduction"))
            reasons.update(dict.fromkeys([i for i in mail.lines if i in old], "on the ticket"))
    for i in _below_foot(passages):
        if reasons.get(i) == "on the ticket":
            del reasons[i]
    signature = _signature(passages)
    if sum(missing.get(i, 0) for i in signature) <= _OURS * sum(len(squeezed(passages[i].text)) for i in signature):
        reasons.update(dict.fromkeys(signature, "signature"))
    return reasons


def _signature(passages: Sequence[Passage]) -> list[int]:
    return [i for i, passage in enumerate(passages) if passage.role == "signature"]


def _mails(passages: Sequence[Passage], framed: Mapping[int, Why]) -> list[_Mail]:
    """The mails within the quote, each with the lines that introduce it; new words between its lines part none."""
    mails = [_Mail()]
    for i, passage in enumerate(passages):
        if passage.role in _OWN or i in framed:
            continue
        if passage.role == "introduction":
            if any(squeezed(passages[line].text) for line in mails[-1].lines):
                mails.append(_Mail())
            mails[-1].introduction.append(i)
        else:
            mails[-1].lines.append(i)
    return mails


def _frame(passages: Sequence[Passage], old: set[int]) -> set[int]:
    """The lines of the desk's own mail around a comment: from its banner to the comment, and its foot. Among them may
    be words of the ticket, such as its contact's name; where no comment follows, the first of them ends the head."""
    found: set[int] = set()
    head: list[int] | None = None
    numbers = 0
    above_comment = _above_comment(passages)
    for i, passage in enumerate(passages):
        if passage.role in _OWN:
            continue
        text = passage.text
        if banner(text):
            found.add(i)
            head, numbers = [], 0
        elif head is not None and _COMMENT in unescape(text):
            found.update([*head, i])
            head = None
        elif _FOOT in squeezed(text):
            # Without a comment above it: the desk's mail about the ticket itself.
            found.update([*(head or ()), *_button(passages, i), i])
            head = None
        elif head is not None and numbers > 1 and i in old and i not in above_comment and squeezed(text):
            found.update(head)
            head = None
        elif head is not None:
            numbers += "#" in text
            head.append(i)
    return found


def _above_comment(passages: Sequence[Passage]) -> Set[int]:
    """The lines below which, before the desk's next banner or foot, the line stands that names a comment."""
    found: set[int] = set()
    below = False
    for i in range(len(passages) - 1, -1, -1):
        text = passages[i].text
        if _names_comment(text):
            below = True
        elif below and (banner(text) or _FOOT in squeezed(text)):
            below = False
        if below:
            found.add(i)
    return found


def _names_comment(text: str) -> bool:
    return len(text) <= _LABEL and unescape(text).lstrip(f"{_BLANK}*").startswith(_COMMENT)


def _from_outside(passages: Sequence[Passage]) -> Iterator[int]:
    """What a mail gateway put above our mail on its way to whoever quotes it."""
    for mail in _mails(passages, {}):
        worded = [i for i in mail.lines if not is_blank(passages[i])][: MOST_LINES + 1]
        for end in range(min(len(worded), MOST_LINES), 0, -1):
            if is_banner([passages[i].text.strip(_BLANK) for i in worded[:end]]):
                yield from worded[:end]
                break


def _below_foot(passages: Sequence[Passage]) -> Iterator[int]:
    """The first lines below the desk's own mail, where it ends and an answer may stand."""
    room = 0
    for i, passage in enumerate(passages):
        letters = squeezed(passage.text)
        if passage.role in _OWN or passage.role == "introduction":
            room = 0
        elif _FOOT in letters:
            room = ANSWER
        elif room >= len(letters):
            room -= len(letters)
            yield i
        else:
            room = 0


def _button(passages: Sequence[Passage], foot: int) -> list[int]:
    """The link to the ticket above the foot, in whatever language: a line that is nothing else."""
    above = foot - 1
    while above > 0 and is_blank(passages[above]):
        above -= 1
    if above < 0 or passages[above].role in _OWN or len(passages[above].blocks) != 1:
        return []
    content = passages[above].blocks[0].get("content")
    items = content if isinstance(content, list) else []
    said = [item for item in items if item.get("type") == "link" or squeezed(item.get("text", ""))]
    return [above] if len(said) == 1 and said[0]["type"] == "link" else []


def _context(passages: Sequence[Passage], reasons: Mapping[int, Why], missing: Mapping[int, int]) -> set[int]:
    """Above words that stay in a quote, the old paragraph that they answer."""
    kept: set[int] = set()
    for i, passage in enumerate(passages):
        if i in reasons or passage.role in ("introduction", "signature", "proven") or is_blank(passage):
            continue
        above = i - 1
        while above >= 0 and is_blank(passages[above]):
            above -= 1
        if above < 0 or reasons.get(above) != "on the ticket":
            continue
        if passage.is_new and passages[above].role != "kept":
            # Words below the whole quote answer all of it.
            continue
        if not passage.is_new and len(squeezed(passage.text)) - missing.get(i, 0) >= GRAM:
            # It holds what it answers: a row of a table.
            continue
        kept.add(above)
        for _ in range(CONTEXT - 1):
            if reasons.get(above - 1) != "on the ticket" or len(passages[above - 1].text) < _WRAPPED:
                break
            above -= 1
            kept.add(above)
    return kept


def _blanks(passages: Sequence[Passage], reasons: dict[int, Why]) -> None:
    """A blank line of a quote stays between lines that both stay."""
    shown = False
    for i, passage in enumerate(passages):
        if not is_blank(passage):
            shown = i not in reasons
        elif passage.role in _OWN:
            continue
        elif not shown or not _stays_below(passages, reasons, i):
            reasons.setdefault(i, "on the ticket")
        else:
            reasons.pop(i, None)


def _stays_below(passages: Sequence[Passage], reasons: Mapping[int, Why], i: int) -> bool:
    below = i + 1
    return below < len(passages) and below not in reasons and not is_blank(passages[below])


def _marked(passage: Passage) -> Passage:
    """A line of the ticket that is shown again says so."""
    if passage.text.lstrip().startswith(">"):
        return replace(passage, role="kept")
    blocks = tuple(
        {**block, "content": [_MARK, *block["content"]]}
        if isinstance(block.get("content"), list) and block["content"][:1] != [_MARK]
        else block
        for block in passage.blocks
    )
    return Passage("kept", f"> {passage.text}", blocks)
