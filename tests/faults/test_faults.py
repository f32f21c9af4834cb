"""The short form of the campaign: some kinds on each store, fewer mails. ``make campaign`` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.campaign import run
from tests.peers import Missing, Postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a busy machine starts processes slowly


@pytest.mark.parametrize("kind", ["mixed", "power"])
def test_on_sqlite(tmp_path: Path, kind: str) -> None:
    try:
        found = run(kind, tmp_path, 1, mails=40, seconds=3)
    except Missing as missing:
        pytest.skip(f"NOT TESTED: {missing}")
    assert found.verdict.all() == []


def test_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    assert run("mixed", tmp_path, 1, postgres, mails=40, seconds=3).verdict.all() == []
