"""DKIM, DMARC and ARC by our own look-ups, and the verdict that they make (RFC 6376, 7489, 8617)."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.smtp import VerdictSettings
from gateway.intake.maildata import MailData
from gateway.mail.head import split_head
from gateway.smtp.verdict import signature
from gateway.smtp.verdict.arc import check_arc
from gateway.smtp.verdict.direct import Direct
from gateway.smtp.verdict.dkim import Bodies, check_dkim
from gateway.smtp.verdict.dmarc import dmarc_policy, parse_dmarc
from gateway.smtp.verdict.resolver import DnsTrouble, Resolver
from gateway.smtp.verdict.signature import body_hash
from gateway.store.engine import Store
from tests.pace import processor_time
from tests.smtp.serving import envelopes, peer, serving
from tests.smtp.zone import TROUBLE, Zone
from tests.waiting import PATIENCE

MAIL = (
    b"From: Ann <ann@acme.example>\r\nTo: support@msp.example\r\nSubject: A  folded\r\n\tsubject\r\n"
    b"Date: Sun, 22 Nov 2026 08:30:00 +0100\r\n\r\nHello  there \t\r\n\r\nsecond  line\r\n\r\n\r\n"
)
HEADERS = [b"from", b"to", b"subject", b"date"]


@cache
def key(bits: int = 2048) -> tuple[bytes, str]:
    """A private key (PEM) and its DNS record."""
    made = rsa.generate_private_key(65537, bits)
    private = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


def signed(
    mail: bytes = MAIL,
    domain: str = "acme.example",
    canon: str = "relaxed/relaxed",
    headers: Sequence[bytes] = HEADERS,
    **more: object,
) -> bytes:
    form = tuple(part.encode() for part in canon.split("/"))
    made = dkim.sign(
        mail,
        b"s1",
        domain.encode(),
        key()[0],
        canonicalize=form,
        include_headers=headers,
        **more,  # type: ignore[arg-type]
    )
    return bytes(made) + mail


def zone(**more: list[tuple[str, str]]) -> Zone:
    names = {f"s1._domainkey.{word}": [("TXT", key()[1])] for word in ("acme.example", "other.example", "list.example")}
    return Zone({**names, **{name.replace("_dot_", "."): found for name, found in more.items()}})


def arrived(mail: bytes, folder: Path, spool_over: int = 1 << 20) -> MailData:
    folder.mkdir(exist_ok=True)
    mail_data = MailData(folder, spool_over)
    mail_data.add(mail)
    return mail_data


# -- the body -----------------------------------------------------------------------------------------


@given(st.text(alphabet="a \t\r\n", max_size=60), st.integers(1, 9))
def test_canonical_bodies_as_dkimpy_makes_them(text: str, block: int) -> None:
    """However the blocks fall. Bare CR and LF are left out: dkimpy makes line ends of them."""
    import hashlib

    body = text.encode().replace(b"\r", b"").replace(b"\n", b"\r\n")
    old, signature.BLOCK = signature.BLOCK, block
    try:
        for relaxed, form in ((True, Relaxed), (False, Simple)):
            expected = form.canonicalize_body(body if body.endswith(b"\r\n") or not body else body + b"\r\n")
            made = body_hash(io.BytesIO(body), relaxed)
            assert made.digest == hashlib.sha256(expected).digest(), (relaxed, body)
            assert made.length == len(expected)
    finally:
        signature.BLOCK = old


@pytest.mark.parametrize(
    "body",
    [b" " * 5_000_000, b"\r\n" * 2_500_000, b"a \t" * 1_600_000, b"\r" * 5_000_000],
    ids=["blanks", "lines", "words", "cr"],
)
def test_hostile_bodies_cost_little(body: bytes) -> None:
    with processor_time() as spent:
        body_hash(io.BytesIO(body), relaxed=True)
    assert spent.seconds < 5


def test_fields_keep_their_folds_for_signatures() -> None:
    assert split_head(b"A: 1\r\n 2\r\nB:3\r\n\r\nC: 4").folded() == [(b"A", b" 1\r\n 2\r\n"), (b"B", b"3\r\n")]


# -- DKIM ---------------------------------------------------------------------------------------------


async def results(mail: bytes, folder: Path, names: Zone | None = None) -> list[str]:
    mail_data = arrived(mail, folder)
    return [found.result for found in await check_dkim(names or zone(), mail_data, Bodies(mail_data))]


# RFC 8463 appendix A
RFC_8463 = b"""DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")
RFC_8463_KEYS = {
    "brisbane": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test": "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b"
    "yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB",
}


