"""Ids in the form of RFC 9562; those of deliveries are ordered by the time at which they were drawn (5.7)."""

from __future__ import annotations

import os
import random
import re

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The form, of whatever version: a desk's ids, too."""
_random = random.Random()  # noqa: S311 - unique, not secret; a system call for each id is slow
os.register_at_fork(after_in_child=_random.seed)


def uuid7(now: float) -> str:
    """A fresh id for the time ``now`` (seconds since the epoch)."""
    milliseconds = int(now * 1000) & 0xFFFF_FFFF_FFFF
    drawn = _random.getrandbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (drawn >> 62) << 64 | 0b10 << 62 | drawn & (1 << 62) - 1
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
