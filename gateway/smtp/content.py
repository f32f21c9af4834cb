"""Content as it comes in: up to the dot, or so many octets of a chunk (RFC 5321 4.1.1.4, RFC 3030).

A mail that comes in too slowly is given up: after ``GRACE`` seconds its average must stay over the floor
rate, and it must be whole within ``data_timeout``.
"""

from __future__ import annotations

import time

from gateway.config.smtp import SmtpSettings
from gateway.smtp.arrival import Arrival
from gateway.smtp.dialogue import TooSlow
from gateway.smtp.dotreader import DotReader

GRACE = 60.0


class Pace:
    """Whether the content comes in fast enough."""

    __slots__ = ("_began", "_settings", "_size")

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._began = time.monotonic()
        self._size = 0

    def add(self, size: int) -> None:
        """Raises TooSlow."""
        self._size += size
        took = time.monotonic() - self._began
        if took > self._settings.data_timeout:
            raise TooSlow
        if took >= GRACE and self._size < self._settings.floor_rate * took:
            raise TooSlow


class Dotted:
    """Up to CRLF.CRLF, without the dots that were added."""

    def __init__(self, arrival: Arrival, settings: SmtpSettings) -> None:
        self._arrival = arrival
        self._reader = DotReader()
        self._pace = Pace(settings)

    def feed(self, block: bytes) -> bytes | None:
        self._arrival.add(self._reader.feed(block))
        if self._reader.done:
            return self._reader.rest
        self._pace.add(len(block))
        return None


class Chunk:
    """So many octets. Without an arrival they are read and dropped, or they would be taken for commands."""

    def __init__(self, size: int, arrival: Arrival | None, settings: SmtpSettings) -> None:
        self._arrival = arrival
        self._left = size
        self._pace = Pace(settings)

    def feed(self, block: bytes) -> bytes | None:
        mine, rest = block[: self._left], block[self._left :]
        self._left -= len(mine)
        if self._arrival is not None and mine:
            self._arrival.add(mine)
        if not self._left:
            return rest
        self._pace.add(len(mine))
        return None
