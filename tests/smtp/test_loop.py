"""The session's loop on a transport that only remembers: writes, tasks and turns can be counted."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from gateway.smtp.connection import MOST_UNREAD, Connection
from gateway.smtp.policy import listeners_of, policy_of
from gateway.smtp.server import Listener
from gateway.smtp.session import Session
from gateway.smtp.turns import SHARE
from gateway.store.engine import Store
from tests.smtp.serving import serving

MAIL = b"MAIL FROM:<ann@acme.example>\r\nRCPT TO:<support@msp.example>\r\n"


class Remembering(asyncio.Transport):
    """A transport to nowhere."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 40000)})
        self.writes: list[bytes] = []
        self.is_read = True
        self.closed = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def connected(listener: Listener) -> tuple[Connection, Remembering]:
    settings = listener.context.settings
    session = Session(listener.context, policy_of(listeners_of(settings)[0], settings), listener.live)
    connection, transport = Connection(session, 10, None), Remembering()
    connection.connection_made(transport)
    return connection, transport


async def test_pipelined_commands_are_answered_in_one_write_without_a_task(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener:
        connection, transport = connected(listener)
        before = len(asyncio.all_tasks())
        transport.writes.clear()
        connection.data_received(b"EHLO x\r\n" + MAIL + b"RSET\r\n" + MAIL + b"DATA\r\n")
        (written,) = transport.writes
        replies = [line for line in written.split(b"\r\n") if line[3:4] == b" "]

        assert [line[:3] for line in replies] == [b"250"] * 6 + [b"354"]
        assert len(asyncio.all_tasks()) == before
        connection.connection_lost(None)
    assert listener.context.in_flight.bytes == 0


async def test_many_chunks_in_one_packet_are_no_depth(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener:
        connection, transport = connected(listener)
        connection.data_received(b"EHLO x\r\n" + MAIL + b"BDAT 1\r\nx" * 3000)
        for _ in range(3 * 3000 // SHARE):
            await asyncio.sleep(0)
        answers = b"".join(transport.writes)

        assert answers.count(b"250 2.0.0 1 octets") == 3000
        connection.connection_lost(None)


async def test_who_sends_more_than_its_share_waits_for_the_next_turn_exempt_or_not(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, limits={"exempt": ["192.0.2.0/24"]}) as listener:
        connection, transport = connected(listener)
        connection.data_received(b"NOOP\r\n" * 1000)

        assert b"".join(transport.writes).count(b"250 2.0.0 OK\r\n") <= SHARE
        for _ in range(2 * 1000 // SHARE):
            await asyncio.sleep(0)
        assert b"".join(transport.writes).count(b"250 2.0.0 OK\r\n") == 1000
        connection.connection_lost(None)


async def test_a_peer_that_reads_nothing_is_not_read_either(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener:
        connection, transport = connected(listener)
        connection.pause_writing()
        connection.data_received(b"NOOP\r\n" * (MOST_UNREAD // 6 + 10))
        assert not transport.is_read
        answered = len(transport.writes)
        connection.data_received(b"NOOP\r\n")
        assert len(transport.writes) == answered
        connection.resume_writing()
        for _ in range(MOST_UNREAD // 6 // SHARE * 2 + 20):
            await asyncio.sleep(0)
        assert transport.is_read
        connection.connection_lost(None)
