"""Calendars of maintenance windows that are fetched: what they say is a window, and what they no longer say goes.

A calendar that is away, too large or damaged changes nothing: its windows stay as they were known. As what was called
off would then go on to be held, it is told, once, when this lasts for a day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.config.windows import CalendarSettings
from gateway.model.spans import DAY
from gateway.model.window import MaintenanceCalendar
from gateway.notices.calendars import MOST_OCTETS
from gateway.periodic import run_every
from gateway.startup import without
from gateway.store import calendars, expectations
from gateway.store.engine import Store
from gateway.store.mapping import Reserved
from gateway.upkeep.own_mail import Alarm
from gateway.work.calendars import CalendarSource, source_of
from gateway.work.notices import CALENDARS

with without("click"):
    import httpx

log = structlog.get_logger("work")

EVERY = 30.0
TIMEOUT = 30.0
"""Seconds for a calendar."""
STALE = DAY
"""Seconds after which it is told that a calendar cannot be read."""


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
        self.started = clock()
        self._due: dict[tuple[str, str], float] = {}
        self._whole_at: dict[tuple[str, str], float] = {}
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """The configuration is another."""
        self.sources = [source_of(said, settings) for said in settings.calendar if said.url]
        self.boxes = {box.desk: box.address for box in reversed(settings.mailbox)}
        self.zone = ZoneInfo(settings.timezone)

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
        """Whether anything of it was read."""
        said = source.said
        try:
            found = await asyncio.to_thread(source.read, await fetch(said.url, self.transport), "fetched")
            why = "; ".join(found.troubles)[:1000]
        except NotFetched as error:
            found, why = None, str(error)
        if why:
            log.warning("calendar not read", calendar=said.name, why=why)
        await self._watch(said, why, now)
        return found is not None and (bool(found.events) or not why) and await self._take(said, found, now)

    async def _take(self, said: CalendarSettings, found: MaintenanceCalendar, now: float) -> bool:
        whole = not found.troubles
        take = partial(calendars.take, desk=said.desk, calendar=found, now=now, whole=whole)
        try:
            changed, cancelled = await self.store.write(take)
        except Reserved:  # another replica reads it, too
            return False
        if changed or cancelled:
            log.info("calendar read", calendar=said.name, changed=changed, cancelled=cancelled)
            self.made()
        return True

    async def _watch(self, said: CalendarSettings, why: str, now: float) -> None:
        """Tell what cannot be read whole for long, and when it can again."""
        known = await self.store.read(partial(expectations.told, desk=said.desk, source=CALENDARS.name, name=said.name))
        began = known.began if known else 0.0
        key = (said.desk, said.name)
        if not why:
            self._whole_at[key] = now
            if began:
                await self.store.write(partial(self._over, said=said, began=began, now=now))
        elif not began and now >= self._whole_at.get(key, self.started) + STALE:
            await self.store.write(partial(self._tell, said=said, why=why, now=now))

    def _tell(self, connection: Connection, said: CalendarSettings, why: str, now: float) -> None:
        if not expectations.raise_alarm(connection, said.desk, CALENDARS.name, said.name, now):
            return
        since = self._whole_at.get((said.desk, said.name), self.started)
        local = datetime.fromtimestamp(since, self.zone).strftime("%Y-%m-%d %H:%M %Z")
        words = [
            f"The calendar {said.name} could not be read whole since {local}: {why}",
            "Its windows stay as they were: what was called off since then holds notices, what is new holds none.",
        ]
        self._alarm(said, now).begin(connection, f"Calendar {said.name} cannot be read", "\n".join(words), now)
        self.made()

    def _over(self, connection: Connection, said: CalendarSettings, began: float, now: float) -> None:
        if expectations.heard_again(connection, said.desk, CALENDARS.name, said.name, began, now):
            words = f"The calendar {said.name} was read whole again."
            self._alarm(said, began).end(connection, f"Calendar {said.name} is read again", words, now)
            self.made()

    def _alarm(self, said: CalendarSettings, began: float) -> Alarm:
        key = f"{said.desk}\0{said.name}"
        return Alarm(CALENDARS.name, said.name, key, began, said.desk, self.boxes[said.desk])


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
