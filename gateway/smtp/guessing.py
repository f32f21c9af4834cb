"""Passwords that are guessed at from many networks: the name's logins become slow, from wherever they come.

Nobody is locked out: where the name logged in before, its logins are as quick as ever. Source:
docs/decisions/034-guessing.md.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

SPAN = 300.0  # seconds in which wrong logins count
MOST_KEYS = 10_000
SLOW_FROM = 10
"""Wrong logins of a name in SPAN, beyond which it is slow."""
SLOW_FROM_IN_ALL = 50
"""The same of all names together: one password tried on each."""
PAUSE, MOST_WAITING = 10.0, 10
"""Seconds that a slow login takes, and how many wait at once: one a second, however many networks guess."""


class TooMany(Exception):
    """As many wait as may."""


class NamePace:
    """Logins by a name, whether or not anybody has it: each counts as wrong until it proves right."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._wrong = Wrong(clock)
        self._all = Wrong(clock)
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


class Places:
    """The networks from which names logged in, the last MOST_KEYS."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def add(self, name: str, network: str) -> None:
        self._known[name, network] = None
        self._known.move_to_end((name, network))
        if len(self._known) > MOST_KEYS:
            self._known.popitem(last=False)

    def know(self, name: str, network: str) -> bool:
        return (name, network) in self._known


class Wrong:
    """When something was wrong, by key: the last SPAN seconds of the MOST_KEYS keys that were wrong last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, key: str) -> int:
        times = self._times.get(key)
        while times and times[0] < self._clock() - SPAN:
            times.popleft()
        return len(times or ())

    def add(self, key: str) -> None:
        self._times.setdefault(key, deque(maxlen=SLOW_FROM_IN_ALL)).append(self._clock())
        self._times.move_to_end(key)
        if len(self._times) > MOST_KEYS:
            self._times.popitem(last=False)

    def take_back(self, key: str) -> None:
        if times := self._times.get(key):
            times.pop()
