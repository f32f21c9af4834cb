"""Processes that work beside this one, on cores that nobody uses: spawned, as there are threads, and gone with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from gateway import log

WORTH = 1000
"""Mails from which on processes are worth their start, which takes each a second."""


def cores(mails: int) -> int:
    """How many cores there are for work on so many mails, 0 where no process beside this one is worth it."""
    found = len(os.sched_getaffinity(0))
    return 0 if mails < WORTH or found < 2 else found


def processes(count: int, begin: Callable[..., None], *told: Any) -> ProcessPoolExecutor:
    """So many, each of which first calls ``begin`` with what it is ``told``. They may be killed (BrokenExecutor)."""
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _begin, (begin, *told))


def _begin(begin: Callable[..., None], *told: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    log.setup("error", "text")
    begin(*told)


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for ever for its next work."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)
