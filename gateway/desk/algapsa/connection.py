"""One connection to a desk: HTTP/1.1 by h11, straight on the event loop.

httpx's own way to the network takes three locks a call, and makes a scope of cancellation for each read and write: more
than half of what a call cost. Who calls has a deadline for the whole, so there are none here.

What comes before it was asked for, or behind an answer, belongs to no call: such a connection is not used again.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import cast

import h11
from aiohappyeyeballs import start_connection

from gateway.startup import without

with without("click"):
    import httpx

LONGEST_HEAD = 100 * 1024
"""Bytes of an answer's status and headers."""
MOST_UNREAD = 1 << 20
"""Bytes that wait to be read until the peer has to wait."""
STAGGER = 0.25
"""Seconds until the next address of a host is tried beside those before. Source: RFC 8305 section 5."""
PORTS = {"http": 80, "https": 443}


class Connection(asyncio.Protocol):
    """Made by ``open``. One call at a time: ``ask``, read ``body`` to its end, then ``renew``."""

    def __init__(self) -> None:
        self.is_over = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        self._transport: asyncio.Transport
        self._is_asked = False
        self._has_answered = False
        self._unread = 0
        self._error: Exception | None = None  # with which the network ended it
        self._news: asyncio.Future[None] | None = None  # told when something came or it is over
        self._room: asyncio.Future[None] | None = None  # told when the peer takes more

    @classmethod
    async def open(cls, url: httpx.URL, trusted: ssl.SSLContext) -> Connection:
        """Raises httpx.ConnectError, httpx.UnsupportedProtocol."""
        if url.scheme not in PORTS:
            raise httpx.UnsupportedProtocol(f"not HTTP: {url.scheme}")
        host, secure = url.raw_host.decode("ascii"), url.scheme == "https"
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, url.port or PORTS[url.scheme], type=socket.SOCK_STREAM)
            _, made = await loop.create_connection(
                cls,
                sock=await start_connection(found, happy_eyeballs_delay=STAGGER),
                ssl=trusted if secure else None,
                server_hostname=host if secure else None,
            )
        except (OSError, RuntimeError, ValueError) as error:  # of uvloop, of a name that is none
            raise httpx.ConnectError(str(error)) from error
        return made

    # -- a call -----------------------------------------------------------------------------------

    async def ask(self, request: httpx.Request, leaves: Callable[[], None]) -> h11.Response:
        """Send a request and return the head of its answer. ``leaves`` is called at the last moment before, and what it
        raises keeps it from being sent. Raises httpx.TransportError."""
        self._is_asked, self._has_answered = True, False
        head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
        ready = self._written(head)
        leaves()
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for part in request.stream:
            await self._send(ready + self._written(h11.Data(data=part)))
            ready = b""
        await self._send(ready + self._written(h11.EndOfMessage()))
        while isinstance(event := await self._event(), h11.InformationalResponse):
            pass
        return cast(h11.Response, event)

    async def body(self) -> AsyncIterator[bytes]:
        """The body of the answer. Raises httpx.TransportError."""
        while isinstance(event := await self._event(), h11.Data):
            yield bytes(event.data)

    def renew(self) -> bool:
        """Be ready for the next call, where that is possible."""
        states = (self._http.our_state, self._http.their_state)
        if self.is_over or states != (h11.DONE, h11.DONE) or self._http.trailing_data[0]:
            return False
        self._http.start_next_cycle()
        self._is_asked = False
        return True

    def close(self) -> None:
        self.is_over = True
        self._transport.abort()

    def _written(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> bytes:
        try:
            return self._http.send(event) or b""
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error

    async def _send(self, content: bytes) -> None:
        """A peer that takes no more may have answered all the same: that is read."""
        if content and not self.is_over:
            self._transport.write(content)
        if self._room is not None:
            await self._room

    async def _event(self) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._unread > MOST_UNREAD:
                    self._transport.resume_reading()
                self._unread = 0
                self._news = asyncio.get_running_loop().create_future()
                await self._news
        except h11.RemoteProtocolError as error:
            if self._error is not None:
                raise httpx.ReadError(str(self._error)) from self._error
            words = str(error) if self._has_answered or not self.is_over else "closed without an answer"
            raise httpx.RemoteProtocolError(words) from error
        return event

    # -- what the event loop tells ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self._is_asked:
            self.close()
            return
        self._http.receive_data(data)
        self._has_answered = True
        self._unread += len(data)
        if self._unread > MOST_UNREAD:
            self._transport.pause_reading()
        _tell(self._news)

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._error = exc
        self._end()

    def _end(self) -> None:
        self.is_over = True
        self._http.receive_data(b"")
        self.resume_writing()
        _tell(self._news)

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        _tell(room)


def _tell(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
