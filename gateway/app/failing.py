"""What becomes of the process when a part of it fails."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from gateway.store.damage import is_damage
from gateway.store.reading import Unreadable

log = structlog.get_logger("gateway")

FATAL = 70  # exit code when the store failed: EX_SOFTWARE
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
    """After a failed commit nothing is known: end at once, without cleaning up."""
    damaged = is_damage(error) or isinstance(error, Unreadable)
    what = "the database is damaged: put back a copy" if damaged else "cannot go on"
    log.critical(what, error=f"{type(error).__name__}: {error}")
    os._exit(FATAL)
