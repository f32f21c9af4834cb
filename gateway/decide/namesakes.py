"""Several mails under one Message-ID, and which of them an answer is about.

Whoever comes first with an id has it, and that need not be its author: anybody in Cc has seen it. An answer goes to the
ticket of the mail that is its sender's own; a technician's, to the ticket of those whom it is sent to.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from gateway.decide.sender import OF_THEMSELVES, Sender, binding
from gateway.decide.today import ticket_today
from gateway.model.plan import Trace
from gateway.model.questions import Copies, Copy, Facts, Ticket, TicketFacts

SETTLED = ("DONE", "SUPPRESSED")


@dataclass(frozen=True, slots=True)
class Namesakes:
    """What tells these mails apart: ``people`` are those whose ticket it has to be."""

    people: Sequence[Sender]
    fallbacks: Set[str]
    facts: Facts

    def rightful(self, ticket: Ticket, message_id: str, trace: Trace) -> Ticket | None:
        """The ticket of another mail with this id, where the given one is none of theirs, and of the others exactly
        one is. What the store knows of a ticket comes first, so that mail after mail under one id costs no calls."""
        others = self._tickets(message_id) - {ticket.ticket_id}
        if not others or self._is_theirs(ticket):
            return None
        found: dict[str, Ticket] = {}
        for known in self._theirs_of(others):
            today = ticket_today(known, self.facts, self.fallbacks, trace)
            if today is not None and self._is_theirs(today):
                found[today.ticket_id] = today
            if len(found) > 1:
                return None
        return next(iter(found.values()), None)

    def alone(self, message_id: str) -> Ticket | None:
        """The one ticket of theirs among those of an id that somebody uses again and again. None where it may be one of
        several, or a mail without a ticket."""
        copies: list[Copy] = self.facts.ask(Copies(message_id))
        if any(copy.stage not in SETTLED for copy in copies):
            return None
        theirs = self._theirs_of(self._tickets(message_id))
        return theirs[0] if len(theirs) == 1 else None

    def _tickets(self, message_id: str) -> set[str]:
        copies: list[Copy] = self.facts.ask(Copies(message_id))
        return {copy.ticket_id for copy in copies if copy.stage == "DONE"} - {""}

    def _theirs_of(self, ticket_ids: Set[str]) -> list[Ticket]:
        known = [self.facts.ask(TicketFacts(ticket_id)) for ticket_id in sorted(ticket_ids)]
        return [ticket for ticket in known if ticket is not None and self._is_theirs(ticket)]

    def _is_theirs(self, ticket: Ticket) -> bool:
        return any(binding(who, ticket, self.facts, OF_THEMSELVES) for who in self.people)
