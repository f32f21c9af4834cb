"""A mail that belongs to a ticket: the comment, and what the operator's rules say of replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.blocks import paragraph
from gateway.decide import audience, newticket, rules
from gateway.decide.compose import heading
from gateway.decide.context import Case
from gateway.decide.sender import binding
from gateway.match.conditions import View
from gateway.model.email import Forwarded
from gateway.model.plan import Decision, EffectSpec, Plan, Trace
from gateway.model.questions import Copies, Copy, FilesOn, Ticket
from gateway.model.reasons import Reason


def to_ticket(case: Case, ticket: Ticket, reopen: str = "", unbound: bool = False) -> Decision:
    """A reply by someone who may write there; with ``unbound`` only a token lets them."""
    if (twin := _twin_on(case, ticket.ticket_id)) and not case.context.release.unsuppressed:
        case.trace.add("same mail", f"delivery {twin} brings it to this ticket", "suppress")
        return case.end(Reason.DUPLICATE, twin)
    routed = _ruled(case)
    if routed.skip and not case.context.release.unsuppressed:
        return case.end(Reason.SKIPPED_BY_RULE, routed.skip)
    if routed.quarantine and not case.context.released:
        return case.end(Reason.HELD_BY_RULE, routed.quarantine)
    return comment(case, ticket, reopen, "the sender is not part of the ticket" if unbound else "", routed)


def _twin_on(case: Case, ticket_id: str) -> str:
    """An earlier delivery of the same mail, for a mailbox of another board, that went to this ticket."""
    if not case.email.message_id:
        return ""
    copies: list[Copy] = case.facts.ask(Copies(case.email.message_id))
    for one in copies:
        if one.earlier and one.ticket_id == ticket_id and one.digest == case.email.digest:
            return one.delivery_id
    return ""


def _ruled(case: Case) -> rules.Routed:
    """What the operator's rules say of a reply."""
    context = case.context
    view = View(case.email, case.envelope, case.sender.address, context.zone)
    return rules.route(context.rules, view, case.facts, case.trace, context.tell, on="reply")


def comment(
    case: Case, ticket: Ticket, reopen: str = "", note: str = "", routed: rules.Routed | None = None
) -> Decision:
    """The mail as a comment on the ticket, with its new files; then the state and priority. What is for technicians
    keeps its files to them too."""
    routed = routed or rules.Routed()
    readers = audience.judge(case, ticket)
    if said := case.context.release.audience:
        readers = replace(readers, public=said == "public")
    internal = routed.internal or not readers.public
    case.keeps_files = internal and case.context.holds_internal_files
    effects = _effects(case, _present(case, ticket), note, internal)
    if status := _status_of(routed, ticket, case.trace) or reopen:
        request = {"status_id": status, "suppressContactNotifications": True}
        effects.append(EffectSpec("reopen" if reopen else "status", {"request": request}))
    return _decision(case, ticket, [*effects, *_priority(case, routed)], readers.by_customer)


def by_operator(case: Case, ticket: Ticket) -> Decision:
    """The mail on the ticket that an operator let it into. A stranger's words are internal unless the operator
    says otherwise, somebody is told whose they are and who let them in, and the word is about this mail alone."""
    release = case.context.release
    bound = binding(case.sender, ticket, case.facts)
    if bound:
        case.trace.add("sender", f"{case.sender.address}: {bound}", "may write to the ticket")
        return comment(case, ticket)
    internal = release.audience != "public"
    case.trace.add("sender", "has nothing to do with the ticket", "internal" if internal else "public, as released")
    words = case.composer().stranger(release.by, case.sender.verdict == "fail")
    decision = comment(case, ticket, note=words if internal else "", routed=rules.Routed(internal=internal))
    assert decision.plan is not None
    effects = decision.plan.effects if internal else (*decision.plan.effects, case.composer().remark(words))
    people = newticket.people(case, by_customer=not internal) if release.admits else ()
    return replace(decision, plan=replace(decision.plan, effects=effects, people=people))


def _priority(case: Case, routed: rules.Routed) -> list[EffectSpec]:
    """The priority that a rule sets, or the one below which it does not stay: the ticket's own is looked at when
    it is changed."""
    known, named = case.context.rules, routed.ids.get("priority_id", "")
    lower = known.below(routed.at_least)
    wanted = routed.at_least if not named or named in lower else named
    if not wanted:
        return []
    request = {"priority_id": wanted, "suppressContactNotifications": True}
    return [EffectSpec("priority", {"request": request} if named else {"request": request, "below": lower})]


def _decision(case: Case, ticket: Ticket, effects: list[EffectSpec], by_customer: bool) -> Decision:
    plan = Plan(
        effects=newticket.with_extras(case, effects),
        board_id=ticket.board_id,
        ticket_id=ticket.ticket_id,
        ids=newticket.ids(case, ticket.ticket_id),
        people=newticket.people(case, by_customer),
        marks=newticket.marks(case),
    )
    case.trace.add("thread", f"ticket {ticket.number or ticket.ticket_id}", "comment")
    return Decision("comment", plan=plan)


def _status_of(routed: rules.Routed, ticket: Ticket, trace: Trace) -> str:
    """The status that a rule wants, where the ticket is on its board."""
    status = routed.ids.get("status_id", "")
    if status and routed.ids.get("board_id") != ticket.board_id:
        trace.add("rule", "its status is of another board than the ticket", "not used")
        return ""
    return status


def _present(case: Case, ticket: Ticket) -> Mapping[str, str]:
    """The mail's files that the ticket has already."""
    hashes = tuple(dict.fromkeys(one.sha256 for one in case.email.attachments if one.size))
    present: Mapping[str, str] = case.facts.ask(FilesOn(ticket.ticket_id, hashes)) if hashes else {}
    return present


def _effects(case: Case, present: Mapping[str, str], note: str, internal: bool) -> list[EffectSpec]:
    email, composer = case.email, case.composer()
    if email.auto.bounce:
        return composer.bounce()
    cut = email.reply.confidence == "high" and email.forwarded is None
    body = email.reply.blocks if cut else email.blocks
    hidden = email.reply.quoted.count("\n") + 1 if cut and email.reply.quoted else 0
    automatic = email.auto.kind if email.auto.is_auto else ""
    return composer.comment(
        body, internal=internal or bool(automatic), present=present, hidden=hidden, automatic=automatic, note=note
    )


def forwarded(case: Case, ticket: Ticket, original: Forwarded) -> Decision:
    """The technician's words as an internal comment on the ticket that has the mail; the attached copy of it is
    not uploaded again."""
    case.keeps_files = case.context.holds_internal_files
    words = case.email.forwarded.above_blocks if case.email.forwarded else ()
    present = {one.sha256: one.filename for one in case.email.attachments if one.content_type == "message/rfc822"}
    body = [*words, paragraph(f"{heading(original).removesuffix(':')} was forwarded again; it is on this ticket.")]
    effects = case.composer().comment(body, internal=True, present={**_present(case, ticket), **present})
    return _decision(case, ticket, effects, by_customer=False)
