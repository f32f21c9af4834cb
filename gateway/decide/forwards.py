"""Whom a forwarded mail is about (docs/mail-rules.md "Forwards").

A forward is a mail that says so in its subject, or one that carries another as an attached message;
a reply that quotes is none. Forwarded by a technician with a passing verdict, or by an address that
the mailbox trusts, the mail counts as its original sender's. Anyone else stays the requester of what
they forward, for the words in a forward are theirs to write. A redirected mail is no forward: its
From is still the customer's.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from gateway.decide.sender import Sender, binding, filled_in_by, somebody
from gateway.decide.today import ticket_of_id
from gateway.match import prefixes, title
from gateway.match.noreply import takes_no_answers
from gateway.match.ours import Ours
from gateway.model.email import Address, Email, Forwarded
from gateway.model.plan import Trace
from gateway.model.questions import Facts, Mapped, Staff, Ticket, TicketsOf

OWN = ("received", "announced")  # how the id of a mail that we have is known


@dataclass(frozen=True, slots=True)
class Forward:
    """``original`` is the mail that was forwarded; with ``trusted`` its sender is the requester, and the
    forwarder's own words are for technicians."""

    original: Forwarded
    trusted: bool = False

    @property
    def requester(self) -> Address | None:
        return self.original.sender if self.trusted else None


def find(
    email: Email,
    sender: Sender,
    trusted: frozenset[str],
    own: Ours,
    forms: frozenset[str],
    facts: Facts,
    trace: Trace,
) -> Forward | None:
    """The forward in a mail, and whether it counts for the person it is about."""
    if not is_forward(email):
        return None
    assert email.forwarded is not None
    whose = vouches(sender, trusted)
    if not whose:
        trace.add("forward", f"by {sender.address or 'a mail without From'}, who is no technician with a pass", "stays")
        return Forward(email.forwarded)
    messages = [attachment for attachment in email.attachments if attachment.content_type == "message/rfc822"]
    if email.forwarded.attached and len(messages) > 1:
        trace.add("forward", f"{len(messages)} mails are attached: nobody can tell which it is about", "stays")
        return Forward(email.forwarded)
    original, why = _about(email.forwarded, own, forms, facts)
    if original is None:
        trace.add("forward", f"{whose}, but {why}", "the forwarder stays the requester")
        return Forward(email.forwarded)
    assert original.sender is not None
    trace.add("forward", f"{whose}; {why}", f"requester {original.sender.key}")
    return Forward(original, trusted=True)


def ticket_of(original: Forwarded, board_id: str, fallbacks: Set[str], facts: Facts, trace: Trace) -> Ticket | None:
    """The board's ticket that has the forwarded mail, by its own Message-ID. Its sender must be bound to that
    ticket, for anybody can make up a message with an id that they know and have it forwarded."""
    if not original.message_ids or original.sender is None:
        return None
    address = original.sender.key
    rows: list[Mapped] = facts.ask(TicketsOf(original.message_ids[:1], address))
    mine = {row.ticket_id for row in rows if row.board_id == board_id and row.known in OWN and row.ticket_id}
    if len(mine) != 1:
        return None
    ticket = ticket_of_id(mine.pop(), facts, fallbacks, trace)
    if ticket is None:
        return None
    name = ticket.number or ticket.ticket_id
    reason = binding(somebody(address), ticket, facts)
    trace.add("forward", f"ticket {name} has the forwarded mail", reason or f"{address} has nothing to do with it")
    return ticket if reason else None


def is_forward(email: Email) -> bool:
    """Whether a mail is a forward, and not a reply with what it answers below."""
    if email.forwarded is None or email.auto.is_auto:
        return False
    if prefixes.is_forward(title.from_prefix(email.subject)):
        return True
    return email.forwarded.attached and not email.in_reply_to and not title.is_reply(email.subject)


def vouches(sender: Sender, trusted: frozenset[str]) -> str:
    """Why the sender's forwards count for others, "" when they do not."""
    if sender.is_staff and sender.proven:
        return "by a technician with a passing verdict"
    if sender.address in trusted and sender.verdict != "fail":
        return "by an address that the mailbox lets forward"
    return ""


def _about(outermost: Forwarded, own: Ours, forms: frozenset[str], facts: Facts) -> tuple[Forwarded | None, str]:
    """The mail that it is about: the outermost that is not our own people's or mailboxes' mail. That of a web form is
    by whoever filled it in."""
    chain = (outermost, *outermost.chain)
    facts.want(*(Staff(forwarded.sender.key) for forwarded in chain if forwarded.sender and forwarded.sender.address))
    for depth, forwarded in enumerate(chain):
        address = forwarded.sender.key if forwarded.sender else ""
        if "@" not in address:
            return None, "the forwarded mail names no address"
        filled = filled_in_by(address, forwarded.reply_to, own, forms)
        if filled and not facts.ask(Staff(filled.key)):
            return replace(forwarded, sender=filled), f"{address} is a form"
        if takes_no_answers(address):
            return None, f"{address} takes no answers"
        if address in own or facts.ask(Staff(address)):
            continue
        return forwarded, f"the mail of {address}" + (f", forwarded {depth + 1} times" if depth else "")
    return None, "the forwarded mail is of our own people"


def has_words(email: Email) -> bool:
    """Whether a mail says anything of its own, above what it sends on or below what it quotes."""
    words = email.forwarded.above if email.forwarded else email.reply.text
    return bool(words.strip())
