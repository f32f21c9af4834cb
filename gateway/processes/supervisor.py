"""One ``gateway serve`` over listeners and a worker: it holds the ports, starts each again, and speaks for all.

The listening sockets are the supervisor's. While a listener starts anew its connections wait in the kernel, and an
upgrade of the worker closes nothing. It accepts no mail and opens no store.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from gateway.config.settings import Settings
from gateway.periodic import wait
from gateway.processes import channel
from gateway.processes.channel import SOCKETS, State
from gateway.smtp.policy import listeners_of
from gateway.smtp.server import bound
from gateway.web.health import application, server

log = structlog.get_logger("gateway")

AGAIN = 0.05, 30.0  # seconds to the next start, growing
SETTLED = 10.0  # seconds of life after which a process starts at once again
WORKER_WITHIN = 60.0  # seconds to start
RELOAD_WITHIN = 300.0  # seconds: the desks are asked for their names
MORE = 10.0  # seconds over the drain, then SIGKILL
LARGEST = re.compile(r"^(gateway_loop_lag_seconds|\w+_created)\b")  # of several processes the largest counts


class Child:
    """A process that is started again when it ends."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], sockets: Sequence[int]) -> None:
        self.name = name
        self.starts = 0
        self._command = command
        self._environment = environment
        self._sockets = sockets
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def keep(self, stop: asyncio.Event) -> None:
        """Until ``stop``; then whoever stops ends it."""
        pause = AGAIN[0]
        while not stop.is_set():
            began = time.monotonic()
            self.starts += 1
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=self._environment, pass_fds=self._sockets
            )
            code = await self._process.wait()
            if stop.is_set():
                return
            pause = AGAIN[0] if time.monotonic() - began > SETTLED else pause
            log.error("process ended, starts again", name=self.name, code=code, after=round(pause, 2))
            await wait(stop, pause)
            pause = min(pause * 2, AGAIN[1])

    async def end(self, seconds: float) -> None:
        """SIGTERM, and after so long SIGKILL."""
        if self._process is None or not self.is_up:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class Supervisor:
    """Raises OSError when a port cannot be had."""

    def __init__(self, settings: Settings, config: Path) -> None:
        self._settings = settings
        self._stop = asyncio.Event()
        self._folder = Path(tempfile.mkdtemp(prefix="gateway-"))
        self._sockets = {each.name: bound(each) for each in listeners_of(settings.smtp)}
        numbers = [sock.fileno() for sock in self._sockets.values()]
        shared = " ".join(f"{name}={sock.fileno()}" for name, sock in self._sockets.items())
        environment = {**os.environ, channel.RUN: str(self._folder), SOCKETS: shared}
        listener = [sys.executable, "-m", "gateway.processes.listener"]
        self._listeners = [
            Child(f"listener-{number}", [*listener, f"listener-{number}", str(config)], environment, numbers)
            for number in range(1, settings.smtp.processes + 1)
        ]
        worker = [sys.executable, "-m", "gateway", "serve", "--role", "worker", "--config", str(config)]
        self._worker = Child(channel.WORKER, worker, environment, ())
        http = settings.http
        self._http = server(application(self._metrics, self._readiness, http.token(), self._reload), http.listen)
        self._reloading: asyncio.Task[State] | None = None

    async def run(self) -> None:
        """Until SIGTERM or SIGINT; then the listeners drain, then the worker."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        log.info("starting", listeners=len(self._listeners), run=str(self._folder))
        children = [asyncio.create_task(child.keep(self._stop)) for child in (*self._listeners, self._worker)]
        http = asyncio.create_task(self._http.serve())
        await self._stop.wait()
        log.info("draining")
        for sock in self._sockets.values():
            sock.close()
        longest = self._settings.smtp.drain + MORE
        await asyncio.gather(*(child.end(longest) for child in self._listeners))
        await self._worker.end(longest)
        self._http.should_exit = True
        await asyncio.gather(http, *children, return_exceptions=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        log.info("stopped")

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
            names = [child.name for child in self._listeners]
            await asyncio.gather(*(channel.ask(self._folder, name, channel.RELOAD) for name in names))
        return state

    async def _readiness(self) -> State:
        """Mail can be accepted while one listener is ready, whatever the worker does."""
        names = [child.name for child in (*self._listeners, self._worker)]
        *listeners, worker = await asyncio.gather(*(self._state(name) for name in names))
        ready = [state for state in listeners if state.get("ready")]
        reasons = [reason for state in listeners for reason in state.get("reasons", ["a listener does not answer"])]
        return {
            "ready": bool(ready) and not self._stop.is_set(),
            "role": "all",
            "reasons": [] if ready else sorted(set(reasons)),
            "waits": worker.get("waits", []),
            "damage": worker.get("damage", ""),
            "arrivals": (ready or [{}])[0].get("arrivals", {}),
            "desks": worker.get("desks", {}),
            "worker": worker.get("reasons", ["the worker does not answer"]),
            "starts": {child.name: child.starts for child in (*self._listeners, self._worker)},
        }

    async def _state(self, name: str) -> State:
        said = await channel.ask(self._folder, name, channel.READINESS)
        state: State = json.loads(said) if said else {}
        return state

    async def _metrics(self) -> bytes:
        names = [child.name for child in (*self._listeners, self._worker)]
        return merged(await asyncio.gather(*(channel.ask(self._folder, name, channel.METRICS) for name in names)))


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


def run(settings: Settings, config: Path) -> None:
    """Serve until SIGTERM. Raises OSError."""

    async def serve() -> None:
        await Supervisor(settings, config).run()

    asyncio.run(serve())
