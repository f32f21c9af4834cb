"""The local token bucket and the breaker, with a clock that the test moves."""

from __future__ import annotations

import pytest

from gateway.desk.breaker import LONGEST_PAUSE, Breaker
from gateway.desk.pacing import RESERVE, Pacing


def taken(pacing: Pacing, now: float, urgent: bool = False) -> int:
    """How many calls may go at once."""
    count = 0
    while not pacing.take(now, urgent):
        count += 1
    return count


def test_the_burst_then_the_rate_with_a_reserve_for_read_backs() -> None:
    pacing = Pacing(rate=60, burst=20, now=0)

    assert taken(pacing, 0) == 20 - RESERVE
    assert taken(pacing, 0, urgent=True) == RESERVE
    assert pacing.take(1) > 0
    assert taken(pacing, 30) == 30 - 10 - RESERVE  # full again at 20


def test_the_wait_is_long_enough() -> None:
    pacing = Pacing(rate=60, burst=10, now=0)
    taken(pacing, 0)

    wait = pacing.take(0)

    assert pacing.take(wait + 0.001) == 0


def test_no_limit_of_ours() -> None:
    assert all(Pacing(rate=0, burst=1, now=0).take(0) == 0 for _ in range(1000))


def test_a_429_closes_for_as_long_as_told() -> None:
    pacing = Pacing(rate=60, burst=100, now=0)
    pacing.refuse(5, 0)

    assert pacing.take(4.9, urgent=True) == pytest.approx(0.1)
    assert pacing.take(5.1, urgent=True) == 0
    assert pacing.throttled == 1


def test_the_desk_is_believed_when_it_has_less() -> None:
    pacing = Pacing(rate=60, burst=100, now=0)
    pacing.learn("7", 0)
    pacing.learn("90", 0)
    pacing.learn(None, 0)

    assert pacing.left(0) == 7


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
