"""The budget of counted calls, local and shared, as one contract; and the breaker. The test moves the clock."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.desk.breaker import LONGEST_PAUSE, Breaker
from gateway.desk.pacing import FLOOR, SHARE, STILL_WAITS, Bucket, LocalPacing, Pacing, Urgency
from gateway.store.budget import Limit
from gateway.store.engine import Store
from gateway.work.budget import SharedPacing
from tests import schema
from tests.peers import Postgres

READ_BACK, TICKET, REPLY, FILE = Urgency.READ_BACK, Urgency.TICKET, Urgency.REPLY, Urgency.FILE
START = 1_800_000_000.0


class Time:
    """Seconds since the start, for the gateway and for the database."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return START + self.at


class Budgets:
    """Makes budgets of one kind; two of the shared kind are two replicas of one desk."""

    def __init__(self, store: Store | None) -> None:
        self.time = Time()
        self.store = store

    def __call__(self, rate: float = 60, burst: int = 20) -> Pacing:
        if self.store is None:
            return LocalPacing(rate, burst, self.time.now())
        return SharedPacing(self.store, Limit("desk", rate, burst), self.time.now(), self.time.now)

    async def taken(self, pacing: Pacing, urgency: Urgency) -> int:
        """How many calls may go at once."""
        count = 0
        while not await pacing.take(self.time.now(), urgency):
            count += 1
        return count


@pytest.fixture
def shared_store(postgres: Postgres) -> Iterator[Store]:
    store = Store(schema.emptied(postgres))
    yield store
    store.close()


@pytest.fixture(params=["local", "shared"])
def budgets(request: Any) -> Budgets:
    return Budgets(None if request.param == "local" else request.getfixturevalue("shared_store"))


async def test_each_urgency_leaves_the_last_calls_to_those_before_it(budgets: Budgets) -> None:
    pacing = budgets(burst=20)

    assert await budgets.taken(pacing, FILE) == 20 - FLOOR[FILE]
    assert await budgets.taken(pacing, REPLY) == FLOOR[FILE] - FLOOR[REPLY]
    assert await budgets.taken(pacing, TICKET) == FLOOR[REPLY] - FLOOR[TICKET]
    assert await budgets.taken(pacing, READ_BACK) == FLOOR[TICKET]


async def test_calls_come_back_with_the_rate_up_to_the_burst(budgets: Budgets) -> None:
    pacing = budgets(burst=20)
    await budgets.taken(pacing, READ_BACK)

    budgets.time.at = 7
    assert await budgets.taken(pacing, READ_BACK) == 7
    budgets.time.at = 1000
    assert await budgets.taken(pacing, READ_BACK) == 20


async def test_the_wait_is_long_enough(budgets: Budgets) -> None:
    pacing = budgets(burst=10)
    await budgets.taken(pacing, TICKET)

    budgets.time.at = await pacing.take(budgets.time.now(), TICKET) + 0.001

    assert await pacing.take(budgets.time.now(), TICKET) == 0


async def test_what_could_be_taken_is_what_is_taken(budgets: Budgets) -> None:
    pacing = budgets(burst=30)

    assert pacing.calls(START, FILE) == await budgets.taken(pacing, FILE)
    assert pacing.calls(START, FILE) == 0


async def test_a_429_closes_for_as_long_as_told(budgets: Budgets) -> None:
    pacing = budgets(burst=100)
    await pacing.take(START, TICKET)
    await pacing.refuse(5, START)

    budgets.time.at = 4.9
    assert await pacing.take(budgets.time.now(), READ_BACK) == pytest.approx(0.1, abs=0.05)
    budgets.time.at = 5.3
    assert await pacing.take(budgets.time.now(), READ_BACK) == 0
    assert pacing.throttled == 1


async def test_the_desk_is_believed_when_it_has_less(budgets: Budgets) -> None:
    pacing = budgets(burst=100)
    await pacing.take(START, TICKET)
    await pacing.learn("7", START)
    await pacing.learn("90", START)
    await pacing.learn(None, START)

    assert await budgets.taken(pacing, READ_BACK) == 7


async def contested(budgets: Budgets, pacing: Pacing, seconds: int, *waiting: Urgency) -> Counter[Urgency]:
    """Calls that each got while all of these wait and every call has to drip in."""
    got: Counter[Urgency] = Counter()
    began = budgets.time.at
    while budgets.time.at < began + seconds:
        for urgency in waiting:
            got[urgency] += not await pacing.take(budgets.time.now(), urgency)
        budgets.time.at += 0.5
    return got


@pytest.mark.parametrize("order", [list(Urgency), list(reversed(Urgency))])
async def test_none_starves_another_while_calls_drip_in(budgets: Budgets, order: list[Urgency]) -> None:
    pacing = budgets(rate=60, burst=20)
    await budgets.taken(pacing, READ_BACK)

    got = await contested(budgets, pacing, 180, *order)

    assert all(got[urgency] >= 180 / SHARE[urgency] * 0.6 for urgency in Urgency), got
    assert 170 <= got.total() <= 181


