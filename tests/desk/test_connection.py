"""One connection to a desk, against peers that answer oddly, early or not at all."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
import trustme

from gateway.desk.algapsa import connection
from gateway.desk.algapsa.calls import Call, Calls
from gateway.desk.algapsa.connections import Connections
from gateway.desk.outcome import NotSent, Outcome, Unknown
from gateway.desk.permit import Permit
from tests.waiting import PATIENCE, come

FINE = b"HTTP/1.1 200 OK\r\n"
DATA = b'{"data": {}}'
ANSWER = FINE + b"Content-Length: 12\r\n\r\n" + DATA
LARGE = b"x" * 5_000_000

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def asked(peer: Peer, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[httpx.AsyncClient, list[int]]]:
    """A client of a peer that does this with each connection, and the numbers of the connections that it had."""
    came: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(len(came) + 1)
        try:
            await peer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, httpx.AsyncClient(transport=Connections(2, 60.0), base_url=url, timeout=None) as client:
        async with asyncio.timeout(PATIENCE):
            yield client, came
        server.close()


def says(*parts: bytes, then: bytes = b"") -> Peer:
    """Answers each request with these parts, one after the other; ``then`` is sent behind, to nobody's question."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.001)
            writer.write(then)

    return peer


def closes(*parts: bytes, hard: bool = False) -> Peer:
    """The same once, and ends the connection, ``hard``: by a reset."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"".join(parts))
        await writer.drain()
        if hard:
            writer.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
            )
            await asyncio.sleep(0.05)
            writer.transport.abort()

    return peer


ANSWERS = {
    "at once": says(ANSWER),
    "byte by byte": says(*(bytes([byte]) for byte in ANSWER)),
    "in chunks": says(FINE + b"Transfer-Encoding: chunked\r\n\r\n", b'4\r\n{"da\r\n', b'8\r\nta": {}}\r\n0\r\n\r\n'),
    "until it closes": closes(FINE + b"\r\n" + DATA),
    "after a first word": says(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", ANSWER),
}


@pytest.mark.parametrize("peer", ANSWERS.values(), ids=ANSWERS)
async def test_answers_of_all_forms_are_read(peer: Peer) -> None:
    async with asked(peer) as (client, _):
        for _ in range(3):
            assert (await client.get("/")).json() == {"data": {}}


WRONG: dict[str, tuple[Peer, type[Exception], str]] = {
    "nothing": (closes(), httpx.RemoteProtocolError, "closed without an answer"),
    "half a head": (closes(FINE + b"Content-"), httpx.RemoteProtocolError, "closed"),
    "half a body": (closes(FINE + b"Content-Length: 12\r\n\r\n{"), httpx.RemoteProtocolError, "complete message body"),
    "half a body, and a reset": (closes(FINE + b"Content-Length: 12\r\n\r\n{", hard=True), httpx.ReadError, "reset"),
    "no HTTP": (says(b"220 mx.example ESMTP\r\n\r\n"), httpx.RemoteProtocolError, "status line"),
    "two lengths": (
        says(FINE + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
        httpx.RemoteProtocolError,
        "Length",
    ),
    "an endless head": (says(FINE, b"X: " + b"x" * 200_000), httpx.RemoteProtocolError, "too long"),
}


@pytest.mark.parametrize(("peer", "kind", "words"), WRONG.values(), ids=WRONG)
async def test_what_is_no_answer_is_an_error_and_ends_the_connection(
    peer: Peer, kind: type[Exception], words: str
) -> None:
    async with asked(peer) as (client, came):
        for _ in range(2):
            with pytest.raises(kind, match=words):
                await client.get("/")
        assert came == [1, 2]


@pytest.mark.parametrize("late", [b"", b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"data": "no"}'[:52]])
@pytest.mark.parametrize("with_it", [True, False], ids=["with the answer", "later"])
async def test_what_comes_behind_an_answer_is_no_answer_to_the_next_call(late: bytes, with_it: bool) -> None:
    peer = says(ANSWER + late) if with_it else says(ANSWER, then=late)
    async with asked(peer) as (client, came):
        for _ in range(3):
            assert (await client.get("/")).json() == {"data": {}}
            kept = client._transport._idle  # type: ignore[attr-defined]
            while late and kept and not kept[-1][1].is_over:
                await asyncio.sleep(0.001)
        assert came == ([1, 2, 3] if late else [1])


async def test_a_connection_that_the_peer_has_closed_is_not_asked_again() -> None:
    async with asked(closes(ANSWER)) as (client, came):
        for number in range(1, 4):
            assert (await client.get("/")).json() == {"data": {}}
            kept = client._transport._idle  # type: ignore[attr-defined]
            while kept and not kept[-1][1].is_over:
                await asyncio.sleep(0.001)
            assert came[-1] == number


async def test_a_refusal_before_the_request_was_whole_is_read() -> None:
    """So a proxy answers to a file that is too large for it."""
    async with asked(closes(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")) as (client, came):
        for _ in range(2):
            try:
                assert (await client.post("/", files={"file": ("x", LARGE)})).status_code == 413
            except httpx.ReadError as reset:  # the kernel may have thrown the answer away with what was not read
                assert "reset" in str(reset)
        assert came == [1, 2]


async def test_much_goes_out_and_comes_in_without_being_held_in_memory() -> None:
    held = 0

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        body = await reader.readexactly(size)
        writer.write(FINE + b"Content-Length: %d\r\n\r\n" % size)
        writer.write(body)
        await writer.drain()

    async with asked(peer) as (client, _):
        async with client.stream("POST", "/", files={"file": ("x", LARGE)}) as answer:
            received = b""
            transport = answer.stream._stream._connection  # type: ignore[attr-defined]
            async for part in answer.aiter_raw():
                await asyncio.sleep(0.01)
                held = max(held, len(transport._http.trailing_data[0]))
                received += part
        assert received.count(b"x") >= len(LARGE)
        assert held <= 2_000_000


async def test_the_last_moment_is_after_the_connection_and_before_the_first_byte() -> None:
    """What is said then keeps the request from being sent."""

    class Gone(Exception):
        pass

    def lost() -> None:
        raise Gone

    seen: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(100))

    async with asked(peer) as (client, came):
        desk = Calls("desk", str(client.base_url).rstrip("/"), "key", rate=0)
        with pytest.raises(Gone):
            await desk._call(Call("POST", "/tickets", json_body={}, permit=Permit(lost)))
        await come(lambda: seen)
        assert (came, seen) == ([1], [b""])
        await desk.close()


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_tls(is_trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody trusts: nothing was sent."""
    authority, ours = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    trusted = ssl.create_default_context()
    (authority if is_trusted else trustme.CA()).configure_trust(trusted)
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **_: trusted)
    async with asked(says(ANSWER), tls=ours) as (client, came):
        if is_trusted:
            for _ in range(3):
                assert (await client.get("/")).json() == {"data": {}}
            assert came == [1]
        else:
            assert isinstance(found := await called(str(client.base_url)), NotSent)
            assert "CERTIFICATE_VERIFY_FAILED" in found.reason


