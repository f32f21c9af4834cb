"""Processor time as the machine would take it on which the bounds of the tests were set.

Machines differ, and the same one is slower while others use it. A fixed piece of work is timed right after what is
measured; where it takes longer than it did there, the measured time is shortened by as much. So a test fails for slow
code, not on a slow machine.
"""

from __future__ import annotations

import gc
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

USUAL = 0.0015
"""Seconds that the fixed piece of work takes on the machine on which the bounds were set."""
_TEXT = "".join(f"<p class=c{number}>word {number}, and &amp; more</p>\n" for number in range(300))
_TAG = re.compile(r"<(/?)(\w+)([^>]*)>")


class ProcessorTime:
    """What a block of code took; known when it has ended."""

    seconds: float


def _fixed_work() -> float:
    """Seconds of processor time of the fixed piece of work: the median of three."""
    took = []
    for _ in range(3):
        began = time.thread_time()
        for _ in range(3):
            lengths: dict[str, int] = {}
            for tag in _TAG.finditer(_TEXT):
                lengths[tag[2]] = lengths.get(tag[2], 0) + len(tag[3])
            " ".join(word.casefold() for word in _TEXT.split())
        took.append(time.thread_time() - began)
    return statistics.median(took)


@contextmanager
def processor_time(clock: Callable[[], float] = time.process_time) -> Iterator[ProcessorTime]:
    """Seconds of processor time of this process within the block, or of this thread (``time.thread_time``); without
    the collector's rounds over what other tests left."""
    spent = ProcessorTime()
    gc.disable()
    try:
        began = clock()
        yield spent
        took = clock() - began
    finally:
        gc.enable()
    spent.seconds = took / max(1.0, _fixed_work() / USUAL)
