"""Kept mail under decision again, each with the answers that were kept with its trace.

A mail's decision depends on no other's, as all that it asked is kept, but for vendors' notices: they are decided one
after the other, by the problems as they would have been (``backtest.Book``). So all else may be decided in any order,
and by several processes (``deciders``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.decide.context import DeliveryContext
from gateway.decide.policy import decide
from gateway.desk.directory import Directory, NoCatalog
from gateway.desk.outcome import DeskAway, Unasked
from gateway.model import questions as ask
from gateway.model.email import Email
from gateway.model.notice import ResolvedNotice
from gateway.model.plan import Decision
from gateway.model.reasons import Reason
from gateway.model.window import Window
from gateway.operate.preview.backtest import Book, touched_by
from gateway.operate.preview.explain import EMPTY
from gateway.operate.preview.kept import Batch, Kept, compared, taken
from gateway.work.answers import Answers, Given
from gateway.work.calendars import calendar_of
from gateway.work.context import Policies, context_of
from gateway.work.notices import resolved_notice
from gateway.work.parser import ParserBroken, ParserDied

AT_ONCE = 8


class Reader(Protocol):
    """Reads mail; raises what ``work.parser.Parser`` does."""

    async def read(self, mail: bytes | Path, into: Path | None = None) -> Email: ...


Read = Callable[[Callable[[Connection], Any]], Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One mail that would have become something else."""

    delivery: str
    sender: str
    subject: str
    before: dict[str, str]
    after: dict[str, str]

    def words(self) -> str:
        keys = [key for key in (*self.before, *self.after) if self.before.get(key) != self.after.get(key)]
        return "; ".join(
            f"{key} {self.before.get(key) or '-'} -> {self.after.get(key) or '-'}" for key in dict.fromkeys(keys)
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A kept mail that was read, with what its decision knows."""

    kept: Kept
    email: Email
    context: DeliveryContext
    directory: Directory


@dataclass(frozen=True, slots=True)
class Looked:
    """A batch of so many mails: of each that was not left out its time, and what was found."""

    count: int
    left_out: int
    asked: int
    mails: list[tuple[float, Opened | Change | None]]


class Replay:
    """Mail under decision again. ``books`` hold the problems of each desk as they would have been. ``left_out`` mails
    could not be read, ``asked`` questions nobody could answer, that no ``Looked`` has yet."""

    def __init__(
        self,
        read: Read,
        reader: Reader,
        directories: Mapping[str, Directory],
        settings: Settings,
        tell: bool = False,
    ) -> None:
        self.read = read
        self.reader = reader
        self.directories = directories
        self.settings = settings
        self.boxes = {box.address: box for box in settings.mailbox}
        self.left_out = self.asked = 0
        self.policies = Policies(settings)
        self.names = {
            name: directory.catalog.names() if directory.catalog else {} for name, directory in directories.items()
        }
        self.books = {name: Book(name, touched_by(directory.desk)) for name, directory in directories.items()}
        self.diverged: set[str] = set()
        self.tell = tell
        self.decided: Decision | None = None  # the last one
        self.held: list[tuple[float, Opened]] = []  # by a maintenance window, until then
        self._room = asyncio.Semaphore(AT_ONCE)

    async def open(self, kept: Kept) -> Opened | Change | None:
        """Read a mail and decide it: how it changes, None where it does not or cannot be read. What depends on the mail
        before, as vendors' notices do, or on a desk that is not asked here, is opened for its turn."""
        if kept.delivery.mailbox not in self.boxes or kept.delivery.desk not in self.directories:
            return _change(kept, {"outcome": f"quarantine {Reason.NO_MAILBOX}"}, "", "", {})
        async with self._room:
            try:
                opened = self.opened(kept, await self.reader.read(kept.mail))
            except (NoCatalog, ParserDied, ParserBroken, OSError):  # its file may go meanwhile
                self.left_out += 1
                return None
            if opened.context.notice:
                return opened
            try:
                return await self.evaluate(opened)
            except Unasked:
                return opened

    def opened(self, kept: Kept, email: Email) -> Opened:
        """A mail that was read, ready to be decided. Raises NoCatalog."""
        delivery, policies = kept.delivery, self.policies
        box, directory = self.boxes[delivery.mailbox], self.directories[delivery.desk]
        resolved = resolved_notice(email, delivery.envelope, box, policies.sources, directory.catalog)
        calendar = calendar_of(email, delivery.envelope, box, policies.calendars)
        context = context_of(delivery, box, directory, policies, resolved, self.tell, calendar)
        return Opened(kept, email, context, directory)

    async def look(self, batch: Batch) -> Looked:
        """Decide a batch, but for what has to wait for its turn."""
        rows = self.read(partial(taken, batch=batch, settings=self.settings))
        mails = [row for row in rows if row is not None]
        found = await asyncio.gather(*(self.open(mail) for mail in mails))
        times = [mail.delivery.envelope.time for mail in mails]
        left_out, asked = self.left_out + len(rows) - len(mails), self.asked
        self.left_out = self.asked = 0
        return Looked(len(rows), left_out, asked, list(zip(times, found, strict=True)))

    async def outlasted(self, now: float) -> list[Change]:
        """Decide again about what windows had held that are over by then."""
        changes = []
        while due := [waits for waits in self.held if waits[0] <= now]:
            first = min(due, key=lambda waits: (waits[0], waits[1].kept.delivery.seq))
            self.held.remove(first)
            changes.append(await self.evaluate(first[1], first[0]))
        return [change for change in changes if change is not None]

    async def evaluate(self, opened: Opened, again_at: float = 0.0) -> Change | None:
        """Decide about a mail; ``again_at`` that time when a window had held it. Notices have to come in the order in
        which they were accepted."""
        delivery, now = opened.kept.delivery, again_at or opened.kept.delivery.envelope.time
        source = Answers(delivery, opened.directory, self._look, self.policies.schedule, lambda: now)
        if opened.context.notice is not None:
            return await self._evaluate_notice(opened, opened.context.notice, source, now, was_held=bool(again_at))
        decision = await self._decide(opened, _Then(opened.kept.answers, lambda question: False), source)
        return self._changed(opened, decision)

    async def _evaluate_notice(
        self, opened: Opened, resolved: ResolvedNotice, source: Answers, now: float, *, was_held: bool
    ) -> Change | None:
        """By the problems as they would have been. ``now``: a window that had held it is over by then."""
        kept, profile = opened.kept, resolved.notice.profile
        book = self.books[kept.delivery.desk]
        await book.advance(now)
        for question, answer in kept.answers.items():
            book.seed(question, answer)
        answers, asked = _Then(kept.answers, book.knows), ask.WindowsAt(kept.delivery.envelope.time)
        if asked in answers and _times(answers[asked]) != _times(await source.answer(asked)):
            self.diverged.add(profile)
        if profile in self.diverged:
            left = [question for question in answers if question != asked and not book.knows(question)]
            answers = _Then({question: answers[question] for question in left}, book.knows)
        else:
            was_held = kept.is_held  # as it was decided last
        decision = await self._decide(opened, answers, source, book, is_held=was_held)
        if decision.outcome == "hold":
            book.hold(decision)
            self.held.append((max(decision.until, now + 1), opened))
            return None
        change = self._changed(opened, decision)
        if change is not None:
            self.diverged.add(profile)
        unread = not resolved.notice.parsed
        await book.take(kept.delivery, decision, kept.became["outcome"], unread, same=change is None)
        return change

    async def _decide(
        self,
        opened: Opened,
        answers: dict[ask.Question, Any],
        source: Answers,
        book: Book | None = None,
        *,
        is_held: bool = False,
    ) -> Decision:
        """With these answers; what is not among them the ``book`` knows, else the ``source`` says."""
        context = replace(opened.context, is_held=is_held)
        envelope = opened.kept.delivery.envelope
        while not isinstance(decision := decide(opened.email, envelope, context, answers), Decision):
            for question in decision:
                if book is not None and book.knows(question):
                    answers[question] = book.answer(question)
                    continue
                try:
                    answers[question] = await source.answer(question)
                except (DeskAway, LookupError):
                    self.asked += 1
                    answers[question] = EMPTY[type(question)]
        self.decided = decision
        return decision

    def _changed(self, opened: Opened, decision: Decision) -> Change | None:
        kept, sender = opened.kept, opened.email.sender
        names = self.names[kept.delivery.desk]
        return _change(kept, _became(decision), sender.address if sender else "", opened.email.subject, names)

    async def _look(self, operation: Callable[[Connection], Any]) -> Any:
        return self.read(operation)


class _Then(Given):
    """The answers that were kept. What a ticket was like then, nobody can say now, and what a comment shows is not
    compared: both are given at the first asking."""

    def __init__(self, kept: Mapping[ask.Question, Any], but: Callable[[ask.Question], bool]) -> None:
        super().__init__({})
        self.update(kept)
        self._but = but

    def gives(self, question: ask.Question) -> bool:
        return isinstance(question, ask.StateOf | ask.UnknownIn) and not self._but(question)

    def give(self, question: ask.Question) -> Any:
        return EMPTY[ask.StateOf] if isinstance(question, ask.StateOf) else None


def _times(windows: Iterable[Window]) -> list[tuple[str, float]]:
    return [(window.id, window.ends) for window in windows]


def _change(kept: Kept, after: dict[str, str], sender: str, subject: str, names: Mapping[str, str]) -> Change | None:
    if after == kept.became:
        return None

    def named(values: dict[str, str]) -> dict[str, str]:
        return {key: names.get(value, value) for key, value in values.items()}

    return Change(kept.delivery.id, sender, subject, named(kept.became), named(after))


def _became(decision: Decision) -> dict[str, str]:
    """What a decision makes of a mail, in the words by which two are compared."""
    if decision.plan is None:
        return {"outcome": f"{decision.outcome} {decision.reason}"}
    return compared(decision.outcome, decision.plan.ticket_id, decision.plan.effects)
