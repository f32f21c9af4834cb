"""Whose a refusal is: that of a single record, or that of the key.

The desk says 401 also while its own database is away, and 403 both for a ticket that the key's user may not see and
for a role without rights. A neutral call tells them apart: the list of tickets, one row of it. Whoever may read that
is refused because of the record; the answer is believed for a moment, so that many refusals cost one call.

A role that may read and not create looks the same: each new ticket is refused by itself. So once the tickets of several
clients in a row were refused, and none was created between, that counts as a refusal of the key.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum

from gateway.desk.outcome import Good, Refused
from gateway.desk.port import Desk

IN_VAIN = 3  # clients in a row for whom no ticket may be created: then it is the role, and not these clients
BELIEVED = 5.0  # seconds for which a good answer of the neutral call counts


class Whose(StrEnum):
    """RECORD: final for that record. KEY: nothing goes until the key works. UNTOLD: the desk cannot say now."""

    RECORD = "record"
    KEY = "key"
    UNTOLD = "untold"


class Refusals:
    """The refusals of one desk; a refused key pauses it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._fine_until = 0.0
        self._asking = asyncio.Lock()
        self._in_vain: set[str] = set()

    async def whose(self, refused: Refused) -> Whose:
        """Ask the desk if need be: at most one call for all who ask at once."""
        if refused.status == 401:
            return await self._unauthorized(refused)
        if refused.status != 403:
            return Whose.RECORD
        async with self._asking:
            if self.desk.clock() < self._fine_until:
                return Whose.RECORD
            return await self._ask()

    async def whose_creation(self, refused: Refused, client_id: str) -> Whose:
        """The same of a new ticket for this client."""
        whose = await self.whose(refused)
        if whose is Whose.RECORD and refused.status == 403:
            self._in_vain.add(client_id)
            if len(self._in_vain) >= IN_VAIN:
                self.refuse_key(
                    replace(refused, message=f"{refused.message} (the key may read, and not create tickets)")
                )
                return Whose.KEY
        return whose

    def created(self) -> None:
        """A ticket was created: the role may."""
        self._in_vain.clear()

    async def _ask(self) -> Whose:
        match await self.desk.any_ticket():
            case Good():
                self._fine_until = self.desk.clock() + BELIEVED
                return Whose.RECORD
            case Refused(status=401) as refused:
                return await self._unauthorized(refused)
            case Refused(status=403) as refused:
                self.refuse_key(refused)
                return Whose.KEY
        return Whose.UNTOLD

    async def _unauthorized(self, refused: Refused) -> Whose:
        """A wrong key only when the desk says that its database is there."""
        if await self.desk.ready():
            self.refuse_key(refused)
            return Whose.KEY
        self.desk.breaker.bad("the desk's database is away", self.desk.clock(), down=True)
        return Whose.UNTOLD

    def refuse_key(self, refused: Refused) -> None:
        """Pause the desk until the key works."""
        self._fine_until = 0.0
        self.desk.breaker.refuse_key(str(refused), self.desk.clock())
