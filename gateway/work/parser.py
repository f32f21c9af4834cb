"""Reading mail in child processes with a deadline and a memory limit.

Every text parser that was tried could be stalled by a small mail, so no mail is read in this
process. At most ``children`` long-lived children; one that dies, stalls or has grown is replaced.
Only large mail can be slow: it leaves one child to the others, and its senders take turns.
Never fork (there are threads): each is a fresh ``python -m gateway.mail.child``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from gateway.mail.wire import load
from gateway.model.email import Email
from gateway.smtp.turns import FairSlots

LARGE = 64 * 1024  # bytes of a mail; no smaller one was found that takes a tenth of a second
RECYCLE_AFTER = 2000  # mails
REST = 60.0  # seconds without work after which a child ends; the last one stays, as a start takes its time
RECYCLE_OVER = 4 * 1024 * 1024  # bytes of one mail, after which a child has grown
START = 60.0  # seconds until a child is ready; it takes less than one where there is nothing else to do
INTERPRETER = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD")
"""All that a child gets of the environment: what its interpreter is found by, and no secret."""
ANSWER_LIMIT = 256 * 1024 * 1024


class ParserDied(Exception):
    """The child died or stalled over this mail: counts against the mail."""


class ParserFailed(ParserDied):
    """The child answered that it cannot read this mail, for want of memory or by an error of its own."""


class ParserBusy(Exception):
    """Enough large mail is being read or waits for it: later."""


class ParserBroken(Exception):
    """The machine does not let the child work, or could not start it: says nothing of the mail."""


class _Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.mails = 0
        self.idle_since = 0.0

    async def ask(self, request: dict[str, object], data: bytes | None) -> bytes:
        assert self.process.stdin and self.process.stdout
        self.mails += 1
        asked = _framed(json.dumps(request).encode())
        if data is None:
            self.process.stdin.write(asked)
        elif len(data) <= LARGE:
            self.process.stdin.write(asked + _framed(data))
        else:
            self.process.stdin.writelines((asked, len(data).to_bytes(4, "big"), data))
        await self.process.stdin.drain()
        mark, result = await self.frame(marked=True)
        if mark != b"+":
            raise (ParserFailed if mark == b"-" else ParserBroken)(result.decode("utf-8", "replace"))
        return result

    async def tell(self, own: Sequence[str]) -> None:
        """Our addresses, before the first mail."""
        assert self.process.stdin
        self.process.stdin.write(_framed(json.dumps(own).encode()))
        await self.process.stdin.drain()

    async def frame(self, *, marked: bool = False) -> tuple[bytes, bytes]:
        """Its mark, where it has one, and the rest."""
        assert self.process.stdout
        head = await self.process.stdout.readexactly(4 + marked)
        size = int.from_bytes(head[:4], "big") - marked
        if not 0 <= size <= ANSWER_LIMIT:
            raise ConnectionError("an answer of no length that is allowed")
        return head[4:], await self.process.stdout.readexactly(size)

    async def end(self) -> None:
        if self.process.returncode is None:
            try:
                self.process.kill()
            except ProcessLookupError:
                pass
        await self.process.wait()
        assert self.process.stdin
        self.process.stdin.close()
        with contextlib.suppress(OSError):  # asyncio reports an error that nobody takes
            await self.process.stdin.wait_closed()


class Parser:
    """A pool of children. ``own`` are the addresses of our mailboxes; ``nice``: how far they run behind others."""

    def __init__(
        self,
        *,
        children: int = 2,
        deadline: float = 20,
        memory: int = 512 * 1024 * 1024,
        nice: int = 0,
        own: Iterable[str] = (),
        observe: Callable[[float, bool], None] = lambda seconds, died: None,
    ) -> None:
        self.deadline = deadline
        self.memory = memory
        self.nice = nice
        self.own = sorted(own)
        self.deaths = 0
        self._observe = observe
        self._room = asyncio.Semaphore(children)
        self._large_slots = max(1, children - 1)
        self._turns = FairSlots(self._large_slots)
        self._large = 0
        self._idle: list[_Child] = []  # the one that was used last is used first
        self._first: asyncio.Task[_Child] | None = None  # starts before there is mail for it
        self._look: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def read(self, mail: bytes | Path, into: Path | None = None, peer: str = "") -> Email:
        """Parse a mail given as bytes or as a file; write its files into the folder ``into``. ``peer`` is who sent
        it: large mail of one peer stands behind that of others.

        Raises ParserBusy, ParserDied, ParserBroken."""
        request: dict[str, object] = {"op": "read", "into": str(into) if into else None}
        if _size(mail) <= LARGE:
            return load(await self._ask(request, mail))
        if self._large >= 2 * self._large_slots:
            raise ParserBusy
        self._large += 1
        try:
            async with self._turns.hold(peer):
                return load(await self._ask(request, mail))
        finally:
            self._large -= 1

    async def file(self, mail: bytes | Path, index: int, into: Path) -> None:
        """Write the bytes of attachment ``index`` to the file ``into``. Raises as ``read``."""
        await self._ask({"op": "file", "index": index, "into": str(into)}, mail)

    async def html(self, mail: bytes | Path) -> str:
        """The mail's HTML, safe to show in a frame. Raises as ``read``."""
        return (await self._ask({"op": "html"}, mail)).decode()

    async def warm(self) -> None:
        """Start a child before there is mail for it. A mail that comes meanwhile takes it, and starts none."""
        self._first = start = asyncio.create_task(self._start())
        try:
            await asyncio.wait({start})
        finally:
            if self._first is start:
                self._first = None
                start.cancel()  # where there is still something to cancel, so is this
                with contextlib.suppress(ParserBroken):  # the mail that needs one will say it
                    self._idle.append(await start)

    async def close(self) -> None:
        if self._look is not None:
            self._look.cancel()
        await asyncio.gather(*self._ending)
        for child in self._idle:
            await child.end()
        self._idle.clear()

    async def _ask(self, request: dict[str, object], mail: bytes | Path) -> bytes:
        size = _size(mail)
        data = None if isinstance(mail, Path) else mail
        if isinstance(mail, Path):
            request["path"] = str(mail)
        async with self._room:
            child = self._idle.pop() if self._idle else await self._starting()
            started = time.monotonic()
            good = False
            try:
                async with asyncio.timeout(self.deadline):
                    result = await child.ask(request, data)
                good = True
            except TimeoutError as error:
                raise ParserDied(f"no answer within {self.deadline:g} s") from error
            except (asyncio.IncompleteReadError, ConnectionError, BrokenPipeError) as error:
                raise ParserDied("the parser's process ended") from error
            except (ParserFailed, ParserBroken):
                good = True
                raise
            finally:
                self._observe(time.monotonic() - started, not good)
                await self._put_back(child, good and size <= RECYCLE_OVER)
                self.deaths += not good
            return result

    async def _put_back(self, child: _Child, usable: bool) -> None:
        if usable and child.mails < RECYCLE_AFTER and child.process.returncode is None:
            child.idle_since = time.monotonic()
            self._idle.append(child)
            self._look_again(REST)
        else:
            await child.end()

    def _look_again(self, seconds: float) -> None:
        if self._look is None and len(self._idle) > 1:
            self._look = asyncio.get_running_loop().call_later(seconds, self._end_the_idle)

    def _end_the_idle(self) -> None:
        self._look = None
        while len(self._idle) > 1 and (left := self._idle[0].idle_since + REST - time.monotonic()) <= 0:
            task = asyncio.create_task(self._idle.pop(0).end())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        if len(self._idle) > 1:
            self._look_again(left)

    def _starting(self) -> Awaitable[_Child]:
        first, self._first = self._first, None
        return first or self._start()

    async def _start(self) -> _Child:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "gateway.mail.child",
                str(self.memory),
                str(self.nice),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={name: os.environ[name] for name in INTERPRETER if name in os.environ},
                limit=1 << 20,
            )
        except OSError as error:
            raise ParserBroken(f"the parser cannot be started: {error.strerror}") from error
        child = _Child(process)
        try:  # the time that a start takes is not the mail's
            async with asyncio.timeout(START):
                await child.frame()
                await child.tell(self.own)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
            await child.end()
            raise ParserBroken(f"the parser did not start: {type(error).__name__}") from error
        except asyncio.CancelledError:
            await child.end()
            raise
        return child


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _size(mail: bytes | Path) -> int:
    return mail.stat().st_size if isinstance(mail, Path) else len(mail)
