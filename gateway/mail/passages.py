"""The passages of a reply: its new words, and each line that may be old or the sender's signature.

Whether it is, is for others to say, who know the ticket (``known.py``) and the sender's earlier mail (``ending.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from gateway.model.email import Block, Passage, PassageRole

from . import limits
from .blocks import block_of, is_left_out, rich_of
from .headerlines import field_of
from .lines import Line, squeeze
from .quote import Mark, marks
from .quotelines import bare, quote_depth

_BLANK = Passage("new", "", None)  # a blank line between new words and a quote


def passages(
    lines: Sequence[Line],
    new: Sequence[int],
    kept: Collection[int],
    quoted: Sequence[int],
    introductions: Collection[int],
    signature: Sequence[int] = (),
    proven: Sequence[int] = (),
    introduced: Sequence[Mark] = (),
) -> tuple[Passage, ...]:
    """The arguments are indices of lines, in order: those that are shown by the rules (``kept`` are those of them that
    are quoted), those that are cut, those that only introduce others, and those of a signature in doubt or beyond it.
    None where nothing may be cut. Beyond the limits the rules stand: quoted lines are in no passage, and kept ones are
    new."""
    ending = _ending(lines, new, kept)
    if not quoted and not kept and not signature and not proven and len(ending) < 2:
        return ()
    candidates = _bounded(lines, sorted([*quoted, *kept]))
    role: dict[int, PassageRole] = {
        **dict.fromkeys(new, "new"),
        **dict.fromkeys(ending, "ending"),
        **dict.fromkeys(signature[: limits.PASSAGES], "signature"),
        **dict.fromkeys(proven[: limits.PASSAGES], "proven"),
    }
    role.update({i: "kept" if i in kept else "quoted" for i in candidates})
    inside = _introduced(lines, candidates, introduced)
    inside.update(introductions, _fields_below(lines, candidates))
    role.update(dict.fromkeys(inside.intersection(candidates), "introduction"))
    out: list[Passage] = []
    ordered = sorted(role)
    at = 0
    while at < len(ordered):
        i = ordered[at]
        at += 1
        if role[i] not in ("new", "ending"):
            out.append(Passage(role[i], lines[i].text, _quoted_block(lines, i)))
            continue
        together = [i]
        while at < len(ordered) and role[ordered[at]] in ("new", "ending"):
            together.append(ordered[at])
            at += 1
        first = next((number for number, i in enumerate(together) if role[i] == "ending"), len(together))
        found = _new_passages([lines[i] for i in together], first)
        if found and out and lines[together[0]].blank:
            out.append(_BLANK)
        out += found
        if found and at < len(ordered) and lines[together[-1]].blank:
            out.append(_BLANK)
    return tuple(out)


def _quoted_block(lines: Sequence[Line], number: int) -> tuple[Block, ...] | None:
    """The rich text of a quoted line; of a blank one a blank paragraph, be it quoted how often it may."""
    if lines[number].kind == "text" and lines[number].blank:
        return () if is_left_out(lines, number) else None
    return block_of(lines[number])


def _introduced(lines: Sequence[Line], candidates: Sequence[int], introduced: Sequence[Mark]) -> set[int]:
    """The lines that say whose words follow. Within quotes they are looked for without the marks of quoting; where no
    line has any, ``introduced`` has them all."""
    if any(lines[i].quote or lines[i].zone or quote_depth(lines[i].text) for i in candidates):
        within = [bare(lines[i].text) for i in candidates]
        return {candidates[at] for mark in marks(within) for at in range(mark.start, mark.end)}
    return {at for mark in introduced for at in range(mark.start, mark.end)}


def _ending(lines: Sequence[Line], new: Sequence[int], kept: Collection[int]) -> list[int]:
    """The last new lines, as far as each is a block of its own; none of a very long text."""
    found: list[int] = []
    if sum(len(lines[i].text) for i in new) > limits.PASSAGES_TEXT:
        return found
    filled = 0
    for i in reversed(new):
        line = lines[i]
        if filled == limits.ENDING or i in kept or line.quote or line.kind not in ("text", "image", "rule"):
            break
        filled += not line.blank
        found.append(i)
    return found


def _new_passages(lines: Sequence[Line], first: int) -> list[Passage]:
    """New lines in a row: one passage, and one for each line of the ending, which begins with the line ``first``."""
    said = squeeze(lines[:first])
    ending = squeeze(lines[first:])
    out = [_together("new", said)] if said else []
    if not ending:
        return out
    if said and (lines[first].blank or lines[first - 1].blank):
        ending.insert(0, Line())
    together = [*said, *ending]
    for number in range(len(said), len(together)):
        line = together[number]
        out.append(Passage("ending", line.text, () if is_left_out(together, number) else block_of(line)))
    return out


def _together(role: PassageRole, lines: Sequence[Line]) -> Passage:
    return Passage(role, "\n".join(line.text for line in lines), rich_of(lines))


def _fields_below(lines: Sequence[Line], candidates: Sequence[int]) -> Iterator[int]:
    """Header lines, be they few, right below where a program marks the old mail."""
    begun = False
    for i in candidates:
        begun = bool(lines[i].before) or (begun and (lines[i].blank or bool(field_of(lines[i].text)[0])))
        if begun and field_of(lines[i].text)[0]:
            yield i


def _bounded(lines: Sequence[Line], candidates: Sequence[int]) -> Sequence[int]:
    room = limits.PASSAGES_TEXT
    for number, i in enumerate(candidates[: limits.PASSAGES]):
        room -= len(lines[i].text)
        if room < 0:
            return candidates[:number]
    return candidates[: limits.PASSAGES]
