"""A database with the schema, to copy: making one anew takes longer than most tests, and a gateway half of its start."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.store.engine import make_engine
from gateway.store.migrate import migrate

if TYPE_CHECKING:
    from tests.peers import Postgres


def _migrate(url: str) -> None:
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()


def _remove(folder: str, maker: int) -> None:
    """By whoever made it: processes that tests fork end earlier."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def migrated_file() -> Path:
    """A SQLite file with the schema."""
    folder = tempfile.mkdtemp(prefix="gateway-schema-")
    atexit.register(_remove, folder, os.getpid())
    file = Path(folder) / "migrated.db"
    _migrate(f"sqlite:///{file}")
    return file


@cache
def template(postgres: Postgres) -> str:
    """The name of a database of this server with the schema."""
    _migrate(postgres.database("migrated"))
    return "migrated"


def database(postgres: Postgres, name: str) -> str:
    """Create a database with the schema; its URL for the gateway."""
    return postgres.database(name, template(postgres))


def put(url: str) -> None:
    """The schema where an SQLite store is to be and is not yet: as a gateway finds it that ran before."""
    kind, _, name = url.partition(":///")
    if kind == "sqlite" and not Path(name).exists() and Path(name).parent.is_dir():
        shutil.copy(migrated_file(), name)
