"""Whose mail a notice is: claimed by From, proven by a verdict, a network, a login or a token."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from gateway.config import profiles
from gateway.mail.read import read as read_mail
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice
from gateway.notices.read import read
from gateway.notices.source import Identity, Source, Sources

KUMA = profiles.read(profiles.SHIPPED / "uptime-kuma.toml").profile
DOWN = "[Shop] [🔴 Down] timeout"
BY_SENDER = Identity(senders=frozenset(["kuma@acme.example", "status.example"]))
BY_NETWORK = Identity(networks=(ipaddress.ip_network("192.0.2.0/24"),))
BY_LOGIN = Identity(logins=frozenset(["acme"]))
BY_TOKEN = Identity(token="abcdef123456")
NOBODY = Envelope("bounce@x.example", "alerts@msp.example", peer="198.51.100.1", verdict="none")


def notice(who: Identity, sender: str = "kuma@acme.example", subject: str = DOWN, **envelope: str) -> Notice | None:
    mail = f"From: {sender}\nTo: alerts@msp.example\nSubject: {subject}\n\nx\n"
    sources = Sources([Source.of(KUMA, who)])
    return read(read_mail(mail.encode()).email, replace(NOBODY, **envelope), sources)


PROOFS = [
    (BY_SENDER, {"verdict": "pass"}, "a passing verdict for kuma@acme.example"),
    (BY_SENDER, {"verdict": "pass", "verdict_for": "kuma@acme.example"}, "a passing verdict for kuma@acme.example"),
    (BY_NETWORK, {"peer": "192.0.2.7"}, "network 192.0.2.0/24"),
    (BY_LOGIN, {"auth": "acme"}, "login acme"),
    (BY_TOKEN, {"rcpt_to": "Alerts+ABCdef123456@msp.example"}, "the recipient's token"),
]


@pytest.mark.parametrize(("who", "envelope", "proof"), PROOFS, ids=[row[2] for row in PROOFS])
def test_proofs(who: Identity, envelope: dict[str, str], proof: str) -> None:
    found = notice(who, **envelope)

    assert found is not None
    assert (found.proven, found.proof) == (True, proof)


@pytest.mark.parametrize("verdict", ["none", "unknown", "fail"])
def test_a_sender_without_a_pass_is_a_claim(verdict: str) -> None:
    found = notice(BY_SENDER, verdict=verdict)

    assert found is not None
    assert not found.proven


def test_a_verdict_about_another_address_proves_nothing() -> None:
    found = notice(BY_SENDER, verdict="pass", verdict_for="mallory@evil.example")

    assert found is not None
    assert not found.proven


@pytest.mark.parametrize("who", [BY_NETWORK, BY_LOGIN, BY_TOKEN])
def test_from_elsewhere_it_is_no_notice(who: Identity) -> None:
    assert notice(who, verdict="pass") is None


@pytest.mark.parametrize(
    ("sender", "known"),
    [
        ("a@status.example", True),
        ("a@mail.status.example", True),
        ("a@mystatus.example", False),
        ("other@acme.example", False),
    ],
)
def test_senders_are_addresses_and_domains_with_what_is_below(sender: str, known: bool) -> None:
    assert (notice(BY_SENDER, sender, verdict="pass") is not None) == known


def test_of_two_sources_the_one_that_is_proven_counts() -> None:
    email = read_mail(f"From: kuma@acme.example\nSubject: {DOWN}\n\nx\n".encode()).email
    first = Source.of(KUMA, replace(BY_SENDER, networks=(ipaddress.ip_network("203.0.113.0/24"),)), name="first")
    second = Source.of(KUMA, replace(BY_SENDER, networks=BY_NETWORK.networks), name="second")

    found = read(email, replace(NOBODY, peer="192.0.2.7"), Sources([first, second]))

    assert found is not None
    assert (found.profile, found.proven) == ("second", True)


def profile_source(name: str, who: Identity = BY_NETWORK) -> Source:
    return Source.of(profiles.read(profiles.SHIPPED / f"{name}.toml").profile, who, name=name)


@pytest.mark.parametrize(
    ("subject", "body", "by"),
    [
        ("UPS in the rack is odd", "x", "apc-ups"),  # nobody reads it whole: the first that it looks like
        ("UPS rack@srv7 on battery", "x", "nut"),
        ("Could not renew certificate", "<https://pbs1.acme.example:8007/#x>", "proxmox-backup"),
        ("Your certificate for web.acme.example expires in 7 days", "x", "expiry"),
        ("The device is offline", "x", "words"),
    ],
)
def test_of_devices_behind_one_network_the_profile_that_reads_the_mail_whole_counts(
    subject: str, body: str, by: str
) -> None:
    """A customer's network is one proof for all that stands in it."""
    sources = Sources([profile_source(name) for name in ("words", "expiry", "apc-ups", "nut", "proxmox-backup")])
    email = read_mail(f"From: root@box.acme.example\nSubject: {subject}\n\n{body}\n".encode()).email

    found = read(email, replace(NOBODY, peer="192.0.2.7"), sources)

    assert found is not None
    assert (found.profile, found.proven) == (by, True)


def test_the_token_names_no_client() -> None:
    found = notice(BY_TOKEN, rcpt_to="alerts+abcdef123456@msp.example")

    assert found is not None
    assert found.clients == ("Shop",)


