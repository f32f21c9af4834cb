"""Submission: logins over TLS, hashed passwords, bound senders, and guessing that gets nowhere."""

from __future__ import annotations

import asyncio
import base64
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.config.smtp import UserSettings
from gateway.smtp import guessing
from gateway.smtp.auth import Users, check_password, decode_plain, hash_password
from gateway.smtp.server import Listener
from gateway.store.engine import Store
from tests.smtp.serving import Peer, Tls, envelopes, peer, serving

HASH = hash_password("correct horse", n=2**10)
USERS = [
    {"login": "scanner", "password_hash": HASH, "senders": ["scanner@msp.example", "@devices.example"]},
    {"login": "free", "password_hash": HASH},
]


def plain(login: str, password: str) -> str:
    return base64.b64encode(f"\0{login}\0{password}".encode()).decode()


@asynccontextmanager
async def submission(kept: Store, folder: Path, tls: Tls, **limits: object) -> AsyncIterator[Listener]:
    settings = {
        **tls.files,
        "users": USERS,
        "limits": {"exempt": [], "tarpit": 0, **limits},
        "listeners": [{"name": "submission", "listen": "127.0.0.1:0", "kind": "submission", "tls": "require"}],
    }
    async with serving(kept, folder, **settings) as listener:
        yield listener


@asynccontextmanager
async def secured(listener: Listener, tls: Tls) -> AsyncIterator[Peer]:
    async with peer(listener) as client:
        await client.say("EHLO x")
        await client.say("STARTTLS")
        await client.writer.start_tls(tls.context, server_hostname="gw.test")
        await client.say("EHLO x")
        yield client


def test_hashes() -> None:
    assert check_password(b"correct horse", HASH)
    assert not check_password(b"wrong", HASH)
    for broken in (
        "",
        "scrypt$1$1$1$x",
        "scrypt$1073741824$8$1$eA==$eA==",
        "plain$x$8$1$eA==$eA==",
        "scrypt$3$8$1$eA==$eA==",
    ):
        assert not check_password(b"", broken)


@pytest.mark.parametrize(
    ("blob", "pair"),
    [
        (b"\0a\0b", ("a", b"b")),
        (b"z\0a\0b", ("a", b"b")),
        (b"\0\0b", None),
        (b"ab", None),
        (b"\0a\0b\0c", None),
    ],
)
def test_plain_responses(blob: bytes, pair: tuple[str, bytes] | None) -> None:
    assert decode_plain(blob) == pair


async def test_offered_over_tls_only(kept: Store, tmp_path: Path, tls: Tls) -> None:
    async with submission(kept, tmp_path, tls) as listener, peer(listener) as client:
        assert "AUTH" not in await client.say("EHLO x")
        assert (await client.say("AUTH PLAIN " + plain("scanner", "correct horse"))).startswith("530 5.7.0")
        assert (await client.say("MAIL FROM:<scanner@msp.example>")).startswith("530 5.7.0")


async def test_log_in_and_send(kept: Store, tmp_path: Path, tls: Tls) -> None:
    async with submission(kept, tmp_path, tls) as listener, secured(listener, tls) as client:
        assert "AUTH PLAIN LOGIN" in await client.say("EHLO x")
        assert (await client.say("MAIL FROM:<>")).startswith("530 5.7.0 Log in first")
        assert (await client.say("AUTH PLAIN " + plain("scanner", "correct horse"))).startswith("235 2.7.0")
        assert (await client.say("AUTH PLAIN")).startswith("503")
        assert (await client.say("MAIL FROM:<ceo@msp.example>")).startswith("553 5.7.1")
        await client.say("MAIL FROM:<scanner@msp.example>")
        await client.say("RCPT TO:<support@msp.example>")
        await client.say("DATA")
        assert (await client.say(b"From: scanner@msp.example\r\n\r\nx\r\n.\r\n")).startswith("250")
        await client.say("MAIL FROM:<x@devices.example>")
        await client.say("RCPT TO:<support@msp.example>")
        await client.say("DATA")
        assert (await client.say(b"From: ceo@msp.example\r\n\r\nx\r\n.\r\n")).startswith("250")

    first, second = await envelopes(kept)
    assert (first["auth"], first["verdict"], first["quarantine"]) == ("scanner", "pass", "")
    assert (second["verdict"], second["quarantine"]) == ("none", "spoofed-internal")


async def test_the_ways_to_log_in(kept: Store, tmp_path: Path, tls: Tls) -> None:
    words = [base64.b64encode(word).decode() for word in (b"free", b"correct horse")]
    async with submission(kept, tmp_path, tls) as listener:
        for lines in (
            ["AUTH LOGIN", *words],
            [f"AUTH LOGIN {words[0]}", words[1]],
            ["AUTH PLAIN", plain("free", "correct horse")],
            [f"auth plain {plain('free', 'correct horse')}"],
        ):
            async with secured(listener, tls) as client:
                answers = [await client.say(line) for line in lines]
            assert [answer[:3] for answer in answers] == ["334"] * (len(lines) - 1) + ["235"]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["AUTH CRAM-MD5"], "504 5.5.4"),
        (["AUTH"], "501 5.5.4"),
        (["AUTH PLAIN", "*"], "501 5.7.0"),
        (["AUTH PLAIN", "%%%"], "501 5.5.2"),
        (["AUTH LOGIN", "*"], "501 5.7.0"),
        (["AUTH PLAIN ="], "501 5.5.2"),
        (["AUTH PLAIN " + plain("nobody", "x")], "535 5.7.8"),
        (["AUTH PLAIN " + plain("free", "x")], "535 5.7.8"),
    ],
)
async def test_refused(kept: Store, tmp_path: Path, tls: Tls, lines: list[str], code: str) -> None:
    async with submission(kept, tmp_path, tls) as listener, secured(listener, tls) as client:
        for line in lines:
            answer = await client.say(line)
    assert answer.startswith(code)


