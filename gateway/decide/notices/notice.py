"""What becomes of a vendor's notice: one ticket for each problem of a client, closed only when that is safe.

A notice is never answered, binds nobody and mails no client. What a machine proves to be its own is taken
before the guard against floods; what nobody proved after it; what a person sent on after the threads.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.decide import forwards
from gateway.decide.context import DecisionContext
from gateway.decide.notices import lifecycle
from gateway.decide.notices.comments import comment
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Event, Transition
from gateway.decide.notices.opening import open_ticket
from gateway.decide.notices.record import end, nothing
from gateway.decide.notices.recovery import recover
from gateway.decide.notices.whose import by_sender, named, problem_of
from gateway.model.notice import Notice
from gateway.model.plan import Decision
from gateway.model.problem import Problem, timed
from gateway.model.questions import ProblemsOf
from gateway.model.reasons import Reason


def proven(mail: DecisionContext) -> Decision | None:
    """A vendor's notice with a proven sender, or one that a technician forwarded (docs/notices.md)."""
    notice = _of(mail)
    return _decide(mail, notice) if notice and notice.proven else None


def unproven(mail: DecisionContext) -> Decision | None:
    """A notice whose sender is not proven: it may open a ticket or add a comment, and changes nothing else."""
    notice = _of(mail)
    return _decide(mail, notice) if notice and not notice.forwarded else None


def forwarded(mail: DecisionContext) -> Decision | None:
    """A notice that a customer forwarded: it becomes the customer's own ticket."""
    notice = _of(mail)
    return _decide(mail, notice) if notice and notice.forwarded else None


def _of(mail: DecisionContext) -> Notice | None:
    """The notice that the mail is. What somebody sent on is proven by who sent it on, whose own words are for
    technicians."""
    resolved = mail.delivery.notice
    if resolved is None:
        return None
    notice = timed(resolved.notice, mail.envelope.time)
    if notice.forwarded and (why := forwards.vouches(mail.sender, mail.policy.forwarders)):
        assert mail.email.forwarded is not None
        mail.forward, mail.is_searched = forwards.Forward(mail.email.forwarded, trusted=True), True
        return replace(notice, proven=True, proof=f"sent on {why}")
    return notice


def _decide(mail: DecisionContext, notice: Notice) -> Decision | None:
    resolved = mail.delivery.notice
    assert resolved is not None
    what = f"{notice.profile}: {notice.word or notice.state} of {notice.object or notice.key}"
    mail.trace.add("notice", what[:300], notice.proof or "nobody proved who sent it")
    if notice.failed:
        mail.trace.add("notice", f"could not read {', '.join(notice.failed)}", "known by its subject")
    by_person = notice.forwarded and not notice.proven
    client_id = resolved.client_id or ("" if by_person else named(mail, notice))
    if not client_id:
        who = by_sender(mail, notice)
        if who.refused:
            return mail.end(who.refused, who.detail)
        client_id = who.client_id
    if by_person and client_id == mail.policy.requesters.fallback:
        mail.trace.add("notice", "sent on by somebody of no client", "an ordinary mail")
        return None
    known: list[Problem] = mail.facts.ask(ProblemsOf(notice.profile, notice.key))
    context = NoticeContext(mail, resolved, notice, client_id, by_person, known)
    problem = problem_of(context)
    transition = _evaluate(context, problem)
    if by_person:
        return _sent_on(context, problem, transition)
    return _act(context, problem, transition)


def _evaluate(context: NoticeContext, problem: Problem | None) -> Transition:
    again = problem is not None and problem.delivery_id == context.mail.delivery.id
    same = problem is None or context.owns(problem)
    transition = lifecycle.evaluate(Event(context.notice, context.now, problem, context.facts, again, same))
    context.mail.trace.add("problem", f"{transition.rule}: {transition.why}", transition.act)
    return transition


def _act(context: NoticeContext, problem: Problem | None, transition: Transition) -> Decision:
    match transition.act:
        case "ignore":
            return end(context, Reason.NOTICE_IGNORED, "ignored", transition)
        case "overtaken":
            return end(context, Reason.OVERTAKEN, "overtaken", transition)
        case "nothing":
            return nothing(context, problem, transition)
        case "count":
            return end(context, Reason.COUNTED, "counted", transition)
        case "recover":
            return recover(context, transition)
        case "open":
            return _open(context, transition)
        case "comment" | "reopen" | "doubt":
            return comment(context, transition)


def _open(context: NoticeContext, transition: Transition) -> Decision:
    """A ticket, unless the client that the sender tells has a problem of the key already."""
    notice = context.notice
    begun = transition.after or context.fresh()
    if not notice.proven and not context.by_person:  # whom it names counts for nothing
        context.client_id = by_sender(context.mail, notice).client_id
        known = next((effect for effect in context.known if effect.client_id == context.client_id), None)
        if known and known.alive and (theirs := _evaluate(context, known)).act != "open":
            return _act(context, known, theirs)
        begun = lifecycle.begun(known) if known else context.fresh()
    return open_ticket(context, begun, transition)


def _sent_on(context: NoticeContext, problem: Problem | None, transition: Transition) -> Decision | None:
    """A person's mail is never only counted: it is on the ticket of their problem, or becomes one."""
    if transition.act == "open":
        return _open(context, transition)
    if problem is None or not problem.alive or not problem.ticket_id:
        context.mail.trace.add("notice", "no problem of the client is open", "an ordinary mail")
        return None
    after = transition.after if transition.act in ("count", "comment") and transition.after else problem
    return comment(context, Transition("comment", "sent on", after))
