"""A process that dies with one of its transactions."""

from __future__ import annotations

from typing import Any

from gateway.store import claims
from tests.scenarios.stage import Stage


class Killed(BaseException):
    pass


async def work_and_die(stage: Stage, last: int, kept: bool) -> bool:
    """Work, die with the transaction of this number, ``kept`` or not, and let the next process work. Returns whether
    there were so many."""
    write, left = stage.store.write, last

    async def dying(operation: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and not kept:
            raise Killed
        done = await write(operation)
        if left == 0:
            raise Killed
        return done

    stage.store.write = dying  # type: ignore[method-assign]
    killed = False
    try:
        await stage.work()
    except Killed:
        killed = True
    stage.store.write = write  # type: ignore[method-assign]
    await write(claims.free)
    await stage.work()
    return killed
