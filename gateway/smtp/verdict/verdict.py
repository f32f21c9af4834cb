"""The verdict on a mail's sender: pass, fail, none or unknown, and why.

Three sources, in this order: the session (a login, a vouched network), a trusted relay's
Authentication-Results with what Microsoft 365 says of mail within our own tenant, and our own look-ups
(``direct``). Every verdict is about the From address. Source: RFC 7489 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from gateway.config.smtp import SmtpSettings
from gateway.intake.maildata import MailData
from gateway.mail.author import author_of
from gateway.mail.head import RawHeader
from gateway.model.email import lower_ascii
from gateway.model.envelope import Verdict
from gateway.smtp.auth import Users
from gateway.smtp.verdict import tenant
from gateway.smtp.verdict.proof import Finding, doubted, relayed
from gateway.smtp.verdict.results import NO_ID, trusted_stamp
from gateway.smtp.verdict.sender import domain_of

if TYPE_CHECKING:
    from gateway.smtp.verdict.direct import Direct

log = structlog.get_logger("smtp")

ENDS_A_COMMENT = frozenset('"();\\ ')


_DAEMON = re.compile(rb"(?i)<?(?:mailer-daemon|postmaster)(?:@[a-z0-9.-]{1,253})?>?[ \t]{0,9}\([a-z0-9 .,_-]{0,99}\)")


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
    """``sender`` is the From address it is about; ``is_own_domain``: one of our mailboxes' domains; ``policy``
    is its domain's DMARC policy (none, quarantine, reject), "" where it has none or it is not known."""

    verdict: Verdict = "unknown"
    reason: str = ""
    sender: str = ""
    is_own_domain: bool = False
    policy: str = ""


class Verdicts:
    """Judges senders as the configuration says."""

    def __init__(self, settings: SmtpSettings, own_domains: Iterable[str]) -> None:
        self._authserv_ids = frozenset(name.lower() for name in settings.authserv_ids)
        self._depth = settings.authserv_depth
        self._tenant = settings.tenant
        self._users = Users(settings.users)
        self._own = frozenset(own_domains)
        self._settings = settings.verdict
        self._direct: Direct | None = None

    def is_needed(self, peer: Peer) -> bool:
        """Whether anything is configured that could judge this peer's mail."""
        if peer.login or peer.is_vouched:
            return True
        return bool(self._authserv_ids or self._tenant) if peer.is_relay else self._settings.direct

    async def judge(self, peer: Peer, mail: MailData) -> SenderVerdict:
        """The verdict on who stands in From. Never raises."""
        author = author_of(mail.fields())
        if _is_report(peer, mail):
            return SenderVerdict("none", author.problem or "a mail server's report", "", False)
        if author.problem:
            return SenderVerdict("fail", author.problem, "", False)
        sender = lower_ascii(author.address)
        domain = domain_of(sender)
        verdict, reason, policy = await self._verdict(peer, mail, sender, domain)
        return SenderVerdict(verdict, reason, sender, self._is_own(domain), policy)

    def _is_own(self, domain: str) -> bool:
        return domain in self._own

    async def _verdict(self, peer: Peer, mail: MailData, sender: str, domain: str) -> Finding:
        if peer.login:
            if self._users.may_write_as(peer.login, sender):
                return Finding("pass", f"login {peer.login}")
            return Finding("none", f"login {peer.login} is not bound to {sender}")
        if peer.is_vouched and self._is_own(domain):
            return Finding("pass", "network that is vouched for")
        if peer.is_relay and (self._authserv_ids or self._tenant):
            return self._relayed(peer, mail, domain)
        if self._settings.direct and not peer.is_relay:
            return await self._looked_up(peer, mail, domain)
        return Finding("unknown", "nothing is configured that could judge this peer")

    # -- behind a relay ---------------------------------------------------------------------------

    def _relayed(self, peer: Peer, mail: MailData, domain: str) -> Finding:
        """The relay's stamp; for our own domains also what Microsoft 365 says of mail within our tenant."""
        fields = mail.fields()
        stamp = trusted_stamp(fields, self._authserv_ids, self._depth)
        found = relayed(stamp, domain)
        doubts = mail.split().doubts
        if found.verdict == "pass" and doubts:
            return doubted(found, stamp, doubts[0])
        if found.verdict == "pass" and ENDS_A_COMMENT & set(peer.mail_from):
            return Finding("none", "relay: the envelope's sender could have written into its Authentication-Results")
        if found.verdict == "pass" and stamp and self._is_of_another_tenant(fields, stamp.authserv_id):
            return Finding("none", "relay: the mail left Microsoft 365 by way of another tenant")
        if found.verdict in ("none", "unknown") and self._is_own(domain) and not doubts:
            return self._within_tenant(fields, found)
        return found

    def _is_of_another_tenant(self, fields: Sequence[RawHeader], authserv_id: str) -> bool:
        """All tenants share Microsoft's networks, and its stamp has no id."""
        return bool(self._tenant) and (authserv_id or NO_ID) == NO_ID and tenant.is_anothers(fields, self._tenant)

    def _within_tenant(self, fields: Sequence[RawHeader], found: Finding) -> Finding:
        if not self._tenant:
            if tenant.claims_to_be_internal(fields):
                return found._replace(reason=f"{found.reason}; mail within a Microsoft 365 tenant needs [smtp] tenant")
            return found
        if why := tenant.doubt(fields, self._tenant):
            return found._replace(reason=f"{found.reason}; not proven to be from within the tenant: {why}")
        return Finding("pass", "relay: sent within the Microsoft 365 tenant")

    # -- by our own look-ups ----------------------------------------------------------------------

    async def _looked_up(self, peer: Peer, mail: MailData, domain: str) -> Finding:
        if self._direct is None:
            from gateway.smtp.verdict.direct import Direct  # dkimpy and dnspython only when they are used

            self._direct = Direct(self._settings)
        try:
            return await self._direct.judge(peer.address, peer.helo, peer.mail_from, mail, domain)
        except Exception as error:  # a sender must not be believed for what he does to a library
            log.error("verdict failed", error=type(error).__name__, exc_info=error)
            return Finding("fail", "the look-ups failed, see the log")


def _is_report(peer: Peer, mail: MailData) -> bool:
    """A mail server's report about undelivered mail: Postfix names itself with a comment, and nobody else is meant."""
    values = mail.split().values("from")
    return not peer.mail_from and len(values) == 1 and bool(_DAEMON.fullmatch(values[0]))
