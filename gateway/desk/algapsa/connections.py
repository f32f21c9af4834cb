"""Connections to a desk: each a pool of httpx's with a single connection, the last one used goes first.

A pool of many asks every connection of itself at the beginning and at the end of each call whether its socket is still
good, which took a third of a call's time.
"""

from __future__ import annotations

import asyncio
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
            await self._give_back(connection)
            raise
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        answer.stream = _Body(answer.stream, lambda: self._give_back(connection))
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


class _Body(httpx.AsyncByteStream):
    """An answer's body, after which its connection is free."""

    def __init__(self, stream: httpx.AsyncByteStream, over: Callable[[], Awaitable[None]]) -> None:
        self._stream = stream
        self._over = over

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            await self._over()
