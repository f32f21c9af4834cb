"""A command of ours in a process of its own: what takes long, or much, does not take it from the mail.

One at a time: another says so. It is ended when its page asks for that, when it takes too long, and with the console.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from gateway.model.spans import HOUR
from gateway.store.operator import NotPossible

NICE = ("nice", "-n", "10") if shutil.which("nice") else ()
MOST_OUTPUT = 32 << 20  # bytes
MOST_LINE = 1 << 20
MOST_LINES, MOST_SHOWN = 50, 4000  # lines that are shown, and bytes of each
PATIENCE = 120.0  # seconds for what a page waits for
LONGEST = HOUR  # seconds for what goes on behind it
SPAN = "30d"  # of the kept mail on which rules and profiles are tried


@dataclass
class Run:
    """What goes on behind the pages: ``progress`` is what it said last, ``found`` what it printed at the end, ``wrong``
    why it ended otherwise."""

    who: str
    text: str
    progress: str = ""
    found: dict[str, Any] | None = None
    wrong: str = ""
    is_over: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Commands:
    """Runs ``gateway ARGUMENTS --json`` of this installation on the configuration of ``file``."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._alone = asyncio.Lock()
        self.run: Run | None = None

    async def ask(self, *arguments: str, text: str = "") -> tuple[Any, str]:
        """The JSON that it printed, None for nothing, and what it said on standard error. Raises NotPossible."""
        if self._alone.locked():
            raise NotPossible("something is being tried already; try again in a moment")
        async with self._alone:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._run(arguments, text, None)
            except TimeoutError as error:
                raise NotPossible(f"it took longer than {PATIENCE:.0f} s: is the desk there?") from error

    def try_on_kept(self, who: str, text: str, *arguments: str) -> None:
        """Let ``whatif`` go on behind the pages, on the mail of SPAN. Raises NotPossible while another does."""
        if self.run is not None and not self.run.is_over:
            raise NotPossible(f"{self.run.who} is trying something; it has to end first")
        self.run = Run(who, text)
        command = ("whatif", "--since", SPAN, "--progress", *arguments)
        self.run.task = asyncio.create_task(self._behind(self.run, command))

    async def end(self) -> None:
        """Stop what goes on."""
        if self.run is not None and self.run.task is not None and not self.run.is_over:
            self.run.task.cancel()
            await asyncio.wait([self.run.task])

    async def _behind(self, run: Run, arguments: tuple[str, ...]) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                run.found, said = await self._run(arguments, run.text, run)
                run.wrong = said if run.found is None else ""
        except TimeoutError:
            run.wrong = f"it took longer than {LONGEST / 60:.0f} minutes"
        except asyncio.CancelledError:
            run.wrong = "it was stopped"
        finally:
            run.is_over = True

    async def _run(self, arguments: tuple[str, ...], text: str, run: Run | None) -> tuple[Any, str]:
        command = [*NICE, sys.executable, "-m", "gateway", *arguments, "--json", "--config", self._file]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MOST_LINE,
        )
        assert process.stdin and process.stdout and process.stderr
        try:
            process.stdin.write(text.encode())
            process.stdin.close()
            printed, said = await asyncio.gather(_printed(process.stdout), _heard(process.stderr, run))
            await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        try:
            return json.loads(printed), said
        except ValueError:
            return None, said or "it ended without an answer, or with one that is too long to show"


async def _printed(stream: asyncio.StreamReader) -> bytes:
    """All of it; what is too much is read and not kept, for nobody goes on whose words are not read. It is then no
    JSON."""
    out = bytearray()
    while block := await stream.read(MOST_LINE):
        if len(out) < MOST_OUTPUT:
            out += block
    return bytes(out)


async def _heard(stream: asyncio.StreamReader, run: Run | None) -> str:
    """What is said on standard error, as it comes."""
    lines: deque[str] = deque(maxlen=MOST_LINES)
    while not stream.at_eof():
        try:
            line = (await stream.readline())[:MOST_SHOWN].decode(errors="replace").strip()
        except ValueError:  # longer than MOST_LINE
            continue
        if line and run is not None:
            run.progress = line
        if line:
            lines.append(line)
    return "\n".join(lines)
