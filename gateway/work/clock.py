"""One clock for all processes of a store, that nobody can set: the database's time, carried on by our own.

Leases, due times and ``settle`` are compared with what was written before and by other processes. A clock
that is set forward would cut them short: an effect that is still on its way to the desk would be sent again.
So time goes on with the machine's uptime, and follows what the database (SQLite: the machine) says of the
time of day by a tenth of its pace at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.store.engine import Store
from gateway.work.leases import uptime

log = structlog.get_logger("store")

EVERY = 10.0
FOLLOW = 0.1  # seconds for each second
WORTH_A_WORD = 1.0  # seconds
QUERY = "SELECT extract(epoch FROM clock_timestamp())::float8"


class StoreClock:
    """Seconds since the epoch. ``uptime`` and ``wall`` are for tests."""

    def __init__(self, uptime: Callable[[], float] = uptime, wall: Callable[[], float] = time.time) -> None:
        self._uptime = uptime
        self._wall = wall
        self._offset = wall() - uptime()
        self._measured: float | None = None  # by uptime

    def __call__(self) -> float:
        return self._uptime() + self._offset

    def measure(self, connection: Connection) -> None:
        """Learn the time of day: at first as it is, later slowly."""
        before = self._uptime()
        if connection.dialect.name == "postgresql":
            theirs = float(connection.exec_driver_sql(QUERY).scalar_one())
        else:
            theirs = self._wall()
        now = self._uptime()
        self.learn(theirs - (before + now) / 2, now)

    def learn(self, offset: float, now: float) -> None:
        """The time of day less the uptime is ``offset``."""
        change = offset - self._offset
        if abs(change) > WORTH_A_WORD:
            log.warning("clock was set, or differs from the database's", seconds=round(change, 3))
        if self._measured is not None:
            most = FOLLOW * (now - self._measured)
            change = max(-most, min(most, change))
        self._offset += change
        self._measured = now

    async def run(self, store: Store) -> None:
        """Measure now and then, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await store.read(self.measure)
            except DBAPIError as error:  # our own time goes on meanwhile
                log.warning("time of day not known", error=type(error).__name__)
