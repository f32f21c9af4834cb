"""The connections to a desk: one after the other uses the same, no more than allowed are there, none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from gateway.desk.algapsa.connections import Connections
from tests.waiting import PATIENCE

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Peer:
    """Answers once it may; ``open`` and ``ever`` are its connections now and in all."""

    def __init__(self) -> None:
        self.open = self.ever = self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.ever += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked += 1
                await self.may_answer.wait()
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def reached(most: int, keepalive: float = 60.0) -> AsyncIterator[tuple[Peer, httpx.AsyncClient]]:
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with server, httpx.AsyncClient(transport=Connections(most, keepalive), base_url=url) as client:
        yield peer, client


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0)


async def test_calls_one_after_the_other_share_a_connection() -> None:
    async with reached(4) as (peer, client):
        for _ in range(5):
            assert (await client.get("/")).json() == {}
        assert (peer.asked, peer.ever) == (5, 1)


async def test_no_more_at_once_than_allowed() -> None:
    async with reached(2) as (peer, client):
        peer.may_answer.clear()
        calls = [asyncio.create_task(client.get("/")) for _ in range(5)]
        await until(lambda: peer.asked == 2)
        for _ in range(20):
            await asyncio.sleep(0)
        assert (peer.asked, peer.open) == (2, 2)
        peer.may_answer.set()
        assert [answer.status_code for answer in await asyncio.gather(*calls)] == [200] * 5
        assert peer.ever == 2


@pytest.mark.parametrize("waiting", [0, 1])
async def test_a_call_that_is_given_up_frees_its_place(waiting: int) -> None:
    """Also one that still waited for a place."""
    async with reached(1) as (peer, client):
        peer.may_answer.clear()
        calls = [asyncio.create_task(client.get("/")) for _ in range(2)]
        await until(lambda: peer.asked == 1)
        calls[waiting].cancel()
        peer.may_answer.set()
        assert (await calls[1 - waiting]).status_code == 200
        assert (await client.get("/")).status_code == 200
        assert peer.open == 1


async def test_what_is_idle_for_long_is_closed_and_not_used_again() -> None:
    async with reached(3, keepalive=0.01) as (peer, client):
        await asyncio.gather(*(client.get("/") for _ in range(3)))
        await asyncio.sleep(0.02)
        assert (await client.get("/")).status_code == 200
        await until(lambda: peer.open == 1)
        assert peer.ever == 4


async def test_all_are_closed_with_the_client() -> None:
    async with reached(3) as (peer, client):
        await asyncio.gather(*(client.get("/") for _ in range(3)))
        await client.aclose()
        await until(lambda: not peer.open)


@pytest.mark.parametrize("is_kept", [False, True], ids=["a new connection", "a kept one"])
async def test_a_call_may_be_given_up_at_any_moment(is_kept: bool) -> None:
    """httpx's own pool keeps the place of some of these for ever, and the desk was never asked again."""
    for moment in range(30):
        async with reached(1) as (_, client):
            if is_kept:
                await client.get("/")
            call = asyncio.create_task(client.get("/"))
            for _ in range(moment):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            async with asyncio.timeout(PATIENCE):
                assert (await client.get("/")).status_code == 200, moment