@pytest.mark.parametrize(
    ("mail", "keys", "expected"),
    [
        (RFC_8463, RFC_8463_KEYS, ["pass", "pass"]),
        (RFC_8463.replace(b"hungry", b"thirsty"), RFC_8463_KEYS, ["fail", "fail"]),
        (RFC_8463.replace(b"Is dinner", b"Was dinner"), RFC_8463_KEYS, ["fail", "fail"]),
        (RFC_8463, {**RFC_8463_KEYS, "brisbane": RFC_8463_KEYS["test"]}, ["fail", "pass"]),
        (RFC_8463, {**RFC_8463_KEYS, "brisbane": "k=ed25519; p=AAAA"}, ["fail", "pass"]),
        (
            RFC_8463.replace(b"Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==", b"Fa3bT3FY5OsU7ZbnKELq"),
            RFC_8463_KEYS,
            ["fail", "pass"],
        ),
    ],
    ids=["as it is", "body", "subject", "key of another kind", "no key", "short signature"],
)
async def test_the_example_of_rfc_8463(mail: bytes, keys: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    names = Zone({f"{name}._domainkey.football.example.com": [("TXT", text)] for name, text in keys.items()})

    assert await results(mail, tmp_path, names) == expected


@pytest.mark.parametrize("canon", ["relaxed/relaxed", "simple/simple", "relaxed/simple", "simple/relaxed"])
async def test_a_signature_holds_in_every_form(tmp_path: Path, canon: str) -> None:
    assert await results(signed(canon=canon), tmp_path) == ["pass"]


async def test_a_spooled_mail(tmp_path: Path) -> None:
    mail_data = arrived(signed(MAIL + b"x\r\n" * 1000), tmp_path, spool_over=100)
    assert mail_data.path is not None
    assert [found.result for found in await check_dkim(zone(), mail_data, Bodies(mail_data))] == ["pass"]
    mail_data.discard()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"second", b"third"),
        (b"Subject: A", b"Subject: B"),
        (b"s=s1", b"s=s2"),
        (b"a=rsa-sha256", b"a=rsa-sha1"),
        (b"d=acme", b"d=other"),
        (b"h=from", b"h=xrom"),
        (b"v=1", b"v=2"),
        (b"bh=", b"xh="),
        (b"; d=", b"; l=5; d="),
        (b"; s=", b"; x=1; s="),
    ],
)
async def test_a_signature_that_does_not_hold(tmp_path: Path, old: bytes, new: bytes) -> None:
    mail = signed()
    assert old in mail
    assert await results(mail.replace(old, new, 1), tmp_path) == ["fail"]


async def test_a_body_longer_than_signed_is_changed(tmp_path: Path) -> None:
    mail = signed(length=True)
    assert await results(mail, tmp_path) == ["pass"]
    assert await results(mail + b"and buy this\r\n", tmp_path) == ["fail"]


@pytest.mark.parametrize(
    ("record", "result"),
    [
        (None, "fail"),
        (("TXT", "v=DKIM1; k=rsa; p="), "fail"),
        (("TXT", "nonsense"), "fail"),
        (("TXT", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), "fail"),
        ((TROUBLE, ""), "temperror"),
    ],
)
async def test_keys(tmp_path: Path, record: tuple[str, str] | None, result: str) -> None:
    names = Zone({"s1._domainkey.acme.example": [record]} if record else {})
    assert await results(signed(), tmp_path, names) == [result]


