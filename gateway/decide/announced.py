"""Answers to a mail that no ticket has: to an announcement, which went to many, or in a conversation to which we were
added.

Whoever answers an announcement writes about a matter of their own, also where they see the answers of others. Among
colleagues, or where others are written to and we only get a copy, it is one matter of those who take part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.decide.sender import AUTHORS, BINDINGS, PERSONAL, Reasons, Sender, among_its_client, binding, somebody
from gateway.match import domains
from gateway.match.ours import Ours
from gateway.model.email import Address, Email
from gateway.model.questions import Copies, Copy, Facts, PartIn, Staff, Ticket

MOST = 10  # people of a mail that is a conversation among them
ANSWERED = 2  # mails that count as answered: In-Reply-To, or the nearest in References


def answers_of(named: Sequence[str], address: str) -> tuple[str, ...]:
    """Ids of somebody's answers to the mails that are ``named``: each of many has an answer of their own to a mail."""
    return tuple(f"{message_id} answered by {address}" for message_id in named[:ANSWERED]) if address else ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A mail that answers others."""

    email: Email
    sender: Sender
    own: Ours
    facts: Facts

    def admitted(self, message_id: str, ticket_id: str) -> Reasons:
        """What has to tie the sender to a ticket that has no more than an answer to the same mail. Somebody of another
        client whom that answer had in Cc does not write there, unless to its people."""
        admits = self._admitted(message_id, ticket_id)
        return admits if self._goes_to_people_of(ticket_id) else among_its_client(admits)

    def goes_to_authors_of(self, ticket: Ticket) -> bool:
        """Whether somebody who wrote in the ticket, or is its contact, gets the mail."""
        people = self.outside((*self.email.to, *self.email.cc))
        senders = [somebody(person.key) for person in people if person.key != self.sender.address]
        return any(binding(who, ticket, self.facts, AUTHORS) for who in senders)

    def _admitted(self, message_id: str, ticket_id: str) -> Reasons:
        copies: list[Copy] = self.facts.ask(Copies(message_id))
        if any(copy.stage == "DONE" for copy in copies):  # we had it, and its ticket is gone
            return BINDINGS
        written_at = domains.family(domains.of(message_id))
        is_of_ours = written_at in {domains.family(domains.of(entry)) for entry in self.own.entries}
        is_of_theirs = written_at == domains.family(domains.of(self.sender.address))
        if is_of_theirs and not is_of_ours and not domains.is_public(written_at):
            return BINDINGS
        return PERSONAL if self._is_talk(ticket_id, is_of_ours) else AUTHORS

    def _goes_to_people_of(self, ticket_id: str) -> bool:
        parts = [PartIn(ticket_id, person.key) for person in self.outside((*self.email.to, *self.email.cc))]
        self.facts.want(*parts)
        return any(self.facts.ask(part) for part in parts)

    def _is_talk(self, ticket_id: str, is_of_ours: bool) -> bool:
        """Whether the mail goes to others and not to us alone, who would then have sent what it answers. What we sent
        is a conversation only among those who are in the ticket already."""
        to, others = self.outside(self.email.to), self.outside(self.email.cc)
        if not to or len(to) + len(others) > MOST:
            return False
        if not is_of_ours:
            return True
        by_us = self.sender.is_staff or self.sender.is_ours
        return by_us and all(self.facts.ask(PartIn(ticket_id, person.key)) for person in (*to, *others))

    def outside(self, people: Sequence[Address]) -> list[Address]:
        """Who of them is neither of our mailboxes nor a technician."""
        named = [person for person in people if "@" in person.key and person.key not in self.own][: 2 * MOST]
        self.facts.want(*(Staff(person.key) for person in named))
        return [person for person in named if not self.facts.ask(Staff(person.key))]
