"""What the order of a thread costs does not grow with how many wait in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from gateway.model.waiting import Waiting
from gateway.store import order
from gateway.store.engine import Store
from gateway.store.schema import delivery
from tests.store.test_contract import DESK, NOW, accept, new

FEW, MANY = 60, 600
THREAD = "thread@x"
STEPS = 10  # of SQLite's machine, at which it is looked


async def storm(store: Store, mails: int, sender: str = "alice@acme.example") -> None:
    """So many mails of one thread that wait."""
    await accept(store, *(new(str(number), f"{number}@x", THREAD) for number in range(mails)))
    waits = {"due_at": NOW + 100, "waits_from": NOW, "waits_for": Waiting.EARLIER.value}
    await store.write(
        lambda c: c.execute(update(delivery).values(sender=sender, sender_domain="acme.example", **waits))
    )


def steps(store: Store, operation: Callable[[Connection], object]) -> int:
    """Steps of SQLite's machine that an operation takes."""
    seen = 0

    def see() -> int:
        nonlocal seen
        seen += STEPS
        return 0

    with store.engine.connect() as connection:
        operation(connection)
        driver: Any = connection.connection.dbapi_connection
        driver.set_progress_handler(see, STEPS)
        operation(connection)
        driver.set_progress_handler(None, 0)
    return seen


OPERATIONS: dict[str, Callable[[Connection, int], object]] = {
    "who is ahead, by the header": lambda c, last: order.blockers_by_header(c, last),
    "who is ahead of the second, by the header": lambda c, last: order.blockers_by_header(c, 2),
    "who is ahead": lambda c, last: order.blockers(c, DESK, last, {THREAD, f"{last}@x"}),
    "whose notice is ahead": lambda c, last: order.ahead(c, DESK, last, [THREAD]),
    "waking": lambda c, last: order.wake(c, 1, NOW),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
async def test_a_storm_in_a_thread(
    operation: Callable[[Connection, int], object], tmp_path: Path, migrated_file: Path
) -> None:
    taken = []
    for mails in (FEW, MANY):
        file = tmp_path / f"{mails}.db"
        file.write_bytes(migrated_file.read_bytes())
        store = Store(f"sqlite:///{file}")
        await storm(store, mails)
        taken.append(steps(store, lambda c, mails=mails: operation(c, mails)))  # type: ignore[misc]
        store.close()

    assert 0 < taken[1] < 1.5 * taken[0]


async def test_each_wakes_the_next_and_those_wake_the_others(store: Store) -> None:
    await storm(store, 3 * order.NEXT)

    async def due() -> list[int]:
        query = select(delivery.c.seq).where(delivery.c.due_at <= NOW).order_by(delivery.c.seq)
        return await store.read(lambda c: list(c.execute(query).scalars()))

    await store.write(lambda c: order.wake(c, 1, NOW))
    assert await due() == list(range(2, order.NEXT + 2))
    await store.write(lambda c: order.wake(c, 2, NOW))
    assert await due() == list(range(2, order.NEXT + 3))


async def test_a_thread_of_thousands_of_strangers_hides_nobody(store: Store) -> None:
    """People of one public domain are strangers to each other: behind them all is the mail that is waited for."""
    await storm(store, order.SOME + 20)
    last = order.SOME + 20
    people = [(number, f"p{number}@gmail.com") for number in range(1, last + 1)]
    people[last - 2] = (last - 1, "alice@gmail.com")
    people[last - 1] = (last, "alice@gmail.com")

    def spread(connection: Connection) -> None:
        for number, address in people:
            values = {"sender": address, "sender_domain": "gmail.com"}
            connection.execute(update(delivery).where(delivery.c.seq == number).values(values))

    await store.write(spread)
    for found in (
        await store.read(lambda c: order.blockers(c, DESK, last, {THREAD})),
        await store.read(lambda c: order.blockers_by_header(c, last)),
    ):
        assert [blocker.seq for blocker in found] == [last - 1]