@pytest.mark.parametrize("other", [READ_BACK, TICKET, REPLY])
async def test_one_that_takes_every_call_leaves_its_share_to_files(budgets: Budgets, other: Urgency) -> None:
    pacing = budgets(rate=60, burst=120)
    await budgets.taken(pacing, other)

    got = await contested(budgets, pacing, 90, other, FILE)

    assert got[FILE] >= 8
    assert got[other] >= 75


async def test_nothing_is_kept_for_who_does_not_wait_any_more(budgets: Budgets) -> None:
    pacing = budgets(rate=60, burst=20)
    await budgets.taken(pacing, READ_BACK)
    await contested(budgets, pacing, 20, READ_BACK, TICKET, REPLY, FILE)

    budgets.time.at += STILL_WAITS + 1
    await budgets.taken(pacing, READ_BACK)
    assert await budgets.taken(pacing, READ_BACK) == 0
    budgets.time.at += 5
    assert await budgets.taken(pacing, READ_BACK) == 5


async def test_no_limit_of_ours() -> None:
    pacing = LocalPacing(rate=0, burst=1, now=0)

    assert [await pacing.take(0, FILE) for _ in range(1000)] == [0.0] * 1000
    assert pacing.calls(0, FILE) > 1000


class TestReplicas:
    """Several processes of one desk, each with what it saw last."""

    async def test_together_they_never_take_more_than_there_is(self, shared_store: Store) -> None:
        budgets = Budgets(shared_store)
        replicas = [budgets(burst=20) for _ in range(3)]

        taken = await asyncio.gather(*(budgets.taken(replica, READ_BACK) for replica in replicas))

        assert sum(taken) == 20

    async def test_a_429_that_one_got_closes_for_all(self, shared_store: Store) -> None:
        budgets = Budgets(shared_store)
        budget, other = budgets(), budgets()
        await budget.take(START, TICKET)
        await budget.refuse(30, START)

        assert await other.take(START, READ_BACK) == pytest.approx(30, rel=0.3)

    async def test_a_restart_does_not_fill_the_budget(self, shared_store: Store) -> None:
        budgets = Budgets(shared_store)
        await budgets.taken(budgets(), READ_BACK)

        assert await budgets.taken(budgets(), READ_BACK) == 0

    async def test_by_the_clock_of_the_database_itself(self, shared_store: Store) -> None:
        pacing = SharedPacing(shared_store, Limit("desk", 120, 3), START)
        began = time.monotonic()
        taken = await Budgets(shared_store).taken(pacing, READ_BACK)
        passed = time.monotonic() - began
        await asyncio.sleep(0.6)

        assert 3 <= taken <= 4 + 2 * passed  # two of them came back in each second
        assert await pacing.take(START + 10, READ_BACK) == 0.0


def test_one_failure_is_bad_luck_three_open_and_a_good_answer_closes() -> None:
    breaker = Breaker()
    breaker.bad("reset", 0)
    breaker.bad("reset", 0)
    assert breaker.wait(0) == 0
    breaker.bad("reset", 0)
    assert breaker.wait(0) == 1

    breaker.good()
    assert (breaker.wait(0), breaker.is_closed) == (0, True)


def test_the_pause_grows_to_its_limit() -> None:
    breaker, now = Breaker(), 0.0
    pauses = []
    for _ in range(12):
        breaker.bad("down", now, down=True)
        pauses.append(breaker.wait(now))
        now += pauses[-1]

    assert pauses == sorted(pauses)
    assert pauses[0] == 1
    assert pauses[-1] == LONGEST_PAUSE


def test_a_refused_key_stays_until_the_key_works() -> None:
    breaker = Breaker()
    breaker.refuse_key("401", 0)
    breaker.good()
    assert breaker.key_refused

    breaker.key_works()
    assert (breaker.key_refused, breaker.wait(0)) == (False, 0)


def test_a_clock_put_back_does_not_keep_a_desk_down() -> None:
    breaker = Breaker()
    breaker.bad("down", 7200.0, down=True)

    assert breaker.wait(0.0) <= LONGEST_PAUSE
    assert breaker.wait(LONGEST_PAUSE) == 0.0


async def test_a_clock_put_back_does_not_stop_the_calls() -> None:
    pacing = LocalPacing(60, 5, START)
    while not await pacing.take(START, READ_BACK):
        pass
    earlier = START - 7200
    assert 0 < await pacing.take(earlier, READ_BACK) <= 1.0
    assert await pacing.take(earlier + 1.1, READ_BACK) == 0.0

    await pacing.refuse(30, earlier + 2)
    much_earlier = earlier - 3600
    assert 0 < await pacing.take(much_earlier, READ_BACK) <= 31
    assert await pacing.take(much_earlier + 32, READ_BACK) == 0.0


def test_those_who_look_at_the_same_time_get_no_call_twice() -> None:
    bucket = Bucket(60, 5, 0.0, START)
    for number in range(100):
        bucket.left(START + (number % 2) * 0.5)

    assert bucket.left(START + 0.5) == 0.5
