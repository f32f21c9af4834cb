"""Who wrote a mail, what is known of that, and whether the sender may write to a ticket.

A header that names a ticket counts only for a *bound* sender (docs/design.md "Bound senders"). The fallback
client binds nobody. Where verdicts are configured, mail in a technician's name needs a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gateway.match import domains
from gateway.match.names import Name, proof_of
from gateway.match.ours import Ours
from gateway.model.email import Address, Automatic, Email, lower_ascii
from gateway.model.envelope import Envelope, Verdict
from gateway.model.questions import AddressesOf, ClientsOfDomain, Contact, ContactsOf, Facts, PartIn, Staff, Ticket


@dataclass(frozen=True, slots=True)
class Sender:
    """``address`` in lower case, "" for a mail without From; ``verdict`` is about this address;
    ``mapped_client`` the client of its domain by the operator's map, "" for none; ``is_ours``: one of our mailboxes."""

    address: str
    verdict: Verdict
    is_staff: bool
    mapped_client: str = ""
    is_ours: bool = False
    is_colleague: bool = False  # where people of one client's domain may answer in its tickets

    @property
    def proven(self) -> bool:
        return self.verdict == "pass"

    @property
    def was_judged(self) -> bool:
        """Whether somebody looked at all: with "unknown" nothing is configured that could."""
        return self.verdict != "unknown"


def somebody(address: str, clients: Mapping[str, str] | None = None) -> Sender:
    """Somebody whom a mail names, in lower case: nothing proves a word of theirs. ``clients`` are those of domains, by
    the operator's map."""
    return Sender(address, "unknown", False, domains.longest(domains.of(address), clients or {})[1])


Reasons = tuple[tuple[str, Callable[[Sender, Ticket, Facts], bool]], ...]


def address_of(email: Email) -> str:
    """The address in From, as it is compared; "" where From is not one plain mailbox."""
    return email.sender.key if email.sender else ""


def unlisted(email: Email, envelope: Envelope, lists: frozenset[str], own: Ours) -> tuple[Email, Envelope]:
    """A mail whose From a list of ours rewrote, as its author sent it (``mail.author.listed_author``). Only where a
    passing verdict says that it came from that list: anybody can write X-Original-From."""
    address = address_of(email)
    mine = not envelope.verdict_for or lower_ascii(envelope.verdict_for) == address
    listed = domains.among(address, lists) or address in own
    if not address or not listed or envelope.verdict != "pass" or not mine:
        return email, envelope
    named = email.list_author
    if named is None or named.key == address:
        return email, envelope
    assert email.sender is not None
    author = Address(named.address, named.name or email.sender.name.partition(" via ")[0].strip("'\" "))
    is_ours = email.marks.notification is not None  # the desk's, whoever sent it on
    auto = Automatic() if email.auto.kind in ("own", "list") and not is_ours else email.auto
    words = f"{author.address} by way of the list {address}"
    return replace(email, sender=author, auto=auto), replace(
        envelope, verdict="unknown", verdict_for="", verdict_reason=words
    )


def verdict_of(email: Email, envelope: Envelope) -> Verdict:
    """What is known of From. A verdict about another address disproves this one: two readers of the same From saw
    two people."""
    mine = not envelope.verdict_for or lower_ascii(envelope.verdict_for) == address_of(email)
    return envelope.verdict if mine else "fail"


def name_of(email: Email, envelope: Envelope) -> Name:
    """In whose name the mail is counted."""
    return Name(address_of(email), proof_of(verdict_of(email, envelope), envelope.auth, envelope.peer))


def identify(
    email: Email, envelope: Envelope, facts: Facts, mapped: Mapping[str, str], own: Ours, colleagues: bool
) -> Sender:
    """The sender of a mail: From alone, for no other header proves or binds anybody. ``mapped`` are the clients of
    domains; ``colleagues`` of a client's contacts may answer in its tickets."""
    address, verdict = address_of(email), verdict_of(email, envelope)
    _, client_id = domains.longest(domains.of(address), mapped)
    return Sender(address, verdict, bool(address and facts.ask(Staff(address))), client_id, address in own, colleagues)


