"""A mail that belongs to a ticket: the comment, and what the operator's rules say of replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.blocks import paragraph
from gateway.decide import audience, newticket, rules, signing, thanks
from gateway.decide.compose import heading
from gateway.decide.context import DecisionContext
from gateway.decide.sender import binding
from gateway.decide.shown import questions, shown
from gateway.mail.ids import derived_message_id
from gateway.mail.likeness import SUBJECT
from gateway.match import title
from gateway.match.conditions import View
from gateway.model.effects import EffectBody, PriorityBody, ReopenBody, StatusBody, StillClosedBody
from gateway.model.email import Email, Forwarded
from gateway.model.plan import Decision, Plan
from gateway.model.questions import Copies, Copy, FilesOn, StateOf, Ticket
from gateway.model.reasons import Reason

MOST_SUBJECT = 500  # characters


def to_ticket(context: DecisionContext, ticket: Ticket, reopen: str, unbound: bool) -> Decision:
    """A reply by someone who may write there; with ``unbound`` only a token lets them."""
    if (twin := _twin_on(context, ticket.ticket_id)) and not context.delivery.release.unsuppressed:
        context.trace.add("same mail", f"delivery {twin} brings it to this ticket", "suppress")
        return context.end(Reason.DUPLICATE, twin)
    routed = _ruled(context)
    if routed.skip and not context.delivery.release.unsuppressed:
        return context.end(Reason.SKIPPED_BY_RULE, routed.skip)
    if routed.quarantine and not context.delivery.released:
        return context.end(Reason.HELD_BY_RULE, routed.quarantine)
    return comment(context, ticket, reopen, "the sender is not part of the ticket" if unbound else "", routed)


def _twin_on(context: DecisionContext, ticket_id: str) -> str:
    """An earlier delivery of the same mail, for a mailbox of another board, that went to this ticket."""
    if not context.email.message_id:
        return ""
    copies: list[Copy] = context.facts.ask(Copies(context.email.message_id))
    there = [copy for copy in copies if copy.earlier and copy.digest and copy.ticket_id == ticket_id]
    same = context.copies_among(there)
    return same[0].delivery_id if same and not context.words_added(same) else ""


def _ruled(context: DecisionContext) -> rules.Routed:
    """What the operator's rules say of a reply."""
    view = View(context.email, context.envelope, context.sender.address, context.policy.zone)
    return rules.route(context.policy.rules, view, context.facts, context.trace, context.delivery.tell, on="reply")


def comment(
    context: DecisionContext, ticket: Ticket, reopen: str = "", note: str = "", routed: rules.Routed | None = None
) -> Decision:
    """The mail as a comment on the ticket, with its new files; then the state and priority. What is for technicians
    keeps its files to them too."""
    routed = routed or rules.Routed()
    readers = audience.classify(context, ticket)
    if said := context.delivery.release.audience:
        readers = replace(readers, public=said == "public")
    idle = _is_only_noted(context, ticket)
    internal = routed.internal or not readers.public or idle
    context.keeps_files = internal and context.policy.holds_internal_files
    effects = _effects(context, ticket, note, internal, readers.by_customer)
    if status := _status_of(context, routed, ticket) or reopen:
        effects.append(ReopenBody(status_id=status) if reopen else StatusBody(status_id=status))
        effects += [StillClosedBody(facts=context.composer().facts_of_note())] if reopen else []
    effects += [*_priority(context, routed), *rules.extras(routed)]
    return _decision(context, ticket, effects, readers.by_customer)


def by_operator(context: DecisionContext, ticket: Ticket) -> Decision:
    """The mail on the ticket that an operator let it into. A stranger's words are internal unless the operator
    says otherwise, somebody is told whose they are and who let them in, and the word is about this mail alone."""
    release = context.delivery.release
    bound = binding(context.sender, ticket, context.facts)
    whole = f"all of this mail, for {release.by}" if release.whole else ""
    if bound:
        context.trace.add("sender", f"{context.sender.address}: {bound}", "may write to the ticket")
        return comment(context, ticket, note=whole, routed=rules.Routed(internal=bool(whole)))
    internal = release.audience != "public"
    context.trace.add("sender", "has nothing to do with the ticket", "internal" if internal else "public, as released")
    words = context.composer().stranger(release.by, context.sender.verdict == "fail")
    decision = comment(context, ticket, note=words if internal else "", routed=rules.Routed(internal=internal))
    assert decision.plan is not None
    effects = decision.plan.effects if internal else (*decision.plan.effects, context.composer().remark(words))
    people = newticket.people(context, by_customer=not internal) if release.admits else ()
    return replace(decision, plan=replace(decision.plan, effects=effects, people=people))


def _priority(context: DecisionContext, routed: rules.Routed) -> list[EffectBody]:
    """The priority that a rule sets, or the one below which it does not stay: the ticket's own is looked at when
    it is changed."""
    known, named = context.policy.rules, routed.ids.get("priority_id", "")
    lower = known.below(routed.at_least)
    wanted = routed.at_least if not named or named in lower else named
    if not wanted:
        return []
    return [PriorityBody(priority_id=wanted, below=None if named else tuple(lower))]


