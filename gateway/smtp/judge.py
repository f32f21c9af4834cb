"""What is decided of a whole mail before it is kept: an ordered list of checks, the first refusal wins.

Loops, the sender's verdict with each mailbox's policy, and the virus scanner. Nothing here reads more
of the content than its header block, but for the scanner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from gateway.config.mailbox import MailboxSettings
from gateway.intake.accept import Recipient
from gateway.intake.maildata import MailData
from gateway.intake.scanner import ScannerAway
from gateway.mail.head import block_of, with_line_feeds
from gateway.match.names import Name, proof_of
from gateway.model.reasons import Reason
from gateway.smtp.arrival import Arrival
from gateway.smtp.context import ServerContext
from gateway.smtp.replies import (
    BARE_LINE_END,
    INFECTED,
    LOOP_OWN,
    LOOP_RECEIVED,
    SCANNER_AWAY,
    SENDER_FAILED,
    SENDER_UNKNOWN,
    Reply,
)
from gateway.smtp.verdict.verdict import Peer, SenderVerdict

log = structlog.get_logger("smtp")

KEEPS_OUT = ("quarantine", "reject")  # DMARC policies


@dataclass(slots=True)
class Judgement:
    """``refusals`` holds the reply of each recipient in order, None where the mail is taken."""

    recipients: list[Recipient]
    refusals: list[Reply | None]
    verdict: SenderVerdict = field(default_factory=SenderVerdict)
    notes: list[str] = field(default_factory=list)
    virus: str = ""

    def refuse_all(self, reply: Reply) -> Judgement:
        """This reply to every recipient."""
        self.refusals = [reply] * len(self.recipients)
        return self

    @property
    def is_refused(self) -> bool:
        """Whether nobody takes the mail."""
        return all(self.refusals)


async def judge(
    context: ServerContext, peer: Peer, arrival: Arrival, recipients: Sequence[Recipient], each: bool
) -> Judgement:
    """``each``: the recipients are replied to one by one (LMTP)."""
    found = Judgement(list(recipients), [None] * len(recipients), notes=arrival.line_ends.notes)
    if arrival.trouble:
        return found.refuse_all(arrival.trouble)
    if arrival.line_ends.policy == "refuse" and (arrival.line_ends.bare_lf or arrival.line_ends.bare_cr):
        return found.refuse_all(BARE_LINE_END)
    if loop := _loop(context, arrival.mail):
        return found.refuse_all(loop)
    if context.verdicts.is_needed(peer):
        found.verdict = await context.verdicts.judge(peer, arrival.mail)
        enforce(found, each, can_wait=not peer.is_relay)
        if found.is_refused:
            return found
    if context.scanner:
        await _scan(context, found, arrival.mail)
    return found


def _loop(context: ServerContext, mail: MailData) -> Reply | None:
    """RFC 5321 6.3, and our own mark. A header is split for this only where the words are there often enough."""
    most, own = context.settings.max_received, context.settings.loop_header.lower()
    block = block_of(with_line_feeds(mail.start())).lower()
    if block.count(b"received") > most and sum(name.lower() == "received" for name, _ in mail.fields()) > most:
        return LOOP_RECEIVED
    if not own or own.encode() not in block:
        return None
    return LOOP_OWN if any(name.lower() == own and _is_ours(context, raw) for name, raw in mail.fields()) else None


def _is_ours(context: ServerContext, raw: bytes) -> bool:
    return raw.decode("ascii", "replace").strip().lower() == context.hostname.lower()


def enforce(found: Judgement, each: bool, can_wait: bool) -> None:
    """Each mailbox's policy. With one reply for all, a mail is refused only when all refuse it; those
    that would have refused it get it for quarantine. ``can_wait``: a later try may find out more."""
    verdict = found.verdict
    spoofed = verdict.is_own_domain and verdict.verdict != "pass"
    for at, recipient in enumerate(found.recipients):
        fate = _fate(recipient.mailbox, verdict, can_wait)
        if fate == "refuse":
            found.refusals[at] = SENDER_UNKNOWN if verdict.verdict == "unknown" else SENDER_FAILED
        if spoofed:
            found.recipients[at] = replace(recipient, quarantine=Reason.SPOOFED_INTERNAL.value)
        elif fate != "accept":
            reason = Reason.FAILED_VERIFICATION if verdict.verdict == "fail" else Reason.UNPROVEN_SENDER
            found.recipients[at] = replace(recipient, quarantine=reason.value)
    if not each and not found.is_refused:
        found.refusals = [None] * len(found.recipients)


def _fate(mailbox: MailboxSettings, verdict: SenderVerdict, can_wait: bool) -> str:
    """accept, quarantine or refuse. Where a domain wants forgeries kept out and its DNS does not say whether this is
    one, nobody is believed: the mail waits at the sender's, or in quarantine when waiting changes nothing."""
    fates = {"fail": mailbox.on_fail, "none": mailbox.on_none, "unknown": mailbox.on_unknown}
    fate = fates.get(verdict.verdict, "accept")
    if fate == "accept" and verdict.verdict == "unknown" and verdict.policy in KEEPS_OUT:
        return "refuse" if can_wait else "quarantine"
    return fate


def name_of(peer: Peer, verdict: SenderVerdict) -> Name:
    """In whose name the mail counts: the login; the From address where it is proven; else MAIL FROM as that network
    said it, under that verdict. Automatic answers have the null sender, and are nobody's."""
    if peer.login:
        return Name(peer.login, "login")
    if not peer.mail_from:
        return Name("", "")
    said = verdict.sender if verdict.verdict == "pass" else peer.mail_from
    return Name(said, proof_of(verdict.verdict, "", peer.address))


async def _scan(context: ServerContext, found: Judgement, mail: MailData) -> None:
    assert context.scanner
    try:
        result = await context.scanner.scan(mail)
    except ScannerAway as error:
        log.error("scanner away", detail=str(error), policy=context.settings.scanner.away)
        if context.settings.scanner.away == "defer":
            found.refuse_all(SCANNER_AWAY)
        else:
            found.notes.append("unscanned")
        return
    if result.virus:
        found.virus = result.virus
        found.refuse_all(INFECTED)
    elif not result.whole:
        found.notes.append("unscanned")
