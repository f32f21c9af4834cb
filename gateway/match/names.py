"""In whose name a mail is, and what proved it: what limits of senders count by, at the edge and at the desk.

A name is limited only by what was taken from it: forgeries of it are counted apart from what is proven, and those of
one network apart from those of another.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import NamedTuple

from gateway.model.envelope import Verdict


class Name(NamedTuple):
    """An address, and what proved it or else by whom it was said. ``address`` is "" for nobody."""

    address: str
    proof: str

    @property
    def key(self) -> str:
        return f"{self.proof} {self.address.lower()}"

    @property
    def domain_key(self) -> str:
        return f"{self.proof} {self.address.lower().rpartition('@')[2]}"


_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""In which a translator shows all IPv4 addresses to a server without any (RFC 6052)."""


@lru_cache(4096)
def plain_address(address: str) -> str:
    """Without a zone; an IPv4 address mapped into IPv6, however it is written, as IPv4. Other text as it is."""
    address = address.partition("%")[0]
    if ":" not in address:
        return address
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return str(mapped) if mapped else address


@lru_cache(4096)
def network_of(address: str) -> str:
    """The /24 or /64 of an IP address, since that is what one customer gets; other text as it is. An IPv4 address that
    comes mapped or translated into IPv6 has its own /24: one /64 would be the whole of IPv4."""
    try:
        ip = ipaddress.ip_address(plain_address(address))
    except ValueError:
        return address
    if ip.version == 6 and ip in _TRANSLATED:
        ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 64}", strict=False))


def proof_of(verdict: Verdict, login: str, peer: str) -> str:
    """What a name rests on: a passing verdict, whoever brought the mail; else the login, or the network that said it
    and what the verdict was."""
    if verdict == "pass":
        return "proven"
    return f"login {login}" if login else f"{network_of(peer)} {verdict}"
