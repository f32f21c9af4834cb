"""The late look: an effect that was ever unknown is read back after 15 minutes and after 24 hours.

What cannot be excluded is a request that lands after ``settle``. Of two hits ours is kept; a doubled
document is deleted, a doubled ticket or comment is marked by an internal comment; nothing else ever
deletes (docs/design.md "Exactly once").
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from gateway.desk.directory import Directory
from gateway.desk.outcome import Refused
from gateway.desk.readback import Aim, NotRead
from gateway.desk.refusals import Whose
from gateway.model.effects import TicketBody
from gateway.periodic import run_every
from gateway.store import effects, operator
from gateway.store.effects import Effect, of_type
from gateway.store.engine import Store
from gateway.store.reading import Unreadable, whole
from gateway.work.effects import KINDS
from gateway.work.unknown import WATCH

log = structlog.get_logger("work")

EVERY = 5.0
AGAIN = 30.0
TAKEN_FOR = 300.0  # seconds after which another process looks, if this one did not
BATCH = 20


class LateLook:
    def __init__(
        self,
        store: Store,
        directories: dict[str, Directory],
        clock: Callable[[], float],
        doubled: Callable[[str], None] = lambda kind: None,
    ) -> None:
        self.store = store
        self.directories = directories
        self.clock = clock
        self.doubled = doubled

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check_due)

    async def check_due(self) -> None:
        """Check every effect whose time has come."""
        now = self.clock()
        if await self.store.read(lambda c: effects.next_watch(c)) > now:
            return
        for effect in await self.store.write(lambda c: effects.take_watches(c, now, now + TAKEN_FOR, BATCH)):
            try:
                after = await self._check(effect)
            except NotRead as error:
                log.info("late look failed", effect=effect.marker, why=str(error)[:300])
                after = 0.0 if await self._is_final(effect, error) else self.clock() + AGAIN
            except Unreadable as damaged:
                log.error("no late look", effect=effect.marker, why=str(damaged))
                after = 0.0
            await self._next(effect, after)

    async def _is_final(self, effect: Effect, error: NotRead) -> bool:
        """The ticket is gone, or is not for this key to see: asking again and again tells nothing more."""
        directory, outcome = self.directories.get(effect.desk), error.outcome
        if directory is None or not isinstance(outcome, Refused):
            return False
        return await directory.refusals.whose(outcome) is Whose.RECORD

    async def _next(self, effect: Effect, after: float) -> None:
        await self.store.write(lambda c: effects.touch(c, effect, watch_at=after))

    async def _check(self, effect: Effect) -> float:
        """Check once. Returns when to check again, 0 for never."""
        directory = self.directories.get(effect.desk)
        if directory is None:
            return 0.0
        ticket_id = await self._ticket_id(effect)
        kind = KINDS[effect.kind]
        hits = await kind.find(self.store, directory.desk, effect, ticket_id, Aim.LATE)
        others = [hit for hit in hits if hit.id != effect.remote_id]
        for other in others:
            self.doubled(effect.kind)
            log.error("doubled effect", effect=effect.marker, kind=effect.kind, ours=effect.remote_id, other=other.id)
            await kind.settle_double(directory.desk, effect, other, ticket_id)
        last = effect.sent_at + directory.settings.settle * WATCH[1]
        return last if not others and self.clock() < last else 0.0

    async def _ticket_id(self, effect: Effect) -> str:
        if effect.body.ticket_id:
            return effect.body.ticket_id
        if effect.body.about:
            plan = await self.store.read(lambda c: effects.of(c, effect.delivery_id, effect.generation))
            made = of_type(plan, TicketBody)
            return next((ticket.remote_id for ticket in made if ticket.body.about == effect.body.about), "")
        row = await self.store.read(lambda c: operator.find(c, effect.delivery_id))
        return str(whole(row, "ticket_id")["ticket_id"])
