"""What a text says of its problem, where it holds more states than one."""

from __future__ import annotations

import pytest

from gateway.match.words import negated, state_in, state_words

WORDS = state_words(
    {
        "open": ["down", "critical", "alarm", "warning", "error", "errors", "fehler"],
        "update": ["paused", "acknowledged"],
        "close": ["up", "ok", "resolved", "down ended", "warning ended", "resolved:"],
    }
)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Down ended (now: Up)", "close"),
        ("Down ended (now: Warning)", "open"),
        ("Warning ended (now: Down)", "open"),
        ("Warning ended (now: Down (Acknowledged))", "open"),
        ("Warning ended (now: Paused)", "update"),
        ("Warning ended (jetzt: Fehler)", "open"),
        ("Down (before: Warning)", "open"),
        ("Up (before: Down)", "close"),
        ("OK -> ALARM", "open"),
        ("ALARM → OK", "close"),
        ("ALARM => OK.", "close"),
        ("changed from OK to CRITICAL", "open"),
        ("changed from CRITICAL to OK", "close"),
        ("von OK auf Fehler", "open"),
        # What follows is more than a state, or none: all words count, and the worst of them wins.
        ("error at disk -> resolved: see the log", "open"),
        ("critical, now: look at the dashboard, all ok", "open"),
        ("from here to there: down", "open"),
        ("from web01 to web02: link up, link down", "open"),
        ("moved from critical to the error queue", "open"),
        ("ok", "close"),
        ("Errors: 0. Result: ok", "close"),
        ("error = none\nok", "close"),
        ("Errors: []\nok", "close"),
        ("Errors: 0 Down: 0 State: ok", "close"),
        ("Errors: 0.4 %\nok", "open"),
        ("Errors: 0012\nok", "open"),
        ("Error: 0 bytes free\nok", "open"),
        ("Error: nothing can be read\nok", "open"),
        ("Down: 0 of 3\nok", "open"),
    ],
)
def test_what_holds_now_counts(text: str, state: str) -> None:
    assert state_in(text, WORDS)[0] == state


@pytest.mark.parametrize(
    "text",
    [
        "resolved, but not for all", "resolved, aber langsam", "resolved: pending", "resolved (not confirmed)", "resolved - expected at 10:00",
        "resolved soon", "resolved is expected by noon", "resolved, no longer", "resolved (no)", "resolved failed.", "resolved pas",
        "resolved: no", "resolved = false", "not resolved", "waiting for resolved", "until all is resolved", "unless resolved",
        "if resolved", "almost resolved", "wird resolved", "pas encore resolved", "no resolved",
    ],
)  # fmt: skip
def test_an_end_that_is_taken_back_is_none(text: str) -> None:
    """Before the word or behind it."""
    start = text.index("resolved")

    assert negated(text, start, start + len("resolved"))
    assert state_in(text, WORDS)[0] != "close"


@pytest.mark.parametrize(
    "text",
    ["resolved", "resolved.", "resolved: failed login on web01", "resolved (failed jobs: 0)", "resolved in 2 hours", "resolved - 3 errors",
     "Site NO Oslo resolved", "resolved: expected string found", "resolved after 5m, down since 10:00 before", "interface If resolved",
     "resolved\n\nNot all of you saw it", "resolved\nPending: 0", "resolved\nbut: x"],
)  # fmt: skip
def test_an_end_that_is_none_taken_back(text: str) -> None:
    start = text.index("resolved")

    assert not negated(text, start, start + len("resolved"))
