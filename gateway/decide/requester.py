"""Whose mail it is: the contact and client of a new ticket, and contacts to be made.

Source: docs/mail-rules.md "Client and contact".

In order: a rule's client, the active contact with exactly the address, the operator's map of domains,
the client to whom all contacts of the domain belong, the mailbox's fallback client, quarantine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.match import domains
from gateway.match.noreply import takes_no_answers
from gateway.model.email import Address
from gateway.model.plan import Hit, Trace
from gateway.model.questions import ClientsOfDomain, Contact, ContactsOf, Facts
from gateway.model.reasons import Reason

Contacts = Literal["never", "mapped", "always"]
TAKEN = re.compile(r"(?!\.)(?!.*\.\.)[a-z0-9_'+\-.]{0,63}[a-z0-9_+-]@(?:[a-z0-9][a-z0-9-]{0,62}\.){1,9}[a-z]{2,63}")
"""What the desk takes as an address of a contact (docs/algapsa.md "Contacts")."""


@dataclass(frozen=True, slots=True)
class RequesterPolicy:
    """A mailbox's: its fallback client ("" for none), the clients of domains, whether the desk's contacts
    tell whose a domain is, and for whom contacts are made."""

    fallback: str = ""
    domains: Mapping[str, str] = field(default_factory=dict)
    infer: bool = True
    contacts: Contacts = "never"


@dataclass(frozen=True, slots=True)
class Requester:
    """``contact_id`` "" for none; ``refused`` a quarantine reason, None for none; ``create`` a contact to be made."""

    client_id: str = ""
    contact_id: str = ""
    fallback: bool = False
    refused: Reason | None = None
    detail: str = ""
    create: Address | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is looked for. ``automatic`` is the class of a mail that no person wrote: its client is found, but the desk
    gets no contact to mail. ``ours``: it is an address of ours; ``vouched``: a verdict or a technician stands for the
    address; ``client_id`` is a rule's."""

    person: Address | None
    automatic: str
    vouched: bool
    disproven: bool
    policy: RequesterPolicy
    facts: Facts
    trace: Trace
    client_id: str = ""
    to_fallback: bool = False
    ours: bool = False

    @property
    def address(self) -> str:
        return self.person.key if self.person else ""

    def contacts(self) -> list[Contact]:
        """The desk's contacts with the address, else with another of the same mailbox."""
        found: list[Contact] = []
        for address in (self.address, *domains.other_names(self.address)):
            found = found or self.facts.ask(ContactsOf(address))
        return found


def find(asked: Asked) -> Requester:
    """The first rule that knows."""
    for rule in REQUESTER_RULES:
        found = rule(asked)
        if found is not None:
            return _with_contact(asked, _without_robot(asked, found), rule)
    raise AssertionError("the last rule decides")


def _by_rule(asked: Asked) -> Requester | None:
    """A rule named the client; the sender is its contact when they are one of that client."""
    if asked.to_fallback:
        asked.trace.add("requester", "a rule could not tell the client", "fallback client")
        return _fallback(asked)
    if not asked.client_id:
        return None
    contact = ""
    if asked.person and not asked.ours:
        mine = [known for known in asked.contacts() if known.client_id == asked.client_id and not known.inactive]
        contact = mine[0].contact_id if len(mine) == 1 else ""
    asked.trace.add("requester", "a rule names the client", "contact and client" if contact else "client only")
    return Requester(asked.client_id, contact)


def _nobody(asked: Asked) -> Requester | None:
    """Nobody is named, or an address of ours: the fallback client."""
    if asked.ours:
        asked.trace.add("requester", f"{asked.address} is one of our own addresses", "fallback client")
    elif not asked.address:
        asked.trace.add("requester", "From names nobody", "fallback client")
    else:
        return None
    return _fallback(asked)


