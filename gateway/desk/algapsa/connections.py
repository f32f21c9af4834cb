"""The connections to a desk that are kept: the last one used goes first, and what did not end well is closed.

A pool of httpx's keeps the place of a call that is given up at the wrong moment, as while it connects; after as many of
those as it has places it never asks again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

from gateway.desk.algapsa.connection import Connection
from gateway.startup import without

with without("click"):
    import httpx

LEAVES = "leaves"
"""The extension of a request that is called at the last moment before it is sent, and may keep it by an exception."""


class Connections(httpx.AsyncBaseTransport):
    """To one desk, at most so many at once; who finds none free waits. One that was idle for ``keepalive`` seconds is
    not used again. Whoever calls has a deadline: there is none here."""

    def __init__(self, most: int, keepalive: float) -> None:
        self._room = asyncio.Semaphore(most)
        self._keepalive = keepalive
        self._trusted = httpx.create_ssl_context(trust_env=False)
        self._trusted.set_alpn_protocols(["http/1.1"])
        self._idle: deque[tuple[float, Connection]] = deque()  # since when, the newest last

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._room.acquire()
        connection = None
        try:
            connection = self._kept() or await Connection.open(request.url, self._trusted)
            head = await connection.ask(request, request.extensions.get(LEAVES, _nothing))
        except BaseException:
            self._over(connection, is_whole=False)
            raise
        body = _Body(connection, self._over)
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), stream=body)

    async def aclose(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()

    def _kept(self) -> Connection | None:
        """The one that was used last; those that were idle for long are closed."""
        oldest = time.monotonic() - self._keepalive
        while self._idle and (self._idle[0][0] < oldest or self._idle[0][1].is_over):
            self._idle.popleft()[1].close()
        while self._idle:
            _, connection = self._idle.pop()
            if not connection.is_over:
                return connection
        return None

    def _over(self, connection: Connection | None, is_whole: bool) -> None:
        """A call ended; ``is_whole``: its answer was read to the end."""
        self._room.release()
        if connection is None:
            return
        if is_whole and connection.renew():
            self._idle.append((time.monotonic(), connection))
        else:
            connection.close()


def _nothing() -> None:
    pass


class _Body(httpx.AsyncByteStream):
    """An answer's body; ``over`` is told once whether it was read whole."""

    def __init__(self, connection: Connection, over: Callable[[Connection, bool], None]) -> None:
        self._connection = connection
        self._over = over
        self._is_whole = self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._connection.body():
            yield part
        self._is_whole = True

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._over(self._connection, self._is_whole)
