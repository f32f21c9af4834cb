"""Profiles of notices: CPU of 40 of them beyond the parse and the rules, for mail of people and of machines."""

from __future__ import annotations

import json
import time

from gateway.config import profiles
from gateway.mail.read import read as read_mail
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.notices import fixtures
from gateway.notices.read import read
from gateway.notices.source import Identity, Source, Sources

PROFILES = 40
MOST_MS = 1.0
MOST_STALL_MS = 250.0
PERSON = "From: ann@acme.example\nTo: support@msp.example\nSubject: The printer burns again\n\n{}\n"


def sources(senders: bool) -> Sources:
    """The shipped profiles, as often as it takes: each with a sender of its own, or all from one network."""
    loaded = [profiles.read(profiles.SHIPPED / f"{name}.toml").profile for name in profiles.shipped()]
    out = []
    for number in range(PROFILES):
        profile = loaded[number % len(loaded)]
        who = (
            {f"source{number}.example"} | {_domain(fixture.sender) for fixture in profile.fixture}
            if senders
            else {"any.example"}
        )
        out.append(Source.of(profile, Identity(senders=frozenset(who)), name=f"{profile.name}-{number}"))
    return Sources(out)


def _domain(sender: str) -> str:
    return sender.rpartition("@")[2].strip(">").lower()


def machines() -> list[Email]:
    """The fixtures of all shipped profiles."""
    found = []
    for name in profiles.shipped():
        loaded = profiles.read(profiles.SHIPPED / f"{name}.toml")
        found += [read_mail(fixtures.mail_of(fixture, profiles.SHIPPED)).email for fixture in loaded.profile.fixture]
    return found


def cost(known: Sources, emails: list[Email], times: int, sender: str = "") -> float:
    """Milliseconds of CPU for one mail."""
    pairs = []
    for email in emails:
        address = sender or (email.sender.address if email.sender else "")
        pairs.append((email, Envelope(address, "support@msp.example", verdict="pass", verdict_for=address)))
    started = time.process_time()
    for _ in range(times):
        for email, envelope in pairs:
            read(email, envelope, known)
    return (time.process_time() - started) / times / len(pairs) * 1000


def main() -> dict[str, float]:
    own, shared = sources(senders=True), sources(senders=False)
    person = read_mail(PERSON.format("lines of words here " * 100).encode()).email
    stranger = read_mail(
        PERSON.replace("ann@acme", "a@any").format("Host: x\nlines of words here\n" * 70).encode()
    ).email
    large = read_mail(
        PERSON.replace("ann@acme", "a@any").format("Host: x\nlines of words here\n" * 35_000).encode()
    ).email
    found = {
        "40 profiles, a person's mail, ms": cost(own, [person], 300),
        "40 profiles, a machine's mail, ms": cost(own, machines(), 5),
        "40 profiles of one sender, no match, ms": cost(shared, [stranger], 100),
        "40 profiles of one sender, 1 MB, ms": cost(shared, [large], 3),
    }
    assert found["40 profiles, a person's mail, ms"] <= MOST_MS
    assert found["40 profiles, a machine's mail, ms"] <= MOST_MS
    assert found["40 profiles of one sender, 1 MB, ms"] <= MOST_STALL_MS
    return found


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
