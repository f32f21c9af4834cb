"""Mailboxes into which nothing comes any more: learned from their own past, told as a ticket, a metric and in the log.

A connector that fails is quiet: nobody misses mail that they do not expect. So each mailbox is expected to go on as it
did (upkeep.flow). Mail of machines may come by another way than that of people: where a mailbox has both, what people
write is watched as well. What is told is told once, by a mail of the gateway's own that becomes a ticket; when mail
comes again, another one ends the problem.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.model.spans import HOUR
from gateway.periodic import run_every
from gateway.store import expectations, inflow
from gateway.store.engine import Store
from gateway.upkeep.flow import AGAIN, LEARN_FROM, Flow, apart, learn
from gateway.upkeep.own_mail import Alarm
from gateway.work.notices import SILENCE

log = structlog.get_logger("work")

EVERY = 60.0
LEARN_EVERY = 6 * HOUR
LOOK_AT = {
    "all": "Look at what brings the mail here: the provider's rule or connector, DNS, the mail server before us.",
    "people": "Mail of machines still comes, maybe by a way of its own. Look at what brings customers' mail here: the "
    "provider's rule or connector, its filters, DNS, the mail server before us.",
    "source": "Look whether the product still runs and mails: its job, its mail settings, the server it sends by.",
}
TITLES = {"all": "for", "people": "of people for", "source": "from"}
A_MACHINES_SHARE = 0.1
"""Of a mailbox's mail, from which on what people write is watched by itself."""
STILL_COMES = 3
"""Mails of machines during a silence of people, from which on the mailbox itself is not silent."""
SETTLING = 1800.0
"""Seconds after the start in which nothing is told: who could not reach us tries again."""


@dataclass(frozen=True, slots=True)
class Watched:
    """All mail into a mailbox, that of people, or that of the source of a notice: how its silence is ``told``, and by a
    mail to which ``mailbox``."""

    name: str
    desk: str
    mailbox: str
    told: Literal["ticket", "log", "off"]
    client: str = ""
    what: Literal["all", "people", "source"] = "all"

    @property
    def key(self) -> str:
        """Its name where all of them stand together."""
        return {"all": "", "people": "people ", "source": "notice "}[self.what] + self.name

    @property
    def mail(self) -> str:
        """Which mail, after "nothing has come" or "mail comes"."""
        return {"all": "into ", "people": "of people into ", "source": "from "}[self.what] + self.name


def watched(settings: Settings) -> list[Watched]:
    """All mailboxes and sources, those as well of which nothing is told."""
    first = {box.desk: box.address for box in reversed(settings.mailbox)}
    boxes = [Watched(box.address, box.desk, box.address, box.silence) for box in settings.mailbox]
    people = [replace(box, what="people") for box in boxes]
    sources = [
        Watched(
            notice.called, notice.desk, notice.mailbox or first[notice.desk], notice.silence, notice.client, "source"
        )
        for notice in settings.notice
    ]
    return boxes + people + sources


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
        alarms = await self.store.read(expectations.alarms)
        silent = {(alarm.desk, alarm.name) for alarm in alarms if alarm.source == SILENCE.name}
        known = [box for box in self.boxes if self._flows.get(box.key) is not None or (box.desk, box.key) in silent]
        self._last |= await self.store.read(partial(_last_of, boxes=known, since=now - LEARN_FROM))
        for box in known:
            told += await self._check(box, self._flows.get(box.key), now)
        if told:
            self.made()
        return told

    async def _check(self, box: Watched, flow: Flow | None, now: float) -> int:
        """Without a flow, as of a silence that is longer than what is learned from, only its end is told."""
        last = self._last.get(box.key, 0.0)
        known = await self.store.read(partial(expectations.told, desk=box.desk, source=SILENCE.name, name=box.key))
        began = known.began if known else 0.0
        is_told = flow is not None and flow.expected(last, now) > flow.limit
        is_silent = bool(last) and now >= self.started + SETTLING and is_told
        if is_silent and box.what == "people":
            is_silent = await self.store.read(partial(_machines_still_come, box=box, last=last, now=now))
        is_over = bool(began) and last > began
        self.show(box, is_silent or (bool(began) and not is_over))
        if is_over:
            return await self.store.write(partial(self._over, box=box, began=began, last=last, now=now))
        if flow is not None and is_silent and not began and (not known or last > known.last_at + AGAIN):
            return await self.store.write(partial(self._tell, box=box, flow=flow, last=last, now=now))
        return 0

    def _tell(self, connection: Connection, box: Watched, flow: Flow, last: float, now: float) -> int:
        if not expectations.raise_alarm(connection, box.desk, SILENCE.name, box.key, last):
            return 0
        _log(box, last)
        if box.told == "ticket":
            since = self._local(last)
            words = [
                f"Nothing has come {box.mail} since {since}.",
                f"{flow.expected(last, now):.0f} mails would usually have come since then.",
                LOOK_AT[box.what],
            ]
            title = f"No mail {TITLES[box.what]} {box.name} since {since}"
            _alarm(box, last).begin(connection, title, "\n".join(words), now)
        return 1

    def _over(self, connection: Connection, box: Watched, began: float, last: float, now: float) -> int:
        if not expectations.heard_again(connection, box.desk, SILENCE.name, box.key, began, last):
            return 0
        log.warning("mail comes again", name=box.name, after=last - began)
        words = f"Mail comes {box.mail} again, since {self._local(last)} at the latest."
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
        words = f"The configuration does not ask any more whether mail comes {box.mail}."
        _alarm(box, began).end(connection, f"No longer watched: {box.name}", words, now)
        return 1

    def _local(self, moment: float) -> str:
        return datetime.fromtimestamp(moment, self.zone).strftime("%Y-%m-%d %H:%M %Z")


