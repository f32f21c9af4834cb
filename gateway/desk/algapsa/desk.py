"""AlgaPSA as the gateway's desk: its client's calls, with records in place of rows and bodies of effects in place of
requests. Each method is described in ``gateway.desk.port``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.desk.algapsa import bodies, lists, native, nowhere, readback, rows, timesheet
from gateway.desk.algapsa.client import Client
from gateway.desk.breaker import Breaker
from gateway.desk.native import NativeTicket
from gateway.desk.outcome import Good, Outcome, TooMany
from gateway.desk.pacing import PATIENCE, Pacing
from gateway.desk.permit import FREE, Permit
from gateway.desk.port import Right
from gateway.desk.readback import Aim, Owned
from gateway.desk.records import Remote, Ticket
from gateway.desk.trial import Taken
from gateway.model.effects import ContactBody, DocumentBody, TicketBody


class AlgaDesk:
    """One desk. What is not here is not AlgaPSA's own, or nobody asks for it."""

    booking_hint = timesheet.LACKS

    def __init__(self, client: Client) -> None:
        self.client = client

    @property
    def name(self) -> str:
        return self.client.name

    @property
    def rehearses(self) -> bool:
        return self.client.rehearses

    @property
    def clock(self) -> Callable[[], float]:
        return self.client.clock

    @property
    def breaker(self) -> Breaker:
        return self.client.breaker

    @property
    def pacing(self) -> Pacing:
        return self.client.pacing

    # -- the key ----------------------------------------------------------------------------------

    def use_key(self, key: str) -> None:
        self.client.use_key(key)

    def has_key(self, key: str) -> bool:
        return self.client.has_key(key)

    async def close(self) -> None:
        await self.client.close()

    async def ready(self) -> bool:
        return await self.client.ready()

    async def any_ticket(self) -> Outcome:
        return rows.each(await self.client.any_ticket(), rows.ticket)

    async def try_right(self, right: Right) -> Outcome:
        return await nowhere.ASKED[right](self.client)

    # -- names ------------------------------------------------------------------------------------

    async def boards(self) -> Outcome:
        return rows.each(await self.client.boards(), rows.board)

    async def statuses(self, board_id: str, vital: bool = True, patience: float = PATIENCE) -> Outcome:
        return rows.each(await self.client.statuses(board_id, vital, patience), rows.status)

    async def priorities(self) -> Outcome:
        return rows.each(await self.client.priorities(), rows.priority)

    async def clients(self, vital: bool = True) -> Outcome:
        return rows.each(await self.client.all_clients(vital), rows.client)

    async def staff(self) -> Outcome:
        return rows.single(await self.client.users(), rows.staff)

    async def categories(self) -> Outcome:
        return rows.each(await self.client.categories(), rows.category)

    # -- people -----------------------------------------------------------------------------------

    async def contacts(self, address: str, patience: float = 0.0) -> Outcome:
        return rows.each(await self.client.contacts(address, patience), rows.contact)

    async def contacts_of_domain(self, domain: str, patience: float = 0.0) -> Outcome:
        outcome = await self.client.contacts_of_domain(domain, patience)
        if isinstance(outcome, Good) and rows.has_next(outcome.body):
            return TooMany(f"more than a page of contacts of {domain}", alive=True)
        return rows.each(outcome, rows.contact)

    async def contact(self, contact_id: str, patience: float = 0.0) -> Outcome:
        return rows.single(await self.client.contact(contact_id, patience), rows.contact)

    async def assets(self, name: str) -> Outcome:
        return rows.each(await self.client.assets(name), rows.asset)

    # -- tickets ----------------------------------------------------------------------------------

    async def ticket(self, ticket_id: str, patience: float = 0.0) -> Outcome:
        return rows.single(await self.client.ticket(ticket_id, patience), rows.ticket)

    async def tickets_by_number(self, number: str) -> Outcome:
        return rows.each(await self.client.tickets_by_number(number), rows.ticket)

    async def listed_by_number(self, number: str, patience: float = 0.0) -> Outcome:
        return rows.each(await self.client.listed_by_number(number, patience), rows.ticket)

    async def tickets_of_client(self, client_id: str) -> Outcome:
        return rows.each(await self.client.tickets_of_client(client_id), rows.ticket)

    async def comments(self, ticket_id: str, back_to: float) -> Outcome:
        return rows.each(await self.client.comments(ticket_id, back_to), rows.comment)

    async def last_comments(self, ticket_id: str, count: int, within: float) -> Outcome:
        return rows.each(await self.client.last_comments(ticket_id, count, within), rows.comment)

    async def time_booked(self, ticket_id: str, patience: float = 0.0) -> Outcome:
        sheet = await self.client.time_entries(ticket_id, patience)
        if timesheet.unbookable(sheet):
            return Good(200, False, {})
        return rows.single(sheet, timesheet.booked)

    # -- writing ----------------------------------------------------------------------------------

    async def create_ticket(
        self, body: TicketBody, marker: str, contact_id: str = "", permit: Permit = FREE
    ) -> Outcome:
        request = bodies.ticket(body, marker, contact_id)
        return rows.single(await self.client.create_ticket(request, permit), rows.made_ticket)

    async def create_contact(self, body: ContactBody, permit: Permit = FREE) -> Outcome:
        return rows.single(await self.client.create_contact(bodies.contact(body), permit), rows.made_contact)

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
        request = bodies.comment(blocks, facts, marker, internal=internal, mailed=mailed, by_customer=by_customer)
        return rows.single(await self.client.add_comment(ticket_id, request, permit), rows.made_comment)

    async def upload(self, ticket_id: str, path: Path, name: str, content_type: str, permit: Permit = FREE) -> Outcome:
        outcome = await self.client.upload(ticket_id, path, name, content_type, permit)
        return rows.single(outcome, rows.made_document)

    async def delete_document(self, ticket_id: str, document_id: str) -> Outcome:
        return await self.client.delete_document(ticket_id, document_id)

    async def update_ticket(self, ticket_id: str, values: Mapping[str, str], permit: Permit = FREE) -> Outcome:
        return await self._change(ticket_id, bodies.changed(values), permit)

    async def set_description(self, ticket: Ticket, description: str, permit: Permit = FREE) -> Outcome:
        return await self._change(ticket.id, bodies.described(ticket.row, description), permit)

    async def set_status(self, ticket_id: str, status_id: str, permit: Permit = FREE) -> Outcome:
        outcome = await self.client.set_status(ticket_id, bodies.status(status_id), permit)
        return rows.single(outcome, rows.nothing)

    async def _change(self, ticket_id: str, request: dict[str, Any], permit: Permit) -> Outcome:
        return rows.single(await self.client.update_ticket(ticket_id, request, permit), rows.nothing)

    async def add_tag(self, ticket_id: str, tag: str, permit: Permit = FREE) -> Outcome:
        return rows.single(await self.client.add_tag(ticket_id, tag, permit), rows.nothing)

    async def link_asset(self, ticket_id: str, asset_id: str, permit: Permit = FREE) -> Outcome:
        return rows.single(await self.client.link_asset(ticket_id, asset_id, permit), rows.nothing)

    async def bundle(self, master_id: str, child_id: str, mode: str, permit: Permit = FREE) -> Outcome:
        return rows.single(await self.client.bundle(master_id, child_id, mode, permit), rows.nothing)

    # -- finding again what was sent --------------------------------------------------------------

    async def find_tickets(
        self, marker: str, sent_at: float, aim: Aim = Aim.ADOPT, not_before: float = 0.0
    ) -> list[Remote]:
        return [rows.made_ticket(row) for row in await readback.tickets(self.client, marker, sent_at, aim, not_before)]

    async def find_comments(self, ticket_id: str, marker: str, sent_at: float) -> list[Remote]:
        return [rows.made_comment(row) for row in await readback.comments(self.client, ticket_id, marker, sent_at)]

    async def find_documents(
        self, ticket_id: str, body: DocumentBody, sent_at: float, owned: Owned, not_before: float = 0.0
    ) -> list[Remote]:
        found = await readback.documents(self.client, ticket_id, body, sent_at, owned, not_before)
        return [rows.made_document(row) for row in found]

    async def find_contacts(self, body: ContactBody) -> list[Remote]:
        return [rows.made_contact(row) for row in await readback.contacts(self.client, body)]

    # -- what the desk's own way made of mail -----------------------------------------------------

    async def native_tickets(self, since: float) -> Outcome:
        return await native.tickets(self.client, since)

    async def native_comments(self, ticket: NativeTicket, back_to: float) -> Outcome:
        return await native.comments(self.client, ticket, back_to)

    async def native_commented(self, since: float) -> tuple[list[NativeTicket], str]:
        return await native.commented_since(self.client, since)

    # -- a trial ----------------------------------------------------------------------------------

    async def take_lists(self, boards: Collection[str], tell: Callable[[str], None]) -> Taken:
        return await lists.take(self.client, boards, tell)
