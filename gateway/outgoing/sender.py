"""Brings letters to the smarthost, one after the other, beside everything else.

Promised: a letter is taken by the smarthost at most once. One that was certainly not taken is tried again until its
time is over; one whose answer was lost is not (store/letters.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import Connection

from gateway.config.smarthost import SmarthostSettings
from gateway.outgoing.smarthost import NotTaken, Smarthost, Unknown
from gateway.periodic import run_every
from gateway.store import letters
from gateway.store.engine import Store
from gateway.store.letters import Taken
from gateway.store.stage import EffectState

log = structlog.get_logger("outgoing")

EVERY = 5.0
WITHOUT_HOST = 300.0
"""Seconds from one look at letters that nobody can send to the next."""
NO_HOST = "no smarthost is configured"
LAST_WORDS = 10.0  # seconds for a conversation when the gateway stops


class Sender:
    """``settings`` may change; without a host letters wait until their time is over. ``count`` hears the kind of each
    letter and what became of it: taken, later, refused or unknown."""

    def __init__(
        self,
        store: Store,
        settings: SmarthostSettings,
        hostname: str,
        clock: Callable[[], float],
        count: Callable[[str, str], None] = lambda kind, outcome: None,
    ) -> None:
        self.store = store
        self.settings = settings
        self.hostname = hostname
        self.clock = clock
        self.count = count
        self._looked_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, partial(self.send_due, stop))

    async def send_due(self, stop: asyncio.Event | None = None) -> int:
        """Send what is due. Returns how many were taken."""
        done = 0
        if not self.settings.host:
            await self._without_host()
        while self.settings.host and not (stop and stop.is_set()):
            take = partial(letters.take, now=self.clock(), per_hour=self.settings.per_hour)
            if not await self.store.read(partial(letters.is_due, now=self.clock())):
                break
            if (taken := await self.store.write(take)) is None:
                break
            done += await self._to_its_end(taken)
        return done

    async def _without_host(self) -> None:
        """What was to be sent before the smarthost was taken out of the configuration comes to its end, and is said."""
        now = self.clock()
        if now < self._looked_at + WITHOUT_HOST:
            return
        self._looked_at = now
        if not await self.store.read(partial(letters.is_due, now=now)):
            return
        ended = await self.store.write(partial(letters.overdue, now=now, why=NO_HOST))
        for row in ended:
            log.warning("not sent", letter=row["id"], kind=row["kind"], recipient=row["recipient"], outcome="refused",
                        answer=NO_HOST)  # fmt: skip
            self.count(row["kind"], "refused")
        if await self.store.read(partial(letters.is_due, now=now)):
            log.warning("letters wait for a smarthost", why=NO_HOST)

    async def _to_its_end(self, taken: Taken) -> bool:
        """A conversation that has begun is not left when the gateway stops: it would end as unknown."""
        sending = asyncio.create_task(self._send(taken))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait([sending], timeout=LAST_WORDS)
            raise

    async def _send(self, taken: Taken) -> bool:
        """One conversation, and what it ended with."""
        try:
            answer = await self._converse(taken)
        except NotTaken as error:
            await self._not_taken(taken, error)
            return False
        except Unknown as error:
            await self._end(taken, EffectState.SENT, str(error), "unknown")
            return False
        await self._end(taken, EffectState.DONE, answer, "taken")
        return True

    async def _converse(self, taken: Taken) -> str:
        """Raises NotTaken, Unknown."""
        smarthost = await asyncio.to_thread(Smarthost, self.settings, self.hostname)
        with smarthost:
            await asyncio.to_thread(smarthost.address, taken.sender, taken.recipient)
            begin = partial(letters.begin, taken=taken, now=self.clock())
            if not await self.store.write(begin):
                raise NotTaken("another process sends it")
            return await asyncio.to_thread(smarthost.content, taken.message)

    async def _not_taken(self, taken: Taken, error: NotTaken) -> None:
        if error.is_final:
            await self._end(taken, EffectState.REFUSED, str(error), "refused")
            return

        def later(connection: Connection) -> float:
            return letters.later(connection, taken, str(error), self.clock())

        due = await self.store.write(later)
        log.warning("not sent yet", letter=taken.id, kind=taken.kind, why=str(error), again_at=due)
        self.count(taken.kind, "later")

    async def _end(self, taken: Taken, state: EffectState, answer: str, outcome: str) -> None:
        await self.store.write(partial(letters.end, taken=taken, state=state, answer=answer))
        say = log.info if state is EffectState.DONE else log.warning
        say("sent" if state is EffectState.DONE else "not sent", letter=taken.id, kind=taken.kind,
            recipient=taken.recipient, outcome=outcome, answer=answer)  # fmt: skip
        self.count(taken.kind, outcome)