async def test_a_short_key_is_none(tmp_path: Path) -> None:
    private, public = key(1024)
    made = dkim.sign(MAIL, b"s1", b"acme.example", private, include_headers=HEADERS)
    names = Zone({"s1._domainkey.acme.example": [("TXT", public)]})
    assert await results(bytes(made) + MAIL, tmp_path, names) == ["pass"]


@pytest.mark.parametrize(
    "header",
    [b"DKIM-Signature: " + b" " * 7000 + b"x", b"DKIM-Signature: b=" + b"\r\n " * 2000, b"DKIM-Signature: ;;;="],
)
async def test_hostile_signatures_cost_little(tmp_path: Path, header: bytes) -> None:
    with processor_time() as spent:
        assert await results((header + b"\r\n") * 20 + MAIL, tmp_path) == ["fail"] * 8
    assert spent.seconds < 2


# -- DMARC --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "below", "policy"),
    [
        ("v=DMARC1; p=none", False, "none"),
        ("v=DMARC1;p=reject", False, "reject"),
        ("v=DMARC1; p=reject; sp=none", True, "none"),
        ("v=DMARC1; p=reject; sp=none", False, "reject"),
        ("v = DMARC1 ; P = Quarantine", False, "quarantine"),
        ("v=DMARC1; p=bogus; rua=mailto:x@y.example", False, "none"),
        ("v=DMARC1; p=bogus", False, None),
        ("v=DMARC1", False, None),
        ("p=reject; v=DMARC1", False, None),
        ("v=dmarc1; p=reject", False, None),
    ],
)
def test_records(text: str, below: bool, policy: str | None) -> None:
    record = parse_dmarc(text, below)
    assert (record.policy if record else None) == policy


async def test_the_record_of_the_organisation() -> None:
    names = Zone({"_dmarc.example.com": [("TXT", "v=DMARC1; p=reject; sp=quarantine")]})
    assert (found := await dmarc_policy(names, "mail.example.com")) and found.policy == "quarantine"
    assert (found := await dmarc_policy(names, "example.com")) and found.policy == "reject"
    assert await dmarc_policy(names, "elsewhere.example") is None
    several = Zone({"_dmarc.example.com": [("TXT", "v=DMARC1; p=reject"), ("TXT", "v=DMARC1; p=none")]})
    assert await dmarc_policy(several, "example.com") is None


SPF_OK = [("TXT", "v=spf1 ip4:192.0.2.1 -all")]


async def verdict(
    mail: bytes,
    folder: Path,
    names: Zone,
    sender: str = "ann@acme.example",
    ip: str = "192.0.2.1",
    sealers: tuple[str, ...] = (),
) -> str:
    direct = Direct(VerdictSettings(arc_sealers=sealers), names)
    return (await direct.judge(ip, "mail.acme.example", sender, arrived(mail, folder), "acme.example"))[0]


# RFC 7489, appendix B.1, with our names
@pytest.mark.parametrize(
    ("sender", "mode", "result"),
    [
        ("ann@acme.example", "r", "pass"),
        ("ann@child.acme.example", "r", "pass"),
        ("ann@child.acme.example", "s", "fail"),
        ("ann@other.example", "r", "fail"),
    ],
)
async def test_spf_alignment(tmp_path: Path, sender: str, mode: str, result: str) -> None:
    names = zone(**dict.fromkeys(("acme.example", "child.acme.example", "other.example"), SPF_OK))
    names.records["_dmarc.acme.example"] = [("TXT", f"v=DMARC1; p=reject; aspf={mode}")]
    assert await verdict(MAIL, tmp_path, names, sender) == result


@pytest.mark.parametrize(
    ("signer", "mode", "result"),
    [
        ("acme.example", "s", "pass"),
        ("mail.acme.example", "r", "pass"),
        ("mail.acme.example", "s", "fail"),
        ("other.example", "r", "fail"),
    ],
)
async def test_dkim_alignment(tmp_path: Path, signer: str, mode: str, result: str) -> None:
    names = zone()
    names.records[f"s1._domainkey.{signer}"] = [("TXT", key()[1])]
    names.records["_dmarc.acme.example"] = [("TXT", f"v=DMARC1; p=reject; adkim={mode}")]
    assert await verdict(signed(domain=signer), tmp_path, names, "bounce@elsewhere.example") == result


