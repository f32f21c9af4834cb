"""Which ticket a mail belongs to, by evidence, and whether its sender may write there.

Evidence is tried strongest first; every candidate goes into the trace. A match counts only for a
bound sender (DESIGN "Bound senders"): otherwise the mail is quarantined with no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.decide.facts import (
    Contact,
    ContactsOf,
    Facts,
    IsParticipant,
    Mapped,
    Ticket,
    TicketFacts,
    TicketsOf,
)
from gateway.decide.plan import Trace
from gateway.mail.model import Email

Strength = Literal["strong", "medium", "weak"]

MOST_REFERENCES = 50


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason why a mail may belong to a ticket."""

    rule: str
    ticket_id: str
    strength: Strength
    found: str


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket of the mail, or why there is none. ``refused`` is a quarantine reason."""

    ticket: Ticket | None = None
    refused: str = ""
    detail: str = ""


def thread_ids(email: Email) -> tuple[str, ...]:
    """The ids that tie a mail to others: In-Reply-To, then References nearest first."""
    nearest_first = tuple(reversed(email.references[-MOST_REFERENCES:]))
    ids = dict.fromkeys((*email.in_reply_to, *nearest_first))
    if email.auto.bounce and email.auto.bounce.original_message_id:
        ids = dict.fromkeys((email.auto.bounce.original_message_id, *ids))
    return tuple(ids)


def find(email: Email, facts: Facts, board_id: str, trace: Trace) -> Match:
    """The ticket to which the mail belongs, with its sender's right to write there."""
    ids = thread_ids(email)
    if not ids:
        trace.add("thread", "no In-Reply-To, no References", "not a reply")
        return Match()
    rows: list[Mapped] = facts.ask(TicketsOf(ids))
    levels = _levels(email, rows, board_id)
    for rule, level in levels:
        tickets = tuple(dict.fromkeys(evidence.ticket_id for evidence in level))
        if not tickets:
            continue
        for evidence in level:
            trace.add(rule, evidence.found, f"ticket {evidence.ticket_id} ({evidence.strength})")
        if len(tickets) > 1:
            trace.add(rule, f"{len(tickets)} tickets", "quarantine")
            return Match(refused="ambiguous-thread", detail=f"{rule} names tickets {', '.join(tickets)}")
        return _bound(email, facts, tickets[0], trace)
    trace.add("thread", f"{len(ids)} ids, none of a ticket that we know", "not a known thread")
    return Match()


def _levels(email: Email, rows: list[Mapped], board_id: str) -> Iterator[tuple[str, list[Evidence]]]:
    """The ladder: each rule with its evidence, strongest first."""
    exact = [row for row in rows if row.known != "referenced"]
    ancestors = [row for row in rows if row.known == "referenced"]
    if email.auto.bounce and email.auto.bounce.original_message_id:
        yield "bounced mail", _of((email.auto.bounce.original_message_id,), exact, board_id, "strong")
    yield "In-Reply-To", _of(email.in_reply_to, exact, board_id, "strong")
    for reference in reversed(email.references[-MOST_REFERENCES:]):
        yield "References", _of((reference,), exact, board_id, "strong")
    for one in thread_ids(email):
        yield "shared ancestor", _of((one,), ancestors, board_id, "weak")


def _of(ids: tuple[str, ...], rows: list[Mapped], board_id: str, strength: Strength) -> list[Evidence]:
    """The tickets of these ids; where an id has several, the one of the mailbox's own board."""
    found = []
    for one in ids:
        mine = [row for row in rows if row.message_id == one and row.ticket_id]
        own_board = [row for row in mine if row.board_id == board_id]
        for row in own_board or mine:
            found.append(Evidence(row.known, row.ticket_id, strength, f"<{one}> was {row.known}"))
    return found


def _bound(email: Email, facts: Facts, ticket_id: str, trace: Trace) -> Match:
    ticket: Ticket | None = facts.ask(TicketFacts(ticket_id))
    if ticket is None:
        trace.add("ticket", f"{ticket_id} is gone from the desk", "a new ticket")
        return Match(detail=f"continues ticket {ticket_id}, which the desk no longer has")
    address = _who(email)
    reason = _binding(address, ticket, facts) if address else ""
    if reason:
        trace.add("sender", f"{address}: {reason}", "may write to the ticket")
        return Match(ticket=ticket)
    trace.add("sender", f"{address or 'nobody'} has nothing to do with the ticket", "quarantine")
    return Match(
        refused="unverified-sender",
        detail=f"{address or 'a mail without From'} is neither contact nor participant of ticket {ticket.number}",
    )


def _who(email: Email) -> str:
    """Whose right counts: the sender's; for a bounce that of the mail's recipient who is out of reach."""
    if email.auto.bounce:
        return email.auto.bounce.recipient.lower()
    return email.sender.address.lower() if email.sender else ""


def _binding(address: str, ticket: Ticket, facts: Facts) -> str:
    """Why the address may write to the ticket, "" when nothing says so."""
    if facts.ask(IsParticipant(ticket.ticket_id, address)):
        return "was sender or recipient of mail of the ticket"
    contacts: list[Contact] = [one for one in facts.ask(ContactsOf(address)) if not one.inactive]
    if ticket.contact_id and any(one.contact_id == ticket.contact_id for one in contacts):
        return "is the ticket's contact"
    if not ticket.fallback and any(one.client_id == ticket.client_id for one in contacts if one.client_id):
        return "is an active contact of the ticket's client"
    return ""
