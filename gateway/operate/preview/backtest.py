"""Vendors' problems as they would have been: the store's part in deciding kept mail again.

A book in memory answers what the store answers about problems, takes what a decision would have stored, and
lets the time go by: tickets get made-up names, and close after their hold unless somebody had touched the
ticket that the mail really became. Nothing is written, and the desk is only read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from gateway.desk.outcome import Good, Outcome
from gateway.desk.port import Desk
from gateway.desk.records import Comment
from gateway.model import questions as ask
from gateway.model.effects import CloseBody, CommentBody, FurtherTicketBody, StatusBody, TicketBody
from gateway.model.plan import Decision, Plan
from gateway.model.problem import Problem, family_of
from gateway.model.spans import HOUR
from gateway.store.deliveries import Delivery

AFTERWARDS = 2 * HOUR
"""Seconds after the last of the mails in which tickets may still close."""
ABOUT_PROBLEMS = (
    *(ask.ProblemsOf, ask.OpenOfObject, ask.PartsDecided, ask.Changes, ask.NewProblems),
    *(ask.OpenParts, ask.PlannedWork, ask.OfIncident),
)


@dataclass(slots=True)
class Tally:
    """What became of a profile's notices, and would have become; ``left`` are (title, client id, why) of tickets
    that stay open after a recovery."""

    mails: int = 0
    unread: int = 0
    tickets_before: int = 0
    tickets: int = 0
    comments: int = 0
    counted: int = 0
    closed: int = 0
    left: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Ticket:
    """A ticket that would have been made; ``real`` are those that the mails about it did become."""

    id: str
    closed_at: float = 0.0
    board_id: str = ""
    client_id: str = ""
    real: list[str] = field(default_factory=list)
    mails: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Closing:
    after: float
    problem: str
    changed_at: float
    never: str


class Book:
    """The problems of one desk. ``touched`` says why a real ticket may not be closed, "" for nothing."""

    def __init__(self, desk: str, touched: Callable[[str, set[str], float], Awaitable[str]]) -> None:
        self.desk = desk
        self.tallies: dict[str, Tally] = {}
        self._touched = touched
        self._problems: dict[str, Problem] = {}
        self._changes: dict[str, list[float]] = {}
        self._tickets: dict[str, _Ticket] = {}
        self._closings: list[_Closing] = []
        self._began: list[tuple[str, str, float]] = []

    # -- answering --------------------------------------------------------------------------------

    def knows(self, question: ask.Question) -> bool:
        """Whether the book answers this."""
        match question:
            case ask.StateOf(ticket_id) | ask.TicketFacts(ticket_id) | ask.Reopens(ticket_id, _):
                return ticket_id in self._tickets
            case ask.FilesOn(ticket_id, _) | ask.UnknownIn(ticket_id, _):
                return ticket_id in self._tickets
        return isinstance(question, ABOUT_PROBLEMS)

    def answer(self, question: ask.Question) -> Any:
        """What the store would have answered, for a question that ``knows`` is true of."""
        known = self._problems.values()
        match question:
            case ask.ProblemsOf(profile, key):
                family = family_of(self.desk, profile, key)
                return [problem for problem in known if problem.family == family]
            case ask.OpenOfObject(profile, name):
                return [
                    problem
                    for problem in known
                    if (problem.profile, problem.object) == (profile, name) and problem.alive
                ]
            case ask.PartsDecided():
                return ()
            case ask.Changes(problem_id, since):
                return sum(at >= since for at in self._changes.get(problem_id, ()))
            case ask.NewProblems(profile, client_id, since):
                return sum(began[:2] == (profile, client_id) and began[2] >= since for began in self._began)
            case ask.OpenParts(problem_id, but):
                return sum(problem.part_of == problem_id and problem.alive and problem.id != but for problem in known)
            case ask.PlannedWork(client_id, at):
                return [
                    problem
                    for problem in known
                    if problem.client_id == client_id
                    and problem.alive
                    and problem.ticket_id
                    and problem.window_from <= at < problem.window_to
                ]
            case ask.OfIncident(profile, incident):
                return [
                    problem
                    for problem in known
                    if problem.profile == profile and problem.incident == incident and problem.ticket_id
                ]
            case ask.StateOf(ticket_id):
                ticket = self._tickets[ticket_id]
                closed = datetime.fromtimestamp(ticket.closed_at).astimezone().isoformat() if ticket.closed_at else ""
                return ask.TicketState(
                    ticket_id, ticket_id, bool(ticket.closed_at), closed, ticket.client_id, ticket.board_id, ""
                )
            case ask.Reopens():
                return 0
            case ask.FilesOn():
                return {}
        return None

    def seed(self, question: ask.Question, answer: Any) -> None:
        """What was true when the mail was decided, of problems that the book has never seen."""
        if isinstance(question, ask.ProblemsOf):
            for problem in answer:
                self._problems.setdefault(problem.id, problem)

    # -- taking -----------------------------------------------------------------------------------

    def hold(self, decision: Decision) -> None:
        """A maintenance window holds the mail: its problem waits for the end."""
        for problem in decision.changes:
            self._problems[problem.id] = replace(problem, revision=problem.revision + 1)

    async def take(self, delivery: Delivery, decision: Decision, before: str, unread: bool, same: bool) -> None:
        """What the decision would have stored. ``before`` is what the mail became, ``same`` that it still does."""
        notice_record = decision.notice_record
        if notice_record is None:
            return
        tally = self.tallies.setdefault(notice_record.profile, Tally())
        tally.mails += 1
        tally.unread += unread
        tally.tickets_before += before == "ticket"
        for problem in decision.changes:
            self._problems[problem.id] = replace(problem, revision=problem.revision + 1)
            if problem.opened_at == delivery.envelope.time:
                self._began.append((problem.profile, problem.client_id, problem.opened_at))
        for told in (notice_record, *(part_record for _, part_record in decision.part_records)):
            if told.changed:
                self._changes.setdefault(told.problem_id, []).append(delivery.envelope.time)
        if decision.plan is None:
            tally.counted += 1
        elif decision.outcome == "ticket":
            tickets = [body for body in decision.plan.effects if isinstance(body, TicketBody)]
            tally.tickets += len(tickets)
            for ticket_body in tickets:
                is_own = not isinstance(ticket_body, FurtherTicketBody)
                self._make(delivery, decision.plan, ticket_body.about, delivery.ticket_id if same and is_own else "")
        else:
            tally.comments += any(isinstance(effect, CommentBody) for effect in decision.plan.effects)
        if same:  # its ticket is the real one, and has its own history
            return
        problem_now = self._problems.get(notice_record.problem_id)
        if problem_now and (ticket := self._tickets.get(problem_now.ticket_id)):
            ticket.mails.add(delivery.id)
            ticket.real += [delivery.ticket_id] if delivery.ticket_id else []
        for body in decision.plan.effects if decision.plan else ():
            if isinstance(body, CloseBody):
                self._closings.append(_Closing(body.after, body.problem, body.changed_at, body.never))
            if not isinstance(body, StatusBody) or decision.plan is None:
                continue
            if ticket := self._tickets.get(body.ticket_id or decision.plan.ticket_id):
                ticket.closed_at = 0.0

    def _make(self, delivery: Delivery, plan: Plan, about: str, name: str) -> None:
        """The ticket of the problems that a mail began: of all, or of the one that it is ``about`` and its parts."""
        if not name:
            name = f"(ticket {len(self._tickets) + 1})"
            self._tickets[name] = _Ticket(name, board_id=plan.board_id, client_id=plan.client_id)
        for key, problem in self._problems.items():
            mine = problem.delivery_id == delivery.id and not problem.ticket_id
            if mine and about in ("", problem.id, problem.part_of):
                self._problems[key] = replace(problem, ticket_id=name, number=name)

    async def advance(self, now: float) -> None:
        """Close what would have closed by then."""
        due = sorted((closing for closing in self._closings if closing.after <= now), key=lambda closing: closing.after)
        self._closings = [closing for closing in self._closings if closing.after > now]
        for closing in due:
            problem = self._problems[closing.problem]
            if problem.state != "recovered" or problem.changed_at != closing.changed_at:
                continue
            ticket = self._tickets.get(problem.ticket_id)
            why = closing.never
            for real in dict.fromkeys(ticket.real if ticket and not why else ()):
                why = why or await self._touched(real, ticket.mails if ticket else set(), closing.after)
            tally = self.tallies.setdefault(problem.profile, Tally())
            if why:
                tally.left.append((problem.title or problem.what(), problem.client_id, why))
                self._problems[closing.problem] = replace(problem, left=why)
                continue
            tally.closed += 1
            self._problems[closing.problem] = replace(problem, state="closed", closed_at=closing.after)
            if ticket:
                ticket.closed_at = closing.after


def touched_by(desk: Desk) -> Callable[[str, set[str], float], Awaitable[str]]:
    """Why a real ticket may not have been closed by a time, "" for nothing: a comment of before that is not about the
    vendor's mails, or time that was booked on it, whenever that was: the desk does not tell of others' entries.
    What the desk does not answer keeps a ticket open, as it would have."""
    known: dict[str, tuple[Any, Any]] = {}

    async def touched(ticket_id: str, mails: set[str], by: float) -> str:
        if ticket_id not in known:
            known[ticket_id] = _data(await desk.comments(ticket_id, 0.0)), _data(await desk.time_booked(ticket_id))
        comments_of, was_booked = known[ticket_id]
        if not isinstance(comments_of, list):
            return "the desk does not say who wrote on it"
        if any(_mail_of(comment) not in mails and comment.at <= by for comment in comments_of):
            return "somebody wrote on it"
        if was_booked is None:
            return f"the desk does not say whether time was booked on it: {desk.booking_hint}"
        return "somebody booked time on it" if was_booked else ""

    return touched


def _data(outcome: Outcome) -> Any:
    return outcome.data if isinstance(outcome, Good) else None


def _mail_of(comment: Comment) -> str:
    return str(comment.facts.get("delivery", ""))
