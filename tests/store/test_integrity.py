"""A damaged database is not believed: the gateway does not start on it, and ends when it meets damage."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.store import deliveries
from gateway.store.damage import StoreDamaged, check, is_damage
from gateway.store.engine import Store, make_engine
from gateway.store.writer import StoreFailed

PAGE = 4096


def garble(file: Path, page: int) -> None:
    with file.open("r+b") as handle:
        handle.seek(page * PAGE)
        handle.write(b"\xaa" * 512)


@pytest.fixture
def filled(migrated_file: Path, tmp_path: Path) -> Path:
    file = tmp_path / "gateway.db"
    shutil.copy(migrated_file, file)
    with sqlite3.connect(file) as connection:
        connection.executemany(
            "INSERT INTO event (delivery_id, at, what, detail) VALUES (?, 0, 'x', ?)",
            [(str(number), "y" * 500) for number in range(500)],
        )
    connection.close()
    return file


def event_page(file: Path) -> int:
    """The root of a table that holds rows."""
    connection = sqlite3.connect(file)
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'")
    connection.close()
    return int(page) - 1


def test_a_whole_file_is_believed(filled: Path) -> None:
    engine = make_engine(f"sqlite:///{filled}")
    check(engine)
    engine.dispose()


def test_the_log_is_in_the_file_and_synced_before_it_is_believed(filled: Path) -> None:
    engine = make_engine(f"sqlite:///{filled}")
    other = engine.connect()
    other.exec_driver_sql("INSERT INTO event (delivery_id, at, what, detail) VALUES ('a', 0, '', '')")
    log = filled.with_name("gateway.db-wal")
    assert log.stat().st_size > 0

    check(engine)

    assert log.stat().st_size == 0
    other.close()
    engine.dispose()


@pytest.mark.parametrize("page", [0, "event"])
def test_a_damaged_file_is_refused_with_its_name(filled: Path, page: int | str) -> None:
    garble(filled, event_page(filled) if page == "event" else 0)
    engine = make_engine(f"sqlite:///{filled}")

    with pytest.raises(StoreDamaged, match=r"gateway\.db is damaged"):
        check(engine)
    engine.dispose()


@pytest.mark.parametrize(
    "write",
    [
        lambda c: c.exec_driver_sql("INSERT INTO event (delivery_id, at, what, detail) VALUES ('a', 0, '', '')"),
        lambda c: deliveries.note(c, "a", 0.0, "prepared"),
    ],
)
async def test_damage_that_is_met_later_ends_the_store(filled: Path, write: Callable[[Connection], Any]) -> None:
    garble(filled, event_page(filled))
    seen: list[BaseException] = []
    store = Store(f"sqlite:///{filled}", on_fatal=seen.append)

    with pytest.raises(StoreFailed):
        await store.write(write)

    store.close()
    assert [is_damage(error) for error in seen] == [True]


async def test_damage_that_a_reader_meets_ends_it_too(filled: Path) -> None:
    garble(filled, event_page(filled))
    seen: list[BaseException] = []
    store = Store(f"sqlite:///{filled}", on_fatal=seen.append)

    with pytest.raises(Exception, match="malformed"):
        await store.read(lambda c: c.exec_driver_sql("SELECT count(what) FROM event").all())

    store.close()
    assert [is_damage(error) for error in seen] == [True]
