"""What the desk said of tickets while a mail was decided: the mapping has it from now on, whatever the mail becomes."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from sqlalchemy import Connection

from gateway.decide.today import updated
from gateway.model import questions as ask
from gateway.store import mapping


def learn(connection: Connection, desk: str, answers: Mapping[ask.Question, Any], fallbacks: Set[str]) -> None:
    """Take over contact, client and board of each ticket that was looked at, and forget those that are gone. Of a
    ticket that is of another client now, nobody takes part any more who did before."""
    for question, state in answers.items():
        if not isinstance(question, ask.StateOf):
            continue
        known: ask.Ticket | None = answers.get(ask.TicketFacts(question.ticket_id))
        if state is None:
            mapping.forget_ticket(connection, desk, question.ticket_id)
        elif known is not None:
            today = updated(known, state, fallbacks)
            if _kept(today) != _kept(known):
                mapping.update_ticket(connection, desk, today)
            if today.moved:
                mapping.forget_participants(connection, desk, today.ticket_id)


def _kept(ticket: ask.Ticket) -> tuple[Any, ...]:
    return ticket.board_id, ticket.client_id, ticket.contact_id, ticket.fallback
