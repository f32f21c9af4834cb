"""When mail must wait: marks on the loop's lag, the queue, memory and bytes in flight.

Load is shed with 4xx before anything breaks. The gauges are read once a second by ``watch``, never for
each mail; bytes in flight are exact.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from gateway.config.smtp import SmtpSettings

log = structlog.get_logger("smtp")

EVERY = 1.0
QUEUE_EVERY = 5.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


class InFlight:
    """Bytes of mails that are arriving, over all sessions."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.bytes = 0

    def has_room(self, number: int) -> bool:
        """Whether so many bytes more may arrive."""
        return self.bytes + number <= self._most

    def take(self, number: int) -> bool:
        """So many bytes more have come; False when there is no room for them."""
        if self.bytes + number > self._most:
            return False
        self.bytes += number
        return True

    def give(self, number: int) -> None:
        """So many bytes are in flight no longer."""
        self.bytes -= number


class Overload:
    """``reason`` says why mail must wait, "" while all is well."""

    def __init__(self, settings: SmtpSettings, pending: Callable[[], Awaitable[int]] | None = None) -> None:
        self._settings = settings
        self._pending = pending
        self._queue_at = 0.0
        self._queue = 0
        self.lag = 0.0
        self.reason = ""

    async def watch(self) -> None:
        """Run until cancelled."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(EVERY)
            # Halves every second: one long stall sheds load for a few seconds, not for one look.
            self.lag = max(time.monotonic() - before - EVERY, self.lag / 2)
            await self._look_at_queue()
            reason = self._judge()
            if reason != self.reason:
                log.warning("overload", reason=reason) if reason else log.info("overload over", was=self.reason)
                self.reason = reason

    async def _look_at_queue(self) -> None:
        if not self._pending or not self._settings.max_pending or time.monotonic() < self._queue_at:
            return
        self._queue_at = time.monotonic() + QUEUE_EVERY
        try:
            self._queue = await self._pending()
        except Exception as error:  # the store says itself that it fails, when it is written to
            log.warning("queue depth not known", error=type(error).__name__)

    def _judge(self) -> str:
        most = self._settings
        marks = (
            ("loop lag", self.lag, most.max_lag),
            ("queue depth", self._queue, most.max_pending),
            ("memory", resident() if most.max_memory else 0, most.max_memory),
        )
        return next((name for name, value, mark in marks if mark and value > mark), "")


def resident() -> int:
    """Bytes of memory of this process, 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
