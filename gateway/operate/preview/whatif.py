"""``gateway whatif``: kept mail decided again under another configuration, and what would have changed.

The same pure decision as live traffic, with the answers that were kept with each mail's trace. What
was not asked then is asked of the desk now, reading only. Nothing is written and nothing is sent.
Left out: mail that an operator moved, that is still pending, or that failed for other reasons than a
decision.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.decide.context import DeliveryContext
from gateway.decide.policy import decide
from gateway.desk.algapsa.catalog import DeskAway
from gateway.desk.directory import Directory, NoCatalog
from gateway.model import questions as ask
from gateway.model.email import Email
from gateway.model.plan import Decision
from gateway.model.reasons import Reason
from gateway.model.window import Window
from gateway.operate.preview.backtest import Book, Tally, touched_by
from gateway.operate.preview.explain import EMPTY
from gateway.operate.preview.kept import Kept, batch, compared
from gateway.work.answers import Answers
from gateway.work.calendars import calendar_of
from gateway.work.context import Policies, context_of
from gateway.work.notices import resolved_notice
from gateway.work.parser import ParserBroken, ParserDied

AT_ONCE = 8
AFTERWARDS = 7200.0
"""Seconds after the last mail in which tickets may still close."""


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


@dataclass(slots=True)
class Report:
    """``counts`` are of the kinds of change; ``asked`` are questions that nobody could answer; ``notices`` what
    became of vendors' notices by profile."""

    mails: int = 0
    left_out: int = 0
    asked: int = 0
    changes: list[Change] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    notices: dict[str, Tally] = field(default_factory=dict)

    def take(self, change: Change) -> None:
        self.changes.append(change)
        self.counts.update(_kinds(change))


class _Replay:
    """Mail under decision again. ``books`` hold the problems of each desk as they would have been."""

    def __init__(
        self,
        read: Read,
        parser: Reader,
        directories: Mapping[str, Directory],
        settings: Settings,
        report: Report,
        tell: bool = False,
    ) -> None:
        self.read = read
        self.parser = parser
        self.directories = directories
        self.settings = settings
        self.report = report
        self.policies = Policies(settings)
        self.names = {
            name: directory.catalog.names() if directory.catalog else {} for name, directory in directories.items()
        }
        self.books = {name: Book(name, touched_by(directory.desk)) for name, directory in directories.items()}
        self.diverged: set[str] = set()
        self.tell = tell
        self.decided: Decision | None = None  # the last one
        self.held: list[tuple[float, _Opened]] = []  # by a maintenance window, until then
        self._room = asyncio.Semaphore(AT_ONCE)

    async def open(self, kept: Kept) -> _Opened | Change | None:
        """Read a mail: what is to be decided, or why it changes; None when it is left out."""
        delivery = kept.delivery
        box = next((box for box in self.settings.mailbox if box.address == delivery.mailbox), None)
        directory = self.directories.get(delivery.desk)
        if box is None or directory is None:
            return _change(kept, {"outcome": f"quarantine {Reason.NO_MAILBOX}"}, "", "", {})
        async with self._room:
            try:
                email = await self.parser.read(kept.mail)
                resolved = resolved_notice(email, delivery.envelope, box, self.policies.sources, directory.catalog)
                calendar = calendar_of(email, delivery.envelope, box, self.policies.calendars)
                context = context_of(delivery, box, directory, self.policies, resolved, self.tell, calendar)
            except (NoCatalog, ParserDied, ParserBroken):
                self.report.left_out += 1
                return None
            opened = _Opened(kept, email, context, directory)
            return opened if context.notice else await self.evaluate(opened)

    async def outlasted(self, now: float) -> list[Change]:
        """Decide again about what windows had held that are over by then."""
        changes = []
        while due := [waits for waits in self.held if waits[0] <= now]:
            first = min(due, key=lambda waits: (waits[0], waits[1].kept.delivery.seq))
            self.held.remove(first)
            changes.append(await self.evaluate(first[1], first[0]))
        return [change for change in changes if change is not None]

    async def evaluate(self, opened: _Opened, again_at: float = 0.0) -> Change | None:
        """Decide about a mail; ``again_at`` that time when a window had held it. Notices have to come in the order in
        which they were accepted."""
        kept, email, delivery = opened.kept, opened.email, opened.kept.delivery
        resolved = opened.context.notice
        book = self.books[delivery.desk] if resolved else None
        in_book = book.knows if book is not None else lambda question: False
        answers: dict[ask.Question, Any] = _Then(kept.answers, in_book)
        if book is not None and resolved is not None:
            await book.advance(again_at or delivery.envelope.time)
            for question, answer in kept.answers.items():
                book.seed(question, answer)

        async def look(operation: Callable[[Connection], Any]) -> Any:
            return self.read(operation)

        now = again_at or delivery.envelope.time
        source = Answers(delivery, opened.directory, look, self.policies.schedule, lambda: now)
        is_held = bool(again_at)
        if book is not None and resolved is not None:
            asked = ask.WindowsAt(delivery.envelope.time)
            same = asked not in answers or _times(answers[asked]) == _times(await source.answer(asked))
            if not same:
                self.diverged.add(resolved.notice.profile)
            if resolved.notice.profile in self.diverged:
                answers = _Then(
                    {key: value for key, value in answers.items() if not book.knows(key) and key != asked}, in_book
                )
            else:  # as it was decided last
                is_held = kept.is_held
        context = replace(opened.context, is_held=is_held)
        while not isinstance(decision := decide(email, delivery.envelope, context, answers), Decision):
            for question in decision:
                if book is not None and book.knows(question):
                    answers[question] = book.answer(question)
                    continue
                try:
                    answers[question] = await source.answer(question)
                except (DeskAway, LookupError):
                    self.report.asked += 1
                    answers[question] = EMPTY[type(question)]
        self.decided = decision
        if decision.outcome == "hold" and book is not None:
            book.hold(decision)
            self.held.append((max(decision.until, now + 1), opened))
            return None
        sender = email.sender.address if email.sender else ""
        change = _change(kept, _became(decision), sender, email.subject, self.names[delivery.desk])
        if book is not None and resolved is not None:
            if change is not None:
                self.diverged.add(resolved.notice.profile)
            unread = not resolved.notice.parsed
            await book.take(delivery, decision, kept.became["outcome"], unread, same=change is None)
        return change


