"""STARTTLS and implicit TLS: offered, required, injected into, and certificates that change."""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

from gateway.store.engine import Store
from tests.smtp.serving import Tls, contents, peer, serving
from tests.waiting import come


def listeners(*more: dict[str, object], kind: str = "mx", tls: str = "offer") -> list[dict[str, object]]:
    return [{"name": "one", "listen": "127.0.0.1:0", "kind": kind, "tls": tls}, *more]


async def test_required(kept: Store, tmp_path: Path, tls: Tls) -> None:
    settings = {**tls.files, "listeners": listeners(tls="require")}
    async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
        assert "STARTTLS" in await client.say("EHLO x")
        assert (await client.say("MAIL FROM:<>")).startswith("530 5.7.0")
        await client.say("STARTTLS")
        await client.writer.start_tls(tls.context, server_hostname="gw.test")
        assert (await client.say("MAIL FROM:<>")).startswith("503 5.5.1")
        await client.ready()
        assert (await client.say(b"x\r\n.\r\n")).startswith("250")


async def test_from_the_start(kept: Store, tmp_path: Path, tls: Tls) -> None:
    settings = {**tls.files, "listeners": listeners(tls="implicit")}
    secure = {"ssl": tls.context, "server_hostname": "gw.test"}
    async with serving(kept, tmp_path, **settings) as listener, peer(listener, **secure) as client:
        assert "STARTTLS" not in await client.say("EHLO x")
        assert (await client.say("STARTTLS")).startswith("502")
        await client.ready()
        assert (await client.say(b"x" * 200_000 + b"\r\n.\r\n")).startswith("250")


async def test_commands_injected_before_tls_are_refused(kept: Store, tmp_path: Path, tls: Tls) -> None:
    async with serving(kept, tmp_path, **tls.files) as listener, peer(listener) as client:
        await client.say("EHLO x")
        answer = await client.say(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n")
        assert answer.startswith("503 5.5.1 Commands after STARTTLS")
        assert await client.reader.read() == b""


async def test_what_was_said_before_tls_is_forgotten(kept: Store, tmp_path: Path, tls: Tls) -> None:
    async with serving(kept, tmp_path, **tls.files) as listener, peer(listener) as client:
        await client.say("EHLO x")
        await client.say("MAIL FROM:<a@b.example>")
        await client.say("STARTTLS")
        await client.writer.start_tls(tls.context, server_hostname="gw.test")
        assert (await client.say("RCPT TO:<support@msp.example>")).startswith("503")
        assert (await client.say("MAIL FROM:<>")).startswith("503 5.5.1 Send EHLO")


async def test_a_handshake_that_fails_or_never_comes_costs_nothing(kept: Store, tmp_path: Path, tls: Tls) -> None:
    async with serving(kept, tmp_path, **tls.files) as listener:
        for junk in (b"not a handshake at all\r\n" * 20, b""):
            async with peer(listener) as client:
                await client.say("EHLO x")
                await client.say("STARTTLS")
                await client.write(junk)
                client.writer.write_eof()
                await client.reader.read()
        async with peer(listener) as client:
            await client.ready()
            assert (await client.say(b"x\r\n.\r\n")).startswith("250")
        await come(lambda: len(listener.live) <= 1)
    assert len(await contents(kept)) == 1


async def serial(address: str, tls: Tls) -> int:
    host, _, port = address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=tls.context, server_hostname="gw.test")
    found = writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
    writer.close()
    return int(found, 16)


async def test_a_new_certificate_is_taken_and_a_broken_one_is_not(kept: Store, tmp_path: Path, tls: Tls) -> None:
    settings = {**tls.files, "listeners": listeners(tls="implicit")}
    async with serving(kept, tmp_path, **settings) as listener:
        first = await serial(listener.address, tls)
        assert not listener.refresh_certificate()
        tls.issue()
        os.utime(tls.files["tls_cert"], (1, 1))
        assert listener.refresh_certificate()
        second = await serial(listener.address, tls)
        tls.files["tls_cert"].write_text("half a certificate")
        assert not listener.refresh_certificate()
        third = await serial(listener.address, tls)
        await asyncio.sleep(0.05)

    assert first != second == third


async def test_old_tls_is_refused(kept: Store, tmp_path: Path, tls: Tls) -> None:
    settings = {**tls.files, "listeners": listeners(tls="implicit")}
    async with serving(kept, tmp_path, **settings) as listener:
        context = Tls.__new__(Tls)
        context.context = ssl.create_default_context()
        tls.authority.configure_trust(context.context)
        try:
            context.context.maximum_version = ssl.TLSVersion.TLSv1_1
            await serial(listener.address, context)
        except (ssl.SSLError, DeprecationWarning, ConnectionError):
            return
        raise AssertionError("TLS 1.1 was taken")
