"""Real peers: Postfix over SMTP, TLS and LMTP with our refusals, swaks, smtplib and smtp-source."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.mailbox import MailboxSettings
from gateway.intake.mailboxes import Mailboxes
from gateway.smtp.server import Listener
from gateway.store import counts
from gateway.store.engine import Store
from tests.peers import Missing
from tests.smtp.postfix import Postfix
from tests.smtp.serving import BOXES, Tls, contents, envelopes, serving
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # a busy machine starts Postfix slowly

MAIL = "From: Ann <ann@acme.example>\nTo: support@msp.example\nSubject: J\u00fcrgen\n\n.\nHello\n..\n"


def program(name: str) -> str:
    path = shutil.which(name)
    if not path:
        pytest.skip(f"NOT TESTED WITH {name}: it is not on this machine (Debian: apt-get install {name})")
    return path


@contextlib.contextmanager
def postfix(**settings: str) -> Iterator[Postfix]:
    try:
        postfix = Postfix(settings)
    except Missing as missing:
        pytest.skip(f"NOT TESTED WITH POSTFIX: {missing}")
    try:
        yield postfix
    finally:
        postfix.stop()


def port_of(listener: Listener) -> int:
    return int(listener.address.rpartition(":")[2])


def submit(relay: Postfix, to: list[str], text: str = MAIL) -> None:
    with smtplib.SMTP("127.0.0.1", relay.port, local_hostname="client.test", timeout=PATIENCE) as client:
        client.sendmail("ann@acme.example", to, text.encode())


async def kept_mails(store: Store, number: int) -> list[bytes]:
    async with asyncio.timeout(PATIENCE):
        while len(found := await contents(store)) < number:
            await asyncio.sleep(0.05)
    return found


async def test_postfix_relays(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener:
        with postfix(relayhost=f"[127.0.0.1]:{port_of(listener)}") as relay:
            await asyncio.to_thread(submit, relay, ["support@msp.example", "sales@msp.example"])
            found = await kept_mails(kept, 2)
            line = await asyncio.to_thread(relay.await_log, "status=sent")

    assert "2.0.0 OK kept as" in line
    assert b"\r\n.\r\nHello\r\n..\r\n" in found[0]
    assert found[0].startswith(b"Received: ")
    assert {envelope["helo"] for envelope in await envelopes(kept)} == {"postfix.test"}


async def test_postfix_relays_where_tls_is_required(kept: Store, tmp_path: Path, tls: Tls) -> None:
    settings = {**tls.files, "listeners": [{"name": "mx", "listen": "127.0.0.1:0", "tls": "require"}]}
    async with serving(kept, tmp_path, **settings) as listener:
        relayhost = f"[127.0.0.1]:{port_of(listener)}"
        with postfix(relayhost=relayhost, smtp_tls_security_level="encrypt", smtp_tls_loglevel="1") as relay:
            await asyncio.to_thread(submit, relay, ["support@msp.example"])
            await kept_mails(kept, 1)
            await asyncio.to_thread(relay.await_log, "TLS connection established")
        with postfix(relayhost=relayhost) as relay:
            await asyncio.to_thread(submit, relay, ["support@msp.example"])
            line = await asyncio.to_thread(relay.await_log, "status=bounced")

    assert "530 5.7.0" in line
    assert [envelope["tls"] for envelope in await envelopes(kept)] == [True]


async def test_postfix_keeps_and_retries_on_4xx_and_bounces_on_5xx(kept: Store, tmp_path: Path) -> None:
    paused = MailboxSettings(address="support@msp.example", disabled="pause")
    async with serving(kept, tmp_path, boxes=(paused,)) as listener:
        with postfix(relayhost=f"[127.0.0.1]:{port_of(listener)}") as relay:
            await asyncio.to_thread(submit, relay, ["support@msp.example"])
            line = await asyncio.to_thread(relay.await_log, "status=deferred")
            assert "450 4.2.1 The mailbox does not accept mail at the moment" in line
            assert await contents(kept) == []
            listener.context.mailboxes = Mailboxes(BOXES)
            await asyncio.to_thread(relay.await_log, "status=sent")
            await kept_mails(kept, 1)
            await asyncio.to_thread(submit, relay, ["nobody@msp.example"])
            line = await asyncio.to_thread(relay.await_log, "status=bounced")
            assert "550 5.1.1 There is no such mailbox here" in line
            await asyncio.to_thread(relay.await_log, "sender non-delivery notification")


async def test_postfix_retries_when_the_store_fails(kept: Store, tmp_path: Path) -> None:
    from gateway.store.writer import StoreFailed

    real, failing = kept.write, [True]

    async def flaky(operation: object) -> object:
        if failing:
            failing.pop()
            raise StoreFailed("broken for once")
        return await real(operation)  # type: ignore[arg-type]

    kept.write = flaky  # type: ignore[method-assign, assignment]
    async with serving(kept, tmp_path) as listener:
        with postfix(relayhost=f"[127.0.0.1]:{port_of(listener)}") as relay:
            await asyncio.to_thread(submit, relay, ["support@msp.example"])
            await asyncio.to_thread(relay.await_log, "451 4.3.0")
            await asyncio.to_thread(relay.await_log, "status=sent")
            assert len(await kept_mails(kept, 1)) == 1


async def test_postfix_over_lmtp_settles_each_recipient(kept: Store, tmp_path: Path) -> None:
    boxes = (*BOXES, MailboxSettings(address="closed@msp.example", disabled="closed"))
    settings = {"listeners": [{"name": "lmtp", "listen": "127.0.0.1:0", "kind": "lmtp"}]}
    async with serving(kept, tmp_path, boxes=boxes, **settings) as listener:
        with postfix(default_transport=f"lmtp:[127.0.0.1]:{port_of(listener)}") as relay:
            to = [f"{name}@msp.example" for name in ("support", "sales", "closed")]
            await asyncio.to_thread(submit, relay, to)
            await kept_mails(kept, 2)
            bounced = await asyncio.to_thread(relay.await_log, "status=bounced")
            sent = await asyncio.to_thread(relay.await_log, "status=sent")

    assert "to=<closed@msp.example>" in bounced
    assert sent.count("\n") == 1


async def test_swaks(kept: Store, tmp_path: Path, tls: Tls) -> None:
    swaks = program("swaks")
    async with serving(kept, tmp_path, **tls.files) as listener:
        for more in ([], ["--pipeline"], ["--tls"], ["--tls", "--pipeline"]):
            command = [swaks, "--server", listener.address, "--to", "support@msp.example", "--helo", "x", *more]
            done = await asyncio.to_thread(
                subprocess.run, command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
            )
            if done.returncode and "not available" in done.stdout + done.stderr:
                continue  # swaks without Perl's TLS module
            assert done.returncode == 0, (more, done.stdout, done.stderr)
    assert len(await contents(kept)) >= 2


async def test_smtplib_with_utf8_and_large_mail(kept: Store, tmp_path: Path) -> None:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port_of(listener), local_hostname="x", timeout=PATIENCE) as client:
            client.ehlo()
            client.mail("j\u00fcrgen@m\u00fcnchen.example", ["SMTPUTF8", "BODY=8BITMIME", "SIZE=3000000"])
            assert client.rcpt("support@msp.example")[0] == 250
            assert client.data("x\u00fc".encode() * 1_000_000)[0] == 250
            assert client.verify("support@msp.example")[0] == 252
            assert client.noop()[0] == 250

    async with serving(kept, tmp_path) as listener:
        listener.context.mailboxes = Mailboxes(BOXES)
        await asyncio.to_thread(send)

    assert [envelope["mail_from"] for envelope in await envelopes(kept)] == ["j\u00fcrgen@m\u00fcnchen.example"]


async def test_smtp_source_in_twenty_sessions(kept: Store, tmp_path: Path) -> None:
    source = program("smtp-source")
    async with serving(kept, tmp_path) as listener:
        for more in (["-d"], []):
            command = [
                source,
                "-s",
                "20",
                "-m",
                "200",
                "-l",
                "4096",
                "-t",
                "support@msp.example",
                *more,
                listener.address,
            ]
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=PATIENCE)
            assert done.returncode == 0, done.stderr

    assert (await kept.read(counts.sums)).accepted + (await kept.read(counts.sums)).redelivered == 400
