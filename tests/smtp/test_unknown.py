"""The sender does not choose "unknown": what is asked, for how long, and whose trouble counts (RFC 7489, 7208, 6376)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.config.mailbox import MailboxSettings
from gateway.config.smtp import VerdictSettings
from gateway.smtp.verdict import spf
from gateway.smtp.verdict.direct import Direct
from gateway.smtp.verdict.dmarc import dmarc_policy
from gateway.smtp.verdict.macro import is_senders_choice
from gateway.smtp.verdict.proof import Finding
from gateway.smtp.verdict.resolver import Resolver
from gateway.store.engine import Store
from tests.smtp.serving import envelopes, peer, serving
from tests.smtp.test_direct import MAIL, arrived, signed, zone
from tests.smtp.zone import TROUBLE, Zone
from tests.waiting import PATIENCE

REJECT = ("TXT", "v=DMARC1; p=reject")


class Slow(Zone):
    """Answers for ``slow`` names after some seconds; knows how many it was asked for at the same time, at most."""

    def __init__(self, records: dict[str, list[tuple[str, str]]], slow: str, seconds: float = 0.3) -> None:
        super().__init__(records)
        self.slow, self.seconds = slow, seconds
        self.waiting = self.most_waiting = 0

    async def delay(self, name: str) -> None:
        if self.slow in name:
            self.waiting += 1
            self.most_waiting = max(self.waiting, self.most_waiting)
            await asyncio.sleep(self.seconds)
            self.waiting -= 1

    async def txt(self, name: str) -> list[bytes]:
        await self.delay(name)
        return await super().txt(name)

    async def addresses(self, name: str, version: int) -> list[str]:
        await self.delay(name)
        return await super().addresses(name, version)

    async def names(self, address: str) -> list[str]:
        await self.delay(address)
        return await super().names(address)


async def judged(mail: bytes, folder: Path, names: Zone, sender: str = "x@evil.example", helo: str = "x") -> Finding:
    direct = Direct(VerdictSettings(timeout=PATIENCE, query_timeout=PATIENCE), names)
    return await direct.judge("192.0.2.9", helo, sender, arrived(mail, folder), "acme.example")


def claimed(selector: str, domain: str = "acme.example") -> bytes:
    """A DKIM-Signature of no worth."""
    return (
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector}; h=from; bh=YQ==; b=YQ==\r\n"
    ).encode()


@pytest.mark.parametrize(
    "selector",
    [r"\25", r"\256", r"a\.b", "x" * 64, "a..b", ".a", "a.", "é", "*", "a b", "a/b", ".".join(["x" * 60] * 5)],
)
async def test_a_selector_that_cannot_be_asked_for_proves_nothing(selector: str, tmp_path: Path) -> None:
    names = zone(**{"_dmarc.acme.example": [REJECT]})
    found = await judged(claimed(selector) + MAIL, tmp_path, names)

    assert found.verdict == "fail", found.reason
    assert not [name for name, _ in names.asked if "_domainkey" in name]


async def test_the_resolver_asks_for_names_as_they_are_or_says_that_there_are_none() -> None:
    names = Zone({"a\\.b.example": [("TXT", "x")]})
    async with names.served() as server:
        resolver = Resolver((server,), timeout=PATIENCE)
        for odd in (r"\25.example", r"\256.example", r"a\.b.example", "é.example", "..", ""):
            assert await resolver.txt(odd) == []


async def test_foreign_signatures_and_envelopes_are_not_asked(tmp_path: Path) -> None:
    """Six of domains whose DNS takes long, above the genuine one, and an envelope of another."""
    names = Slow({**zone().records, "_dmarc.acme.example": [REJECT]}, "evil")
    foreign = b"".join(claimed("s1", f"evil{number}.example") for number in range(6))

    assert (await judged(foreign + MAIL, tmp_path, names)).verdict == "fail"
    assert (await judged(foreign * 5 + signed(), tmp_path, names)).verdict == "pass"
    assert (await judged(MAIL, tmp_path, names, "", "mail.evil.example")).verdict == "fail"
    assert not names.most_waiting and not [name for name, _ in names.asked if "evil" in name]


async def test_what_is_asked_is_asked_at_the_same_time(tmp_path: Path) -> None:
    """Eight selectors of 0.3 s, and the genuine one among them."""
    names = Slow({**zone().records, "_dmarc.acme.example": [REJECT]}, "_domainkey")
    mail = b"".join(claimed(f"old{number}") for number in range(7)) + signed()

    assert (await judged(mail, tmp_path, names)).verdict == "pass"
    assert names.most_waiting == 8


SELF = "mail.evil.example"


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 exists:%{h} -all",
        "v=spf1 include:%{h} -all",
        "v=spf1 a:%{h} -all",
        "v=spf1 redirect=%{h}",
        "v=spf1 exists:x.%{h} -all",
        "v=spf1 ptr -all",
        "v=spf1 ptr:acme.example -all",
    ],
)
async def test_name_servers_that_the_sender_chose_are_his(
    record: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By HELO and by the reverse name of his address: in trouble, silent or slow, they prove and excuse nothing."""
    monkeypatch.setattr(spf, "SENDERS_TIME", 0.2)
    records = {
        "acme.example": [("TXT", record)],
        "_dmarc.acme.example": [REJECT],
        "9.2.0.192.in-addr.arpa": [("PTR", SELF + ".")],
    }
    hostile = [
        Zone(
            {**records, SELF: [(TROUBLE, "")], "x." + SELF: [(TROUBLE, "")], "9.2.0.192.in-addr.arpa": [(TROUBLE, "")]}
        ),
        Slow(records, SELF, 5),
        Slow(records, "192.0.2.9", 5),
    ]
    for names in hostile:
        found = await judged(MAIL, tmp_path, names, "ann@acme.example", SELF)
        assert found.verdict == "fail", (found, names.asked)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("%{h}", True),
        ("%{h}.", True),
        ("x.%{h2}", True),
        ("%{l}", True),
        ("%{ir}.in-addr.arpa", True),
        ("%{p}", True),
        ("%{h}.example", True),
        ("%{l1r-}._spf.%{d}", False),
        ("%{ir}.%{v}._spf.acme.example", False),
        ("%{h}._spf.acme.example", False),
        ("_spf.%{o}", False),
        ("_spf.vendor.example", False),
        ("%{d2}", False),
        ("", False),
    ],
)
def test_who_chooses_the_name(text: str, chosen: bool) -> None:
    assert is_senders_choice(text) is chosen


