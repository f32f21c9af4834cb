"""When to try again: growing pauses, jittered after a temporary failure. Pure but for the jitter."""

from __future__ import annotations

import random

from gateway.model.spans import HOUR
from gateway.model.waiting import Waiting
from gateway.store.deliveries import Delivery
from gateway.work.steps import Wait

FIRST = 5.0
GROWTH = 2.0
GROWS_TO = 15 * 60.0
THEN = HOUR
LOOKS_AFTER = 0.2
LOOKS_EVERY = 10.0


def pause(tries: int) -> float:
    """Seconds to wait after the ``tries``-th failure in a row, from 1: 5 s to 15 min, then hourly."""
    grown = FIRST * GROWTH ** min(tries - 1, 20)
    return (grown if grown <= GROWS_TO else THEN) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load


def look_again(delivery: Delivery, now: float) -> float:
    """When a delivery looks again for what other mail brings about: after 0.2 s, growing to 10 s with the time that it
    has waited for it already. A look may cost a call to the desk, if none that its limit counts. It is the fallback:
    whoever is waited for wakes most who wait."""
    return now + min(max(LOOKS_AFTER, delivery.waited_for(Waiting.EARLIER, now) / 4), LOOKS_EVERY)


def behind(delivery: Delivery, now: float, first: str) -> Wait:
    """It waits until the ``first`` delivery is posted, and looks again meanwhile."""
    return Wait(look_again(delivery, now), delivery.waits_from or now, first)
