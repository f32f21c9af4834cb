"""Names with * and ?, as people write them of devices and jobs: every other sign stands for itself."""

from __future__ import annotations

import pytest

from gateway.decide.notices.windows import holds
from gateway.match.conditions import is_like
from gateway.model.window import Window


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("NAS[1] volume", "nas[1]*", True),
        ("NAS1 volume", "nas[1]*", False),
        ("Backup [SRV01] nightly", "backup [srv01] *", True),
        ("Backup S nightly", "backup [srv01] *", False),
        ("a[!b]c", "a[!b]?", True),
        ("axc", "a[!b]?", False),
        ("ACME-PC-07", "acme-pc-0?", True),
        ("ACME-PC-077", "acme-pc-0?", False),
        ("C:\\Data (x86) + $", "c:\\data (x86) + *", True),
        ("STRASSE 7", "stra\u00dfe ?", True),
        ("two\nlines", "two*", True),
        ("", "*", True),
        ("", "?", False),
    ],
)
def test_only_a_star_and_a_question_mark_stand_for_others(text: str, pattern: str, fits: bool) -> None:
    assert is_like(text, pattern) is fits
    if any(sign in pattern for sign in "*?"):
        assert holds(Window("w", "Patches", 0.0, 1.0, objects=(pattern,)), "c", "ninja", text) is fits
