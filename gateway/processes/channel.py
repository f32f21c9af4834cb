"""How the processes of one gateway speak with each other: Unix sockets in a folder that only they may enter.

Listeners tell the worker that there are arrivals, and what they refused; the worker tells them how much is pending.
Nothing of it is needed for what is promised: what is lost here is found by looking. The pages ask each for its state.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.model.refusal import Refusal

WORKER = "worker"
TOLD, PENDING, STARTS = "told", "pending", "starts"
READINESS, METRICS, RELOAD = "readiness", "metrics", "reload"
PATIENCE = 5.0  # seconds for an answer
LONGEST = 60_000  # octets of a datagram
AT_ONCE = 100  # datagrams
MOST_REFUSALS = 1000
AGAIN = 0.01  # seconds to the next word of arrivals: less than the importer waits for more of them before it looks
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15

State = dict[str, Any]


def die_with(parent: int) -> None:
    """Whoever is left alone by a kill -9 ends too: another supervisor will start others."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def be_called(name: str) -> None:
    """What `ps -o comm` and `top` show; at most 15 characters of it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode())


# -- to the worker --------------------------------------------------------------------------------


class Told:
    """What listeners tell the worker: ``arrived`` is called for arrivals; ``taken`` hands over the refusals."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived
        self._refusals: list[Refusal] = []

    def listen(self, folder: Path) -> socket.socket:
        """From now on; until the socket is closed by ``close``."""
        (folder / TOLD).unlink(missing_ok=True)
        heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        heard.setblocking(False)
        heard.bind(str(folder / TOLD))
        asyncio.get_running_loop().add_reader(heard, self._hear, heard)
        return heard

    @staticmethod
    def close(heard: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(heard)
        heard.close()

    def _hear(self, heard: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(AT_ONCE):
                self._take(heard.recv(LONGEST))

    def _take(self, data: bytes) -> None:
        if not data:
            self._arrived()
            return
        with contextlib.suppress(ValueError, TypeError):
            self._refusals.append(Refusal(**json.loads(data)))

    def taken(self) -> list[Refusal]:
        """What came since the last call."""
        told, self._refusals = self._refusals, []
        return told


class Teller:
    """A listener's way to the worker. Nothing waits: a worker that is not there hears of no arrivals, and looks when it
    comes; refusals are kept for it, the newest ``MOST_REFUSALS``. ``arrived`` is for any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._untold: deque[Refusal] = deque(maxlen=MOST_REFUSALS)
        self._said_at = 0.0

    def arrived(self) -> None:
        if (now := time.monotonic()) > self._said_at + AGAIN:
            self._said_at = now
            self._send(b"")

    def refused(self, refusals: Sequence[Refusal]) -> None:
        """These, and what could not be told before."""
        self._untold.extend(refusals)
        while self._untold and self._send(json.dumps(asdict(self._untold[0])).encode()[:LONGEST]):
            self._untold.popleft()

    def _send(self, data: bytes) -> bool:
        """Whether the worker has it."""
        try:
            self._socket.sendto(data, str(self._folder / TOLD))
        except OSError:
            return False
        return True


def tell_pending(folder: Path, count: int) -> None:
    """How many deliveries the store has to work on."""
    _put(folder / PENDING, str(count))


def tell_starts(folder: Path, counts: Mapping[str, int]) -> None:
    """How often each process was started."""
    _put(folder / STARTS, json.dumps(counts))


def _put(file: Path, text: str) -> None:
    """Where the disk is full the old word stays."""
    part = file.with_suffix(".part")
    with contextlib.suppress(OSError):
        part.write_text(text)
        part.rename(file)


def starts(folder: Path) -> dict[str, int]:
    """How often each process was started, as the supervisor said last."""
    try:
        counts: dict[str, int] = json.loads((folder / STARTS).read_text())
    except (OSError, ValueError):
        return {}
    return counts


def pending(folder: Path) -> int:
    """As the worker said last, 0 while it did not."""
    try:
        return int((folder / PENDING).read_text())
    except (OSError, ValueError):
        return 0


# -- to the pages ---------------------------------------------------------------------------------


async def answer(
    folder: Path,
    name: str,
    readiness: Callable[[], Awaitable[State]],
    metrics: Callable[[], Awaitable[bytes]],
    reload: Callable[[], Awaitable[State]],
) -> asyncio.Server:
    """Tell whoever asks the state of this process, or take the configuration as it is now."""

    async def said(what: str) -> bytes:
        if what == METRICS:
            return await metrics()
        return json.dumps(await (reload() if what == RELOAD else readiness())).encode()

    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await said((await reader.readline()).decode().strip()))
        with contextlib.suppress(OSError):
            await writer.drain()
            writer.close()

    path = folder / f"{name}.sock"
    path.unlink(missing_ok=True)
    return await asyncio.start_unix_server(told, path)


async def ask(folder: Path, name: str, what: str, patience: float = PATIENCE) -> bytes:
    """What a process says, nothing while it does not."""
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(folder / f"{name}.sock")
            writer.write(what.encode() + b"\n")
            said = await reader.read()
            writer.close()
            return said
    except (OSError, TimeoutError):
        return b""
