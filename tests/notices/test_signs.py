"""No sign that the layout does not know stands in the line of an end and leaves it one: faces, symbols, numbers, marks.

Made of every recovery of every shipped profile, every place and every sign; the short form draws some for each recovery.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import pytest

from gateway.config import profiles
from gateway.config.profile import FixturePart
from gateway.match import signs
from tests import sizes
from tests.notices.test_closes import ends, read, recoveries, rewritten

SIGNS = (
    "zq9", "😞", "🤔", "❌", "✗", "❓", "⁉", "☹", "⚠️", "🟡", "⏳", ":(", ":-/", ";(", "=(", ">:(", ":'(", "D:", "(-.-)", "o_O",
    "[#4711]", "(#4711)", "#4711", "[2/3]", "(4711)", "¬", "≠", "~", "!=", "=/=", "?", "¿", "？", "؟", "‽", "½", "¹", "&", "+1",
    "^", "'", "`", "…", "...", "(?)", "(!)", "[?]", "$", "@ann", "n/a", "#wtf", "in 2 hours", "\\", "<>", "no",
)  # fmt: skip
PUT = ("{sign} {text}", "{text} {sign}", "[{text} {sign}]", "({sign}) {text}", "{text} ({sign})", "{text}, {sign}", "{text}: {sign}", "{text} - {sign}")
ROUND = (
    "~~{text}~~", "'{text}'", "‘{text}’", "`{text}`", "‹{text}›", "「{text}」", "{text}*", "{text}…", "<s>{text}</s>", "{text}?", "{text}‽",
    "{text}/", "{text}-ish", "non-{text}", "un-{text}", "!{text}", "{text}:(", "{text} / zq9",
)  # fmt: skip
SHAPES = (*(put.replace("{sign}", sign) for put, sign in product(PUT, SIGNS)), *ROUND)


def _put(shape: str, text: str) -> str:
    return shape.replace("{text}", text)


def _on_subject(closing: FixturePart, word: re.Pattern[str], shape: str) -> FixturePart:
    return closing.model_copy(update={"subject": _put(shape, closing.subject)})


def _on_word(closing: FixturePart, word: re.Pattern[str], shape: str) -> FixturePart:
    return rewritten(closing, lambda text: word.sub(lambda found: _put(shape, found[0]), text))


def _on_word_of_subject(closing: FixturePart, word: re.Pattern[str], shape: str) -> FixturePart:
    return closing.model_copy(update={"subject": word.sub(lambda found: _put(shape, found[0]), closing.subject)})


def _within(closing: FixturePart, word: re.Pattern[str], shape: str) -> FixturePart:
    """Between two words of the subject; which, depends on the shape."""
    gaps = [gap.start() for gap in re.finditer(" ", closing.subject)]
    at = gaps[len(shape) * 7 % len(gaps)] if gaps else 0
    return closing.model_copy(update={"subject": f"{closing.subject[:at]} {_put(shape, '')}{closing.subject[at:]}"})


PLACES: tuple[Callable[[FixturePart, re.Pattern[str], str], FixturePart], ...] = (
    _on_subject,
    _on_word,
    _on_word_of_subject,
    _within,
)


def _twists(closing: FixturePart, word: str) -> Iterator[FixturePart]:
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    every = list(product(PLACES, SHAPES))
    for place, shape in every if sizes.LONG else random.Random(closing.name).sample(every, 7):
        if _says_more(twisted := place(closing, pattern, shape), closing):
            yield twisted


def _says_more(twisted: FixturePart, closing: FixturePart) -> bool:
    """A mark that stands alone says nothing."""
    return any(
        signs.signs(now) != signs.signs(before)
        for now, before in ((twisted.subject, closing.subject), (twisted.body, closing.body))
    )


@pytest.mark.parametrize("name", profiles.shipped())
def test_no_sign_in_the_line_of_an_end_leaves_it_one(name: str) -> None:
    closed = []
    for closing, over, problem in recoveries(name):
        for twisted in _twists(closing, over.word):
            changed = read(name, twisted)
            if changed is not None and ends(replace(changed, scope=over.scope), problem):
                closed.append((closing.name, twisted.subject, twisted.body[:60]))
    assert closed == []
