"""Mail that has to come: when one is late by more than its grace, the gateway writes one of its own.

That mail is kept like any other and becomes a ticket like any notice. It is unique by expectation, object and
due time, so that replicas and crashes make one. Whatever comes later closes the ticket by the rules for all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.config.profile import ExpectPart
from gateway.config.settings import Settings
from gateway.model.ownnotice import OwnNotice
from gateway.model.spans import HOUR
from gateway.notices.rhythm import LEARN_FROM, rhythm
from gateway.notices.source import Source, Sources
from gateway.periodic import run_every
from gateway.store import expectations
from gateway.store.engine import Store
from gateway.store.expectations import Expected
from gateway.upkeep import own_mail

log = structlog.get_logger("work")

EVERY = 30.0
SETTLING = 900.0
"""Seconds after the start in which nothing is called late: others kept the mail while we were away."""
PATIENCE = HOUR
"""Seconds for which mail that was not read yet may be the one that is missing."""


class Expectations:
    """Looks for what is late. ``made`` is called after a mail was made."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        sources: Sources,
        clock: Callable[[], float],
        made: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.settings = settings
        self.sources = [source for source in sources.all if source.expect]
        self.clock = clock
        self.made = made
        self.started = clock()

    def take(self, settings: Settings, sources: Sources) -> None:
        """Look for what another configuration expects."""
        self.settings = settings
        self.sources = [source for source in sources.all if source.expect]

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check)

    async def check(self) -> int:
        """Write a mail about each that is late. Returns how many."""
        made = 0
        for source in self.sources:
            for part in source.expect:
                made += await self._check(source, part)
        if made:
            self.made()
        return made

    async def _check(self, source: Source, part: ExpectPart) -> int:
        now = self.clock()
        rows = await self.store.read(lambda c: expectations.all_of(c, source.desk, source.name, part.name))
        if not rows and not part.each:
            await self.store.write(lambda c: expectations.look_for(c, source.desk, source.name, part.name, "", now))
        if now < self.started + SETTLING:
            return 0
        made = 0
        for expected in rows:
            late = await self.store.read(partial(self._late, source=source, part=part, expected=expected, now=now))
            if late:
                write = partial(self._write, source=source, part=part, expected=expected, due=late, now=now)
                made += await self.store.write(write)
        return made

    def _late(self, connection: Connection, source: Source, part: ExpectPart, expected: Expected, now: float) -> float:
        """The due time by which the mail should have come and did not, 0 for none."""
        zone = ZoneInfo(part.timezone) if part.timezone else source.zone
        came = expectations.history(connection, expected, now - LEARN_FROM) if part.learn else ()
        found = rhythm(part, zone, came)
        if found is None:
            return 0.0
        due = found.last_due(now - part.grace, expected.last_at or expected.since)
        if not due or due <= max(expected.alarmed, expected.since):
            return 0.0
        start = found.due_before(due) + part.grace
        if expected.last_at > start and expected.last_at != expected.late_at and not part.every:
            return 0.0
        if now < due + part.grace + PATIENCE and expectations.unread(
            connection, expected.desk, start, due + part.grace
        ):
            return 0.0
        return due

    def _write(
        self, connection: Connection, source: Source, part: ExpectPart, expected: Expected, due: float, now: float
    ) -> int:
        if not expectations.speak_up(connection, expected, due):
            return 0
        boxes = [box for box in self.settings.mailbox if box.desk == source.desk]
        box = next((each for each in boxes if each.address == source.who.mailbox), boxes[0])
        key = f"{expected.desk}\0{expected.source}\0{expected.name}\0{expected.object}\0{due:.0f}"
        client = part.client or source.client
        about = OwnNotice(
            source=source.name,
            expectation=part.name,
            object=expected.object,
            title=f"Missing: {source.profile.title}, {expected.object or part.name}",
            client=client,
            client_id="" if client else expectations.client_of(connection, expected),
        )
        zone = ZoneInfo(part.timezone) if part.timezone else source.zone
        words = _words(source, part, expected, due, zone)
        own_mail.keep(connection, box.address, source.desk, about, words, key, now)
        log.warning("expected mail is missing", notice=source.name, expectation=part.name, object=expected.object)
        return 1


def _words(source: Source, part: ExpectPart, expected: Expected, due: float, zone: tzinfo) -> str:
    def local(moment: float) -> str:
        return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M %Z") if moment else "never"

    lines = [f"{source.profile.title} has not written about {expected.object or part.name}."]
    lines += [
        f"Due: {local(due)}, with {part.grace / 60:.0f} minutes of grace.",
        f"Last mail: {local(expected.last_at)}.",
    ]
    lines += [f"Expectation: {part.name} of the notice {source.name}."]
    return "\n".join(lines)