def _by_contact(asked: Asked) -> Requester | None:
    """The active contact with exactly the address."""
    address, trace = asked.address, asked.trace
    contacts = asked.contacts()
    working = [contact for contact in contacts if not contact.client_inactive]
    if contacts and not working:
        trace.add("requester", f"{address}: the client of the contact is inactive", "not used")
        return None
    active = [contact for contact in working if not contact.inactive] or working
    with_client = [contact for contact in active if contact.client_id]
    clients = dict.fromkeys(contact.client_id for contact in with_client)
    if len(clients) > 1:
        trace.add("requester", f"{address}: contacts of {len(clients)} clients", "quarantine")
        return Requester(
            refused=Reason.AMBIGUOUS_CLIENT, detail=f"{address} is a contact of {len(clients)} clients of the desk"
        )
    if not with_client:
        found = "a contact without client" if contacts else "no contact"
        trace.add("requester", f"{address}: {found}", "looked for by domain")
        return None
    if len(with_client) == 1 and not with_client[0].inactive:
        trace.add("requester", f"{address}: contact {with_client[0].name}", "contact and client")
        return Requester(with_client[0].client_id, with_client[0].contact_id)
    found = "an inactive contact" if len(with_client) == 1 else f"{len(with_client)} contacts of one client"
    trace.add("requester", f"{address}: {found}", "client only")
    return Requester(with_client[0].client_id)


def _by_map(asked: Asked) -> Requester | None:
    """The operator's map of domains, the longest entry first."""
    if asked.disproven:
        return None
    entry, client_id = domains.longest(domains.of(asked.address), asked.policy.domains)
    if not client_id:
        return None
    asked.trace.add("requester", f"domain {entry} is mapped", "client only")
    asked.trace.hits.append(Hit("domain", entry))
    return Requester(client_id)


def _by_inference(asked: Asked) -> Requester | None:
    """All active contacts of the domain belong to one client."""
    domain = domains.of(asked.address)
    if not asked.policy.infer or asked.disproven or not domain or domains.is_public(domain):
        return None
    clients: tuple[str, ...] = asked.facts.ask(ClientsOfDomain(domain))
    if len(clients) > 1:
        asked.trace.add("requester", f"domain {domain}: contacts of {len(clients)} clients", "not used")
    if len(clients) != 1:
        return None
    asked.trace.add("requester", f"domain {domain}: all contacts are of one client", "client only")
    return Requester(clients[0])


def _fallback(asked: Asked) -> Requester:
    if asked.policy.fallback:
        asked.trace.add("requester", "the mailbox's fallback client", "client only")
        return Requester(asked.policy.fallback, fallback=True)
    asked.trace.add("requester", "the mailbox has no fallback client", "quarantine")
    sender = asked.person.address if asked.person else "a mail without From"
    detail = f"{sender} is unknown and the mailbox has no fallback_client"
    return Requester(refused=Reason.UNKNOWN_SENDER, detail=detail)


def _without_robot(asked: Asked, found: Requester) -> Requester:
    """A machine is not mailed back."""
    if not asked.automatic or not found.contact_id:
        return found
    asked.trace.add("contact", f"{asked.automatic}: no person to answer", "not used")
    return replace(found, contact_id="")


REQUESTER_RULES: tuple[Callable[[Asked], Requester | None], ...] = (
    _by_rule,
    _nobody,
    _by_contact,
    _by_map,
    _by_inference,
    _fallback,
)


def _with_contact(asked: Asked, found: Requester, rule: Callable[[Asked], Requester | None]) -> Requester:
    """A contact to be made, where the mailbox wants it: for a person who is vouched for, and whose address
    no contact has."""
    policy = asked.policy.contacts
    machine = bool(asked.automatic) or asked.ours
    if policy == "never" or found.refused or found.contact_id or machine or asked.person is None:
        return found
    if policy == "mapped" and rule not in (_by_map, _by_rule):
        return found
    if not asked.vouched or "@" not in asked.address or takes_no_answers(asked.address):
        asked.trace.add("contact", f"nothing vouches for {asked.address}", "none is made")
        return found
    if not TAKEN.fullmatch(asked.address):
        asked.trace.add("contact", f"{asked.address} is no address that the desk takes", "none is made")
        return found
    if asked.contacts():
        return found
    asked.trace.add("contact", f"{asked.address} is new", "is made")
    return replace(found, create=Address(asked.address, asked.person.name))
