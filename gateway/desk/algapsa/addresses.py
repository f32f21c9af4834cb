"""A connection to a host that has several addresses: one that does not answer delays it by a moment (RFC 8305)."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any

STAGGER = 0.25
"""Seconds until the next address is tried beside those before. Source: RFC 8305 section 5."""

Address = tuple[Any, ...]
"""Family, kind, protocol, canonical name and address, as getaddrinfo gives them."""


async def connected(host: str, port: int) -> socket.socket:
    """A socket to the first address of the host that takes a connection. Raises OSError, UnicodeError for what is no
    name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if len(found) == 1:
        return await _to(found[0])
    left, failed = deque(_by_turns(found)), OSError(f"{host} has no address")
    tries: set[asyncio.Task[socket.socket]] = set()
    try:
        while left or tries:
            if left:
                tries.add(asyncio.create_task(_to(left.popleft())))
            pause = STAGGER if left else None
            done, _ = await asyncio.wait(tries, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                tries.discard(ended)
                if (error := ended.exception()) is None:
                    return ended.result()
                failed = error if isinstance(error, OSError) else failed
    finally:
        for other in tries:
            other.cancel()
            other.add_done_callback(_forget)
    raise failed


def _by_turns(found: Sequence[Address]) -> list[Address]:
    """The addresses in the order of the resolver, those of its first family and of the other in turn."""
    first = [address for address in found if address[0] == found[0][0]]
    others = [address for address in found if address[0] != found[0][0]]
    return [address for address in chain.from_iterable(zip_longest(first, others)) if address is not None]


async def _to(address: Address) -> socket.socket:
    family, kind, protocol, _, place = address
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, place)
    except BaseException:
        made.close()
        raise
    return made


def _forget(late: asyncio.Task[socket.socket]) -> None:
    """It may have been connected in the same moment as another."""
    if not late.cancelled() and late.exception() is None:
        late.result().close()
