"""What is decided of a whole mail: loops, verdicts with each mailbox's policy, overload."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path

import pytest

from gateway.config.mailbox import MailboxSettings
from gateway.config.smtp import SmtpSettings
from gateway.mail.head import block_of, split_head, with_line_feeds
from gateway.smtp.overload import Overload, resident
from gateway.store.engine import Store
from tests.smtp.serving import Peer, contents, envelopes, peer, serving
from tests.smtp.zone import Zone
from tests.waiting import come

RELAYED = {"authserv_ids": ["mx.msp.example"], "relays": ["127.0.0.0/8"]}


async def send(client: Peer, mail: bytes, *to: str) -> str:
    await client.say("EHLO x")
    await client.say("MAIL FROM:<a@acme.example>")
    for name in to or ("support",):
        await client.say(f"RCPT TO:<{name}@msp.example>")
    await client.say("DATA")
    return await client.say(mail + b"\r\n.\r\n")


def stamped(result: bytes, sender: bytes = b"Ann <ann@acme.example>") -> bytes:
    return b"Authentication-Results: mx.msp.example; " + result + b"\r\nFrom: " + sender + b"\r\n\r\nx"


async def test_fifty_hops_are_a_loop(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        assert (await send(client, b"Received: x\r\n" * 50 + b"\r\nx")).startswith("250")
        assert (await send(client, b"Received: x\r\n" * 51 + b"\r\nx")).startswith("554 5.4.6")
        assert (await send(client, b"rEcEiVeD : x\r\n" * 51 + b"\r\nx")).startswith("554 5.4.6")
        assert (await send(client, b"Subject: we received\r\n\r\n" + b"Received: x\r\n" * 60)).startswith("250")


async def test_our_own_mark_is_a_loop(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        assert (await send(client, b"X-Mail-Ticket-Gateway: GW.test\r\n\r\nx")).startswith("554 5.4.6")
        assert (await send(client, b"x-mail-TICKET-gateway:gw.test\r\n\r\nx")).startswith("554 5.4.6")
        assert (await send(client, b"Subject: x\r\n\r\nX-Mail-Ticket-Gateway: gw.test")).startswith("250")
        assert (await send(client, b"X-Mail-Ticket-Gateway: other.test\r\n\r\nx")).startswith("250")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("empty", [b"\r\n", b"\n"])
def test_the_block_that_is_looked_through_is_that_of_the_fields(end: bytes, empty: bytes) -> None:
    """Whatever the line ends are, and whichever empty line comes first."""
    for text in (b"x", b"\nx", b"\r\nx", b"x\n\nx", b"x\r\n\r\nx"):
        data = with_line_feeds(end.join((b"Subject: a", b"X-Mail-Ticket-Gateway: gw.test", empty)) + text)
        assert block_of(data) == split_head(data).block


def test_a_header_ends_at_its_first_empty_line() -> None:
    for text in map(bytes, itertools.product(b"\r\nx", repeat=7)):
        lines = text.splitlines(keepends=True) if b"\r" not in text.replace(b"\r\n", b"") else []
        if end := next((at for at, line in enumerate(lines) if line in (b"\n", b"\r\n")), None):
            assert block_of(text) == b"".join(lines[:end]), text


@pytest.mark.parametrize(
    ("mail", "verdict", "quarantine"),
    [
        (stamped(b"dmarc=pass header.from=acme.example"), "pass", ""),
        (stamped(b"dmarc=fail header.from=acme.example"), "fail", "failed-verification"),
        (stamped(b"dmarc=none"), "none", ""),
        (b"From: ann@acme.example\r\n\r\nx", "unknown", ""),
        (b"From: a@acme.example, b@acme.example\r\n\r\nx", "fail", "failed-verification"),
        (stamped(b"dmarc=pass header.from=msp.example", b"boss@msp.example"), "pass", ""),
        (stamped(b"dmarc=none", b"boss@msp.example"), "none", "spoofed-internal"),
        (b"From: boss@msp.example\r\n\r\nx", "unknown", "spoofed-internal"),
    ],
)
async def test_behind_a_relay(kept: Store, tmp_path: Path, mail: bytes, verdict: str, quarantine: str) -> None:
    async with serving(kept, tmp_path, **RELAYED) as listener, peer(listener) as client:
        assert (await send(client, mail)).startswith("250")

    (envelope,) = await envelopes(kept)
    assert (envelope["verdict"], envelope["quarantine"]) == (verdict, quarantine)
    assert envelope["verdict_reason"]


FOREIGN = [
    b"",
    b"Authentication-Results: mx.msp.example; dmarc=pass header.from=acme.example\r\n",
    b"Authentication-Results: mx.msp.example; dmarc=fail header.from=acme.example\r\n",
    b"Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=acme.example\r\n",
    b"ARC-Authentication-Results: i=1; mx.msp.example; dmarc=pass header.from=acme.example\r\n",
    b"Received-SPF: pass\r\n",
    b"X-Spam-Flag: YES\r\nX-Spam-Score: 99\r\nX-MS-Exchange-Organization-SCL: 9\r\n",
]


@pytest.mark.parametrize("stamp", FOREIGN)
async def test_a_stamp_from_elsewhere_counts_for_nothing(kept: Store, tmp_path: Path, stamp: bytes) -> None:
    """Without look-ups of our own there is no verdict; with them it is what they find (none)."""
    settings = {**RELAYED, "relays": ["192.0.2.0/24"]}
    mail = stamp + b"From: Ann <ann@acme.example>\r\n\r\nx"
    async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
        await send(client, mail)
    async with Zone({}).served() as nameserver:
        verdict = {"direct": True, "nameservers": [nameserver]}
        async with serving(kept, tmp_path, **settings, verdict=verdict) as listener, peer(listener) as client:
            await send(client, mail + b"y")

    found = await envelopes(kept)
    assert [(envelope["verdict"], envelope["verdict_for"]) for envelope in found] == [
        ("unknown", ""),
        ("none", "ann@acme.example"),
    ]
    assert [envelope["quarantine"] for envelope in found] == ["", ""]
    assert [(envelope["spam"], envelope["spam_score"], envelope["scl"]) for envelope in found] == [("", None, None)] * 2


async def test_without_configuration_nothing_is_judged(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await send(client, stamped(b"dmarc=fail", b"boss@msp.example"))

    (envelope,) = await envelopes(kept)
    assert (envelope["verdict"], envelope["quarantine"]) == ("unknown", "")


async def test_mailboxes_decide_for_themselves(kept: Store, tmp_path: Path) -> None:
    boxes = (
        MailboxSettings(address="open@msp.example", on_fail="accept"),
        MailboxSettings(address="strict@msp.example", on_fail="refuse", on_none="quarantine", on_unknown="refuse"),
    )
    failed, none, unknown = stamped(b"dmarc=fail"), stamped(b"dmarc=none"), b"From: a@acme.example\r\n\r\nx"
    async with serving(kept, tmp_path, boxes=boxes, **RELAYED) as listener, peer(listener) as client:
        assert (await send(client, failed, "strict")).startswith("550 5.7.1 Sender authentication failed")
        assert (await send(client, unknown, "strict")).startswith("451 4.7.24")
        assert (await send(client, none, "strict")).startswith("250")
        assert (await send(client, failed, "open")).startswith("250")
        assert (await send(client, failed + b"2", "open", "strict")).startswith("250")

    found = [(envelope["rcpt_to"].split("@")[0], envelope["quarantine"]) for envelope in await envelopes(kept)]
    assert found == [
        ("strict", "unproven-sender"),
        ("open", ""),
        ("open", ""),
        ("strict", "failed-verification"),
    ]


async def test_a_vouched_network_may_write_as_one_of_us(kept: Store, tmp_path: Path) -> None:
    settings = {"listeners": [{"name": "in", "listen": "127.0.0.1:0", "vouched": ["127.0.0.0/8"]}]}
    async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
        await send(client, b"From: scanner@msp.example\r\n\r\nx")
        await send(client, b"From: ann@acme.example\r\n\r\nx")

    assert [envelope["verdict"] for envelope in await envelopes(kept)] == ["pass", "unknown"]


async def test_overload_defers_mail(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        listener.context.overload.reason = "queue depth"
        await client.say("EHLO x")
        assert (await client.say("MAIL FROM:<>")).startswith("451 4.3.2")
        listener.context.overload.reason = ""
        assert (await client.say("MAIL FROM:<>")).startswith("250")
    assert await contents(kept) == []


async def test_the_marks_of_overload() -> None:
    async def pending() -> int:
        return 11

    overload = Overload(SmtpSettings(max_pending=10, max_lag=1, max_memory=0), pending)
    assert overload._judge() == ""
    await overload._look_at_queue()
    assert overload._judge() == "queue depth"
    overload.lag = 2
    assert overload._judge() == "loop lag"
    assert resident() > 1 << 20
    assert Overload(SmtpSettings(max_memory=1))._judge() == "memory"


async def test_a_loop_that_stalls_sheds_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.smtp.overload.EVERY", 0.05)
    overload = Overload(SmtpSettings(max_lag=0.5))
    task = asyncio.create_task(overload.watch())
    await asyncio.sleep(0)
    time.sleep(1)
    await come(lambda: overload.reason == "loop lag")
    await come(lambda: overload.reason == "")
    task.cancel()


async def test_a_full_disk_defers_mail(kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.intake.accept import Acceptor, DiskFull

    def full(self: Acceptor) -> None:
        raise DiskFull("less than asked")

    monkeypatch.setattr(Acceptor, "begin", full)
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.say("EHLO x")
        await client.say("MAIL FROM:<>")
        await client.say("RCPT TO:<support@msp.example>")
        assert (await client.say("DATA")).startswith("452 4.3.1")
        assert (await client.say(b"BDAT 6 LAST\r\nRSET\r\n")).startswith("452 4.3.1")
        assert (await client.say("NOOP")).startswith("250")
