"""Telling the workers of other processes that there is something to do (PostgreSQL's LISTEN and NOTIFY).

NOTIFY is sent in the transaction that made the work, so it arrives once the work can be seen and never without it.
It can be lost with a connection: workers also look by themselves now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import Connection, Engine

from gateway.periodic import wait

log = structlog.get_logger("store")

CHANNEL = "gateway_work"
NOTIFIED = "gateway notified"  # in the connection's info: once for each transaction is enough
AGAIN = 1.0, 30.0  # seconds to the next try, growing
ALIVE_EVERY = 30.0


def wake_workers(connection: Connection) -> None:
    """Wake all workers when this transaction commits. Does nothing on SQLite, which has one process."""
    if connection.dialect.name == "postgresql" and not connection.info.get(NOTIFIED):
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")
        connection.info[NOTIFIED] = True


def forget(connection: Connection) -> None:
    """A transaction or a part of it ended: the next one tells anew."""
    connection.info.pop(NOTIFIED, None)


class NotifyListener:
    """Listens on a connection of its own and calls ``heard`` at each word, and once at each new connection,
    for what was said meanwhile is lost. ``on`` says whether it hears."""

    def __init__(self, engine: Engine, heard: Callable[[], None]) -> None:
        self.on = False
        self._heard = heard
        self._engine = engine

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``; a lost connection is made again."""
        from psycopg import Error  # not where the store is SQLite

        pause = AGAIN[0]
        while not stop.is_set():
            try:
                await self._listen(stop)
                pause = AGAIN[0]
            except (Error, OSError) as error:
                log.warning("LISTEN lost", error=type(error).__name__, why=str(error)[:200])
            finally:
                self.on = False
            await wait(stop, pause)
            pause = min(pause * 2, AGAIN[1])

    async def _listen(self, stop: asyncio.Event) -> None:
        from psycopg import AsyncConnection

        _, arguments = self._engine.dialect.create_connect_args(self._engine.url)
        connection = await AsyncConnection.connect(**arguments, autocommit=True)
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
            self.on = True
            log.info("listening")
            self._heard()
            while not stop.is_set():
                async for _ in connection.notifies(timeout=ALIVE_EVERY):
                    self._heard()
                await connection.execute("SELECT 1")  # a dead connection says nothing by itself
        finally:
            await connection.close()
