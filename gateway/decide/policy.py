"""What becomes of a mail: the ordered policy.

``decide`` returns a Decision, or the questions that it still needs answered (facts.Unanswered is
caught here and nowhere else).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.decide import closed, newticket, reply, sender, threading
from gateway.decide.context import Case, Context, Guard
from gateway.decide.notices import notice
from gateway.mail.ids import derived_message_id
from gateway.match import domains
from gateway.model.email import Automatic, Email, Notification
from gateway.model.envelope import Envelope
from gateway.model.plan import Decision, Learned, Trace
from gateway.model.questions import (
    Copies,
    Copy,
    Facts,
    Question,
    Recent,
    RecentMails,
    StateOf,
    Ticket,
    TicketFacts,
    TicketState,
    Unanswered,
)
from gateway.model.reasons import Reason

__all__ = ["Context", "Guard", "decide", "expected_questions"]

ANSWERS = ("auto-reply", "vacation", "helpdesk")
SUPPRESSED_WITHOUT_THREAD = (Reason.BOUNCE, Reason.RECEIPT, Reason.AUTO_REPLY, Reason.VACATION)


def decide(
    email: Email, envelope: Envelope, context: Context, answers: Mapping[Question, Any]
) -> Decision | tuple[Question, ...]:
    """Decide, or say what is missing."""
    facts = Facts(answers)
    email, envelope = sender.unlisted(email, envelope, context.lists, context.own)
    if context.release.by_a_person:
        email = replace(email, auto=Automatic())
    case = Case(email, envelope, context, facts, Trace(), message_id=email.message_id)
    if context.continues:
        case.note = f"continues ticket {context.continues}, which the desk no longer has"
    try:
        case.sender = sender.identify(email, envelope, facts, context.requesters.domains, context.own)
        for name, rule in POLICY:
            decision = rule(case)
            if decision is not None:
                case.trace.add("policy", name, decision.outcome)
                return replace(decision, trace=tuple(case.trace.steps))
    except Unanswered as missing:
        return missing.questions
    raise AssertionError("the last rule decides")


def _notification(case: Case) -> Decision | None:
    """One of the desk's own notifications came back: suppressed as `own`, whatever its From; its id is learned."""
    notification = case.email.marks.notification
    if notification is None or case.email.auto.kind != "own" or case.context.release.unsuppressed:
        return None
    case.trace.add("own mail", ", ".join(case.email.auto.reasons), "suppress")
    decision = case.end(Reason.OWN, f"the desk's mail about ticket {notification.ticket_id}")
    return replace(decision, learned=_learned(case, notification))


def _learned(case: Case, notification: Notification) -> tuple[Learned, ...]:
    """The id of a notification that nobody can have made up: From an address of ours, which is proven where anybody
    looked, about a ticket that the desk has."""
    who = case.sender
    if not notification.message_id or notification.sender not in case.context.own or (who.looked_at and not who.proven):
        return ()
    ticket: Ticket | None = case.facts.ask(TicketFacts(notification.ticket_id))
    if ticket is None:
        return ()
    case.trace.add("own mail", f"<{notification.message_id}>", f"leads to ticket {ticket.number or ticket.ticket_id}")
    return (Learned(notification.message_id, ticket.ticket_id, ticket.board_id),)


def _own_mail(case: Case) -> Decision | None:
    """Other automatic mail that one of our own addresses sent: suppressed as `own`."""
    if case.email.auto.kind != "own" or case.envelope.internal or case.context.release.unsuppressed:
        return None
    case.trace.add("own mail", ", ".join(case.email.auto.reasons), "suppress")
    return case.end(Reason.OWN, ", ".join(case.email.auto.reasons))


