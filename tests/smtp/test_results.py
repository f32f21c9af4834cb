"""What a relay's Authentication-Results say of a sender, and which of them count (RFC 8601, RFC 7489)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.head import split_head
from gateway.smtp.verdict.proof import relayed
from gateway.smtp.verdict.results import parse_stamp, trusted_stamp
from gateway.smtp.verdict.sender import is_aligned, organisational

MX = frozenset({"mx.msp.example"})


def fields(text: str) -> list[tuple[str, bytes]]:
    return list(split_head(text.encode()).fields)


def test_a_stamp_with_comments_quotes_and_folds() -> None:
    stamp = parse_stamp(
        b'mx.msp.example 1; spf=pass (sender (nested \\) comment) is ok) smtp.mailfrom="a;b@x.example";\r\n'
        b"\tdkim = pass header.d=acme.example header.s=s1 ; dmarc/1=fail (p=NONE sp=NONE dis=NONE)\r\n"
        b"\t header.from=acme.example"
    )

    assert stamp.authserv_id == "mx.msp.example"
    assert [(result.method, result.result) for result in stamp.results] == [
        ("spf", "pass"),
        ("dkim", "pass"),
        ("dmarc", "fail"),
    ]
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
    found = trusted_stamp(fields(text), ids, depth)
    return None if found is None else [f"{result.method}={result.result}" for result in found.results]


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
        ("dmarc=pass header.from=other.example", "fail"),
        ("dmarc=fail action=quarantine header.from=acme.example", "fail"),
        ("dmarc=fail action=none header.from=acme.example", "none"),
        ("dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=acme.example", "none"),
        ("dmarc=fail (p=REJECT sp=REJECT dis=NONE) header.from=acme.example", "fail"),
        ("dmarc=temperror header.from=acme.example", "unknown"),
        ("dkim=pass header.d=mail.acme.example", "pass"),
        ("dkim=pass header.i=@acme.example", "pass"),
        ("dkim=pass header.d=other.example", "none"),
        ("dkim=pass header.d=example", "none"),
        ("spf=pass smtp.mailfrom=bounce@acme.example", "pass"),
        ("spf=pass smtp.mailfrom=other.example; dmarc=none", "none"),
        ("spf=pass smtp.mailfrom=bounce@acme.example; dmarc=none", "none"),  # with dmarc= nothing else proves
        ("dkim=pass header.d=acme.example; dmarc=permerror", "none"),
        ("dkim=pass header.d=acme.example; dmarc=fail header.from=acme.example", "fail"),
        ("spf=fail smtp.mailfrom=acme.example; dmarc=none", "fail"),
        ("spf=softfail smtp.mailfrom=acme.example", "none"),
        ("spf=temperror smtp.mailfrom=acme.example", "unknown"),
        ("spf=fail smtp.mailfrom=acme.example; dkim=pass header.d=acme.example", "pass"),
        ("none", "none"),
    ],
)
def test_verdicts(stamp: str, verdict: str) -> None:
    found = trusted_stamp(fields(f"Authentication-Results: mx.msp.example; {stamp}\n"), MX, 1)

    assert relayed(found, "acme.example").verdict == verdict


# A stamp is believed for what it says once, whole, and of the sender. Each row: what stands in the mail from the top,
# and the verdict on ann@acme.example. The sender wrote what is below the relay's own line, or within its comments.
OWN = "Authentication-Results: mx.msp.example; "
FORGED = "dmarc=pass header.from=acme.example"
CLOSED = 'spf=none (mx: domain of "a); {} (b"@evil.example does not designate) smtp.mailfrom=evil.example'
STAMPS = {
    "another From": (OWN + "dmarc=pass header.from=evil.example", "fail"),
    "another From, by a subdomain": (OWN + "dmarc=pass header.from=x.acme.example", "fail"),
    "another From, of which nothing is known": (OWN + "dmarc=none header.from=evil.example", "fail"),
    "the policy of another From": (OWN + "dmarc=fail (p=NONE) header.from=evil.example", "fail"),
    "another From beside a DKIM pass": (OWN + "dkim=pass header.d=acme.example header.from=evil.example", "fail"),
    "an address as header.from": (OWN + "dmarc=pass header.from=ann@acme.example", "pass"),
    "a second pass below a fail": (OWN + "dmarc=fail header.from=acme.example\n" + OWN + FORGED, "fail"),
    "a second pass below none": (OWN + "dmarc=none header.from=acme.example\n" + OWN + FORGED, "none"),
    "a DKIM pass below a DMARC fail": (OWN + "dmarc=fail\n" + OWN + "dkim=pass header.d=acme.example", "fail"),
    "a DKIM pass below DMARC none": (OWN + "dmarc=none\n" + OWN + "dkim=pass header.d=acme.example", "none"),
    "a second DKIM result": (OWN + "dkim=pass header.d=evil.example\n" + OWN + "dkim=pass header.d=acme.example", "none"),
    "an SPF pass beside the fail": (
        OWN + "spf=fail smtp.mailfrom=acme.example\n" + OWN + "spf=pass smtp.mailfrom=acme.example", "fail"
    ),
    "two milters of one relay": (
        OWN + "spf=none smtp.mailfrom=x.example\nDKIM-Filter: x\n" + OWN + "dkim=pass header.d=acme.example", "pass"
    ),
    "a quoted id": ('Authentication-Results: "mx.msp.example"; ' + FORGED, "unknown"),
    "an id with a dot": ("Authentication-Results: mx.msp.example.; " + FORGED, "unknown"),
    "an id behind a comment": ("Authentication-Results: (x) mx.msp.example; " + FORGED, "unknown"),
    "an id with a comment": ("Authentication-Results: mx.msp.example(x); " + FORGED, "unknown"),
    "an id that is longer": ("Authentication-Results: mx.msp.example.evil.example; " + FORGED, "unknown"),
    "an id of another version": ("Authentication-Results: mx.msp.example 2; " + FORGED, "unknown"),
    "another header": ("X-Authentication-Results: mx.msp.example; " + FORGED, "unknown"),
    "ARC's header": ("ARC-Authentication-Results: i=1; mx.msp.example; " + FORGED, "unknown"),
    "below somebody else's": (
        OWN + "spf=none\nAuthentication-Results: x.example; none\n" + OWN + "dkim=pass header.d=acme.example", "none"
    ),
    "below the relay's Received line": (OWN + "dmarc=none\nReceived: by mx\n" + OWN + FORGED, "none"),
    "a comment closed by the envelope": (OWN + CLOSED.format(FORGED + "; x=y"), "fail"),
    "the same around a DKIM result": (OWN + CLOSED.format("dkim=pass header.d=acme.example; x=y"), "fail"),
    "a comment without end": (OWN + "spf=none (of a(@evil.example); " + FORGED, "fail"),
    "a quote without end": (OWN + FORGED + ' smtp.mailfrom="a', "fail"),
    "a bracket too many": (OWN + "spf=none (of a)@evil.example); " + FORGED, "fail"),
    "a part that is no result": (OWN + "spf none; " + FORGED, "fail"),
    "words that are no properties": (OWN + "spf=none of evil.example; " + FORGED, "fail"),
    "two values of one property": (OWN + "dkim=pass header.d=evil.example header.d=acme.example", "fail"),
    "longer than is read": (OWN + FORGED + "; " + "x" * 17_000, "fail"),
    "more results than are read": (OWN + FORGED + "; x=y" * 60, "fail"),
}  # fmt: skip


@pytest.mark.parametrize("name", STAMPS)
def test_one_stamp(name: str) -> None:
    text, verdict = STAMPS[name]
    found = relayed(trusted_stamp(fields(text + "\nFrom: ann@acme.example\n"), MX, 1), "acme.example")

    assert (found.verdict, bool(found.reason)) == (verdict, True)


# As relays write them, with our names.
REAL = {
    "Google": (
        "mx.msp.example;\n       dkim=pass header.i=@acme.example header.s=20230601 header.b=UmcX/3+a;\n"
        "       spf=pass (google.com: domain of ann@acme.example designates 192.0.2.1 as permitted sender) "
        "smtp.mailfrom=ann@acme.example;\n       dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from=acme.example",
        "pass",
    ),
    "Google, no policy": (
        "mx.msp.example; dkim=pass header.i=@acme.example header.s=s1 header.b=a; spf=neutral (google.com: 192.0.2.1 is"
        " neither permitted nor denied by best guess record for domain of b@x.example) smtp.mailfrom=b@x.example",
        "pass",
    ),
    "OpenDMARC": ("mx.msp.example; dmarc=fail (p=reject dis=none) header.from=acme.example", "fail"),
    "OpenDKIM": (
        "mx.msp.example;\n\tdkim=pass (2048-bit key; unprotected) header.d=acme.example header.i=@acme.example "
        'header.a=rsa-sha256 header.s=s1 header.b="abc/def+";\n\tdkim-atps=neutral',
        "pass",
    ),
    "Rspamd, the organisation's policy": (
        "mx.msp.example;\n\tdkim=pass header.d=acme.example header.s=s1 header.b=x;\n\tarc=none;\n\tdmarc=pass "
        '(policy=reject) header.from=acme.example;\n\tspf=pass (mx.msp.example: domain of "ann o"@acme.example '
        "designates 192.0.2.1 as permitted sender) smtp.mailfrom=ann@acme.example",
        "pass",
    ),
    "Rspamd, fail": (
        'mx.msp.example; dmarc=fail reason="SPF not aligned (relaxed), No valid DKIM" header.from=acme.example '
        "(policy=none)",
        "none",
    ),
    "policyd-spf": (
        "mx.msp.example; spf=pass (sender SPF authorized) smtp.mailfrom=acme.example (client-ip=192.0.2.1; "
        "helo=mail.acme.example; envelope-from=ann@acme.example; receiver=<UNKNOWN>)",
        "pass",
    ),
    "Cisco": (
        "mx.msp.example; dkim=pass (signature verified) header.i=@acme.example; spf=None smtp.mailfrom=b@x.example; "
        "spf=None smtp.helo=postmaster@mail.x.example; dmarc=pass (p=none dis=none) d=acme.example",
        "pass",
    ),
    "Exim": ("mx.msp.example; iprev=pass (mail.acme.example) smtp.remote-ip=192.0.2.1; none", "none"),
}


@pytest.mark.parametrize("name", REAL)
def test_stamps_of_real_relays(name: str) -> None:
    text, verdict = REAL[name]
    found = relayed(trusted_stamp(fields(f"Authentication-Results: {text}\n"), MX, 1), "acme.example")
    assert found.verdict == verdict, found.reason


def test_the_policy_of_the_organisation_is_about_the_sender() -> None:
    found = trusted_stamp(fields(OWN + "dmarc=pass header.from=acme.example\n"), MX, 1)
    assert relayed(found, "mail.acme.example").verdict == "pass"


@given(st.text(alphabet='()"\\;=. adkimrcpsf:-@', max_size=80))
def test_nothing_in_a_comment_makes_a_sender_believed(quoted: str) -> None:
    """A relay that quotes whatever the sender calls himself, without any care, and then says what it found."""
    stamp = f"{OWN}spf=none (mx: domain of {quoted}@evil.example) smtp.mailfrom=evil.example; dmarc=fail header.from=acme.example"
    assert relayed(trusted_stamp(fields(stamp + "\n"), MX, 1), "acme.example").verdict == "fail"


def test_a_relay_takes_off_its_own_name_only() -> None:
    """Of several that are configured the others may be forged below its stamp, with an id or without."""
    for other in ("Authentication-Results: mx2.msp.example; ", "Authentication-Results: "):
        text = OWN + "spf=none smtp.mailfrom=x.example\n" + other + "dkim=pass header.d=acme.example\n"
        found = trusted_stamp(fields(text), MX | {"mx2.msp.example", "-"}, 1)
        assert relayed(found, "acme.example").verdict == "none"


def test_a_relay_that_says_nothing_leaves_unknown() -> None:
    assert relayed(None, "acme.example")[0] == "unknown"


def test_alignment_is_by_registered_domain() -> None:
    assert organisational("a.b.example.co.uk") == "example.co.uk"
    assert is_aligned("mail.example.co.uk", "example.co.uk")
    assert not is_aligned("mail.example.co.uk", "example.co.uk", strict=True)
    assert not is_aligned("one.co.uk", "two.co.uk")
    assert not is_aligned("co.uk", "two.co.uk")
    assert is_aligned("xn--mnchen-3ya.example", "MÜNCHEN.example.")
