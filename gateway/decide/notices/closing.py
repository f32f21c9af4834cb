"""What closes when something is over."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.decide.notices.context import NoticeContext
from gateway.decide.uploads import moment
from gateway.model.effects import CloseBody, EffectBody, ToldBody
from gateway.model.problem import Problem


def closures(
    context: NoticeContext, problems: Sequence[Problem], close_at: float = 0.0
) -> list[tuple[Problem, EffectBody]]:
    """For each problem that is over: close its ticket if nobody touched it, then tell what was done."""
    out = []
    for problem in problems:
        after = close_at or context.now + context.notice.handling.hold
        why = ""
        if not context.notice.handling.close:
            why = f"the profile {context.notice.profile} closes nothing"
        elif problem.forwarded:
            why = "a person reported it"
        elif problem.board_id not in context.resolved.closed:
            why = "its board has no status that closes"
        close = CloseBody(
            after=after,
            problem=problem.id,
            changed_at=problem.changed_at,
            ticket_id=problem.ticket_id,
            status_id=problem.status_id,
            never=why,
            closed_id=context.resolved.closed.get(problem.board_id, ""),
        )
        words = {
            "word": context.notice.word or "recovered",
            "profile": context.notice.profile,
            "at": moment(context.now, context.mail.policy.zone),
            "subject": context.mail.email.subject[:255],
        }
        told = ToldBody(ticket_id=problem.ticket_id, words=words, facts=context.composer().facts_of_note())
        out += [(problem, close), (problem, told)]
    return out
