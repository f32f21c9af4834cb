"""What a listener allows, resolved from its settings and those of [smtp]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.config.smtp import ListenerSettings, SmtpSettings
from gateway.match.networks import Networks
from gateway.smtp.lineends import BarePolicy

Kind = Literal["mx", "relay", "submission", "lmtp"]
Tls = Literal["off", "offer", "require", "implicit"]


@dataclass(frozen=True, slots=True)
class Policy:
    """One listener's policy. ``networks``: who may connect, all when empty. ``balancers``: peers that
    must begin with a PROXY header. ``vouched``: peers believed when they write as one of us. ``is_local``: a
    Unix socket, whose file's permissions say who is a relay."""

    name: str
    kind: Kind
    tls: Tls
    max_size: int
    networks: Networks
    balancers: Networks
    vouched: Networks
    bare_line_ends: BarePolicy = "accept"
    is_local: bool = False

    @property
    def is_lmtp(self) -> bool:
        return self.kind == "lmtp"

    @property
    def needs_login(self) -> bool:
        return self.kind == "submission"


def policy_of(listener: ListenerSettings, smtp: SmtpSettings) -> Policy:
    """The policy of a listener: its own settings, else those of [smtp]."""
    networks = listener.networks
    if listener.kind == "relay" and not networks:
        networks = smtp.relays
    return Policy(
        name=listener.name,
        kind=listener.kind,
        tls=listener.tls if smtp.tls_cert else "off",
        max_size=listener.max_size or smtp.max_size,
        networks=Networks(networks),
        balancers=Networks(listener.balancers),
        vouched=Networks(listener.vouched),
        bare_line_ends=smtp.bare_line_ends or ("refuse" if listener.kind == "mx" else "accept"),
        is_local=listener.listen.startswith("unix:"),
    )


def listeners_of(smtp: SmtpSettings) -> tuple[ListenerSettings, ...]:
    """The configured listeners; without any, one MX on [smtp] listen."""
    return smtp.listeners or (ListenerSettings(name="mx", listen=smtp.listen),)
