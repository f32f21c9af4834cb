"""What becomes of the process when a part of it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from gateway.processes import life
from gateway.store.damage import is_damage
from gateway.store.reading import Unreadable

UNREADABLE = 30.0  # seconds until a part that met damage tries again
Part = Callable[[], Coroutine[Any, Any, None]]


async def lasting(part: Part) -> None:
    """A part that needs a row which cannot be read tries again later: mail goes on without it."""
    while True:
        try:
            return await part()
        except Unreadable:
            await asyncio.sleep(UNREADABLE)


def die(error: BaseException) -> None:
    """End at once, and say whether it was damage."""
    damaged = is_damage(error) or isinstance(error, Unreadable)
    life.die(error, "the database is damaged: put back a copy" if damaged else "cannot go on")
