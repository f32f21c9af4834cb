"""Connections to a desk: each a pool of httpx's with a single connection, the last one used goes first.

A pool of many asks every connection of itself at the beginning and at the end of each call whether its socket is still
good, which took a third of a call's time. And it keeps the place of a call that is given up at the wrong moment, as
while it connects: after as many of those as it has places, it never asks again. So what did not end well is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.startup import without

with without("click"):
    import httpx


class Connections(httpx.AsyncBaseTransport):
    """At most so many at once; who finds none free waits. One that was idle for ``keepalive`` seconds is not used
    again."""

    def __init__(self, most: int, keepalive: float) -> None:
        self._room = asyncio.Semaphore(most)
        self._keepalive = keepalive
        self._limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=keepalive)
        self._trusted = httpx.create_ssl_context(trust_env=False)
        self._idle: deque[tuple[float, httpx.AsyncHTTPTransport]] = deque()  # since when, the newest last

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._room.acquire()
        connection = self._idle.pop()[1] if self._idle else self._new()
        try:
            answer = await connection.handle_async_request(request)
        except BaseException:
            await self._drop(connection)
            raise
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = _Body(
            answer.stream, lambda whole: self._give_back(connection) if whole else self._drop(connection)
        )
        return answer

    async def aclose(self) -> None:
        while self._idle:
            await self._idle.pop()[1].aclose()

    def _new(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=self._trusted, trust_env=False, limits=self._limits)

    async def _give_back(self, connection: httpx.AsyncHTTPTransport) -> None:
        """For the next call; those that have not been used for long are closed."""
        now = time.monotonic()
        self._idle.append((now, connection))
        self._room.release()
        while self._idle and self._idle[0][0] < now - self._keepalive:  # others take some while one is closed
            await self._idle.popleft()[1].aclose()

    async def _drop(self, connection: httpx.AsyncHTTPTransport) -> None:
        self._room.release()
        with contextlib.suppress(Exception):
            await connection.aclose()


class _Body(httpx.AsyncByteStream):
    """An answer's body; ``over`` is told whether it was read whole."""

    def __init__(self, stream: httpx.AsyncByteStream, over: Callable[[bool], Awaitable[None]]) -> None:
        self._stream = stream
        self._over = over
        self._is_whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part
        self._is_whole = True

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        except BaseException:
            self._is_whole = False
            raise
        finally:
            await self._over(self._is_whole)
