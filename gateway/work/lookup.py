"""A ticket that an operator names by number or id, looked up at its desk."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from gateway.desk.outcome import Refused, good
from gateway.desk.port import Desk
from gateway.desk.records import Ticket


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket as the desk has it."""

    ticket_id: str
    number: str
    title: str


async def ticket_at(desk: Desk, name: str) -> Found | None:
    """The ticket with this id or, in any case of its letters, this number; None when the desk has none.
    Raises DeskAway."""
    ticket_id = _as_id(name)
    outcome = await (desk.ticket(ticket_id) if ticket_id else desk.tickets_by_number(name))
    if isinstance(outcome, Refused) and outcome.is_of_nothing:
        return None
    data = good(outcome).data
    if ticket_id:
        return _found(data)
    hits = [ticket for ticket in data if ticket.number.casefold() == name.casefold()]
    return _found(hits[0]) if len(hits) == 1 else None


def _as_id(name: str) -> str:
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return ""


def _found(ticket: Ticket) -> Found:
    return Found(ticket.id, ticket.number, ticket.title)
