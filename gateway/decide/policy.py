"""What becomes of a mail: the ordered policy.

``decide`` returns a Decision, or the questions that it still needs answered (facts.Unanswered is
caught here and nowhere else).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.decide import (
    acknowledge,
    calendars,
    closed,
    copies,
    floods,
    forwards,
    newticket,
    reply,
    sender,
    thanks,
    threading,
)
from gateway.decide.context import DecisionContext, DeliveryContext, Guard
from gateway.decide.notices import notice
from gateway.decide.today import ticket_of_id
from gateway.mail.auto import enveloped
from gateway.match import probe, title
from gateway.match.recipient import as_addressed
from gateway.model.email import Automatic, Email, Notification
from gateway.model.envelope import Envelope
from gateway.model.plan import Decision, Learned, Trace
from gateway.model.questions import (
    ClosingOn,
    ContactsOf,
    Copies,
    Facts,
    ProbeSent,
    Question,
    Recent,
    RecentMails,
    Staff,
    StateOf,
    Ticket,
    TicketFacts,
    TicketState,
    Unanswered,
)
from gateway.model.reasons import Reason

SUPPRESSED_WITHOUT_THREAD = (Reason.BOUNCE, Reason.RECEIPT, Reason.AUTO_REPLY, Reason.VACATION)

LOOKS = {
    "bounce": "a delivery report",
    "receipt": "a receipt",
    "auto-reply": "an automatic reply",
    "vacation": "an out-of-office reply",
}


def decide(
    email: Email, envelope: Envelope, delivery: DeliveryContext, answers: Mapping[Question, Any]
) -> Decision | tuple[Question, ...]:
    """Decide, or say what is missing."""
    facts = Facts(answers)
    policy = delivery.policy
    email, envelope = sender.unlisted(email, envelope, policy.lists, policy.own)
    envelope = as_addressed(email, envelope, policy.own)
    email = replace(email, auto=enveloped(email.auto, envelope.mail_from))
    if delivery.release.by_a_person:
        email = replace(email, auto=Automatic())
    context = DecisionContext(email, envelope, delivery, facts, Trace(), message_id=email.message_id)
    if delivery.continues:
        context.note = f"continues ticket {delivery.continues}, which the desk no longer has"
    try:
        requesters = policy.requesters
        colleagues = requesters.infer and policy.colleagues
        context.sender = sender.identify(email, envelope, facts, requesters.domains, policy.own, colleagues)
        for name, rule in POLICY:
            decision = rule(context)
            if decision is not None:
                context.trace.add("policy", name, decision.outcome)
                decision = _acknowledged(context, decision)
                counted = sender.name_of(email, envelope)
                steps = tuple(context.trace.steps)
                hits = tuple(dict.fromkeys(context.trace.hits))
                taken = decision.outcome in ("ticket", "comment") or decision.reason is Reason.CALENDAR
                calendar = delivery.calendar if taken else None
                return replace(
                    decision, trace=steps, hits=hits, sender=counted.address, proof=counted.proof, calendar=calendar
                )
    except Unanswered as missing:
        return missing.questions
    raise AssertionError("the last rule decides")


def _acknowledged(context: DecisionContext, decision: Decision) -> Decision:
    """The decision with a mail to the sender, where that is wanted."""
    told = acknowledge.acknowledgement(context, decision)
    if told is None:
        return decision
    if decision.plan is None:
        return replace(decision, acknowledgement=told)
    return replace(decision, plan=replace(decision.plan, effects=(*decision.plan.effects, told)))


def _probe(context: DecisionContext) -> Decision | None:
    """A probe of the gateway's own, known by an id that nobody can guess: suppressed as `probe`."""
    email, delivery = context.email, context.delivery
    own_id = next(filter(probe.may_be, (email.message_id, email.header(probe.FIELD).strip())), "")
    if not own_id or delivery.release.unsuppressed or delivery.moved_to:
        return None
    if not context.facts.ask(ProbeSent(own_id)):
        return None
    context.trace.add("probe", own_id, "suppress")
    return replace(context.end(Reason.PROBE, "it came back"), probe=own_id)


