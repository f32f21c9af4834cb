"""How a process of the gateway runs, and how it ends when nothing is known any more."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger("gateway")

T = TypeVar("T")

FATAL = 70  # exit code when the store or the arrivals failed: EX_SOFTWARE


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


def die(error: BaseException, what: str = "cannot go on") -> None:
    """After a failed commit nothing is known: end at once, without cleaning up."""
    log.critical(what, error=f"{type(error).__name__}: {error}")
    os._exit(FATAL)
