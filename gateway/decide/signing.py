"""The sender's signature: what of the mail's end was shown before, and what is learnt of it for later mail.

Learnt by the name that the mail is in and by the proof of it: other tickets count for proven names alone, and other
people of a domain only where the domain is nobody's public one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.decide.context import DecisionContext
from gateway.decide.sender import name_of
from gateway.mail import ending
from gateway.mail.ending import Ending, Name
from gateway.match import domains
from gateway.model.email import Email
from gateway.model.plan import Signed
from gateway.model.questions import EndingOf


@dataclass(frozen=True, slots=True)
class Known:
    """``passages`` of a reply that are known of the signature, by index; the ``files`` among them, by index."""

    passages: frozenset[int] = frozenset()
    files: frozenset[int] = frozenset()
    mails: int = 0


def known(context: DecisionContext, ticket_id: str, present: Mapping[str, str]) -> Known:
    """What of the mail's end goes from a comment on the ticket, which has the files ``present``; of a new ticket
    (``ticket_id`` "") what pictures do."""
    asked = question(context, ticket_id)
    return known_of(context.email, context.facts.ask(asked), present) if asked else Known()


def question(context: DecisionContext, ticket_id: str) -> EndingOf | None:
    """What ``known`` asks, None for a mail of which nothing can be known."""
    email = context.email
    if context.delivery.release.whole or not (ticket_id or ending.has_pictures(email)) or not context.prints:
        return None
    name = _proven_name(context)
    if not (ticket_id or name.sender):
        return None
    return EndingOf(ticket_id, name.sender, name.domain, email.sender, email.digest)


def known_of(email: Email, found: Ending, present: Mapping[str, str]) -> Known:
    """The pictures in it go where they are known, or where the ticket has them."""
    passages, attachments = email.reply.passages, email.attachments
    beside = [i for i in found.beside if attachments[passages[i].picture].sha256 in present]
    pictures = {passages[i].picture for i in found.pictures}
    elsewhere = {file.sha256 for i, file in enumerate(attachments) if i not in pictures}
    files = frozenset(i for i in pictures if attachments[i].sha256 not in elsewhere)
    return Known(frozenset((*found.lines, *found.pictures, *beside)), files, found.mails)


def learnt(context: DecisionContext) -> Signed | None:
    """What later mail is compared with, once this one is posted; nothing of one that an operator wants shown whole."""
    if context.delivery.release.whole:
        return None
    prints = context.prints
    counted = name_of(context.email, context.envelope)
    if not prints or not counted.address:
        return None
    name = _proven_name(context)
    return Signed(name.sender or counted.key, name.domain, prints.hex())


def _proven_name(context: DecisionContext) -> Name:
    """The name in which the mail is, "" where nothing proves it."""
    counted = name_of(context.email, context.envelope)
    if not context.sender.proven or not counted.address:
        return Name()
    domain = domains.of(counted.address)
    return Name(counted.key, "" if not domain or domains.is_public(domain) else counted.domain_key)
