"""Writes down what the listeners refused, every few seconds and at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from gateway.model.refusal import Refusal
from gateway.periodic import run_every
from gateway.store import refusals
from gateway.store.engine import Store

log = structlog.get_logger("smtp")

EVERY = 2.0  # seconds


class RefusalWriter:
    """``taken`` hands over what was refused since it was last called."""

    def __init__(self, store: Store, taken: Callable[[], list[Refusal]]) -> None:
        self._store = store
        self._taken = taken

    async def run(self, stop: asyncio.Event) -> None:
        """Write until ``stop``, and once more."""
        await run_every(stop, EVERY, self.write)
        await self.write()

    async def write(self) -> None:
        """Write what is there; while the store cannot, it is not worth keeping."""
        if not (new := self._taken()):
            return
        try:
            await self._store.write(partial(refusals.add, refusals=new))
        except Exception as error:
            log.warning("refusals not written", error=type(error).__name__, count=len(new))
