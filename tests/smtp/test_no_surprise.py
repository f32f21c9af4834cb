"""What other servers were fooled by, tried here: parts of a mail and of a command that come at the wrong moment."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import ConfigError
from gateway.config.smtp import LimitSettings, ListenerSettings, SmtpSettings
from gateway.intake.mailboxes import Mailboxes
from gateway.intake.maildata import HEADER_SCAN, MailData
from gateway.match.names import Name
from gateway.model.refusal import Refusal
from gateway.smtp.auth import Users
from gateway.smtp.dotreader import DotReader
from gateway.smtp.limits import Limits
from gateway.smtp.lineends import LOOKED_AT, LineEnds
from gateway.smtp.parameters import path_of
from gateway.smtp.refusals import PER_SPAN, SPAN, Refusals
from gateway.smtp.server import bound, check_certificate
from gateway.store.engine import Store
from tests.smtp.serving import Peer, Tls, contents, peer, serving


async def begin(client: Peer) -> None:
    await client.say("EHLO x")
    await client.say("MAIL FROM:<ann@acme.example>")
    await client.say("RCPT TO:<support@msp.example>")


async def chunk(client: Peer, data: bytes, last: str = "") -> str:
    return await client.say(b"BDAT %d%s\r\n" % (len(data), last.encode()) + data)


# -- the header of a mail in chunks, looked at too early ---------------------------------------------


@pytest.mark.parametrize("between", ["NONSENSE", "RCPT TO:<sales@msp.example>", "MAIL FROM:<>", "DATA"])
async def test_a_refusal_between_chunks_settles_nothing_of_the_header(
    kept: Store, tmp_path: Path, between: str
) -> None:
    hops = b"".join(b"Received: from a%d by b; Sun, 22 Nov 2026 08:30:00 +0100\r\n" % number for number in range(60))
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await begin(client)
        assert (await chunk(client, b"Subject: one\r\n")).startswith("250")
        assert (await client.say(between)).startswith("50")
        reply = await chunk(client, hops + b"\r\nwords\r\n", " LAST")

    assert reply.startswith("554 5.4.6"), "all of the header is looked at"


def test_what_was_read_of_half_a_mail_is_read_again(tmp_path: Path) -> None:
    mail = MailData(tmp_path, 1 << 20)
    mail.add(b"From: ann@acme.example\r\n")
    assert [name for name, _ in mail.fields()] == ["From"]
    assert mail.ids().message_id == ""
    mail.add(b"From: boss@msp.example\r\nMessage-ID: <1@acme.example>\r\n\r\nx")

    assert [name for name, _ in mail.fields()] == ["From", "From", "Message-ID"]
    assert mail.ids().message_id == "1@acme.example"


@pytest.mark.parametrize("spool_over", [0, 10, 5000, HEADER_SCAN])
def test_a_small_mark_for_the_spool_hides_no_header(tmp_path: Path, spool_over: int) -> None:
    header = (
        b"From: ann@acme.example\r\n"
        + b"X-Filler: %s\r\n" % (b"x" * 130) * 100
        + b"From: boss@msp.example\r\n\r\nwords"
    )
    mail = MailData(tmp_path, spool_over)
    for at in range(0, len(header), 7):
        mail.add(header[at : at + 7])

    assert mail.start()[: len(header)] == header
    assert len(mail.split().values("from")) == 2
    mail.discard()
    assert mail.start() == header


# -- time ------------------------------------------------------------------------------------------


async def test_a_command_byte_by_byte_has_the_time_of_a_whole_one(kept: Store, tmp_path: Path) -> None:
    told: list[str] = []
    async with serving(kept, tmp_path, timeout=0.3, refused=told) as listener, peer(listener) as client:
        sent = 0
        while not told and sent < 40:
            client.writer.write(b"N")
            sent += 1
            await asyncio.sleep(0.03)

    assert (told, sent < 30) == (["timeout"], True)


async def test_a_mail_in_chunks_has_the_time_of_one_mail(
    kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("gateway.smtp.pace.time", SimpleNamespace(monotonic=lambda: now[0]))
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await begin(client)
        for _ in range(5):
            assert (await chunk(client, b"x" * 60_000)).startswith("250")
            now[0] += 119
        assert listener.context.in_flight.bytes == 300_000
        now[0] += 10
        assert (await chunk(client, b"x" * 60_000)).startswith("421 4.4.2")
        await client.reader.read()
        assert listener.context.in_flight.bytes == 0
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await begin(client)
        assert (await chunk(client, b"Subject: x\r\n\r\n")).startswith("250")
        now[0] += 100
        assert (await chunk(client, b"", " LAST")).startswith("250"), "what is whole is taken"


# -- octets that nobody may take for commands --------------------------------------------------------


async def test_a_chunk_before_tls_is_not_read_as_commands(kept: Store, tmp_path: Path, tls: Tls) -> None:
    listeners = [{"name": "mx", "listen": "127.0.0.1:0", "tls": "require"}]
    async with serving(kept, tmp_path, **tls.files, listeners=listeners) as listener, peer(listener) as client:
        await client.say("EHLO x")
        await client.write(b"BDAT 20 LAST\r\nNOOP\r\nNOOP\r\nNOOP\r\n")
        assert (await client.answer()).startswith("530 5.7.0")
        assert await client.reader.read() == b""


async def test_a_chunk_behind_a_long_line_is_not_read_as_commands(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await begin(client)
        await client.write(b"BDAT 12 " + b" " * 3000 + b"LAST\r\nNOOP\r\nNOOP\r\n")
        assert (await client.answer()).startswith("500 5.5.6")
        assert await client.reader.read() == b""


@pytest.mark.parametrize("path", ["<@relay.example>", "<@relay.example:>", "<@a,@b>", "<@>"])
async def test_a_route_to_nowhere_is_no_null_sender(kept: Store, tmp_path: Path, path: str) -> None:
    assert path_of("FROM:", f"FROM:{path}") == (None, [])
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        await client.say("EHLO x")
        assert (await client.say(f"MAIL FROM:{path}")).startswith("501 5.5.4")
        assert (await client.say("MAIL FROM:<@a,@b:ann@acme.example>")).startswith("250")


def test_the_end_cut_at_every_place_and_dots_at_the_cut() -> None:
    data = b"..\r\n.\r\r\n..\r\n.x\r\n.\n.\r\n\r\n.\r\nQUIT\r\n"
    whole = DotReader()
    expected = whole.feed(data)
    for first in range(len(data)):
        for second in range(first, len(data)):
            reader = DotReader()
            got = b""
            for block in (data[:first], data[first:second], data[second:]):
                if not reader.done:
                    got += reader.feed(block)
                else:
                    reader.rest += block
            assert (got, reader.rest) == (expected, whole.rest), (first, second)


def test_a_line_end_cut_where_the_look_ends_is_not_bare() -> None:
    ends = LineEnds("accept")
    ends.feed(b"x" * (LOOKED_AT - 1) + b"\r")
    ends.feed(b"\ny\r\n")
    ends.finish()

    assert ends.notes == []


START = b"EHLO x\r\nMAIL FROM:<ann@acme.example>\r\nRCPT TO:<support@msp.example>\r\n"
DIALOGUES: dict[str, tuple[bytes, str, list[bytes]]] = {
    "a chunk before MAIL": (b"EHLO x\r\nBDAT 9 LAST\r\nMAIL FROMNOOP\r\n", "250 503 250", []),
    "a chunk behind refused recipients": (
        b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<no@msp.example>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
        "250 250 550 503 250",
        [],
    ),
    "chunks and a new mail in one packet": (
        START + b"BDAT 3\r\nabcBDAT 2 LAST\r\ndeMAIL FROM:<>\r\nRCPT TO:<sales@msp.example>\r\nBDAT 1 LAST\r\nx",
        "250 250 250 250 250 250 250 250",
        [b"abcde", b"x"],
    ),
    "two mails and the end in one packet": (
        START + b"DATA\r\none\r\n.\r\nRSET\r\n" + START[8:] + b"DATA\r\n..two\r\n.\r\nQUIT\r\n",
        "250 250 250 354 250 250 250 250 354 250 221",
        [b"one\r\n", b".two\r\n"],
    ),
    "commands in the content": (
        START + b"DATA\r\nRSET\r\nQUIT\r\nSTARTTLS\r\n.\r\n",
        "250 250 250 354 250",
        [b"RSET\r\nQUIT\r\nSTARTTLS\r\n"],
    ),
    "an empty mail": (START + b"DATA\r\n.\r\n", "250 250 250 354 250", [b""]),
    "RSET between chunks": (START + b"BDAT 3\r\nabcRSET\r\nBDAT 2 LAST\r\nde", "250 250 250 250 250 503", []),
    "EHLO between chunks": (START + b"BDAT 3\r\nabcEHLO y\r\nBDAT 2 LAST\r\nde", "250 250 250 250 250 503", []),
    "a second sender": (
        START + b"MAIL FROM:<b@b.example>\r\nDATA\r\nx\r\n.\r\n",
        "250 250 250 503 354 250",
        [b"x\r\n"],
    ),
    "no HELO": (b"MAIL FROM:<>\r\nRCPT TO:<support@msp.example>\r\nDATA\r\n", "503 503 503", []),
    "any case": (
        b"ehlo X\r\nmail from:<a@b.example> size=10 body=8bitMime smtputf8\r\nRcPt tO:<SUPPORT@Msp.Example>\r\nrset\r\n",
        "250 250 250 250",
        [],
    ),
    "a quoted name": (
        b'EHLO x\r\nMAIL FROM:<"odd user"@acme.example> SIZE=1\r\nRCPT TO:<"support"@msp.example>\r\n'
        b'RCPT TO:<"sup\\port+a>b"@msp.example>\r\nRCPT TO:<"odd user"@msp.example>\r\nRCPT TO:<"support@msp.example>\r\n',
        "250 250 250 250 550 501",
        [],
    ),
    "sizes": (
        b"EHLO x\r\n"
        + b"".join(
            b"MAIL FROM:<> SIZE=%s\r\n" % size for size in (b"", b"-1", b"1e3", b"9" * 20, b"9" * 21, b"\xc2\xb2", b"0")
        ),
        "250 501 501 501 552 501 501 250",
        [],
    ),
    "bytes that are no text": (
        b"EHLO \0\r\nMAIL FROM:<a\0@b.example>\r\nMAIL FROM:<a\xff@b.example>\r\nMAIL FROM:<a\rb@c.example>\r\n"
        b"MAIL FROM:<\xc3\xa4@b.example>\r\n",
        "250 501 501 501 250",
        [],
    ),
    "two paths in one": (
        b"EHLO x\r\nMAIL FROM:<a@b.example><c@d.example>\r\nMAIL FROM:<>\r\nRCPT TO:<support@msp.example><x@y>\r\n",
        "250 555 250 555",
        [],
    ),
}
"""What is sent at once, the replies' codes, and the mails that are kept then."""


