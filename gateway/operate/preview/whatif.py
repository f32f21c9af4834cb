"""``gateway whatif``: kept mail decided again under another configuration, and what would have changed.

The same pure decision as live traffic, with the answers that were kept with each mail's trace. What
was not asked then is asked of the desk now, reading only. Nothing is written and nothing is sent.
Left out: mail that an operator moved, that is still pending, or that failed for other reasons than a
decision.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, and_, or_, select

from gateway.config.settings import Settings
from gateway.decide.closed import Closing
from gateway.decide.context import DeliveryContext
from gateway.decide.policy import decide
from gateway.desk.algapsa.catalog import DeskAway
from gateway.desk.directory import Directory, NoCatalog
from gateway.model import questions as ask
from gateway.model.effects import EffectBody
from gateway.model.email import Email
from gateway.model.plan import Decision
from gateway.model.problem import Problem
from gateway.model.reasons import Reason
from gateway.operate.preview.backtest import Book, Tally, touched_by
from gateway.operate.preview.explain import EMPTY
from gateway.store import deliveries
from gateway.store.deliveries import Delivery
from gateway.store.effects import body_of
from gateway.store.raw import RawMail
from gateway.store.reading import Unreadable, garbled, looking
from gateway.store.schema import delivery, effect, raw
from gateway.store.stage import Stage
from gateway.work.answers import Answers
from gateway.work.context import Policies, context_of
from gateway.work.effects import KINDS
from gateway.work.effects.document import HELD
from gateway.work.notices import resolved_notice
from gateway.work.parser import ParserBroken, ParserDied

BATCH = 200
AT_ONCE = 8
AFTERWARDS = 7200.0
"""Seconds after the last mail in which tickets may still close."""
ENDED = (Stage.DONE.value, Stage.SUPPRESSED.value, Stage.QUARANTINED.value)
NOT_DECIDED = (
    Reason.API_REJECTED,
    Reason.DESK_REFUSED,
    Reason.OUTCOME_UNKNOWN,
    Reason.DAMAGED,
    Reason.RETRIES_EXHAUSTED,
    Reason.UNPARSEABLE,
    Reason.NO_MAILBOX,
    Reason.DROPPED,
    Reason.NO_TICKET,
)

QUESTIONS: dict[str, type[ask.Question]] = {question.kind: question for question in ask.Question.__subclasses__()}
ANSWERS: dict[type[ask.Question], Any] = {
    ask.Copies: ask.Copy,
    ask.TicketsOf: ask.Mapped,
    ask.TicketFacts: ask.Ticket,
    ask.TicketByNumber: ask.Ticket,
    ask.ContactsOf: ask.Contact,
    ask.StateOf: ask.TicketState,
    ask.ClosingOn: Closing,
    ask.RecentMails: ask.Recent,
    ask.UnknownIn: ask.Unshown,
    ask.ProblemsOf: Problem,
    ask.PlannedWork: Problem,
    ask.OfIncident: Problem,
    ask.ClientIn: ask.NamedClient,
}


class Reader(Protocol):
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


@dataclass(frozen=True, slots=True)
class _Kept:
    delivery: Delivery
    mail: bytes | Path
    answers: dict[ask.Question, Any]
    became: dict[str, str]


class _Replay:
    """Mail under decision again. ``books`` hold the problems of each desk as they would have been."""

    def __init__(
        self, read: Read, parser: Reader, directories: Mapping[str, Directory], settings: Settings, report: Report
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
        self._room = asyncio.Semaphore(AT_ONCE)

    async def open(self, kept: _Kept) -> _Opened | Change | None:
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
                context = context_of(delivery, box, directory, self.policies, resolved)
            except (NoCatalog, ParserDied, ParserBroken):
                self.report.left_out += 1
                return None
            opened = _Opened(kept, email, context, directory)
            return opened if context.notice else await self.evaluate(opened)

    async def evaluate(self, opened: _Opened) -> Change | None:
        """Decide about a mail. Notices have to come in the order in which they were accepted."""
        kept, email, delivery = opened.kept, opened.email, opened.kept.delivery
        resolved = opened.context.notice
        book = self.books[delivery.desk] if resolved else None
        answers = dict(kept.answers)
        if book is not None and resolved is not None:
            await book.advance(delivery.envelope.time)
            for question, answer in kept.answers.items():
                book.seed(question, answer)
            if resolved.notice.profile in self.diverged:
                answers = {key: value for key, value in answers.items() if not book.knows(key)}

        async def look(operation: Callable[[Connection], Any]) -> Any:
            return self.read(operation)

        source = Answers(delivery, opened.directory, look)
        while not isinstance(decision := decide(email, delivery.envelope, opened.context, answers), Decision):
            for question in decision:
                if book is not None and book.knows(question):
                    answers[question] = book.answer(question)
                    continue
                if isinstance(question, ask.StateOf):  # what a ticket was like then, nobody can say now
                    answers[question] = EMPTY[ask.StateOf]
                    continue
                if isinstance(question, ask.UnknownIn):  # what a comment shows is not compared
                    answers[question] = None
                    continue
                try:
                    answers[question] = await source.answer(question)
                except (DeskAway, LookupError):
                    self.report.asked += 1
                    answers[question] = EMPTY[type(question)]
        sender = email.sender.address if email.sender else ""
        change = _change(kept, _became(decision), sender, email.subject, self.names[delivery.desk])
        if book is not None and resolved is not None:
            if change is not None:
                self.diverged.add(resolved.notice.profile)
            unread = not resolved.notice.parsed
            await book.take(delivery, decision, kept.became["outcome"], unread, same=change is None)
        return change


@dataclass(frozen=True, slots=True)
class _Opened:
    kept: _Kept
    email: Email
    context: DeliveryContext
    directory: Directory


async def replay(
    read: Read, parser: Reader, directories: Mapping[str, Directory], settings: Settings, since: float
) -> Report:
    """Decide all kept mail since then again. ``read`` runs a function on the store."""
    report = Report()
    work = _Replay(read, parser, directories, settings, report)
    after, last = 0, 0.0
    while True:
        rows, after = read(partial(_batch, since=since, after=after, settings=settings))
        if not after:
            break
        report.left_out += sum(row is None for row in rows)
        kept = [row for row in rows if row is not None]
        report.mails += len(kept)
        last = max([last, *(mail.delivery.envelope.time for mail in kept)])
        for opened in await asyncio.gather(*(work.open(mail) for mail in kept)):
            change = await work.evaluate(opened) if isinstance(opened, _Opened) else opened
            if change is not None:
                report.changes.append(change)
                report.counts.update(_kinds(change))
    for name, book in work.books.items():
        await book.advance(last + AFTERWARDS)
        for profile, tally in book.tallies.items():
            tally.left = [(title, work.names[name].get(client, client), why) for title, client, why in tally.left]
            report.notices[profile] = tally
    return report


def _change(kept: _Kept, after: dict[str, str], sender: str, subject: str, names: Mapping[str, str]) -> Change | None:
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
    return _compared(decision.outcome, decision.plan.ticket_id, decision.plan.effects)


def _compared(outcome: str, ticket_id: str, effects: Iterable[EffectBody]) -> dict[str, str]:
    """What of a plan's effects counts when two decisions are compared."""
    found = {"outcome": outcome, "ticket": ticket_id} if outcome == "comment" else {"outcome": outcome}
    held: list[str] = []
    for body in effects:
        said = KINDS[body.kind].compare(body, outcome)
        held += [said.pop(HELD)] if HELD in said else []
        found.update(said)
    return {**found, HELD: ", ".join(held)} if held else found


