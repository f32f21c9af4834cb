"""A mail of several problems: what it says of those that are open. It is a ticket of its own; what it reports as new is
told there, what it reports as over ends what it is about."""

from __future__ import annotations

from dataclasses import replace

from gateway.decide.notices import closing, lifecycle, storms
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Event
from gateway.decide.notices.whose import named, problem_of
from gateway.model.effects import EffectBody
from gateway.model.notice import Notice
from gateway.model.problem import Problem, timed
from gateway.model.questions import ProblemsOf


def settle(context: NoticeContext) -> tuple[list[EffectBody], str]:
    """Each part counted on its problem, or ending it: the effects, and a line for technicians that lists them."""
    closures: dict[str, list[EffectBody]] = {}  # by the problem that is over
    told = []
    for part in context.notice.parts:
        about = _about(context, timed(part, context.now))
        problem = problem_of(about)
        became = _judge(about, problem, closures) if problem and problem.ticket_id else "new"
        what = f"{part.object} {part.condition}: {part.word}"
        context.mail.trace.add("part", what[:300], became)
        told.append(f"{what} ({became})")
    line = f"It holds {len(told)} problems: {'; '.join(told)}."[:2000] if told else ""
    return [effect for effects in closures.values() for effect in effects], line


def _about(context: NoticeContext, part: Notice) -> NoticeContext:
    """One part under decision; it sees and keeps what those before it changed."""
    known: list[Problem] = context.facts.ask(ProblemsOf(part.profile, part.key))
    known = [context.changes.get(problem.id, problem) for problem in known]
    client_id = context.resolved.client_id or named(context.mail, part) or context.client_id
    resolved = replace(context.resolved, notice=part, missing=())
    return NoticeContext(context.mail, resolved, part, client_id, False, known, context.changes)


def _judge(about: NoticeContext, problem: Problem, closures: dict[str, list[EffectBody]]) -> str:
    """What a part means for a problem that has a ticket."""
    transition = lifecycle.evaluate(Event(about.notice, about.now, problem, about.facts, same=about.owns(problem)))
    after = transition.after
    if transition.act in ("open", "reopen"):  # its ticket is closed: this mail's has it
        return "new"
    if after is None:
        return transition.why
    ticket = f"ticket {problem.number or problem.ticket_id}"
    closures.pop(problem.id, None)
    if transition.act != "recover":
        about.change(after)
        return f"{ticket}: counted"
    over: list[Problem] = [after]
    if after.part_of:
        after = replace(after, state="closed", closed_at=about.now)
        whole = storms.over(about, after)
        over = [whole] if whole else []
    about.change(after)
    closures[problem.id] = [effect for _, effect in closing.closures(about, over, transition.close_at)]
    return f"{ticket}: over"
