"""DMARC: what does the From domain ask to be done with mail that proves nothing? (RFC 7489 6.3, 6.6.3)"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.smtp.verdict.resolver import DnsTrouble
from gateway.smtp.verdict.sender import organisational
from gateway.smtp.verdict.spf import Dns

POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Dmarc:
    """``policy`` is for the From domain (p, or sp below the domain that published it). With a ``doubt`` the
    domain's own record could not be looked up, and this one is its organisation's."""

    policy: str
    strict_dkim: bool = False
    strict_spf: bool = False
    doubt: str = ""


def parse_dmarc(text: str, is_below: bool) -> Dmarc | None:
    """The record; None when it is not one."""
    tags: dict[str, str] = {}
    for number, part in enumerate(text[:4096].split(";")):
        name, equals, value = part.partition("=")
        if number == 0 and (name.strip().lower() != "v" or value.strip() != "DMARC1"):
            return None
        if equals:
            tags.setdefault(name.strip().lower(), value.strip().lower())
    policy = tags.get("p", "")
    if is_below and tags.get("sp") in POLICIES:
        policy = tags["sp"]
    if policy not in POLICIES:
        if "rua" not in tags:
            return None
        policy = "none"  # 6.6.3: a broken policy with a report address asks for nothing
    return Dmarc(policy, tags.get("adkim") == "s", tags.get("aspf") == "s")


async def dmarc_policy(dns: Dns, domain: str) -> Dmarc | None:
    """The record of the domain, else of its organisational domain. Raises DnsTrouble.

    Below a domain anybody may name a subdomain whose servers do not answer, so the organisation is asked then too."""
    parent = organisational(domain)
    try:
        records = await _records(dns, domain)
    except DnsTrouble as trouble:
        found = await _records(dns, parent) if parent != domain else []
        above = parse_dmarc(found[0], is_below=True) if len(found) == 1 else None
        if above is None:
            raise
        return replace(above, doubt=str(trouble))
    if not records and parent != domain:
        records, domain = await _records(dns, parent), ""
    # Several records are none.
    return parse_dmarc(records[0], is_below=not domain) if len(records) == 1 else None


async def _records(dns: Dns, domain: str) -> list[str]:
    """Raises DnsTrouble."""
    records = [record.decode("utf-8", "replace") for record in await dns.txt(f"_dmarc.{domain}")]
    return [record for record in records if record.replace(" ", "").startswith("v=DMARC1")]
