"""Addresses in text as links, before the desk's viewer makes its own of them.

The viewer takes everything from `http://`, `https://` or `www.` to the next blank, quote or bracket for the address,
the stop at the end of a sentence too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\"']+", re.IGNORECASE)
_STOPS = ".,;:!?*_"


def addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and target of each address in a text."""
    if "://" not in text and "www." not in text.lower():
        return
    for found in _ADDRESS.finditer(text):
        address = _without_stops(found[0])
        target = address if "://" in address[:8] else f"https://{address}"
        yield found.start(), found.start() + len(address), target


def _without_stops(address: str) -> str:
    """Stops, and brackets that were opened before the address, are no part of it; but something has to be left."""
    bare = address.rstrip(_STOPS)
    for opening, closing in ("()", "[]"):
        if bare.endswith(closing) and opening not in bare:
            bare = bare.rstrip(_STOPS + closing)
    return bare if bare.strip("/").lower() not in ("http:", "https:", "http", "https", "www") else address
