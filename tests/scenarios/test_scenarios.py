"""Plays every scenario; ``python -m tests.scenarios`` prints them as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.play import play
from tests.scenarios.scripts import ALL, Scenario


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: one.name)
async def test_scenario(scenario: Scenario, tmp_path: Path, migrated_file: Path) -> None:
    assert await play(scenario, tmp_path, migrated_file) == []


def test_there_are_enough() -> None:
    pains = {number for one in ALL for number in one.pain}

    assert len(ALL) >= 80
    assert {*range(1, 16), *range(27, 36), *range(50, 60)} - pains == set()
    assert len({one.name for one in ALL}) == len(ALL)
