"""Attacks on a running edge: memory and descriptors stay bounded, and a good peer is served within a second.

The cases that need no load are with their subject: smuggling in test_smuggling, injection in test_tls,
wrong PROXY in test_listeners, guessing in test_auth, harvesting and 1,000 recipients in test_limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from gateway.smtp.server import AT_ONCE
from tests.sizes import pairs, size
from tests.smtp.edge_process import EdgeProcess
from tests.smtp.serving import Peer
from tests.waiting import come

pytestmark = pytest.mark.slow

STRANGERS = {
    "exempt": ["127.77.0.0/16"], "tarpit": 0, "connections_per_minute": 0, "mails_per_minute": 0, "mails_per_sender": 0,
}  # fmt: skip
GROWTH = 120  # megabytes
MOST = 500  # connections
IN_PASSING = 3 * AT_ONCE  # those that are taken, turned away and closed, in three turns of the loop
OWN = 50  # files, the store and pipes
IDLE = size(2000, 10000)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeProcess]:
    edge_process = EdgeProcess(
        tmp_path_factory.mktemp("edge"), limits=STRANGERS, max_connections=MOST, max_size=20 << 20
    )
    yield edge_process
    edge_process.stop()


async def connect(edge: EdgeProcess, local: str) -> Peer:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port, local_addr=(local, 0), limit=1 << 20)
    return Peer(reader, writer)


async def send_one(edge: EdgeProcess, local: str) -> float:
    """A good peer's mail; the seconds it took."""
    began = time.monotonic()
    client = await connect(edge, local)
    assert (await client.answer()).startswith("220")
    await client.ready()
    assert (await client.say(b"Subject: good\r\n\r\nx\r\n.\r\n")).startswith("250")
    client.writer.close()
    return time.monotonic() - began


def crowd(runnable: Sequence[int] = ()) -> float:
    """How many processes share a core, at least 1: what takes a second alone takes so many. The load is of a minute;
    ``runnable`` are how many wanted to run since."""
    return max(1.0, max(os.getloadavg()[0], 0.0, *runnable) / (os.cpu_count() or 1))


def now_runnable() -> int:
    return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])


@contextlib.asynccontextmanager
async def good_peer(edge: EdgeProcess, local: str = "127.0.9.9") -> AsyncIterator[None]:
    """Sends all the time while the attack runs; its slowest mail must take less than a second (of a machine
    that does nothing else), and the process must not grow."""
    before = edge.megabytes
    times: list[float] = []
    runnable: list[int] = []
    stop = asyncio.Event()

    async def run() -> None:
        while not stop.is_set():
            times.append(await send_one(edge, local))
            runnable.append(now_runnable())
            await asyncio.sleep(0.05)

    task = asyncio.create_task(run())
    try:
        yield
        await asyncio.sleep(0.1)
    finally:
        stop.set()
        await task
    assert max(times) < crowd(runnable), f"slowest mail of a good peer: {max(times):.2f} s"
    assert edge.megabytes - before < GROWTH
    assert edge.process.poll() is None


def hold(edge: EdgeProcess, locals_: list[str], number: int, stack: contextlib.ExitStack) -> None:
    """Open connections and leave them, from these addresses in turn."""
    for at in range(number):
        sock = stack.enter_context(socket.socket())
        sock.settimeout(5)
        with contextlib.suppress(OSError):
            sock.bind((locals_[at % len(locals_)], 0))
            sock.connect(("127.0.0.1", edge.port))


async def settled(edge: EdgeProcess, most: int) -> None:
    """Those that were turned away are closed in time."""
    await come(lambda: edge.descriptors < most)


async def test_thousands_of_idle_connections_from_one_network(edge: EdgeProcess) -> None:
    room = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 300
    addresses = [f"127.0.1.{n}" for n in range(1, 250)]
    with contextlib.ExitStack() as stack:
        async with good_peer(edge):
            await asyncio.to_thread(hold, edge, addresses, min(IDLE, room), stack)
            assert edge.descriptors < MOST + OWN + IN_PASSING
            await settled(edge, MOST + OWN)


