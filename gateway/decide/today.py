"""A ticket as the desk has it today: at the desk its contact, client, board and watchers are put right all day, tickets
are merged and deleted. What was known when the ticket was made is only where to look.

A fallback client says nothing of whose a ticket is: one that the desk shows there keeps what is known of it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from gateway.model.plan import Trace
from gateway.model.questions import Facts, StateOf, Ticket, TicketFacts, TicketState


def updated(known: Ticket, state: TicketState, fallbacks: Set[str]) -> Ticket:
    """What is known of a ticket with what the desk says of it now; ``fallbacks`` are the clients of nobody."""
    if not state.ticket_id:
        return known
    today = replace(
        known,
        number=state.number or known.number,
        board_id=state.board_id or known.board_id,
        contact_id=state.contact_id,
        watchers=state.watchers,
    )
    if state.client_id in ("", known.client_id):
        return replace(today, fallback=known.fallback or (known.client_id != "" and known.client_id in fallbacks))
    if state.client_id in fallbacks:
        return today
    return replace(today, client_id=state.client_id, fallback=False, moved=bool(known.client_id) and not known.fallback)


def ticket_today(known: Ticket, facts: Facts, fallbacks: Set[str], trace: Trace) -> Ticket | None:
    """The ticket, or the master that it was merged into; None when the desk does not have it any more."""
    state: TicketState | None = facts.ask(StateOf(known.ticket_id))
    if state is None:
        return None
    ticket = updated(known, state, fallbacks)
    name = ticket.number or ticket.ticket_id
    if ticket.moved:
        trace.add("today", f"ticket {name} is of another client now", "its earlier people do not count")
    elif ticket.contact_id != known.contact_id:
        trace.add("today", f"ticket {name} has {'another' if ticket.contact_id else 'no'} contact now")
    return _master(ticket, state, facts, fallbacks, trace)


def ticket_of_id(ticket_id: str, facts: Facts, fallbacks: Set[str], trace: Trace) -> Ticket | None:
    """The same of a ticket of which only the id is known; None also where nobody knows it."""
    known: Ticket | None = facts.ask(TicketFacts(ticket_id))
    return ticket_today(known, facts, fallbacks, trace) if known else None


def _master(ticket: Ticket, state: TicketState, facts: Facts, fallbacks: Set[str], trace: Trace) -> Ticket:
    """A merged or bundled ticket is followed to its master, within one client: a master of another client would show
    the words to strangers."""
    if not state.master_id:
        return ticket
    known: Ticket | None = facts.ask(TicketFacts(state.master_id))
    master: TicketState | None = facts.ask(StateOf(state.master_id)) if known else None
    if known is None or master is None or master.client_id != state.client_id:
        trace.add("bundle", f"master {state.master_id} is of another client or gone", "stays on the child")
        return ticket
    trace.add("bundle", f"ticket {state.number} is part of {master.number}", "goes to the master")
    via = "" if ticket.moved else ticket.ticket_id
    today = updated(known, master, fallbacks)
    return replace(today, via=via, watchers=(*today.watchers, *ticket.watchers))
