"""The domains that belong together: alignment by organisational domain (RFC 7489 3.1), but for the names that a
provider gives to its customers: they are no organisation. Who From names is ``gateway.mail.author``'s.
"""

from __future__ import annotations

from gateway.mail.author import NotStrict, read_domain
from gateway.match import domains
from gateway.model.email import lower_ascii


def domain_of(address: str) -> str:
    """The domain of an address in its one form."""
    return ascii_domain(address.rpartition("@")[2])


def ascii_domain(domain: str) -> str:
    """In its one form (``author.read_domain``), without the root's dot; one that is no name in lower case."""
    domain = domain.strip().rstrip(".")
    try:
        return read_domain(domain)
    except NotStrict:
        return lower_ascii(domain)


def organisational(domain: str) -> str:
    """The registered domain; the domain itself when it is a public suffix."""
    return domains.registered(domain)


def is_aligned(domain: str, other: str, strict: bool = False) -> bool:
    """Whether two domains are the same, or (relaxed) of the same organisation."""
    domain, other = ascii_domain(domain), ascii_domain(other)
    if not domain or not other:
        return False
    return domain == other or (not strict and domains.family(domain) == domains.family(other))
