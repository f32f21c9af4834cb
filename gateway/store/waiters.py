"""Futures that wait for a transaction in a thread, told all together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any, NamedTuple


class Told(NamedTuple):
    """``value`` is the result, or the exception where it is not ``good``."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    good: bool
    value: Any


def tell(waiters: Iterable[Told]) -> None:
    """From another thread, one call into each event loop for the whole batch; in a loop's own thread at once."""
    here = _own_loop()
    by_loop: dict[asyncio.AbstractEventLoop, list[Told]] = {}
    for told in waiters:
        by_loop.setdefault(told.loop, []).append(told)
    for loop, batch in by_loop.items():
        if loop is here:
            _resolve(batch)
            continue
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, batch)


def _own_loop() -> asyncio.AbstractEventLoop | None:
    """The one that runs in this thread."""
    with contextlib.suppress(RuntimeError):
        return asyncio.get_running_loop()
    return None


def _resolve(batch: list[Told]) -> None:
    for told in batch:
        if told.future.done():
            continue
        if told.good:
            told.future.set_result(told.value)
        else:
            told.future.set_exception(told.value)
