"""Look-ups in the DNS: asynchronous, cached, with a time limit, and a clear word for "ask again later"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import dns.reversename

from gateway.config.types import nameserver

CACHED = 20_000


class DnsTrouble(Exception):
    """No answer for now: time-out or server failure. "There is nothing" is an empty list, not this."""


class Resolver:
    """One resolver for the process; dnspython's cache holds answers and absences for their time to live."""

    def __init__(self, nameservers: Sequence[str] = (), timeout: float = 4) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        if nameservers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(*nameserver(text)) for text in nameservers]
        self._resolver.lifetime = timeout
        self._resolver.timeout = timeout / 2
        self._resolver.cache = dns.resolver.LRUCache(CACHED)

    async def txt(self, name: str) -> list[bytes]:
        """The records, each with its strings joined (RFC 7208 3.3)."""
        return [b"".join(record.strings) for record in await self._ask(name, "TXT")]

    async def addresses(self, name: str, version: int) -> list[str]:
        """The A (``version`` 4) or AAAA records."""
        return [str(record.address) for record in await self._ask(name, "A" if version == 4 else "AAAA")]

    async def mx(self, name: str) -> list[str]:
        """The names of the MX records, the preferred first."""
        records = await self._ask(name, "MX")
        return [record.exchange.to_text() for record in sorted(records, key=lambda record: record.preference)]

    async def names(self, address: str) -> list[str]:
        """The names that the address points back to."""
        return [record.target.to_text() for record in await self._ask(dns.reversename.from_address(address), "PTR")]

    async def _ask(self, name: str | dns.name.Name, kind: str) -> list[Any]:
        try:
            if isinstance(name, str):
                name = _name(name)
            answer = await self._resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.name.NameTooLong, dns.name.LabelTooLong, dns.name.EmptyLabel, UnicodeError):
            return []  # a name that cannot be asked for does not exist
        except dns.resolver.YXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise DnsTrouble(f"{name} {kind}: {type(error).__name__}") from error
        if answer.rrset is None:
            return []
        return list(answer.rrset)


def _name(text: str) -> dns.name.Name:
    """Label by label: the text is no master file, so a backslash in it escapes nothing.

    Raises what dnspython raises for labels that cannot be asked for, UnicodeError."""
    return dns.name.Name([label.encode("ascii") for label in text.removesuffix(".").split(".")] + [b""])
