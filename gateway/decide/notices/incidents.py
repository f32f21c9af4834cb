"""One incident of a vendor, many clients: a ticket for each, bundled under the first.

What the vendor says later goes to the master alone. It is mailed to the clients' contacts only where the
configuration says so (docs/algapsa.md "Bundles").
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.model.plan import EffectSpec
from gateway.model.problem import Problem
from gateway.model.questions import OfIncident

if TYPE_CHECKING:
    from gateway.decide.notices.context import Affair
    from gateway.decide.notices.lifecycle import Verdict


def _others(affair: Affair, problem: Problem) -> list[Problem]:
    """The incident's other problems, of other clients, oldest first."""
    incident = affair.notice.incident or problem.incident
    if not incident or not affair.notice.handling.bundle:
        return []
    found: list[Problem] = affair.facts.ask(OfIncident(affair.notice.profile, incident))
    return [one for one in found if one.id != problem.id and one.client_id != problem.client_id]


def of_client(affair: Affair) -> Problem | None:
    """The client's open problem of the incident: as it was sent on, or by another of the vendor's ways."""
    notice = affair.notice
    if not notice.incident or not notice.handling.bundle:
        return None
    found: list[Problem] = affair.facts.ask(OfIncident(notice.profile, notice.incident))
    return next((one for one in found if one.alive and one.client_id == affair.client_id), None)


def under(affair: Affair, begun: Problem) -> tuple[str, list[EffectSpec]]:
    """The master for a new ticket, "" for none, and what puts it there."""
    alive = [one for one in _others(affair, begun) if one.alive]
    if not alive:
        return "", []
    master = alive[0].master_id or alive[0].ticket_id
    affair.case.trace.add("bundle", f"incident {affair.notice.incident}", f"under ticket {master}")
    return master, [EffectSpec("bundle", {"master_id": master, "mode": affair.notice.handling.bundle})]


def place(affair: Affair, problem: Problem, verdict: Verdict) -> tuple[str, bool]:
    """The ticket for a later notice, and whether it is news there: each client's mail says the same."""
    if not problem.master_id or verdict.act != "comment" or verdict.changed or verdict.rises:
        return problem.ticket_id, True
    master = next((one for one in _others(affair, problem) if one.ticket_id == problem.master_id), None)
    if master is None or not master.alive:
        return problem.ticket_id, True
    if affair.notice.word == master.word:
        return master.ticket_id, False
    affair.change(replace(master, word=affair.notice.word, words=1))
    return master.ticket_id, True


def fans_out(affair: Affair, problem: Problem) -> bool:
    """Whether the comment is for the clients, and mailed to them: on a master, by an explicit setting, and not what
    somebody sent on with words of their own."""
    handling, notice = affair.notice.handling, affair.notice
    return bool(handling.fan_out and handling.bundle and problem.incident and notice.proven and not notice.forwarded)


def also_over(affair: Affair, problem: Problem) -> list[Problem]:
    """The incident's tickets that will hear of no end of their own: people sent those notices on."""
    found = []
    for one in _others(affair, problem):
        if one.forwarded and one.alive:
            back = replace(one, state="recovered", changed_at=affair.now, last_at=affair.now, left="")
            affair.change(back)
            found.append(back)
    return found
