"""The verdict on a mail's sender: pass, fail, none or unknown, and why.

Three sources, in this order: the session (a login, a vouched network), a trusted relay's
Authentication-Results, and our own look-ups (``direct``). Every verdict is about the From address.
Source: RULES 12, RFC 7489 3.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from gateway.config import SmtpSettings
from gateway.envelope import Verdict
from gateway.smtp.accept import Incoming
from gateway.smtp.auth import Users
from gateway.smtp.verdict.results import Result, trusted_results
from gateway.smtp.verdict.sender import domain_of, from_address, is_aligned, organisational

if TYPE_CHECKING:
    from gateway.smtp.verdict.direct import Direct

log = structlog.get_logger("smtp")


@dataclass(frozen=True, slots=True)
class Peer:
    """Who speaks: what the session knows."""

    address: str = ""
    helo: str = ""
    mail_from: str = ""
    login: str = ""
    is_relay: bool = False
    is_vouched: bool = False


@dataclass(frozen=True, slots=True)
class SenderVerdict:
    """``sender`` is the From address it is about; ``is_own_domain``: one of our mailboxes' domains."""

    verdict: Verdict = "unknown"
    reason: str = ""
    sender: str = ""
    is_own_domain: bool = False


class Verdicts:
    """Judges senders as the configuration says."""

    def __init__(self, settings: SmtpSettings, own_domains: Iterable[str]) -> None:
        self._authserv_ids = frozenset(one.lower().rstrip(".") for one in settings.authserv_ids)
        self._depth = settings.authserv_depth
        self._users = Users(settings.users)
        self._own = frozenset(own_domains)
        self._settings = settings.verdict
        self._direct: Direct | None = None

    def is_needed(self, peer: Peer) -> bool:
        """Whether anything is configured that could judge this peer's mail."""
        if peer.login or peer.is_vouched:
            return True
        return bool(self._authserv_ids) if peer.is_relay else self._settings.direct

    async def judge(self, peer: Peer, mail: Incoming) -> SenderVerdict:
        fields = mail.fields()
        sender, problem = from_address(fields)
        domain = domain_of(sender)
        if problem:
            missing = problem in ("no From", "no address in From")
            return SenderVerdict("none" if missing else "fail", problem, "", False)
        verdict, reason = await self._verdict(peer, mail, sender, domain)
        return SenderVerdict(verdict, reason, sender, self._is_own(domain))

    def _is_own(self, domain: str) -> bool:
        return domain in self._own

    async def _verdict(self, peer: Peer, mail: Incoming, sender: str, domain: str) -> tuple[Verdict, str]:
        if peer.login:
            if self._users.may_write_as(peer.login, sender):
                return "pass", f"login {peer.login}"
            return "none", f"login {peer.login} is not bound to {sender}"
        if peer.is_vouched and self._is_own(domain):
            return "pass", "network that is vouched for"
        if peer.is_relay and self._authserv_ids:
            return relayed(trusted_results(mail.fields(), self._authserv_ids, self._depth), domain)
        if self._settings.direct and not peer.is_relay:
            return await self._looked_up(peer, mail, domain)
        return "unknown", "nothing is configured that could judge this peer"

    async def _looked_up(self, peer: Peer, mail: Incoming, domain: str) -> tuple[Verdict, str]:
        if self._direct is None:
            from gateway.smtp.verdict.direct import Direct  # dkimpy and dnspython only when they are used

            self._direct = Direct(self._settings)
        try:
            async with asyncio.timeout(self._settings.timeout):
                return await self._direct.judge(peer, mail, domain)
        except TimeoutError:
            return "unknown", "the look-ups took too long"
        except Exception as error:  # hostile text in a library: the mail must not die for it
            log.error("verdict failed", error=type(error).__name__, exc_info=error)
            return "unknown", "the look-ups failed"


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
