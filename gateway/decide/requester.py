"""Whose mail it is: the contact and client of a new ticket (RULES 13)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.decide.facts import Contact, ContactsOf, Facts
from gateway.decide.plan import Trace
from gateway.mail.model import Address


@dataclass(frozen=True, slots=True)
class Requester:
    """``contact_id`` "" for none; ``refused`` a quarantine reason."""

    client_id: str = ""
    contact_id: str = ""
    fallback: bool = False
    refused: str = ""
    detail: str = ""


def find(person: Address | None, automatic: str, facts: Facts, fallback_client: str, trace: Trace) -> Requester:
    """The active contact with exactly the person's address, else the mailbox's fallback client.
    ``automatic`` is the class of a mail that no person wrote."""
    if automatic:
        trace.add("requester", f"{automatic}: no person to answer", "fallback client")
        return _fallback(person, fallback_client, trace)
    if person is None:
        trace.add("requester", "no From", "fallback client")
        return _fallback(person, fallback_client, trace)
    address = person.address.lower()
    contacts: list[Contact] = facts.ask(ContactsOf(address))
    active = [one for one in contacts if not one.inactive] or contacts
    with_client = [one for one in active if one.client_id]
    clients = dict.fromkeys(one.client_id for one in with_client)
    if len(clients) > 1:
        trace.add("requester", f"{address}: contacts of {len(clients)} clients", "quarantine")
        return Requester(
            refused="ambiguous-client", detail=f"{address} is a contact of {len(clients)} clients of the desk"
        )
    if not with_client:
        found = "a contact without client" if contacts else "no contact"
        trace.add("requester", f"{address}: {found}", "fallback client")
        return _fallback(person, fallback_client, trace)
    if len(with_client) == 1 and not with_client[0].inactive:
        trace.add("requester", f"{address}: contact {with_client[0].name}", "contact and client")
        return Requester(with_client[0].client_id, with_client[0].contact_id)
    found = "an inactive contact" if len(with_client) == 1 else f"{len(with_client)} contacts of one client"
    trace.add("requester", f"{address}: {found}", "client only")
    return Requester(with_client[0].client_id)


def _fallback(person: Address | None, client_id: str, trace: Trace) -> Requester:
    if client_id:
        return Requester(client_id, fallback=True)
    trace.add("requester", "the mailbox has no fallback client", "quarantine")
    sender = person.address if person else "a mail without From"
    return Requester(refused="unknown-sender", detail=f"{sender} is unknown and the mailbox has no fallback_client")
