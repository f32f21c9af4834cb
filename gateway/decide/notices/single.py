"""What becomes of a notice of one problem: what it means for the problem, and what is done about it."""

from __future__ import annotations

from dataclasses import replace

from gateway.decide.notices import lifecycle, windows
from gateway.decide.notices.comments import comment
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Event, Transition
from gateway.decide.notices.opening import open_ticket
from gateway.decide.notices.record import end, nothing
from gateway.decide.notices.recovery import recover
from gateway.decide.notices.whose import by_sender
from gateway.model.plan import Decision
from gateway.model.problem import Problem
from gateway.model.reasons import Reason


def evaluate(context: NoticeContext, problem: Problem | None) -> Transition:
    again = problem is not None and problem.delivery_id == context.mail.delivery.id
    same = problem is None or context.owns(problem)
    transition = lifecycle.evaluate(Event(context.notice, context.now, problem, context.facts, again, same))
    context.mail.trace.add("problem", f"{transition.rule}: {transition.why}", transition.act)
    return transition


def act(context: NoticeContext, problem: Problem | None, transition: Transition) -> Decision:
    if transition.act in ("open", "reopen") and (held := windows.hold(context, problem, transition)):
        return held
    match transition.act:
        case "ignore":
            return end(context, Reason.NOTICE_IGNORED, "ignored", transition)
        case "overtaken":
            return end(context, Reason.OVERTAKEN, "overtaken", transition)
        case "nothing":
            return nothing(context, problem, transition)
        case "count" if transition.held_by:
            return end(context, Reason.IN_WINDOW, "held", transition)
        case "count":
            return end(context, Reason.COUNTED, "counted", transition)
        case "recover":
            return recover(context, transition)
        case "open":
            return begin(context, transition)
        case "comment" | "reopen" | "doubt":
            return comment(context, transition)


def begin(context: NoticeContext, transition: Transition) -> Decision:
    """A ticket, unless the client that the sender tells has a problem of the key already."""
    notice = context.notice
    begun = transition.after or context.fresh()
    if not notice.proven and not context.by_person:  # whom it names counts for nothing
        context.client_id = by_sender(context.mail, notice).client_id
        known = next((effect for effect in context.known if effect.client_id == context.client_id), None)
        if known and known.alive and (theirs := evaluate(context, known)).act != "open":
            return act(context, known, theirs)
        begun = lifecycle.begun(known) if known else context.fresh()
    return open_ticket(context, begun, transition)


def outlasted(context: NoticeContext, transition: Transition) -> Decision:
    """The window that held the mail is over, and its problem is not: a ticket, or the one that was closed again."""
    problem = transition.after
    assert problem is not None
    context.may_hold = False
    context.mail.trace.add("window", transition.why, transition.act)
    if transition.act == "open":
        return begin(context, transition)
    before = replace(problem, held_by="", until=0.0)
    return act(context, before, evaluate(context, before))
