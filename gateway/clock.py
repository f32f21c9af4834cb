"""One clock for all processes of a store: this machine's, set right by the database's.

Leases and due times are compared with what other processes wrote. A wrong clock could not double an
effect (the fence sees to that), but it would take mail away from those who work on it.
"""

from __future__ import annotations

import asyncio
import time

import structlog
from sqlalchemy import Connection

from gateway.store.engine import Store

log = structlog.get_logger("store")

EVERY = 10.0
WORTH_A_WORD = 1.0  # seconds
QUERY = "SELECT extract(epoch FROM clock_timestamp())::float8"


class StoreClock:
    """Seconds since the epoch."""

    def __init__(self) -> None:
        self.offset = 0.0  # the database's clock less ours

    def __call__(self) -> float:
        return time.time() + self.offset

    def measure(self, connection: Connection) -> None:
        """Ask a PostgreSQL database for its time; SQLite has ours."""
        if connection.dialect.name != "postgresql":
            return
        before = time.time()
        theirs = float(connection.exec_driver_sql(QUERY).scalar_one())
        after = time.time()
        offset = theirs - (before + after) / 2
        if abs(offset - self.offset) > WORTH_A_WORD:
            log.warning("clock differs from the database's", seconds=round(offset, 3))
        self.offset = offset

    async def keep(self, store: Store) -> None:
        """Measure now and then, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await store.read(self.measure)
