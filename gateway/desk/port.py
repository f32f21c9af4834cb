"""What the gateway asks of a desk: the client of each product has these methods, in a folder of its own.

A method returns an ``Outcome``; the data of a ``Good`` is what its docstring says, in the values of ``records``. With
``patience`` a call waits so many seconds for the rate limit. One that takes a ``permit`` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from gateway.desk.breaker import Breaker
from gateway.desk.native import NativeTicket
from gateway.desk.outcome import Outcome
from gateway.desk.pacing import PATIENCE, Pacing
from gateway.desk.permit import FREE, Permit
from gateway.desk.readback import Aim, Owned
from gateway.desk.records import Remote, Ticket
from gateway.desk.trial import Taken
from gateway.model.effects import ContactBody, DocumentBody, TicketBody

MOST_ASSETS = 100  # of a search: where there are more, nobody can tell which


class Right(StrEnum):
    """What the key's user may do, in words."""

    READ_CONTACTS = "read contacts"
    CREATE_CONTACTS = "create contacts"
    CREATE_TICKETS = "create tickets"
    UPDATE_TICKETS = "update tickets"


class Desk(Protocol):
    """A client of one desk. ``clock`` tells our time; ``rehearses``: it keeps for itself what would be written."""

    @property
    def name(self) -> str: ...
    @property
    def rehearses(self) -> bool: ...
    @property
    def clock(self) -> Callable[[], float]: ...
    @property
    def breaker(self) -> Breaker: ...
    @property
    def pacing(self) -> Pacing: ...

    # -- the key ----------------------------------------------------------------------------------

    def use_key(self, key: str) -> None:
        """From the next call on."""

    def has_key(self, key: str) -> bool: ...

    async def close(self) -> None: ...

    async def ready(self) -> bool:
        """Whether the desk's own database is there. Needs no key, and is not counted."""

    async def any_ticket(self) -> Outcome:
        """A ticket that the key may see: whoever may work at all may ask this. Waits for the rate limit."""

    async def try_right(self, right: Right) -> Outcome:
        """Ask for something that the right allows, about what the desk does not have: nothing can come of it.
        Refused with 403 where the right is missing."""

    # -- names ------------------------------------------------------------------------------------

    async def boards(self) -> Outcome:
        """All boards."""

    async def statuses(self, board_id: str, vital: bool = True, patience: float = PATIENCE) -> Outcome:
        """All statuses of a board."""

    async def priorities(self) -> Outcome:
        """All priorities."""

    async def clients(self, vital: bool = True) -> Outcome:
        """All clients."""

    async def staff(self) -> Outcome:
        """All technicians, as Person."""

    async def categories(self) -> Outcome:
        """All categories of tickets, those below others included."""

    # -- people -----------------------------------------------------------------------------------

    async def contacts(self, address: str, patience: float = 0.0) -> Outcome:
        """All contacts with an address that contains this, inactive ones included. TooMany: more than can be read."""

    async def contacts_of_domain(self, domain: str, patience: float = 0.0) -> Outcome:
        """All contacts with an address that contains ``@domain``, in one call. TooMany: more than one call gives."""

    async def contact(self, contact_id: str, patience: float = 0.0) -> Outcome:
        """The contact."""

    async def assets(self, name: str) -> Outcome:
        """Assets of all clients that are called like this, MOST_ASSETS at most."""

    # -- tickets ----------------------------------------------------------------------------------

    async def ticket(self, ticket_id: str, patience: float = 0.0) -> Outcome:
        """The ticket."""

    async def tickets_by_number(self, number: str) -> Outcome:
        """Tickets whose number contains this, closed ones too. Not counted, and no sign of the desk's health."""

    async def listed_by_number(self, number: str, patience: float = 0.0) -> Outcome:
        """The same as the lists have them, by which what was made is found again."""

    async def tickets_of_client(self, client_id: str) -> Outcome:
        """The newest ticket of the client that the lists show, or none."""

    async def comments(self, ticket_id: str, back_to: float) -> Outcome:
        """Comments, newest first, back to that time (our clock); without their text."""

    async def last_comments(self, ticket_id: str, count: int, within: float) -> Outcome:
        """The newest comments with their text, newest first: not counted, and no sign of the desk's health. No answer
        ``within`` seconds is none."""

    async def time_booked(self, ticket_id: str, patience: float = 0.0) -> Outcome:
        """Whether anybody booked time on it: True, False, or None where the desk does not say."""

    @property
    def booking_hint(self) -> str:
        """What may be the cause where the desk does not tell of booked time."""

    # -- writing ----------------------------------------------------------------------------------

    async def create_ticket(
        self, body: TicketBody, marker: str, contact_id: str = "", permit: Permit = FREE
    ) -> Outcome:
        """A Remote. ``contact_id`` is of a contact that was made meanwhile."""

    async def create_contact(self, body: ContactBody, permit: Permit = FREE) -> Outcome:
        """A Remote."""

    async def add_comment(
        self,
        ticket_id: str,
        blocks: Sequence[Any],
        facts: Mapping[str, Any],
        marker: str,
        permit: Permit = FREE,
        *,
        internal: bool = True,
        mailed: bool = False,
        by_customer: bool = False,
    ) -> Outcome:
        """A Remote. ``mailed``: the desk mails it to the customers of the ticket. ``by_customer``: one of them wrote
        it."""

    async def upload(self, ticket_id: str, path: Path, name: str, content_type: str, permit: Permit = FREE) -> Outcome:
        """A Remote: the file is a document of the ticket."""

    async def delete_document(self, ticket_id: str, document_id: str) -> Outcome:
        """Take a document away that is there twice."""

    async def update_ticket(self, ticket_id: str, values: Mapping[str, str], permit: Permit = FREE) -> Outcome:
        """Other values for a ticket, by the names that they have in ``TicketBody.ids``; not its status."""

    async def set_description(self, ticket: Ticket, description: str, permit: Permit = FREE) -> Outcome:
        """Another description for a ticket that was just read, JSON of blocks."""

    async def set_status(self, ticket_id: str, status_id: str, permit: Permit = FREE) -> Outcome: ...

    async def add_tag(self, ticket_id: str, tag: str, permit: Permit = FREE) -> Outcome:
        """Refused with 409 where the ticket has the tag."""

    async def link_asset(self, ticket_id: str, asset_id: str, permit: Permit = FREE) -> Outcome:
        """Refused with 409 where the ticket has the asset."""

    async def bundle(self, master_id: str, child_id: str, mode: str, permit: Permit = FREE) -> Outcome:
        """Put a ticket under a master, which becomes one."""

    # -- finding again what was sent --------------------------------------------------------------

    async def find_tickets(
        self, marker: str, sent_at: float, aim: Aim = Aim.ADOPT, not_before: float = 0.0
    ) -> list[Remote]:
        """The tickets with this marker, oldest first; none: there were none at ``not_before`` or later. Raises
        NotRead."""

    async def find_comments(self, ticket_id: str, marker: str, sent_at: float) -> list[Remote]:
        """The ticket's comments with this marker, oldest first. Raises NotRead."""

    async def find_documents(
        self, ticket_id: str, body: DocumentBody, sent_at: float, owned: Owned, not_before: float = 0.0
    ) -> list[Remote]:
        """The ticket's documents with the content of this effect that belong to no other; none: there were none at
        ``not_before`` or later. Raises NotRead."""

    async def find_contacts(self, body: ContactBody) -> list[Remote]:
        """The active contact of the client with exactly the address. Raises NotRead."""

    # -- what the desk's own way made of mail -----------------------------------------------------

    async def native_tickets(self, since: float) -> Outcome:
        """The tickets that were made or changed since then, in the order in which they were made, as NativeTicket."""

    async def native_comments(self, ticket: NativeTicket, back_to: float) -> Outcome:
        """The comments that came by mail, back to that time, as NativeComment."""

    async def native_commented(self, since: float) -> tuple[list[NativeTicket], str]:
        """The tickets with a comment from then on, and why some may be missing."""

    # -- a trial ----------------------------------------------------------------------------------

    async def take_lists(self, boards: Collection[str], tell: Callable[[str], None]) -> Taken:
        """What the desk says of itself, for a trial that then leaves it alone. ``boards`` are those whose statuses are
        wanted, by name without case. Raises DeskAway."""
