"""Connections to a desk: which answers are read how, which connection is used again, and what was surely never sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from gateway.desk.connections import MOST_HEAD, Transport, _in_turn

GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Answers each request of a connection with the next of these bytes, and closes it after the last one."""

    def __init__(self, *answers: bytes, closes: bool = True) -> None:
        self.answers = answers
        self.closes = closes
        self.connections = 0
        self.requests: list[bytes] = []
        self.url = ""
        self.over = asyncio.Event()
        self.playing: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Server]:
        server = await asyncio.start_server(self._play, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            self.over.set()
            server.close()
            await asyncio.gather(*self.playing)

    async def _play(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.playing.append(task)
        try:
            for answer in self.answers:
                self.requests.append(await source.readuntil(b"\r\n\r\n"))
                sink.write(answer)
                await sink.drain()
            if not self.closes:
                await self.over.wait()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        sink.transport.abort() if self.over.is_set() else sink.close()
        with suppress(ConnectionError):
            await sink.wait_closed()


def request(server: Server, **more: object) -> httpx.Request:
    return httpx.Request("GET", server.url, **more)  # type: ignore[arg-type]


async def asked(transport: Transport, server: Server, **extensions: object) -> tuple[int, bytes]:
    answer = await transport.handle_async_request(request(server, extensions=extensions))
    try:
        return answer.status_code, b"".join([block async for block in answer.stream])  # type: ignore[union-attr]
    finally:
        await answer.aclose()


@asynccontextmanager
async def transport_of(connections: int = 4, keepalive: float = 60.0) -> AsyncIterator[Transport]:
    transport = Transport(connections, keepalive)
    try:
        yield transport
    finally:
        await transport.aclose()


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        pytest.param(GOOD, 200, b"ok", id="length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nx: y\r\n\r\n",
            200, b"ok", id="chunks and a trailer",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nok", 200, b"ok", id="until it closes"),
        pytest.param(b"HTTP/1.0 404 Not Found\r\n\r\n", 404, b"", id="HTTP/1.0"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", id="no content"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD, 200, b"ok", id="continue first"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + GOOD, 200, b"ok", id="hints first"),
    ],
)  # fmt: skip
async def test_an_answer(answer: bytes, status: int, body: bytes) -> None:
    async with Server(answer).up() as server, transport_of() as transport:
        assert await asked(transport, server) == (status, body)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(b"", httpx.RemoteProtocolError, id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-le", httpx.RemoteProtocolError, id="half a head"),
        pytest.param(GOOD[:-1], httpx.RemoteProtocolError, id="half a body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", httpx.RemoteProtocolError, id="half a chunk"
        ),
        pytest.param(b"220 mail.example ESMTP\r\n", httpx.RemoteProtocolError, id="another protocol"),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            httpx.RemoteProtocolError, id="another protocol from here on",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            httpx.RemoteProtocolError, id="two lengths",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nx: " + b"y" * MOST_HEAD + b"\r\n\r\n", httpx.RemoteProtocolError, id="a head without end"
        ),
    ],
)  # fmt: skip
async def test_what_is_no_answer(answer: bytes, error: type[Exception]) -> None:
    async with Server(answer).up() as server, transport_of() as transport:
        with pytest.raises(error):
            await asked(transport, server, timeout={"read": 5.0})


@pytest.mark.parametrize(
    ("first", "connections"),
    [
        pytest.param(GOOD, 1, id="kept"),
        pytest.param(GOOD.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), 2, id="closed by the desk's word"),
        pytest.param(GOOD.replace(b"1.1", b"1.0"), 2, id="HTTP/1.0"),
        pytest.param(GOOD + GOOD.replace(b"ok", b"no"), 2, id="a second answer that nobody asked for"),
        pytest.param(GOOD + b"what", 2, id="more than was said"),
    ],
)
async def test_which_connection_is_used_again(first: bytes, connections: int) -> None:
    async with Server(first, GOOD, closes=False).up() as server, transport_of() as transport:
        assert await asked(transport, server) == (200, b"ok")
        server.answers = (GOOD,) if connections == 2 else server.answers

        assert await asked(transport, server) == (200, b"ok")
        assert server.connections == connections


