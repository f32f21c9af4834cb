"""Files that are held because the scanner was away: scanned later, one by one, and let go when clean.

A file with malware is never uploaded: the ticket's comment on missing files says so. One that is larger than
the scanner takes waits for an operator, as every file does while the scanner stays away.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import structlog

from gateway.decide.files import UNSCANNED
from gateway.intake.scanner import Scanner, ScannerAway
from gateway.model.effects import DocumentBody
from gateway.periodic import run_every
from gateway.store import deliveries, heldfiles
from gateway.store.effects import EffectOf
from gateway.store.heldfiles import Waiting
from gateway.store.raw import Damaged
from gateway.store.reading import Unreadable
from gateway.work.parser import ParserBroken, ParserDied
from gateway.work.planner import Planner

log = structlog.get_logger("work")

EVERY = 60.0
BATCH = 20
UNREAD = (ParserDied, ParserBroken, Damaged, Unreadable)


@dataclass(frozen=True, slots=True)
class _OnDisk:
    """A file as the scanner takes it."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def open(self) -> IO[bytes]:
        return self.path.open("rb")


class Rescanner:
    """``wake`` is called when files were let go."""

    def __init__(
        self, planner: Planner, scanner: Scanner, clock: Callable[[], float], wake: Callable[[], None] = lambda: None
    ) -> None:
        self._planner = planner
        self._store = planner.store
        self._scanner = scanner
        self._clock = clock
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """Scan every minute, until ``stop``."""
        await run_every(stop, EVERY, self._try)

    async def _try(self) -> None:
        try:
            await self.scan_waiting()
        except ScannerAway as away:
            log.warning("scanner still away", why=str(away))

    async def scan_waiting(self) -> None:
        """Scan everything that waits. Raises ScannerAway."""
        after = 0
        while batch := await self._store.read(partial(heldfiles.waiting, reason=UNSCANNED, after=after, limit=BATCH)):
            for waiting in batch:
                after = waiting.row["seq"]
                try:
                    await self._scan(waiting)
                except (*UNREAD, OSError) as error:  # again in a minute; it is seen to wait
                    log.error("held files not read", delivery=waiting.row["id"], why=str(error))

    async def _scan(self, waiting: Waiting) -> None:
        folder = self._planner.work_folder(f"{waiting.row['id']}-scan")
        folder.mkdir(parents=True, exist_ok=True)
        results: dict[int, str] = {}
        try:
            for file in waiting.files:
                result = await self._scan_file(waiting, file, folder / str(file.idx))
                if result is None:
                    await self._store.write(partial(heldfiles.too_large, file=file))
                else:
                    results[file.idx] = result
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if not results:
            return
        now = self._clock()
        if await self._store.write(lambda c: heldfiles.scanned(c, waiting, results, now)):
            log.info(
                "held files scanned",
                delivery=waiting.row["id"],
                files=len(results),
                bad=sum(map(bool, results.values())),
            )
            self._wake()

    async def _scan_file(self, waiting: Waiting, file: EffectOf[DocumentBody], path: Path) -> str | None:
        """ "" for clean, else why not; None for a file that is too large."""
        row = await self._store.read(lambda c: deliveries.content(c, waiting.row["raw_id"]))
        raw = await self._planner.raws.get(row, path.parent)
        if file.body.text is not None:
            path.write_text(file.body.text, encoding="utf-8", errors="replace")
        elif file.body.part == "original":
            if isinstance(raw, Path):
                path = raw
            else:
                path.write_bytes(raw)
        elif file.body.index is not None:
            await self._planner.parser.file(raw, file.body.index, path)
        result = await self._scanner.scan(_OnDisk(path))
        if result.virus:
            return f"malware: {result.virus}"
        return "" if result.whole else None