# -- what was kept ---------------------------------------------------------------------------------


def _batch(connection: Connection, since: float, after: int, settings: Settings) -> tuple[list[_Kept | None], int]:
    """The next mails in order of acceptance, None for those left out; 0 after the last."""
    query = select(delivery).where(and_(delivery.c.seq > after, delivery.c.accepted_at >= since))
    with looking():
        rows = connection.execute(query.order_by(delivery.c.seq).limit(BATCH)).mappings().all()
    if not rows:
        return [], 0
    found = select(effect.c.delivery_id, effect.c.generation, effect.c.kind, effect.c.body).where(
        effect.c.delivery_id.in_([row["id"] for row in rows]),
        or_(
            *(
                and_(effect.c.kind == kind.kind, effect.c.body.contains(kind.compared))
                for kind in KINDS.values()
                if kind.compared is not None
            )
        ),
    )
    plans: dict[tuple[str, int], list[tuple[str, str]]] = {}
    with looking():
        bodies = connection.execute(found.order_by(effect.c.idx)).all()
    for planned in bodies:
        plans.setdefault((planned.delivery_id, planned.generation), []).append((planned.kind, planned.body))
    with looking():
        contents = connection.execute(select(raw).where(raw.c.id.in_([row["raw_id"] for row in rows]))).mappings().all()
    kept_mail = RawMail(settings.store)
    mails = {row["id"]: kept_mail.read(row) for row in contents if not garbled(row.values())}
    kept = [_kept(row, plans.get((row["id"], row["generation"]), []), mails.get(row["raw_id"])) for row in rows]
    return kept, int(rows[-1]["seq"])


def _kept(row: Any, plan: list[tuple[str, str]], mail: bytes | Path | None) -> _Kept | None:
    if garbled([*row.values(), *(body for _, body in plan)]):
        return None
    if row["stage"] not in ENDED or not row["trace"] or mail is None or row["generation"] > 1:
        return None
    if row["reason"] in NOT_DECIDED or row["moved_to"] or row["moved_from"]:
        return None
    if row["stage"] != Stage.DONE.value:
        word = "suppress" if row["stage"] == Stage.SUPPRESSED.value else "quarantine"
        became = {"outcome": f"{word} {row['reason']}"}
    else:
        outcome = "comment" if row["outcome"] == "comment" else "ticket"
        if outcome == "ticket" and not any(KINDS[kind].makes_ticket for kind, _ in plan):
            return None
        try:
            became = _compared(outcome, row["ticket_id"], [body_of(kind, body) for kind, body in plan])
        except Unreadable:
            return None
    delivery = replace(deliveries.of_row(row), files_released=False)  # as it was decided at first
    return _Kept(delivery, mail, answers_of(json.loads(row["trace"])), became)


def answers_of(trace: dict[str, Any]) -> dict[ask.Question, Any]:
    """The questions of a kept trace with their answers."""
    found: dict[ask.Question, Any] = {}
    for answered in trace.get("answers", ()):
        kind = QUESTIONS.get(answered["asked"])
        if kind is None:
            continue
        about = {key: tuple(value) if isinstance(value, list) else value for key, value in answered["about"].items()}
        try:
            found[kind(**about)] = _answer(kind, answered["answer"])
        except TypeError:  # kept by another version
            continue
    return found


def _answer(kind: type[ask.Question], value: Any) -> Any:
    shape = ANSWERS.get(kind)
    if isinstance(value, list) and shape is not None:
        return [shape(**part) for part in value]
    if isinstance(value, list):
        return tuple(value)
    if shape is None or not isinstance(value, dict):
        return value
    return shape(**{key: tuple(each) if isinstance(each, list) else each for key, each in value.items()})
