"""What a relay's Authentication-Results say of a sender, and which of them count (RFC 8601, RFC 7489)."""

from __future__ import annotations

import pytest

from gateway.mail.headers import split_headers
from gateway.smtp.verdict.proof import relayed
from gateway.smtp.verdict.results import parse_stamp, trusted_results
from gateway.smtp.verdict.sender import from_address, is_aligned, organisational

MX = frozenset({"mx.msp.example"})


def fields(text: str) -> list[tuple[str, bytes]]:
    return split_headers(text.encode())[0]


def test_a_stamp_with_comments_quotes_and_folds() -> None:
    stamp = parse_stamp(
        b'mx.msp.example 1; spf=pass (sender (nested \\) comment) is ok) smtp.mailfrom="a;b@x.example";\r\n'
        b"\tdkim = pass header.d=acme.example header.s=s1 ; dmarc/1=fail (p=NONE sp=NONE dis=NONE)\r\n"
        b"\t header.from=acme.example"
    )

    assert stamp.authserv_id == "mx.msp.example"
    assert [(one.method, one.result) for one in stamp.results] == [("spf", "pass"), ("dkim", "pass"), ("dmarc", "fail")]
    assert stamp.results[0].properties == {"smtp.mailfrom": "a;b@x.example"}
    assert stamp.results[2].comment.startswith("p=NONE")


@pytest.mark.parametrize(
    "raw", [b"", b";", b"(", b'"', b"mx.msp.example", b"mx.msp.example; none", b"a;=;==;b=;(;)", b"\xff\x00;spf=\\"]
)
def test_junk_is_left_out(raw: bytes) -> None:
    assert parse_stamp(raw).results == ()


def test_a_header_as_microsoft_writes_it_has_no_id() -> None:
    stamp = parse_stamp(
        b"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=acme.example; dkim=pass (signature was verified)"
        b" header.d=acme.example;dmarc=pass action=none header.from=acme.example;compauth=pass reason=100"
    )

    assert stamp.authserv_id == ""
    assert stamp.results[2].properties["header.from"] == "acme.example"


def trusted(text: str, ids: frozenset[str] = MX, depth: int = 1) -> list[str] | None:
    found = trusted_results(fields(text), ids, depth)
    return None if found is None else [f"{one.method}={one.result}" for one in found]


def test_only_the_topmost_of_the_configured_relay_count() -> None:
    assert trusted(
        "Received: from outside by mx.msp.example\n"
        "Authentication-Results: elsewhere.example; dmarc=pass\n"
        "Authentication-Results: mx.msp.example; spf=fail smtp.mailfrom=x.example\n"
        "Authentication-Results: MX.msp.example; dmarc=fail header.from=x.example\n"
        "Received: from liar by outside\n"
        "Authentication-Results: mx.msp.example; dmarc=pass header.from=x.example\n"
    ) == ["spf=fail", "dmarc=fail"]


def test_a_stamp_below_too_many_hops_is_somebody_elses() -> None:
    text = "Received: a\nReceived: b\nAuthentication-Results: mx.msp.example; dmarc=pass\n"
    assert trusted(text, depth=1) is None
    assert trusted(text, depth=2) == ["dmarc=pass"]


def test_without_an_id_only_when_configured() -> None:
    text = "Authentication-Results: spf=pass smtp.mailfrom=x.example\n"
    assert trusted(text) is None
    assert trusted(text, frozenset({"-"})) == ["spf=pass"]


@pytest.mark.parametrize(
    ("stamp", "verdict"),
    [
        ("dmarc=pass header.from=acme.example", "pass"),
        ("dmarc=bestguesspass action=none header.from=acme.example", "pass"),
        ("dmarc=pass header.from=other.example", "none"),
        ("dmarc=fail action=quarantine header.from=acme.example", "fail"),
        ("dmarc=fail action=none header.from=acme.example", "none"),
        ("dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=acme.example", "none"),
        ("dmarc=fail (p=REJECT sp=REJECT dis=NONE) header.from=acme.example", "fail"),
        ("dmarc=temperror header.from=acme.example", "unknown"),
        ("dkim=pass header.d=mail.acme.example", "pass"),
        ("dkim=pass header.i=@acme.example", "pass"),
        ("dkim=pass header.d=other.example", "none"),
        ("dkim=pass header.d=example", "none"),
        ("spf=pass smtp.mailfrom=bounce@acme.example; dmarc=none", "pass"),
        ("spf=pass smtp.mailfrom=other.example; dmarc=none", "none"),
        ("spf=fail smtp.mailfrom=acme.example; dmarc=none", "fail"),
        ("spf=softfail smtp.mailfrom=acme.example", "none"),
        ("spf=temperror smtp.mailfrom=acme.example", "unknown"),
        ("spf=fail smtp.mailfrom=acme.example; dkim=pass header.d=acme.example", "pass"),
        ("none", "none"),
    ],
)
def test_verdicts(stamp: str, verdict: str) -> None:
    results = trusted_results(fields(f"Authentication-Results: mx.msp.example; {stamp}\n"), MX, 1)

    assert relayed(results, "acme.example")[0] == verdict


def test_a_relay_that_says_nothing_leaves_unknown() -> None:
    assert relayed(None, "acme.example")[0] == "unknown"


@pytest.mark.parametrize(
    ("header", "address", "problem"),
    [
        ("From: Ann <Ann@ACME.example>", "ann@acme.example", ""),
        ("From: ann@acme.example", "ann@acme.example", ""),
        ('From: "ceo@msp.example" <ann@acme.example>', "ann@acme.example", ""),
        ("From: a@x.example, b@y.example", "", "more than one From address"),
        ("From: a@x.example\nFrom: b@y.example", "", "more than one From header"),
        ("Subject: x", "", "no From"),
        ("From: nobody", "", "no address in From"),
    ],
)
def test_the_one_from_address(header: str, address: str, problem: str) -> None:
    assert from_address(fields(header + "\n")) == (address, problem)


def test_alignment_is_by_registered_domain() -> None:
    assert organisational("a.b.example.co.uk") == "example.co.uk"
    assert is_aligned("mail.example.co.uk", "example.co.uk")
    assert not is_aligned("mail.example.co.uk", "example.co.uk", strict=True)
    assert not is_aligned("one.co.uk", "two.co.uk")
    assert not is_aligned("co.uk", "two.co.uk")
    assert is_aligned("xn--mnchen-3ya.example", "MÜNCHEN.example.")