@pytest.mark.parametrize(("sent", "codes", "mails"), DIALOGUES.values(), ids=DIALOGUES.keys())
@pytest.mark.parametrize("step", [1 << 20, 1])
async def test_what_other_servers_took_wrongly(
    kept: Store, tmp_path: Path, sent: bytes, codes: str, mails: list[bytes], step: int
) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        client.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(sent), step):
            await client.write(sent[at : at + step])
            if step == 1:
                await asyncio.sleep(0)
        assert [(await client.answer())[:3] for _ in codes.split()] == codes.split()

    assert await contents(kept) == mails


async def test_lmtp_has_as_many_replies_as_recipients_whatever_becomes_of_the_mail(
    kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listeners = [{"name": "lmtp", "listen": "127.0.0.1:0", "kind": "lmtp", "max_size": 1024}]
    named = b"".join(b"RCPT TO:<%s@msp.example>\r\n" % name for name in (b"support", b"no", b"support", b"sales"))
    async with serving(kept, tmp_path, listeners=listeners) as listener, peer(listener) as client:
        await client.say("LHLO x")
        for content, code in ((b"x", "250"), (b"x" * 2000, "552"), (b"Received: x\r\n" * 60, "554")):
            await client.write(b"MAIL FROM:<>\r\n" + named + b"DATA\r\n" + content + b"\r\n.\r\nNOOP\r\n")
            replies = [(await client.answer())[:3] for _ in range(10)]
            assert replies == ["250", "250", "550", "250", "250", "354", code, code, code, "250"]
            await client.write(b"MAIL FROM:<>\r\n" + named + b"BDAT %d LAST\r\n" % len(content) + content + b"NOOP\r\n")
            replies = [(await client.answer())[:3] for _ in range(9)]
            assert replies == ["250", "250", "550", "250", "250", code, code, code, "250"]


# -- who is counted, and what is kept of refusals ------------------------------------------------------


def test_mails_that_were_not_taken_do_not_count() -> None:
    limits = Limits(LimitSettings(mails_per_sender=3, mails_per_sender_domain=4), (), lambda: 0.0)
    ann, bob = Name("ann@acme.example", "proven"), Name("bob@acme.example", "proven")
    for name in (bob, bob, bob, ann):
        assert limits.sender(name) is None
    for _ in range(5):
        assert limits.sender(ann)

    assert limits._senders.get(ann.key) == 1
    assert limits._sender_domains.get(ann.domain_key) == 4


ONE = Refusal(1000.0, "mx", "192.0.2.7", "mx.acme.example", "ann@acme.example", "", 554, "denied", "no")


def test_a_flood_from_everywhere_costs_no_memory() -> None:
    sink = Refusals()
    for number in range(5 * PER_SPAN):
        sink.add(replace(ONE, peer=f"2001:db8:{number:x}::1"))

    assert len(sink._of_network) <= PER_SPAN
    assert len(sink._told) <= PER_SPAN + 1


def test_a_clock_put_back_does_not_end_the_keeping() -> None:
    sink = Refusals()
    for number in range(2 * PER_SPAN):
        sink.add(replace(ONE, peer=f"2001:db8:{number:x}::1"))
    sink.taken()
    sink.add(replace(ONE, at=ONE.at - 10 * SPAN, mail_from="later@acme.example"))

    assert [refusal.mail_from for refusal in sink.taken()] == ["later@acme.example"]


async def test_a_mail_cut_by_time_and_one_that_fails_are_refusals_to_ask_for(
    kept: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    async with serving(kept, tmp_path, timeout=1, refused=told) as listener:
        async with peer(listener) as client:
            await client.ready()
            await client.write(b"Subject: half\r\n\r\nx")
            assert (await client.answer()).startswith("421 4.4.2")
        async with peer(listener) as client:
            assert (await client.answer()).startswith("421 4.4.2"), "of an idle peer nothing is kept"

        async def broken(*_: object) -> None:
            raise RuntimeError("no")

        monkeypatch.setattr(listener.context.acceptor, "accept", broken)
        async with peer(listener) as client:
            await client.ready()
            assert (await client.say(b"Subject: whole\r\n\r\nx\r\n.\r\n")).startswith("451 4.3.0")
        kept_of = [(refusal.reason, refusal.mail_from) for refusal in listener.context.refusals.taken()]

    assert told == ["timeout", "timeout", "internal"]
    assert kept_of == [("timeout", "ann@acme.example"), ("internal", "ann@acme.example")]


# -- names in their other form --------------------------------------------------------------------------

BUECHER = MailboxSettings(address="Support@Bücher.example", aliases=("help@xn--bcher-kva.example", "@MÜLLER.example"))


@pytest.mark.parametrize(
    "address",
    ["support@bücher.example", "support@xn--bcher-kva.example", "SUPPORT@BÜCHER.example", "support@XN--BCHER-KVA.example",
     "support+tag@xn--bcher-kva.example", "help@bücher.example", "x@xn--mller-kva.example", "x@müller.example",
     "postmaster@xn--bcher-kva.example"],
)  # fmt: skip
def test_an_international_domain_is_ours_in_both_forms(address: str) -> None:
    boxes = Mailboxes((BUECHER,))

    assert boxes.find(address) is BUECHER
    assert boxes.is_ours(address)
    assert boxes.domains == {"xn--bcher-kva.example", "xn--mller-kva.example"}
    assert BUECHER.address == "support@xn--bcher-kva.example"


def test_a_login_writes_as_an_international_domain_in_both_forms() -> None:
    settings = SmtpSettings.model_validate(
        {"users": [{"login": "scanner", "password_hash": "", "senders": ["@Bücher.example", "a@müller.example"]}]}
    )
    users = Users(settings.users)

    for address in ("x@bücher.example", "X@xn--bcher-kva.example", "a@xn--mller-kva.example", "A@MÜLLER.example"):
        assert users.may_write_as("scanner", address), address
    for address in ("b@müller.example", "x@bucher.example", "x@sub.bücher.example", ""):
        assert not users.may_write_as("scanner", address), address


# -- certificates and sockets -----------------------------------------------------------------------------


async def test_a_certificate_with_another_kind_of_key_replaces_the_old_one(
    kept: Store, tmp_path: Path, tls: Tls
) -> None:
    rsa = tls.authority.issue_cert("gw.test", key_type=trustme.KeyType.RSA)
    rsa.cert_chain_pems[0].write_to_path(tls.files["tls_cert"])
    rsa.private_key_pem.write_to_path(tls.files["tls_key"])
    listeners = [{"name": "mx", "listen": "127.0.0.1:0", "tls": "implicit"}]
    async with serving(kept, tmp_path, **tls.files, listeners=listeners) as listener:
        old_client = ssl.create_default_context()
        tls.authority.configure_trust(old_client)
        old_client.maximum_version = ssl.TLSVersion.TLSv1_2
        old_client.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
        host, _, port = listener.address.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port), ssl=old_client, server_hostname="gw.test")
        writer.close()
        tls.issue()  # of an elliptic curve
        os.utime(tls.files["tls_cert"], (1, 1))
        assert listener.refresh_certificate()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(host, int(port), ssl=old_client, server_hostname="gw.test")


def test_a_key_with_a_passphrase_asks_nobody(tmp_path: Path, tls: Tls) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(tls.files["tls_key"].read_bytes(), None)
    tls.files["tls_key"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ConfigError, match="has a passphrase"):
        check_certificate(SmtpSettings.model_validate(tls.files))


def test_a_file_in_the_place_of_a_socket_stays(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        bound(ListenerSettings(name="lmtp", listen=f"unix:{file}", kind="lmtp"))

    assert file.read_text() == "mine"
    old = bound(ListenerSettings(name="lmtp", listen=f"unix:{tmp_path}/s", kind="lmtp"))
    old.close()
    bound(ListenerSettings(name="lmtp", listen=f"unix:{tmp_path}/s", kind="lmtp")).close()
