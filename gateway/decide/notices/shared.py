"""Tickets that stand for several problems: a storm, planned work; and what closes when something is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.decide.notices import lifecycle
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Event
from gateway.match.clients import words_of
from gateway.model.plan import EffectSpec
from gateway.model.problem import STORM, Problem
from gateway.model.questions import NewProblems, OpenParts, PlannedWork, ProblemsOf

LISTS = 6
LIST_AFTER = 60.0
"""Seconds for which parts of a storm are gathered before they are listed on its ticket."""


@dataclass(frozen=True, slots=True)
class Joined:
    """``problem`` is on the ticket of ``master``; ``makes`` when that ticket is to be made with it."""

    problem: Problem
    master: Problem | None
    why: str
    effects: tuple[EffectSpec, ...] = ()
    makes: bool = False
    heading: str = ""


def join(context: NoticeContext, begun: Problem) -> Joined | None:
    """The ticket that a new problem shares, None for a ticket of its own."""
    if context.by_person or not context.notice.proven or context.notice.state == "planned":
        return None
    return _planned(context, begun) or _storm(context, begun)


# -- planned work ----------------------------------------------------------------------------------


def _planned(context: NoticeContext, begun: Problem) -> Joined | None:
    """Its object lies in planned work that goes on: on that ticket, and at the end of the window on one of
    its own if it is still open."""
    if begun.until:  # the window is over
        return None
    works: list[Problem] = context.facts.ask(PlannedWork(context.client_id, context.now))
    for work in works:
        if work.id != begun.id and _touches(work, context.notice.object):
            break
    else:
        return None
    until = work.window_to
    problem = replace(
        begun, ticket_id=work.ticket_id, number=work.number, board_id=work.board_id, part_of=work.id, until=until
    )
    why = f"within the planned work of ticket {work.number}"
    note = f"{begun.what()}: {context.notice.word}, within the planned work. It gets a ticket if it is open at the end."
    comment = context.composer().comment((), internal=True, present={}, automatic=context.notice.profile, note=note)
    again = EffectSpec("again", {"after": until, "problem": begun.id, "changed_at": begun.changed_at})
    return Joined(problem, None, why, (*comment, again))


def _touches(work: Problem, name: str) -> bool:
    """Whether one of the objects of planned work stands in a name, by whole words, or the other way."""
    words = words_of(name)
    for one in (*work.objects.split("\n"), work.object):
        other = words_of(one)
        short, long = sorted((words, other), key=len)
        if short and any(long[start : start + len(short)] == short for start in range(len(long) - len(short) + 1)):
            return True
    return False


# -- storms ----------------------------------------------------------------------------------------


def _storm(context: NoticeContext, begun: Problem) -> Joined | None:
    """More new problems of the client than the profile takes: one ticket for all that follow, which lists
    them."""
    handling, notice = context.notice.handling, context.notice
    if not handling.storm:
        return None
    new: int = context.facts.ask(NewProblems(notice.profile, context.client_id, context.now - handling.storm_window))
    if new < handling.storm:
        return None
    known: list[Problem] = context.facts.ask(ProblemsOf(notice.profile, STORM))
    storm = next((one for one in known if one.client_id == context.client_id), None)
    event = Event(
        replace(notice, key=STORM, state="open", word="", rank=0, at=0, sequence=-1), context.now, storm, context.facts
    )
    verdict = lifecycle.judge(event)
    why = f"{new} new problems of {notice.profile} in {handling.storm_window:.0f} s: a storm"
    if verdict.act == "open":
        base = verdict.after or context.fresh(STORM)
        master = replace(
            base, state="open", object="storm", title=f"Storm of {notice.profile}", listing=True, count=1, words=1,
            delivery_id=context.mail.delivery.id, opened_at=context.now, changed_at=context.now,
            last_at=context.now, checked_at=context.now,
        )  # fmt: skip
        problem = replace(begun, part_of=master.id)
        heading = f"Storm: more than {handling.storm} new problems of {notice.profile}"
        return Joined(problem, master, why, _lists(context, master), makes=True, heading=heading)
    assert storm is not None and verdict.after is not None
    problem = replace(begun, part_of=storm.id, ticket_id=storm.ticket_id, number=storm.number, board_id=storm.board_id)
    effects: list[EffectSpec] = []
    if verdict.act == "reopen":
        request = {"status_id": storm.status_id, "suppressContactNotifications": True}
        effects.append(EffectSpec("status", {"request": request}))
    if storm.listing and storm.alive and not effects:
        return Joined(problem, None, why)
    effects += _lists(context, storm)
    return Joined(problem, replace(verdict.after, state="open", listing=True), why, tuple(effects))


def _lists(context: NoticeContext, storm: Problem) -> tuple[EffectSpec, ...]:
    """Comments that name all parts not named before: made when they are sent, and only those needed."""
    body = {"after": context.now + LIST_AFTER, "problem": storm.id, "request": context.composer().note_request()}
    return (EffectSpec("list", body),) * LISTS


def over(context: NoticeContext, part: Problem) -> Problem | None:
    """The storm whose last open part is over now, as recovered."""
    if part.until:  # planned work ends by its own notice
        return None
    if context.facts.ask(OpenParts(part.part_of, part.id)):
        return None
    known: list[Problem] = context.facts.ask(ProblemsOf(context.notice.profile, STORM))
    storm = next((one for one in known if one.id == part.part_of), None)
    if storm is None or not storm.alive or not storm.ticket_id:
        return None
    storm = replace(storm, state="recovered", changed_at=context.now, last_at=context.now, left="")
    context.change(storm)
    return storm


# -- expected mail ---------------------------------------------------------------------------------


def met(context: NoticeContext) -> list[Problem]:
    """The tickets about mail that did not come, and that has come now."""
    found = []
    if not context.notice.proven:
        return []
    for key in context.resolved.missing:
        known: list[Problem] = context.facts.ask(ProblemsOf(context.notice.profile, key))
        for one in known:
            if one.alive and one.ticket_id and one.id not in context.changes:
                back = replace(one, state="recovered", changed_at=context.now, last_at=context.now, left="")
                context.change(back)
                found.append(back)
    return found


# -- closing ---------------------------------------------------------------------------------------


def closures(
    context: NoticeContext, problems: Sequence[Problem], close_at: float = 0.0
) -> list[tuple[Problem, EffectSpec]]:
    """For each problem that is over: close its ticket if nobody touched it, then tell what was done."""
    out = []
    for one in problems:
        after = close_at or context.now + context.notice.handling.hold
        why = ""
        if not context.notice.handling.close:
            why = f"the profile {context.notice.profile} closes nothing"
        elif one.forwarded:
            why = "a person reported it"
        elif one.board_id not in context.resolved.closed:
            why = "its board has no status that closes"
        request = {"status_id": context.resolved.closed.get(one.board_id, ""), "suppressContactNotifications": True}
        body = {
            "after": after,
            "problem": one.id,
            "changed_at": one.changed_at,
            "ticket_id": one.ticket_id,
            "status_id": one.status_id,
            "never": why,
            "request": request,
        }
        words = {
            "word": context.notice.word or "recovered",
            "profile": context.notice.profile,
            "at": datetime.fromtimestamp(context.now, UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "subject": context.mail.email.subject[:255],
        }
        told = {"ticket_id": one.ticket_id, "words": words, "request": context.composer().note_request()}
        out += [(one, EffectSpec("close", body)), (one, EffectSpec("told", told))]
    return out
