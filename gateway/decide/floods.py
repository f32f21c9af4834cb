"""Too much from one sender, and tickets that two machines make each other."""

from __future__ import annotations

from gateway.decide import sender
from gateway.decide.context import DecisionContext
from gateway.match import domains, title
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.plan import Decision
from gateway.model.quantity import counted
from gateway.model.questions import Recent, RecentMails, Rounds
from gateway.model.reasons import Reason

ANSWERS = ("auto-reply", "vacation", "helpdesk")


def flood(context: DecisionContext) -> Decision | None:
    """One sender or domain exceeds `[guard]`: `rate-limited` or `loop-suspected`. Technicians are exempt."""
    who, guard = context.sender, context.policy.guard
    if not who.address or (who.is_staff and who.proven) or context.delivery.released or context.envelope.internal:
        return None
    # Mail counts for mail whose sender rests on the same proof: who forges a name uses up nothing of its owner's.
    name = sender.name_of(context.email, context.envelope)
    recent: Recent = context.facts.ask(RecentMails(*name, context.envelope.time))
    if who.address in context.policy.own and 0 < guard.own <= recent.tickets + recent.comments:
        found = _in_an_hour(recent.tickets, recent.comments)
        context.trace.add("loop", f"{who.address} is ours: {found}", "quarantine")
        return context.end(Reason.LOOP_SUSPECTED, f"{who.address} is ours: {found}")
    if 0 < guard.answers <= recent.answers and context.email.auto.kind in ANSWERS:
        context.trace.add("loop", f"{recent.answers} automatic replies in 15 minutes", "quarantine")
        return context.end(Reason.LOOP_SUSPECTED, f"{who.address} answers by machine again and again")
    if 0 < guard.tickets <= recent.tickets or 0 < guard.comments <= recent.comments:
        found = _in_an_hour(recent.tickets, recent.comments)
        context.trace.add("rate", found, "quarantine")
        return context.end(Reason.RATE_LIMITED, f"{who.address}: {found}")
    domain = domains.of(who.address)
    if domains.is_public(domain):
        return None
    if 0 < guard.domain_tickets <= recent.domain_tickets or 0 < guard.domain_comments <= recent.domain_comments:
        found = _in_an_hour(recent.domain_tickets, recent.domain_comments, f" of {domain}")
        context.trace.add("rate", found, "quarantine")
        return context.end(Reason.RATE_LIMITED, found)
    return None


def _in_an_hour(tickets: int, comments: int, of: str = "") -> str:
    return f"{counted(tickets, 'ticket')} and {counted(comments, 'comment')}{of} in an hour"


def rounds(context: DecisionContext) -> Decision | None:
    """One sender makes ticket after ticket about the same matter, as two desks do that answer each other:
    `loop-suspected`. Technicians are exempt."""
    who, most = context.sender, context.policy.guard.rounds
    if not who.address or not most or bool(who.is_staff and who.proven) or _is_let_in(context):
        return None
    name = sender.name_of(context.email, context.envelope)
    recent: Recent = context.facts.ask(RecentMails(*name, context.envelope.time))
    asked = rounds_question(context.email, context.envelope, recent, most)
    if asked is None:
        return None
    made: int = context.facts.ask(asked)
    if made < most:
        return None
    found = f"{counted(made, 'ticket')} about {asked.matter or 'nothing'!r} in an hour"
    context.trace.add("rounds", found, "quarantine")
    return context.end(Reason.LOOP_SUSPECTED, f"{who.address} made {found}")


def rounds_question(email: Email, envelope: Envelope, recent: Recent, most: int) -> Rounds | None:
    """What to ask of a sender who made ``most`` tickets or more in the last hour, None of others."""
    name = sender.name_of(email, envelope)
    is_tagged = domains.untagged(name.address) != name.address
    if not most or (recent.domain_tickets if is_tagged else recent.tickets) < most:
        return None
    return Rounds(*name, title.matter(email.subject), envelope.time)


def _is_let_in(context: DecisionContext) -> bool:
    """Whether an operator let the mail in or moved it, or the gateway itself sent it."""
    return context.delivery.released or bool(context.delivery.moved_to) or bool(context.envelope.internal)
