"""Our own look-ups: SPF, DKIM, DMARC and ARC of a mail that came straight to us, made one verdict.

Asked is only what can prove From: an aligned MAIL FROM, aligned signatures. So the sender cannot make us wait for
a name server of his, and "unknown" means that the From domain's own DNS is in trouble. All are asked at the same
time, each with a time of its own; hashing does not count as such. A pass needs alignment with From; a fail needs
the domain's own word (a DMARC policy, or SPF "-all" without one).
"""

from __future__ import annotations

import asyncio

import structlog

from gateway.config.smtp import VerdictSettings
from gateway.intake.maildata import MailData
from gateway.match.names import network_of
from gateway.smtp.turns import FairSlots
from gateway.smtp.verdict.arc import check_arc, trusted_sets
from gateway.smtp.verdict.dkim import Bodies, check_dkim
from gateway.smtp.verdict.dmarc import Dmarc, dmarc_policy
from gateway.smtp.verdict.proof import Finding, Proof, by_alignment, relayed, told
from gateway.smtp.verdict.resolver import DnsTrouble, Resolver
from gateway.smtp.verdict.sender import is_aligned
from gateway.smtp.verdict.spf import Dns, asked_domain, check_spf

log = structlog.get_logger("smtp")

HASHED_AT_ONCE = 2


class Direct:
    """Judges by the DNS."""

    def __init__(self, settings: VerdictSettings, dns: Dns | None = None) -> None:
        self._dns: Dns = dns or Resolver(settings.nameservers, min(settings.query_timeout, settings.timeout))
        self._sealers = frozenset(sealer.lower() for sealer in settings.arc_sealers)
        self._timeout = settings.timeout
        self._slots = FairSlots(HASHED_AT_ONCE)

    async def judge(self, address: str, helo: str, mail_from: str, mail: MailData, domain: str) -> Finding:
        """The verdict on the From domain, why, and the domain's policy."""
        if doubts := mail.split().doubts:
            return _unreadable(await self._policy(domain), domain, doubts[0])
        bodies = Bodies(mail, self._slots, network_of(address))
        policy, spf, signatures = await asyncio.gather(
            self._policy(domain), self._spf(address, helo, mail_from, domain), self._dkim(mail, bodies, domain)
        )
        proofs = [*signatures, *spf]
        log.debug("looked up", domain=domain, policy=str(policy), proofs=str(proofs))
        if isinstance(policy, DnsTrouble):
            return _in_doubt(proofs, domain, f"dmarc=temperror ({policy})")
        if policy is None:
            found = by_alignment(proofs, domain)
        elif policy.doubt:
            return _in_doubt(proofs, domain, f"dmarc=temperror ({policy.doubt})", policy.policy)
        else:
            found = _by_policy(policy, proofs, domain)
        if found.verdict in ("fail", "none") and policy and self._sealers:
            return await self._sealed(mail, bodies, domain) or found
        return found

    async def _policy(self, domain: str) -> Dmarc | DnsTrouble | None:
        try:
            async with asyncio.timeout(self._timeout):
                return await dmarc_policy(self._dns, domain)
        except TimeoutError:
            return DnsTrouble("took too long")
        except DnsTrouble as error:
            return error

    async def _spf(self, address: str, helo: str, mail_from: str, domain: str) -> list[Proof]:
        asked = asked_domain(helo, mail_from)
        if not address or not is_aligned(asked, domain):
            return [Proof("spf", "not-asked", asked)]
        try:
            async with asyncio.timeout(self._timeout):
                spf = await check_spf(self._dns, address, helo, mail_from)
        except TimeoutError:
            return [Proof("spf", "temperror", asked)]
        except Exception as error:  # a record that a library of ours does not survive proves nothing
            log.error("SPF failed", domain=asked, error=type(error).__name__, exc_info=error)
            return [Proof("spf", "permerror", asked)]
        return [Proof("spf", spf.result, spf.domain)]

    async def _dkim(self, mail: MailData, bodies: Bodies, domain: str) -> list[Proof]:
        found = await check_dkim(self._dns, mail, bodies, lambda signer: is_aligned(signer, domain))
        return [Proof("dkim", dkim.result, dkim.domain) for dkim in found]

    async def _sealed(self, mail: MailData, bodies: Bodies, domain: str) -> Finding | None:
        try:
            async with asyncio.timeout(self._timeout):
                arc = await check_arc(self._dns, mail, bodies, self._sealers)
        except TimeoutError:
            return None
        for sealer, stamp in trusted_sets(arc, self._sealers):
            if relayed(stamp, domain).verdict == "pass":
                return Finding("pass", f"arc: {sealer} saw it pass")
        return None


def _unreadable(policy: Dmarc | DnsTrouble | None, domain: str, doubt: str) -> Finding:
    """Another reader may see another header: nothing can prove this one."""
    if isinstance(policy, DnsTrouble):
        return Finding("unknown", f"{doubt}, and dmarc=temperror ({policy})")
    if policy is None:
        return Finding("none", f"{doubt}: no signature counts")
    if policy.doubt:
        return Finding("unknown", f"{doubt}, and dmarc=temperror ({policy.doubt})", policy.policy)
    if policy.policy == "none":
        return Finding("none", f"{doubt}: no signature counts", policy.policy)
    return Finding("fail", f"{doubt}: no signature counts, and {domain} asks for {policy.policy}", policy.policy)


def _in_doubt(proofs: list[Proof], domain: str, why: str, policy: str = "") -> Finding:
    """The domain's own record cannot be read: only what would pass under the strictest one passes."""
    proven = by_alignment(proofs, domain, strict=True)
    return proven if proven.verdict == "pass" else Finding("unknown", why, policy)


def _by_policy(policy: Dmarc, proofs: list[Proof], domain: str) -> Finding:
    aligned = [
        proof
        for proof in proofs
        if is_aligned(proof.domain, domain, policy.strict_dkim if proof.method == "dkim" else policy.strict_spf)
    ]
    for proof in aligned:
        if proof.result == "pass":
            return Finding("pass", f"dmarc=pass ({proof.method} for {proof.domain})", policy.policy)
    for proof in aligned:
        if proof.result == "temperror":
            return Finding("unknown", f"{proof.method}=temperror for {proof.domain}", policy.policy)
    said = told(proofs)
    if policy.policy == "none":
        return Finding("none", f"dmarc=fail, but {domain} asks for nothing (p=none; {said})", policy.policy)
    return Finding("fail", f"dmarc=fail, {domain} asks for {policy.policy} ({said})", policy.policy)
