"""What becomes of a mail: the ordered policy.

``decide`` returns a Decision, or the questions that it still needs answered (facts.Unanswered is
caught here and nowhere else).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.decide import requester, threading
from gateway.decide.compose import Composer
from gateway.decide.facts import Copies, Copy, Facts, FilesOn, Question, Unanswered
from gateway.decide.plan import Decision, EffectSpec, Outcome, Plan, Trace
from gateway.envelope import Envelope
from gateway.mail.ids import derived_message_id
from gateway.mail.model import Email
from gateway.templates import Templates

SUPPRESSED_WITHOUT_THREAD = ("bounce", "receipt", "auto-reply", "vacation")


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision knows without asking. ``destination`` holds the desk's ids (board_id, status_id,
    priority_id) and ``fallback_client`` one or ""; ``own`` are the mailboxes, in lower case."""

    delivery_id: str
    destination: Mapping[str, str]
    fallback_client: str
    own: frozenset[str]
    templates: Templates = field(default_factory=Templates)
    attach_original: bool = False


@dataclass(slots=True)
class _Case:
    """One mail under decision."""

    email: Email
    envelope: Envelope
    context: Context
    facts: Facts
    trace: Trace
    note: str = ""
    message_id: str = ""

    def composer(self) -> Composer:
        return Composer(self.context.templates, self.email, self.envelope, self.context.delivery_id)

    def end(self, outcome: Outcome, reason: str, detail: str = "") -> Decision:
        return Decision(outcome, reason, detail, trace=tuple(self.trace.steps))


def decide(
    email: Email, envelope: Envelope, context: Context, answers: Mapping[Question, Any]
) -> Decision | tuple[Question, ...]:
    """Decide, or say what is missing."""
    facts = Facts(answers)
    case = _Case(email, envelope, context, facts, Trace(), message_id=email.message_id)
    try:
        for rule in POLICY:
            decision = rule(case)
            if decision is not None:
                return decision
    except Unanswered as missing:
        return missing.questions
    raise AssertionError("the last rule decides")


def _own_mail(case: _Case) -> Decision | None:
    """The desk's or the gateway's own mail comes back."""
    if case.email.auto.kind != "own":
        return None
    case.trace.add("own mail", ", ".join(case.email.auto.reasons), "suppress")
    return case.end("suppress", "own", ", ".join(case.email.auto.reasons))


def _duplicate(case: _Case) -> Decision | None:
    """A copy of a mail that another delivery has: by another route, or for another mailbox."""
    if not case.email.message_id:
        return None
    copies: list[Copy] = case.facts.ask(Copies(case.email.message_id))
    earlier = [one for one in copies if one.earlier and one.digest]
    for one in earlier:
        same_board = one.board_id == case.context.destination["board_id"]
        if one.digest == case.email.digest and same_board and one.stage in ("DONE", "SUPPRESSED", "PLANNED"):
            case.trace.add("same Message-ID", f"delivery {one.delivery_id}, same content", "suppress")
            return case.end("suppress", "duplicate-of", one.delivery_id)
    if any(one.digest != case.email.digest for one in earlier):
        case.message_id = derived_message_id(case.email.digest)
        case.trace.add("same Message-ID", "other content", f"goes on as <{case.message_id}>")
    return None


def _thread(case: _Case) -> Decision | None:
    """A reply to a ticket that we know, by a sender who may write there."""
    match = threading.find(case.email, case.facts, case.context.destination["board_id"], case.trace)
    if match.refused:
        return case.end("quarantine", match.refused, match.detail)
    case.note = match.detail
    if match.ticket is None:
        return None
    ticket = match.ticket
    if twin := _twin_on(case, ticket.ticket_id):
        case.trace.add("same mail", f"delivery {twin} brings it to this ticket", "suppress")
        return case.end("suppress", "duplicate-of", twin)
    hashes = tuple(dict.fromkeys(one.sha256 for one in case.email.attachments if one.size))
    present = case.facts.ask(FilesOn(ticket.ticket_id, hashes)) if hashes else {}
    effects = _comment_effects(case, present)
    plan = Plan(
        effects=_with_original(case, effects),
        board_id=ticket.board_id,
        ticket_id=ticket.ticket_id,
        ids=_ids(case),
        people=_people(case),
    )
    case.trace.add("thread", f"ticket {ticket.number or ticket.ticket_id}", "comment")
    return Decision("comment", plan=plan, trace=tuple(case.trace.steps))


