"""DMARC: what does the From domain ask to be done with mail that proves nothing? (RFC 7489 6.3, 6.6.3)"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.smtp.verdict.sender import organisational
from gateway.smtp.verdict.spf import Dns

POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Dmarc:
    """``policy`` is for the From domain (p, or sp below the domain that published it)."""

    policy: str
    strict_dkim: bool = False
    strict_spf: bool = False


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
    """The record of the domain, else of its organisational domain. Raises DnsTrouble."""
    parent = organisational(domain)
    for name in dict.fromkeys((domain, parent)):
        records = [one.decode("utf-8", "replace") for one in await dns.txt(f"_dmarc.{name}")]
        found = [one for one in records if one.replace(" ", "").startswith("v=DMARC1")]
        if len(found) == 1:
            return parse_dmarc(found[0], name != domain)
        if found:
            return None  # several records are none
    return None
