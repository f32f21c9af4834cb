"""How often somebody may guess a password here: by the network that asks, and by the name that is asked for.

A network that guessed wrong too often has to wait. A name is guessed at from many networks, too, and whoever it belongs
to must still get in: so no name is ever locked. Its logins become slow, but for the networks from which it logged in
before.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

from gateway.match.names import network_of

LOGINS, LOGIN_SPAN = 5, 300.0
MOST_PEERS = 10_000
SLOW_FROM = 10
"""Wrong logins of a name in LOGIN_SPAN seconds, beyond which it is slow."""
SLOW_FROM_IN_ALL = 50
"""The same of all names together: one password tried on each."""
PAUSE, MOST_WAITING = 10.0, 10
"""Seconds that a slow login takes, and how many wait at once: one a second, however many networks guess."""


class LoginRate:
    """Logins of a network: each counts as wrong until it proves right, so that many at once are no more than many in
    turn. Beyond LOGINS in LOGIN_SPAN seconds the network has to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._wrong = _Wrong(clock)

    def is_over(self, address: str) -> bool:
        return self._wrong.count(network_of(address)) >= LOGINS

    def begin(self, address: str) -> bool:
        """Whether a login may be tried; it counts from now on."""
        if self.is_over(address):
            return False
        self._wrong.add(network_of(address))
        return True

    def forgive(self, address: str) -> None:
        """One that was begun was right, or nobody could say."""
        self._wrong.take_back(network_of(address))


class TooMany(Exception):
    """As many wait as may."""


class NamePace:
    """Logins by a name, whether or not anybody has it: each counts as wrong until it proves right."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._wrong = _Wrong(clock)
        self._all = _Wrong(clock)
        self._waiting = 0
        self._sleep = sleep

    def is_slow(self, name: str) -> bool:
        """Whether a network from which nobody logged in by this name has to ``wait``."""
        return self._wrong.count(name) >= SLOW_FROM or self._all.count("") >= SLOW_FROM_IN_ALL

    async def wait(self) -> None:
        """Before a slow login is looked at. Raises TooMany."""
        if self._waiting >= MOST_WAITING:
            raise TooMany
        self._waiting += 1
        try:
            await self._sleep(PAUSE)
        finally:
            self._waiting -= 1

    def begin(self, name: str) -> None:
        """A login is looked at; it counts from now on."""
        self._wrong.add(name)
        self._all.add("")

    def forgive(self, name: str) -> None:
        """One that was begun was right."""
        self._wrong.take_back(name)
        self._all.take_back("")


class _Wrong:
    """When something was wrong, by key: the last LOGIN_SPAN seconds of the MOST_PEERS keys that were wrong last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, key: str) -> int:
        times = self._times.get(key)
        while times and times[0] < self._clock() - LOGIN_SPAN:
            times.popleft()
        return len(times or ())

    def add(self, key: str) -> None:
        self._times.setdefault(key, deque(maxlen=SLOW_FROM_IN_ALL)).append(self._clock())
        self._times.move_to_end(key)
        if len(self._times) > MOST_PEERS:
            self._times.popitem(last=False)

    def take_back(self, key: str) -> None:
        if times := self._times.get(key):
            times.pop()
