"""Random and mutated sessions: no word of our insides to the peer, no 250 without a kept mail, none lost after it.

500 sessions in the suite; ``GATEWAY_FUZZ=10000`` for the long run, ``GATEWAY_FUZZ_SEED`` for another series.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
from pathlib import Path
from typing import Any

from gateway.smtp.server import Listener
from gateway.store import deliveries, operator
from gateway.store.engine import Store
from tests.sizes import size
from tests.smtp.serving import serving
from tests.waiting import PATIENCE, come

SESSIONS = int(os.environ.get("GATEWAY_FUZZ", size(100, 500)))
SEED = int(os.environ.get("GATEWAY_FUZZ_SEED", "1"))
AT_ONCE = 20

LINE = re.compile(rb"[2345][0-9]{2}[ -][ -~]*")
KEPT = re.compile(rb"250 2\.0\.0 OK kept as ([0-9a-f-]{36})")
INSIDES = (b"Traceback", b"Error:", b"Exception", b"gateway/smtp", b"None", b"site-packages")

WORDS = [
    b"EHLO client.test",
    b"HELO x",
    b"LHLO x",
    b"EHLO",
    b"MAIL FROM:<a@acme.example>",
    b"MAIL FROM:<> SIZE=10 BODY=8BITMIME",
    b"MAIL FROM:<a@acme.example> SIZE=99999999999",
    b"MAIL FROM:<\xff\xfe@x>",
    b'MAIL FROM:<"a b"@acme.example> RET=FULL ENVID=1 SMTPUTF8',
    b"MAIL FROM:<@relay.example:a@acme.example>",
    b"RCPT TO:<support@msp.example>",
    b"RCPT TO:<sales+tag@msp.example> NOTIFY=NEVER",
    b"RCPT TO:<nobody@msp.example>",
    b"RCPT TO:<a@elsewhere.example>",
    b"RCPT TO:Postmaster",
    b"DATA",
    b"DATA now",
    b"BDAT 10",
    b"BDAT 0 LAST",
    b"BDAT 7 LAST",
    b"BDAT x",
    b"BDAT 99999",
    b"RSET",
    b"NOOP \0\0",
    b"VRFY support",
    b"EXPN all",
    b"HELP me",
    b"STARTTLS",
    b"AUTH PLAIN AGEAYg==",
    b"AUTH LOGIN",
    b"*",
    b"QUIT",
    b"GET / HTTP/1.1",
    b"",
    b"\x16\x03\x01\x02\x00\x01",
    b"x" * 600,
    b"x" * 5000,
    b"\xff" * 10,
]
CONTENT = [
    b"Subject: x\r\n\r\nhello\r\n.\r\n",
    b"From: a@acme.example\r\nFrom: b\r\n\r\n..\r\n.\r\n",
    b"\n.\nMAIL FROM:<evil@x>\r\n.\r\n",
    b"\r.\r\n.\r\n",
    b"\0\0\r\n.\r\n",
    b".\r\n",
    b"Received: x\r\n" * 60 + b"\r\n.\r\n",
    b"y" * 70_000 + b"\r\n.\r\n",
    b"Authentication-Results: mx.msp.example; dmarc=fail\r\nFrom: a@acme.example\r\n\r\nx\r\n.\r\n",
    b"unfinished",
]
GOOD = [
    b"EHLO client.test",
    b"MAIL FROM:<a@acme.example>",
    b"RCPT TO:<support@msp.example>",
    b"DATA",
]


def script(rng: random.Random) -> bytes:
    """A session: mostly in order, then mutated."""
    out: list[bytes] = []
    for _ in range(rng.randint(1, 6)):
        if rng.random() < 0.6:
            out += [line + b"\r\n" for line in GOOD if rng.random() < 0.95]
            out.append(rng.choice(CONTENT))
        if rng.random() < 0.2:
            body = rng.randbytes(rng.randint(0, 300))
            out.append(b"MAIL FROM:<>\r\nRCPT TO:<sales@msp.example>\r\nBDAT %d LAST\r\n" % len(body) + body)
        for _ in range(rng.randint(0, 4)):
            out.append(rng.choice(WORDS) + rng.choice([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b""]))
    data = b"".join(out)
    for _ in range(rng.choice([0, 0, 1, 3])):
        at = rng.randrange(len(data) + 1)
        kind = rng.random()
        if kind < 0.4:
            data = data[:at] + rng.randbytes(rng.randint(1, 8)) + data[at:]
        elif kind < 0.7:
            data = data[:at] + data[at + rng.randint(1, 20) :]
        else:
            data = data[:at] + data[at : at + 50] * 2 + data[at + 50 :]
    return data


async def play(listener: Listener, rng: random.Random, data: bytes) -> bytes:
    """Say it in pieces, leave in some way; what was answered."""
    host, _, port = listener.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    said = bytearray()

    async def hear() -> None:
        with contextlib.suppress(OSError):
            while block := await reader.read(65536):
                said.extend(block)

    hearing = asyncio.create_task(hear())
    with contextlib.suppress(OSError, RuntimeError):  # the second is uvloop's word for a closed transport
        while data and not hearing.done():
            number = rng.choice([1, 5, 50, 1000, 100_000])
            writer.write(data[:number])
            data = data[number:]
            await writer.drain()
            if rng.random() < 0.2:
                await asyncio.sleep(0.001)
        if rng.random() < 0.8:
            writer.write_eof()
        else:
            await asyncio.sleep(rng.random() / 100)
            writer.transport.abort()
    await asyncio.wait_for(hearing, PATIENCE)
    writer.close()
    return bytes(said)


async def test_random_sessions(kept: Store, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    settings = {
        "max_size": 100_000,
        "bare_line_ends": "accept",  # so that more is kept
        "authserv_ids": ["mx.msp.example"],
        "relays": ["127.0.0.0/8"],
        "limits": {"tarpit": 0},
        "timeout": 10,
    }
    promised: set[str] = set()
    async with serving(kept, tmp_path, **settings) as listener:
        slots = asyncio.Semaphore(AT_ONCE)

        async def session(seed: int) -> None:
            own = random.Random(seed)
            data = script(own)
            async with slots:
                said = await play(listener, own, data)
            for line in said.split(b"\r\n")[:-1]:
                assert LINE.fullmatch(line), (seed, line)
            assert not any(word in said for word in INSIDES), (seed, said)
            promised.update(match.decode() for match in KEPT.findall(said))

        await asyncio.gather(*(session(rng.randrange(1 << 48)) for _ in range(SESSIONS)))
        await come(lambda: not listener.live)
        assert listener.context.inside == 0
        assert listener.context.in_flight.bytes == 0

    kept_ids, files = await kept.read(_kept)
    assert promised <= kept_ids
    assert len(promised) > SESSIONS / 5
    assert {file.name for file in (tmp_path / "spool").iterdir()} == files


def _kept(connection: Any) -> tuple[set[str], set[str]]:
    rows = operator.listing(connection, None, 1_000_000)
    contents = [deliveries.content(connection, row["raw_id"]) for row in rows]
    assert all(content["data"] is not None or content["path"] for content in contents)
    return {row["id"] for row in rows}, {content["path"] for content in contents if content["path"]}
