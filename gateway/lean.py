"""Importing a library without an extra of it.

structlog and httpx import rich, pygments and click for pages on a terminal, which are not used here: together a
third of the time that a process would need to start.
"""

from __future__ import annotations

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
