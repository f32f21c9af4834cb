"""Mail of the gateway's own reaches the smarthost once, whatever happens on the way; on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.message import Message
from email.policy import compat32, default
from email.utils import parseaddr
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from gateway.config.smarthost import SmarthostSettings
from gateway.mail.author import author_of, read_mailbox
from gateway.mail.clean import clean_line
from gateway.mail.head import split_head
from gateway.mail.read import read
from gateway.match.invisible import one_line
from gateway.outgoing.sender import Sender
from gateway.outgoing.smarthost import NotTaken, Smarthost
from gateway.outgoing.written import MOST_SUBJECT, written
from gateway.store import letters, restoring
from gateway.store.engine import Store
from gateway.store.letters import Letter
from gateway.store.restoring import Restored
from gateway.store.stage import EffectState
from tests.outgoing.smarthost import GONE, Relay, relay

NOW = 1_800_000_000.0


def letter(key: str = "day\x0021000\0lea@msp.example", **more: Any) -> Letter:
    mail = written("gateway@ops.example", "lea@msp.example", "The day", "3 wait\n.\n..dots", key, NOW, **more)
    return Letter(key, "day", "lea@msp.example", mail, NOW + 7200)


def rows(store: Store) -> list[Any]:
    return [dict(row) for row in store.read_sync(lambda c: letters.newest(c, 50))]


async def send(store: Store, to: Relay, at: float = NOW, **more: object) -> int:
    return await Sender(store, to.settings(**more), "gateway.test", lambda: at).send_due()


async def test_it_arrives_as_it_was_written(store: Store) -> None:
    async with relay() as host:
        assert await store.write(partial(letters.keep, new=letter(), now=NOW))
        assert not await store.write(partial(letters.keep, new=letter(), now=NOW)), "of one key there is one"
        assert await send(store, host) == 1
        assert await send(store, host, NOW + 9000) == 0
    assert store.read_sync(lambda c: letters.made_at(c, letter().key)) == NOW
    assert not store.read_sync(lambda c: letters.made_at(c, "day"))
    (content,) = host.taken
    mail = message_from_bytes(content.replace(b"\r\n..", b"\r\n."), policy=default)
    assert (mail["Auto-Submitted"], mail["From"]) == ("auto-generated", "gateway@ops.example")
    assert mail.get_content().split() == ["3", "wait", ".", "..dots"]
    assert [said.upper() for said in host.senders] == ["MAIL FROM:<>"]
    assert [row["state"] for row in rows(store)] == [EffectState.DONE]


async def test_what_waits_for_a_smarthost_that_is_gone_comes_to_its_end(store: Store) -> None:
    now = NOW
    sender = Sender(
        store, SmarthostSettings(), "gateway.test", lambda: now, lambda kind, what: told.append((kind, what))
    )
    told: list[tuple[str, str]] = []
    await store.write(partial(letters.keep, new=letter(), now=NOW))
    assert await sender.send_due() == 0
    assert [row["state"] for row in rows(store)] == [EffectState.TODO] and told == []
    now = NOW + 7300
    assert await sender.send_due() == 0
    (row,) = rows(store)
    assert (row["state"], row["answer"]) == (EffectState.REFUSED, "its time is over; no smarthost is configured")
    assert told == [("day", "refused")]


ENDS = [
    # step, what it says, the state, is it taken in the end when the smarthost works again
    ("greeting", GONE, "TODO", True),
    ("greeting", "554 not for you", "TODO", True),
    ("EHLO", GONE, "TODO", True),
    ("MAIL", "451 later", "TODO", True),
    ("RCPT", "450 greylisted", "TODO", True),
    ("RCPT", "550 nobody", "REFUSED", False),
    ("RCPT", GONE, "TODO", True),
    ("DATA", "421 going down", "TODO", True),
    ("DATA", GONE, "TODO", True),
    ("content", "452 full", "TODO", True),
    ("content", "554 spam", "REFUSED", False),
    ("content", GONE, "SENT", False),
    ("content", "what?", "SENT", False),
]


@pytest.mark.parametrize(("step", "says", "state", "arrives"), ENDS)
async def test_what_is_known_at_the_end(store: Store, step: str, says: str, state: str, arrives: bool) -> None:
    async with relay(**{step: says}) as host:
        host.takes_silently = says in (GONE, "what?")
        await store.write(partial(letters.keep, new=letter(), now=NOW))
        await send(store, host)
        (row,) = rows(store)
        assert row["state"] == state, row["answer"]
        assert row["answer"]
        host.says.clear()
        before = len(host.taken)
        for minutes in (1, 3, 60):
            await send(store, host, NOW + minutes * 60 + 1)
        assert len(host.taken) - before == arrives
    assert len(host.taken) <= 1, "twice"


async def test_what_left_before_a_crash_is_never_sent_again(store: Store) -> None:
    async with relay() as host:
        await store.write(partial(letters.keep, new=letter(), now=NOW))
        taken = await store.write(partial(letters.take, now=NOW, per_hour=0))
        assert taken is not None
        assert await send(store, host, NOW + 10) == 0, "another process has it"
        assert await store.write(partial(letters.begin, taken=taken, now=NOW))
        assert await send(store, host, NOW + letters.LEASE + 10) == 0
        assert not host.connections


async def test_a_process_that_was_stopped_does_not_send_what_another_took_over(store: Store) -> None:
    async with relay() as host:
        await store.write(partial(letters.keep, new=letter(), now=NOW))
        taken = await store.write(partial(letters.take, now=NOW, per_hour=0))
        assert taken is not None
        assert await send(store, host, NOW + letters.LEASE + 10) == 1
        assert not await store.write(partial(letters.begin, taken=taken, now=NOW))
        await store.write(partial(letters.end, taken=taken, state=EffectState.REFUSED, answer="late"))
        assert rows(store)[0]["state"] == EffectState.DONE


async def test_its_time_and_its_number_are_bounded(store: Store) -> None:
    async with relay() as host:
        for number in range(4):
            await store.write(partial(letters.keep, new=letter(f"day {number}"), now=NOW))
        assert await send(store, host, per_hour=3) == 3
        assert await send(store, host, NOW + 60, per_hour=3) == 0
        assert await send(store, host, NOW + 7200, per_hour=3) == 0, "its time is over"
        assert rows(store)[0]["answer"].startswith("its time is over")


async def test_a_restored_store_sends_nothing_of_before(store: Store) -> None:
    async with relay() as host:
        await store.write(partial(letters.keep, new=letter(), now=NOW))
        await store.write(partial(restoring.mark, backup=Restored(NOW, NOW - 1)))
        assert await send(store, host, NOW + 60) == 0


async def test_a_stop_waits_for_the_answer(store: Store) -> None:
    async with relay() as host:
        await store.write(partial(letters.keep, new=letter(), now=NOW))
        sending = asyncio.create_task(send(store, host))
        while not host.senders:
            await asyncio.sleep(0.001)
        sending.cancel()
        await asyncio.wait([sending])
    assert rows(store)[0]["state"] == EffectState.DONE


@pytest.mark.parametrize(
    "word",
    [
        "a\r\nBcc: all@else.example",
        "a\nb",
        "\x00 \x1b[31m",
        "=?utf-8?q?x=0d=0aBcc:_all=40else.example=0d=0a=0d=0aOther_words?=",
        "=?utf-8?b?eA0KQmNjOiBhbGxAZWxzZS5leGFtcGxl?= and more",
        "Gerät =?utf-8?q?x=0d=0aBcc:_all?=",
        "x\u2028Bcc: all@else.example",
        '"quoted" (and) <all@else.example>, more',
        "<=?utf-8?q?x=0d=0aBcc:_1?=@b.example> <" + "a" * 2000 + "@b.example>",
        "=?" * 90,
    ],
)
def test_no_word_makes_a_header(word: str) -> None:
    headers = {"In-Reply-To": word, "References": f"<a@b.example> {word} <c@d.example>"}
    raw = written("a@b.example", "c@d.example", word, "text", "k", NOW, name=word, headers=headers)
    for how in (compat32, default):
        mail: Message = message_from_bytes(raw, policy=how)
        assert set(mail.keys()) - {"In-Reply-To"} == {
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "References",
            "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
        }  # fmt: skip
        assert mail.get_payload() == "text\r\n" and parseaddr(str(mail["From"]))[1] == "a@b.example"
    assert max(map(len, raw.split(b"\r\n"))) < 998
    assert read(raw).email.subject == clean_line(one_line(word)[:MOST_SUBJECT])


def test_it_goes_to_an_address_with_letters_of_any_language() -> None:
    raw = written("a@b.example", "jörg@d.example", "x", "text", "k", NOW, name="Büro")
    assert read_mailbox(split_head(raw).values("to")[0]) == "jörg@d.example"
    assert author_of(split_head(raw).fields).address == "a@b.example"


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"host": "mail.example:587"}, "from"),
        ({"host": "mail.example"}, "host:port"),
        ({"host": "m.example:25", "from": "a@b.example", "login": "a"}, "password"),
        ({"host": "m.example:25", "from": "a@b.example", "login": "a", "password": "b", "tls": "none"}, "tls"),
    ],
)
def test_what_cannot_work_is_refused(keys: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        SmarthostSettings.model_validate(keys)


@pytest.mark.parametrize("methods", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_a_password_that_cannot_be_sent_is_said(methods: str) -> None:
    async with relay(
        EHLO=f"250-relay.test\r\n250 AUTH {methods}", AUTH="334 PDE4OTYuNjk3MTcwOTUyQHJlbGF5LnRlc3Q+"
    ) as server:
        with_login = {"login": "gateway", "password": SecretStr("schlüssel")}
        settings = server.settings().model_copy(update=with_login)

        with pytest.raises(NotTaken, match="login and password can have ASCII letters only"):
            await asyncio.to_thread(Smarthost, settings, "gateway.test")
