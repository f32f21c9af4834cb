"""From authenticated domains to a verdict on the From domain: alignment (RFC 7489 3.1, 6.6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.envelope import Verdict
from gateway.smtp.verdict.results import Result
from gateway.smtp.verdict.sender import is_aligned, organisational


def relayed(results: Sequence[Result] | None, domain: str) -> tuple[Verdict, str]:
    """What a relay's results say of a From domain."""
    if results is None:
        return "unknown", "the relay left no Authentication-Results"
    dmarc = next((one for one in results if one.method == "dmarc"), None)
    if dmarc is not None:
        about = dmarc.properties.get("header.from", "").rpartition("@")[2]
        if about and about not in (domain, organisational(domain)):
            return "none", f"the relay judged {about}, From is {domain}"
        if dmarc.result in ("pass", "bestguesspass"):
            return "pass", f"relay: dmarc={dmarc.result}"
        if dmarc.result == "fail":
            if _policy(dmarc) == "none":
                return "none", "relay: dmarc=fail, but the domain asks for nothing (p=none)"
            return "fail", "relay: dmarc=fail"
        if dmarc.result == "temperror":
            return "unknown", "relay: dmarc=temperror"
    return by_alignment(_authenticated(results), domain, "relay: ")


def _policy(dmarc: Result) -> str:
    """The domain's policy as Google and OpenDMARC (a comment) or Microsoft (action=) write it."""
    for word in dmarc.comment.lower().replace(",", " ").split():
        if word.startswith("p="):
            return word[2:]
    return dmarc.properties.get("action") or dmarc.properties.get("policy.dmarc") or ""


@dataclass(frozen=True, slots=True)
class Proof:
    """An authenticated domain, or one that failed: method, result, domain."""

    method: str
    result: str
    domain: str


def _authenticated(results: Sequence[Result]) -> list[Proof]:
    proofs = []
    for one in results:
        if one.method == "dkim":
            domain = one.properties.get("header.d") or one.properties.get("header.i", "")
        elif one.method == "spf":
            domain = one.properties.get("smtp.mailfrom") or one.properties.get("smtp.helo", "")
        else:
            continue
        proofs.append(Proof(one.method, one.result, domain.rpartition("@")[2]))
    return proofs


def by_alignment(proofs: Sequence[Proof], domain: str, prefix: str = "", strict: bool = False) -> tuple[Verdict, str]:
    """Without a DMARC policy: an aligned SPF or DKIM pass proves the sender, an aligned SPF fail disproves it."""
    aligned = [one for one in proofs if is_aligned(one.domain, domain, strict)]
    for one in aligned:
        if one.result == "pass":
            return "pass", f"{prefix}{one.method}=pass for {one.domain}"
    for one in aligned:
        if one.result == "temperror":
            return "unknown", f"{prefix}{one.method}=temperror for {one.domain}"
    for one in aligned:
        if one.method == "spf" and one.result == "fail":
            return "fail", f"{prefix}spf=fail for {one.domain}"
    said = ", ".join(f"{one.method}={one.result} for {one.domain or 'nobody'}" for one in proofs[:5])
    return "none", f"{prefix}nothing proves {domain}" + (f" ({said})" if said else "")