@pytest.mark.parametrize(
    ("records", "verdict", "policy"),
    [
        # The From domain's own DNS: the key, the SPF record, what that includes, the policy itself.
        ({"s1._domainkey.acme.example": [(TROUBLE, "")], "_dmarc.acme.example": [REJECT]}, "unknown", "reject"),
        ({"acme.example": [(TROUBLE, "")], "_dmarc.acme.example": [REJECT]}, "unknown", "reject"),
        ({"acme.example": [("TXT", "v=spf1 include:v.example -all")], "v.example": [(TROUBLE, "")]}, "unknown", ""),
        ({"_dmarc.acme.example": [(TROUBLE, "")]}, "unknown", ""),
        ({"s1._domainkey.acme.example": [(TROUBLE, "")]}, "unknown", ""),
    ],
)
async def test_trouble_of_the_from_domain_is_unknown(
    records: dict[str, list[tuple[str, str]]], verdict: str, policy: str, tmp_path: Path
) -> None:
    found = await judged(claimed("s1") + MAIL, tmp_path, Zone(records), "ann@acme.example")
    assert (found.verdict, found.policy) == (verdict, policy)


async def test_a_subdomain_without_servers_does_not_hide_the_organisations_policy(tmp_path: Path) -> None:
    """Anybody may write from a name below a domain whose servers are gone."""
    names = Zone(
        {
            "_dmarc.lame.acme.example": [(TROUBLE, "")],
            "_dmarc.acme.example": [("TXT", "v=DMARC1; p=reject; sp=quarantine")],
        }
    )
    found = await dmarc_policy(names, "lame.acme.example")
    assert found and found.doubt and found.policy == "quarantine"

    found_out = await Direct(VerdictSettings(), names).judge(
        "192.0.2.9",
        "x",
        "x@evil.example",
        arrived(MAIL.replace(b"@acme", b"@lame.acme"), tmp_path),
        "lame.acme.example",
    )
    assert (found_out.verdict, found_out.policy) == ("unknown", "quarantine")


async def test_an_international_envelope_is_asked_by_its_ascii_name(tmp_path: Path) -> None:
    names = Zone({"xn--mnchen-3ya.example": [("TXT", "v=spf1 ip4:192.0.2.9 -all")]})
    mail = arrived(b"From: a@xn--mnchen-3ya.example\r\n\r\nx\r\n", tmp_path)
    direct = Direct(VerdictSettings(), names)
    for sender in ("a@münchen.example", "a@xn--mnchen-3ya.example"):
        found = await direct.judge("192.0.2.9", "x", sender, mail, "xn--mnchen-3ya.example")
        assert found.verdict == "pass", found


# -- at the edge --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "boxes", "answer", "quarantine"),
    [
        ("reject", {}, "451 4.7.24", None),
        ("quarantine", {}, "451 4.7.24", None),
        ("reject", {"on_unknown": "quarantine"}, "250", "unproven-sender"),
        ("reject", {"on_unknown": "refuse"}, "451 4.7.24", None),
        ("none", {}, "250", ""),
    ],
)
async def test_in_doubt_a_mail_waits(
    policy: str, boxes: dict[str, str], answer: str, quarantine: str | None, kept: Store, tmp_path: Path
) -> None:
    names = Zone({"_dmarc.acme.example": [("TXT", f"v=DMARC1; p={policy}")], "acme.example": [(TROUBLE, "")]})
    box = MailboxSettings(address="support@msp.example", **boxes)  # type: ignore[arg-type]
    async with names.served() as server:
        settings = {"verdict": {"direct": True, "nameservers": [server]}}
        async with serving(kept, tmp_path, boxes=(box,), **settings) as listener, peer(listener) as client:
            await client.ready()
            assert (await client.say(MAIL + b".\r\n")).startswith(answer)

    found = [envelope["quarantine"] for envelope in await envelopes(kept)]
    assert found == ([] if quarantine is None else [quarantine])


async def test_behind_a_relay_waiting_changes_nothing(kept: Store, tmp_path: Path) -> None:
    settings = {"authserv_ids": ["mx.msp.example"], "relays": ["127.0.0.0/8"]}
    stamps = (
        b"dmarc=temperror (p=REJECT sp=NONE) header.from=acme.example",
        b"dmarc=temperror (p=NONE sp=NONE) header.from=acme.example",
    )
    async with serving(kept, tmp_path, **settings) as listener, peer(listener) as client:
        for stamp in stamps:
            await client.ready()
            mail = b"Authentication-Results: mx.msp.example; " + stamp + b"\r\n" + MAIL
            assert (await client.say(mail + b".\r\n")).startswith("250")

    found = [(envelope["verdict"], envelope["quarantine"]) for envelope in await envelopes(kept)]
    assert found == [("unknown", "unproven-sender"), ("unknown", "")]
