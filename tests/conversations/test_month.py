"""Some days of simulated life: no person's mail is withheld, and no word of one is missing at the desk."""

from __future__ import annotations

from pathlib import Path

from tests.conversations.month import live


async def test_days(tmp_path: Path, migrated_file: Path) -> None:
    found = await live(tmp_path, migrated_file, days=3, seed=5)
    assert found.withheld == []
    assert found.lost == {}
    assert found.surprises == []
    assert sum(sum(became.values()) for became in found.became.values()) >= 30
