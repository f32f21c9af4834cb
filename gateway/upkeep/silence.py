"""Mailboxes into which nothing comes any more: learned from their own past, told as a ticket, a metric and in the log.

A connector that fails is quiet: nobody misses mail that they do not expect. So each mailbox is expected to go on as it
did (upkeep.flow). What is told is told once, by a mail of the gateway's own that becomes a ticket; when mail comes
again, another one ends the problem.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.periodic import run_every
from gateway.store import expectations, inflow
from gateway.store.engine import Store
from gateway.upkeep.flow import AGAIN, LEARN_FROM, Flow, apart, learn
from gateway.upkeep.own_mail import Alarm
from gateway.work.notices import SILENCE

log = structlog.get_logger("work")

EVERY = 60.0
LEARN_EVERY = 6 * 3600.0
LOOK_AT_A_MAILBOX = (
    "Look at what brings the mail here: the provider's rule or connector, DNS, the mail server before us."
)
LOOK_AT_A_SOURCE = "Look whether the product still runs and mails: its job, its mail settings, the server it sends by."
SETTLING = 1800.0
"""Seconds after the start in which nothing is told: who could not reach us tries again."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A mailbox, or the source of a notice (``is_source``): how its silence is ``told``, and by a mail to which
    ``mailbox``."""

    name: str
    desk: str
    mailbox: str
    told: Literal["ticket", "log", "off"]
    client: str = ""
    is_source: bool = False

    @property
    def key(self) -> str:
        """Its name where mailboxes and sources stand together."""
        return f"notice {self.name}" if self.is_source else self.name


def watched(settings: Settings) -> list[Watched]:
    """All mailboxes and sources, those as well of which nothing is told."""
    first = {box.desk: box.address for box in reversed(settings.mailbox)}
    boxes = [Watched(box.address, box.desk, box.address, box.silence) for box in settings.mailbox]
    sources = [
        Watched(notice.called, notice.desk, notice.mailbox or first[notice.desk], notice.silence, notice.client, True)
        for notice in settings.notice
    ]
    return boxes + sources


@dataclass(frozen=True, slots=True)
class State:
    """A mailbox or source now: when its last mail came (0: never), its flow, None while too little is known, and since
    when it is told to be silent, 0 for not at all."""

    mailbox: str
    last: float
    flow: Flow | None
    silent_since: float = 0.0


class Silence:
    """Watches mailboxes and sources. ``made`` is called after a mail was made; ``show`` is told of each, whether it is
    silent."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], float],
        made: Callable[[], None] = lambda: None,
        show: Callable[[Watched, bool], None] = lambda box, silent: None,
    ) -> None:
        self.store = store
        self._watch(settings)
        self.zone = ZoneInfo(settings.timezone)
        self.holidays = settings.silence.holidays
        self.clock = clock
        self.made = made
        self.show = show
        self.started = clock()
        self._flows: Mapping[str, Flow | None] = {}
        self._learned_at = 0.0
        self._seen = 0
        self._last: dict[str, float] = {}

    def take(self, settings: Settings) -> None:
        """Other holidays, other sources: what is normal is learned again."""
        self._watch(settings)
        self.holidays = settings.silence.holidays
        self._learned_at = 0.0

    def _watch(self, settings: Settings) -> None:
        every = watched(settings)
        self.boxes = [box for box in every if box.told != "off"]
        self.unwatched = [box for box in every if box.told == "off"]

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check)

    async def check(self) -> int:
        """Tell what is silent, and what is no longer. Returns how many mails were made."""
        now, told = self.clock(), 0
        if now >= self._learned_at + LEARN_EVERY:
            told += await self._let_go(now)
            self._learned_at = now
            self._flows = await self.store.read(
                partial(flows, boxes=self.boxes, zone=self.zone, now=now, holidays=self.holidays)
            )
        look = partial(inflow.after, seq=self._seen, since=now - LEARN_FROM)
        self._seen, came = await self.store.read(look)
        self._last |= came
        self._last |= await self.store.read(partial(_last_of_sources, boxes=self.boxes, since=now - LEARN_FROM))
        for box in self.boxes:
            flow = self._flows.get(box.key)
            if flow is not None:
                told += await self._check(box, flow, now)
        if told:
            self.made()
        return told

    async def _check(self, box: Watched, flow: Flow, now: float) -> int:
        last = self._last.get(box.key, 0.0)
        known = await self.store.read(partial(expectations.told, desk=box.desk, source=SILENCE.name, name=box.key))
        began = known.began if known else 0.0
        is_silent = bool(last) and now >= self.started + SETTLING and flow.expected(last, now) > flow.limit
        self.show(box, bool(began) or is_silent)
        if began and last > began:
            return await self.store.write(partial(self._over, box=box, began=began, last=last, now=now))
        if is_silent and not began and (not known or last > known.last_at + AGAIN):
            return await self.store.write(partial(self._tell, box=box, flow=flow, last=last, now=now))
        return 0

    def _tell(self, connection: Connection, box: Watched, flow: Flow, last: float, now: float) -> int:
        if not expectations.raise_alarm(connection, box.desk, SILENCE.name, box.key, last):
            return 0
        log.warning("nothing comes from a source" if box.is_source else "nothing comes into a mailbox",
                    name=box.name, since=last)  # fmt: skip
        if box.told == "ticket":
            since = self._local(last)
            words = [
                f"Nothing has come {'from' if box.is_source else 'into'} {box.name} since {since}.",
                f"{flow.expected(last, now):.0f} mails would usually have come since then.",
                LOOK_AT_A_SOURCE if box.is_source else LOOK_AT_A_MAILBOX,
            ]
            title = f"No mail {'from' if box.is_source else 'for'} {box.name} since {since}"
            _alarm(box, last).begin(connection, title, "\n".join(words), now)
        return 1

    def _over(self, connection: Connection, box: Watched, began: float, last: float, now: float) -> int:
        if not expectations.heard_again(connection, box.desk, SILENCE.name, box.key, began, last):
            return 0
        log.warning("mail comes again", name=box.name, after=last - began)
        where = f"{'from' if box.is_source else 'into'} {box.name}"
        words = f"Mail comes {where} again, since {self._local(last)} at the latest."
        _alarm(box, began).end(connection, f"Mail comes again: {box.name}", words, now)
        return 1

    async def _let_go(self, now: float) -> int:
        """What was told of that which is no longer watched is over."""
        ended = 0
        for box in self.unwatched:
            known = await self.store.read(partial(expectations.told, desk=box.desk, source=SILENCE.name, name=box.key))
            if known and known.began:
                ended += await self.store.write(partial(self._ignore, box=box, began=known.began, now=now))
        return ended

    def _ignore(self, connection: Connection, box: Watched, began: float, now: float) -> int:
        if not expectations.heard_again(connection, box.desk, SILENCE.name, box.key, began, now):
            return 0
        self.show(box, False)
        words = f"The configuration does not ask any more whether mail comes {'from' if box.is_source else 'into'} it."
        _alarm(box, began).end(connection, f"No longer watched: {box.name}", words, now)
        return 1

    def _local(self, moment: float) -> str:
        return datetime.fromtimestamp(moment, self.zone).strftime("%Y-%m-%d %H:%M %Z")