def _decision(context: DecisionContext, ticket: Ticket, effects: list[EffectBody], by_customer: bool) -> Decision:
    plan = Plan(
        effects=newticket.with_extras(context, effects),
        board_id=ticket.board_id,
        ticket_id=ticket.ticket_id,
        ids=newticket.ids(context, ticket.ticket_id),
        people=newticket.people(context, by_customer),
        marks=newticket.marks(context),
        signed=signing.learnt(context),
    )
    context.trace.add("thread", f"ticket {ticket.number or ticket.ticket_id}", "comment")
    return Decision("comment", plan=plan)


def _is_only_noted(context: DecisionContext, ticket: Ticket) -> bool:
    """Whether the mail asks for nothing, and is for technicians. That it works is news on a ticket that is open."""
    if not context.idle:
        return False
    if context.idle == thanks.WORKS and not context.facts.ask(StateOf(ticket.ticket_id)).is_closed:
        return False
    context.trace.add("asks for nothing", context.idle, "internal")
    return True


def _status_of(context: DecisionContext, routed: rules.Routed, ticket: Ticket) -> str:
    """The status that a rule wants, where the ticket is on its board; a closed one stays closed for what asks for
    nothing."""
    status = routed.ids.get("status_id", "")
    if status and routed.ids.get("board_id") != ticket.board_id:
        context.trace.add("rule", "its status is of another board than the ticket", "not used")
        return ""
    if status and context.idle and context.facts.ask(StateOf(ticket.ticket_id)).is_closed:
        context.trace.add("rule", "the ticket is closed, and the mail asks for nothing", "no status")
        return ""
    return status


def _present(context: DecisionContext, ticket: Ticket) -> Mapping[str, str]:
    """The mail's files that the ticket has already."""
    asked = _files_on(context, ticket)
    present: Mapping[str, str] = context.facts.ask(asked[0]) if asked else {}
    return present


def _files_on(context: DecisionContext, ticket: Ticket) -> tuple[FilesOn, ...]:
    hashes = tuple(dict.fromkeys(attachment.sha256 for attachment in context.email.attachments if attachment.size))
    return (FilesOn(ticket.ticket_id, hashes),) if hashes else ()


def _effects(
    context: DecisionContext, ticket: Ticket, note: str, internal: bool, by_customer: bool
) -> list[EffectBody]:
    email, composer = context.email, context.composer()
    if email.auto.proven_bounce:
        return composer.bounce()
    context.facts.want(*_files_on(context, ticket), *questions(context, ticket))
    present = _present(context, ticket)
    said = shown(context, ticket, present)
    spared = {email.attachments[i].sha256: email.attachments[i].filename for i in said.known}
    automatic = email.auto.kind if email.auto.is_auto else ""
    return composer.comment(
        said.blocks,
        internal=internal or bool(automatic),
        present={**present, **spared},
        hidden=said.hidden,
        signature=said.signature,
        automatic=automatic,
        note=note,
        subject=_own_subject(email, said.has_words),
        by_customer=by_customer and not automatic,
    )


def _own_subject(email: Email, has_words: bool) -> str:
    """The subject, where it may say what nothing else does: somebody wrote it in place of the thread's, as to vote, or
    the mail has no other words."""
    is_threads = title.is_reply(email.subject) or title.unnumbered(email.subject) != email.subject
    return "" if has_words and is_threads else title.clean(email.subject)[:MOST_SUBJECT]


def forwarded(context: DecisionContext, ticket: Ticket, original: Forwarded) -> Decision:
    """The technician's words as an internal comment on the ticket that has the mail; the attached copy of it is
    not uploaded again."""
    context.keeps_files = context.policy.holds_internal_files
    words = context.email.forwarded.above_blocks if context.email.forwarded else ()
    present = {
        attachment.sha256: attachment.filename
        for attachment in context.email.attachments
        if attachment.content_type == "message/rfc822"
    }
    named = heading(original, context.policy.zone).removesuffix(":")
    body = [*words, paragraph(f"{named} was forwarded again; it is on this ticket.")]
    effects = context.composer().comment(body, internal=True, present={**_present(context, ticket), **present})
    return _decision(context, ticket, effects, by_customer=False)


def again(context: DecisionContext, ticket: Ticket, lines: Sequence[int]) -> Decision:
    """These lines of a copy of a mail that the ticket has, as an internal comment. What else the copy says, such as
    whom it names, counts for nothing."""
    email = context.email
    texts = email.text.split("\n")
    said = [f"Subject: {title.clean(email.subject)}" if line == SUBJECT else texts[line] for line in lines]
    body = [paragraph("This mail came a second time. The first one does not have these words:"), *map(paragraph, said)]
    present = {attachment.sha256: attachment.filename for attachment in email.attachments}
    effects = context.composer().comment(body, internal=True, present=present)
    own = (context.message_id or derived_message_id(email.digest), "received")
    context.trace.add("same Message-ID", f"lines that ticket {ticket.number} lacks: {len(lines)}", "internal comment")
    extended = newticket.with_extras(context, effects)
    plan = Plan(effects=extended, board_id=ticket.board_id, ticket_id=ticket.ticket_id, ids=(own,))
    return Decision("comment", plan=plan)