async def called(url: str, timeout: float = PATIENCE) -> Outcome:
    desk = Calls("desk", url.rstrip("/"), "key", rate=0, timeout=timeout)
    try:
        return await desk._call(Call("POST", "/tickets", json_body={}))
    finally:
        await desk.close()


async def test_a_deadline_before_the_request_left_and_after() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with asked(silent) as (client, _):
        assert await called(str(client.base_url), 0.5) == Unknown("TimeoutError: no answer in time")
        url = str(client.base_url).replace("http:", "https:")  # a peer that never says its part of TLS
        assert await called(url, 0.1) == NotSent("TimeoutError: no answer in time")


# -- hosts with several addresses -------------------------------------------------------------------


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a socket on 127.0.0.2 whose backlog is full: connecting to it never ends."""
    with ExitStack() as kept:
        listener = kept.enter_context(socket.socket())
        listener.bind(("127.0.0.2", 0))
        listener.listen(0)
        for _ in range(2):
            waiting = kept.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def resolved_as(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
    """Let the name of a host have these addresses, in this order."""

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place) for place in places]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(connection, "STAGGER", 0.01)


@pytest.mark.parametrize("first", ["refuses", "deaf", "refuses deaf", "deaf refuses", "deaf deaf"])
async def test_an_address_that_does_not_answer_delays_by_a_moment(
    first: str, deaf: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asked(says(ANSWER)) as (client, _):
        places = {"refuses": ("127.0.0.1", 1), "deaf": ("127.0.0.2", deaf)}
        answers = ("127.0.0.1", client.base_url.port or 0)
        resolved_as(monkeypatch, *map(places.__getitem__, first.split()), answers)
        async with asyncio.timeout(PATIENCE):
            assert (await client.get("/")).json() == {"data": {}}


@pytest.mark.parametrize("places", [[], [("127.0.0.1", 1)], [("127.0.0.1", 1), ("127.0.0.2", 1)]])
async def test_a_host_of_which_no_address_answers_was_not_sent_to(
    places: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved_as(monkeypatch, *places)
    assert isinstance(await called("http://desk.example"), NotSent)


async def test_a_host_whose_addresses_say_nothing_was_not_sent_to(deaf: int, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved_as(monkeypatch, ("127.0.0.2", deaf), ("127.0.0.2", deaf))
    assert await called("http://desk.example", 0.2) == NotSent("TimeoutError: no answer in time")
