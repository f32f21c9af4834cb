"""The claims of this process: renewed while it lives, and known to have run out when it was stopped.

A claim lasts ``length`` seconds in the store, by the store's clock, and is renewed at a third of that.
Whoever is about to send asks ``check``: it goes by this machine's own time since the last renewal *began*,
suspended time included, so that a process that was stopped, or a machine that slept, finds out before it
sends what another worker may be sending by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import Connection

from gateway.store import claims
from gateway.store.deliveries import Delivery, LostClaim
from gateway.store.engine import Store
from gateway.store.reading import Unavailable
from gateway.store.writer import StoreFailed

log = structlog.get_logger("work")

RENEWALS = 3  # in the length of a lease


def uptime() -> float:
    """Seconds that go on whatever becomes of the process and of the wall clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME if hasattr(time, "CLOCK_BOOTTIME") else time.CLOCK_MONOTONIC)


@dataclass(slots=True)
class _Held:
    seq: int
    fence: int
    ends: float  # by uptime


class Leases:
    """``name`` tells this process from others in the store; ``uptime`` is for tests."""

    def __init__(
        self,
        store: Store,
        length: float,
        name: str,
        clock: Callable[[], float] = time.time,
        uptime: Callable[[], float] = uptime,
    ) -> None:
        self.store = store
        self.length = length
        self.name = name
        self.clock = clock
        self.uptime = uptime
        self._held: dict[str, _Held] = {}

    def took(self, taken: Iterable[Delivery], asked: float) -> None:
        """Deliveries were claimed; the claim was ``asked`` for then, by ``uptime``."""
        for delivery in taken:
            self._held[delivery.id] = _Held(delivery.seq, delivery.fence, asked + self.length)

    def renewed(self, delivery_id: str, asked: float) -> None:
        """A transaction that was begun then started the lease of this delivery anew."""
        if held := self._held.get(delivery_id):
            held.ends = max(held.ends, asked + self.length)

    def over(self, delivery_id: str) -> None:
        """This process is done with the delivery."""
        self._held.pop(delivery_id, None)

    def check(self, delivery_id: str) -> None:
        """Raises LostClaim unless the claim certainly still holds."""
        held = self._held.get(delivery_id)
        if held is None or self.uptime() >= held.ends:
            raise LostClaim(delivery_id)

    async def run(self) -> None:
        """Renew until cancelled. Raises StoreFailed."""
        while True:
            await asyncio.sleep(self.length / RENEWALS)
            try:
                await self.renew()
            except StoreFailed:
                raise
            except Exception as error:  # there are further tries in the length of a lease
                log.warning("claims not renewed", error=type(error).__name__, why=str(error)[:300])

    async def renew(self) -> None:
        """Lengthen every claim that is held. One that ran out stays as it is: its worker will find out."""
        if not self._held:
            return
        asked, now = self.uptime(), self.clock()
        held = {claim.seq: claim.fence for claim in self._held.values()}
        kept = await self._renewed(held, now)
        for delivery_id, claim in list(self._held.items()):
            if held.get(claim.seq) == claim.fence and claim.seq in kept:
                claim.ends = max(claim.ends, asked + self.length)
            elif claim.seq in held:
                log.warning("claim ran out", delivery=delivery_id)

    async def _renewed(self, held: dict[int, int], now: float) -> set[int]:
        """One on a page that the database does not give out does not keep the others from it."""

        def renew(connection: Connection, some: dict[int, int]) -> set[int]:
            return claims.renew(connection, self.name, some, now, now + self.length)

        try:
            return await self.store.write(lambda c: renew(c, held))
        except Unavailable:
            kept = set()
            for seq, fence in held.items():
                with contextlib.suppress(Unavailable):
                    kept |= await self.store.write(partial(renew, some={seq: fence}))
            return kept

    def held(self) -> list[int]:
        """The deliveries that this process works on, by seq."""
        return [claim.seq for claim in self._held.values()]

    async def give_back(self, seqs: list[int]) -> None:
        """At the end: these are free for others at once."""
        if seqs:
            await self.store.write(lambda c: claims.give_back(c, self.name, seqs))
