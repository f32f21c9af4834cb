"""The mail that tells a sender what became of theirs: in their language, in their thread, one in a while.

It is a letter like all of the gateway's own mail (``store/letters.py``): kept in the transaction of what it tells, and
sent at most once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.match import domains
from gateway.model.effects import AcknowledgeBody
from gateway.model.email import Email
from gateway.model.spans import DAY, HOUR
from gateway.outgoing.written import message_id, written
from gateway.store import letters
from gateway.store.deliveries import Delivery
from gateway.store.letters import Letter
from gateway.templates import Templates
from gateway.work.language import language_of

KIND = "acknowledge"
WORTH = 4 * HOUR
"""Seconds for which the smarthost may be tried."""
LATE = DAY


class Acknowledger:
    """``templates`` by mailbox; of one that is no longer configured the shipped ones."""

    def __init__(self, settings: Settings, templates: Mapping[str, Templates], clock: Callable[[], float]) -> None:
        self.sender = settings.smarthost.sender or ""
        self.every = settings.acknowledge.every
        self.domain_per_hour = settings.acknowledge.domain_per_hour
        self.templates = templates
        self.languages = {box.address: box.language for box in settings.mailbox}
        self.clock = clock

    async def translated(self, body: AcknowledgeBody, email: Email, mailbox: str) -> AcknowledgeBody:
        """The acknowledgement in the language of the mail."""
        language = await asyncio.to_thread(language_of, email, self.languages.get(mailbox, "en"))
        return replace(body, language=language)

    def silence(self, delivery: Delivery, rehearses: bool) -> str:
        """Why nobody is told of this mail, "" where its sender may be: nothing can be sent, its desk is in shadow, or
        it came so long ago that an acknowledgement would only puzzle."""
        if not self.sender:
            return "no smarthost is configured any more"
        if rehearses:
            return "nobody is told in shadow mode"
        return "it is too late to tell" if self.clock() - delivery.accepted_at > LATE else ""

    def letter(self, body: AcknowledgeBody, delivery: Delivery, ticket: str = "") -> Letter:
        """``ticket`` is its number, "" for none. Without a least time there is one of each occasion of a mail. Raises
        BadTemplate."""
        now = self.clock()
        key = self._key(body.recipient, now) if self.every else f"{KIND}\0{delivery.id}\0{body.occasion}"
        values = {"occasion": body.occasion, "ticket": ticket, "subject": body.subject, "mailbox": delivery.mailbox}
        templates = self.templates.get(delivery.mailbox) or Templates()
        lines = templates.lines(f"acknowledge.{body.language}", **values, files=list(body.files))
        headers = {"Auto-Submitted": "auto-replied", "Reply-To": delivery.mailbox, "X-Auto-Response-Suppress": "All"}
        if body.about:
            thread = dict.fromkeys((*body.references, body.about))
            headers |= {"In-Reply-To": f"<{body.about}>", "References": " ".join(f"<{name}>" for name in thread)}
        text = "\n".join(lines[1:]).strip()
        mail = written(self.sender, body.recipient, lines[0], text, key, now, name=delivery.mailbox, headers=headers)
        return Letter(key, KIND, body.recipient, mail, now + WORTH, seq=delivery.seq)

    def keep(self, connection: Connection, letter: Letter | None) -> str:
        """Have it sent, if there is one, once this transaction is committed. Returns why not, "" when it will be."""
        if letter is None:
            return ""
        now = self.clock()
        if self._is_enough(connection, letter.recipient, now):
            return "many of its domain were told in this hour"
        before = letters.made_at(connection, self._key(letter.recipient, now - self.every)) if self.every else 0.0
        if now - before < self.every or not letters.keep(connection, letter, now):
            return "told not long ago"
        return ""

    def _is_enough(self, connection: Connection, recipient: str, now: float) -> bool:
        """Whether so many of its domain were told that it may be a robot which answers from an address of its own each
        time. In a public domain nobody can do that."""
        domain = domains.of(recipient)
        if not self.domain_per_hour or domains.is_public(domain):
            return False
        told = letters.recipients(connection, KIND, now - HOUR)
        family = domains.family(domain)
        alike = [address for address in told if domains.family(domains.of(address)) == family]
        return len(alike) >= self.domain_per_hour

    def message_id(self, letter: Letter) -> str:
        """Its Message-ID, by which a reply to it is known."""
        return message_id(letter.key, self.sender)

    def _key(self, recipient: str, now: float) -> str:
        """Of one person, whatever tags the address has, there is one in each stretch of time, and never two within the
        length of one."""
        return f"{KIND}\0{domains.untagged(recipient)}\0{int(now // self.every)}"
