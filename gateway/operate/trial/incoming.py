"""A mail that lies in a file, as it would have come in: to which mailbox, from whom, believed how far."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import Settings
from gateway.config.smtp import SmtpSettings
from gateway.intake.accept import Recipient, addressed
from gateway.intake.mailboxes import Mailboxes
from gateway.intake.maildata import MailData
from gateway.intake.register import deliveries_of
from gateway.mail.addresses import read_addresses
from gateway.mail.author import author_of
from gateway.mail.head import Head
from gateway.mail.headers import decode_value
from gateway.match.ours import Ours
from gateway.model.email import lower_ascii
from gateway.model.envelope import Envelope
from gateway.smtp.judge import Judgement, enforce
from gateway.smtp.spam import Spam, spam_of
from gateway.smtp.verdict.verdict import Peer, Verdicts
from gateway.store.deliveries import NewDelivery

DELIVERED = ("delivered-to", "x-delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
"""Who got a mail, as the last server wrote it."""
NAMED = ("to", "cc")
LABELS = "x-gmail-labels"
THREAD = "x-gm-thrid"
BY_GOOGLE = re.compile(rb"(?i)\bby\s+(?:[\w.-]+\.)?(?:gmail|google|googlemail|gmailapi\.google)\.com\b|\bwith\s+HTTP")
"""Who took a mail that was written in Gmail or sent through it."""
NOT_RECEIVED = {
    "sent": "sent by us",
    "drafts": "a draft",
    "draft": "a draft",
    "spam": "in the spam folder",
    "chat": "a chat",
}
"""Gmail's own labels, as its export names them in English, of what never came to a mailbox."""
FROM_OUTLOOK = b"<mailer-daemon>"
"""What readpst writes as the author of a mail of which Outlook keeps no address: what its owner wrote."""
MOZILLA_DELETED = 0x0008
NO_LIMIT = 1 << 62


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail and the delivery that it would make; ``refused`` is the reply that its sender would have got."""

    new: NewDelivery | None
    refused: str = ""


class Door:
    """``home`` is the mailbox of what names none of ours; ``authserv_ids`` are believed as those of a relay."""

    def __init__(self, settings: Settings, home: MailboxSettings, authserv_ids: tuple[str, ...] = ()) -> None:
        smtp = settings.smtp
        believed = (*smtp.authserv_ids, *authserv_ids)
        self.settings = settings
        self.home = home
        self.authserv_ids = authserv_ids
        self.mailboxes = Mailboxes(settings.mailbox)
        self.own = Ours(settings.own_addresses())
        self.is_relayed = bool(believed or smtp.tenant)
        judging: SmtpSettings = smtp.model_copy(update={"authserv_ids": believed})
        self.verdicts = Verdicts(judging, self.mailboxes.domains)

    def left_out(self, head: Head) -> str:
        """Why a mail never came to one of our mailboxes, "" when it did."""
        said = ",".join(decode_value(value) for value in head.values(LABELS))
        labels = {label.strip(' "').lower() for label in said.split(",")}
        if "inbox" not in labels:  # as what its owner wrote to the mailbox
            if label := next((label for label in NOT_RECEIVED if label in labels), ""):
                return NOT_RECEIVED[label]
            if _began_in_gmail(head):
                return "written in Gmail"
        if why := _is_marked(head):
            return why
        if not head.values("received") and any(_is_of_outlook(value) for value in head.values("from")):
            return "written in Outlook"
        author = lower_ascii(author_of(head.fields).address)
        if author and author in self.own and self._address(head) is None:
            return NOT_RECEIVED["sent"]
        return ""

    def _address(self, head: Head) -> str | None:
        """The first of our addresses that the mail was for."""
        for name in (*DELIVERED, *NAMED):
            for value in head.values(name):
                for person in read_addresses(value.decode("utf-8", "replace")):
                    found = self.mailboxes.match(person.address) if person.address else None
                    if found and found.rule != "postmaster":
                        return person.address
        return None

    async def open(self, raw: bytes, at: float) -> Incoming:
        """What the listener would have made of it."""
        mail = MailData(Path(), NO_LIMIT)
        mail.add(raw)
        head = mail.split()
        address = self._address(head) or self.home.address
        box = self.mailboxes.find(address) or self.home
        sender = _sender(head)
        peer = Peer(mail_from=sender, is_relay=self.is_relayed)
        judged = Judgement([Recipient(box, address)], [None])
        if self.verdicts.is_needed(peer):
            judged.verdict = await self.verdicts.judge(peer, mail)
            enforce(judged, each=True, can_wait=False)
        if judged.is_refused:
            return Incoming(None, f"refused: {judged.verdict.reason or 'its sender is not proven'}")
        spam = spam_of(head.fields) if self.is_relayed else Spam()
        envelope = Envelope(
            mail_from=sender,
            rcpt_to=address,
            time=at,
            verdict=judged.verdict.verdict,
            verdict_reason=judged.verdict.reason,
            verdict_for=judged.verdict.sender,
            spam=spam.flag,
            spam_score=spam.score,
            scl=spam.scl,
        )
        to = addressed(judged.recipients, envelope.time)
        (new,) = deliveries_of(mail.split(), mail.digest(), envelope, to, self.settings.work)
        return Incoming(new)


def _is_of_outlook(author: bytes) -> bool:
    return author.strip().lower().endswith(FROM_OUTLOOK)


def _is_marked(head: Head) -> str:
    """What Thunderbird and Outlook say in a mail of their own: deleted (or moved away, and still in the file), or not
    sent yet."""
    if any(value.strip() == b"1" for value in head.values("x-unsent")):
        return NOT_RECEIVED["draft"]
    for value in head.values("x-mozilla-status")[:1]:
        try:
            return "deleted" if int(value.strip()[:8], 16) & MOZILLA_DELETED else ""
        except ValueError:
            continue
    return ""


def _sender(head: Head) -> str:
    """MAIL FROM, as the last server kept it; else From."""
    for value in head.values("return-path")[:1]:
        return value.decode("utf-8", "replace").strip().strip("<>")
    return author_of(head.fields).address


def _began_in_gmail(head: Head) -> bool:
    """Whether a mail of Gmail's export was sent, drafted or chatted by its owner: what came in says to whom it was
    delivered, or by which servers it went."""
    if not (head.values(THREAD) or head.values(LABELS)) or any(head.values(name) for name in DELIVERED):
        return False
    hops = head.values("received")
    return not hops or (len(hops) == 1 and BY_GOOGLE.search(hops[0]) is not None)
