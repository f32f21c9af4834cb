"""Which of the gateway's processes go first: those for whom a peer waits."""

from __future__ import annotations

import contextlib
import os


def be_nice(nice: int) -> None:
    """Run behind processes that are less nice, with all that is started from here. That needs no right; where a
    container forbids even this, nothing changes."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
