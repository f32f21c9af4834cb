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
from gateway.model.email import Email
from tests import sizes
from tests.notices.test_closes import email_of, ends, notice_of, read, recoveries, rewritten

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
    """Each mail once: a word that stands in the subject alone is twisted the same way at two places."""
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    every, made = list(product(PLACES, SHAPES)), set()
    for place, shape in every if sizes.LONG else random.Random(closing.name).sample(every, 7):
        twisted = place(closing, pattern, shape)
        if (mail := twisted.model_dump_json()) not in made and _says_more(twisted, closing):
            made.add(mail)
            yield twisted


def _says_more(twisted: FixturePart, closing: FixturePart) -> bool:
    """A mark that stands alone says nothing."""
    return any(
        signs.signs(now) != signs.signs(before)
        for now, before in ((twisted.subject, closing.subject), (twisted.body, closing.body))
    )


def _with_subject(email: Email, subject: str) -> Email:
    """A mail with another subject, without that it is parsed anew."""
    subject = " ".join(subject.split())
    headers = tuple((name, subject if name == "Subject" else value) for name, value in email.headers)
    return replace(email, subject=subject, headers=headers)


@pytest.mark.parametrize("name", profiles.shipped())
def test_no_sign_in_the_line_of_an_end_leaves_it_one(name: str) -> None:
    closed = []
    for closing, over, problem in recoveries(name):
        email = email_of(closing)
        for twisted in _twists(closing, over.word):
            in_subject_alone = twisted == closing.model_copy(update={"subject": twisted.subject})
            quick = in_subject_alone and sizes.LONG
            changed = notice_of(name, _with_subject(email, twisted.subject)) if quick else read(name, twisted)
            if in_subject_alone and not sizes.LONG:
                assert changed == notice_of(name, _with_subject(email, twisted.subject))
            if changed is not None and ends(replace(changed, scope=over.scope), problem):
                closed.append((closing.name, twisted.subject, twisted.body[:60]))
    assert closed == []