def _duplicate(case: Case) -> Decision | None:
    """A copy of a mail that another delivery already has (another route, another mailbox): `duplicate-of`."""
    if not case.email.message_id:
        return None
    copies: list[Copy] = case.facts.ask(Copies(case.email.message_id))
    earlier = [one for one in copies if one.earlier and one.digest]
    wanted = case.context.release.unsuppressed
    for one in earlier:
        same_board = one.board_id == case.context.destination["board_id"]
        same = one.digest == case.email.digest and same_board and not wanted
        if same and one.stage in ("DONE", "SUPPRESSED", "PLANNED"):
            case.trace.add("same Message-ID", f"delivery {one.delivery_id}, same content", "suppress")
            return case.end(Reason.DUPLICATE, one.delivery_id)
    if any(one.digest != case.email.digest for one in earlier) or (wanted and earlier):
        case.message_id = derived_message_id(case.email.digest)
        case.trace.add("same Message-ID", "released" if wanted else "other content", f"goes on as <{case.message_id}>")
    return None


def expected_questions(email: Email, envelope: Envelope) -> tuple[Question, ...]:
    """What nearly every decision asks of the store, to be answered in one go."""
    who = sender.address_of(email)
    copies: tuple[Question, ...] = (Copies(email.message_id),) if email.message_id else ()
    recent: tuple[Question, ...] = (RecentMails(who, envelope.time),) if who else ()
    return (*copies, *recent, threading.mapping_question(email, who))


def _edge(case: Case) -> Decision | None:
    """The SMTP server accepted the mail for quarantine, because of its sender's verdict."""
    if not case.envelope.quarantine or case.context.moved_to or case.context.released:
        return None
    case.trace.add("edge", case.envelope.verdict_reason or case.envelope.quarantine, "quarantine")
    return case.end(Reason.named(case.envelope.quarantine), case.envelope.verdict_reason)


def _spoofed(case: Case) -> Decision | None:
    """From is a technician, and the verdict, where one is configured, is not a pass: `spoofed-internal`."""
    who = case.sender
    if not who.is_staff or who.proven or not who.looked_at or case.context.released:
        return None
    case.trace.add("technician", f"{who.address} without a passing verdict ({who.verdict})", "quarantine")
    return case.end(Reason.SPOOFED_INTERNAL, f"{who.address} is a technician; the verdict is {who.verdict}")


def _moved(case: Case) -> Decision | None:
    """An operator moved or released the mail to a certain ticket, or to a new one."""
    target = case.context.moved_to
    if not target:
        return None
    if target == "new":
        case.trace.add("operator", "moved to a ticket of its own", "new ticket")
        return newticket.new_ticket(case)
    ticket: Ticket | None = case.facts.ask(TicketFacts(target))
    if ticket is None:
        return case.end(Reason.NO_TICKET, f"ticket {target}, to which it was moved, is not at the desk")
    case.trace.add("operator", f"moved to ticket {ticket.number or target}", "comment")
    return reply.by_operator(case, ticket)


def _thread(case: Case) -> Decision | None:
    """A reply to a known ticket: a comment if the sender is bound to the ticket, else `unverified-sender`."""
    context = case.context
    thread = threading.Thread(
        case.email, case.envelope, case.sender, case.facts, context.destination["board_id"], context.double_send
    )
    match = threading.find(thread, case.trace)
    if match.refused and match.claimed and context.release.overruled == match.refused:
        case.trace.add("operator", f"{context.release.by} lets this mail in", "comment")
        return reply.by_operator(case, match.claimed)
    if match.refused:
        return case.end(match.refused, match.detail)
    case.note = match.note or case.note
    if match.ticket is None:
        return None
    ticket, verdict = match.ticket, closed.Verdict()
    if context.closing.asks:
        state: TicketState | None = case.facts.ask(StateOf(ticket.ticket_id))
        if state is None:
            case.trace.add("state", "the ticket is gone from the desk", "new ticket")
            case.note = f"continues ticket {ticket.number or ticket.ticket_id}, which the desk no longer has"
            return None
        ticket, state = _master(case, ticket, state)
        verdict = closed.judge(
            case.email, context.closing, state, case.facts, case.envelope.time, not match.unbound, case.trace
        )
        if verdict.new:
            case.note = verdict.note
            return None
    return reply.to_ticket(case, ticket, verdict.reopen, match.unbound)


