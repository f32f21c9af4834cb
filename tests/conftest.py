"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from gateway.store.engine import Store
from tests import compiled, schema
from tests.peers import Missing, Postgres

if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment] # httpx looks for it at every request to an ASGI app

compiled.once()
gc.disable()  # while tests are collected: all of it stays

MEMORY, ROOM = Path("/dev/shm"), 4 << 30
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # tmp_path: thousands of commits wait for no disk

FIRST = (
    "faults/test_faults.py", "scenarios/test_scenarios.py", "web/test_browser.py", "faults/test_storms.py",
    "mail/test_hostile.py", "replicas/test_take_over.py", "scenarios/test_notices.py", "faults/test_guards.py",
    "end_to_end/test_backup.py", "scenarios/test_attacks.py", "replicas/test_replicas.py", "smtp/test_attacks.py",
    "end_to_end/test_memory.py", "faults/test_guard_of_the_disk.py", "end_to_end/test_processes.py",
    "end_to_end/test_commands.py", "mail/test_linear.py", "end_to_end/test_probe.py", "end_to_end/test_odd_desk.py",
    "store/test_retention.py",
)  # fmt: skip
"""The files that take longest, as measured, the longest first: what begins last keeps one worker busy while the others
have nothing left."""
FOLDERS = ("end_to_end", "store", "scenarios", "smtp")
"""Whose other files come next."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, where files are given out in this order (--no-loadscope-reorder)."""
    places = {name: place for place, name in enumerate(FIRST + FOLDERS)}

    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return places.get(f"{folder}/{item.path.name}", places.get(folder, len(places)))

    items.sort(key=place)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was collected, thousands of tests, is not gone through again whenever one makes some rubbish."""
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of our own."""
    try:
        server = Postgres()
    except Missing as missing:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {missing}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_file() -> Path:
    """A SQLite file with the schema, to copy."""
    return schema.migrated_file()


@pytest.fixture(scope="session")
def migrated_database(postgres: Postgres) -> str:
    """The name of a PostgreSQL database with the schema, to copy."""
    return schema.template(postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the schema and no rows, once of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "gateway.db")
        return f"sqlite:///{tmp_path}/gateway.db"
    return schema.emptied(request.getfixturevalue("postgres"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store with the schema."""
    store = Store(store_url)
    yield store
    store.close()
