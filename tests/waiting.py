"""Waiting for a condition, with the patience of a machine on which much else runs.

How long something may take is no matter of the tests: a bound here ends only a test that would wait for ever.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE = 90.0
"""Seconds for what takes a moment on a machine that does nothing else."""
OFTEN = 0.01


def _nothing() -> str:
    return ""


def until(happened: Callable[[], object], *, wait: float = PATIENCE, tell: Callable[[], str] = _nothing) -> None:
    """Return once it has happened. Raises AssertionError after ``wait`` seconds, with what ``tell`` says then."""
    end = time.monotonic() + wait
    while not happened():
        assert time.monotonic() < end, f"not within {wait:.0f} s. {tell()}"
        time.sleep(OFTEN)


async def come(happened: Callable[[], object], *, wait: float = PATIENCE) -> None:
    """The same in a test that has a loop. Raises TimeoutError."""
    async with asyncio.timeout(wait):
        while not happened():
            await asyncio.sleep(OFTEN)