def _notification(context: DecisionContext) -> Decision | None:
    """One of the desk's own notifications came back: suppressed as `own`, whatever its From; its id is learned. One
    about a ticket that the desk does not have is mail of somebody else's desk."""
    notification = context.email.marks.notification
    if notification is None or context.email.auto.kind != "own" or context.delivery.release.unsuppressed:
        return None
    if not _is_of_our_desk(context, notification):
        context.trace.add("own mail", f"ticket {notification.ticket_id} is not at the desk", "mail of another desk")
        auto = Automatic("helpdesk", context.email.auto.reasons, None, "helpdesk")
        context.email = replace(context.email, auto=auto, marks=replace(context.email.marks, notification=None))
        return None
    context.trace.add("own mail", ", ".join(context.email.auto.reasons), "suppress")
    decision = context.end(Reason.OWN, f"the desk's mail about ticket {notification.ticket_id}")
    return replace(decision, learned=_learned(context, notification))


def _is_of_our_desk(context: DecisionContext, notification: Notification) -> bool:
    """Whoever has the same desk sends mail with the same marks."""
    own = context.policy.own
    if context.sender.address in own or notification.sender in own:
        return True
    return context.facts.ask(TicketFacts(notification.ticket_id)) is not None


def _learned(context: DecisionContext, notification: Notification) -> tuple[Learned, ...]:
    """The id of a notification that nobody can have made up: From an address of ours, which is proven where anybody
    looked, about a ticket that the desk has."""
    who = context.sender
    if (
        not notification.message_id
        or notification.sender not in context.policy.own
        or (who.was_judged and not who.proven)
    ):
        return ()
    ticket: Ticket | None = context.facts.ask(TicketFacts(notification.ticket_id))
    if ticket is None:
        return ()
    context.trace.add(
        "own mail", f"<{notification.message_id}>", f"leads to ticket {ticket.number or ticket.ticket_id}"
    )
    return (Learned(notification.message_id, ticket.ticket_id, ticket.board_id),)


def _own_mail(context: DecisionContext) -> Decision | None:
    """Other automatic mail that one of our own addresses sent: suppressed as `own`."""
    if context.email.auto.kind != "own" or context.envelope.internal or context.delivery.release.unsuppressed:
        return None
    context.trace.add("own mail", ", ".join(context.email.auto.reasons), "suppress")
    return context.end(Reason.OWN, ", ".join(context.email.auto.reasons))


def expected_questions(email: Email, envelope: Envelope) -> tuple[Question, ...]:
    """What nearly every decision asks, to be answered in one go where that takes no call to the desk."""
    name = sender.name_of(email, envelope)
    others: tuple[Question, ...] = (Copies(email.message_id),) if email.message_id else ()
    people: tuple[Question, ...] = ()
    if name.address:
        people = (Staff(name.address), ContactsOf(name.address), RecentMails(*name, envelope.time))
    verdict = sender.verdict_of(email, envelope)
    return (*others, *people, threading.mapping_question(email, envelope, name.address, verdict))


def further_questions(
    email: Email, envelope: Envelope, guard: Guard, known: Mapping[Question, Any]
) -> tuple[Question, ...]:
    """What a decision asks after these answers, to be answered in the same go."""
    name = sender.name_of(email, envelope)
    recent: Recent | None = known.get(RecentMails(*name, envelope.time))
    asked = floods.rounds_question(email, envelope, recent, guard.rounds) if recent else None
    return (asked,) if asked else ()


def _edge(context: DecisionContext) -> Decision | None:
    """The SMTP server accepted the mail for quarantine, because of its sender's verdict."""
    if not context.envelope.quarantine or context.delivery.moved_to or context.delivery.released:
        return None
    context.trace.add("edge", context.envelope.verdict_reason or context.envelope.quarantine, "quarantine")
    return context.end(Reason.named(context.envelope.quarantine), context.envelope.verdict_reason)


