"""What is kept of a notice that was decided, and the decision when the desk has nothing to do."""

from __future__ import annotations

from dataclasses import replace

from gateway.decide.notices import closing, expected
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Transition
from gateway.model.effects import EffectBody
from gateway.model.plan import Decision, Plan
from gateway.model.problem import Became, NoticeRecord, Problem
from gateway.model.reasons import Reason


def record(context: NoticeContext, became: Became, transition: Transition, detail: str = "") -> NoticeRecord:
    notice = context.notice
    problem = transition.after or context.fresh()
    return NoticeRecord(
        profile=notice.profile,
        became=became,
        problem_id=problem.id,
        client_id=context.client_id,
        state=notice.state,
        word=notice.word[:100],
        object=notice.object,
        key=notice.key,
        proven=notice.proven,
        failed=", ".join(notice.failed),
        changed=transition.changed,
        expected=notice.expected,
        each=context.resolved.each,
        detail=detail or transition.why,
        held_by=transition.held_by,
    )


def finish(context: NoticeContext, decision: Decision, notice_record: NoticeRecord) -> Decision:
    return replace(decision, changes=tuple(context.changes.values()), notice_record=notice_record)


def end(context: NoticeContext, reason: Reason, became: Became, transition: Transition) -> Decision:
    """Nothing to do at the desk for this notice; the mail that it was expected to be may have something."""
    if transition.after is not None:
        context.change(transition.after)
    number = transition.after.number or transition.after.ticket_id if transition.after else ""
    detail = f"{transition.why}; ticket {number}" if number else transition.why
    notice_record = record(context, became, transition, detail)
    if effects := closing.closures(context, expected.met(context)):
        return finish(context, on(context, effects[0][0], [effect for _, effect in effects], late=True), notice_record)
    return finish(context, context.mail.end(reason, detail), notice_record)


def nothing(context: NoticeContext, problem: Problem | None, transition: Transition) -> Decision:
    """Its time is kept, so that an earlier notice which comes later is known to be late."""
    notice = context.notice
    if problem is None and notice.state == "close" and notice.proven:
        after = replace(
            context.fresh(),
            state="closed",
            at=notice.at,
            sequence=notice.sequence,
            last_at=context.now,
            word=notice.word,
            object=notice.object,
            condition=notice.condition,
            title=notice.title,
        )
        transition = replace(transition, after=after)
    return end(context, Reason.NO_PROBLEM, "nothing", transition)


def on(context: NoticeContext, problem: Problem, effects: list[EffectBody], late: bool = False) -> Decision:
    """Effects on the problem's ticket. ``late`` when what they wait for is no reason for others to wait."""
    mail = context.mail
    mail.trace.add("ticket", problem.number or problem.ticket_id, "on it")
    plan = Plan(
        effects=tuple(effects),
        board_id=problem.board_id or mail.policy.destination["board_id"],
        ticket_id=problem.ticket_id,
        late=late,
    )
    return Decision("comment", plan=plan)
