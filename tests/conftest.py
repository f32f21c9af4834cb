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
schema.folder()  # before the processes that share it are started
gc.disable()  # while tests are collected: all of it stays

MEMORY, ROOM = Path("/dev/shm"), 4 << 30
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))  # tmp_path: thousands of commits wait for no disk

FIRST = (
    "scenarios/test_scenarios.py", "operate/test_trial.py", "faults/test_faults.py", "mail/test_hostile.py",
    "scenarios/test_notices.py", "store/test_retention.py", "notices/test_closes.py",
    "end_to_end/test_backup.py", "web/test_console.py", "end_to_end/test_processes.py", "web/test_browser.py",
    "replicas/test_take_over.py", "notices/test_signs.py", "scenarios/test_several.py", "faults/test_guards.py",
    "work/test_parser.py", "faults/test_storms.py", "notices/test_properties.py", "end_to_end/test_commands.py",
    "end_to_end/test_reload.py", "desk/test_wrong_answers.py", "scenarios/test_attacks.py",
    "scenarios/test_silence.py", "scenarios/test_acknowledge.py", "smtp/test_attacks.py", "tests/test_lean.py",
    "store/test_arrivals.py", "smtp/test_peers.py", "upkeep/test_probes.py", "operate/test_finding.py",
    "contract/test_client.py", "contract/test_recordings.py", "notices/test_configuration.py",
    "upkeep/test_flow.py", "web/test_oidc.py", "replicas/test_replicas.py",
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
        server = schema.server()
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