def _spoofed(context: DecisionContext) -> Decision | None:
    """From is a technician, and the verdict, where one is configured, is not a pass: `spoofed-internal`."""
    who = context.sender
    if not who.is_staff or who.proven or not who.was_judged or context.delivery.released:
        return None
    context.trace.add("technician", f"{who.address} without a passing verdict ({who.verdict})", "quarantine")
    return context.end(Reason.SPOOFED_INTERNAL, f"{who.address} is a technician; the verdict is {who.verdict}")


def _moved(context: DecisionContext) -> Decision | None:
    """An operator moved or released the mail to a certain ticket, or to a new one."""
    target = context.delivery.moved_to
    if not target:
        return None
    if target == "new":
        context.trace.add("operator", "moved to a ticket of its own", "new ticket")
        return newticket.new_ticket(context)
    ticket = ticket_of_id(target, context.facts, context.policy.nobodys, context.trace)
    if ticket is None:
        return context.end(Reason.NO_TICKET, f"ticket {target}, to which it was moved, is not at the desk")
    context.trace.add("operator", f"moved to ticket {ticket.number or target}", "comment")
    return reply.by_operator(context, ticket)


def _thread(context: DecisionContext) -> Decision | None:
    """A reply to a known ticket: a comment if the sender is bound to the ticket, else `unverified-sender`."""
    thread = threading.Thread(
        context.email,
        context.envelope,
        context.sender,
        threading.mapping_question(context.email, context.envelope, context.sender.address, context.sender.verdict),
        context.facts,
        context.policy.destination["board_id"],
        context.policy.double_send,
        context.policy.nobodys,
        context.policy.requesters.infer,
        context.policy.own,
        context.policy.requesters.domains,
    )
    match = threading.find(thread, context.trace)
    if match.refused and match.claimed and context.delivery.release.overruled == match.refused:
        context.trace.add("operator", f"{context.delivery.release.by} lets this mail in", "comment")
        return reply.by_operator(context, match.claimed)
    if match.refused:
        return context.end(match.refused, match.detail)
    context.note = match.note or context.note
    if match.ticket is None:
        return None
    return _commented(context, match) or _commented_again(context, match, thread)


def _commented(context: DecisionContext, match: threading.Match) -> Decision | None:
    """The comment on the ticket; None where the mail begins one that continues it."""
    assert match.ticket is not None
    if _sent_on(context, match):
        context.trace.add("thread", "the sender sends it on to another mailbox, with new words", "new ticket")
        context.note = f"continues ticket {match.ticket.number or match.ticket.ticket_id}, of which a mail was sent on"
        return None
    reopening = _reopening(context, match.ticket, not match.unbound)
    if reopening.new:
        context.note = reopening.note
        context.follows_closed = True
        return None
    return reply.to_ticket(context, match.ticket, reopening.reopen, match.unbound)


def _commented_again(context: DecisionContext, match: threading.Match, thread: threading.Thread) -> Decision | None:
    """The comment on the ticket with which the sender continued this one before, by answering the same mail to the same
    board."""
    again = threading.find(thread, context.trace, threading.OWN_ANSWERS)
    is_other = again.ticket and match.ticket and again.ticket.ticket_id != match.ticket.ticket_id
    if not is_other or again.board_id != thread.board_id:
        return None
    context.follows_closed = False
    return _commented(context, again)


def _sent_on(context: DecisionContext, match: threading.Match) -> bool:
    """Whether a customer sends a mail of the ticket on to the mailbox of another board, with words of their own: a
    forward, or a subject that is no reply's."""
    email, who = context.email, context.sender
    boards = (match.board_id, match.ticket.board_id if match.ticket else "")
    if context.policy.destination["board_id"] in boards or who.is_staff or who.is_ours or email.auto.is_auto:
        return False
    answers = title.is_reply(email.subject) and not forwards.is_forward(email)
    return not answers and forwards.has_words(email)