@pytest.mark.parametrize(
    ("dmarc", "spf", "ip", "result"),
    [
        ("v=DMARC1; p=reject", None, "192.0.2.1", "fail"),
        ("v=DMARC1; p=none", None, "192.0.2.1", "none"),
        (None, None, "192.0.2.1", "none"),
        (None, "v=spf1 ip4:192.0.2.1 -all", "192.0.2.1", "pass"),
        (None, "v=spf1 ip4:192.0.2.1 -all", "192.0.2.2", "fail"),
        (None, "v=spf1 ip4:192.0.2.1 ~all", "192.0.2.2", "none"),
        (None, TROUBLE, "192.0.2.2", "unknown"),
        (TROUBLE, None, "192.0.2.2", "unknown"),
        (TROUBLE, "v=spf1 ip4:192.0.2.1 -all", "192.0.2.1", "pass"),
        ("v=DMARC1; p=reject", TROUBLE, "192.0.2.1", "unknown"),
    ],
)
async def test_verdicts(tmp_path: Path, dmarc: str | None, spf: str | None, ip: str, result: str) -> None:
    def records(text: str | None) -> list[tuple[str, str]]:
        return [] if text is None else [(TROUBLE, "")] if text == TROUBLE else [("TXT", text)]

    names = Zone({"_dmarc.acme.example": records(dmarc), "acme.example": records(spf)})
    assert await verdict(MAIL, tmp_path, names, ip=ip) == result


# -- ARC ----------------------------------------------------------------------------------------------


def sealed(mail: bytes, domain: str = "list.example", stamp: bytes = b"dmarc=pass header.from=acme.example") -> bytes:
    """As a list does: what it saw, then the change, then its seal."""
    mail = b"Authentication-Results: " + domain.encode() + b"; " + stamp + b"\r\n" + mail
    made = dkim.arc_sign(mail, b"s1", domain.encode(), key()[0], domain.encode(), include_headers=HEADERS)
    return b"".join(made) + mail


LISTED = signed().replace(b"Subject: A", b"Subject: [list] A")
STRICT = {"_dmarc.acme.example": [("TXT", "v=DMARC1; p=reject")]}


async def test_a_trusted_sealer_vouches_for_what_it_changed(tmp_path: Path) -> None:
    mail = sealed(LISTED)
    assert await verdict(mail, tmp_path, zone(**STRICT)) == "fail"
    assert await verdict(mail, tmp_path, zone(**STRICT), sealers=("other.example",)) == "fail"
    assert await verdict(mail, tmp_path, zone(**STRICT), sealers=("list.example",)) == "pass"
    bad = sealed(LISTED, stamp=b"dmarc=fail header.from=acme.example")
    assert await verdict(bad, tmp_path, zone(**STRICT), sealers=("list.example",)) == "fail"
    foreign = sealed(LISTED, stamp=b"dmarc=pass header.from=x.example")
    assert await verdict(foreign, tmp_path, zone(**STRICT), sealers=("list.example",)) == "fail"


