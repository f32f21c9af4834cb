"""Which processes go first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.priority import SLICE

STARTS_A_THREAD = """
import threading
from gateway.priority import be_nice, be_prompt
be_nice(5)
be_prompt()
threading.Thread(target=input).start()
print("asked", flush=True)
"""


def slice_of(process: int, thread: int = 0) -> int:
    """Nanoseconds for which it may keep a processor."""
    lines = Path(f"/proc/{process}/task/{thread or process}/sched").read_text().splitlines()
    return next(int(line.partition(":")[2]) for line in lines if line.startswith("se.slice"))


def kernel_has_slices() -> bool:
    """Linux 6.12 and newer; only some kernels say it."""
    sched = Path("/proc/self/sched")
    return sched.exists() and "se.slice" in sched.read_text()


@pytest.mark.skipif(not kernel_has_slices(), reason="the kernel does not say how long slices are")
def test_a_listener_asks_for_short_slices_with_all_its_threads_and_stays_as_nice_as_it_was() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_A_THREAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        threads = [int(name) for name in os.listdir(f"/proc/{process.pid}/task")]
        slices = [slice_of(process.pid, thread) for thread in threads]
        nice = os.getpriority(os.PRIO_PROCESS, process.pid)
        process.communicate(b"\n")

    assert slices == [SLICE, SLICE]
    assert nice == max(5, os.getpriority(os.PRIO_PROCESS, 0))
