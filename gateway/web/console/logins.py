"""How often somebody may guess a password here from one network. From many: ``gateway.smtp.guessing``."""

from __future__ import annotations

import time
from collections.abc import Callable

from gateway.match.names import network_of
from gateway.smtp.guessing import Wrong

LOGINS = 5
"""Wrong logins in ``guessing.SPAN`` seconds, beyond which a network has to wait."""


class LoginRate:
    """Logins of a network, or of a browser that is known: each counts as wrong until it proves right, so that many at
    once are no more than many in turn. Beyond LOGINS it has to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._wrong = Wrong(clock)

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
