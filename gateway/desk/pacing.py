"""The desk's rate limit, kept on our side: a token bucket (CONTRACT "Rate limit").

Decremented for every counted call whether or not the answer carries headers. Read-backs go first:
``RESERVE`` calls are kept for them. Pure: the caller gives the time.
"""

from __future__ import annotations

RESERVE = 5


class Pacing:
    """``rate`` calls a minute, ``burst`` at once; rate 0 means no limit of ours."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self.calls = 0
        self.throttled = 0
        self._tokens = float(burst)
        self._at = now
        self._closed_until = 0.0

    def left(self, now: float) -> float:
        """Calls that could be made at once."""
        if not self.rate:
            return float("inf")
        self._tokens = min(float(self.burst), self._tokens + max(0.0, now - self._at) * self.rate / 60)
        self._at = now
        return self._tokens

    def wait(self, now: float, urgent: bool = False) -> float:
        """0.0 when a call may go now, else the seconds until it may."""
        if now < self._closed_until:
            return self._closed_until - now
        left = self.left(now)
        floor = 0 if urgent else min(RESERVE, self.burst - 1)
        return max(0.05, (floor + 1 - left) * 60 / self.rate) if left < floor + 1 else 0.0

    def take(self, now: float, urgent: bool = False) -> float:
        """Take a call: 0.0 when it may go now, else the seconds until it may be asked again."""
        if wait := self.wait(now, urgent):
            return wait
        if self.rate:
            self._tokens -= 1
        self.calls += 1
        return 0.0

    def learn(self, remaining: str | None, now: float) -> None:
        """The desk said how many calls are left: believe it when it is less than we think."""
        if self.rate and remaining is not None and remaining.isdigit():
            self._tokens = min(self.left(now), float(remaining))

    def refuse(self, after: float, now: float) -> None:
        """The desk said 429: no counted call for that long."""
        self.throttled += 1
        self._closed_until = max(self._closed_until, now + after)
        if self.rate:
            self._tokens = min(self.left(now), 0.0)
