"""CHUNKING (RFC 3030): chunks are octets, whatever they look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.store.engine import Store
from tests.smtp.serving import Peer, contents, peer, serving


async def begin(client: Peer) -> None:
    await client.say("EHLO x")
    await client.say("MAIL FROM:<a@b.example>")
    await client.say("RCPT TO:<support@msp.example>")


async def test_chunks_make_one_mail(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await begin(client)
        assert (await client.say(b"BDAT 14\r\nSubject: x\r\n\r\n")).startswith("250 2.0.0 14 octets")
        assert (await client.say(b"BDAT 7\r\n.\r\nx\r\n.")).startswith("250 2.0.0")
        assert (await client.say(b"BDAT 2 LAST\r\n\r\n")).startswith("250 2.0.0 OK kept as")
        assert (await client.say("NOOP")).startswith("250")

    assert await contents(kept) == [b"Subject: x\r\n\r\n.\r\nx\r\n.\r\n"]


async def test_pipelined_in_one_packet_with_an_empty_last(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.write(
            b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<support@msp.example>\r\nBDAT 4\r\nQUITBDAT 0 LAST\r\nQUIT\r\n"
        )
        assert [(await client.answer())[:3] for _ in range(6)] == ["250", "250", "250", "250", "250", "221"]

    assert await contents(kept) == [b"QUIT"]


async def test_a_chunk_out_of_order_is_read_and_refused(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.say("EHLO x")
        assert (await client.say(b"BDAT 6 LAST\r\nRSET\r\n")).startswith("503 5.5.1")
        assert (await client.say("NOOP")).startswith("250")
        await begin(client)
        await client.say(b"BDAT 1\r\nx")
        assert (await client.say("DATA")).startswith("503 5.5.1 Not allowed between")
        assert (await client.say("RCPT TO:<sales@msp.example>")).startswith("503 5.5.1 Not allowed between")
        assert (await client.say("MAIL FROM:<>")).startswith("503 5.5.1")
        assert (await client.say("RSET")).startswith("250")
        assert (await client.say(b"BDAT 1 LAST\r\nx")).startswith("503")


async def test_chunks_too_large_are_refused_and_the_mail_is_over(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, max_size=1024) as listener, peer(listener) as client:
        await begin(client)
        await client.say(b"BDAT 1000\r\n" + b"x" * 1000)
        assert (await client.say(b"BDAT 1000\r\n" + b"x" * 1000)).startswith("552 5.3.4")
        assert (await client.say(b"BDAT 1 LAST\r\nx")).startswith("503")

    assert await contents(kept) == []


@pytest.mark.parametrize("words", ["", "x", "-1", "1 FIRST", "1 LAST x", "99999999999999", "+1", "1_0"])
async def test_a_chunk_of_unknown_size_ends_the_session(kept: Store, tmp_path: Path, words: str) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await begin(client)
        assert (await client.say(f"BDAT {words}")).startswith("501 5.5.4")
        assert await client.reader.read() == b""


async def test_binarymime_is_not_offered(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        assert "BINARYMIME" not in await client.say("EHLO x")
        assert (await client.say("MAIL FROM:<> BODY=BINARYMIME")).startswith("501 5.5.4")
