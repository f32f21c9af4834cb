"""Our own look-ups: SPF, DKIM, DMARC and ARC of a mail that came straight to us, made one verdict.

SPF and DKIM run at the same time; the hashing is done in threads, two mails at once. A pass needs
alignment with From; a fail needs the domain's own word (a DMARC policy, or SPF "-all" without one).
"""

from __future__ import annotations

import asyncio

import structlog

from gateway.config.smtp import VerdictSettings
from gateway.intake.accept import Incoming
from gateway.model.envelope import Verdict
from gateway.smtp.verdict.arc import check_arc, trusted_sets
from gateway.smtp.verdict.dkim import Bodies, Dkim, check_dkim
from gateway.smtp.verdict.dmarc import Dmarc, dmarc_policy
from gateway.smtp.verdict.proof import Proof, by_alignment, relayed
from gateway.smtp.verdict.resolver import DnsTrouble, Resolver
from gateway.smtp.verdict.sender import is_aligned
from gateway.smtp.verdict.spf import Dns, Spf, check_spf

log = structlog.get_logger("smtp")

AT_ONCE = 2
HASHED_FREELY = 1024 * 1024  # smaller mails need no slot


class Direct:
    """Judges by the DNS."""

    def __init__(self, settings: VerdictSettings, dns: Dns | None = None) -> None:
        self._dns: Dns = dns or Resolver(settings.nameservers, settings.query_timeout)
        self._sealers = frozenset(one.lower() for one in settings.arc_sealers)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def judge(self, address: str, helo: str, mail_from: str, mail: Incoming, domain: str) -> tuple[Verdict, str]:
        """The verdict on the From domain, and why."""
        bodies = Bodies(mail)
        policy, spf, signatures = await asyncio.gather(
            self._policy(domain), self._spf(address, helo, mail_from), self._dkim(mail, bodies)
        )
        proofs = [Proof("dkim", one.result, one.domain) for one in signatures]
        if spf is not None:
            proofs.append(Proof("spf", spf.result, spf.domain))
        log.debug("looked up", domain=domain, policy=str(policy), proofs=str(proofs))
        if isinstance(policy, DnsTrouble):
            proven = by_alignment(proofs, domain, strict=True)
            return proven if proven[0] == "pass" else ("unknown", f"dmarc=temperror ({policy})")
        if policy is None:
            return by_alignment(proofs, domain)
        found = _by_policy(policy, proofs, domain)
        if found[0] in ("fail", "none") and self._sealers and (sealed := await self._sealed(mail, bodies, domain)):
            return sealed
        return found

    async def _policy(self, domain: str) -> Dmarc | DnsTrouble | None:
        try:
            return await dmarc_policy(self._dns, domain)
        except DnsTrouble as error:
            return error

    async def _spf(self, address: str, helo: str, mail_from: str) -> Spf | None:
        return await check_spf(self._dns, address, helo, mail_from) if address else None

    async def _dkim(self, mail: Incoming, bodies: Bodies) -> list[Dkim]:
        if mail.size <= HASHED_FREELY:
            return await check_dkim(self._dns, mail, bodies)
        async with self._slots:
            return await check_dkim(self._dns, mail, bodies)

    async def _sealed(self, mail: Incoming, bodies: Bodies, domain: str) -> tuple[Verdict, str] | None:
        arc = await check_arc(self._dns, mail, bodies)
        for sealer, results in trusted_sets(arc, self._sealers):
            if relayed(results, domain)[0] == "pass":
                return "pass", f"arc: {sealer} saw it pass"
        return None


def _by_policy(policy: Dmarc, proofs: list[Proof], domain: str) -> tuple[Verdict, str]:
    aligned = [
        one
        for one in proofs
        if is_aligned(one.domain, domain, policy.strict_dkim if one.method == "dkim" else policy.strict_spf)
    ]
    for one in aligned:
        if one.result == "pass":
            return "pass", f"dmarc=pass ({one.method} for {one.domain})"
    for one in aligned:
        if one.result == "temperror":
            return "unknown", f"{one.method}=temperror for {one.domain}"
    said = ", ".join(f"{one.method}={one.result} for {one.domain or 'nobody'}" for one in proofs[:5])
    if policy.policy == "none":
        return "none", f"dmarc=fail, but {domain} asks for nothing (p=none; {said})"
    return "fail", f"dmarc=fail, {domain} asks for {policy.policy} ({said})"
