"""HTTP/1.1 to a desk: kept connections, and httptools as the parser, below the requests and answers of httpx.

httpx's own transport takes two milliseconds of processor time a call, this one a third of that. Promised:

- What fails before the first byte of a request is written is a ConnectError, ConnectTimeout or UnsupportedProtocol.
- A connection that was idle for ``keepalive`` seconds is not used again, nor one that its server closed or on which
  anything came that nobody asked for.
- Nothing is sent twice, and no answer is read from a connection that has another request's bytes.

Proxies and the environment are not looked at; authorities are those of httpx.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import httptools

from gateway.startup import without

with without("click"):
    import httpx

MOST_HEAD = 64 * 1024
"""Bytes of an answer before its body."""
HIGH, LOW = 256 * 1024, 64 * 1024
"""Bytes of a body that are held for whoever reads it, until no more are taken, and until more are taken again."""
NEXT_ADDRESS = 0.25
"""Seconds after which the next address of a host is tried beside the last one (RFC 8305)."""
PORTS = {"http": 80, "https": 443}
NO_TIMEOUTS: dict[str, float | None] = {}


class Transport(httpx.AsyncBaseTransport):
    """At most ``connections`` at once. A request's extensions may hold ``timeout``, as httpx writes it, and
    ``last_moment``: a function that is called when all is ready and nothing sent yet, and may raise."""

    def __init__(self, connections: int, keepalive: float) -> None:
        self._keepalive = keepalive
        self._room = asyncio.Semaphore(connections)
        self._idle: deque[_Connection] = deque()
        self._authorities: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.TransportError."""
        timeouts = request.extensions.get("timeout", NO_TIMEOUTS)
        await self._room.acquire()
        connection = None
        try:
            connection = self._kept(request.url) or await self._connected(request.url, timeouts.get("connect"))
            status, headers = await connection.ask(request, timeouts)
        except BaseException:
            self._leave(connection)
            raise
        return httpx.Response(status, headers=headers, stream=_Body(self, connection), request=request)

    async def aclose(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _kept(self, url: httpx.URL) -> _Connection | None:
        """The connection that was used last, of those that may be used again."""
        self._forget_old()
        for number in range(len(self._idle) - 1, -1, -1):
            if self._idle[number].place == _place(url):
                connection = self._idle[number]
                del self._idle[number]
                return connection
        return None

    def _forget_old(self) -> None:
        since = asyncio.get_running_loop().time() - self._keepalive
        for connection in [each for each in self._idle if each.is_spent or each.idle_since <= since]:
            self._idle.remove(connection)
            connection.close()

    def _leave(self, connection: _Connection | None) -> None:
        """A request is over."""
        self._room.release()
        if connection is None:
            return
        if connection.is_spent or not connection.is_free:
            connection.close()
            return
        self._forget_old()
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)

    async def _connected(self, url: httpx.URL, patience: float | None) -> _Connection:
        scheme, host, port = place = _place(url)
        if scheme not in PORTS:
            raise httpx.UnsupportedProtocol(f"no http:// or https:// in {scheme}://{host}")
        context = self._context() if scheme == "https" else None
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience):
                connected = await _socket(host, port)
                try:
                    name = host if context else None
                    _, connection = await loop.create_connection(
                        lambda: _Connection(place), sock=connected, ssl=context, server_hostname=name
                    )
                except BaseException:
                    connected.close()
                    raise
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"no connection to {host}:{port} in time") from error
        except (OSError, ValueError) as error:  # an address that is none is a ValueError
            raise httpx.ConnectError(str(error) or type(error).__name__) from error
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._authorities is None:
            self._authorities = httpx.create_ssl_context(trust_env=False)
            self._authorities.set_alpn_protocols(["http/1.1"])
        return self._authorities


class _Body(httpx.AsyncByteStream):
    """The body of an answer. Closing it frees the connection."""

    def __init__(self, transport: Transport, connection: _Connection) -> None:
        self._transport = transport
        self._connection: _Connection | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._connection is not None and (block := await self._connection.block()) is not None:
            yield block

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._transport._leave(connection)


