"""The short form of the campaign: some kinds on each store, fewer mails. ``make campaign`` is the long one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import schema
from tests.faults.campaign import run
from tests.peers import Missing, Postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a busy machine starts processes slowly


@pytest.mark.parametrize("kind", ["mixed", "power", "importer", "locked", "arrivals"])
def test_on_sqlite(tmp_path: Path, kind: str) -> None:
    try:
        found = run(kind, tmp_path, 1, mails=28, seconds=2)
    except Missing as missing:
        pytest.skip(f"NOT TESTED: {missing}")
    assert found.verdict.all() == []


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """One that other tests do not share: it will be restarted."""
    try:
        server = schema.server()
    except Missing as missing:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {missing}")
    yield server
    server.stop()


def test_on_postgresql(tmp_path: Path, own_postgres: Postgres) -> None:
    assert run("mixed", tmp_path, 1, own_postgres, mails=28, seconds=2).verdict.all() == []
