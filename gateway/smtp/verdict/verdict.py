"""The verdict on a mail's sender: pass, fail, none or unknown, and why.

Three sources, in this order: the session (a login, a vouched network), a trusted relay's
Authentication-Results, and our own look-ups (``direct``). Every verdict is about the From address.
Source: RULES 12, RFC 7489 3.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from gateway.config.smtp import SmtpSettings
from gateway.intake.accept import Incoming
from gateway.model.envelope import Verdict
from gateway.smtp.auth import Users
from gateway.smtp.verdict.proof import relayed
from gateway.smtp.verdict.results import trusted_results
from gateway.smtp.verdict.sender import domain_of, from_address

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
                return await self._direct.judge(peer.address, peer.helo, peer.mail_from, mail, domain)
        except TimeoutError:
            return "unknown", "the look-ups took too long"
        except Exception as error:  # hostile text in a library: the mail must not die for it
            log.error("verdict failed", error=type(error).__name__, exc_info=error)
            return "unknown", "the look-ups failed"
