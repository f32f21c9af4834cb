"""Plays every scenario; ``python -m tests.scenarios`` prints them as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.play import play
from tests.scenarios.scripts import ALICE, BOB, Scenario
from tests.scenarios.scripts_all import ALL
from tests.scenarios.stage import M, Stage
from tests.sizes import size

DECIDED_AGAIN = {scenario.name for scenario in ALL[:: size(5, 1)]}


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
async def test_scenario(scenario: Scenario, tmp_path: Path, migrated_file: Path) -> None:
    is_decided_again = scenario.name in DECIDED_AGAIN
    assert await play(scenario, tmp_path, migrated_file, is_decided_again=is_decided_again) == []


def test_there_are_enough() -> None:
    pains = {number for scenario in ALL for number in scenario.pain}

    assert len(ALL) >= 80
    assert {*range(1, 16), *range(27, 36), *range(47, 60)} - pains == set()
    assert len({scenario.name for scenario in ALL}) == len(ALL)


async def test_a_decision_takes_at_most_four_queries(tmp_path: Path, migrated_file: Path) -> None:
    """A reply with a new file: copies, recent mail, ids with their tickets, files."""
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    reads: list[int] = []
    plain = stage.store.read
    first, reply = M("a", ALICE), M("b", BOB, reply="a", files={"f.bin": b"x"})
    for mail in (first, reply):
        await stage.accept(mail)
        count = 0

        async def counting(operation: Any) -> Any:
            nonlocal count
            count += 1
            return await plain(operation)

        decide = stage.planner._decide

        async def deciding(*arguments: Any, decide: Any = decide) -> Any:
            stage.store.read = counting  # type: ignore[method-assign]
            try:
                return await decide(*arguments)
            finally:
                stage.store.read = plain  # type: ignore[method-assign]

        stage.planner._decide = deciding  # type: ignore[method-assign]
        await stage.work()
        stage.planner._decide = decide  # type: ignore[method-assign]
        reads.append(count)
    await stage.close()

    assert max(reads) <= 4, reads