def _master(case: Case, ticket: Ticket, state: TicketState) -> tuple[Ticket, TicketState]:
    """A merged or bundled ticket is followed to its master, within one client: a master of another
    client would show the words to strangers."""
    if not state.master_id:
        return ticket, state
    master: TicketState | None = case.facts.ask(StateOf(state.master_id))
    facts: Ticket | None = case.facts.ask(TicketFacts(state.master_id))
    if master is None or facts is None or master.client_id != state.client_id:
        case.trace.add("bundle", f"master {state.master_id} is of another client or gone", "stays on the child")
        return ticket, state
    case.trace.add("bundle", f"ticket {state.number} is part of {master.number}", "goes to the master")
    return facts, master


def _forwarded_again(case: Case) -> Decision | None:
    """A technician attached a mail that already has a ticket on this board: an internal comment there."""
    forward = newticket.forward_of(case)
    if forward is None or not forward.trusted or not forward.original.attached or case.context.moved_to:
        return None
    original, board_id = forward.original, case.context.destination["board_id"]
    ticket = threading.ticket_of_original(original, board_id, case.facts, case.trace)
    return reply.forwarded(case, ticket, original) if ticket else None


def _automatic(case: Case) -> Decision | None:
    """Automatic replies, receipts and bounces that belong to no ticket are suppressed; notifications are not."""
    auto = case.email.auto
    if auto.kind not in SUPPRESSED_WITHOUT_THREAD or case.context.release.unsuppressed:
        return None
    case.trace.add("automatic", f"{auto.kind}: {', '.join(auto.reasons)}", "suppress")
    return case.end(Reason.named(auto.kind), ", ".join(auto.reasons))


def _flood(case: Case) -> Decision | None:
    """One sender or domain exceeds `[guard]`: `rate-limited` or `loop-suspected`. Technicians are exempt."""
    who, guard = case.sender, case.context.guard
    if not who.address or (who.is_staff and who.proven) or case.context.released or case.envelope.internal:
        return None
    recent: Recent = case.facts.ask(RecentMails(who.address, case.envelope.time))
    if who.address in case.context.own and 0 < guard.own <= recent.tickets + recent.comments:
        found = f"{recent.tickets} tickets and {recent.comments} comments in an hour"
        case.trace.add("loop", f"{who.address} is ours: {found}", "quarantine")
        return case.end(Reason.LOOP_SUSPECTED, f"{who.address} is ours: {found}")
    if 0 < guard.answers <= recent.answers and case.email.auto.kind in ANSWERS:
        case.trace.add("loop", f"{recent.answers} automatic replies in 15 minutes", "quarantine")
        return case.end(Reason.LOOP_SUSPECTED, f"{who.address} answers by machine again and again")
    if 0 < guard.tickets <= recent.tickets or 0 < guard.comments <= recent.comments:
        found = f"{recent.tickets} tickets and {recent.comments} comments in an hour"
        case.trace.add("rate", found, "quarantine")
        return case.end(Reason.RATE_LIMITED, f"{who.address}: {found}")
    domain = domains.of(who.address)
    if domains.is_public(domain):
        return None
    if 0 < guard.domain_tickets <= recent.domain_tickets or 0 < guard.domain_comments <= recent.domain_comments:
        found = f"{recent.domain_tickets} tickets and {recent.domain_comments} comments of {domain} in an hour"
        case.trace.add("rate", found, "quarantine")
        return case.end(Reason.RATE_LIMITED, found)
    return None


POLICY: tuple[tuple[str, Callable[[Case], Decision | None]], ...] = (
    ("notification", _notification),
    ("edge", _edge),
    ("own mail", _own_mail),
    ("moved", _moved),
    ("spoofed", _spoofed),
    ("duplicate", _duplicate),
    ("proven notice", notice.proven),
    ("flood", _flood),
    ("unproven notice", notice.unproven),
    ("thread", _thread),
    ("forwarded notice", notice.forwarded),
    ("forwarded again", _forwarded_again),
    ("automatic", _automatic),
    ("new ticket", newticket.new_ticket),
)
"""The rules by name, as docs/flow.md lists them and the trace names the one that decided."""
