"""Alarms about what the configuration has no longer: a mailbox, a source, an expectation or a probe that was taken out
while its ticket was open. Nothing would end that ticket any more, so a mail of the gateway's own does. Where its whole
desk was taken out, nobody can: the log names the ticket, for a person to close.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.model.ownnotice import OwnNotice
from gateway.model.problem import Problem, family_of, missing_key
from gateway.notices.source import Sources
from gateway.periodic import run_every
from gateway.store import expectations, problems
from gateway.store.engine import Store
from gateway.store.expectations import Expected
from gateway.upkeep import own_mail, silence
from gateway.work.notices import CALENDARS, OWN, PROBE, SILENCE

log = structlog.get_logger("work")

EVERY = 300.0


class Leftovers:
    """``made`` is called after a mail was made; ``ended`` is told the source and the name of each alarm that ended."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        sources: Sources,
        clock: Callable[[], float],
        made: Callable[[], None] = lambda: None,
        ended: Callable[[str, str], None] = lambda source, name: None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.made = made
        self.ended = ended
        self.take(settings, sources)

    def take(self, settings: Settings, sources: Sources) -> None:
        """Go on by another configuration."""
        self._said: set[Expected] = set()
        self.boxes = {box.desk: box.address for box in reversed(settings.mailbox)}
        self.known = {(box.desk, SILENCE.name, box.key) for box in silence.watched(settings)}
        desks = {box.address: box.desk for box in settings.mailbox}
        self.known |= {(desks[probe.arrives_at], PROBE.name, probe.name) for probe in settings.probe}
        self.known |= {(said.desk, CALENDARS.name, said.name) for said in settings.calendar if said.url}
        self.known |= {(source.desk, source.name, part.name) for source in sources.all for part in source.expect}

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check)

    async def check(self) -> int:
        """End what is left over. Returns how many mails were made. What has no ticket yet is looked at again."""
        told = 0
        for alarm in await self.store.read(expectations.alarms):
            is_known = (alarm.desk, alarm.source, alarm.name) in self.known
            is_ours = alarm.source in (SILENCE.name, PROBE.name, CALENDARS.name) or alarm.source not in OWN
            if is_known or not is_ours:
                continue
            if alarm.desk in self.boxes:
                told += await self.store.write(partial(self._end, alarm=alarm))
            elif alarm not in self._said:
                self._said.add(alarm)
                await self.store.read(partial(self._leave, alarm=alarm))
        if told:
            self.made()
        return told

    def _leave(self, connection: Connection, alarm: Expected) -> None:
        """Its desk may be configured again: then it ends as any other."""
        tickets = [problem.number or problem.ticket_id for problem in _alive(connection, alarm) if problem.ticket_id]
        if tickets:
            log.warning("alarm left at a desk that is gone", desk=alarm.desk, notice=alarm.source,
                        expectation=alarm.name, object=alarm.object, tickets=tickets)  # fmt: skip

    def _end(self, connection: Connection, alarm: Expected) -> int:
        alive = _alive(connection, alarm)
        if not alive or not expectations.forget_alarm(connection, alarm):
            return 0
        name = alarm.object or alarm.name
        log.warning("alarm left over", notice=alarm.source, expectation=alarm.name, object=alarm.object)
        words = f"{alarm.name} ({alarm.source}) is not in the configuration any more: nothing looks for its mail."
        for problem in alive:
            about = OwnNotice(
                source=alarm.source,
                expectation=alarm.name,
                object=alarm.object,
                title=f"No longer watched: {name}",
                client_id=problem.client_id,
                state="close",
                word="no longer watched",
            )
            key = f"leftover\0{alarm.desk}\0{problem.id}\0{alarm.alarmed:.3f}"
            own_mail.keep(connection, self.boxes[alarm.desk], alarm.desk, about, words, key, self.clock())
        self.ended(alarm.source, alarm.name)
        return len(alive)


def _alive(connection: Connection, alarm: Expected) -> list[Problem]:
    family = family_of(alarm.desk, alarm.source, missing_key(alarm.name, alarm.object))
    return [problem for problem in problems.of_family(connection, family) if problem.alive]
