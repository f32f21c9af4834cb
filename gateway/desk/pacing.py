"""The desk's rate limit, kept on our side: a token bucket (docs/algapsa.md "Rate limit").

Decremented for every counted call whether or not the answer carries headers. What is urgent goes first:
each urgency leaves the last few calls to those before it. But none goes without: one that has waited for as long as
a few calls take to drip in is due, and the others leave a call to it. ``Pacing`` is what the desk's client asks;
``LocalPacing`` is the bucket of a single process, gateway.work.budget that of several replicas.
"""

from __future__ import annotations

from enum import StrEnum
from math import inf
from typing import Protocol


class Urgency(StrEnum):
    """What a counted call is for, the most urgent first."""

    READ_BACK = "read-back"
    TICKET = "ticket"
    REPLY = "reply"  # and whatever a decision asks
    FILE = "file"


# Calls that are left to those who are more urgent.
FLOOR = {Urgency.READ_BACK: 0, Urgency.TICKET: 5, Urgency.REPLY: 7, Urgency.FILE: 10}
# Of so many calls that drip in, one is due to an urgency that waits: together less than one in one.
SHARE = {Urgency.READ_BACK: 3, Urgency.TICKET: 3, Urgency.REPLY: 5, Urgency.FILE: 9}
STILL_WAITS = 10.0  # seconds since it last asked
LEAST_WAIT = 0.05
PUT_BACK = 5.0  # seconds by which a clock is earlier than before: those who look at the same time differ by less
MANY = 1_000_000
BEGUN = 60.0  # seconds for which the further calls of something that is begun wait: else what was read is lost
PATIENCE = 120.0  # seconds for which a list of names waits for the rate limit: half of it is worth nothing


def floor(urgency: Urgency, burst: int) -> int:
    """How many calls an urgency leaves to others; with a small burst, all but one at most."""
    return min(FLOOR[urgency], burst - 1)


class Queue:
    """Since when each urgency waits for a call, and when it last asked. Pure: the caller gives the time."""

    def __init__(self) -> None:
        self._since: dict[Urgency, tuple[float, float]] = {}

    def asks(self, urgency: Urgency, now: float) -> None:
        """It asked, and there was no call for it."""
        since, asked = self._since.get(urgency, (now, now))
        self._since[urgency] = (since if now - asked <= STILL_WAITS else now, now)

    def had(self, urgency: Urgency) -> None:
        """It got a call: if it wants more, it waits from now on."""
        self._since.pop(urgency, None)

    def due_at(self, urgency: Urgency, rate: float) -> float:
        """When a call is due to it, infinity while it does not wait."""
        return self._since[urgency][0] + SHARE[urgency] * 60 / rate if urgency in self._since else inf

    def due_before(self, urgency: Urgency, rate: float, now: float) -> int:
        """How many others wait to whom a call is due sooner."""
        mine = self.due_at(urgency, rate)
        return sum(
            self.due_at(other, rate) <= min(now, mine)
            for other, (_, asked) in self._since.items()
            if other is not urgency and now - asked <= STILL_WAITS
        )


