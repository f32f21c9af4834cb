"""Whom the words of a comment were meant for. They are public only where a customer of the ticket wrote them, or is
among those to whom they were sent; else, and where nobody can tell, they are for technicians.

To and Cc count. Reply-To is no recipient, and who got the mail in Bcc was not to be seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.decide.announced import Answer
from gateway.decide.context import DecisionContext
from gateway.decide.sender import CUSTOMERS, Reasons, among_its_client, customer, somebody
from gateway.match import domains
from gateway.model.questions import ClientsOfDomain, ContactsOf, Facts, Staff, Ticket

MOST_RECIPIENTS = 40


@dataclass(frozen=True, slots=True)
class Audience:
    """``public``: customers of the ticket may read the words. ``by_customer``: one wrote them, and whom they wrote
    to is of their side."""

    public: bool
    by_customer: bool


def classify(context: DecisionContext, ticket: Ticket) -> Audience:
    """For whom the mail's words are. The trace says by which rule."""
    who = context.sender
    if reason := customer(who, ticket, context.facts):
        context.trace.add("audience", f"written by {who.address}, who {reason}", "public")
        return Audience(True, True)
    answer = Answer(context.email, who, context.policy.own, context.facts)
    reasons = CUSTOMERS if answer.goes_to_authors_of(ticket) else among_its_client(CUSTOMERS)
    for address in _recipients(context):
        if reason := _addressed(context, address, ticket, reasons):
            context.trace.add("audience", f"sent to {address}, who {reason}", "public")
            return Audience(True, False)
    found = f"{who.address or 'nobody'} is no customer of the ticket, and none is in To or Cc"
    context.trace.add("audience", found, "internal")
    return Audience(False, False)


def _recipients(context: DecisionContext) -> list[str]:
    """Whose address stands in To or Cc, without our own mailboxes and technicians."""
    named = (recipient.key for recipient in (*context.email.to, *context.email.cc))
    own = context.policy.own
    others = [address for address in dict.fromkeys(named) if "@" in address and domains.untagged(address) not in own]
    others = others[:MOST_RECIPIENTS]
    context.facts.want(*(Staff(address) for address in others))
    return [address for address in others if not context.facts.ask(Staff(address))]


def _addressed(context: DecisionContext, address: str, ticket: Ticket, reasons: Reasons) -> str:
    """Why somebody in To or Cc is a customer of the ticket, "" when none of the reasons says so."""
    policy = context.policy.requesters
    for tried in dict.fromkeys((address, domains.untagged(address))):
        if reason := customer(somebody(tried, policy.domains), ticket, context.facts, reasons):
            return reason
    if policy.infer and _is_of_the_clients_domain(address, ticket, context.facts):
        return "is of the domain of the ticket's client"
    return ""


def _is_of_the_clients_domain(address: str, ticket: Ticket, facts: Facts) -> bool:
    """All contacts of the domain belong to the client. What the desk says of the address itself counts before it."""
    domain = domains.of(address)
    if ticket.fallback or not ticket.client_id or domains.is_public(domain) or facts.ask(ContactsOf(address)):
        return False
    return tuple(facts.ask(ClientsOfDomain(domain))) == (ticket.client_id,)
