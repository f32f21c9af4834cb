"""The From address that a verdict is about, and the domains that belong together.

DMARC (RFC 7489 3.1, 6.6.1): exactly one From address; alignment by organisational domain, from the
public suffix list that is shipped with ``publicsuffixlist``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from gateway.mail.headers import Facts, RawHeader

_SIMPLE = re.compile(rb'[^<>@,;:()\\\r\n]{0,500}<([^<>@\s",;:()\\]{1,200}@[A-Za-z0-9.-]{1,253})>[ \t]*')
_BARE = re.compile(rb'[^<>@\s",;:()\\]{1,200}@[A-Za-z0-9.-]{1,253}')


def from_address(fields: Sequence[RawHeader]) -> tuple[str, str]:
    """The one From address in lower case, or "" and why there is not one."""
    values = [raw for name, raw in fields if name.lower() == "from"]
    if len(values) != 1:
        return "", "no From" if not values else "more than one From header"
    raw = values[0]
    if simple := _SIMPLE.fullmatch(raw):
        # An encoded word may hold anything, an address too; then the whole reader decides.
        if b"=?" not in raw:
            return simple.group(1).decode("ascii", "replace").lower(), ""
    elif _BARE.fullmatch(raw):
        return raw.decode("ascii", "replace").lower(), ""
    people = [one for one in Facts([("From", raw)]).people("from") if one.address]
    if len(people) != 1:
        return "", "no address in From" if not people else "more than one From address"
    return people[0].address.lower(), ""


def domain_of(address: str) -> str:
    return ascii_domain(address.rpartition("@")[2])


def ascii_domain(domain: str) -> str:
    """Lower case, without the root's dot, international names in their ASCII form."""
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


@lru_cache(1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(8192)
def organisational(domain: str) -> str:
    """The registered domain; the domain itself when it is a public suffix."""
    return _suffixes().privatesuffix(domain) or domain


def is_aligned(one: str, other: str, strict: bool = False) -> bool:
    """Whether two domains are the same, or (relaxed) of the same organisation."""
    one, other = ascii_domain(one), ascii_domain(other)
    if not one or not other:
        return False
    return one == other or (not strict and organisational(one) == organisational(other))
