"""A storm: more new problems of a client than its profile takes share one ticket, which lists them."""

from __future__ import annotations

from dataclasses import replace

from gateway.decide.notices import lifecycle
from gateway.decide.notices.context import Joined, NoticeContext
from gateway.decide.notices.lifecycle import Event
from gateway.model.effects import EffectBody, ListBody, StatusBody
from gateway.model.problem import STORM, Problem
from gateway.model.questions import NewProblems, OpenParts

LISTS = 6
LIST_AFTER = 60.0
"""Seconds for which parts of a storm are gathered before they are listed on its ticket."""


def join(context: NoticeContext, begun: Problem) -> Joined | None:
    """More new problems of the client than the profile takes: one ticket for all that follow, which lists
    them."""
    handling, notice = context.notice.handling, context.notice
    if not handling.storm:
        return None
    new: int = context.facts.ask(NewProblems(notice.profile, context.client_id, context.now - handling.storm_window))
    new += sum(_is_new(context, problem) for problem in context.changes.values())
    if new < handling.storm:
        return None
    storm = next((storm for storm in context.problems_of(STORM) if storm.client_id == context.client_id), None)
    why = f"{new} new problems of {notice.profile} in {handling.storm_window:.0f} s: a storm"
    if storm is not None and storm.id in context.changes and not storm.ticket_id:  # this mail makes its ticket
        return Joined(replace(begun, part_of=storm.id, board_id=storm.board_id), None, why)
    event = Event(
        replace(notice, key=STORM, state="open", word="", rank=0, at=0, sequence=-1), context.now, storm, context.facts
    )
    transition = lifecycle.evaluate(event)
    if transition.act == "open":
        base = transition.after or context.fresh(STORM)
        master = replace(
            base, state="open", object="storm", title=f"Storm of {notice.profile}", listing=True, count=1, words=1,
            delivery_id=context.mail.delivery.id, opened_at=context.now, changed_at=context.now,
            last_at=context.now, checked_at=context.now,
        )  # fmt: skip
        problem = replace(begun, part_of=master.id)
        heading = f"Storm: more than {handling.storm} new problems of {notice.profile}"
        return Joined(problem, master, why, _lists(context, master), makes=True, heading=heading)
    assert storm is not None and transition.after is not None
    problem = replace(begun, part_of=storm.id, ticket_id=storm.ticket_id, number=storm.number, board_id=storm.board_id)
    effects: list[EffectBody] = []
    if transition.act == "reopen":
        effects.append(StatusBody(status_id=storm.status_id))
    if storm.listing and storm.alive and not effects:
        return Joined(problem, None, why)
    effects += _lists(context, storm)
    return Joined(problem, replace(transition.after, state="open", listing=True), why, tuple(effects))


def _lists(context: NoticeContext, storm: Problem) -> tuple[EffectBody, ...]:
    """Comments that name all parts not named before: made when they are sent, and only those needed."""
    facts = context.composer().facts_of_note()
    return (ListBody(after=context.now + LIST_AFTER, problem=storm.id, blocks=[], facts=facts),) * LISTS


def _is_new(context: NoticeContext, problem: Problem) -> bool:
    """Whether a problem of the client begins with this mail."""
    mine = problem.delivery_id == context.mail.delivery.id and problem.opened_at == context.now
    return mine and problem.client_id == context.client_id and problem.object != "storm"


def _told_here(context: NoticeContext, part: Problem) -> int:
    """How many more parts of the storm are open by what this mail says of the others."""
    others = [known for known in context.changes.values() if known.part_of == part.part_of and known.id != part.id]
    begun = sum(other.alive and other.revision == 0 for other in others)
    return begun - sum(not other.alive for other in others)


def over(context: NoticeContext, part: Problem) -> Problem | None:
    """The storm whose last open part is over now, as recovered."""
    if part.until:  # planned work ends by its own notice
        return None
    if context.facts.ask(OpenParts(part.part_of, part.id)) + _told_here(context, part):
        return None
    storm = next((problem for problem in context.problems_of(STORM) if problem.id == part.part_of), None)
    if storm is None or not storm.alive or not storm.ticket_id:
        return None
    storm = replace(storm, state="recovered", changed_at=context.now, last_at=context.now, left="")
    context.change(storm)
    return storm