def _alarm(box: Watched, began: float) -> Alarm:
    return Alarm(SILENCE.name, box.key, f"{box.desk}\0{box.key}", began, box.desk, box.mailbox, box.client)


def flows(
    connection: Connection, boxes: Sequence[Watched], zone: ZoneInfo, now: float, holidays: tuple[date, ...]
) -> dict[str, Flow | None]:
    """The flow of each."""
    came = inflow.since(connection, now - LEARN_FROM)
    for box in boxes:
        if box.is_source:
            came[box.key] = apart(inflow.of_source(connection, box.name, now - LEARN_FROM))
    return {box.key: learn(came.get(box.key, ()), now, zone, holidays) for box in boxes}


def _last_of_sources(connection: Connection, boxes: Sequence[Watched], since: float) -> dict[str, float]:
    """When the last mail of each source came since then."""
    names = {box.key: box.name for box in boxes if box.is_source}
    found = {key: inflow.last_of_source(connection, name, since) for key, name in names.items()}
    return {key: at for key, at in found.items() if at}


def states(connection: Connection, settings: Settings, now: float) -> list[State]:
    """Each mailbox and source, for people."""
    boxes = [box for box in watched(settings) if box.told != "off" or not box.is_source]
    learned = flows(connection, boxes, ZoneInfo(settings.timezone), now, settings.silence.holidays)
    _, last = inflow.after(connection, 0, now - LEARN_FROM)
    last |= _last_of_sources(connection, boxes, now - LEARN_FROM)
    found = []
    for box in boxes:
        known = expectations.told(connection, box.desk, SILENCE.name, box.key)
        found.append(State(box.key, last.get(box.key, 0.0), learned[box.key], known.began if known else 0.0))
    return found