async def test_guessing_ends_the_session_and_then_the_hour(kept: Store, tmp_path: Path, tls: Tls) -> None:
    async with submission(kept, tmp_path, tls, logins_per_session=2, logins_per_hour=3) as listener:
        async with secured(listener, tls) as client:
            for _ in range(2):
                assert (await client.say("AUTH PLAIN " + plain("free", "guess"))).startswith("535")
            assert (await client.answer()).startswith("421")
        async with secured(listener, tls) as client:
            await client.say("AUTH PLAIN " + plain("free", "guess"))
            assert (await client.say("AUTH PLAIN " + plain("free", "correct horse"))).startswith("454 4.7.0")


async def test_smtplib_logs_in(kept: Store, tmp_path: Path, tls: Tls) -> None:
    async with submission(kept, tmp_path, tls) as listener:
        port = int(listener.address.rpartition(":")[2])

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", port, local_hostname="client.test") as client:
                client._host = "gw.test"  # type: ignore[attr-defined]
                client.starttls(context=tls.context)
                client.login("free", "correct horse")
                client.sendmail("a@acme.example", ["support@msp.example"], "Subject: x\n\nx")

        await asyncio.to_thread(send)

    assert [envelope["auth"] for envelope in await envelopes(kept)] == ["free"]


def users_that_wait(waited: list[float]) -> Users:
    async def wait(seconds: float) -> None:
        waited.append(seconds)

    users = Users([UserSettings.model_validate(USERS[1])])
    users._nobody = HASH  # a login that nobody has is looked at as cheaply
    users.pace = guessing.NamePace(sleep=wait)
    return users


async def test_a_login_that_many_guess_at_is_slow_and_never_locked() -> None:
    waited: list[float] = []
    users = users_that_wait(waited)
    assert await users.check("free", b"correct horse", "198.51.100.0/24")  # the printer
    for place in range(guessing.SLOW_FROM):
        assert not await users.check("free", b"guess", f"10.0.{place}.0/24")
    assert not waited

    assert not await users.check("free", b"guess", "10.1.0.0/24")
    assert await users.check("free", b"correct horse", "10.2.0.0/24")
    assert waited == [guessing.PAUSE] * 2
    assert await users.check("free", b"correct horse", "198.51.100.0/24"), "at once, from where it logged in before"
    assert await users.check("free", b"correct horse", "10.2.0.0/24"), "as from where it was right by now"
    assert not await users.check("nobody", b"guess", "10.3.0.0/24"), "nobody guesses at that"
    assert await users.check("free", b"correct horse", "192.0.2.0/24", is_exempt=True)
    assert waited == [guessing.PAUSE] * 2


async def test_one_password_for_many_logins_is_slow_whether_or_not_anybody_has_them() -> None:
    waited: list[float] = []
    users = users_that_wait(waited)
    for number in range(guessing.SLOW_FROM_IN_ALL):
        await users.check(f"name{number}", b"Winter2026", f"10.0.{number}.0/24")
    assert not waited

    await users.check("free", b"Winter2026", "10.1.0.0/24")
    assert waited == [guessing.PAUSE]


async def test_who_waits_for_others_guesses_may_come_again(kept: Store, tmp_path: Path, tls: Tls) -> None:
    """454, so that a device tries again; it is no wrong password of its own."""
    async with submission(kept, tmp_path, tls, logins_per_session=2) as listener:
        gone = asyncio.Event()
        pace = listener.context.users.pace = guessing.NamePace(sleep=lambda _: gone.wait())
        for _ in range(guessing.SLOW_FROM):
            pace.begin("free")
        waiting = [asyncio.create_task(pace.wait()) for _ in range(guessing.MOST_WAITING)]
        await asyncio.sleep(0)
        async with secured(listener, tls) as client:
            answers = [await client.say("AUTH PLAIN " + plain("free", "correct horse")) for _ in range(3)]
            gone.set()
            await asyncio.gather(*waiting)
            right = await client.say("AUTH PLAIN " + plain("free", "correct horse"))

    assert [answer[:9] for answer in answers] == ["454 4.7.0"] * 3
    assert right.startswith("235")


async def test_guessing_from_one_network_holds_up_no_other() -> None:
    """Two hundred guesses wait; a login of another network comes on at once."""
    users = Users([UserSettings.model_validate({**USERS[1], "password_hash": hash_password("correct horse", n=2**12)})])
    assert await users.check("free", b"correct horse", "198.51.100.0/24")
    flood = [asyncio.create_task(users.check("free", b"guess", "192.0.2.0/24", is_exempt=True)) for _ in range(200)]
    await asyncio.sleep(0)
    began = sum(task.done() for task in flood)
    assert await users.check("free", b"correct horse", "198.51.100.0/24")
    assert sum(task.done() for task in flood) - began < 20
    for task in flood:
        task.cancel()
    await asyncio.gather(*flood, return_exceptions=True)
