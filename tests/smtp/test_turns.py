"""Who comes on in a turn of the loop: a share for each address, round robin for those who want more."""

from __future__ import annotations

import asyncio
from collections import Counter

from gateway.smtp.turns import AT_ONCE, IN_TURN, SHARE, FairSlots, Turns
from tests.waiting import PATIENCE


async def run(turns: Turns, peer: str, commands: int, done: Counter[str]) -> None:
    """A session with so many commands in its buffer."""
    for _ in range(commands):
        if not turns.may_run(peer):
            await turns.turn(peer)
        done[peer] += 1


async def test_a_peer_alone_gets_all_its_commands_in_shares() -> None:
    turns, done = Turns(), Counter[str]()
    task = asyncio.create_task(run(turns, "a", 1000, done))
    most = before = 0
    while not task.done():
        await asyncio.sleep(0)
        most, before = max(most, done["a"] - before), done["a"]

    assert done["a"] == 1000
    assert most <= SHARE


async def test_sessions_of_one_address_share_one_budget() -> None:
    turns, done = Turns(), Counter[str]()
    tasks = [asyncio.create_task(run(turns, "a", 300, done)) for _ in range(50)]
    most = before = 0
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        most, before = max(most, done["a"] - before), done["a"]

    assert done["a"] == 50 * 300
    assert most <= 2 * SHARE


async def test_who_wants_little_is_never_behind_those_who_want_much() -> None:
    """Two hundred addresses with full buffers, and one that sends a command at a time."""
    turns, done = Turns(), Counter[str]()
    flood = [asyncio.create_task(run(turns, f"flood {number}", 500, done)) for number in range(200)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for _ in range(20):
        task = asyncio.create_task(run(turns, "good", 1, done))
        turned = 0
        while not task.done():
            await asyncio.sleep(0)
            turned += 1
        assert turned <= 3
    for task in flood:
        task.cancel()
    await asyncio.gather(*flood, return_exceptions=True)


async def test_those_who_wait_come_on_round_robin() -> None:
    turns, done = Turns(), Counter[str]()
    tasks = [asyncio.create_task(run(turns, f"{number}", 10_000, done)) for number in range(40)]
    for _ in range(400):
        await asyncio.sleep(0)
    counts = [done[f"{number}"] for number in range(40)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert max(counts) - min(counts) <= 2 * SHARE
    assert sum(counts) <= 400 * (AT_ONCE + IN_TURN * SHARE)


async def test_a_session_that_ends_while_it_waits_holds_up_nobody() -> None:
    turns, done = Turns(), Counter[str]()
    gone = [asyncio.create_task(run(turns, "a", 1000, done)) for _ in range(9)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await asyncio.wait_for(run(turns, "a", 200, done), PATIENCE)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not turns._waiting


# -- slots ---------------------------------------------------------------------------------------------


async def work(slots: FairSlots, network: str, done: list[str]) -> None:
    async with slots.hold(network):
        await asyncio.sleep(0)
        done.append(network)


async def test_a_network_that_wants_many_slots_holds_up_itself() -> None:
    slots = FairSlots(2)
    done: list[str] = []
    flood = [asyncio.create_task(work(slots, "flood", done)) for _ in range(200)]
    await asyncio.sleep(0)
    await work(slots, "good", done)

    assert done.index("good") <= 6
    await asyncio.gather(*flood)
    assert len(done) == 201


async def test_slots_come_back_whatever_happens() -> None:
    """Those who wait or work are cancelled, or fail."""
    slots = FairSlots(2)
    done: list[str] = []

    async def failing() -> None:
        async with slots.hold("a"):
            raise ValueError

    tasks = [asyncio.create_task(work(slots, f"{number % 3}", done)) for number in range(30)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, failing(), return_exceptions=True)
    for _ in range(5):
        await asyncio.wait_for(work(slots, "b", done), PATIENCE)
    async with slots.hold("x"), slots.hold("y"):
        waiting = asyncio.create_task(work(slots, "z", done))
        await asyncio.sleep(0.01)
        assert not waiting.done()
    await asyncio.wait_for(waiting, PATIENCE)
