"""The parts that bring accepted mail to the desks, and those that run beside them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial

from gateway.app.failing import Part
from gateway.app.reports import Reports
from gateway.config.settings import Settings
from gateway.intake.scanner import scanner_of
from gateway.metrics import Metrics
from gateway.outgoing.sender import Sender
from gateway.store.deliveries import Delivery
from gateway.store.engine import Store, name_of
from gateway.store.notify import NotifyListener
from gateway.store.raw import RawMail
from gateway.store.restoring import Restored
from gateway.store.stage import Stage
from gateway.upkeep.away import Away
from gateway.upkeep.calendars import Calendars
from gateway.upkeep.desk_states import DeskStates
from gateway.upkeep.expectations import Expectations
from gateway.upkeep.headings import HeadingReader
from gateway.upkeep.late_look import LateLook
from gateway.upkeep.left_tickets import LeftTickets
from gateway.upkeep.leftovers import Leftovers
from gateway.upkeep.probes import Probes
from gateway.upkeep.rescan import Rescanner
from gateway.upkeep.retention import Pruner
from gateway.upkeep.silence import Silence
from gateway.upkeep.windows import Summaries
from gateway.work.context import Policies
from gateway.work.desks import make_directory
from gateway.work.executor import Executor
from gateway.work.leases import Leases
from gateway.work.notices import PROBE, SILENCE
from gateway.work.parser import Parser
from gateway.work.planner import Planner
from gateway.work.worker import Worker


class Work:
    """The parts that bring accepted mail to the desks."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        raws: RawMail,
        *,
        name: str,
        restored: Restored,
        clock: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self.store = store
        self.clock = clock
        self.metrics = metrics
        self.directories = {name: make_directory(settings, name, clock, metrics, store) for name in settings.desks}
        self.parser = Parser(
            children=settings.parser.children,
            deadline=settings.parser.deadline,
            memory=settings.parser.memory,
            nice=settings.work.nice,
            own=settings.own_addresses(),
            observe=self._parsed,
        )
        leases = Leases(store, settings.work.lease, name, clock)
        self.planner = planner = Planner(store, self.parser, self.directories, settings, leases, raws, clock, restored)
        executor = Executor(planner, lambda kind, outcome: metrics.effects.labels(kind, outcome).inc())
        self.worker = Worker(executor, self._finished, told=lambda: self.notified.on)
        self.notified = NotifyListener(store.engine, self.worker.wake)
        self.pruner = Pruner(
            store,
            raws,
            settings.retention,
            clock,
            deleted=lambda what, count: metrics.retention_deleted.labels(what).inc(count),
            finished=lambda: metrics.retention_round.set(clock()),
        )
        self.late_look = LateLook(store, self.directories, clock, lambda kind: metrics.doubles.labels(kind).inc())
        self.left_tickets = LeftTickets(store, self.directories, clock)
        self.silence = Silence(
            store,
            settings,
            clock,
            self.worker.wake,
            lambda box, silent: metrics.silent.labels(box.key).set(silent),
        )
        self.summaries = Summaries(store, settings, clock, self.worker.wake, self._names)
        self.probes = Probes(store, settings, clock, self.worker.wake, self._probed)
        self.calendars = Calendars(store, settings, clock, self.worker.wake)
        self.headings = HeadingReader(store, raws)
        self.states = DeskStates(store, self.directories, clock)
        self.expectations = Expectations(store, settings, planner.policies.sources, clock, self.worker.wake)
        self.leftovers = Leftovers(store, settings, planner.policies.sources, clock, self.worker.wake, self._left_over)
        self.sender = Sender(
            store,
            settings.smarthost,
            settings.smtp.hostname,
            clock,
            lambda kind, outcome: metrics.letters.labels(kind, outcome).inc(),
        )
        self.away = Away(store, settings, self.directories, planner, clock)
        self.reports = Reports(store, settings, name_of(settings.store.url), clock, self.worker.wake)
        scanner = scanner_of(settings.smtp.scanner)
        self.rescanner = Rescanner(planner, scanner, clock, self.worker.wake) if scanner else None

    def take(self, settings: Settings) -> None:
        """Go on by another configuration: in one turn of the loop, so that no decision sees half of it."""
        policies = Policies(settings)
        self.planner.take(settings, policies)
        self.expectations.take(settings, policies.sources)
        self.leftovers.take(settings, policies.sources)
        self.silence.take(settings)
        self.summaries.take(settings)
        self.calendars.take(settings)
        self.away.take(settings)
        self.probes.take(settings)
        self.sender.settings = settings.smarthost
        self.reports.take(settings)

    def background(self, stop: asyncio.Event) -> list[Part]:
        """What runs beside the worker, until ``stop``."""
        parts: list[Part] = [partial(directory.run, stop, self.worker.wake) for directory in self.directories.values()]
        parts.append(self.parser.warm)
        watches = (self.expectations, self.silence, self.probes, self.leftovers, self.summaries, self.calendars)
        letters = (self.states, self.sender, self.away, self.reports)
        looks = (self.late_look, self.left_tickets, self.pruner, self.headings)
        parts += [partial(part.run, stop) for part in (*looks, *watches, *letters)]
        if self.rescanner:
            parts.append(partial(self.rescanner.run, stop))
        if not self.store.sqlite:
            parts.append(partial(self.notified.run, stop))
        return parts

    def _names(self, desk: str) -> Mapping[str, str]:
        """The desk's names by id."""
        catalog = self.directories[desk].catalog
        return catalog.names() if catalog else {}

    async def close(self) -> None:
        await self.parser.close()
        for directory in self.directories.values():
            await directory.desk.close()

    def _probed(self, name: str, took: float, missing: bool) -> None:
        self.metrics.probe_seconds.labels(name).set(took)
        self.metrics.probe_missing.labels(name).set(missing)

    def _left_over(self, source: str, name: str) -> None:
        """Its metrics end with it."""
        metrics = self.metrics
        gauges = {SILENCE.name: (metrics.silent,), PROBE.name: (metrics.probe_missing, metrics.probe_seconds)}
        for gauge in gauges.get(source, ()):
            with contextlib.suppress(KeyError):
                gauge.remove(name)

    def _parsed(self, seconds: float, died: bool) -> None:
        self.metrics.parse_seconds.observe(seconds)
        if died:
            self.metrics.parser_deaths.inc()

    def _finished(self, delivery: Delivery, stage: Stage, reason: str) -> None:
        if stage is Stage.DONE and (delivery.moved_from or (delivery.plan or {}).get("ended")):
            return  # it was done before: held files were let go, or it was moved
        metrics = self.metrics
        metrics.ended.labels(delivery.mailbox, stage.value.lower(), reason).inc()
        metrics.latency.labels(delivery.mailbox).observe(max(0.0, self.clock() - delivery.accepted_at))
