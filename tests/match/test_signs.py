"""What a line says, and which marks say nothing."""

from __future__ import annotations

import pytest

from gateway.match import signs
from gateway.match.signs import STATE

QUIET = ("{}", "[{}]", "({})", "* {}", "- {} -", "** {} **", "*{}*", "{}.", "{}!", "{}!!!", "{}:", "| {} |", "{},", "[{}]:")
SAYS = (
    "{} :(", "{}:(", ":-/ {}", "{} ☹", "😞 {}", "{}?", "{}？", "!{}", "≠ {}", "~{}~", "{}…", "{} ...", "{} (!)", "{}*", "{}-ish", "-{}",
    "({}", "{} )", "'{}'", "{} x", "{} 1", "<> {}", "{} %", "{}/",
)  # fmt: skip


@pytest.mark.parametrize("shape", QUIET)
def test_marks_that_say_nothing(shape: str) -> None:
    assert signs.signs(shape.format(STATE)) == [STATE]


@pytest.mark.parametrize("shape", SAYS)
def test_whatever_else_stands_in_a_line_is_a_sign(shape: str) -> None:
    assert signs.signs(shape.format(STATE)) not in ([STATE], [])


def test_signs_are_those_of_another_in_their_order() -> None:
    assert signs.signs("[FIRST] Disk C: (on web01), 2/3 — full!") == ["first", "disk", "c", "on", "web01", "2/3", "full"]
    assert signs.follows("disk full", "disk c full") and not signs.follows("full disk", "disk c full")
    assert not signs.follows("a a", "a b")
