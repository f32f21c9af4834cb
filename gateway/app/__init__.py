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

from gateway.app.failing import die, lasting
from gateway.app.gauges import PATIENCE, Gauges
from gateway.app.reload import Reload
from gateway.app.work import Work
from gateway.config.rooted import sqlite_file
from gateway.config.settings import ConfigError, Settings
from gateway.intake.accept import Acceptor
from gateway.intake.arrivals import Arrivals, ArrivalsAcceptor
from gateway.intake.direct import StoreAcceptor
from gateway.intake.importer import Importer
from gateway.intake.mailboxes import Mailboxes
from gateway.metrics import Metrics
from gateway.periodic import run_every
from gateway.processes import channel
from gateway.processes.channel import Told
from gateway.smtp.server import Listener
from gateway.store import claims, counts, private, restoring, shadow
from gateway.store.arrivals import Waiting as Arriving
from gateway.store.damage import check
from gateway.store.engine import Store
from gateway.store.migrate import check as check_schema
from gateway.store.migrate import migrate
from gateway.store.raw import RawMail
from gateway.store.reading import Unavailable, Unreadable
from gateway.upkeep.refusals import RefusalWriter
from gateway.web.health import application, server
from gateway.work.clock import StoreClock

if TYPE_CHECKING:
    from gateway.desk.catalog import Catalog
    from gateway.web.console.serve import Pages

log = structlog.get_logger("gateway")

LEAST_IDLE = 10.0  # seconds in a transaction that a busy machine may take from us
PENDING_EVERY = 5.0
SCHEMA_EVERY = 30.0


class Role(StrEnum):
    """What a process does of the gateway's work."""

    ALL = "all"
    SMTP = "smtp"
    WORKER = "worker"


