"""Wiring: the parts of one gateway, its start and its drain."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import generate_latest
from sqlalchemy import func, or_, select

from gateway.config.rooted import sqlite_file
from gateway.config.settings import ConfigError, Settings
from gateway.intake.accept import Acceptor
from gateway.intake.arrivals import Arrivals, ArrivalsAcceptor
from gateway.intake.direct import StoreAcceptor
from gateway.intake.importer import Importer
from gateway.intake.mailboxes import Mailboxes
from gateway.intake.scanner import scanner_of
from gateway.metrics import Metrics
from gateway.model.waiting import Waiting
from gateway.periodic import run_every
from gateway.processes import channel
from gateway.processes.channel import Told
from gateway.smtp.server import Listener
from gateway.store import claims, counts, heldfiles, private, problems, restoring, shadow, waiting
from gateway.store.arrivals import Waiting as Arriving
from gateway.store.damage import check, is_damage
from gateway.store.deliveries import Delivery
from gateway.store.engine import Store
from gateway.store.migrate import check as check_schema
from gateway.store.migrate import migrate
from gateway.store.notify import NotifyListener
from gateway.store.raw import RawMail
from gateway.store.reading import Unavailable, Unreadable
from gateway.store.schema import delivery
from gateway.store.stage import PENDING, Stage
from gateway.templates import Templates
from gateway.upkeep.desk_states import DeskStates
from gateway.upkeep.expectations import Expectations
from gateway.upkeep.headings import HeadingReader
from gateway.upkeep.late_look import LateLook
from gateway.upkeep.refusals import RefusalWriter
from gateway.upkeep.rescan import Rescanner
from gateway.upkeep.retention import Pruner
from gateway.upkeep.silence import Silence
from gateway.web.health import application, server
from gateway.work.clock import StoreClock
from gateway.work.desks import make_directory
from gateway.work.executor import Executor
from gateway.work.leases import Leases
from gateway.work.parser import Parser
from gateway.work.planner import Planner
from gateway.work.seats import Slots
from gateway.work.worker import Worker

if TYPE_CHECKING:
    from gateway.web.console.serve import Pages

log = structlog.get_logger("gateway")

FATAL = 70  # exit code when the store failed: EX_SOFTWARE
LEAST_IDLE = 10.0  # seconds in a transaction that a busy machine may take from us
UNREADABLE = 30.0  # seconds until a part that met damage tries again
LAG_EVERY = 0.05
PENDING_EVERY = 5.0
SCHEMA_EVERY = 30.0
LAG_WINDOW = 10.0
DAY = 86_400.0
Part = Callable[[], Coroutine[Any, Any, None]]


class Role(StrEnum):
    """What a process does of the gateway's work."""

    ALL = "all"
    SMTP = "smtp"
    WORKER = "worker"


