"""Who changes the store in the event loop's own thread: what a thread that writes promises, and that the loop waits
for nobody."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from gateway.store.engine import Store
from gateway.store.writer import StoreFailed, Transactions
from tests.waiting import PATIENCE

NOTE = text("INSERT INTO event (delivery_id, at, what, detail) VALUES (:id, 0, 'noted', '')")
NOTED = text("SELECT delivery_id FROM event ORDER BY delivery_id")


@pytest.fixture
def ended() -> list[BaseException]:
    """What has ended the store."""
    return []


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path, ended: list[BaseException]) -> Iterator[Store]:
    (tmp_path / "gateway.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path}/gateway.db", ended.append, in_loop=True)
    yield store
    store.close()


def note(connection: Connection, delivery_id: str) -> str:
    connection.execute(NOTE, {"id": delivery_id})
    return threading.current_thread().name


def noted(connection: Connection) -> list[str]:
    return list(connection.execute(NOTED).scalars())


async def test_all_that_wait_share_a_transaction_in_the_thread_of_the_loop(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = counted_commits(monkeypatch)

    threads = await asyncio.gather(*(store.write(lambda c, id=id: note(c, id)) for id in "abcd"))

    assert set(threads) == {threading.current_thread().name}
    assert await store.glance(noted) == list("abcd")
    assert commits == [1]


async def test_what_is_asked_while_a_transaction_is_committed_is_in_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = counted_commits(monkeypatch)

    async def thrice(name: str) -> None:
        for turn in range(3):
            await store.write(lambda c, id=f"{name}{turn}": note(c, id))

    await asyncio.gather(*(thrice(name) for name in "abcd"))

    assert len(await store.read(noted)) == 12
    assert commits == [3]


async def test_the_loop_goes_on_while_another_process_has_locked_the_file(store: Store) -> None:
    other = sqlite3.connect(store.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    writing = asyncio.create_task(store.write(lambda c: note(c, "a")))
    for _ in range(20):
        await asyncio.sleep(0.005)
    late = asyncio.create_task(store.write(lambda c: note(c, "b")))
    seen = await store.glance(noted)
    other.execute("COMMIT")
    other.close()

    assert not seen and not late.done()
    assert await asyncio.wait_for(writing, PATIENCE) != threading.current_thread().name
    assert await asyncio.wait_for(late, PATIENCE)
    assert await store.glance(noted) == ["a", "b"]


async def test_a_glance_that_another_process_stands_in_the_way_of_is_left_to_a_thread(store: Store) -> None:
    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
    threads = []

    def look(connection: Connection) -> str:
        threads.append(threading.current_thread().name)
        if len(threads) == 1:
            raise OperationalError("SELECT", {}, locked)
        return str(connection.execute(text("SELECT 'there'")).scalar_one())

    assert await store.glance(look) == "there"
    assert threads[0] == threading.current_thread().name != threads[1]


async def test_what_fails_harms_no_other_of_its_transaction(store: Store) -> None:
    def fail(connection: Connection) -> None:
        note(connection, "half")
        raise ValueError("mine")

    results = await asyncio.gather(
        store.write(lambda c: note(c, "a")),
        store.write(fail),
        store.write(lambda c: note(c, "b")),
        return_exceptions=True,
    )

    assert isinstance(results[1], ValueError)
    assert await store.glance(noted) == ["a", "b"]


async def test_all_that_wait_are_told_of_a_commit_that_failed(
    store: Store, ended: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Transactions) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Transactions, "commit", full)
    results = await asyncio.gather(*(store.write(lambda c, id=id: note(c, id)) for id in "ab"), return_exceptions=True)

    assert [type(result) for result in results] == [StoreFailed] * 2
    assert [type(error) for error in ended] == [OSError]
    with pytest.raises(StoreFailed):
        await store.write(noted)


async def test_what_the_database_refuses_as_damaged_ends_the_store_at_once(
    store: Store, ended: list[BaseException]
) -> None:
    malformed = sqlite3.DatabaseError("database disk image is malformed")
    malformed.sqlite_errorcode = sqlite3.SQLITE_CORRUPT

    def damaged(_: Connection) -> None:
        raise OperationalError("SELECT", {}, malformed)

    with pytest.raises(StoreFailed):
        await store.write(damaged)

    assert len(ended) == 1


async def test_its_end_in_the_loop_waits_for_what_is_asked_already(store: Store) -> None:
    first = asyncio.create_task(store.write(lambda c: note(c, "a")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # its commit may be under way
    second = asyncio.create_task(store.write(lambda c: note(c, "b")))
    await asyncio.sleep(0)

    store.close()

    assert await asyncio.wait_for(asyncio.gather(first, second), PATIENCE)
    again = Store(store.url)
    assert again.read_sync(noted) == ["a", "b"]
    again.close()


async def test_who_has_no_loop_waits_in_its_own_thread(store: Store) -> None:
    waits = asyncio.create_task(store.write(lambda c: note(c, "a")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    store.write_sync(lambda c: note(c, "b"))
    name = await asyncio.to_thread(store.write_sync, lambda c: note(c, "c"))

    assert name != threading.current_thread().name
    await asyncio.wait_for(waits, PATIENCE)
    assert await store.glance(noted) == ["a", "b", "c"]


def counted_commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many there were, in a list of one."""
    counted, commit = [0], Transactions.commit

    def count(transactions: Transactions) -> None:
        counted[0] += 1
        commit(transactions)

    monkeypatch.setattr(Transactions, "commit", count)
    return counted
