"""Importing with less work: it is most of the time that a process needs to start.

structlog and httpx import rich, pygments and click for pages on a terminal, which are not used here. And Python
looks for garbage meanwhile, among objects that all stay.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Iterator[None]:
    """To the imports within, these modules are not installed, unless they were imported before."""
    missing = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(missing))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage in this block, nor later among what it left."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
