"""250 means: in the arrivals of this machine. The importer moves it into the store."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from gateway.config.settings import StoreSettings
from gateway.intake.accept import Acceptor, NotKept, Recipient, addressed
from gateway.intake.maildata import MailData
from gateway.model.envelope import Envelope
from gateway.store import lockholder
from gateway.store.arrivalrow import ArrivedFor, NewArrival
from gateway.store.arrivals import BATCH, BUSY_WAIT, ArrivalsFile, Waiting
from gateway.store.waiters import Told, tell

log = structlog.get_logger("smtp")

LOOK_EVERY = 1.0  # seconds, when nothing comes
LOOK_AGAIN = 0.1  # seconds between two looks while mail comes; between them our own is counted
QUICK = 0.002  # seconds of a commit for which the loop may wait itself
ALONE = 1.5  # mails that share a commit: with fewer nothing is won by waiting for others
WEIGHT = 1 / 8  # of the newest commit in the figures of the last ones
PATIENCE = BUSY_WAIT  # seconds for a process that writes into the arrivals and does not end, as one that was stopped


class ArrivalsFailed(Exception):
    """Nothing is known of the mail: the commit failed or the file is closed."""


class ArrivalsHeld(ArrivalsFailed):
    """Another process does not let go of them: nobody waits longer. Of the mails that were being written it is not
    known whether they will be; a peer that sends them again is recognised."""


_Entry = tuple[NewArrival, asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class Commits:
    """How long the last commits took and how many mails shared one, as moving figures. One commit of a second is
    remembered for some fifty quick ones."""

    def __init__(self) -> None:
        self._seconds = 1.0
        self._mails = 1.0

    def add(self, seconds: float, mails: int) -> None:
        self._seconds += (seconds - self._seconds) * WEIGHT
        self._mails += (mails - self._mails) * WEIGHT

    @property
    def are_quick_and_alone(self) -> bool:
        return self._seconds < QUICK and self._mails < ALONE


class Arrivals:
    """Appends mails, by one thread with group commit: those that queued while the last commit ran share the next one.

    Where mails come one at a time and the disk is quick, the event loop commits itself, for two changes of thread cost
    more than that. A disk that becomes slow holds the loop for one commit; the next ones are the thread's.
    Who waits for another process that writes is told after PATIENCE, and others at once until it goes on: the peer
    may come again, or go to another server.
    A failed commit ends it, for after it nothing is known: every waiter gets ArrivalsFailed, ``on_fatal`` is called.
    ``max_bytes`` and ``max_age`` (seconds): how much may wait."""

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = 0,
        max_age: float = 0.0,
        on_fatal: Callable[[BaseException], None] = lambda error: None,
        on_append: Callable[[], None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.waits = Waiting()
        self._full = ""
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._on_fatal = on_fatal
        self._on_append = on_append
        self._file = ArrivalsFile(folder)
        self._file.check()
        self._failed: BaseException | None = None
        self._queue: queue.SimpleQueue[list[_Entry] | None] = queue.SimpleQueue()  # what came in a turn; None: the end
        self._writing = threading.Lock()  # whoever uses the file has it
        self._commits = Commits()
        self._turn: list[_Entry] = []  # that came in this turn of the loop, and are committed at its end
        self._looked_at = 0.0
        self._writes: Sequence[_Entry] = ()  # what the thread is about to commit
        self._since = 0.0  # since when, by the monotonic clock; 0 while it does not
        self._holder = ""  # who has held it up for too long
        self._watch: asyncio.TimerHandle | None = None
        self._look()
        self._thread = threading.Thread(target=self._run, name="arrivals-write", daemon=True)
        self._thread.start()

    def append(self, mail: NewArrival) -> asyncio.Future[None]:
        """Done once the mail is committed and synced. Raises ArrivalsFailed."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if self._failed is not None:
            raise ArrivalsFailed("the arrivals have failed") from self._failed
        if self._holder:
            raise ArrivalsHeld(self.full)
        self._turn.append((mail, loop, done))
        if len(self._turn) == 1:
            loop.call_soon(self._end_of_turn)
        return done

    @property
    def full(self) -> str:
        """Why nothing more is taken, "" while there is room."""
        if self._holder:
            return f"{self._holder} has written into them for {time.monotonic() - self._since:.0f} s"
        return self._full

    def refresh(self) -> None:
        """Look again how much waits, soon."""
        self._queue.put([])

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():  # held up: it ends with the process
            self._failed = ArrivalsHeld(self._holder)
            return
        with self._writing:
            self._failed = self._failed or ArrivalsFailed("the arrivals are closed")
            self._file.close()
        with contextlib.suppress(queue.Empty):  # nobody may wait for ever
            while True:
                _tell(self._queue.get_nowait() or [], ArrivalsFailed("the arrivals are closed"))

    def _end_of_turn(self) -> None:
        """Commit what came in this turn, unless several wait or another is writing: then it is the thread's."""
        entries, self._turn = self._turn, []
        if self._failed is not None:
            _tell(entries, ArrivalsFailed("the arrivals have failed"))
        elif not (self._commits.are_quick_and_alone and len(entries) == 1 and self._committed_here(entries)):
            self._queue.put(entries)
            self._watch = self._watch or entries[0][1].call_later(PATIENCE, self._see_to_it)

    def _see_to_it(self) -> None:
        """Whether the thread goes on: if not, nobody waits any longer, and it is said who holds it up."""
        self._watch, since, now = None, self._since, time.monotonic()
        if not since and self._queue.empty():
            return
        if (left := (since or now) + PATIENCE - now) > 0:
            self._watch = asyncio.get_running_loop().call_later(left, self._see_to_it)
            return
        self._holder = lockholder.told(self.folder)
        log.critical("arrivals held", by=self._holder, seconds=round(now - since))
        held = [*self._writes]
        with contextlib.suppress(queue.Empty):
            while (entries := self._queue.get_nowait()) is not None:
                held += entries
            self._queue.put(None)
        _tell(held, ArrivalsHeld(self.full))

    def _goes_on(self) -> None:
        """The thread has written, or was told that it cannot."""
        if self._holder:
            log.warning("arrivals free again", after=round(time.monotonic() - self._since))
        self._holder, self._since, self._writes = "", 0.0, ()

    def _committed_here(self, entries: Sequence[_Entry]) -> bool:
        """Whether the loop could commit at once."""
        if not (self._queue.empty() and self._writing.acquire(blocking=False)):
            return False
        try:
            return self._commit(entries, patient=False)
        finally:
            self._writing.release()

    def _run(self) -> None:
        closing = False
        while not closing and self._failed is None:
            batch, closing = self._next_batch()
            with self._writing:
                self._writes, self._since = batch, time.monotonic()
                self._commit(batch, patient=True)
                self._goes_on()
        while not closing and (entries := self._queue.get()) is not None:  # nobody may wait for ever
            _tell(entries, ArrivalsFailed("the arrivals have failed"))

    def _commit(self, batch: Sequence[_Entry], *, patient: bool) -> bool:
        """Append the batch and tell those who wait. False: another process writes, and nobody was to wait for it."""
        if self._failed is not None:
            _tell(batch, ArrivalsFailed("the arrivals have failed"))
            return True
        try:
            if batch:
                began = time.monotonic()
                if not self._file.append([mail for mail, _, _ in batch], patient=patient):
                    if patient:
                        _tell(batch, ArrivalsHeld("another process writes into the arrivals all the time"))
                    return patient
                self._commits.add(time.monotonic() - began, len(batch))
                _tell(batch, None)
                self._on_append()
            self._count(batch)
        except BaseException as error:
            self._failed = error
            failure = ArrivalsFailed(f"commit failed: {type(error).__name__}")
            failure.__cause__ = error
            _tell(batch, failure)
            self._on_fatal(error)
        return True

    def _next_batch(self) -> tuple[list[_Entry], bool]:
        """Whatever is queued; nothing when nobody came for ``LOOK_EVERY``, or somebody wants to know what waits. And
        whether that was all."""
        batch: list[_Entry] = []
        try:
            entries = self._queue.get(timeout=LOOK_EVERY)
            while entries is not None:
                batch += entries
                if not entries or len(batch) >= BATCH:
                    return batch, False
                entries = self._queue.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _count(self, batch: Sequence[_Entry]) -> None:
        """What waits now, with the mails of the batch."""
        if not batch or time.monotonic() > self._looked_at + LOOK_AGAIN:
            self._look()
            return
        waits, mails = self.waits, [mail for mail, _, _ in batch]
        deliveries = waits.deliveries + sum(len(mail.recipients) for mail in mails)
        size = waits.bytes + sum(mail.size for mail in mails)
        self._see(Waiting(deliveries, size, waits.oldest or time.time(), waits.aside))

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        self._see(self._file.waiting())

    def _see(self, waits: Waiting) -> None:
        self.waits = waits
        if self._max_bytes and waits.bytes > self._max_bytes:
            self._full = f"{waits.bytes} bytes wait to be imported"
        elif self._max_age and waits.oldest and time.time() - waits.oldest > self._max_age:
            self._full = f"the oldest waits for {time.time() - waits.oldest:.0f} s"
        else:
            self._full = ""


