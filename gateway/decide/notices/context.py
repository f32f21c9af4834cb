"""A notice under decision: whose problem it is, which one, and by which ids it waits for others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.decide import requester
from gateway.decide.compose import Composer
from gateway.decide.notices import incidents
from gateway.decide.notices.noticing import Noticing
from gateway.model.notice import Notice
from gateway.model.problem import STORM, Problem, family_of, id_of
from gateway.model.questions import ClientIn, Facts, NamedClient

if TYPE_CHECKING:
    from gateway.decide.context import Case


@dataclass(slots=True)
class Affair:
    """One notice under decision. ``by_person`` when a customer sent it on: a ticket of theirs. ``client_id`` is whose
    problem it is, ``said_client`` whose by the notice's own word."""

    case: Case
    noticing: Noticing
    notice: Notice
    client_id: str
    by_person: bool
    known: list[Problem]
    changes: dict[str, Problem] = field(default_factory=dict)
    said_client: str = ""

    def __post_init__(self) -> None:
        self.said_client = self.client_id

    @property
    def facts(self) -> Facts:
        return self.case.facts

    @property
    def now(self) -> float:
        return self.case.envelope.time

    def composer(self, **more: object) -> Composer:
        composer = self.case.composer()
        composer.facts = {"notice": {"profile": self.notice.profile, "key": self.notice.key[:255], **more}}
        return composer

    def change(self, problem: Problem) -> None:
        """The problem as it is from now on. ``revision`` stays the one that was seen."""
        self.changes[problem.id] = problem

    def fresh(self, key: str = "") -> Problem:
        """A problem of this notice that the store does not have yet; with a ``key`` of its own it is of all scopes."""
        scope = "" if key else self.notice.scope
        key = key or self.notice.key
        family = family_of(self.noticing.desk, self.notice.profile, key)
        return Problem(id_of(family, self.client_id, scope), family, self.notice.profile, key, self.client_id, scope)

    def owns(self, problem: Problem) -> bool:
        """Whether the notice is about the very problem: of the same key, from the same scope, for the same client."""
        notice = self.notice
        same = (problem.key, problem.scope, problem.client_id)
        return same == (notice.key, notice.scope, self.said_client)


# -- whose ------------------------------------------------------------------------------------------


def named(case: Case, notice: Notice) -> str:
    """The client that the notice names, "" for none."""
    if not notice.clients:
        return ""
    named: NamedClient = case.facts.ask(ClientIn(notice.clients))
    case.trace.add("client", named.how, "client" if named.client_id else "fallback client")
    return named.client_id


def by_sender(case: Case, notice: Notice) -> requester.Requester:
    """Whose problem it is by who sent it: a device may write from its client's domain. A notice that names a
    client whom nobody knows goes to the fallback client."""
    disproven = case.sender.verdict == "fail"
    lost = (bool(notice.clients) and notice.proven) or (notice.forwarded and notice.proven)
    policy = replace(case.context.requesters, contacts="never")
    asked = requester.Asked(
        case.email.sender, "notice" if lost else "", False, disproven, policy, case.facts, case.trace
    )
    return requester.find(asked)


def problem_of(affair: Affair) -> Problem | None:
    """The problem of the notice's client and scope. Where those are not known (it tells no client, proves nothing, or
    was sent on) the only one that is open."""
    notice = affair.notice
    vague = not notice.proven or notice.forwarded
    here = [known for known in affair.known if vague or known.scope == notice.scope]
    mine = [known for known in here if known.client_id == affair.client_id]
    own = next((known for known in mine if affair.owns(known)), None)
    alive = [known for known in mine if known.alive]
    if own and own.alive:
        return own
    if len(alive) == 1:
        return alive[0]
    if same := incidents.of_client(affair):
        affair.case.trace.add("incident", "the client has a ticket of it", same.number)
        return same
    anywhere = [known for known in here if known.alive]
    if len(anywhere) != 1 or affair.by_person:
        return own
    if notice.proven and affair.client_id != affair.case.context.requesters.fallback:
        return own
    affair.case.trace.add("client", "the only open problem of this key", f"client {anywhere[0].client_id}")
    affair.client_id = anywhere[0].client_id
    return anywhere[0]


# -- ids --------------------------------------------------------------------------------------------


def mentions(notice: Notice) -> tuple[str, ...]:
    """The ids by which a notice waits for the ticket of its problem, its incident or its storm."""
    return (problem_id(notice), *incident_id(notice), storm_id(notice))


def families(desk: str, notice: Notice) -> tuple[str, ...]:
    """The families of its problem and its storm."""
    return (family_of(desk, notice.profile, notice.key), family_of(desk, notice.profile, STORM))


def problem_id(notice: Notice) -> str:
    """The id that all notices of a problem share."""
    return f"{family_of('', notice.profile, notice.key)}@problem.notice"


def incident_id(notice: Notice) -> tuple[str, ...]:
    return (f"{family_of('', notice.profile, notice.incident)}@incident.notice",) if notice.incident else ()


def storm_id(notice: Notice) -> str:
    return f"{family_of('', notice.profile, STORM)}@storm.notice"
