"""The new ticket: whose it is, where it goes, what it says, and what leads to it from then on."""

from __future__ import annotations

from gateway.blocks import paragraph
from gateway.decide import external, forwards, requester, threading
from gateway.decide.case import Case
from gateway.decide.compose import heading
from gateway.decide.plan import Decision, EffectSpec, Plan
from gateway.mail.ids import derived_message_id
from gateway.mail.model import Block


def new_ticket(case: Case) -> Decision:
    """Everything else is a new ticket of its requester."""
    context = case.context
    case.forward = forwards.find(case.email, case.sender, context.forwarders, context.own, case.facts, case.trace)
    about = case.forward.requester if case.forward else None
    person = about or case.email.sender
    automatic = case.email.auto.kind if case.email.auto.is_auto else ""
    who = requester.find(person, automatic, case.facts, context.fallback_client, case.trace)
    if who.refused:
        return case.end("quarantine", who.refused, who.detail)
    destination = {**context.destination, "client_id": who.client_id}
    if who.contact_id:
        destination["contact_name_id"] = who.contact_id
    effects = case.composer().ticket(destination, _body(case), case.note)
    plan = Plan(
        effects=with_extras(case, effects),
        board_id=destination["board_id"],
        ids=ids(case),
        people=people(case),
        marks=marks(case),
        subject=case.email.subject,
        client_id=who.client_id,
        contact_id=who.contact_id,
        fallback=who.fallback,
    )
    case.trace.add("new ticket", f"client {who.client_id}", "ticket")
    return Decision("ticket", plan=plan, trace=tuple(case.trace.steps))


def _body(case: Case) -> list[Block]:
    """What the customer wrote: of a technician's forward the forwarded part. A mail that somebody else
    attached stands below their words."""
    email, forward = case.email, case.forward
    if forward is None:
        return list(email.blocks)
    original = forward.original
    if forward.trusted:
        return list(original.blocks) or list(email.blocks)
    if not original.attached:
        return list(email.blocks)
    return [*email.blocks, paragraph(heading(original)), *original.blocks]


def ids(case: Case) -> tuple[tuple[str, str], ...]:
    """The ids that lead to the ticket from now on, and how each is known."""
    own = case.message_id or derived_message_id(case.email.digest)
    carried = case.forward.original.message_ids if case.forward and case.forward.trusted else ()
    named = [one for one in dict.fromkeys((*threading.thread_ids(case.email), *carried)) if one != own]
    numbers = external.ids_of(case.email)
    return ((own, "received"), *((one, "referenced") for one in named), *((one, "number") for one in numbers))


def people(case: Case) -> tuple[tuple[str, str], ...]:
    """Who takes part from now on; our own mailboxes do not."""
    email = case.email
    if email.auto.is_auto:
        return ()
    sender = [(email.sender.address.lower(), "sender")] if email.sender else []
    others = [(one.address.lower(), "to") for one in email.to] + [(one.address.lower(), "cc") for one in email.cc]
    if case.forward and case.forward.trusted:
        original = case.forward.original
        sender += [(original.sender.address.lower(), "sender")] if original.sender else []
        others += [(one.address.lower(), "to") for one in original.to]
        others += [(one.address.lower(), "cc") for one in original.cc]
    found = dict(reversed([(address, role) for address, role in sender + others if "@" in address]))
    return tuple((address, role) for address, role in reversed(found.items()) if address not in case.context.own)[:51]


def with_extras(case: Case, effects: list[EffectSpec]) -> tuple[EffectSpec, ...]:
    """Add the original mail where the mailbox wants it uploaded (before the comment on missing files),
    and a line on the ticket that an operator took the mail away from."""
    if case.context.attach_original:
        original = EffectSpec(
            "document", {"part": "original", "name": "original.eml", "content_type": "message/rfc822"}
        )
        missing = [EffectSpec("missing", {"metadata": {"delivery": case.context.delivery_id}})]
        if effects and effects[-1].kind == "missing":
            missing = [effects.pop()]
        effects = [*effects, original, *missing]
    if case.context.moved_from:
        effects = [*effects, case.composer().moved(case.context.moved_from)]
    return tuple(effects)


def marks(case: Case) -> tuple[tuple[str, str], ...]:
    """Addresses that a report says cannot be reached, with the status."""
    bounce = case.email.auto.bounce
    if bounce is None or not bounce.recipient or not bounce.status.startswith("5"):
        return ()
    return ((bounce.recipient.lower(), bounce.status),)
