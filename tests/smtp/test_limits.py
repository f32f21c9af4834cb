"""What one peer may do, and how the session loses patience."""

from __future__ import annotations

import asyncio
import contextlib
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.config.smtp import LimitSettings
from gateway.match.names import Name, network_of, plain_address
from gateway.match.networks import Networks
from gateway.smtp.judge import name_of
from gateway.smtp.limits import MOST_KEYS, Limits, Rates
from gateway.smtp.replies import DENIED, HARVESTING, SENDER_RATE, TOO_FAST, TOO_MANY_CONNECTIONS, Reply
from gateway.smtp.verdict import verdict as judged
from gateway.smtp.verdict.verdict import SenderVerdict
from gateway.store.engine import Store
from tests.smtp.serving import Peer, contents, peer, serving
from tests.waiting import come

STRICT = {"exempt": (), "tarpit": 0}


def limits(**settings: object) -> tuple[Limits, list[float]]:
    now = [1000.0]
    return Limits(LimitSettings.model_validate({**STRICT, **settings}), (), lambda: now[0]), now


def test_connections_of_a_peer_and_of_its_network() -> None:
    limit, _ = limits(connections_per_peer=2, connections_per_network=3)

    assert [limit.enter("192.0.2.1"), limit.enter("192.0.2.1")] == [None, None]
    assert limit.enter("192.0.2.1") == TOO_MANY_CONNECTIONS
    assert limit.enter("192.0.2.2") is None
    assert limit.enter("192.0.2.3") == TOO_MANY_CONNECTIONS
    assert limit.enter("198.51.100.1") is None
    limit.leave("192.0.2.1")
    assert limit.enter("192.0.2.3") is None


def test_a_rate_ends_with_its_window() -> None:
    limit, now = limits(connections_per_minute=2, connections_per_peer=0, connections_per_network=0)

    assert [limit.enter("192.0.2.1") for _ in range(3)] == [None, None, TOO_FAST]
    now[0] += 61
    assert limit.enter("192.0.2.1") is None


def test_deny_allow_and_exempt() -> None:
    limit, _ = limits(deny=("192.0.2.0/24",), allow=("192.0.2.7",), exempt=("198.51.100.0/24",), connections_per_peer=1)

    assert limit.enter("192.0.2.1") == DENIED
    assert limit.enter("192.0.2.7") is None
    assert [limit.enter("198.51.100.1") for _ in range(3)] == [None] * 3


def test_unknown_recipients_count_for_an_hour() -> None:
    limit, now = limits(unknown_per_hour=2)
    limit.unknown("192.0.2.1")
    assert limit.recipient("192.0.2.1") is None
    limit.unknown("192.0.2.1")
    assert limit.recipient("192.0.2.1") == HARVESTING
    now[0] += 3601
    assert limit.recipient("192.0.2.1") is None


def test_memory_is_bounded_under_a_flood_of_addresses() -> None:
    rates = Rates(60, lambda: 0.0)
    for number in range(MOST_KEYS + 1000):
        rates.add(str(number))

    assert len(rates._counts) == MOST_KEYS