async def test_no_connection_that_was_idle_for_long_or_was_closed_meanwhile() -> None:
    async with Server(GOOD, GOOD, closes=False).up() as server, transport_of(keepalive=0.0) as transport:
        await asked(transport, server)
        await asked(transport, server)
        assert server.connections == 2
    async with Server(GOOD).up() as server, transport_of() as transport:
        await asked(transport, server)
        await asyncio.sleep(0.02)  # the close arrives
        assert await asked(transport, server) == (200, b"ok")
        assert server.connections == 2


async def test_an_answer_that_is_not_read_to_its_end_costs_the_connection() -> None:
    async with (
        Server(GOOD.replace(b"length: 2", b"length: 9"), closes=False).up() as server,
        transport_of() as transport,
    ):
        answer = await transport.handle_async_request(request(server))
        await answer.aclose()
        server.answers = (GOOD,)

        assert await asked(transport, server) == (200, b"ok")
        assert server.connections == 2


async def test_what_was_never_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with transport_of() as transport:
        with pytest.raises(httpx.ConnectError):
            await transport.handle_async_request(httpx.Request("GET", f"http://127.0.0.1:{port}"))
        with pytest.raises(httpx.ConnectError):
            await transport.handle_async_request(httpx.Request("GET", "http://nowhere.invalid"))
        with pytest.raises(httpx.UnsupportedProtocol):
            await transport.handle_async_request(httpx.Request("GET", "ftp://127.0.0.1"))


async def test_at_the_last_moment_nothing_is_sent_yet() -> None:
    def changed_its_mind() -> None:
        raise PermissionError("no")

    async with Server(GOOD, GOOD, closes=False).up() as server, transport_of(connections=1) as transport:
        await asked(transport, server)
        with pytest.raises(PermissionError):
            await asked(transport, server, last_moment=changed_its_mind)
        assert len(server.requests) == 1

        assert await asked(transport, server) == (200, b"ok")
        assert server.connections == 1


async def test_a_header_is_one_line() -> None:
    async with Server(GOOD).up() as server, transport_of() as transport:
        with pytest.raises(httpx.LocalProtocolError):
            await transport.handle_async_request(request(server, headers={"x-api-key": "a\r\nx-other: b"}))
        assert not server.requests


async def test_a_late_answer() -> None:
    async with Server(GOOD[:-1], closes=False).up() as server, transport_of(connections=1) as transport:
        with pytest.raises(httpx.ReadTimeout):
            await asked(transport, server, timeout={"read": 0.01})
        server.answers = (GOOD,)

        assert await asked(transport, server) == (200, b"ok")  # there is room for it again


async def test_no_more_connections_than_there_may_be() -> None:
    async with Server(GOOD, GOOD, GOOD, GOOD, closes=False).up() as server, transport_of(connections=2) as transport:
        answers = await asyncio.gather(*(asked(transport, server) for _ in range(8)))
        assert answers == [(200, b"ok")] * 8
        assert server.connections == 2


async def test_a_large_body_is_held_in_parts() -> None:
    size = 3_000_000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + bytes(size)
    async with Server(answer, closes=False).up() as server, transport_of() as transport:
        found = await transport.handle_async_request(request(server))
        most = total = 0
        async for block in found.stream:  # type: ignore[union-attr]
            total += len(block)
            most = max(most, sum(map(len, found.stream._connection._blocks)))  # type: ignore[union-attr]
            await asyncio.sleep(0)
        await found.aclose()
        assert total == size and most < 1_000_000


async def test_a_file_that_is_refused_is_not_sent_whole() -> None:
    sent = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1 << 16
            yield bytes(1 << 16)

    refused = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"
    async with Server(refused, closes=False).up() as server, transport_of() as transport:
        upload = httpx.Request("POST", server.url, content=parts(), headers={"content-length": str(1000 << 16)})
        answer = await transport.handle_async_request(upload)
        assert answer.status_code == 413 and sent < 32 << 20
        await answer.aclose()


def test_addresses_of_two_families_take_turns() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    found = [(six, 1, 6, "", "a"), (six, 1, 6, "", "b"), (four, 1, 6, "", "c")]

    assert _in_turn(found) == [(six, "a"), (four, "c"), (six, "b")]
