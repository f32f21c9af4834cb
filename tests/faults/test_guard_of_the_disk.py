"""Without the sync of the disk the gateway fails the campaign; in a file of its own, so that it runs beside the others."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.faults.campaign import run
from tests.peers import Missing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a busy machine starts processes slowly


def test_without_the_sync_of_the_disk_it_fails(tmp_path: Path) -> None:
    try:
        found = run("power", tmp_path, 1, mails=60, seconds=4, sabotage="sync", drain=15)
    except Missing as missing:
        pytest.skip(f"NOT TESTED: {missing}")
    except sqlite3.DatabaseError as damaged:  # the cut has left a file that cannot be read, mail and all
        assert damaged.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    else:
        assert found.verdict.lost != []
