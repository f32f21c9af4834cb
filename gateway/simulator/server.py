"""The simulated desk as a server: in a thread of a test, or as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.simulator.app import App, Scope
from gateway.simulator.faults import Faults
from gateway.simulator.inspection import Inspection
from gateway.simulator.persist import load, save
from gateway.simulator.seed import Seed
from gateway.simulator.state import Desk

KEEP_ALIVE = 5  # seconds: the desk drops a connection that idles longer


class Simulator:
    """A desk with its state, its faults and its ASGI application.

    with Simulator(Seed(), Faults([{"kind": "comment", "do": "drop", "times": 1}])) as sim:
        httpx.get(sim.url + "/api/v1/boards", headers={"X-API-Key": sim.key})
        assert sim.desk.tickets == {}
    """

    def __init__(
        self,
        seed: Seed | None = None,
        faults: Faults | None = None,
        clock: Callable[[], float] = time.time,
        state_file: str | Path | None = None,
    ) -> None:
        self.desk = Desk(seed, clock)
        self.faults = faults or Faults()
        self._state_file = Path(state_file) if state_file else None
        if self._state_file and self._state_file.exists():
            load(self.desk, self._state_file)
        self._transports: dict[Any, asyncio.Transport] = {}
        self.app = App(self.desk, self.faults, self._cut)
        self.inspection = self.app.outside_api = Inspection(self.app)
        if self._state_file:
            self.app.after = self._save_soon
        self._saved = (self.desk.version, time.monotonic())
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.host = "127.0.0.1"
        self.port = 0

    @property
    def key(self) -> str:
        return self.desk.seed.api_key

    @property
    def url(self) -> str:
        """Without path; the API is below `/api/v1`."""
        return f"http://{self.host}:{self.port}"

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def start(self, host: str = "127.0.0.1", port: int = 0) -> Simulator:
        """Serve from a thread. After `stop` the same port may be given again."""
        listener = self.bind(host, port or self.port)
        self._server = self.server()
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="simulated-desk", daemon=True
        )
        self._thread.start()
        end = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > end or not self._thread.is_alive():
                raise RuntimeError("the simulated desk did not start")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._server.force_exit = True
            self._thread.join(10)
        self._server = self._thread = None
        self.save()

    def reset(self) -> None:
        """As at the start: the seed, no faults."""
        self.app.reset()

    def save(self) -> None:
        if self._state_file:
            save(self.desk, self._state_file)
            self._saved = (self.desk.version, time.monotonic())

    def _save_soon(self) -> None:
        version, at = self._saved
        if version != self.desk.version and time.monotonic() - at >= 1:
            self.save()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextlib.contextmanager
    def serve_in_thread(self) -> Iterator[str]:
        """The base URL, served until the block ends."""
        self.start()
        try:
            yield self.url
        finally:
            self.stop()

    def bind(self, host: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # named as TCP, else asyncio leaves Nagle's delay of 40 ms on every answer
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        self.host, self.port = listener.getsockname()[:2]
        return listener

    def server(self, loop: str = "asyncio") -> uvicorn.Server:
        return _Server(
            uvicorn.Config(
                self.app,
                loop=loop,
                http=self._protocol(),
                ws="none",
                lifespan="off",
                timeout_keep_alive=KEEP_ALIVE,
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=1,
                backlog=512,
            )
        )

    def _protocol(self) -> type[H11Protocol]:
        simulator = self

        class Protocol(H11Protocol):
            """Keeps the transport by peer, so that a fault can cut it."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                if simulator.app.down:
                    _reset(transport)
                    transport.abort()
                super().connection_made(transport)
                simulator._transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                simulator._transports.pop(self.client, None)
                super().connection_lost(exc)

        return Protocol

    def _cut(self, scope: Scope, hard: bool) -> bool:
        transport = self._transports.get(scope.get("client"))
        if transport is None:
            return False
        if hard:
            _reset(transport)
        transport.abort()
        return True


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on a signal, and end well: uvicorn would raise the signal again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _reset(transport: asyncio.Transport) -> None:
    """Close with RST instead of FIN."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