def test_what_a_dedicated_source_sends_is_never_lost() -> None:
    email = read_mail(b"From: kuma@acme.example\nSubject: Re: [EXTERNAL] New layout (3 errors)\n\nx\n").email
    source = Source.of(KUMA, BY_NETWORK, dedicated=True)

    found = read(email, replace(NOBODY, peer="192.0.2.7"), Sources([source]))

    assert found is not None
    assert (found.state, found.failed, found.key) == ("update", ("the product",), "subject | new layout")
    assert found.proven and not found.parsed


def test_other_desks_and_mailboxes_have_sources_of_their_own() -> None:
    email = read_mail(f"From: kuma@acme.example\nSubject: {DOWN}\n\nx\n".encode()).email
    sources = Sources([Source.of(KUMA, replace(BY_SENDER, mailbox="alerts@msp.example"), desk="second")])

    assert read(email, NOBODY, sources, desk="second", mailbox="alerts@msp.example")
    assert not read(email, NOBODY, sources, desk="second", mailbox="support@msp.example")
    assert not read(email, NOBODY, sources, desk="default", mailbox="alerts@msp.example")


FORWARD = """From: {sender}
To: support@msp.example
Subject: Fwd: {subject}

Please have a look.

---------- Forwarded message ---------
From: Kuma <kuma@acme.example>
Date: Sun, 22 Nov 2026 at 10:00
Subject: {subject}
To: <bob@acme.example>

{subject}
"""


def test_a_forward_is_read_as_its_original_and_proves_nothing() -> None:
    email = read_mail(FORWARD.format(sender="bob@acme.example", subject=DOWN).encode()).email
    sources = Sources([Source.of(KUMA, BY_SENDER)])

    found = read(email, replace(NOBODY, verdict="pass"), sources)

    assert found is not None
    assert (found.forwarded, found.proven, found.object) == (True, False, "Shop")
    direct = notice(BY_SENDER)
    assert direct is not None
    assert found.key == direct.key


def test_a_forward_of_something_else_is_none() -> None:
    email = read_mail(FORWARD.format(sender="bob@acme.example", subject="Lunch").encode()).email

    assert read(email, NOBODY, Sources([Source.of(KUMA, BY_SENDER)])) is None


def test_aliases_stand_for_what_the_mail_names() -> None:
    aws = profiles.read(profiles.SHIPPED / "aws-health.toml").profile
    mail = b"From: no-reply-aws@amazon.com\nSubject: AWS Health [AWS Account: 123456789012] notification of EC2\n\nx\n"
    email = read_mail(mail).email
    envelope = replace(NOBODY, verdict="pass")
    senders = Identity(senders=frozenset(["amazon.com"]))

    def clients(**more: object) -> tuple[str, ...]:
        found = read(email, envelope, Sources([Source.of(aws, senders, **more)]))
        assert found is not None
        return found.clients

    assert clients() == ("123456789012",)
    assert clients(aliases={"123456789012": "Acme"}) == ("Acme",)
    assert clients(client="Globex", aliases={"123456789012": "Acme"}) == ("Globex",)


def test_a_device_that_writes_bad_mail_is_read() -> None:
    """No Date, no Message-ID, no charset, a local host name in From."""
    ups = profiles.read(profiles.SHIPPED / "apc-ups.toml").profile
    mail = (
        "From: apc@localhost\nSubject: UPS-B\xfcro: Warning - UPS: On battery power.\n\n"
        "Name     : UPS-B\xfcro\nSerial Number : AS1\n\nWarning - UPS: On battery power.\n"
    ).encode("latin-1")

    found = read(read_mail(mail).email, replace(NOBODY, peer="192.0.2.7"), Sources([Source.of(ups, BY_NETWORK)]))

    assert found is not None
    assert (found.object, found.state, found.proven, found.at) == ("UPS-Büro", "open", True, 0.0)


def test_a_priority_is_of_the_level_not_of_the_word() -> None:
    veeam = profiles.read(profiles.SHIPPED / "veeam.toml").profile
    email = read_mail(b"From: kuma@acme.example\nSubject: [Error] Daily (3 objects)\n\nVeeam Backup\n").email

    found = read(email, NOBODY, Sources([Source.of(veeam, BY_SENDER, priorities={"failed": "High"})]))

    assert found is not None
    assert (found.severity, found.priority) == ("Error", "High")


@pytest.mark.parametrize("name", ["words", "synology", "expiry"])
def test_a_forward_of_a_person_is_no_notice_of_a_source_without_senders(name: str) -> None:
    profile = profiles.read(profiles.SHIPPED / f"{name}.toml").profile
    text = FORWARD.format(sender="bob@acme.example", subject="Our Synology, the error and the renewal")

    assert read(read_mail(text.encode()).email, NOBODY, Sources([Source.of(profile, BY_TOKEN)])) is None


def test_a_forward_that_is_read_without_a_doubt_needs_no_senders() -> None:
    email = read_mail(FORWARD.format(sender="bob@acme.example", subject=DOWN).encode()).email

    found = read(email, NOBODY, Sources([Source.of(KUMA, BY_NETWORK)]))

    assert found is not None
    assert (found.object, found.proven) == ("Shop", False)
