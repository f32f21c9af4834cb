"""A listener in a process of its own: sessions, arrivals, and nothing else.

It imports neither SQLAlchemy nor the desk's client nor the reader of mail, so it answers soon after it was started, and
nothing that happens to the store, a desk or a parser reaches it.
"""

from __future__ import annotations

from gateway.startup import uncollected, without

with uncollected(), without("rich"):
    import asyncio
    import signal
    import socket
    import sys
    from collections.abc import Mapping
    from dataclasses import asdict
    from pathlib import Path

    import structlog
    from prometheus_client import generate_latest

    from gateway.config.settings import Settings
    from gateway.intake.arrivals import Arrivals, ArrivalsAcceptor
    from gateway.intake.mailboxes import Mailboxes
    from gateway.metrics import Metrics
    from gateway.periodic import run_every
    from gateway.priority import be_prompt
    from gateway.processes import channel
    from gateway.processes.channel import State, Teller
    from gateway.processes.life import die, run_loop
    from gateway.smtp.server import Listener
    from gateway.store.arrivals import ArrivalsDamaged

log = structlog.get_logger("listener")

REFUSALS_EVERY = 2.0


class ListenerProcess:
    """``sockets`` are bound, by the listener's name. Raises ArrivalsDamaged, OSError."""

    def __init__(self, settings: Settings, folder: Path, name: str, sockets: Mapping[str, socket.socket]) -> None:
        arrivals = settings.store.arrivals_dir
        assert arrivals is not None, "the supervisor sees to it"
        self._settings = settings
        self._folder = folder
        self._name = name
        self._stop = asyncio.Event()
        self._teller = Teller(folder)
        self._metrics = Metrics()
        self._arrivals = Arrivals(
            arrivals,
            max_bytes=settings.store.arrivals_bytes,
            max_age=settings.store.arrivals_age,
            on_fatal=die,
            on_append=self._teller.arrived,
        )
        self._acceptor = ArrivalsAcceptor(self._arrivals, settings.store)
        self._listener = Listener(
            self._acceptor,
            settings.smtp,
            Mailboxes(settings.mailbox),
            count=lambda code: self._metrics.smtp_answers.labels(code).inc(),
            refused=lambda reason, listener: self._metrics.smtp_refusals.labels(reason, listener).inc(),
            judged=lambda verdict, listener: self._metrics.smtp_verdicts.labels(verdict, listener).inc(),
            pending=self._pending,
            sockets=sockets,
        )

    async def run(self) -> None:
        """Accept mail until SIGTERM, then drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        await self._listener.start()
        state = await channel.answer(self._folder, self._name, self._readiness, self._pages, self._reloaded)
        refusals = asyncio.create_task(run_every(self._stop, REFUSALS_EVERY, self._tell_refusals))
        await self._stop.wait()
        await self._listener.drain()
        await refusals
        await self._tell_refusals()
        state.close()
        await asyncio.to_thread(self._arrivals.close)

    async def _pending(self) -> int:
        return channel.pending(self._folder) + self._arrivals.waits.deliveries

    async def _tell_refusals(self) -> None:
        self._teller.refused(self._listener.context.refusals.taken())

    async def _reloaded(self) -> State:
        """Of what may change while we run, only the certificate is ours."""
        return {"good": True, "certificate": self._listener.refresh_certificate()}

    async def _readiness(self) -> State:
        reasons = []
        if self._stop.is_set():
            reasons.append("draining")
        reasons += self._acceptor.refusals()
        if self._listener.overload:
            reasons.append(f"overload: {self._listener.overload}")
        return {"ready": not reasons, "reasons": reasons, "arrivals": asdict(self._arrivals.waits)}

    async def _pages(self) -> bytes:
        self._metrics.smtp_sessions.set(self._listener.sessions)
        self._metrics.loop_lag.set(self._listener.context.overload.lag)
        return generate_latest(self._metrics.registry)


def serve(settings: Settings, folder: Path, name: str, sockets: Mapping[str, socket.socket]) -> None:
    """Serve as the listener of that name until SIGTERM."""
    be_prompt()

    async def listen() -> None:
        await ListenerProcess(settings, folder, name, sockets).run()

    try:
        run_loop(listen())
    except (ArrivalsDamaged, OSError) as error:
        log.critical("cannot start", error=str(error))
        sys.exit(1)
