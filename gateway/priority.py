"""Which of the gateway's processes go first: those for whom a peer waits.

Neither way needs a right; where a container or the kernel does not allow it, nothing changes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct

SLICE = 200_000  # nanoseconds; Linux gives 1,400,000 and more by default
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}  # of Python's C library only the newest has it
_SCHED_ATTR = struct.Struct("=IIQiIQQQ")
_SCHED_OTHER = 0


def be_nice(nice: int) -> None:
    """Run behind processes that are less nice, with all that is started from here."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))


def be_prompt() -> None:
    """Have shorter slices of a processor, and so be woken at once: Linux lets whoever runs go on for a slice, also one
    who is nice, unless whoever is woken has asked for a shorter one (6.12 and newer; sched_setattr(2)). For this
    thread, and those that it starts."""
    if (number := _SCHED_SETATTR.get(platform.machine())) is None:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = _SCHED_ATTR.pack(_SCHED_ATTR.size, _SCHED_OTHER, 0, nice, 0, SLICE, 0, 0)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).syscall(number, 0, wanted, 0)