def test_networks() -> None:
    assert network_of("192.0.2.77") == "192.0.2.0/24"
    assert network_of("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    for mapped in ("::ffff:192.0.2.77", "::FFFF:192.0.2.77", "::ffff:c000:24d", "0:0:0:0:0:ffff:192.0.2.77"):
        assert plain_address(mapped) == "192.0.2.77"
        assert network_of(mapped) == "192.0.2.0/24"
        assert Networks(("192.0.2.0/24",)).holds(mapped) and not Networks(("::/64",)).holds(mapped)
    assert network_of("64:ff9b::192.0.2.77") == "192.0.2.0/24"  # as a translator shows it
    assert not Networks(("192.0.2.0/24",)).holds("64:ff9b::192.0.2.77")  # whom it lets in is another matter
    assert network_of("nonsense") == "nonsense"
    assert plain_address("fe80::1%eth0") == "fe80::1"
    assert Networks(("192.0.2.0/24", "2001:db8::/32")).holds("2001:db8::1")
    assert not Networks(("192.0.2.0/24",)).holds("nonsense")
    assert Networks(("::ffff:192.0.2.0/120",)).holds("192.0.2.77"), "as a server for both kinds of address may have it"


async def test_one_peer_cannot_take_all_connections(kept: Store, tmp_path: Path) -> None:
    refused: list[str] = []
    settings = {"limits": {**STRICT, "connections_per_peer": 5}, "max_connections": 8}
    async with serving(kept, tmp_path, refused=refused, **settings) as listener, AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(peer(listener))
        late = await stack.enter_async_context(peer(listener, greeted=False))
        assert (await late.answer()).startswith("421 4.7.0 Too many connections from your address")
        async with peer(listener, local="127.0.1.2") as other:
            await other.ready()
            assert (await other.say(b"x\r\n.\r\n")).startswith("250")

    assert refused == ["connections"]


async def test_an_exempt_peer_comes_in_when_the_server_is_full(kept: Store, tmp_path: Path) -> None:
    settings = {"limits": {**STRICT, "exempt": ["127.0.1.0/24"]}, "max_connections": 3}
    async with serving(kept, tmp_path, **settings) as listener, AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(peer(listener))
        late = await stack.enter_async_context(peer(listener, greeted=False))
        assert (await late.answer()).startswith("421 4.3.2")
        await stack.enter_async_context(peer(listener, local="127.0.1.2"))


async def test_errors_end_the_session(kept: Store, tmp_path: Path) -> None:
    async with (
        serving(kept, tmp_path, limits={**STRICT, "errors_per_session": 3}) as listener,
        peer(listener) as client,
    ):
        assert [(await client.say("BOGUS"))[:3] for _ in range(2)] == ["500", "500"]
        assert (await client.say("BOGUS")).startswith("500")
        assert (await client.answer()).startswith("421 4.7.0 Too many errors")
        assert await client.reader.read() == b""


async def test_answers_wait_after_five_errors(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, limits={"exempt": [], "tarpit": 0.3}) as listener, peer(listener) as client:
        for _ in range(6):
            await client.say("BOGUS")
        began = time.monotonic()
        await client.say("NOOP")
        assert time.monotonic() - began > 0.25


async def test_commands_are_counted(kept: Store, tmp_path: Path) -> None:
    async with (
        serving(kept, tmp_path, limits={**STRICT, "commands_per_session": 3}) as listener,
        peer(listener) as client,
    ):
        for _ in range(3):
            assert (await client.say("NOOP")).startswith("250")
        assert (await client.say("NOOP")).startswith("421 4.7.0 Too many commands")


async def test_harvesting_ends_the_session_and_then_the_hour(kept: Store, tmp_path: Path) -> None:
    rules = {**STRICT, "unknown_per_session": 3, "unknown_per_hour": 4}
    async with serving(kept, tmp_path, limits=rules) as listener:
        async with peer(listener) as client:
            await client.say("EHLO x")
            await client.say("MAIL FROM:<>")
            for number in range(3):
                assert (await client.say(f"RCPT TO:<user{number}@msp.example>")).startswith("550 5.1.1")
            assert (await client.answer()).startswith("421 4.7.1 Too many unknown recipients")
        async with peer(listener) as client:
            await client.say("EHLO x")
            await client.say("MAIL FROM:<>")
            await client.say("RCPT TO:<user9@msp.example>")
            assert (await client.say("RCPT TO:<support@msp.example>")).startswith("450 4.7.1")


async def test_mails_and_recipients_in_a_minute(kept: Store, tmp_path: Path) -> None:
    rules = {**STRICT, "mails_per_minute": 2, "recipients_per_minute": 3}
    async with serving(kept, tmp_path, limits=rules) as listener, peer(listener) as client:
        await client.say("EHLO x")
        await client.say("MAIL FROM:<>")
        answers = [(await client.say("RCPT TO:<support@msp.example>"))[:9] for _ in range(4)]
        assert answers == ["250 2.1.5"] * 3 + ["450 4.7.1"]
        await client.say("RSET")
        await client.say("MAIL FROM:<>")
        await client.say("RSET")
        assert (await client.say("MAIL FROM:<>")).startswith("450 4.7.1 Too many mails")


async def test_too_many_recipients_are_for_later(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, max_recipients=2) as listener, peer(listener) as client:
        await client.say("EHLO x")
        await client.say("MAIL FROM:<>")
        answers = [(await client.say("RCPT TO:<support@msp.example>"))[:9] for _ in range(1000)]
    assert answers == ["250 2.1.5"] * 2 + ["452 4.5.3"] * 998


async def test_a_budget_over_all_sessions(kept: Store, tmp_path: Path) -> None:
    async with (
        serving(kept, tmp_path, max_in_flight=100_000) as listener,
        peer(listener) as client,
        peer(listener) as two,
    ):
        await client.ready()
        await client.write(b"x" * 90_000 + b"\r\n")
        await come(lambda: listener.context.in_flight.bytes >= 90_000)
        await two.say("EHLO x")
        assert (await two.say("MAIL FROM:<> SIZE=50000")).startswith("452 4.3.1 Too much mail")
        await two.ready()
        assert (await two.say(b"y" * 50_000 + b"\r\n.\r\n")).startswith("452 4.3.1")
        assert (await client.say(b".\r\n")).startswith("250")
        await two.ready()
        assert (await two.say(b"y" * 50_000 + b"\r\n.\r\n")).startswith("250")
        assert listener.context.in_flight.bytes == 0


async def test_the_budget_is_given_back_when_a_peer_leaves(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener:
        async with peer(listener) as client:
            await client.ready()
            await client.write(b"x" * 50_000)
            await come(lambda: listener.context.in_flight.bytes)
        async with peer(listener) as client:
            await client.say("EHLO x")
            await client.say("MAIL FROM:<>")
            await client.say("RCPT TO:<support@msp.example>")
            await client.say(b"BDAT 50000\r\n" + b"x" * 50_000)
            assert listener.context.in_flight.bytes > 0
        await come(lambda: not listener.context.in_flight.bytes)
        assert list((tmp_path / "spool").iterdir()) == []


async def test_content_below_the_floor_rate_is_cut(
    kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.smtp.pace.GRACE", 0.2)
    async with serving(kept, tmp_path, floor_rate=10_000) as listener, peer(listener) as client:
        await client.ready()
        assert await trickle(client) == "421 4.4.2"
    assert await contents(kept) == []


async def test_content_over_its_total_time_is_cut(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, data_timeout=0.3) as listener, peer(listener) as client:
        await client.ready()
        assert await trickle(client) == "421 4.4.2"
    assert await contents(kept) == []


async def trickle(client: Peer) -> str:
    for _ in range(20):
        client.writer.write(b"x\r\n")
        await asyncio.sleep(0.05)
        if client.reader._buffer:  # type: ignore[attr-defined]
            break
    return (await client.answer())[:9]


async def test_a_line_without_end_is_cut_and_costs_no_memory(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        client.writer.write(b"x" * 300_000)
        assert (await client.answer()).startswith("500 5.5.6")
        with contextlib.suppress(ConnectionResetError):
            assert await client.reader.read() == b""


async def test_long_commands_are_refused(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        assert (await client.say("NOOP " + "x" * 1000)).startswith("250")
        assert (await client.say("NOOP " + "x" * 3000)).startswith("500 5.5.6")


async def test_another_protocol_is_cut_at_once(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        assert (await client.say("POST / HTTP/1.1")).startswith("500")
        assert await client.reader.read() == b""


def test_a_sender_and_its_domain_whatever_the_peer() -> None:
    limit, now = limits(mails_per_sender=2, mails_per_sender_domain=3)

    def sender(address: str, proof: str = "proven") -> Reply | None:
        return limit.sender(Name(address, proof))

    assert [sender("a@x.example"), sender("A@x.example")] == [None, None]
    assert sender("a@x.example") == SENDER_RATE
    assert [sender("b@x.example"), sender("c@x.example")] == [None, SENDER_RATE]
    assert sender("b@y.example") is None
    assert [sender("a@x.example", "192.0.2.0/24 none")] == [None]
    assert [sender("") for _ in range(9)] == [None] * 9
    now[0] += 3601
    assert sender("a@x.example") is None
    for _ in range(5):  # what was not taken after all is not counted
        assert sender("n@z.example") is None
        limit.not_taken(Name("n@z.example", "proven"))


@pytest.mark.parametrize(
    ("peer", "verdict", "name"),
    [
        (judged.Peer("192.0.2.7", mail_from="A@x.example"), SenderVerdict("pass", "", "ann@x.example"), "proven ann@x.example"),
        (judged.Peer("192.0.2.7", mail_from="A@x.example"), SenderVerdict("none", "", "ann@x.example"), "192.0.2.0/24 none a@x.example"),
        (judged.Peer("192.0.2.7", mail_from="A@x.example"), SenderVerdict(), "192.0.2.0/24 unknown a@x.example"),
        (judged.Peer("", mail_from="a@x.example"), SenderVerdict("fail"), " fail a@x.example"),
        (judged.Peer("192.0.2.7", mail_from="a@x.example", login="scanner"), SenderVerdict("none"), "login scanner"),
        (judged.Peer("192.0.2.7"), SenderVerdict("pass", "", "ann@x.example"), ""),
    ],
)  # fmt: skip
def test_in_whose_name_a_mail_counts(peer: judged.Peer, verdict: SenderVerdict, name: str) -> None:
    found = name_of(peer, verdict)
    assert (found.key if found.address else "") == name


FEW = {"limits": {"mails_per_sender": 3, "exempt": ["127.0.0.0/8"], "tarpit": 0}}


async def test_a_name_is_not_limited_by_what_was_not_taken(kept: Store, tmp_path: Path) -> None:
    """MAIL and RSET, a mail that is refused, one to nobody, one that is broken off: from the same address even."""
    async with serving(kept, tmp_path, max_size=2000, **FEW) as listener:
        async with peer(listener) as liar:
            await liar.say("EHLO x")
            for _ in range(9):
                await liar.say("MAIL FROM:<a@acme.example>")
                await liar.say("RCPT TO:<nobody@msp.example>")
                await liar.say("RSET")
            for _ in range(4):
                await liar.ready()
                assert (await liar.say(b"x" * 3000 + b"\r\n.\r\n")).startswith("552")
            await liar.ready()
        async with peer(listener) as good:
            for number in range(3):
                await good.ready()
                assert (await good.say(b"Subject: %d\r\n\r\nx\r\n.\r\n" % number)).startswith("250")
            await good.ready()
            assert (await good.say(b"Subject: 4\r\n\r\nx\r\n.\r\n")).startswith(
                "450 4.7.1 Too many mails from this sender"
            )
            assert (await good.say("MAIL FROM:<b@acme.example>")).startswith("250")


async def test_forgeries_of_a_name_limit_it_nowhere_else(kept: Store, tmp_path: Path) -> None:
    """Neither from another network nor, behind one relay, without the pass that the sender has."""
    settings = {**FEW, "authserv_ids": ["mx.msp.example"], "relays": ["127.0.1.0/24"]}
    mails = ("127.0.2.1", b""), ("127.0.1.1", b"Authentication-Results: mx.msp.example; dmarc=fail\r\n")
    async with serving(kept, tmp_path, **settings) as listener:
        for local, stamp in mails:
            async with peer(listener, local=local) as liar:
                answers = []
                for number in range(4):
                    await liar.ready()
                    answers.append((await liar.say(stamp + b"From: a@acme.example\r\n\r\n%d\r\n.\r\n" % number))[:3])
                assert answers == ["250"] * 3 + ["450"]
        async with peer(listener, local="127.0.1.1") as good:
            await good.ready()
            stamp = b"Authentication-Results: mx.msp.example; dmarc=pass header.from=acme.example\r\n"
            assert (await good.say(stamp + b"From: a@acme.example\r\n\r\ngood\r\n.\r\n")).startswith("250")
