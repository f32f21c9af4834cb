"""The health of a desk is one fact: while it is down none of its mail is claimed.

Opens after ``LIMIT`` failures in a row, tries again after a growing pause, and closes with the
first good answer. A desk that refuses the key is paused until the key works. Pure.
"""

from __future__ import annotations

LIMIT = 3
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
PAUSE_FOR_KEY = 30.0


class Breaker:
    """``reason`` says why the desk is down, "" while it is not. Times are in seconds, by the clock of the caller."""

    def __init__(self) -> None:
        self.reason = ""
        self.key_refused = False
        self._failures = 0
        self._open_until = 0.0
        self._pause = FIRST_PAUSE

    def good(self) -> None:
        """The desk answered sensibly, a refusal included."""
        if self.key_refused:
            return
        self._failures = 0
        self._open_until = 0.0
        self._pause = FIRST_PAUSE
        self.reason = ""

    def key_works(self) -> None:
        """The key was taken, or is another: what was refused counts no more."""
        self.key_refused = False
        self.good()

    def bad(self, reason: str, now: float, down: bool = False) -> None:
        """A failure of the desk or the way to it; ``down`` opens at once."""
        self._failures += 1
        self.reason = reason
        if (down or self._failures >= LIMIT) and now >= self._open_until:
            self._open_until = now + self._pause
            self._pause = min(LONGEST_PAUSE, self._pause * 2)

    def refuse_key(self, reason: str, now: float) -> None:
        """The desk refuses the key: it is asked again after PAUSE_FOR_KEY seconds."""
        self.key_refused = True
        self.reason = reason
        self._open_until = now + PAUSE_FOR_KEY

    def wait(self, now: float) -> float:
        """0.0 when the desk may be asked, else the seconds until it may: no more than the longest pause, though the
        clock was put back."""
        self._open_until = min(self._open_until, now + max(LONGEST_PAUSE, PAUSE_FOR_KEY))
        return max(0.0, self._open_until - now)

    @property
    def is_closed(self) -> bool:
        return not self.reason
