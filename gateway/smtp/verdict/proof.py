"""From authenticated domains to a verdict on the From domain: alignment (RFC 7489 3.1, 6.6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.model.envelope import Verdict
from gateway.smtp.verdict.results import Result, Stamp
from gateway.smtp.verdict.sender import domain_of, is_aligned, organisational


class Finding(NamedTuple):
    """A verdict on a From domain, and why. ``policy`` is the domain's DMARC policy (none, quarantine, reject),
    "" where it has none or it is not known."""

    verdict: Verdict
    reason: str
    policy: str = ""


def relayed(stamp: Stamp | None, domain: str) -> Finding:
    """What a relay's stamp says of a From domain.

    A stamp proves only what it says once and in whole; whatever in it speaks against the sender counts. So
    nothing that a sender gets into it makes him more believed than he is."""
    if stamp is None:
        return Finding("unknown", "the relay left no Authentication-Results")
    if other := _somebody_else(stamp.results, domain):
        return Finding("fail", f"relay: it judged {other}, From is {domain}")
    if stamp.fault:
        return Finding("fail", f"relay: its Authentication-Results cannot be read ({stamp.fault})")
    proofs = _once(_authenticated(stamp.results))
    judged = [result for result in stamp.results if result.method == "dmarc"]
    if not judged:
        return by_alignment(proofs, domain, "relay: ")
    found = _by_dmarc(judged)
    if found.verdict == "none" and not found.policy:  # then nothing else proves, but SPF still disproves
        against = by_alignment([proof for proof in proofs if proof.result == "fail"], domain, "relay: ")
        return against if against.verdict == "fail" else found
    return found


def _somebody_else(results: Sequence[Result], domain: str) -> str:
    """The domain of a header.from that is not the sender's. Rspamd names the domain of the policy, which may be
    the organisational one."""
    for result in results:
        about = domain_of(result.properties.get("header.from", ""))
        if about and about not in (domain, organisational(domain)):
            return about
    return ""


def _by_dmarc(judged: Sequence[Result]) -> Finding:
    if len(judged) > 1:
        said = ", ".join(result.result for result in judged[:5])
        failed = any(result.result == "fail" for result in judged)
        return Finding("fail" if failed else "none", f"relay: several dmarc results ({said}), none of them counts")
    dmarc = judged[0]
    policy = _policy(dmarc)
    if dmarc.result in ("pass", "bestguesspass"):
        return Finding("pass", f"relay: dmarc={dmarc.result}", policy)
    if dmarc.result == "fail" and policy == "none":
        return Finding("none", "relay: dmarc=fail, but the domain asks for nothing (p=none)", policy)
    if dmarc.result == "fail":
        return Finding("fail", "relay: dmarc=fail", policy)
    if dmarc.result == "temperror":
        return Finding("unknown", "relay: dmarc=temperror", policy)
    return Finding("none", f"relay: dmarc={dmarc.result}", policy)


def doubted(passed: Finding, stamp: Stamp | None, doubt: str) -> Finding:
    """A relay's pass for a mail whose header another reader may read otherwise: the relay need not have judged what
    we read. It disproves the sender where a DMARC policy stands behind it that may ask for more than nothing."""
    judged = stamp is not None and any(result.method == "dmarc" and result.result == "pass" for result in stamp.results)
    verdict: Verdict = "fail" if judged and passed.policy != "none" else "none"
    return Finding(verdict, f"{doubt}: what passed need not be what is read ({passed.reason})", passed.policy)


def _policy(dmarc: Result) -> str:
    """The domain's policy as Google and OpenDMARC (a comment) or Microsoft (action=) write it."""
    for word in dmarc.comment.lower().replace(",", " ").split():
        name, _, value = word.partition("=")
        if name in ("p", "policy"):
            return value
    return dmarc.properties.get("action") or dmarc.properties.get("policy.dmarc") or ""


@dataclass(frozen=True, slots=True)
class Proof:
    """An authenticated domain, or one that failed: method, result, domain."""

    method: str
    result: str
    domain: str


def _authenticated(results: Sequence[Result]) -> list[Proof]:
    proofs = []
    for result in results:
        if result.method == "dkim":
            domain = result.properties.get("header.d") or result.properties.get("header.i", "")
        elif result.method == "spf":
            domain = result.properties.get("smtp.mailfrom") or result.properties.get("smtp.helo", "")
        else:
            continue
        proofs.append(Proof(result.method, result.result, domain.rpartition("@")[2]))
    return proofs


def _once(proofs: Sequence[Proof]) -> list[Proof]:
    """Without the passes of a method that has several results: one of them may be the sender's own."""
    methods = [proof.method for proof in proofs]
    return [proof for proof in proofs if proof.result != "pass" or methods.count(proof.method) == 1]


def by_alignment(proofs: Sequence[Proof], domain: str, prefix: str = "", strict: bool = False) -> Finding:
    """Without a DMARC policy: an aligned SPF or DKIM pass proves the sender, an aligned SPF fail disproves it."""
    aligned = [proof for proof in proofs if is_aligned(proof.domain, domain, strict)]
    for proof in aligned:
        if proof.result == "pass":
            return Finding("pass", f"{prefix}{proof.method}=pass for {proof.domain}")
    for proof in aligned:
        if proof.result == "temperror":
            return Finding("unknown", f"{prefix}{proof.method}=temperror for {proof.domain}")
    for proof in aligned:
        if proof.method == "spf" and proof.result == "fail":
            return Finding("fail", f"{prefix}spf=fail for {proof.domain}")
    said = told(proofs)
    return Finding("none", f"{prefix}nothing proves {domain}" + (f" ({said})" if said else ""))


def told(proofs: Sequence[Proof]) -> str:
    """For the operator: what was found of whom."""
    return ", ".join(f"{proof.method}={proof.result} for {proof.domain or 'nobody'}" for proof in proofs[:5])
