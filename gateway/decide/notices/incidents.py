"""One incident of a vendor, many clients: a ticket for each, bundled under the first.

What the vendor says later goes to the master alone. It is mailed to the clients' contacts only where the
configuration says so (docs/algapsa.md "Bundles").
"""

from __future__ import annotations

from dataclasses import replace

from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Transition
from gateway.model.effects import BundleBody, EffectBody
from gateway.model.problem import Problem
from gateway.model.questions import OfIncident


def _others(context: NoticeContext, problem: Problem) -> list[Problem]:
    """The incident's other problems, of other clients, oldest first."""
    incident = context.notice.incident or problem.incident
    if not incident or not context.notice.handling.bundle:
        return []
    found: list[Problem] = context.facts.ask(OfIncident(context.notice.profile, incident))
    return [other for other in found if other.id != problem.id and other.client_id != problem.client_id]


def of_client(context: NoticeContext) -> Problem | None:
    """The client's open problem of the incident: as it was sent on, or by another of the vendor's ways."""
    notice = context.notice
    if not notice.incident or not notice.handling.bundle:
        return None
    found: list[Problem] = context.facts.ask(OfIncident(notice.profile, notice.incident))
    return next((other for other in found if other.alive and other.client_id == context.client_id), None)


def under(context: NoticeContext, begun: Problem) -> tuple[str, list[EffectBody]]:
    """The master for a new ticket, "" for none, and what puts it there."""
    alive = [problem for problem in _others(context, begun) if problem.alive]
    if not alive:
        return "", []
    master = alive[0].master_id or alive[0].ticket_id
    context.mail.trace.add("bundle", f"incident {context.notice.incident}", f"under ticket {master}")
    return master, [BundleBody(master_id=master, mode=context.notice.handling.bundle)]


def place(context: NoticeContext, problem: Problem, transition: Transition) -> tuple[str, bool]:
    """The ticket for a later notice, and whether it is news there: each client's mail says the same."""
    if not problem.master_id or transition.act != "comment" or transition.changed or transition.rises:
        return problem.ticket_id, True
    master = next((other for other in _others(context, problem) if other.ticket_id == problem.master_id), None)
    if master is None or not master.alive:
        return problem.ticket_id, True
    if context.notice.word == master.word:
        return master.ticket_id, False
    context.change(replace(master, word=context.notice.word, words=1))
    return master.ticket_id, True


def fans_out(context: NoticeContext, problem: Problem) -> bool:
    """Whether the comment is for the clients, and mailed to them: on a master, by an explicit setting, and not what
    somebody sent on with words of their own."""
    handling, notice = context.notice.handling, context.notice
    return bool(handling.fan_out and handling.bundle and problem.incident and notice.proven and not notice.forwarded)


def also_over(context: NoticeContext, problem: Problem) -> list[Problem]:
    """The incident's tickets that will hear of no end of their own: people sent those notices on."""
    found = []
    for other in _others(context, problem):
        if other.forwarded and other.alive:
            back = replace(other, state="recovered", changed_at=context.now, last_at=context.now, left="")
            context.change(back)
            found.append(back)
    return found