def filled_in_by(form: str, reply_to: Address | None, own: Ours, forms: frozenset[str]) -> Address | None:
    """Who filled in the web form with this address, which may be one of ours: whom Reply-To names, unless that is one
    of ours. None for an address that is no form's."""
    is_form = form in own or domains.among(form, forms)
    return reply_to if is_form and reply_to and reply_to.key not in own else None


def binding(sender: Sender, ticket: Ticket, facts: Facts, reasons: Reasons | None = None) -> str:
    """Why the sender may write to the ticket, "" when nothing says so: the first of the reasons, which are BINDINGS
    unless said. Who is proven is also whoever has another address of the same mailbox."""
    if not sender.address or sender.verdict == "fail":
        return ""
    others = domains.other_names(sender.address) if sender.proven else ()
    names = [sender, *(replace(sender, address=address) for address in others)]
    return next(
        (reason for who in names for reason, holds in reasons or BINDINGS if holds(who, ticket, facts)),
        "",
    )


def _is_contact(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """The contact that the ticket names, while active."""
    return bool(ticket.contact_id) and any(
        contact.contact_id == ticket.contact_id for contact in _active(sender, facts)
    )


def _is_new_contact(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """The same, asked of the desk by the contact: what is known of an address is older than a contact that was just
    made for it."""
    return bool(ticket.contact_id) and sender.address in facts.ask(AddressesOf(ticket.contact_id))


def _is_a_colleague(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """Of the domain of the ticket's client, where that is enough, and proven."""
    return sender.proven and sender.is_colleague and is_of_the_domain(sender, ticket, facts)


def is_of_the_domain(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """All contacts of the domain belong to the ticket's client. What the desk says of the address itself counts before
    it."""
    domain = domains.of(sender.address)
    if ticket.fallback or not ticket.client_id or not domain or domains.is_public(domain):
        return False
    if facts.ask(ContactsOf(sender.address)):
        return False
    return tuple(facts.ask(ClientsOfDomain(domain))) == (ticket.client_id,)


def _is_known_contact(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """The ticket's contact, as far as that was found out for the binding."""
    return bool(ticket.contact_id) and sender.address in facts.answered(AddressesOf(ticket.contact_id), ())


def _is_watcher(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """Active on the ticket's watch list: the desk mails them its public comments."""
    return sender.address in ticket.watchers


def _is_participant(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """Sender, To or Cc of accepted mail of the ticket, while it is of the same client."""
    return bool(_part(sender, ticket, facts))


def _is_of_the_client(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """An active contact of the client that the ticket is of; the fallback client binds nobody."""
    if ticket.fallback:
        return False
    return any(contact.client_id == ticket.client_id for contact in _active(sender, facts) if contact.client_id)


def _is_technician(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """An active internal user of the desk, proven by SPF, DKIM and DMARC or a login."""
    return sender.is_staff and sender.proven


def _is_ours(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """One of the configured mailboxes and own addresses, proven in the same way."""
    return sender.is_ours and sender.proven


def _is_of_a_mapped_domain(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """The operator says whose the domain is; but what the desk says of the address itself counts before it,
    also that its contact is inactive or another client's."""
    if ticket.fallback or sender.mapped_client != ticket.client_id or not ticket.client_id:
        return False
    return not facts.ask(ContactsOf(sender.address))


def _is_of_their_side(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """Took part, and was not brought in by somebody of ours."""
    return _part(sender, ticket, facts) in ("sender", "to", "cc")


def wrote(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """Sender of accepted mail of the ticket."""
    return _part(sender, ticket, facts) == "sender"


def _takes_part_as_its_client(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """The same, where somebody of another client has to be its sender, or brought in by ours: others put him into To
    or Cc."""
    part = _part(sender, ticket, facts)
    return part in ("sender", "aside") or (bool(part) and not _is_of_another_client(sender, ticket, facts))


def _is_of_their_side_as_its_client(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    return _is_of_their_side(sender, ticket, facts) and _takes_part_as_its_client(sender, ticket, facts)


def _is_of_another_client(sender: Sender, ticket: Ticket, facts: Facts) -> bool:
    """The desk, or the operator's map, says whose the sender is, and it is not the ticket's client."""
    clients = {contact.client_id for contact in _active(sender, facts) if contact.client_id}
    clients = clients or {sender.mapped_client} - {""}
    return bool(clients) and ticket.client_id not in clients


def _part(sender: Sender, ticket: Ticket, facts: Facts) -> str:
    """As what the sender takes part in the ticket, or in the one that was merged into it; "" for not at all."""
    if not ticket.moved and (part := facts.ask(PartIn(ticket.ticket_id, sender.address))):
        return str(part)
    return str(facts.ask(PartIn(ticket.via, sender.address))) if ticket.via else ""


def customer(who: Sender, ticket: Ticket, facts: Facts, reasons: Reasons | None = None) -> str:
    """Why somebody is a customer of the ticket, for whose eyes its public comments are; "" when nothing says so: the
    first of the reasons, which are CUSTOMERS unless said. A technician is one only on a ticket of their own."""
    return binding(who, ticket, facts, CUSTOMERS[:1] if who.is_staff else reasons or CUSTOMERS)


def _active(sender: Sender, facts: Facts) -> list[Contact]:
    contacts: list[Contact] = facts.ask(ContactsOf(sender.address))
    return [contact for contact in contacts if not contact.inactive]


BINDINGS: Reasons = (
    ("was sender or recipient of mail of the ticket", _is_participant),
    ("is a technician with a passing verdict", _is_technician),
    ("is one of our own mailboxes with a passing verdict", _is_ours),
    ("is the ticket's contact", _is_contact),
    ("is an active contact of the ticket's client", _is_of_the_client),
    ("is of a domain that is mapped to the ticket's client", _is_of_a_mapped_domain),
    ("is on the ticket's watch list", _is_watcher),
    ("is the ticket's new contact", _is_new_contact),
    ("is of the domain of the ticket's client, with a passing verdict", _is_a_colleague),
)
PERSONAL: Reasons = tuple(
    (reason, holds)
    for reason, holds in BINDINGS
    if holds in (_is_participant, _is_technician, _is_ours, _is_contact, _is_watcher)
)
"""What ties a sender to the ticket in person, not by their client."""
OF_THEMSELVES: Reasons = (
    ("wrote mail of the ticket", wrote),
    *(
        (reason, holds)
        for reason, holds in BINDINGS
        if holds in (_is_contact, _is_of_the_client, _is_of_a_mapped_domain, _is_a_colleague)
    ),
)
"""What ties a sender to the ticket whomever somebody else puts into To and Cc."""
AUTHORS: Reasons = (
    ("wrote in the ticket", wrote),
    ("is the ticket's contact", _is_contact),
)
"""What ties those to a ticket who may have got the same mail as its author, as many others did."""


_AMONG_ITS_CLIENT: dict[Callable[[Sender, Ticket, Facts], bool], Callable[[Sender, Ticket, Facts], bool]] = {
    _is_participant: _takes_part_as_its_client,
    _is_of_their_side: _is_of_their_side_as_its_client,
}


def among_its_client(reasons: Reasons) -> Reasons:
    """The same reasons, where it binds nobody of another client that somebody put them into To or Cc."""
    return tuple((reason, _AMONG_ITS_CLIENT.get(holds, holds)) for reason, holds in reasons)


CUSTOMERS: Reasons = (
    ("is the ticket's contact", _is_contact),
    ("was sender or recipient of a customer's mail of the ticket", _is_of_their_side),
    ("is an active contact of the ticket's client", _is_of_the_client),
    ("is of a domain that is mapped to the ticket's client", _is_of_a_mapped_domain),
    ("is on the ticket's watch list", _is_watcher),
    ("is the ticket's new contact", _is_known_contact),
    ("is of the domain of the ticket's client, with a passing verdict", _is_a_colleague),
)
