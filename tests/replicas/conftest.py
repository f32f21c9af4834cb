"""A database and a desk for several processes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.simulator import Seed, Simulator
from tests.peers import Postgres
from tests.replicas.replica import Replica

_numbers = itertools.count(1)


@pytest.fixture
def database(postgres: Postgres, migrated_database: str) -> str:
    """The URL of a fresh database with the schema."""
    return postgres.database(f"replicas{next(_numbers)}", migrated_database)


@pytest.fixture
def desk() -> Iterator[Simulator]:
    with Simulator(Seed(rate_limit={"mode": "off"})) as simulator:
        yield simulator


@pytest.fixture
def replica(database: str, desk: Simulator, tmp_path: Path) -> Iterator[Callable[..., Replica]]:
    """Makes replicas of one gateway."""
    made: list[Replica] = []

    def make(role: str = "all", **more: Any) -> Replica:
        made.append(Replica(tmp_path, desk, database, role, **more))
        return made[-1]

    yield make
    for replica in made:
        replica.kill()
