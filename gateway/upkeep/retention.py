"""Deletes what is kept no longer, in small batches beside the work.

Promised: accepting never waits for more than one short batch, and the pruner rests as long as a batch took; one
replica deletes at a time; a mail's file or object is deleted after the commit that forgets it, and one that a
crash left is swept (``rawmail``). Nothing is deleted while a backup copies the spool.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from gateway.config.retention import RetentionSettings
from gateway.model.spans import DAY
from gateway.periodic import run_every
from gateway.store import acts, hits, imports, letters, private, probes, pruning, refusals, windows
from gateway.store.engine import Store
from gateway.store.pruning import Dropped, Elsewhere
from gateway.store.raw import RawMail
from gateway.store.stage import ENDED, Stage
from gateway.work import readings

log = structlog.get_logger("retention")

FIRST, LEAST, MOST = 100, 20, 1000  # rows in a batch
LONG, SHORT = 0.02, 0.01  # seconds of a batch in the writer
REST = 1.0  # times as long as the batch took with its commit
HITS = 90 * DAY
GUARD = ".guard"


class Busy(Exception):
    """A backup copies the spool."""


class SpoolGuard:
    """Either files are deleted from the spool or a backup copies them (flock, which ends with the process)."""

    def __init__(self, spool: Path) -> None:
        self.path = spool / GUARD

    @contextlib.contextmanager
    def deleting(self) -> Iterator[None]:
        """Raises Busy."""
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield

    @contextlib.contextmanager
    def copying(self) -> Iterator[None]:
        """Waits for the batch that is being deleted."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextlib.contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        private.create(self.path)
        handle = os.open(self.path, os.O_RDWR)
        try:
            fcntl.flock(handle, how)
            yield
        except BlockingIOError as error:
            raise Busy from error
        finally:
            os.close(handle)


class Pruner:
    """``deleted`` hears what was deleted and how many; ``finished`` when a round is over."""

    def __init__(
        self,
        store: Store,
        raws: RawMail,
        settings: RetentionSettings,
        clock: Callable[[], float],
        deleted: Callable[[str, int], None] = lambda what, count: None,
        finished: Callable[[], None] = lambda: None,
    ) -> None:
        self.store = store
        self.raws = raws
        self.settings = settings
        self.clock = clock
        self.guard = SpoolGuard(raws.spool)
        self.deleted = deleted
        self.finished = finished

    async def run(self, stop: asyncio.Event) -> None:
        """A round now and then, until ``stop``."""
        await run_every(stop, self.settings.every, partial(self._try, stop))

    async def _try(self, stop: asyncio.Event) -> None:
        try:
            counts = await self.round(stop)
            if any(counts.values()):
                log.info("deleted", **counts)
            self.finished()
        except Elsewhere:
            log.debug("another replica deletes")
        except Busy:
            log.info("a backup is made: nothing is deleted")

    async def round(self, stop: asyncio.Event | None = None) -> dict[str, int]:
        """Delete all whose time is over. Returns counts. Raises Elsewhere, Busy."""
        limits, now = self.settings, self.clock()
        counts = {}
        for stage, age in (
            (Stage.DONE, limits.done),
            (Stage.SUPPRESSED, limits.suppressed),
            (Stage.QUARANTINED, limits.quarantined),
        ):
            if age:
                what = f"raw_{stage.value.lower()}"
                counts[what] = await self._all(what, partial(pruning.drop_ended, stage=stage, before=now - age), stop)
        if limits.traces:
            for stage in ENDED:
                step = partial(pruning.drop_traces, stage=stage, before=now - limits.traces)
                counts["traces"] = counts.get("traces", 0) + await self._all("traces", step, stop)
        if limits.events:
            step = partial(pruning.drop_events, before=now - limits.events)
            counts["events"] = await self._along("events", step, 0, stop)
        if limits.rows:
            counts["rows"] = await self._along("rows", partial(pruning.drop_rows, before=now - limits.rows), 0, stop)
        if limits.prints:
            before = now - limits.prints
            counts["prints"] = await self._all("prints", partial(pruning.drop_prints, before=before), stop)
            counts["endings"] = await self._all("endings", partial(pruning.drop_endings, before=before), stop)
        if limits.ids:
            counts["ids"] = await self._all("ids", partial(pruning.drop_ids, before=now - limits.ids), stop)
        if limits.refusals:
            counts["refusals"] = await self._all("refusals", partial(refusals.drop, before=now - limits.refusals), stop)
        counts["hits"] = await self._all("hits", partial(hits.drop, before=now - HITS), stop)
        counts["probes"] = await self._all("probes", partial(probes.drop, before=now - HITS), stop)
        if limits.rows:
            counts["acts"] = await self._all("acts", partial(acts.drop, before=now - limits.rows), stop)
            for drop in (windows.drop, windows.drop_maintenance):
                step = partial(drop, before=now - limits.rows)
                counts["windows"] = counts.get("windows", 0) + await self._all("windows", step, stop)
        if limits.traces:
            counts["letters"] = await self._all("letters", partial(letters.drop, before=now - limits.traces), stop)
        counts["seen"] = await self._along("seen", partial(pruning.drop_seen, now=now), b"", stop)
        counts["readings"] = await asyncio.to_thread(readings.trim, self.raws.spool, now)
        counts["redeliveries"] = await self._all("redeliveries", partial(imports.drop_redeliveries, now=now), stop)
        return counts

    async def _all(self, what: str, step: Callable[..., Dropped], stop: asyncio.Event | None) -> int:
        """Batches until one is not full."""
        total, limit = 0, FIRST
        while not (stop and stop.is_set()):
            found, after = await self._batch(what, step, limit)
            total += found.count
            if found.count < limit:
                break
            limit = after
        return total

    async def _along(self, what: str, step: Callable[..., Dropped], start: Any, stop: asyncio.Event | None) -> int:
        """Batches along a key, from ``start`` on."""
        total, limit, at = 0, FIRST, start
        while at is not None and not (stop and stop.is_set()):
            found, limit = await self._batch(what, partial(step, after=at), limit)
            total += found.count
            at = found.next
        return total

    async def _batch(self, what: str, step: Callable[..., Dropped], limit: int) -> tuple[Dropped, int]:
        """One batch, and its rest. Returns what it did and how large the next may be."""

        held = 0.0  # seconds for which accepts had to wait

        def run(connection: Connection) -> Dropped:
            nonlocal held
            start = time.monotonic()
            done = step(connection, limit=limit)
            held = time.monotonic() - start
            return done

        began = time.monotonic()
        with self.guard.deleting():
            found = await self.store.write(run)
            for path in found.paths:
                await self.raws.drop(path)
        took = time.monotonic() - began
        if found.count:
            self.deleted(what, found.count)
        await asyncio.sleep(took * REST)
        if held > LONG:
            return found, max(LEAST, limit // 2)
        return found, min(MOST, limit * 2) if held < SHORT else limit