class _Then(dict[ask.Question, Any]):
    """The answers that were kept. What a ticket was like then, nobody can say now, and what a comment shows is not
    compared: both are given at the first asking, which saves deciding again for it."""

    def __init__(self, kept: Mapping[ask.Question, Any], but: Callable[[ask.Question], bool]) -> None:
        super().__init__(kept)
        self._but = but

    def __contains__(self, question: object) -> bool:
        if super().__contains__(question):
            return True
        if not isinstance(question, ask.StateOf | ask.UnknownIn) or self._but(question):
            return False
        self[question] = EMPTY[ask.StateOf] if isinstance(question, ask.StateOf) else None
        return True


@dataclass(frozen=True, slots=True)
class _Opened:
    kept: Kept
    email: Email
    context: DeliveryContext
    directory: Directory


@dataclass(frozen=True, slots=True)
class Again:
    """One mail decided again: what it became, what it would become, and by which steps (rule, found, result)."""

    before: dict[str, str]
    after: dict[str, str]
    steps: tuple[tuple[str, str, str], ...]


async def again(
    read: Read, parser: Reader, directories: Mapping[str, Directory], settings: Settings, seq: int
) -> Again | None:
    """Decide the mail of this number again, None where it cannot be: it is pending, was moved, or is not kept."""
    report = Report()
    work = _Replay(read, parser, directories, settings, report, tell=True)
    rows, _ = read(partial(batch, since=0.0, after=seq - 1, settings=settings, most=1))
    kept = rows[0] if rows else None
    if kept is None or kept.delivery.seq != seq:
        return None
    opened = await work.open(kept)
    change = await work.evaluate(opened) if isinstance(opened, _Opened) else opened
    if work.decided is None and change is None:
        return None
    steps = work.decided.trace if work.decided else ()
    before = change.before if change else kept.became
    lines = tuple((step.rule, step.found, step.result) for step in steps)
    return Again(before, change.after if change else before, lines)


async def replay(
    read: Read,
    parser: Reader,
    directories: Mapping[str, Directory],
    settings: Settings,
    since: float,
    told: Callable[[int], None] = lambda mails: None,
) -> Report:
    """Decide all kept mail since then again. ``read`` runs a function on the store; ``told`` hears how many mails were
    looked at."""
    report = Report()
    work = _Replay(read, parser, directories, settings, report)
    after, last, looked_at = 0, 0.0, 0
    while True:
        rows, after = read(partial(batch, since=since, after=after, settings=settings))
        if not after:
            break
        looked_at += len(rows)
        told(looked_at)
        report.left_out += sum(row is None for row in rows)
        kept = [row for row in rows if row is not None]
        report.mails += len(kept)
        last = max([last, *(mail.delivery.envelope.time for mail in kept)])
        for mail, opened in zip(kept, await asyncio.gather(*(work.open(mail) for mail in kept)), strict=True):
            for outlasted in await work.outlasted(mail.delivery.envelope.time):
                report.take(outlasted)
            change = await work.evaluate(opened) if isinstance(opened, _Opened) else opened
            if change is not None:
                report.take(change)
    for outlasted in await work.outlasted(inf):
        report.take(outlasted)
    for name, book in work.books.items():
        await book.advance(last + AFTERWARDS)
        for profile, tally in book.tallies.items():
            tally.left = [(title, work.names[name].get(client, client), why) for title, client, why in tally.left]
            report.notices[profile] = tally
    return report


def _times(windows: Iterable[Window]) -> list[tuple[str, float]]:
    return [(window.id, window.ends) for window in windows]


def _change(kept: Kept, after: dict[str, str], sender: str, subject: str, names: Mapping[str, str]) -> Change | None:
    if after == kept.became:
        return None

    def named(values: dict[str, str]) -> dict[str, str]:
        return {key: names.get(value, value) for key, value in values.items()}

    return Change(kept.delivery.id, sender, subject, named(kept.became), named(after))


def _kinds(change: Change) -> Iterable[str]:
    before, after = change.before["outcome"], change.after["outcome"]
    if before != after:
        return [f"{before} -> {after}"]
    return [
        key for key in dict.fromkeys((*change.before, *change.after)) if change.before.get(key) != change.after.get(key)
    ]


def _became(decision: Decision) -> dict[str, str]:
    """What a decision makes of a mail, in the words by which two are compared."""
    if decision.plan is None:
        return {"outcome": f"{decision.outcome} {decision.reason}"}
    return compared(decision.outcome, decision.plan.ticket_id, decision.plan.effects)
