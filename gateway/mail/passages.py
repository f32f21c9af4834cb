"""The passages of a reply: its new words, and each line that may be old.

Whether a line is old is for others to say, who know the ticket (``known.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from gateway.model.email import Passage, PassageRole

from . import limits
from .blocks import to_blocks
from .headerlines import field_of
from .lines import Line, squeeze
from .quote import marks
from .quotelines import bare


def passages(
    lines: Sequence[Line],
    new: Sequence[int],
    kept: Collection[int],
    quoted: Sequence[int],
    introductions: Collection[int],
    signature: Sequence[int] = (),
) -> tuple[Passage, ...]:
    """The arguments are indices of lines, in order: those that are shown by the rules (``kept`` are those of them that
    are quoted), those that are cut, those that only introduce others, and those of a signature in doubt. None where
    nothing is cut. Beyond the limits the rules stand: quoted lines are in no passage, and kept ones are new."""
    if not quoted and not kept and not signature:
        return ()
    candidates = _bounded(lines, sorted([*quoted, *kept]))
    role: dict[int, PassageRole] = {
        **dict.fromkeys(new, "new"),
        **dict.fromkeys(signature[: limits.PASSAGES], "signature"),
    }
    role.update({i: "kept" if i in kept else "quoted" for i in candidates})
    within = [bare(lines[i].text) for i in candidates]
    inside = {candidates[at] for mark in marks(within) for at in range(mark.start, mark.end)}
    inside.update(introductions, _fields_below(lines, candidates))
    role.update(dict.fromkeys(inside.intersection(candidates), "introduction"))
    out: list[Passage] = []
    ordered = sorted(role)
    at = 0
    while at < len(ordered):
        i = ordered[at]
        at += 1
        if role[i] != "new":
            out.append(Passage(role[i], lines[i].text, to_blocks([lines[i]])))
            continue
        together = [lines[i]]
        while at < len(ordered) and role[ordered[at]] == "new":
            together.append(lines[ordered[at]])
            at += 1
        together = squeeze(together)
        if together:
            out.append(Passage("new", "\n".join(line.text for line in together), to_blocks(together)))
    return tuple(out)


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
