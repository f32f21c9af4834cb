"""When the loop looks once more before it sleeps: for one peer that is alone and answers at once."""

from __future__ import annotations

import asyncio

import pytest

from gateway.smtp import awake
from gateway.smtp.awake import AT_ONCE, Awake

SOON, LATE = AT_ONCE / 2, AT_ONCE * 2
TICK = AT_ONCE / 8  # of a round of the loop


class Clock:
    """Time by hand. A round of the loop that looks at it takes a tick."""

    def __init__(self) -> None:
        self.now = 1.0
        self.looks = 0

    def perf_counter(self) -> float:
        self.looks += 1
        self.now += TICK
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(awake, "time", clock)
    return clock


def answered(held: Awake, clock: Clock, after: float) -> None:
    """A reply to a peer that is alone, and its next word."""
    held.replied(peers=1)
    clock.now += after
    held.heard()


async def rounds_after(held: Awake, clock: Clock, peers: int = 1) -> int:
    """How often the loop looks again by itself after a reply."""
    held.replied(peers)
    before = clock.looks
    for _ in range(50):
        await asyncio.sleep(0)
    return clock.looks - before


async def test_the_loop_stays_awake_for_who_answered_at_once(clock: Clock) -> None:
    held = Awake()
    assert await rounds_after(held, clock) == 0  # nothing is known of the peer
    answered(held, clock, after=SOON)
    assert 2 <= await rounds_after(held, clock) <= AT_ONCE / TICK  # for as long, and not longer


async def test_who_is_far_away_is_not_waited_for(clock: Clock) -> None:
    held = Awake()
    answered(held, clock, after=LATE)
    assert await rounds_after(held, clock) == 0


async def test_of_several_peers_none_is_waited_for(clock: Clock) -> None:
    held = Awake()
    answered(held, clock, after=SOON)
    assert await rounds_after(held, clock, peers=2) == 0


async def test_a_peer_that_keeps_silent_is_waited_for_once(clock: Clock) -> None:
    held = Awake()
    answered(held, clock, after=SOON)
    assert await rounds_after(held, clock) > 0
    clock.now += LATE
    held.heard()
    assert await rounds_after(held, clock) == 0


async def test_replies_one_after_the_other_share_the_rounds(clock: Clock) -> None:
    """A second reply before the peer answers begins no second chain of them."""
    held = Awake()
    answered(held, clock, after=SOON)
    held.replied(peers=1)
    assert await rounds_after(held, clock) <= AT_ONCE / TICK + 1
