"""What becomes of a vendor's notice: one ticket for each problem of a client, closed only when that is safe.

A notice is never answered, binds nobody and mails no client. What a machine proves to be its own is taken
before the guard against floods; what nobody proved after it; what a person sent on after the threads.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.decide import forwards
from gateway.decide.context import DecisionContext
from gateway.decide.notices import parts, single, windows
from gateway.decide.notices.comments import comment
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Transition
from gateway.decide.notices.whose import by_sender, named, problem_of
from gateway.model.notice import Notice
from gateway.model.plan import Decision
from gateway.model.problem import Problem, timed
from gateway.model.questions import ProblemsOf


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
    known: list[Problem] = [] if notice.parts else mail.facts.ask(ProblemsOf(notice.profile, notice.key))
    context = NoticeContext(mail, resolved, notice, client_id, by_person, known)
    if notice.parts:
        return parts.decide(context)
    if (settled := windows.settle(context)) is not None:
        return settled if isinstance(settled, Decision) else single.outlasted(context, settled)
    problem = problem_of(context)
    transition = single.evaluate(context, problem)
    if by_person:
        return _sent_on(context, problem, transition)
    return single.act(context, problem, transition)


def _sent_on(context: NoticeContext, problem: Problem | None, transition: Transition) -> Decision | None:
    """A person's mail is never only counted: it is on the ticket of their problem, or becomes one."""
    if transition.act == "open":
        return single.begin(context, transition)
    if problem is None or not problem.alive or not problem.ticket_id:
        context.mail.trace.add("notice", "no problem of the client is open", "an ordinary mail")
        return None
    after = transition.after if transition.act in ("count", "comment") and transition.after else problem
    return comment(context, Transition("comment", "sent on", after))
