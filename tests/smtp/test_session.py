"""The session as a peer sees it: answers, limits, and what happens when the peer or the store goes."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from gateway.store import counts
from gateway.store.engine import Store
from gateway.store.writer import StoreFailed
from tests.smtp.serving import Tls, contents, envelopes, peer, serving
from tests.waiting import come


async def test_ehlo_names_what_we_do(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        answer = await client.say("EHLO client.test")

    offered = {line[4:].split()[0] for line in answer.splitlines()[1:]}
    assert offered == {"SIZE", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", "CHUNKING", "HELP"}


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["MAIL FROM:<a@b.example>"], "503 5.5.1"),
        (["EHLO x", "RCPT TO:<support@msp.example>"], "503 5.5.1"),
        (["EHLO x", "MAIL FROM:<>"], "250 2.1.0"),
        (["EHLO x", "MAIL FROM: <a@b.example> SIZE=100 BODY=8BITMIME RET=FULL ENVID=x"], "250 2.1.0"),
        (["EHLO x", "MAIL FROM:<a@b.example> SIZE=999999999"], "552 5.3.4"),
        (["EHLO x", "MAIL FROM:<a@b.example> FOO=1"], "555 5.5.4"),
        (["EHLO x", "MAIL FROM:<a@b.example"], "501 5.5.4"),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<SUPPORT@MSP.example>"], "250 2.1.5"),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<support+tag@msp.example> NOTIFY=NEVER"], "250 2.1.5"),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<Postmaster>"], "250 2.1.5"),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<postmaster@msp.example>"], "250 2.1.5"),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<nobody@msp.example>"], "550 5.1.1"),
        (["EHLO x", "MAIL FROM:<>", "RCPT TO:<ann@elsewhere.example>"], "550 5.7.1"),
        (["EHLO x", "MAIL FROM:<>", "DATA"], "503 5.5.1"),
    ],
)
async def test_answers(kept: Store, tmp_path: Path, lines: list[str], answer: str) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        for line in lines:
            last = await client.say(line)

    assert last.startswith(answer)


async def test_what_a_peer_says_comes_back_as_one_plain_line(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.say("EHLO \x01\u00fc\x7f")
        assert (await client.say("MAIL FROM:<> \u00fc\x07\x01=1")).startswith("555 5.5.4 Parameter ??? not known")
        await client.ready()
        await client.say(b"x\r\n.\r\n")

    assert [envelope["helo"] for envelope in await envelopes(kept)] == ["client.test"]


async def test_a_whole_dialogue_in_one_packet(kept: Store, tmp_path: Path) -> None:
    mails = b"".join(
        b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@msp.example>\r\nDATA\r\nSubject: %d\r\n\r\nx\r\n.\r\n" % n
        for n in range(3)
    )
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.write(b"EHLO x\r\n" + mails + b"QUIT\r\n")
        answers = [(await client.answer())[:3] for _ in range(1 + 3 * 4 + 1)]

    assert answers == ["250"] + ["250", "250", "354", "250"] * 3 + ["221"]
    assert await contents(kept) == [b"Subject: %d\r\n\r\nx\r\n" % n for n in range(3)]


async def test_a_mail_too_large_is_refused_in_words_and_the_session_goes_on(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, max_size=1 << 20) as listener, peer(listener) as client:
        await client.ready()
        refused = await client.say(b"x" * (2 << 20) + b"\r\nMAIL FROM:<evil@x>\r\n.\r\n")
        after = await client.say("NOOP")

    assert refused.startswith("552 5.3.4 The mail is larger than 1 MB")
    assert after.startswith("250")
    assert list((tmp_path / "spool").iterdir()) == []


async def test_a_large_mail_is_spooled_byte_for_byte(kept: Store, tmp_path: Path) -> None:
    body = b"Subject: x\r\n\r\n" + bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"") * 1000 + b"\r\n"
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.ready()
        answer = await client.say(body + b".\r\n")

    assert answer.startswith("250 2.0.0 OK kept as ")
    (file,) = (tmp_path / "spool").iterdir()
    assert file.read_bytes() == body


async def test_a_recipient_named_twice_is_one_delivery(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.say("EHLO x")
        await client.say("MAIL FROM:<a@b.example>")
        for to in ("support@msp.example", "Support+x@msp.example", "sales@msp.example"):
            await client.say(f"RCPT TO:<{to}>")
        await client.say("DATA")
        await client.say(b"x\r\n.\r\n")

    assert (await kept.read(counts.sums)).accepted == 2


async def test_the_commit_outlives_a_peer_that_hangs_up(kept: Store, tmp_path: Path) -> None:
    """The peer leaves between the last dot and the 250: the mail is kept, and sent again it is known."""
    begun, gate = asyncio.Event(), asyncio.Event()
    real = kept.write

    async def slow(operation: object) -> object:
        begun.set()
        await gate.wait()
        return await real(operation)  # type: ignore[arg-type]

    kept.write = slow  # type: ignore[method-assign, assignment]
    async with serving(kept, tmp_path) as listener:
        async with peer(listener) as client:
            await client.ready()
            await client.write(b"Subject: x\r\n\r\n" + b"y" * 20_000 + b"\r\n.\r\n")
            await begun.wait()
        await asyncio.sleep(0.1)  # in which it may be noticed that the peer has left
        gate.set()
        await come(lambda: not listener.live)
        assert len(list((tmp_path / "spool").iterdir())) == 1
        async with peer(listener) as client:
            await client.ready()
            assert (await client.say(b"Subject: x\r\n\r\n" + b"y" * 20_000 + b"\r\n.\r\n")).startswith("250")

    sums = await kept.read(counts.sums)
    assert (sums.accepted, sums.redelivered) == (1, 1)


async def test_no_250_and_no_exception_text_when_the_store_fails(kept: Store, tmp_path: Path) -> None:
    async def fail(_: object) -> object:
        raise StoreFailed("secret path /var/lib")

    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.ready()
        kept.write = fail  # type: ignore[method-assign, assignment]
        answer = await client.say(b"x\r\n.\r\n")

    assert re.fullmatch(r"451 4\.3\.0 The mail could not be stored, please try again later \[[0-9a-f]{6}\]", answer)


async def test_starttls(kept: Store, tmp_path: Path, tls: Tls) -> None:
    async with serving(kept, tmp_path, **tls.files) as listener, peer(listener) as client:
        assert "STARTTLS" in await client.say("EHLO x")
        assert (await client.say("STARTTLS")).startswith("220")
        await client.writer.start_tls(tls.context, server_hostname="gw.test")
        assert "STARTTLS" not in await client.say("EHLO x")
        await client.say("MAIL FROM:<a@b.example>")
        await client.say("RCPT TO:<support@msp.example>")
        await client.say("DATA")
        assert (await client.say(b"x\r\n.\r\n")).startswith("250")


async def test_draining_lets_a_mail_under_way_finish_and_sends_the_idle_away(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as busy, peer(listener) as idle:
        await busy.ready()
        await busy.write(b"Subject: x\r\n")
        drain = asyncio.create_task(listener.drain())
        assert (await idle.answer()).startswith("421 4.3.2")
        assert (await busy.say(b"\r\nx\r\n.\r\n")).startswith("250")
        await drain
