"""What was refused can be asked for: whose mail, to whom, why; and nobody fills the store with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.model.refusal import Refusal
from gateway.smtp.refusals import MOST_SESSIONS, PER_NETWORK, PER_SPAN, SPAN, Refusals
from gateway.store import refusals
from gateway.store.engine import Store
from tests.smtp.serving import peer, serving

ONE = Refusal(
    1000.0, "mx", "192.0.2.7", "mx.acme.example", "ann@acme.example", "nobody@msp.example", 550, "no-mailbox", "no"
)


async def test_whose_mail_was_refused(store: Store, tmp_path: Path) -> None:
    async with serving(store, tmp_path, max_size=2000) as listener, peer(listener) as client:
        await client.say("EHLO client.test")
        await client.say("MAIL FROM:<big@acme.example> SIZE=5000")
        await client.say("MAIL FROM:<ann@acme.example>")
        await client.say("RCPT TO:<nobody@msp.example>")
        await client.say("RCPT TO:<support@msp.example>")
        assert (await client.say("DATA")).startswith("354")
        content = b"Subject: A large photo\r\nMessage-ID: <photo@acme.example>\r\n\r\n" + b"x" * 3000
        reply = (await client.say(content + b"\r\n.\r\n")).strip()
        assert reply.startswith("552")
        await client.say("NONSENSE")
        taken = listener.context.refusals.taken()

    assert [(refusal.reason, refusal.mail_from, refusal.rcpt_to, refusal.subject, refusal.message_id) for refusal in taken] == [
        ("size", "big@acme.example", "", "", ""),
        ("no-mailbox", "ann@acme.example", "nobody@msp.example", "", ""),
        ("size", "ann@acme.example", "support@msp.example", "A large photo", "photo@acme.example"),
    ]
    ids = {refusal.session for refusal in taken}
    assert len(ids) == 1 and (told := ids.pop()) and reply.endswith(f"[{told}]"), "as the bounce has it"
    assert [(refusal.code, refusal.enhanced) for refusal in taken] == [(552, "5.3.4"), (550, "5.1.1"), (552, "5.3.4")]
    assert taken[2].said == "The mail is larger than 2000 bytes, please send large files another way"


def test_many_alike_are_one_with_a_count() -> None:
    sink = Refusals()
    for _ in range(500):
        sink.add(ONE)

    assert [refusal.times for refusal in sink.taken()] == [500]
    sink.add(ONE)
    assert [refusal.times for refusal in sink.taken()] == [1], "the count goes on in the next batch"


def test_the_sessions_of_refusals_alike_are_kept_and_no_end_of_them() -> None:
    sink = Refusals()
    for number in range(50):
        sink.add(replace(ONE, session=f"{number:06x}"))
        sink.add(replace(ONE, session=f"{number:06x}"))
    (refusal,) = sink.taken()

    assert refusal.times == 100
    assert refusal.session.split() == [f"{number:06x}" for number in range(MOST_SESSIONS)]


def test_one_network_and_one_span_have_a_most() -> None:
    sink = Refusals()
    for number in range(5 * PER_NETWORK):
        sink.add(replace(ONE, mail_from=f"{number}@acme.example"))
    first = sink.taken()
    for number in range(5 * PER_SPAN):
        sink.add(replace(ONE, peer=f"10.{number >> 8}.{number & 255}.1"))
    second = sink.taken()

    assert len(first) == PER_NETWORK + 1
    assert first[-1] == replace(ONE, peer="", helo="", mail_from="", rcpt_to="", times=4 * PER_NETWORK)
    assert len(second) <= PER_SPAN + 1
    assert sum(refusal.times for refusal in second) == 5 * PER_SPAN


def test_a_new_span_keeps_again() -> None:
    sink = Refusals()
    for number in range(2 * PER_NETWORK):
        sink.add(replace(ONE, mail_from=f"{number}@acme.example"))
    sink.taken()
    sink.add(replace(ONE, at=ONE.at + SPAN + 1, mail_from="later@acme.example"))

    assert [refusal.mail_from for refusal in sink.taken()] == ["later@acme.example"]


async def test_the_store_keeps_a_most(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST", 10)
    for start in range(3):
        batch = [replace(ONE, at=ONE.at + number, mail_from=f"{start}.{number}@acme.example") for number in range(8)]
        await store.write(lambda c, batch=batch: refusals.add(c, batch))

    kept = await store.read_to_show(lambda c: refusals.newest(c, ["acme"], 0, 1 << 40, 50, 1 << 40))
    assert [row["mail_from"] for row in kept][:2] == ["2.7@acme.example", "2.6@acme.example"]
    assert len(kept) == 10
    assert await store.read_to_show(lambda c: refusals.newest(c, ["2.7@acme.example"], 0, 1 << 40, 50, 1 << 40))
    assert (await store.write(lambda c: refusals.drop(c, 1 << 40, 100))).count == 10