def _tell(batch: Sequence[_Entry], failure: Exception | None) -> None:
    tell(Told(loop, done, failure is None, failure) for _, loop, done in batch)


class ArrivalsAcceptor(Acceptor):
    """Keeps mails in the arrivals. The ids are those that their deliveries will have."""

    def __init__(self, arrivals: Arrivals, settings: StoreSettings) -> None:
        super().__init__(settings, arrivals.folder)
        self._arrivals = arrivals

    @property
    def full(self) -> str:
        return self._arrivals.full

    async def accept(self, mail: MailData, envelope: Envelope, recipients: Sequence[Recipient]) -> list[str]:
        arrived = addressed(recipients, envelope.time)
        if mail.path is None:
            await self._append(mail, envelope, arrived)
        else:
            await asyncio.shield(asyncio.ensure_future(self._append_large(mail, envelope, arrived)))
        return [each.id for each in arrived]

    async def _append_large(self, mail: MailData, envelope: Envelope, arrived: Sequence[ArrivedFor]) -> None:
        try:
            await asyncio.to_thread(mail.sync)
        except BaseException:
            mail.discard()
            raise
        await self._append(mail, envelope, arrived)

    async def _append(self, mail: MailData, envelope: Envelope, arrived: Sequence[ArrivedFor]) -> None:
        path = mail.path.name if mail.path else None
        row = NewArrival(envelope, arrived, mail.size, mail.digest(), mail.data(), path)
        try:
            await self._arrivals.append(row)  # it is committed also if nobody waits any more
        except ArrivalsFailed as error:
            raise NotKept(str(error)) from error  # the row may be there: its file must stay
