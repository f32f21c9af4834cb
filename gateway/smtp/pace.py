"""Whether a mail comes in fast enough (RFC 5321 4.5.3.2.5).

After ``GRACE`` seconds its average must stay over the floor rate, and it must be whole within ``data_timeout``: all of
it, in however many chunks, or a peer could hold memory and disk for as long as it may send commands.
"""

from __future__ import annotations

import time

from gateway.config.smtp import SmtpSettings

GRACE = 60.0


class TooSlow(Exception):
    """The content comes in more slowly than a peer may send."""


class Pace:
    """The pace of one mail, from now on."""

    __slots__ = ("_began", "_settings", "_size")

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._began = time.monotonic()
        self._size = 0

    def add(self, size: int) -> None:
        """So many octets more have come, and the mail is not whole. Raises TooSlow."""
        self._size += size
        took = time.monotonic() - self._began
        if took > self._settings.data_timeout:
            raise TooSlow
        if took >= GRACE and self._size < self._settings.floor_rate * took:
            raise TooSlow
