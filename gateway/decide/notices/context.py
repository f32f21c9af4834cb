"""A notice under decision, and what it changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.decide.compose import Composer
from gateway.decide.context import DecisionContext
from gateway.model.effects import EffectBody
from gateway.model.notice import Notice, ResolvedNotice
from gateway.model.problem import Problem, family_of, id_of
from gateway.model.questions import Facts, ProblemsOf


@dataclass(slots=True)
class NoticeContext:
    """One notice under decision. ``by_person`` when a customer sent it on: a ticket of theirs. ``client_id`` is whose
    problem it is, ``said_client`` whose by the notice's own word."""

    mail: DecisionContext
    resolved: ResolvedNotice
    notice: Notice
    client_id: str
    by_person: bool
    known: list[Problem]
    changes: dict[str, Problem] = field(default_factory=dict)
    said_client: str = ""
    may_hold: bool = True  # a maintenance window may hold it

    def __post_init__(self) -> None:
        self.said_client = self.client_id

    @property
    def facts(self) -> Facts:
        return self.mail.facts

    @property
    def now(self) -> float:
        return self.mail.envelope.time

    def composer(self, **more: object) -> Composer:
        composer = self.mail.composer()
        composer.facts = {"notice": {"profile": self.notice.profile, "key": self.notice.key[:255], **more}}
        return composer

    def change(self, problem: Problem) -> None:
        """The problem as it is from now on. ``revision`` stays the one that was seen."""
        self.changes[problem.id] = problem

    def fresh(self, key: str = "") -> Problem:
        """A problem of this notice that the store does not have yet; with a ``key`` of its own it is of all scopes."""
        scope, subject = ("", "") if key else (self.notice.scope, self.notice.subject)
        key = key or self.notice.key
        family = family_of(self.resolved.desk, self.notice.profile, key)
        problem_id = id_of(family, self.client_id, scope)
        return Problem(problem_id, family, self.notice.profile, key, self.client_id, scope, subject=subject)

    def problems_of(self, key: str) -> list[Problem]:
        """The problems of a key as the store has them, and as this mail has left them so far."""
        known: list[Problem] = self.facts.ask(ProblemsOf(self.notice.profile, key))
        seen, family = {problem.id for problem in known}, family_of(self.resolved.desk, self.notice.profile, key)
        begun = [problem for problem in self.changes.values() if problem.family == family and problem.id not in seen]
        return [*(self.changes.get(problem.id, problem) for problem in known), *begun]

    def owns(self, problem: Problem) -> bool:
        """Whether the notice is about the very problem: of the same key, from the same scope, for the same client."""
        notice = self.notice
        same = (problem.key, problem.scope, problem.client_id)
        return same == (notice.key, notice.scope, self.said_client)


@dataclass(frozen=True, slots=True)
class Joined:
    """A problem on a ticket that stands for several: it is that of ``master``; ``makes`` when the ticket is to be made
    with it."""

    problem: Problem
    master: Problem | None
    why: str
    effects: tuple[EffectBody, ...] = ()
    makes: bool = False
    heading: str = ""