def _reopening(context: DecisionContext, ticket: Ticket, trusted: bool) -> closed.Reopening:
    """What the reply does to the ticket if that is closed: as the board says on which it is."""
    state: TicketState = context.facts.ask(StateOf(ticket.ticket_id))
    if not state.is_closed:
        context.trace.add("state", "the ticket is open", "comment")
        return closed.Reopening()
    closing = context.policy.closings.get(ticket.board_id) or context.facts.ask(ClosingOn(ticket.board_id))
    return closed.evaluate(
        context.email,
        closing,
        state,
        context.facts,
        context.envelope.time,
        context.trace,
        trusted=trusted,
        by_technician=context.sender.is_staff,
        idle=context.idle,
    )


def _forwarded_again(context: DecisionContext) -> Decision | None:
    """A technician attached a mail that already has a ticket on this board: an internal comment there."""
    forward = newticket.forward_of(context)
    if forward is None or not forward.trusted or not forward.original.attached or context.delivery.moved_to:
        return None
    original, board_id = forward.original, context.policy.destination["board_id"]
    ticket = forwards.ticket_of(original, board_id, context.policy.nobodys, context.facts, context.trace)
    return reply.forwarded(context, ticket, original) if ticket else None


def _idle(context: DecisionContext) -> Decision | None:
    """A thank-you, a reaction or an accepted invitation that belongs to no ticket: `asks-for-nothing`."""
    if context.idle in ("", thanks.WORKS) or context.delivery.release.unsuppressed or context.delivery.moved_to:
        return None
    if not context.email.gesture and not thanks.asks_nothing_by_subject(context.email, context.policy.staff_names):
        return None
    context.trace.add("asks for nothing", context.idle, "suppress")
    return context.end(Reason.ASKS_FOR_NOTHING, context.idle)


def _automatic(context: DecisionContext) -> Decision | None:
    """Automatic replies, receipts and bounces that belong to no ticket are suppressed if structure and headers prove
    that they are; notifications, and mail that only looks automatic, go on, the latter with a note."""
    auto = context.email.auto
    if auto.kind not in SUPPRESSED_WITHOUT_THREAD or context.delivery.release.unsuppressed:
        return None
    reasons = ", ".join(auto.reasons)
    if auto.by_structure in SUPPRESSED_WITHOUT_THREAD:
        context.trace.add("automatic", f"{auto.kind}: {reasons}", "suppress")
        return context.end(Reason.named(auto.kind), reasons)
    context.trace.add("automatic", f"looks like {auto.kind}: {reasons}", f"no proof: goes on as {auto.by_structure}")
    context.email = replace(context.email, auto=Automatic(auto.by_structure, auto.reasons, None, auto.by_structure))
    context.note = "; ".join(filter(None, (context.note, f"looks like {LOOKS[auto.kind]}, but nothing proves it")))
    return None


POLICY: tuple[tuple[str, Callable[[DecisionContext], Decision | None]], ...] = (
    ("probe", _probe),
    ("notification", _notification),
    ("edge", _edge),
    ("own mail", _own_mail),
    ("moved", _moved),
    ("spoofed", _spoofed),
    ("duplicate", copies.duplicate),
    ("calendar", calendars.windows),
    ("proven notice", notice.proven),
    ("flood", floods.flood),
    ("unproven notice", notice.unproven),
    ("thread", _thread),
    ("forwarded notice", notice.forwarded),
    ("forwarded again", _forwarded_again),
    ("automatic", _automatic),
    ("asks for nothing", _idle),
    ("rounds", floods.rounds),
    ("new ticket", newticket.new_ticket),
)
"""The rules by name, as docs/flow.md lists them and the trace names the one that decided."""
