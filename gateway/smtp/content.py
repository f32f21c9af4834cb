"""Content as it comes in: up to the dot, or so many octets of a chunk (RFC 5321 4.1.1.4, RFC 3030)."""

from __future__ import annotations

from gateway.smtp.arrival import Arrival
from gateway.smtp.dotreader import DotReader
from gateway.smtp.pace import Pace


class Dotted:
    """Up to CRLF.CRLF, without the dots that were added."""

    def __init__(self, arrival: Arrival) -> None:
        self._arrival = arrival
        self._reader = DotReader()

    def feed(self, block: bytes) -> bytes | None:
        if not block:
            return None
        self._arrival.add(self._reader.feed(block))
        if self._reader.done:
            return self._reader.rest
        self._arrival.pace.add(len(block))
        return None


class _Octets:
    """So many octets that are still to come."""

    def __init__(self, count: int) -> None:
        self.left = count

    def of(self, block: bytes) -> tuple[bytes, bytes]:
        """Those of them that are in the block, and what comes behind."""
        mine, rest = block[: self.left], block[self.left :]
        self.left -= len(mine)
        return mine, rest


class Chunk:
    """So many octets of a mail."""

    def __init__(self, size: int, arrival: Arrival, is_last: bool) -> None:
        self._arrival = arrival
        self._is_last = is_last
        self._octets = _Octets(size)

    def feed(self, block: bytes) -> bytes | None:
        mine, rest = self._octets.of(block)
        if mine:
            self._arrival.add(mine)
        if self._octets.left or not self._is_last:
            self._arrival.pace.add(len(mine))
        return None if self._octets.left else rest


class Dropped:
    """So many octets of a chunk that is no mail's: read, or they would be taken for commands."""

    def __init__(self, size: int, pace: Pace) -> None:
        self._octets = _Octets(size)
        self._pace = pace

    def feed(self, block: bytes) -> bytes | None:
        mine, rest = self._octets.of(block)
        if not self._octets.left:
            return rest
        self._pace.add(len(mine))
        return None