async def test_a_chain_of_two(tmp_path: Path) -> None:
    mail = sealed(sealed(LISTED), "other.example", b"arc=pass; dmarc=fail header.from=acme.example")
    found = await check_arc(zone(), arrived(mail, tmp_path), Bodies(arrived(mail, tmp_path)))
    assert found.result == "pass", found.why
    assert [domain for domain, _ in found.seen] == ["other.example", "list.example"]
    both = ("list.example", "other.example")
    assert await verdict(mail, tmp_path, zone(**STRICT), sealers=both) == "pass"
    assert await verdict(mail, tmp_path, zone(**STRICT), sealers=("list.example",)) == "fail"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"second", b"third"),
        (b"Subject: [list]", b"Subject: [evil]"),
        (b"cv=none", b"cv=pass"),
        (b"ARC-Seal: i=1", b"ARC-Seal: i=2"),
        (b"ARC-Seal:", b"X-Seal:"),
        (b"dmarc=pass", b"dmarc=fail"),
    ],
)
async def test_a_chain_that_does_not_hold(tmp_path: Path, old: bytes, new: bytes) -> None:
    mail = sealed(LISTED)
    assert old in mail
    changed = mail.replace(old, new, 1)
    mail_data = arrived(changed, tmp_path)
    assert (await check_arc(zone(), mail_data, Bodies(mail_data))).result == "fail"


async def test_no_chain(tmp_path: Path) -> None:
    mail_data = arrived(MAIL, tmp_path)
    assert (await check_arc(zone(), mail_data, Bodies(mail_data))).result == "none"


# -- over the network ---------------------------------------------------------------------------------


async def test_the_resolver_caches_and_tells_trouble_from_absence() -> None:
    names = Zone(
        {
            "a.example": [("TXT", "x" * 600), ("A", "192.0.2.1"), ("MX", "20 b.example."), ("MX", "10 a.example.")],
            "silent.example": [("A", "SILENT")],
            "broken.example": [(TROUBLE, "")],
            "1.2.0.192.in-addr.arpa": [("PTR", "a.example.")],
        }
    )
    async with names.served() as server:
        resolver = Resolver((server,), timeout=PATIENCE)
        assert await resolver.txt("a.example") == [b"x" * 600]
        assert await resolver.addresses("a.example", 4) == ["192.0.2.1"]
        assert await resolver.mx("a.example") == ["a.example.", "b.example."]
        assert await resolver.names("192.0.2.1") == ["a.example."]
        assert await resolver.addresses("a.example", 6) == []
        for absent in ("nothing.example", "x" * 64 + ".example", "a..example", "x." * 200 + "example"):
            assert await resolver.txt(absent) == []
        for trouble, patience in (("silent.example", 0.2), ("broken.example", PATIENCE)):
            with pytest.raises(DnsTrouble):
                await Resolver((server,), timeout=patience).addresses(trouble, 4)
        before = len(names.asked)
        await resolver.txt("a.example")
        await resolver.txt("nothing.example")
        assert len(names.asked) == before


async def test_a_session_judges_by_the_dns(kept: Store, tmp_path: Path) -> None:
    names = zone(**STRICT, **{"msp.example": [("TXT", "v=spf1 -all")], "acme.example": [("TXT", "v=spf1 -all")]})
    async with names.served() as server:
        settings = {"verdict": {"direct": True, "nameservers": [server]}}
        async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
            for mail in (signed(), MAIL, b"From: boss@msp.example\r\n\r\nx\r\n"):
                await client.ready()
                assert (await client.say(mail + b".\r\n")).startswith("250")

    found = [
        (envelope["verdict"], envelope["quarantine"], envelope["verdict_for"]) for envelope in await envelopes(kept)
    ]
    assert found == [
        ("pass", "", "ann@acme.example"),
        ("fail", "failed-verification", "ann@acme.example"),
        ("none", "spoofed-internal", "boss@msp.example"),
    ]


async def test_a_dead_dns_leaves_unknown_in_time(kept: Store, tmp_path: Path) -> None:
    names = Zone({"_dmarc.acme.example": [("TXT", "SILENT")], "acme.example": [("TXT", "SILENT")]})
    async with names.served() as server:
        settings = {"verdict": {"direct": True, "nameservers": [server], "timeout": 0.5, "query_timeout": 60}}
        async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
            await client.ready()
            began = time.monotonic()
            assert (await client.say(MAIL + b".\r\n")).startswith("250")
            assert time.monotonic() - began < 60, "it has waited for the query"

    assert [envelope["verdict"] for envelope in await envelopes(kept)] == ["unknown"]
    await asyncio.sleep(0)
