"""Bare line ends: no variant of the end of data makes two mails of one, and each policy does as it says.

Variants: SEC Consult 2023 (SMTP smuggling), CVE-2023-51764, -51765, -51766, CVE-2024-27305.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.smtp import ListenerSettings, SmtpSettings
from gateway.smtp.lineends import LineEnds
from gateway.smtp.policy import policy_of
from gateway.store.engine import Store
from tests.smtp.serving import contents, envelopes, peer, serving

ENDS = [
    first + b"." + second
    for first in (b"\n", b"\r", b"\r\n", b"\n\r", b"\r\r\n", b"\0\r\n", b"\r\n\0", b"\n\n", b"\r\n ")
    for second in (b"\n", b"\r", b"\r\n", b"\n\r", b"\r\r\n", b"\0\r\n", b"\r\0\n", b" \r\n")
    if (first, second) != (b"\r\n", b"\r\n") and not (first.endswith(b"\r\n") and second == b"\r\n")
]
SMUGGLED = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<support@msp.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"


@pytest.mark.parametrize("end", ENDS, ids=repr)
async def test_one_mail_stays_one_mail(kept: Store, tmp_path: Path, end: bytes) -> None:
    async with serving(kept, tmp_path, bare_line_ends="accept") as listener, peer(listener) as client:
        await client.ready()
        answer = await client.say(b"Subject: one\r\n\r\nbegin" + end + SMUGGLED + b"\r\n.\r\n")
        assert answer.startswith("250")
        assert (await client.say("NOOP")).startswith("250 2.0.0")
        (mail,) = await contents(kept)

    assert b"smuggled" in mail


async def test_accepted_and_noted(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, bare_line_ends="accept") as listener, peer(listener) as client:
        for text in (b"a\nb", b"a\rb", b"a\0b", b"a\r\nb"):
            await client.ready()
            await client.say(b"Subject: x\r\n\r\n" + text + b"\r\n.\r\n")

    assert [envelope["notes"] for envelope in await envelopes(kept)] == ["bare-lf", "bare-cr", "nul", ""]
    assert (await contents(kept))[0].endswith(b"a\nb\r\n")


async def test_an_mx_refuses_them_unless_told_otherwise(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path) as listener, peer(listener) as client:
        for text in (b"a\nb", b"a\rb"):
            await client.ready()
            assert (await client.say(text + b"\r\n.\r\n")).startswith("550 5.5.2")
        await client.ready()
        assert (await client.say(b"fine\r\n.\r\n")).startswith("250")


@pytest.mark.parametrize(
    ("kind", "told", "policy"),
    [
        ("mx", None, "refuse"),
        ("mx", "accept", "accept"),
        ("relay", None, "accept"),
        ("lmtp", None, "accept"),
        ("relay", "refuse", "refuse"),
        ("mx", "normalise", "normalise"),
    ],
)
def test_what_each_kind_of_listener_does(kind: str, told: str | None, policy: str) -> None:
    listener = ListenerSettings(name="x", listen="127.0.0.1:0", kind=kind, networks=("127.0.0.0/8",))

    assert policy_of(listener, SmtpSettings(bare_line_ends=told)).bare_line_ends == policy


async def test_normalised(kept: Store, tmp_path: Path) -> None:
    async with serving(kept, tmp_path, bare_line_ends="normalise") as listener, peer(listener) as client:
        await client.ready()
        assert (await client.say(b"a\nb\rc\r\nd\n\re\r\n.\r\n")).startswith("250")

    assert await contents(kept) == [b"a\r\nb\r\nc\r\nd\r\n\r\ne\r\n"]


@given(st.text(alphabet="\r\nx", max_size=40), st.lists(st.integers(1, 5), max_size=40))
def test_however_the_blocks_fall(text: str, cuts: list[int]) -> None:
    data = text.encode()
    blocks, rest = [], data
    for cut in cuts:
        blocks.append(rest[:cut])
        rest = rest[cut:]
    blocks.append(rest)
    noted, normal = LineEnds("refuse"), LineEnds("normalise")
    made = b""
    for block in blocks:
        assert noted.feed(block) == block
        made += normal.feed(block)
    noted.finish()
    made += normal.finish()

    without = data.replace(b"\r\n", b"")
    assert (noted.bare_lf, noted.bare_cr) == (b"\n" in without, b"\r" in without)
    assert made == data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
