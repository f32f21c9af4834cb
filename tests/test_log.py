"""What is logged stays in its line."""

from __future__ import annotations

from gateway.log import _printable


def test_what_comes_from_a_mail_steers_no_terminal_and_forges_no_line() -> None:
    event = {"event": "finished", "sender": "ann\x1b[2J\nforged\u202e", "size": 5, "exception": "a\x1b]0;x\x07\nb"}
    assert _printable(None, "info", event) == {
        "event": "finished",
        "sender": "ann?[2J?forged?",
        "size": 5,
        "exception": "a?]0;x?\nb",
    }