def _alarm(box: Watched, began: float) -> Alarm:
    return Alarm(SILENCE.name, box.key, f"{box.desk}\0{box.key}", began, box.desk, box.mailbox, box.client)


def _log(box: Watched, since: float) -> None:
    match box.what:
        case "all":
            log.warning("nothing comes into a mailbox", name=box.name, since=since)
        case "people":
            log.warning("nothing of people comes into a mailbox", name=box.name, since=since)
        case "source":
            log.warning("nothing comes from a source", name=box.name, since=since)


def flows(
    connection: Connection, boxes: Sequence[Watched], zone: ZoneInfo, now: float, holidays: tuple[date, ...]
) -> dict[str, Flow | None]:
    """The flow of each."""
    of_all, of_people = inflow.since(connection, now - LEARN_FROM)
    came = of_all | {f"people {box}": times for box, times in of_people.items() if _has_both(times, of_all[box])}
    for box in boxes:
        if box.what == "source":
            came[box.key] = apart(inflow.of_source(connection, box.name, now - LEARN_FROM))
    return {box.key: learn(came.get(box.key, ()), now, zone, holidays) for box in boxes}


def _has_both(of_people: Sequence[float], of_all: Sequence[float]) -> bool:
    return len(of_all) - len(of_people) >= A_MACHINES_SHARE * len(of_all)


def _last_of(connection: Connection, boxes: Sequence[Watched], since: float) -> dict[str, float]:
    """When the last mail of each source, and of people into each mailbox, came since then."""
    sources = {box.key: inflow.last_of_source(connection, box.name, since) for box in boxes if box.what == "source"}
    people = {box.key: inflow.last_of_people(connection, box.name, since) for box in boxes if box.what == "people"}
    return {key: at for key, at in (sources | people).items() if at}


def _machines_still_come(connection: Connection, box: Watched, last: float, now: float) -> bool:
    """Where nothing else comes either, the mailbox is silent as a whole, and that is told."""
    count, newest = inflow.of_machines(connection, box.name, last)
    return count >= STILL_COMES and now - newest < (now - last) / 2


def states(connection: Connection, settings: Settings, now: float) -> list[State]:
    """Each mailbox, what people write to those that have mail of machines too, and each source; for people."""
    boxes = [box for box in watched(settings) if box.told != "off" or box.what == "all"]
    learned = flows(connection, boxes, ZoneInfo(settings.timezone), now, settings.silence.holidays)
    _, last = inflow.after(connection, 0, now - LEARN_FROM)
    last |= _last_of(connection, [box for box in boxes if box.what == "source" or learned[box.key]], now - LEARN_FROM)
    found = []
    for box in boxes:
        known = expectations.told(connection, box.desk, SILENCE.name, box.key)
        began = known.began if known else 0.0
        if box.what != "people" or learned[box.key] is not None or began:
            found.append(State(box.key, last.get(box.key, 0.0), learned[box.key], began))
    return found
