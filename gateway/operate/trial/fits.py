"""Mail of machines that a shipped profile could read, if it were turned on."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass, replace

from gateway.config.profiles import load, shipped
from gateway.model.email import MACHINES, Email
from gateway.model.envelope import Envelope
from gateway.notices.read import read
from gateway.notices.source import Identity, Source, Sources

ANYWHERE = ipaddress.ip_network("0.0.0.0/0")
NOWHERE = "0.0.0.0"  # noqa: S104 - no peer's address


@dataclass(frozen=True, slots=True)
class Fit:
    """A mail that the profile reads without a doubt; the problem ``key`` begins with it, or ends."""

    profile: str
    key: str
    begins: bool
    ends: bool


class Fits:
    """The shipped profiles that are not ``on``, as sources of anybody's mail."""

    def __init__(self, on: Collection[str]) -> None:
        self.profiles = {name: loaded.profile for name, loaded in load(shipped()).items() if name not in on}
        anybody = Identity(networks=(ANYWHERE,))
        self._sources = Sources(
            [
                Source.of(profile, Identity(senders=frozenset(profile.who.senders)) if profile.who.senders else anybody)
                for profile in self.profiles.values()
                if not profile.generic
            ]
        )

    def find(self, email: Email, envelope: Envelope) -> Fit | None:
        """Which profile reads it, None for none."""
        if email.auto.kind not in MACHINES:
            return None
        notice = read(email, replace(envelope, peer=NOWHERE), self._sources)
        if notice is None or not notice.parsed or notice.strange or notice.forwarded:
            return None
        return Fit(notice.profile, notice.key, notice.state == "open", notice.state == "close")
