"""Networks of the configuration, asked by the address of a peer: the one place where the two are compared."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from gateway.match.names import plain_address

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@lru_cache(4096)
def network(text: str) -> Network:
    """A network as text ("192.0.2.0/24"), or an address; IPv4 mapped into IPv6 as IPv4, as addresses are compared
    (``plain_address``). Raises ValueError."""
    found = ipaddress.ip_network(text, strict=False)
    if found.version == 6 and found.subnet_of(_MAPPED):
        first = int(found.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((first, found.prefixlen - _MAPPED.prefixlen))
    return found


def holder(address: str, networks: Iterable[Network]) -> Network | None:
    """The first of these networks that an address is in; None for none, and for what is no address."""
    try:
        ip = ipaddress.ip_address(plain_address(address))
    except ValueError:
        return None
    return next((each for each in networks if ip in each), None)


class Networks:
    """A list of networks, asked by address."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(map(network, networks))
        self.holds = lru_cache(4096)(self._holds)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def _holds(self, address: str) -> bool:
        return holder(address, self._networks) is not None