class Gateway:
    """Everything that ``gateway serve`` runs: listeners, workers, or both. ``run_folder``: of a worker whose listeners
    are processes beside it. Raises ConfigError."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] | None = None,
        role: Role = Role.ALL,
        run_folder: Path | None = None,
    ) -> None:
        self.run_folder = run_folder
        if role is not Role.ALL and settings.store.url.startswith("sqlite") and run_folder is None:
            raise ConfigError(
                f"role {role}: a SQLite file is for one process; set [store] url to PostgreSQL, or use role all"
            )
        self.settings = settings
        self.role = role
        self.name = settings.work.name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.store_clock = StoreClock()
        self.clock = clock or self.store_clock
        self.metrics = Metrics()
        self.stop_event = asyncio.Event()
        self.damage = ""  # what could not be read, last
        private.close(private.of_store(sqlite_file(settings.store.url), settings.store.spool_dir))
        self.store = Store(settings.store.url, _die, max(settings.work.lease, LEAST_IDLE), self._damaged)
        check(self.store.engine)
        migrate(self.store.engine)
        self.store.read_sync(self.store_clock.measure)
        self.raws = RawMail(settings.store)
        self._in_shadow()
        self.raws.spool.mkdir(0o700, parents=True, exist_ok=True)
        self.restored = self.store.read_sync(restoring.last)
        self.work = _Work(self) if role is not Role.SMTP else None
        self.arrivals = self._arrivals() if role is not Role.WORKER else None
        self.importer = self._importer()
        self.acceptor = self._acceptor()
        self.listener = self._listener() if role is not Role.WORKER else None
        self._http = server(application(self.metrics_page, self.readiness, settings.http.token()), settings.http.listen)
        self._console = self._pages() if settings.console.listen and role is not Role.SMTP else None
        self._stalls: list[tuple[float, float]] = []

    def _in_shadow(self) -> None:
        """Each desk goes into shadow, or comes out of it, before any mail is worked on. Raises ConfigError."""
        now = self.clock()
        for name, desk in self.settings.desks.items():
            try:
                if desk.mode == "shadow":
                    self.store.write_sync(partial(shadow.begin, desk=name, now=now))
                    log.warning("desk in shadow: nothing is written there", desk=name)
                elif (left := self.store.write_sync(partial(shadow.leave, desk=name, now=now))).ended:
                    log.warning("the shadow of the desk is over", desk=name, ended=left.ended)
            except shadow.UnderWay as error:
                raise ConfigError(str(error)) from error

    def _pages(self) -> Pages:
        """The console. Its code is only loaded where it is on."""
        from gateway.web.console.serve import Pages

        return Pages(self.settings)

    def _listener(self) -> Listener:
        return Listener(
            self.acceptor,
            self.settings.smtp,
            Mailboxes(self.settings.mailbox),
            clock=self.clock,
            count=lambda code: self.metrics.smtp_answers.labels(code).inc(),
            refused=lambda reason, listener: self.metrics.smtp_refusals.labels(reason, listener).inc(),
            judged=lambda verdict, listener: self.metrics.smtp_verdicts.labels(verdict, listener).inc(),
            pending=self._pending,
        )

    def _arrivals(self) -> Arrivals | None:
        settings = self.settings.store
        if (folder := settings.arrivals_dir) is None:
            return None
        loop = asyncio.get_running_loop()
        return Arrivals(
            folder,
            max_bytes=settings.arrivals_bytes,
            max_age=settings.arrivals_age,
            on_fatal=_die,
            on_append=partial(_told, loop, self._arrived),
        )

    def _arrived(self) -> None:
        if self.importer is not None:
            self.importer.wake()

    def _importer(self) -> Importer | None:
        folder = self.settings.store.arrivals_dir
        if folder is None or (self.arrivals is None and self.run_folder is None):
            return None
        return Importer(folder, self.store, self.raws, self.settings.work, self._imported, self._not_imported)

    def _acceptor(self) -> Acceptor:
        if self.arrivals is not None:
            return ArrivalsAcceptor(self.arrivals, self.settings.store)
        return StoreAcceptor(self.store, self.settings.store, self.settings.work, self._accepted, self.raws)

    def _imported(self) -> None:
        self._accepted()
        if self.arrivals is not None:
            self.arrivals.refresh()

    def _not_imported(self, why: str) -> None:
        self.damage = why

    def _accepted(self) -> None:
        if self.work is not None:
            self.work.worker.wake()

    def _damaged(self, found: Unreadable) -> None:
        """Called from the store's threads."""
        self.damage = str(found)
        self.metrics.unreadable.inc()
        log.critical("the database is damaged", why=self.damage)

    async def _pending(self) -> int:
        return (await self.store.read(counts.sums)).pending + self._arriving().deliveries

    def _arriving(self) -> Arriving:
        return self.arrivals.waits if self.arrivals else Arriving()

    # -- running ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop_event.set)
        log.info("starting", role=self.role.value, name=self.name)
        await self._recover()
        background = [
            self._watch_lag(),
            self.raws.run_sweeps(self.store, self.stop_event),
            self.store_clock.run(self.store),
        ]
        if self.listener:
            background.append(RefusalWriter(self.store, self.listener.context.refusals.taken).run(self.stop_event))
        if not self.store.sqlite:
            background.append(_lasting(self._watch_schema))
        background += map(_lasting, self.work.background() if self.work else ())
        tasks = [self._task(part) for part in background]
        http = self._task(self._http.serve() if self.run_folder is None else self._beside_listeners(self.run_folder))
        console = self._task(self._console.run(self.stop_event)) if self._console else None
        work = self._task(self.work.worker.run()) if self.work else None
        self._no_more_arrivals = asyncio.Event()
        imports = self._task(self.importer.run(self._no_more_arrivals)) if self.importer else None
        if self.listener:
            await self.listener.start()
        await self.stop_event.wait()
        await self._drain(work, imports)
        self._http.should_exit = True
        for task in tasks:
            task.cancel()
        parts = [http, *tasks, *([work] if work else []), *([console] if console else [])]
        await asyncio.gather(*parts, return_exceptions=True)
        await self.close()
        log.info("stopped")

    async def _beside_listeners(self, folder: Path) -> None:
        """What a worker tells and hears, where listeners are processes beside it. Until ``stop``."""
        told = Told(self._arrived)
        heard = told.listen(folder)
        state = await channel.answer(folder, channel.WORKER, self.readiness, self.metrics_page)

        async def tell() -> None:
            channel.tell_pending(folder, await self._pending())

        telling = asyncio.create_task(run_every(self.stop_event, PENDING_EVERY, tell))
        await RefusalWriter(self.store, told.taken).run(self.stop_event)
        await telling
        state.close()
        told.close(heard)

    async def _drain(self, work: asyncio.Task[None] | None, imports: asyncio.Task[None] | None) -> None:
        """Let what is under way finish, within ``smtp.drain`` each."""
        log.info("draining")
        if self.work:
            await self.work.worker.stop()
        if self.listener:
            await self.listener.drain()
        self._no_more_arrivals.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.smtp.drain):
                await asyncio.gather(*(task for task in (work, imports) if task))

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part that fails ends the process: a supervisor starts it again, nothing is lost."""
        if not task.cancelled() and (error := task.exception()) is not None and not self.stop_event.is_set():
            log.error("part failed", error=type(error).__name__, exc_info=error)
            _die(error)

    async def close(self) -> None:
        if self.work:
            await self.work.close()
        if self.arrivals is not None:
            await asyncio.to_thread(self.arrivals.close)
        if self.importer is not None:
            self.importer.close()
        await asyncio.to_thread(self.store.close)

    async def _recover(self) -> None:
        """After a crash: free the claims of the last run, remove files that nothing refers to."""
        freed = 0
        with contextlib.suppress(Unavailable):  # then they run out
            freed = await self.store.write(lambda c: claims.free(c, None if self.store.sqlite else self.name))
        if not self.store.sqlite:  # others may share the store and the spool
            shutil.rmtree(self.raws.spool / "work" / self.name, ignore_errors=True)
            log.info("recovered", claims=freed)
            if not self.settings.store.objects:
                log.warning("several processes need a store.spool that all of them share, or store.objects")
            return
        shutil.rmtree(self.raws.spool / "work", ignore_errors=True)
        orphans = await self.raws.sweep(self.store, time.time(), age=0.0)  # nobody else writes
        log.info("recovered", claims=freed, orphans=orphans)

    async def _watch_schema(self) -> None:
        """Another version may migrate the database under us. Raises SchemaTooNew."""
        while True:
            await asyncio.sleep(SCHEMA_EVERY)
            await self.store.read(check_schema)

    async def _watch_lag(self) -> None:
        while not self.stop_event.is_set():
            before = time.monotonic()
            await asyncio.sleep(LAG_EVERY)
            now = time.monotonic()
            self._stalls = [stall for stall in self._stalls if stall[0] > now - LAG_WINDOW]
            self._stalls.append((now, max(0.0, now - before - LAG_EVERY)))

    # -- health -----------------------------------------------------------------------------------

    def _desk_states(self) -> dict[str, dict[str, Any]]:
        now = self.clock()
        return {
            name: {
                "mode": self.settings.desks[name].mode,
                "up": catalog is not None and directory.desk.breaker.is_closed,
                "reason": directory.desk.breaker.reason,
                "key_refused": directory.desk.breaker.key_refused,
                "budget": min(directory.desk.pacing.left(now), 1e9),
                "faults": {box: "; ".join(map(str, wrong)) for box, wrong in catalog.faults.items()} if catalog else {},
                "missing": catalog.missing if catalog else {},
                "blind": directory.blind_to(),
            }
            for name, directory in (self.work.directories if self.work else {}).items()
            for catalog in [directory.catalog]
        }

    async def readiness(self) -> dict[str, Any]:
        """Whether this process can do its part, and how the desks are: a listener accepts mail and a worker
        takes it from the store, whatever the desks do."""
        reasons = []
        if self.stop_event.is_set() or (self.listener and self.listener.draining):
            reasons.append("draining")
        if self.acceptor.free < self.settings.store.min_free:
            reasons.append("disk below its reserve")
        if self.acceptor.full:
            reasons.append(f"arrivals: {self.acceptor.full}")
        if self.listener and self.listener.overload:
            reasons.append(f"overload: {self.listener.overload}")
        try:
            async with asyncio.timeout(5):
                await self.store.write(lambda c: None)
        except Exception as error:
            reasons.append(f"store: {type(error).__name__}")
        return {
            "ready": not reasons,
            "role": self.role.value,
            "reasons": reasons,
            "damage": self.damage,
            "arrivals": asdict(self._arriving()),
            "desks": self._desk_states(),
        }

    async def _collect_problems(self) -> None:
        since = self.clock() - DAY
        counted, drift = await self.store.read_to_show(lambda c: (problems.counted(c), problems.drift(c, since)))
        for gauge in (self.metrics.problems, self.metrics.notices, self.metrics.notices_unread):
            gauge.clear()
        for state, count in counted.items():
            self.metrics.problems.labels(state).set(count)
        for profile, total, unread in drift:
            self.metrics.notices.labels(profile).set(total)
            self.metrics.notices_unread.labels(profile).set(unread)

    async def _collect_store(self) -> None:
        arriving = self._arriving().deliveries  # first: what is imported meanwhile is counted twice, not lost
        counted = await self.store.read(counts.census)
        sums = await self.store.read(lambda c: counts.sums(c, counted, arriving))
        for state in ("accepted", "done", "suppressed", "quarantined", "pending", "arriving", "redelivered"):
            self.metrics.deliveries.labels(state).set(getattr(sums, state))
        self.metrics.by_mailbox.clear()
        for stage, mailbox, reason, count in counted:
            self.metrics.by_mailbox.labels(mailbox, stage.lower(), reason).set(count)
        oldest = await self.store.read(
            lambda c: c.execute(
                select(func.min(delivery.c.accepted_at)).where(
                    delivery.c.stage.in_([stage.value for stage in PENDING]),
                    or_(delivery.c.posted.is_(False), delivery.c.due_at <= self.clock()),  # not waiting on purpose
                )
            ).scalar()
        )
        self.metrics.oldest_pending.set(self.clock() - oldest if oldest else 0)
        waits = await self.store.read(lambda c: waiting.counted(c, self.clock()))
        for kind in Waiting:
            if kind is not Waiting.NOTHING:
                self.metrics.waiting.labels(kind.value).set(waits.get(kind, 0))
        await self._collect_problems()
        self.metrics.files_held.clear()
        for rule, count in (await self.store.read_to_show(heldfiles.counted)).items():
            self.metrics.files_held.labels(rule).set(count)

    async def metrics_page(self) -> bytes:
        """The metrics, as Prometheus reads them."""
        await self.collect()
        return generate_latest(self.metrics.registry)

    async def collect(self) -> None:
        """Bring the gauges up to date; those of what cannot be read stay as they were."""
        with contextlib.suppress(Unreadable):
            await self._collect_store()
        if self.listener:
            self.metrics.smtp_sessions.set(self.listener.sessions)
        arriving = self._arriving()
        self.metrics.arrivals_bytes.set(arriving.bytes)
        self.metrics.arrivals_oldest.set(time.time() - arriving.oldest if arriving.oldest else 0)
        self.metrics.arrivals_aside.set(arriving.aside)
        self.metrics.loop_lag.set(max((stall for _, stall in self._stalls), default=0.0))
        for name, desk in self._desk_states().items():
            self.metrics.desk_up.labels(name).set(desk["up"])
            self.metrics.desk_budget.labels(name).set(desk["budget"])
            self.metrics.desk_missing.labels(name).set(len(desk["missing"]))
            self.metrics.desk_blind.labels(name).set(len(desk["blind"]))


class _Work:
    """The parts that bring accepted mail to the desks."""

    def __init__(self, gateway: Gateway) -> None:
        settings, store, clock, metrics = gateway.settings, gateway.store, gateway.clock, gateway.metrics
        self.gateway = gateway
        self.directories = {name: make_directory(settings, name, clock, metrics, store) for name in settings.desks}
        self.parser = Parser(
            children=settings.parser.children,
            deadline=settings.parser.deadline,
            memory=settings.parser.memory,
            own=settings.own_addresses(),
            observe=self._parsed,
        )
        templates = Templates()
        leases = Leases(store, settings.work.lease, gateway.name, clock)
        planner = Planner(
            store, self.parser, self.directories, settings, templates, leases, gateway.raws, clock, gateway.restored
        )
        executor = Executor(
            store,
            planner,
            self.directories,
            templates,
            leases=leases,
            slots=Slots(settings.work.concurrency),
            wait_for_parent=settings.work.wait_for_parent,
            retry_for=settings.work.retry_for,
            clock=clock,
            observe=lambda kind, outcome: metrics.effects.labels(kind, outcome).inc(),
        )
        self.worker = Worker(
            store,
            planner,
            executor,
            self.directories,
            settings.work,
            clock,
            self._finished,
            told=lambda: self.notified.on,
        )
        self.notified = NotifyListener(store.engine, self.worker.wake)
        self.pruner = Pruner(
            store,
            gateway.raws,
            settings.retention,
            clock,
            deleted=lambda what, count: metrics.retention_deleted.labels(what).inc(count),
            finished=lambda: metrics.retention_round.set(clock()),
        )
        self.late_look = LateLook(store, self.directories, clock, lambda kind: metrics.doubles.labels(kind).inc())
        self.silence = Silence(
            store,
            settings,
            clock,
            self.worker.wake,
            lambda mailbox, silent: metrics.silent.labels(mailbox).set(silent),
        )
        self.headings = HeadingReader(store, gateway.raws)
        self.states = DeskStates(store, self.directories, clock)
        self.expectations = Expectations(store, settings, planner.policies.sources, clock, self.worker.wake)
        scanner = scanner_of(settings.smtp.scanner)
        self.rescanner = Rescanner(planner, scanner, clock, self.worker.wake) if scanner else None

    def background(self) -> list[Part]:
        """What runs beside the worker."""
        stop = self.gateway.stop_event
        parts: list[Part] = [partial(directory.run, stop, self.worker.wake) for directory in self.directories.values()]
        parts.append(self.parser.warm)
        parts += [
            partial(part.run, stop)
            for part in (self.late_look, self.expectations, self.silence, self.pruner, self.states, self.headings)
        ]
        if self.rescanner:
            parts.append(partial(self.rescanner.run, stop))
        if not self.gateway.store.sqlite:
            parts.append(partial(self.notified.run, stop))
        return parts

    async def close(self) -> None:
        await self.parser.close()
        for directory in self.directories.values():
            await directory.desk.close()

    def _parsed(self, seconds: float, died: bool) -> None:
        self.gateway.metrics.parse_seconds.observe(seconds)
        if died:
            self.gateway.metrics.parser_deaths.inc()

    def _finished(self, delivery: Delivery, stage: Stage, reason: str) -> None:
        if stage is Stage.DONE and (delivery.moved_from or (delivery.plan or {}).get("ended")):
            return  # it was done before: held files were let go, or it was moved
        metrics = self.gateway.metrics
        metrics.ended.labels(delivery.mailbox, stage.value.lower(), reason).inc()
        metrics.latency.labels(delivery.mailbox).observe(max(0.0, self.gateway.clock() - delivery.accepted_at))


def _told(loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
    """From another thread; nobody is told any more when the loop has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(told)


async def _lasting(part: Part) -> None:
    """A part that needs a row which cannot be read tries again later: mail goes on without it."""
    while True:
        try:
            return await part()
        except Unreadable:
            await asyncio.sleep(UNREADABLE)


def _die(error: BaseException) -> None:
    """After a failed commit nothing is known: end at once, without cleaning up."""
    damaged = is_damage(error) or isinstance(error, Unreadable)
    what = "the database is damaged: put back a copy" if damaged else "cannot go on"
    log.critical(what, error=f"{type(error).__name__}: {error}")
    os._exit(FATAL)