def _twin_on(case: _Case, ticket_id: str) -> str:
    """An earlier delivery of the same mail, for a mailbox of another board, that went to this ticket."""
    if not case.email.message_id:
        return ""
    copies: list[Copy] = case.facts.ask(Copies(case.email.message_id))
    for one in copies:
        if one.earlier and one.ticket_id == ticket_id and one.digest == case.email.digest:
            return one.delivery_id
    return ""


def _comment_effects(case: _Case, present: Mapping[str, str]) -> list[EffectSpec]:
    email, composer = case.email, case.composer()
    if email.auto.bounce:
        return composer.bounce()
    cut = email.reply.confidence == "high" and email.forwarded is None
    body = email.reply.blocks if cut else email.blocks
    hidden = email.reply.quoted.count("\n") + 1 if cut and email.reply.quoted else 0
    automatic = email.auto.kind if email.auto.is_auto else ""
    return composer.comment(body, internal=bool(automatic), present=present, hidden=hidden, automatic=automatic)


def _automatic(case: _Case) -> Decision | None:
    """Automatic mail that belongs to no ticket: what answers us is suppressed, what tells us is not."""
    auto = case.email.auto
    if auto.kind not in SUPPRESSED_WITHOUT_THREAD:
        return None
    case.trace.add("automatic", f"{auto.kind}: {', '.join(auto.reasons)}", "suppress")
    return case.end("suppress", auto.kind, ", ".join(auto.reasons))


def _new_ticket(case: _Case) -> Decision:
    """Everything else is a new ticket of its requester."""
    who = requester.find(case.email, case.facts, case.context.fallback_client, case.trace)
    if who.refused:
        return case.end("quarantine", who.refused, who.detail)
    destination = {**case.context.destination, "client_id": who.client_id}
    if who.contact_id:
        destination["contact_name_id"] = who.contact_id
    effects = case.composer().ticket(destination, case.email.blocks, case.note)
    plan = Plan(
        effects=_with_original(case, effects),
        board_id=destination["board_id"],
        ids=_ids(case),
        people=_people(case),
        client_id=who.client_id,
        contact_id=who.contact_id,
        fallback=who.fallback,
    )
    case.trace.add("new ticket", f"client {who.client_id}", "ticket")
    return Decision("ticket", plan=plan, trace=tuple(case.trace.steps))


POLICY: tuple[Callable[[_Case], Decision | None], ...] = (
    _own_mail,
    _duplicate,
    _thread,
    _automatic,
    _new_ticket,
)


def _ids(case: _Case) -> tuple[tuple[str, str], ...]:
    """The ids that lead to the ticket from now on, and how each is known."""
    own = case.message_id or derived_message_id(case.email.digest)
    named = [one for one in threading.thread_ids(case.email) if one != own]
    return ((own, "received"), *((one, "referenced") for one in named))


def _people(case: _Case) -> tuple[tuple[str, str], ...]:
    """Who takes part from now on; our own mailboxes do not."""
    email = case.email
    if email.auto.is_auto:
        return ()
    sender = [(email.sender.address.lower(), "sender")] if email.sender else []
    others = [(one.address.lower(), "to") for one in email.to] + [(one.address.lower(), "cc") for one in email.cc]
    return tuple((address, role) for address, role in (sender + others)[:51] if address not in case.context.own)


def _with_original(case: _Case, effects: list[EffectSpec]) -> tuple[EffectSpec, ...]:
    """Add the original mail where the mailbox wants it uploaded; before the comment on missing files."""
    if not case.context.attach_original:
        return tuple(effects)
    original = EffectSpec("document", {"part": "original", "name": "original.eml", "content_type": "message/rfc822"})
    if effects and effects[-1].kind == "missing":
        return (*effects[:-1], original, effects[-1])
    missing = EffectSpec("missing", {"metadata": {"delivery": case.context.delivery_id}})
    return (*effects, original, missing)
