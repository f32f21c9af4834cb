"""Telling those who look after the gateway: the day in the morning, and at once what is held back.

Mail is kept as letters, whose keys see to it that each is written once, whatever restarts and however many processes
there are. The ticket is one of the gateway's own, as long as anything is held back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.model.ownnotice import OwnNotice
from gateway.model.spans import DAY, HOUR
from gateway.operate import todo
from gateway.operate.report import day_lines, held_lines, held_since
from gateway.operate.today import today
from gateway.outgoing.written import written
from gateway.periodic import run_every
from gateway.store import expectations, letters
from gateway.store.engine import Store
from gateway.store.expectations import Expected
from gateway.store.letters import Letter
from gateway.upkeep import own_mail
from gateway.work.notices import HELD_BACK

log = structlog.get_logger("reports")

EVERY = 15.0
LATEST = 4 * HOUR
"""Seconds after its time for which the day is still told: of a gateway that was off in the morning."""
WORTH = 12 * HOUR
"""Seconds after which a letter is worth nothing."""
NAME = "Mail gateway"
MAIL = "mail"


class Reports:
    """``store_name`` is how people call the database; ``made`` is called after a mail of our own was made."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        store_name: str,
        clock: Callable[[], float],
        made: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.store_name = store_name
        self.clock = clock
        self.made = made
        self._told_day = ""
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """Tell whom another configuration names."""
        self.settings = settings
        self.zone = ZoneInfo(settings.timezone)
        self._told_day = ""

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check)

    async def check(self) -> None:
        """Tell what is due now."""
        reports = self.settings.reports
        if reports.to and (day := self._due_day()) != self._told_day:
            if day:
                await self.store.write(partial(self._tell_day, day=day, now=self.clock()))
            self._told_day = day
        if reports.held == "mail":
            await self._check_mail()
        elif reports.held == "ticket" and await self.store.write(partial(self._check_ticket, now=self.clock())):
            self.made()

    # -- the day ----------------------------------------------------------------------------------

    def _due_day(self) -> str:
        """The day whose morning it is, "" while it is not."""
        local = datetime.fromtimestamp(self.clock(), self.zone)
        due = datetime.combine(local.date(), time.fromisoformat(self.settings.reports.at), self.zone)
        return local.date().isoformat() if timedelta() <= local - due <= timedelta(seconds=LATEST) else ""

    def _tell_day(self, connection: Connection, day: str, now: float) -> None:
        found = today(connection, self.settings, self.store_name, now, self.zone)
        held, _ = held_since(connection, now - DAY, now, self.zone)
        lines = day_lines(found, now, self.zone)
        if held:
            lines += ["", "Held back since yesterday:", *held_lines(held, now, self.zone, self._address())]
        for recipient in self.settings.reports.to:
            count = sum(found.held.values())
            subject = f"Mail gateway, {day}: {f'{count} held back' if count else 'nothing waits for you'}"
            self._keep(connection, "day", f"day\0{day}\0{recipient}", recipient, subject, lines, now)

    # -- what is held back ------------------------------------------------------------------------

    async def _check_mail(self) -> None:
        now = self.clock()
        known = await self.store.read(partial(expectations.told, desk="", source=HELD_BACK.name, name=MAIL))
        if known is None:  # what is held back now was held back before anybody wanted to be told
            await self.store.write(partial(_begin, now=now))
            return
        last = await self.store.read(lambda connection: letters.newest(connection, 1, kind="held"))
        if last and now < last[0]["made_at"] + self.settings.reports.held_every:
            return
        look = partial(held_since, since=known.alarmed, now=now, zone=self.zone)
        if (await self.store.read_to_show(look))[0]:
            await self.store.write(partial(self._tell_held, known=known, now=now))

    def _tell_held(self, connection: Connection, known: Expected, now: float) -> None:
        mails, newest = held_since(connection, known.alarmed, now, self.zone)
        if not mails or not expectations.speak_up(connection, known, newest):
            return
        subject = f"Held back: {len(mails)} mails" if len(mails) > 1 else f"Held back: {mails[0].subject}"
        lines = held_lines(mails, now, self.zone, self._address())
        for recipient in self.settings.reports.held_recipients():
            self._keep(connection, "held", f"held\0{recipient}\0{newest:.3f}", recipient, subject, lines, now)
        log.info("told what is held back", mails=len(mails))

    def _check_ticket(self, connection: Connection, now: float) -> bool:
        """One ticket, from the first mail that is held back until none is. Returns whether a mail was made."""
        reports = self.settings.reports
        address = reports.held_mailbox or self.settings.mailbox[0].address
        desk = next(box.desk for box in self.settings.mailbox if box.address == address)
        known = expectations.told(connection, desk, HELD_BACK.name, address)
        began = known.began if known else 0.0
        held = sum(todo.held_back(connection).values())
        if began and not held:
            if not expectations.heard_again(connection, desk, HELD_BACK.name, address, began, now):
                return False
            self._make(connection, address, desk, "close", "Nothing is held back any more", [], began, now)
            return True
        if not held or began or (known and now < known.last_at + reports.held_every):
            return False
        if not expectations.raise_alarm(connection, desk, HELD_BACK.name, address, now):
            return False
        mails, _ = held_since(connection, 0.0, now, self.zone)
        title = f"Mail is held back: {held} mail{'s' if held > 1 else ''}"
        lines = held_lines(mails, now, self.zone, self._address())
        self._make(connection, address, desk, "open", title, lines, now, now)
        return True

    def _make(
        self,
        connection: Connection,
        address: str,
        desk: str,
        state: Literal["open", "close"],
        title: str,
        lines: list[str],
        began: float,
        now: float,
    ) -> None:
        about = OwnNotice(source=HELD_BACK.name, expectation=address, title=title, state=state)
        key = f"{HELD_BACK.name}\0{state}\0{desk}\0{address}\0{began:.3f}"
        own_mail.keep(connection, address, desk, about, "\n".join([f"{title}.", "", *lines]), key, now)

    def _keep(
        self, connection: Connection, kind: str, key: str, recipient: str, subject: str, lines: list[str], now: float
    ) -> None:
        sender = self.settings.smarthost.sender
        if sender is None:
            return
        text = "\n".join(lines)
        message = written(sender, recipient, subject, text, key, now, name=NAME)
        letters.keep(connection, Letter(key, kind, recipient, message, now + WORTH), now)

    def _address(self) -> str:
        console = self.settings.console
        return console.address if console.listen else ""


def _begin(connection: Connection, now: float) -> None:
    expectations.look_for(connection, "", HELD_BACK.name, MAIL, "", now)
    known = expectations.told(connection, "", HELD_BACK.name, MAIL)
    if known is not None and not known.alarmed:
        expectations.speak_up(connection, known, now)
