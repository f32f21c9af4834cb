"""Several listeners, each with its own policy: LMTP, relay, PROXY, Unix and inherited sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config.mailbox import MailboxSettings
from gateway.config.smtp import SmtpSettings
from gateway.smtp.proxy import SIGNATURE
from gateway.smtp.server import systemd_socket
from gateway.store.engine import Store
from tests.smtp.serving import BOXES, Tls, contents, envelopes, peer, serving
from tests.waiting import PATIENCE


def one_listener(**settings: object) -> dict[str, object]:
    return {"listeners": [{"name": "one", "listen": "127.0.0.1:0", **settings}]}


# -- LMTP ---------------------------------------------------------------------------------------------


async def test_lmtp_answers_for_each_recipient(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, **one_listener(kind="lmtp")) as listener, peer(listener) as client:
        assert (await client.say("EHLO x")).startswith("502")
        assert (await client.say("LHLO x")).startswith("250-gw.test")
        assert (await client.say("MAIL FROM:<a@b.example>")).startswith("250")
        for to, code in (("support", "250"), ("nobody", "550"), ("sales", "250"), ("Support", "250")):
            assert (await client.say(f"RCPT TO:<{to}@msp.example>")).startswith(code)
        await client.say("DATA")
        answers = [await client.say(b"x\r\n.\r\n"), await client.answer(), await client.answer()]
        assert (await client.say("QUIT")).startswith("221")

    assert all(answer.startswith("250 2.0.0 OK kept as") for answer in answers)
    assert answers[0] == answers[2] != answers[1]


async def test_lmtp_refuses_for_one_and_keeps_for_the_other(kept: Store, tmp_path: Path) -> None:
    boxes = (MailboxSettings(address="strict@msp.example", on_fail="refuse"), *BOXES)
    settings = {
        **one_listener(kind="lmtp"),
        "authserv_ids": ["mx.msp.example"],
        "relays": ["127.0.0.0/8"],
    }
    mail = b"Authentication-Results: mx.msp.example; dmarc=fail header.from=acme.example\r\nFrom: a@acme.example\r\n\r\nx\r\n"
    async with serving(kept, tmp_path, boxes=boxes, **settings) as listener, peer(listener) as client:
        await client.say("LHLO x")
        await client.say("MAIL FROM:<a@b.example>")
        for to in ("strict", "support"):
            await client.say(f"RCPT TO:<{to}@msp.example>")
        await client.say("DATA")
        answers = [await client.say(mail + b".\r\n"), await client.answer()]

    assert answers[0].startswith("550 5.7.1 Sender authentication failed: relay: dmarc=fail")
    assert answers[1].startswith("250 2.0.0")
    (envelope,) = await envelopes(kept)
    assert envelope["quarantine"] == "failed-verification"


async def test_lmtp_on_a_unix_socket(kept: Store, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    with socket.socket(socket.AF_UNIX) as left_over_by_a_run_that_was_killed:
        left_over_by_a_run_that_was_killed.bind(str(path))
    settings = {
        "listeners": [{"name": "one", "listen": f"unix:{path}", "kind": "lmtp"}],
        "authserv_ids": ["mx.msp.example"],
        "relays": ["192.0.2.1"],
    }
    stamp = b"Authentication-Results: mx.msp.example; dmarc=pass\r\nFrom: ann@acme.example\r\n\r\nx\r\n"
    async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
        await client.say("LHLO x")
        await client.say("MAIL FROM:<>")
        await client.say("RCPT TO:<support@msp.example>")
        await client.say("DATA")
        assert (await client.say(stamp + b".\r\n")).startswith("250")

    assert [envelope["verdict"] for envelope in await envelopes(kept)] == ["pass"]


# -- who may connect ----------------------------------------------------------------------------------


async def test_a_relay_listener_is_for_the_relays(kept: Store, tmp_path: Path) -> None:
    settings = {**one_listener(kind="relay"), "relays": ["127.0.1.0/24"]}
    async with serving(kept, tmp_path, **settings) as listener:
        async with peer(listener, greeted=False) as client:
            assert (await client.answer()).startswith("554 5.7.1 This port accepts mail from certain networks only")
        async with peer(listener, local="127.0.1.5") as client:
            await client.ready()
            assert (await client.say(b"x\r\n.\r\n")).startswith("250")


async def test_each_listener_has_its_own_size(kept: Store, tmp_path: Path) -> None:
    settings = {
        "listeners": [
            {"name": "small", "listen": "127.0.0.1:0", "max_size": 2048},
            {"name": "large", "listen": "127.0.0.1:0"},
        ]
    }
    async with serving(kept, tmp_path, **settings) as listener:
        async with peer(listener, "small") as client:
            assert "SIZE 2048" in await client.say("EHLO x")
            assert (await client.say("MAIL FROM:<> SIZE=3000")).startswith(
                "552 5.3.4 The mail is larger than 2048 bytes"
            )
        async with peer(listener, "large") as client:
            await client.ready()
            await client.say(b"x" * 3000 + b"\r\n.\r\n")

    assert [envelope["listener"] for envelope in await envelopes(kept)] == ["large"]


# -- PROXY --------------------------------------------------------------------------------------------


def version_2(address: str, command: int = 0x21, family: int = 0x11, extra: bytes = b"") -> bytes:
    body = socket.inet_aton(address) + socket.inet_aton("127.0.0.1") + struct.pack("!HH", 40000, 25) + extra
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


GOOD = {
    "v1": b"PROXY TCP4 203.0.113.9 127.0.0.1 40000 25\r\n",
    "v2": version_2("203.0.113.9"),
    "v2 with TLV": version_2("203.0.113.9", extra=b"\x04\x00\x01x"),
}
BAD = {
    "none": b"EHLO client.test\r\n",
    "v1 broken": b"PROXY TCP4 203.0.113.9\r\n",
    "v1 family": b"PROXY TCP6 203.0.113.9 127.0.0.1 1 2\r\n",
    "v1 port": b"PROXY TCP4 203.0.113.9 127.0.0.1 99999 2\r\n",
    "v1 endless": b"PROXY TCP4 " + b"1" * 300,
    "v2 version": version_2("203.0.113.9", command=0x31),
    "v2 datagram": version_2("203.0.113.9", family=0x12),
    "v2 long": SIGNATURE + b"\x21\x11\xff\xff",
    "v2 short": SIGNATURE + b"\x21\x11\x00\x04abcd",
}


@pytest.mark.parametrize("header", GOOD.values(), ids=GOOD.keys())
async def test_a_balancer_says_who_the_peer_is(kept: Store, tmp_path: Path, header: bytes) -> None:
    settings = one_listener(balancers=["127.0.0.0/8"])
    async with serving(kept, tmp_path, **settings) as listener, peer(listener, greeted=False) as client:
        await client.write(header)
        assert (await client.answer()).startswith("220")
        await client.ready()
        await client.say(b"x\r\n.\r\n")

    assert [envelope["peer"] for envelope in await envelopes(kept)] == ["203.0.113.9"]


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", version_2("203.0.113.9", command=0x20)])
async def test_a_health_check_keeps_the_balancers_address(kept: Store, tmp_path: Path, header: bytes) -> None:
    settings = one_listener(balancers=["127.0.0.0/8"])
    async with serving(kept, tmp_path, **settings) as listener, peer(listener, greeted=False) as client:
        await client.write(header)
        assert (await client.answer()).startswith("220")


@pytest.mark.parametrize("header", BAD.values(), ids=BAD.keys())
async def test_a_wrong_header_ends_the_connection(kept: Store, tmp_path: Path, header: bytes) -> None:
    settings = one_listener(balancers=["127.0.0.0/8"])
    async with serving(kept, tmp_path, **settings) as listener, peer(listener, greeted=False) as client:
        await client.write(header)
        try:
            assert await asyncio.wait_for(client.reader.read(), PATIENCE) == b""
        except ConnectionResetError:
            pass
    assert await contents(kept) == []


async def test_who_is_no_balancer_is_not_believed(kept: Store, tmp_path: Path) -> None:
    settings = one_listener(balancers=["192.0.2.1"])
    async with serving(kept, tmp_path, **settings) as listener, peer(listener, greeted=False) as client:
        await client.write(GOOD["v1"])
        assert (await client.answer()).startswith("554 5.7.1")
    async with serving(kept, tmp_path, **one_listener()) as listener, peer(listener) as client:
        assert (await client.say(GOOD["v1"])).startswith("500")


async def test_the_peers_address_is_kept_over_tls(kept: Store, tmp_path: Path, tls: Tls) -> None:
    for kind in ("offer", "implicit"):
        settings = {**tls.files, **one_listener(balancers=["127.0.0.0/8"], tls=kind)}
        async with serving(kept, tmp_path, **settings) as listener, peer(listener, greeted=False) as client:
            await client.write(GOOD["v2"])
            if kind == "offer":
                await client.answer()
                await client.say("EHLO x")
                await client.say("STARTTLS")
            await client.writer.start_tls(tls.context, server_hostname="gw.test")
            if kind == "implicit":
                await client.answer()
            await client.ready()
            await client.say(f"{kind}\r\n.".encode() + b"\r\n")

    assert [(envelope["peer"], envelope["tls"]) for envelope in await envelopes(kept)] == [("203.0.113.9", True)] * 2


# -- inherited and shared sockets ---------------------------------------------------------------------


def test_a_socket_of_systemd(tmp_path: Path) -> None:
    """In a process of its own, as systemd starts it: descriptor 3, LISTEN_PID its own."""
    code = (
        "import os,sys;os.environ['LISTEN_PID']=str(os.getpid());os.dup2(int(sys.argv[1]),3);"
        "from gateway.smtp.server import systemd_socket;"
        "one=systemd_socket('mx');print(one.getsockname()[1], systemd_socket('0').getsockname()[1])"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", code, str(server.fileno())],
            env={**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "mx"},
            pass_fds=(server.fileno(),),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert done.stdout.split() == [str(port)] * 2, done.stderr


def test_no_socket_of_systemd() -> None:
    with pytest.raises(OSError, match="systemd passed no sockets"):
        systemd_socket("mx")


async def test_two_processes_may_share_a_port(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, **one_listener(reuse_port=True)) as first:
        settings = {"listeners": [{"name": "one", "listen": first.address, "reuse_port": True}]}
        async with serving(kept, tmp_path, **settings) as second, peer(second):
            pass


# -- configuration ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"listeners": [{"name": "a", "listen": "nowhere"}]}, "expected host:port"),
        ({"listeners": [{"name": "a", "listen": "x:1"}] * 2}, "a different name"),
        ({"listeners": [{"name": "a", "listen": "x:1", "tls": "require"}]}, "needs tls_cert"),
        ({"listeners": [{"name": "a", "listen": "x:1", "kind": "submission"}]}, "submission needs"),
        ({"listeners": [{"name": "a", "listen": "x:1", "kind": "relay"}]}, "needs networks"),
        ({"authserv_ids": ["mx.msp.example"]}, "expected relays as well"),
    ],
)
def test_what_does_not_fit_is_said(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SmtpSettings.model_validate(settings)
