"""Calendars of maintenance windows that are fetched: what they say is a window, and what they no longer say goes.

A calendar that is away, too large or damaged changes nothing: its windows stay as they were known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from gateway.config.settings import Settings
from gateway.notices.calendars import MOST_OCTETS
from gateway.periodic import run_every
from gateway.startup import without
from gateway.store import calendars
from gateway.store.engine import Store
from gateway.store.mapping import Reserved
from gateway.work.calendars import CalendarSource, source_of

with without("click"):
    import httpx

log = structlog.get_logger("work")

EVERY = 30.0
TIMEOUT = 30.0
"""Seconds for a calendar."""


class NotFetched(Exception):
    """The calendar is not there; says why."""


class Calendars:
    """Fetches what is due. ``made`` is called when windows changed; ``transport`` is of tests."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], float],
        made: Callable[[], None] = lambda: None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.made = made
        self.transport = transport
        self._due: dict[tuple[str, str], float] = {}
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """The configuration is another."""
        self.sources = [source_of(said, settings) for said in settings.calendar if said.url]

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check)

    async def check(self) -> int:
        """Fetch what is due. Returns how many calendars were read."""
        read = 0
        for source in self.sources:
            key, now = (source.said.desk, source.said.name), self.clock()
            if now >= self._due.get(key, 0.0):
                self._due[key] = now + source.said.every
                read += await self._read(source, now)
        return read

    async def _read(self, source: CalendarSource, now: float) -> bool:
        said = source.said
        try:
            text = await fetch(said.url, self.transport)
        except NotFetched as error:
            log.warning("calendar not read", calendar=said.name, why=str(error))
            return False
        found = await asyncio.to_thread(source.read, text, "fetched")
        if found.troubles:
            log.warning("calendar not read", calendar=said.name, why="; ".join(found.troubles)[:1000])
        whole = not found.troubles
        if not found.events and not whole:
            return False
        take = partial(calendars.take, desk=said.desk, calendar=found, now=now, whole=whole)
        try:
            changed, cancelled = await self.store.write(take)
        except Reserved:  # another replica reads it, too
            return False
        if changed or cancelled:
            log.info("calendar read", calendar=said.name, changed=changed, cancelled=cancelled)
            self.made()
        return True


async def fetch(url: str, transport: httpx.AsyncBaseTransport | None = None) -> str:
    """The text at an address. Raises NotFetched; nowhere else is gone to."""
    body = b""
    try:
        async with (
            asyncio.timeout(TIMEOUT),
            httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, transport=transport) as client,
            client.stream("GET", url, headers={"Accept": "text/calendar"}) as answer,
        ):
            if answer.status_code != 200:
                raise NotFetched(f"it answered {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > MOST_OCTETS:
                    raise NotFetched(f"it is larger than {MOST_OCTETS} bytes")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise NotFetched(type(error).__name__) from error
    return body.decode("utf-8", "replace")
