"""A problem is over: when its ticket closes."""

from __future__ import annotations

from dataclasses import replace

from gateway.decide.notices import closing, expected, incidents, storms
from gateway.decide.notices.comments import raised_to
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Transition
from gateway.decide.notices.record import finish, on, record
from gateway.model.effects import EffectBody, PriorityBody
from gateway.model.plan import Decision
from gateway.model.problem import Problem
from gateway.model.reasons import Reason


def recover(context: NoticeContext, transition: Transition) -> Decision:
    """The ticket may close after the hold; of a shared ticket only its last open part closes it."""
    after = transition.after
    assert after is not None
    notice_record = record(context, "recovery", transition)
    effects: list[EffectBody] = []
    place = after
    if transition.flaps:
        note = "It is over, and flapping: nothing is closed until it was quiet for a while."
        words = context.composer().comment((), internal=True, present={}, automatic=context.notice.profile, note=note)
        effects += words
        if raised := raised_to(context, after, transition):
            effects.append(PriorityBody(priority_id=raised, before=after.priority_id))
            after = replace(after, priority_id=raised)
    over: list[Problem] = []
    if after.part_of:
        after = replace(after, state="closed", closed_at=context.now)
        if whole := storms.over(context, after):
            over.append(whole)
    elif after.ticket_id:
        over.append(after)
    else:
        after = replace(after, left="its ticket was not made yet")
    context.change(after)
    over += [*incidents.also_over(context, after), *expected.met(context)]
    closures = closing.closures(context, over, transition.close_at)
    effects += [effect for _, effect in closures]
    if not effects:
        detail = f"{transition.why}; ticket {after.number or after.ticket_id}"
        return finish(context, context.mail.end(Reason.COUNTED, detail), notice_record)
    place = closures[0][0] if closures else after
    return finish(context, on(context, place, effects, late=True), notice_record)
