"""Mail that was expected: what it closes when it comes."""

from __future__ import annotations

from dataclasses import replace

from gateway.decide.notices.context import NoticeContext
from gateway.model.problem import Problem
from gateway.model.questions import ProblemsOf


def met(context: NoticeContext) -> list[Problem]:
    """The tickets about mail that did not come, and that has come now."""
    found = []
    if not context.notice.proven:
        return []
    for key in context.resolved.missing:
        known: list[Problem] = context.facts.ask(ProblemsOf(context.notice.profile, key))
        for problem in known:
            if problem.alive and problem.held_by:
                over = replace(problem, state="closed", changed_at=context.now, held_by="", until=0.0)
                context.change(over)
            elif problem.alive and problem.ticket_id and problem.id not in context.changes:
                back = replace(problem, state="recovered", changed_at=context.now, last_at=context.now, left="")
                context.change(back)
                found.append(back)
    return found
