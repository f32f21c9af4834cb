"""Probes: whether mail still comes all the way, tried by mail of the gateway's own.

Each is sent through a given server to the address that customers write to, and has to be accepted here within a time. A
probe never becomes a ticket. What is missing is told once, until one comes back in time again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from gateway.config.probe import ProbeSettings
from gateway.config.settings import Settings
from gateway.match.probe import FIELD, make_id
from gateway.model.spans import DAY
from gateway.outgoing.smarthost import NotTaken, Smarthost, Unknown
from gateway.outgoing.written import written
from gateway.periodic import run_every
from gateway.store import expectations, probes
from gateway.store.engine import Store
from gateway.store.probes import Probe
from gateway.upkeep.own_mail import Alarm
from gateway.work.notices import PROBE

log = structlog.get_logger("work")

EVERY = 10.0
AGAIN = 60.0
"""Seconds after which a server that took none for now is tried again, as any mail server does (greylisting)."""
LOOK_BACK = 2 * DAY
"""Seconds after which a probe that is not here will not come any more."""
MOST = 50


class Probes:
    """``made`` is called after a mail was made; ``show`` is told of each probe how long the last one took, 0 for
    none, and whether one is missing."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], float],
        made: Callable[[], None] = lambda: None,
        show: Callable[[str, float, bool], None] = lambda name, took, missing: None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.made = made
        self.show = show
        self.started = clock()
        self._tried: dict[Probe, float] = {}
        """When each was tried last of those that no server has yet."""
        self.take(settings)

    def take(self, settings: Settings) -> None:
        """Go on by another configuration."""
        self.probes = settings.probe
        named = {probe.name for probe in settings.probe}
        self._tried = {probe: at for probe, at in self._tried.items() if probe.name in named}
        self.desks = {box.address: box.desk for box in settings.mailbox}
        self.zone = ZoneInfo(settings.timezone)
        self.hostname = settings.smtp.hostname

    async def run(self, stop: asyncio.Event) -> None:
        await run_every(stop, EVERY, self.check)

    async def check(self) -> int:
        """Send those that are due, and tell what is missing or back. Returns how many mails were made."""
        if not self.probes:
            return 0
        now = self.clock()
        await self.store.write(partial(probes.arrive, since=now - LOOK_BACK))
        await asyncio.gather(*(self._send(settings, now) for settings in self.probes))
        told = sum([await self._judge(settings, now) for settings in self.probes])
        if told:
            self.made()
        return told

    async def _send(self, settings: ProbeSettings, now: float) -> None:
        assert settings.sender is not None
        for probe, tried_at in list(self._tried.items()):
            if probe.name == settings.name and now >= tried_at + AGAIN:
                await self._try(settings, probe, now)
        slot = int(now - now % settings.every)  # in order of time, also where ``every`` was another
        probe = Probe(settings.name, slot, make_id(settings.sender), now)
        if await self.store.write(partial(probes.begin, new=probe)):
            await self._try(settings, probe, now)

    async def _try(self, settings: ProbeSettings, probe: Probe, now: float) -> None:
        """One conversation. A probe that the server takes later waits for another, while it could still be in time."""
        self._tried[probe] = now
        refused: NotTaken | None = None
        try:
            await asyncio.to_thread(self._converse, settings, probe)
        except NotTaken as error:
            is_over = error.is_final or now + AGAIN >= probe.sent_at + settings.within
            log.warning("probe not sent", probe=settings.name, why=str(error), again=not is_over)
            if not is_over:
                return
            refused = error
        except Unknown as error:  # it may come all the same
            log.info("probe may be sent", probe=settings.name, why=str(error))
        end = partial(probes.failed, trouble=str(refused)) if refused else partial(probes.handed, at=self.clock())
        await self.store.write(partial(end, message_id=probe.message_id))
        self._tried.pop(probe, None)

    def _converse(self, settings: ProbeSettings, probe: Probe) -> None:
        """Raises NotTaken, Unknown."""
        assert settings.sender is not None
        subject = f"Probe {settings.name} {self._local(probe.sent_at)}"
        text = "The mail gateway tries whether mail arrives. Nothing has to be done."
        headers = {"Message-ID": f"<{probe.message_id}>", FIELD: probe.message_id, "X-Auto-Response-Suppress": "All"}
        mail = written(settings.sender, settings.to, subject, text, probe.message_id, probe.sent_at, headers=headers)
        with Smarthost(settings, self.hostname) as server:
            server.address(settings.sender, settings.to)
            server.content(mail)

    async def _judge(self, settings: ProbeSettings, now: float) -> int:
        sent = await self.store.read(partial(probes.newest, name=settings.name, most=MOST))
        back = next((probe for probe in sent if probe.arrived_at), None)
        missing = next((probe for probe in sent if probe.is_missing(settings.within, now)), None)
        desk = self.desks[settings.arrives_at]
        known = await self.store.read(partial(expectations.told, desk=desk, source=PROBE.name, name=settings.name))
        began = known.began if known else 0.0
        is_missing = missing is not None and (back is None or missing.sent_at > back.sent_at)
        self.show(settings.name, back.took if back else 0.0, is_missing)
        if began and back and back.sent_at > began and not is_missing and back.took <= settings.within:
            return await self.store.write(partial(self._over, settings=settings, began=began, back=back, now=now))
        if missing and is_missing and not began and now >= self.started + settings.within:
            return await self.store.write(partial(self._tell, settings=settings, missing=missing, now=now))
        return 0

    def _tell(self, connection: Connection, settings: ProbeSettings, missing: Probe, now: float) -> int:
        desk = self.desks[settings.arrives_at]
        if not expectations.raise_alarm(connection, desk, PROBE.name, settings.name, missing.sent_at):
            return 0
        log.warning("probe missing", probe=settings.name, since=missing.sent_at, why=missing.trouble)
        sent = self._local(missing.sent_at)
        lost = f"{settings.host} did not take it: {missing.trouble}" if missing.trouble else "It did not arrive."
        words = [
            f"The probe {settings.name} was sent to {settings.to} by {settings.host} at {sent}.",
            lost,
            "Mail of customers may not arrive either. Look at the provider's rules and connectors, DNS, and the mail "
            "server before us.",
        ]
        if settings.tell == "ticket":
            alarm = self._alarm(settings, missing.sent_at)
            alarm.begin(connection, f"Probe {settings.name} does not arrive", "\n".join(words), now)
        return 1

    def _over(self, connection: Connection, settings: ProbeSettings, began: float, back: Probe, now: float) -> int:
        desk = self.desks[settings.arrives_at]
        if not expectations.heard_again(connection, desk, PROBE.name, settings.name, began, back.arrived_at):
            return 0
        log.warning("probe arrives again", probe=settings.name, took=back.took)
        words = f"The probe {settings.name} arrives again, after {back.took:.0f} seconds."
        self._alarm(settings, began).end(connection, f"Probe {settings.name} arrives again", words, now)
        return 1

    def _alarm(self, settings: ProbeSettings, began: float) -> Alarm:
        mailbox = settings.arrives_at
        return Alarm(PROBE.name, settings.name, settings.name, began, self.desks[mailbox], mailbox)

    def _local(self, moment: float) -> str:
        return datetime.fromtimestamp(moment, self.zone).strftime("%Y-%m-%d %H:%M:%S %Z")
