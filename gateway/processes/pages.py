"""One page for all processes of a gateway: readiness, metrics and reload, as the listeners and the worker tell them."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
from prometheus_client import generate_latest

from gateway.config.settings import Settings
from gateway.metrics import Metrics
from gateway.periodic import wait
from gateway.processes import channel
from gateway.processes.channel import State
from gateway.processes.life import run_loop
from gateway.store.arrivals import Waiting
from gateway.web.health import application, server

log = structlog.get_logger("gateway")

WORKER_WITHIN = 60.0  # seconds to start
RELOAD_WITHIN = 300.0  # seconds: the desks are asked for their names
LARGEST = re.compile(r"^(gateway_loop_lag_seconds|\w+_created)\b")  # of several processes the largest counts


class Pages:
    """``listeners`` are the names of their processes. The worker is the other one that is asked."""

    def __init__(self, settings: Settings, folder: Path, listeners: Sequence[str]) -> None:
        self._folder = folder
        self._listeners = listeners
        self._names = (*listeners, channel.WORKER)
        self._stop = asyncio.Event()
        http = settings.http
        self._http = server(application(self._metrics, self._readiness, http.token(), self._reload), http.listen)
        self._own = Metrics()
        self._reloading: asyncio.Task[State] | None = None

    async def run(self) -> None:
        """Until SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
        http = asyncio.create_task(self._http.serve())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait((http, stop), return_when=asyncio.FIRST_COMPLETED)
        self._http.should_exit = True
        await http

    def _hung_up(self) -> None:
        self._reloading = asyncio.create_task(self._reload())

    async def _reload(self) -> State:
        """The worker decides whether the configuration can be taken; then the listeners look at their certificate."""
        end = time.monotonic() + WORKER_WITHIN
        while not (said := await channel.ask(self._folder, channel.WORKER, channel.RELOAD, RELOAD_WITHIN)):
            if self._stop.is_set() or time.monotonic() > end:
                log.error("configuration not taken", why="the worker does not answer")
                return {"good": False, "why": ["the worker does not answer: try again"]}
            await wait(self._stop, 0.2)  # it may be starting
        state: State = json.loads(said)
        if state["good"]:
            await asyncio.gather(*(channel.ask(self._folder, name, channel.RELOAD) for name in self._listeners))
        return state

    async def _readiness(self) -> State:
        """Mail can be accepted while one listener is ready, whatever the worker does."""
        *listeners, worker = await asyncio.gather(*(self._state(name) for name in self._names))
        ready = [state for state in listeners if state.get("ready")]
        reasons = [reason for state in listeners for reason in state.get("reasons", ["a listener does not answer"])]
        return {
            "ready": bool(ready),
            "role": "all",
            "reasons": [] if ready else sorted(set(reasons)),
            "waits": worker.get("waits", []),
            "damage": worker.get("damage", ""),
            "arrivals": _arrivals(listeners),
            "desks": worker.get("desks", {}),
            "gone": worker.get("gone", []),
            "worker": worker.get("reasons", ["the worker does not answer"]),
            "starts": channel.starts(self._folder),
        }

    async def _state(self, name: str) -> State:
        said = await channel.ask(self._folder, name, channel.READINESS)
        state: State = json.loads(said) if said else {}
        return state

    async def _metrics(self) -> bytes:
        """The sum of all pages. What waits in the arrivals, which all listeners share, counts once."""
        pages = await asyncio.gather(*(channel.ask(self._folder, name, channel.METRICS) for name in self._names))
        waits = Waiting(**_arrivals(await asyncio.gather(*map(self._state, self._listeners))))
        for name in ("accepted", "pending", "arriving"):
            self._own.deliveries.labels(name).set(waits.deliveries)
        self._own.set_arrivals(waits.bytes, waits.oldest, waits.aside)
        for name, count in channel.starts(self._folder).items():
            self._own.process_starts.labels(name).set(count)
        return merged([*pages, generate_latest(self._own.registry)])


def _arrivals(listeners: Sequence[State]) -> State:
    """What waits there, as any of the listeners says."""
    return next((state["arrivals"] for state in listeners if state), {})


def merged(pages: Sequence[bytes]) -> bytes:
    """The pages of several processes as one: each sample is their sum, or the largest."""
    lines: dict[str, float | None] = {}
    for page in pages:
        for line in page.decode().splitlines():
            if line.startswith("#"):
                lines.setdefault(line, None)
                continue
            name, _, value = line.rpartition(" ")
            number, before = float(value), lines.get(name)
            if before is not None:
                number = max(number, before) if LARGEST.match(name) else number + before
            lines[name] = number
    text = (line if value is None else f"{line} {value!r}" for line, value in _grouped(lines))
    return "".join(f"{line}\n" for line in text).encode()


def _grouped(lines: dict[str, float | None]) -> list[tuple[str, float | None]]:
    """Samples stand below the heading of their metric, also those that only a later page has."""
    groups: dict[str, list[tuple[str, float | None]]] = {}
    names = sorted((line.split()[2] for line in lines if line.startswith("# TYPE")), key=len, reverse=True)
    for line, value in lines.items():
        name = line.split()[2] if line.startswith("#") else re.split(r"[{ ]", line)[0]
        owner = next((each for each in names if name == each or name.startswith(f"{each}_")), name)
        groups.setdefault(name if name in names else owner, []).append((line, value))
    return [entry for group in groups.values() for entry in group]


def serve(settings: Settings, folder: Path, listeners: Sequence[str]) -> None:
    """Until SIGTERM."""

    async def show() -> None:
        await Pages(settings, folder, listeners).run()

    run_loop(show())