class Gateway:
    """Everything that ``gateway serve`` runs: listeners, workers, or both. ``run_folder``: of a worker whose listeners
    are processes beside it. ``read`` reads the configuration again. Raises ConfigError."""

    def __init__(
        self,
        settings: Settings,
        *,
        role: Role,
        run_folder: Path | None,
        read: Callable[[], Settings],
    ) -> None:
        self.run_folder = run_folder
        if role is not Role.ALL and settings.store.url.startswith("sqlite") and run_folder is None:
            raise ConfigError(
                f"role {role}: a SQLite file is for one process; set [store] url to PostgreSQL, or use role all"
            )
        self.settings = settings
        self.role = role
        self.name = settings.work.name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self.clock = self.store_clock = StoreClock()
        self.metrics = Metrics()
        self.stop_event = asyncio.Event()
        self.damage = ""  # what could not be read, last
        private.close(private.of_store(sqlite_file(settings.store.url), settings.store.spool_dir))
        idle, in_loop = max(settings.work.lease, LEAST_IDLE), role is Role.WORKER
        self.store = Store(settings.store.url, die, idle, self._damaged, in_loop=in_loop)
        check(self.store.engine)
        migrate(self.store.engine)
        self.store.read_sync(self.store_clock.measure)
        self.raws = RawMail(settings.store)
        self._in_shadow()
        self.raws.spool.mkdir(0o700, parents=True, exist_ok=True)
        self.restored = self.store.read_sync(restoring.last)
        self.work = self._work() if role is not Role.SMTP else None
        self.arrivals = self._arrivals() if role is not Role.WORKER else None
        self.importer = self._importer()
        self.acceptor = self._acceptor()
        self.listener = self._listener() if role is not Role.WORKER else None
        self._console = self._pages() if settings.console.listen and role is not Role.SMTP else None
        self.reload = Reload(settings, read, self.work, self._take, self.metrics)
        pages = application(self.metrics_page, self.readiness, settings.http.token(), self.reloaded)
        self._http = server(pages, settings.http.listen)
        self.gauges = Gauges(self.metrics, self.store, self.clock, list(settings.desks))

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

        return Pages(self.settings, self.reloaded)

    async def reloaded(self) -> dict[str, Any]:
        """Take the configuration as it is now, and what became of that."""
        return (await self.reload()).state()

    def _take(self, settings: Settings) -> None:
        self.settings = settings
        if self.listener:
            self.listener.refresh_certificate()
        if self._console:
            self._console.take(settings)

    def _work(self) -> Work:
        return Work(
            self.settings,
            self.store,
            self.raws,
            name=self.name,
            restored=self.restored,
            clock=self.clock,
            metrics=self.metrics,
        )

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
            on_fatal=die,
            on_append=partial(_told, loop, self._arrived),
        )

    def _arrived(self) -> None:
        if self.importer is not None:
            self.importer.wake()

    def _importer(self) -> Importer | None:
        folder = self.settings.store.arrivals_dir
        if folder is None or (self.arrivals is None and self.run_folder is None):
            return None
        work = self.settings.work
        return Importer(folder, self.store, self.raws, work, self._imported, self._not_imported, self.clock)

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
        """Called from any thread."""
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
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        log.info("starting", role=self.role.value, name=self.name)
        await self._recover()
        background = [
            self.gauges.lag.watch(self.stop_event),
            self.raws.run_sweeps(self.store, self.stop_event, self.clock),
            self.store_clock.run(self.store),
        ]
        if self.listener:
            background.append(RefusalWriter(self.store, self.listener.context.refusals.taken).run(self.stop_event))
        if not self.store.sqlite:
            background.append(lasting(self._watch_schema))
        background += map(lasting, self.work.background(self.stop_event) if self.work else ())
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

    def _hung_up(self) -> None:
        """SIGHUP. Beside listeners the supervisor hears it, and tells us."""
        if self.run_folder is None:
            self._reloading = asyncio.create_task(self.reload())

    async def _beside_listeners(self, folder: Path) -> None:
        """What a worker tells and hears, where listeners are processes beside it. Until ``stop``."""
        told = Told(self._arrived)
        heard = told.listen(folder)
        state = await channel.answer(folder, channel.WORKER, self.readiness, self.metrics_page, self.reloaded)

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
            die(error)

    async def close(self) -> None:
        """Close what holds files, processes and connections, after everything that runs has ended."""
        if self.work:
            await self.work.close()
        if self.arrivals is not None:
            await asyncio.to_thread(self.arrivals.close)
        if self.importer is not None:
            await asyncio.to_thread(self.importer.close)
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
                "wrong": _wrong_names(catalog) if catalog else {},
                "missing": catalog.missing if catalog else {},
                "blind": directory.blind_to(),
            }
            for name, directory in (self.work.directories if self.work else {}).items()
            for catalog in [directory.catalog]
        }

    def _waiting_mailboxes(self) -> list[str]:
        """The mailboxes whose mail is accepted and waits, because their desk lacks a name that they need."""
        return [
            f"mailbox {mailbox}: {wrong}"
            for desk in self._desk_states().values()
            for mailbox, wrong in desk["faults"].items()
        ]

    async def readiness(self) -> dict[str, Any]:
        """Whether this process can do its part, and how the desks are: a listener accepts mail and a worker
        takes it from the store, whatever the desks do."""
        reasons = []
        if self.stop_event.is_set() or (self.listener and self.listener.draining):
            reasons.append("draining")
        reasons += self.acceptor.refusals()
        if self.listener and self.listener.overload:
            reasons.append(f"overload: {self.listener.overload}")
        try:
            await asyncio.wait_for(self.store.write(lambda c: None), PATIENCE)
        except Exception as error:
            reasons.append(f"store: {type(error).__name__}")
        return {
            "ready": not reasons,
            "role": self.role.value,
            "reasons": reasons,
            "waits": self._waiting_mailboxes(),
            "damage": self.damage,
            "arrivals": asdict(self._arriving()),
            "desks": self._desk_states(),
            "gone": await self.gauges.gone_desks(),
        }

    async def metrics_page(self) -> bytes:
        """The metrics, as Prometheus reads them."""
        sessions = self.listener.sessions if self.listener else None
        await self.gauges.collect(self._arriving(), sessions, self._desk_states())
        return generate_latest(self.metrics.registry)


def _wrong_names(catalog: Catalog) -> dict[str, int]:
    """How many names of each mailbox the desk does not have."""
    return {box: len(catalog.faults.get(box, ())) for box in (*catalog.destinations, *catalog.faults)}


def _told(loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
    """From another thread; nobody is told any more when the loop has ended."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(told)
