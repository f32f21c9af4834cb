"""Every word of an answer is visible, and of what the ticket shows at most a twentieth is shown again."""

from __future__ import annotations

from itertools import cycle, product

import pytest

from tests.conversations.play import LANGUAGES, PROGRAMS, WAYS, Case, result_of

TURN = zip(product(WAYS, PROGRAMS), cycle(LANGUAGES), cycle((True, False, False)), strict=False)
SAMPLE = [
    Case(program, way, language, by_desk)
    for (way, program), language, by_desk in TURN
]


@pytest.mark.parametrize("way", WAYS)
def test_answers(way: str) -> None:
    found = {str(case): result_of(case) for case in SAMPLE if case.way == way}
    assert {name: result.lost for name, result in found.items() if result.lost} == {}
    assert sum(result.again for result in found.values()) <= 0.05 * sum(result.quoted for result in found.values())
    assert sum(result.signed_again for result in found.values()) <= 0.3 * sum(result.signature for result in found.values())
    assert len(found) >= 15
