"""Fixtures of the edge's tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.engine import Store
from tests.smtp.serving import Tls


@pytest.fixture
def kept(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    """An open store."""
    shutil.copy(migrated_file, tmp_path / "gateway.db")
    store = Store(f"sqlite:///{tmp_path}/gateway.db")
    yield store
    store.close()


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(tmp_path)
