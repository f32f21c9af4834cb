"""What a relay's spam filter says, and who is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.head import split_head
from gateway.smtp.spam import Spam, spam_of
from gateway.store.engine import Store
from tests.smtp.serving import envelopes, peer, serving
from tests.smtp.test_judge import RELAYED, send

SPAMASSASSIN = (
    "X-Spam-Flag: YES\r\nX-Spam-Score: 7.1\r\nX-Spam-Level: *******\r\n"
    "X-Spam-Status: Yes, score=7.1 required=5.0 tests=BAYES_99,\r\n\tHTML_MESSAGE autolearn=no\r\n"
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Subject: hello\r\n", Spam()),
        (SPAMASSASSIN, Spam("yes", 7.1)),
        ("X-Spam-Status: No, score=-1.9 required=5.0\r\n", Spam("no", -1.9)),
        ("X-Spam-Status: No, hits=0.5 required=5.0\r\n", Spam("no", 0.5)),
        ("X-Spam-Status: Yes\r\n", Spam("yes")),
        ("X-Spam-Score: 12.3 (++++++++++++)\r\n", Spam(score=12.3)),
        ("X-Spamd-Result: default: False [3.20 / 15.00];\r\n\tR_SPF_ALLOW(-0.20)[+ip4:192.0.2.1]\r\n", Spam("no", 3.2)),
        ("X-Spamd-Result: default: True [17.5 / 15.00]; X(1.0)[]\r\n", Spam("yes", 17.5)),
        ("X-MS-Exchange-Organization-SCL: 5\r\n", Spam(scl=5)),
        ("X-MS-Exchange-Organization-SCL: -1\r\n", Spam(scl=-1)),
        ("X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:US;LANG:en;SCL:6;SRV:;IPV:NLI;SFV:SPM;\r\n", Spam(scl=6)),
        ("X-Forefront-Antispam-Report: SCL:1\r\nX-MS-Exchange-Organization-SCL: 8\r\n", Spam(scl=8)),
        ("X-Spam-Score: -99\r\nX-Spam-Score: 6\r\nX-Spam-Flag: NO\r\nX-Spam-Flag: YES\r\n", Spam("yes", 6.0)),
        ("X-Spam-Score: much\r\nX-Spam-Flag: perhaps\r\nX-MS-Exchange-Organization-SCL: 77\r\n", Spam()),
        ("X-Spam-Score: 1e9\r\nX-Spam-Status: nonsense score=3\r\n", Spam(score=1.0)),
        ("X-Spam-Score: 999999999999\r\nX-Spam-Score: 1.2.3\r\n", Spam()),
    ],
)
def test_what_filters_write(header: str, expected: Spam) -> None:
    assert spam_of(split_head(header.encode()).fields) == expected


@given(st.sampled_from(["X-Spam-Status", "X-Spamd-Result", "X-Forefront-Antispam-Report", "X-Spam-Score"]), st.binary())
def test_whatever_stands_there(name: str, value: bytes) -> None:
    found = spam_of([(name, value)])

    assert found.flag in ("", "yes", "no")


@pytest.mark.parametrize(
    ("relays", "expected"), [(["127.0.0.0/8"], ("yes", 7.1, None)), (["192.0.2.0/24"], ("", None, None))]
)
async def test_only_a_relay_is_believed(
    kept: Store, tmp_path: Path, relays: list[str], expected: tuple[str, float | None, int | None]
) -> None:
    async with serving(kept, tmp_path, **{**RELAYED, "relays": relays}) as listener, peer(listener) as client:
        assert (await send(client, SPAMASSASSIN.encode() + b"From: a@acme.example\r\n\r\nx")).startswith("250")

    (envelope,) = await envelopes(kept)
    assert (envelope["spam"], envelope["spam_score"], envelope["scl"]) == expected
