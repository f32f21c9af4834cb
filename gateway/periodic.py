"""Work that is done now and then, beside everything else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Until ``stop`` is set, at most ``seconds``."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def run_every(stop: asyncio.Event, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do ``work`` at once and then ``seconds`` after it was done, until ``stop``."""
    while not stop.is_set():
        await work()
        await wait(stop, seconds)
