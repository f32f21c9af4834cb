"""When to try again after a temporary failure: growing, jittered pauses. Pure but for the jitter."""

from __future__ import annotations

import random

FIRST = 5.0
GROWTH = 2.0
GROWS_TO = 15 * 60.0
THEN = 3600.0


def pause(tries: int) -> float:
    """Seconds to wait after the ``tries``-th failure in a row, from 1: 5 s to 15 min, then hourly."""
    grown = FIRST * GROWTH ** min(tries - 1, 20)
    return (grown if grown <= GROWS_TO else THEN) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load
