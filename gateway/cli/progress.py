"""How far a command has come."""

from __future__ import annotations

import sys
import time


class Progress:
    """A line that is written over and over, on a terminal only."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._at = 0
        self._is_shown = sys.stderr.isatty()

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._is_shown:
            return
        line = f"{what}: {done:,}" if done else what
        if total:
            if not self._at:
                self._at, self._began = done, time.monotonic()
            rate = (done - self._at) / max(0.001, time.monotonic() - self._began)
            left = f", {(total - done) / rate / 60:.0f} min left" if rate and done < total else ""
            line = f"{what}: {done:,} of {total:,}{left}"
        sys.stderr.write(f"\r\x1b[K{line}" + ("\n" if total and done == total else ""))
        sys.stderr.flush()