class _Connection(asyncio.Protocol):
    """One request after the other. The methods in the middle are called by the event loop, the last ones by the
    parser."""

    def __init__(self, place: tuple[str, str, int]) -> None:
        self.place = place
        self.idle_since = 0.0
        self.is_spent = False  # it takes no other request
        self._transport: asyncio.Transport | None = None
        self._begin()
        self._is_complete = True  # there is no request yet
        self._waiter: asyncio.Future[None] | None = None
        self._is_full = False  # what is written has to wait

    def _begin(self) -> None:
        """For another answer."""
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._has_head = self._is_complete = False
        self._blocks: deque[bytes] = deque()
        self._held = 0
        self._error: httpx.TransportError | None = None
        self._reading_pause: float | None = None

    @property
    def is_free(self) -> bool:
        """Whether its last request was answered, and all of the answer read."""
        return self._is_complete and not self._blocks

    def close(self) -> None:
        self.is_spent = True
        if self._transport is not None:
            self._transport.abort()

    async def ask(
        self, request: httpx.Request, timeouts: dict[str, float | None]
    ) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Send it; status and headers of the answer. Raises httpx.TransportError."""
        head = _head_of(request)
        if last_moment := request.extensions.get("last_moment"):
            last_moment()
        self._begin()
        self._reading_pause = timeouts.get("read")
        await self._send(head, request, timeouts.get("write"))
        while not self._has_head or self._head_size > MOST_HEAD:
            if self._error is not None:
                raise self._error
            await self._wait(self._reading_pause, httpx.ReadTimeout)
        return self._status, self._headers

    async def _send(self, head: bytes, request: httpx.Request, pause: float | None) -> None:
        """Nothing more once the answer begins: a desk that refuses a file need not be sent all of it."""
        if isinstance(request.stream, httpx.ByteStream):
            self._write(head + b"".join(request.stream))
            return
        assert isinstance(request.stream, httpx.AsyncByteStream)
        self._write(head)
        async for part in request.stream:
            while self._is_full and not self._has_head and self._error is None:
                await self._wait(pause, httpx.WriteTimeout)
            if self._has_head or self._error is not None:
                self.is_spent = True
                return
            self._write(part)

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            self._fail(httpx.WriteError("the connection was closed"))
        else:
            self._transport.write(data)

    async def block(self) -> bytes | None:
        """The next part of the body, None at its end. Raises httpx.TransportError."""
        while not self._blocks:
            if self._is_complete:
                return None
            if self._error is not None:
                raise self._error
            await self._wait(self._reading_pause, httpx.ReadTimeout)
        block = self._blocks.popleft()
        if self._held > LOW >= self._held - len(block) and self._transport is not None:
            self._transport.resume_reading()
        self._held -= len(block)
        return block

    async def _wait(self, seconds: float | None, late: type[httpx.TimeoutException]) -> None:
        """Until something happens. Raises ``late``."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._waiter
        except TimeoutError as error:
            self.is_spent = True
            raise late(f"nothing for {seconds:g} seconds") from error
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: httpx.TransportError) -> None:
        """The answer ends here."""
        self.is_spent = True
        if not self._is_complete and self._error is None:
            self._error = error
        self._wake()

    # -- by the event loop ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._is_complete:  # nobody asked
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(f"not HTTP: {error}"))
            self.close()
            return
        self._head_size += 0 if self._has_head else len(data)
        if self._head_size > MOST_HEAD:
            self._fail(httpx.RemoteProtocolError(f"more than {MOST_HEAD} bytes of headers"))
            self.close()
            return
        if self._held > HIGH and self._transport is not None and not self._is_complete:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        if self._has_head and not self._is_complete and error is None and not _is_measured(self._headers):
            self._is_complete = True
        self._transport = None
        if not self._has_head:
            self._fail(httpx.ReadError(str(error)) if error else httpx.RemoteProtocolError("closed without an answer"))
        else:
            self._fail(httpx.ReadError(str(error)) if error else httpx.RemoteProtocolError("closed within the answer"))

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self._wake()

    # -- by the parser ----------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.is_spent = self.is_spent or self._is_complete  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:  # what comes later are trailers
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # "100 Continue" and the like: the answer follows
            self._headers = []
        elif not self._is_complete:
            self._status, self._has_head = status, True
            self._head_size = sum(len(name) + len(value) for name, value in self._headers)

    def on_body(self, body: bytes) -> None:
        if not self._is_complete:
            self._blocks.append(body)
            self._held += len(body)

    def on_message_complete(self) -> None:
        if self._has_head and not self._is_complete:
            self._is_complete = True
            self.is_spent = self.is_spent or not self._parser.should_keep_alive()


def _place(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.raw_host.decode("ascii"), url.port or PORTS.get(url.scheme, 0)


def _head_of(request: httpx.Request) -> bytes:
    """The request line and the headers. Raises LocalProtocolError for a value that would be a line of its own."""
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [name + b": " + value for name, value in request.headers.raw]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
        raise httpx.LocalProtocolError("a line break in the head of a request")
    return head + b"\r\n\r\n"


def _is_measured(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the body's end is known without the end of the connection."""
    return any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers)


async def _socket(host: str, port: int) -> socket.socket:
    """Connected to the first address that answers, families in turn: each is tried a moment after the last one.
    Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    tried: set[asyncio.Task[socket.socket]] = set()
    failed: OSError = OSError(f"no address of {host}")
    addresses = deque(_in_turn(found))
    try:
        while addresses or tried:
            if addresses:
                family, address = addresses.popleft()
                tried.add(asyncio.create_task(_connect(family, address)))
            patience = NEXT_ADDRESS if addresses else None
            over, tried = await asyncio.wait(tried, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            good = [task.result() for task in over if task.exception() is None]
            for spare in good[1:]:
                spare.close()
            if good:
                return good[0]
            failed = next((task.exception() for task in over), failed)  # type: ignore[assignment]
        raise failed
    finally:
        for task in tried:
            task.cancel()
            task.add_done_callback(_close_late)


def _in_turn(found: list[Any]) -> list[tuple[int, Any]]:
    """Addresses of the first one's family and of others, in turn."""
    first = [(family, address) for family, *_, address in found if family == found[0][0]]
    others = [(family, address) for family, *_, address in found if family != found[0][0]]
    longer = max(len(first), len(others))
    return [each[place] for place in range(longer) for each in (first, others) if place < len(each)]


async def _connect(family: int, address: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made


def _close_late(task: asyncio.Task[socket.socket]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()
