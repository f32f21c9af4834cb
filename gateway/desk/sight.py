"""Whether the lists of a desk show what the gateway's key makes there, client by client.

A key whose view of tickets is narrowed to some clients makes tickets for the others all the same, and no list shows
them: the gateway is blind there, and nothing of it can be read back. It is tried on a ticket that was made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from gateway.desk.outcome import Good, Refused
from gateway.desk.pacing import BEGUN, Urgency
from gateway.desk.port import Desk
from gateway.desk.readback import NotRead, told

log = structlog.get_logger("desk")

TRIED_AGAIN = 30.0  # seconds after a try that told nothing
MOST_TRIES = 3  # tickets of a client


@dataclass(frozen=True, slots=True)
class Made:
    """A ticket that the gateway made."""

    ticket_id: str
    number: str
    client_id: str


class Sight:
    """What one desk shows of a key's own tickets. ``blind`` is, by client, the number of a ticket that is there and
    that no list shows."""

    def __init__(self, desk: Desk) -> None:
        self.blind: dict[str, str] = {}
        self._desk = desk
        self._made: dict[str, Made] = {}  # the last one of each client
        self._seen: set[str] = set()
        self._not_before = 0.0

    def made(self, made: Made) -> None:
        """The key has just made this ticket."""
        if made.number and made.client_id:
            self._made[made.client_id] = made

    async def try_next(self) -> None:
        """Look whether a ticket is shown, of a client for whom this is not known: only with a call to spare."""
        now = self._desk.clock()
        untried = next((made for client, made in self._made.items() if client not in self._seen), None)
        if untried is None or now < self._not_before or not self._desk.pacing.calls(now, Urgency.FILE):
            return
        try:
            shown = await self.shows(untried)
        except NotRead:
            shown = None
        if shown is None or untried.client_id in self.blind:
            self._not_before = now + TRIED_AGAIN

    async def is_blind(self, client_id: str, known: Iterable[Made]) -> bool:
        """Whether a ticket of the client may be there although no list shows it. ``known`` are tickets of the client
        that were made before. Raises NotRead."""
        made = [self._made[client_id]] if client_id in self._made else []
        for ticket in [*made, *known][:MOST_TRIES]:
            if (shown := await self.shows(ticket)) is not None:
                return not shown
        if told(await self._desk.tickets_of_client(client_id)):
            return False
        return bool(self.blind)  # narrowed for others: then nobody knows

    async def shows(self, made: Made) -> bool | None:
        """Whether the list shows this ticket; None when it is gone. Raises NotRead."""
        listed = told(await self._desk.listed_by_number(made.number, BEGUN))
        if any(ticket.id == made.ticket_id for ticket in listed):
            self._seen.add(made.client_id)
            self.blind.pop(made.client_id, None)
            return True
        ticket = await self._desk.ticket(made.ticket_id, BEGUN)
        if isinstance(ticket, Refused) and ticket.status != 403:
            self._made.pop(made.client_id, None)
            return None
        if not isinstance(ticket, Good | Refused):
            raise NotRead(ticket)
        self._seen.discard(made.client_id)
        if made.client_id not in self.blind:
            log.error("the desk's lists do not show what the key makes", desk=self._desk.name, ticket=made.number)
        self.blind[made.client_id] = made.number
        return False