class Bucket:
    """``rate`` calls a minute, ``burst`` at once. Pure: the caller gives the time."""

    def __init__(
        self,
        rate: float,
        burst: int,
        tokens: float,
        at: float,
        closed_until: float = 0.0,
        queue: Queue | None = None,
    ) -> None:
        self.rate = rate
        self.burst = burst
        self.closed_until = closed_until
        self.queue = queue or Queue()
        self._tokens = tokens
        self._at = at

    def _look_at(self, now: float) -> None:
        """A clock that was put back stops nothing: time goes on from here."""
        if self._at - now > PUT_BACK:
            self.closed_until = min(self.closed_until, now + max(0.0, self.closed_until - self._at))
            self._at = now

    def left(self, now: float) -> float:
        """Calls that could be made at once."""
        self._look_at(now)
        if not self.rate:
            return inf
        self._tokens = min(float(self.burst), self._tokens + max(0.0, now - self._at) * self.rate / 60)
        self._at = max(now, self._at)
        return self._tokens

    def leave(self, now: float, urgency: Urgency) -> int:
        """How many calls this urgency leaves to others now."""
        if not self.rate:
            return 0
        before = min(self.queue.due_before(urgency, self.rate, now), self.burst - 1)
        return before if self._is_due(now, urgency) else max(before, floor(urgency, self.burst))

    def _is_due(self, now: float, urgency: Urgency) -> bool:
        return bool(self.rate) and self.queue.due_at(urgency, self.rate) <= now

    def calls(self, now: float, urgency: Urgency) -> int:
        """How many calls of this urgency may go now: a single one because it is due."""
        self._look_at(now)
        if now < self.closed_until:
            return 0
        left, leave = self.left(now) + 1e-9, self.leave(now, urgency)
        usual = int(min(MANY, max(0.0, left - max(leave, floor(urgency, self.burst)))))
        return max(usual, int(left >= leave + 1)) if self._is_due(now, urgency) else usual

    def wait(self, now: float, urgency: Urgency) -> float:
        """0.0 when a call may go now, else the seconds until it may. Who asks is in the queue."""
        self._look_at(now)
        if now < self.closed_until:
            self.queue.asks(urgency, now)
            return self.closed_until - now
        if self.calls(now, urgency):
            return 0.0
        self.queue.asks(urgency, now)
        usual = (self.leave(now, urgency) + 1 - self.left(now)) * 60 / self.rate
        due = self.queue.due_at(urgency, self.rate) - now
        return max(LEAST_WAIT, min(usual, due) if due > 0 else usual)

    def spend(self, now: float, urgency: Urgency) -> None:
        self.queue.had(urgency)
        if self.rate:
            self._tokens = self.left(now) - 1

    def lower(self, tokens: float, now: float) -> None:
        """There are at most so many calls."""
        if self.rate:
            self._tokens = min(self.left(now), tokens)

    def close(self, after: float, now: float) -> None:
        """No call for that long."""
        self._look_at(now)
        self._at = max(now, self._at)
        self.closed_until = max(self.closed_until, now + after)
        self.lower(0.0, now)


class Pacing(Protocol):
    """A desk's budget of counted calls. Times are seconds of the gateway's clock."""

    throttled: int  # times that the desk said 429

    def left(self, now: float) -> float:
        """Calls that could be made at once, as far as this process knows."""

    def calls(self, now: float, urgency: Urgency) -> int:
        """How many of this urgency could be made at once, as far as this process knows."""

    def wait(self, now: float, urgency: Urgency) -> float:
        """Seconds until one of this urgency may be tried; 0.0 for now."""

    async def take(self, now: float, urgency: Urgency) -> float:
        """Take a call: 0.0 when it may go now, else the seconds until it may be asked again."""

    async def learn(self, remaining: str | None, now: float) -> None:
        """The desk said how many calls are left: believed when it is less than we think."""

    async def refuse(self, after: float, now: float) -> None:
        """The desk said 429: no counted call for that long."""


class LocalPacing:
    """The budget of the only process of a desk; rate 0 means no limit of ours."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self.throttled = 0
        self._bucket = Bucket(rate, burst, float(burst), now)

    def left(self, now: float) -> float:
        return self._bucket.left(now)

    def calls(self, now: float, urgency: Urgency) -> int:
        return self._bucket.calls(now, urgency)

    def wait(self, now: float, urgency: Urgency) -> float:
        return self._bucket.wait(now, urgency)

    async def take(self, now: float, urgency: Urgency) -> float:
        if wait := self._bucket.wait(now, urgency):
            return wait
        self._bucket.spend(now, urgency)
        return 0.0

    async def learn(self, remaining: str | None, now: float) -> None:
        if remaining is not None and remaining.isdigit():
            self._bucket.lower(float(remaining), now)

    async def refuse(self, after: float, now: float) -> None:
        self.throttled += 1
        self._bucket.close(after, now)
