"""Planned work: a new problem of an object in its window is told on its ticket."""

from __future__ import annotations

from dataclasses import replace

from gateway.decide.notices.context import Joined, NoticeContext
from gateway.match.clients import words_of
from gateway.model.effects import AgainBody
from gateway.model.problem import Problem
from gateway.model.questions import PlannedWork


def join(context: NoticeContext, begun: Problem) -> Joined | None:
    """Its object lies in planned work that goes on: on that ticket, and at the end of the window on one of
    its own if it is still open. Between the windows of work of several nights nothing is expected to fail."""
    at = begun.until or context.now  # it waited for the end of work, which may be moved by then
    works: list[Problem] = context.facts.ask(PlannedWork(context.client_id, at))
    for work in works:
        window = work.window_at(at)
        if window and work.id != begun.id and touches(work, context.notice.object):
            break
    else:
        return None
    until = window[1]
    problem = replace(
        begun, ticket_id=work.ticket_id, number=work.number, board_id=work.board_id, part_of=work.id, until=until
    )
    why = f"within the planned work of ticket {work.number}"
    note = f"{begun.what()}: {context.notice.word}, within the planned work. It gets a ticket if it is open at the end."
    comment = context.composer().comment((), internal=True, present={}, automatic=context.notice.profile, note=note)
    again = AgainBody(after=until, problem=begun.id, changed_at=begun.changed_at)
    return Joined(problem, None, why, (*comment, again))


def touches(work: Problem, name: str) -> bool:
    """Whether one of the objects of planned work stands in a name, by whole words, or the other way."""
    words = words_of(name)
    for listed in (*work.objects.split("\n"), work.object):
        other = words_of(listed)
        short, long = sorted((words, other), key=len)
        if short and any(long[start : start + len(short)] == short for start in range(len(long) - len(short) + 1)):
            return True
    return False
