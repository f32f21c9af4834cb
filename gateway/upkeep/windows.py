"""The summary of a maintenance window: one mail of the gateway's own at its end, which becomes one ticket.

It is written in the transaction that marks the window as told, so that replicas and crashes make one, and once all mail
that the window held has come to its end. Where nothing goes on, a second mail ends the matter: the ticket closes as any
vendor's does, if nobody touched it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, RowMapping

from gateway.config.settings import Settings
from gateway.model.ownnotice import OwnNotice
from gateway.periodic import run_every
from gateway.store import deliveries, windows
from gateway.store.engine import Store
from gateway.store.windows import Occurrence
from gateway.upkeep import own_mail
from gateway.work.notices import WINDOWS
from gateway.work.windows import LOOK_AGAIN, Schedule

log = structlog.get_logger("work")

EVERY = 15.0
PATIENCE = 900.0
"""Seconds after its end for which a summary waits for mail of its time to be decided, and for the tickets of what goes
on."""
MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class HeldProblem:
    """What a window held of a problem: ``notices`` from ``first`` to ``last``. It ``goes_on``; ``number`` and
    ``ticket_id`` are its ticket's; ``is_held_on``: a window that followed holds it now; ``is_settled``: what becomes of
    it at the end of this window is done."""

    profile: str
    what: str
    client_id: str
    word: str
    notices: int
    first: float
    last: float
    goes_on: bool
    number: str
    ticket_id: str
    is_held_on: bool
    is_settled: bool


def held_problems(rows: Sequence[RowMapping], now: float) -> list[HeldProblem]:
    """The problems that a window held, by its notices in the order in which they came."""
    by_problem: dict[str, list[RowMapping]] = {}
    for row in rows:
        by_problem.setdefault(row["problem_id"], []).append(row)
    found = []
    for notices in by_problem.values():
        first, last = notices[0], notices[-1]
        goes_on = last["state"] != "close" and last["now"] == "open"
        is_held_on = goes_on and bool(last["held_by"]) and last["until"] > now + LOOK_AGAIN
        found.append(
            HeldProblem(
                profile=first["profile"],
                what=": ".join(filter(None, (first["object"], first["condition"]))) or first["key"] or "a problem",
                client_id=first["client_id"],
                word=last["word"],
                notices=len(notices),
                first=first["accepted_at"],
                last=last["accepted_at"],
                goes_on=goes_on,
                number=(last["number"] or "") if goes_on else "",
                ticket_id=last["ticket_id"] or "",
                is_held_on=is_held_on,
                is_settled=not goes_on or is_held_on or (bool(last["number"]) and not last["held_by"]),
            )
        )
    return sorted(found, key=lambda problem: (not problem.goes_on, problem.first))


class Summaries:
    """Writes what is due. ``made`` is called after a mail was made; ``names`` are the desks' own, by desk and id."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], float],
        made: Callable[[], None] = lambda: None,
        names: Callable[[str], Mapping[str, str]] = lambda desk: {},
    ) -> None:
        self.store = store
        self.take(settings)
        self.clock = clock
        self.made = made
        self.names = names

    def take(self, settings: Settings) -> None:
        """The configuration is another: what its windows hold is looked at again."""
        self.settings = settings
        self.schedule = Schedule(settings)
        self.zone = ZoneInfo(settings.timezone)
        self._others = True

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check)

    async def _look_again(self) -> None:
        now = self.clock()
        self._others = False
        for desk in self.settings.desks:
            if await self.store.write(partial(windows.wake, desk=desk, now=now)):
                self.made()

    async def check(self) -> int:
        """Write the summaries that are due. Returns how many."""
        if self._others:
            await self._look_again()
        now, told = self.clock(), 0
        desks = {box.desk for box in self.settings.mailbox}
        for held in await self.store.read(windows.untold):
            if held.desk in desks:
                told += await self.store.write(partial(self._tell, held=held, now=now))
        if told:
            self.made()
        return told

    def _tell(self, connection: Connection, held: Occurrence, now: float) -> int:
        ends, grace = self._ends(connection, held, now)
        if now < ends + grace:
            return 0
        rows = windows.notices_of(connection, held.id)
        problems = held_problems(rows, now)
        unfinished = (
            windows.is_unread(connection, held.desk, held.begins, ends + grace)
            or windows.is_settling(connection, held.id, now)
            or not all(problem.is_settled for problem in problems)
        )
        if unfinished and now < ends + grace + PATIENCE:
            return 0
        if not windows.tell(connection, held.id, ends, now) or not problems:
            return 0
        log.info("window over", window=held.name, notices=len(rows), problems=len(problems))
        self._keep(connection, held, ends, problems, rows[0]["delivery_id"], now)
        return 1

    def _ends(self, connection: Connection, held: Occurrence, now: float) -> tuple[float, float]:
        """When it ends, and the grace after it; one that nobody knows any more ended as it was known."""
        placed = self.schedule.placed(connection, held.desk, held.begins - 1.0, held.begins + 1.0)
        found = next((window for window in placed if window.id == held.id), None)
        if found is None:
            return min(held.ends, now), 0.0
        return found.ends, 0.0 if found.said.cancelled_at else found.said.grace

    def _keep(
        self,
        connection: Connection,
        held: Occurrence,
        ends: float,
        problems: Sequence[HeldProblem],
        delivery_id: str,
        now: float,
    ) -> None:
        mail = deliveries.by_id(connection, delivery_id)
        boxes = [box.address for box in self.settings.mailbox if box.desk == held.desk]
        mailbox = mail.mailbox if mail is not None and mail.mailbox in boxes else boxes[0]
        clients = {problem.client_id for problem in problems}
        going = sum(problem.goes_on for problem in problems)
        notices = sum(problem.notices for problem in problems)
        about = OwnNotice(
            source=WINDOWS.name,
            expectation=held.name,
            key=held.id,
            condition="summary",
            title=f"Maintenance {held.name}: {_many(notices, 'notice')} of {_many(len(problems), 'problem')} held, "
            f"{going or 'none'} still open",
            client_id=clients.pop() if len(clients) == 1 else "",
            word="over",
        )
        words = "\n".join(self._words(held, ends, problems))
        self._mail(connection, mailbox, held, about, words, now)
        if not going:
            title = f"Maintenance {held.name}: nothing is left to do"
            self._mail(connection, mailbox, held, replace(about, state="close", title=title), title + ".", now)

    @staticmethod
    def _mail(connection: Connection, mailbox: str, held: Occurrence, about: OwnNotice, words: str, now: float) -> None:
        key = f"{WINDOWS.name}\0{about.state}\0{held.id}\0{now:.3f}"
        own_mail.keep(connection, mailbox, held.desk, about, words, key, now)

    def _words(self, held: Occurrence, ends: float, problems: Sequence[HeldProblem]) -> list[str]:
        names = self.names(held.desk)
        several = len({problem.client_id for problem in problems}) > 1
        lines = [f"The window {held.name} lasted from {_at(held.begins, self.zone)} to {_at(ends, self.zone)}."]
        for title, chosen in (
            ("Still open at its end:", [problem for problem in problems if problem.goes_on]),
            ("Over before its end:", [problem for problem in problems if not problem.goes_on]),
        ):
            lines += ["", title] if chosen else []
            for problem in chosen[:MOST_LINES]:
                client = f"{names.get(problem.client_id, problem.client_id)}, " if several else ""
                lines.append(f"- {client}{self._line(problem)}")
            if len(chosen) > MOST_LINES:
                lines.append(f"- and {len(chosen) - MOST_LINES} more: gateway windows show")
        return lines

    def _line(self, problem: HeldProblem) -> str:
        times = f"{_at(problem.first, self.zone, short=True)} to {_at(problem.last, self.zone, short=True)}"
        if problem.first == problem.last:
            times = _at(problem.first, self.zone, short=True)
        line = f"{problem.what[:200]} ({problem.profile}): {problem.word}, {_many(problem.notices, 'notice')}, {times}"
        if problem.goes_on:
            lacks = "held on by another window" if problem.is_held_on else "without a ticket: look for its mail"
            line += f", ticket {problem.number}" if problem.number and not problem.is_held_on else f", {lacks}"
        return line


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _at(moment: float, zone: tzinfo, short: bool = False) -> str:
    return datetime.fromtimestamp(moment, zone).strftime("%H:%M" if short else "%Y-%m-%d %H:%M %Z")
