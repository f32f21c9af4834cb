"""UUIDv7: ids of deliveries, ordered by the time at which they were drawn (RFC 9562, 5.7)."""

from __future__ import annotations

import os
import uuid


def uuid7(now: float) -> str:
    """A fresh id for the time ``now`` (seconds since the epoch)."""
    milliseconds = int(now * 1000) & 0xFFFF_FFFF_FFFF
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return str(uuid.UUID(int=value))