async def test_idle_connections_from_everywhere_leave_room_for_the_relay(edge: EdgeProcess) -> None:
    addresses = [f"127.{net}.{n}.1" for net in range(10, 20) for n in range(60)]
    with contextlib.ExitStack() as stack:
        async with good_peer(edge, "127.77.0.1"):
            await asyncio.to_thread(hold, edge, addresses, 1500, stack)
            assert edge.descriptors < MOST + OWN + IN_PASSING
            await settled(edge, MOST + MOST // 10 + OWN)


FROM = {"strangers": "127.0.2.{}", "exempt peers": "127.77.2.{}", "one exempt peer": "127.77.2.1"}


async def flood(
    edge: EdgeProcess,
    attack: Callable[[Peer], Awaitable[None]],
    number: int = 10,
    addresses: str = FROM["exempt peers"],
) -> None:
    """The same attack from several addresses at once, or by several connections of one; from peers without limits where
    nothing else is said, for those cost most."""

    async def attacker(at: int) -> None:
        attacker = await connect(edge, addresses.format(at + 1))
        await attacker.answer()
        with contextlib.suppress(ConnectionError, TimeoutError, AssertionError):
            async with asyncio.timeout(20):
                await attack(attacker)
        attacker.writer.transport.abort()

    async with good_peer(edge):
        await asyncio.gather(*(attacker(at) for at in range(number)))


async def test_an_endless_line_of_content(edge: EdgeProcess) -> None:
    async def attack(client: Peer) -> None:
        await client.ready()
        for _ in range(40):
            await client.write(b"x" * (1 << 20))

    await flood(edge, attack)


async def test_endless_headers(edge: EdgeProcess) -> None:
    async def attack(client: Peer) -> None:
        await client.ready()
        for _ in range(15):
            await client.write(b"X: y\r\n" * 170_000)
        assert (await client.say(b"\r\n.\r\n")).startswith(("250", "55"))

    await flood(edge, attack, 4)


async def test_a_header_of_tiny_lines(edge: EdgeProcess) -> None:
    async def attack(client: Peer) -> None:
        await client.ready()
        assert (await client.say(b"a:\r\n" * 60_000 + b"\r\n.\r\n")).startswith(("250", "55"))
        await client.ready()
        assert (await client.say(b"Subject: x\r\n" + b" \r\n" * 80_000 + b"\r\n.\r\n")).startswith(("250", "55"))

    await flood(edge, attack, 4)


async def test_oversized_without_size(edge: EdgeProcess) -> None:
    async def attack(client: Peer) -> None:
        await client.ready()
        for _ in range(40):
            await client.write((b"y" * 76 + b"\r\n") * 13_000)
        assert (await client.say(b"\r\n.\r\n")).startswith("552")

    await flood(edge, attack)


async def test_a_flood_of_commands(edge: EdgeProcess) -> None:
    async def attack(client: Peer) -> None:
        for _ in range(100):
            await client.write(b"NOOP\r\n" * 1000)
        while await client.reader.read(1 << 16):
            pass

    await flood(edge, attack, addresses=FROM["strangers"])  # the others: see PIPELINED


async def test_a_peer_that_never_reads(edge: EdgeProcess) -> None:
    async def attack(client: Peer) -> None:
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while True:
                    await client.write(b"EHLO x\r\n" * 1000)

    await flood(edge, attack)


# Commands that cost the peer some octets each, sent as fast as they are taken: 10 connections, 2,000 or 8,000 lines each.
PIPELINED = {
    "EHLO": b"EHLO x\r\n",
    "MAIL and RSET": b"MAIL FROM:<ann@acme.example>\r\nRSET\r\n",
    "BDAT of one octet": b"BDAT 1\r\nx",
    "refused commands": b"HELP\r\nVRFY\r\n",
    "empty lines": b"\r\n",
}


@pytest.mark.parametrize(("commands", "peers"), pairs(PIPELINED, [*FROM], short=1))
async def test_pipelined_commands_leave_the_loop_to_others(edge: EdgeProcess, commands: str, peers: str) -> None:
    line = PIPELINED[commands]

    async def attack(client: Peer) -> None:
        begin = b"EHLO x\r\n"
        if line.startswith(b"BDAT"):
            begin += b"MAIL FROM:<a@x.example>\r\nRCPT TO:<support@msp.example>\r\n"
        await client.write(begin)
        taken = asyncio.create_task(read_all(client))
        for _ in range(size(2, 8)):
            await client.write(line * 1000)
        await client.write(b"QUIT\r\n")
        await taken

    await flood(edge, attack, addresses=FROM[peers])


async def read_all(client: Peer) -> None:
    with contextlib.suppress(ConnectionError):
        while await client.reader.read(1 << 16):
            pass


async def test_random_octets(edge: EdgeProcess) -> None:
    async def attack(client: Peer) -> None:
        for _ in range(20):
            await client.write(os.urandom(10_000))

    await flood(edge, attack)


async def test_slow_senders(edge: EdgeProcess) -> None:
    async def attack(client: Peer) -> None:
        await client.ready()
        for _ in range(20):
            await client.write(b"x")
            await asyncio.sleep(0.1)

    await flood(edge, attack, 40)


async def test_afterwards_nothing_is_left(edge: EdgeProcess) -> None:
    await settled(edge, 60)
    assert await send_one(edge, "127.0.9.9") < crowd()
    assert "Traceback" not in Path(edge.log).read_text()
