"""How often a mail is decided: each time costs processor time, so what a decision asks is known beforehand or asked for
together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gateway.work import planner
from tests.scenarios.stage import M, Stage, settings_for

ALICE = "Alice Archer <alice@acme.example>"
QUOTE = "\n\nOn Sat, 28 Nov 2026 at 10:00, Support wrote:\n> The printer burns."


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What the decisions of the mails asked that are worked on next, by kind, and how many there were."""
    found: Counter[str] = Counter()
    decide = planner.decide

    def counted(*given: Any) -> Any:
        result = decide(*given)
        found["decisions"] += 1
        if isinstance(result, tuple):
            found.update(question.kind for question in result)
        return result

    monkeypatch.setattr(planner, "decide", counted)
    return found


async def test_a_mail_of_a_known_sender_is_decided_once(
    tmp_path: Path, migrated_file: Path, asked: Counter[str]
) -> None:
    stage = Stage(tmp_path, migrated_file, {**settings_for(), "guard": {"same_subject_per_hour": 2}})
    await stage.open()
    for number in range(5):
        asked.clear()
        await stage.accept(M(f"m{number}", ALICE, f"Matter {'abcde'[number]}", text="It does not work."))
        await stage.work(within=1)
    assert asked == {"decisions": 1}
    await stage.close()


async def test_what_the_text_of_a_reply_needs_is_asked_for_together(
    tmp_path: Path, migrated_file: Path, asked: Counter[str]
) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    card = "\n\nAlice Archer\nalice@acme.example, +1 555 0100"
    await stage.accept(M("first", ALICE, "The printer burns", text="It does." + card))
    await stage.work(within=1)
    asked.clear()
    files = {"log.txt": b"burns"}
    await stage.accept(
        M("second", ALICE, "Re: The printer burns", text="Still." + card + QUOTE, reply="first", files=files)
    )
    await stage.work(within=1)
    assert asked.pop("decisions") == 3
    assert len(asked) == 4, asked  # the ticket's state; then its files, its quotes, the signature
    await stage.close()
