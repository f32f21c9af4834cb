"""The new ticket: whose it is, where it goes, what it says, and what leads to it from then on."""

from __future__ import annotations

from dataclasses import replace

from gateway.blocks import paragraph
from gateway.decide import external, forwards, requester, rules, threading
from gateway.decide.compose import heading
from gateway.decide.context import Case
from gateway.mail.ids import derived_message_id
from gateway.mail.marks import root_of
from gateway.match import domains, title
from gateway.match.conditions import View
from gateway.model.email import Address, Block, lower_ascii
from gateway.model.plan import Decision, EffectSpec, Plan
from gateway.model.questions import Contact, ContactsOf
from gateway.model.reasons import Reason


def new_ticket(case: Case) -> Decision:
    """Everything else becomes a new ticket for its requester (docs/rules.md)."""
    context = case.context
    forward_of(case)
    asked = _asked(case)
    view = View(case.email, case.envelope, asked.address, context.zone)
    routed = rules.route(context.rules, view, case.facts, case.trace, context.tell)
    if routed.skip and not (context.release.unsuppressed or context.moved_to):
        return case.end(Reason.SKIPPED_BY_RULE, routed.skip)
    if routed.quarantine and not (context.released or context.moved_to):
        return case.end(Reason.HELD_BY_RULE, routed.quarantine)
    who = _not_ours(case, _routed(asked, routed))
    if who.refused:
        return case.end(who.refused, who.detail)
    destination = {**context.destination, **_importance(case), **routed.ids, "client_id": who.client_id}
    if destination["priority_id"] in context.rules.below(routed.at_least):
        case.trace.add("priority", f"lower than {routed.at_least}", "raised")
        destination["priority_id"] = routed.at_least
    if who.contact_id:
        destination["contact_name_id"] = who.contact_id
    effects = case.composer().ticket(
        destination, body(case), case.note, _watchers(case, who.client_id), routed.title, routed.internal
    )
    if who.create:
        effects.insert(0, _contact(who.create, who.client_id))
    plan = Plan(
        effects=with_extras(case, effects),
        board_id=destination["board_id"],
        ids=ids(case),
        people=people(case, not case.sender.is_staff),
        marks=marks(case),
        subject=case.email.subject,
        client_id=who.client_id,
        contact_id=who.contact_id,
        fallback=who.fallback,
    )
    case.trace.add("new ticket", f"client {who.client_id}", "ticket")
    return Decision("ticket", plan=plan)


def forward_of(case: Case) -> forwards.Forward | None:
    """The forward in the mail, looked for and traced once."""
    if not case.is_searched:
        case.is_searched = True
        context = case.context
        case.forward = forwards.find(case.email, case.sender, context.forwarders, context.own, case.facts, case.trace)
    return case.forward


def _asked(case: Case) -> requester.Asked:
    """Whose ticket it is to be: the original sender of a technician's forward, the one in Reply-To of a
    form's mail, else From."""
    email, sender, forward = case.email, case.sender, case.forward
    person, vouched = email.sender, sender.proven and not sender.is_staff
    if forward and forward.requester:
        person, vouched = forward.requester, True
    elif filled := _filled_in(case):
        case.trace.add("reply-to", f"{sender.address} is a form", f"requester {filled.address}")
        person, vouched = filled, False
    automatic: str = email.auto.kind if email.auto.is_auto and person is email.sender else ""
    if person is email.sender and sender.is_ours:
        automatic = "one of our own addresses"
    disproven = sender.verdict == "fail"
    return requester.Asked(person, automatic, vouched, disproven, case.context.requesters, case.facts, case.trace)


def _not_ours(case: Case, asked: requester.Asked) -> requester.Requester:
    """The requester; never one of our own mailboxes as the contact: the desk would mail us, and so in a circle."""
    who = requester.find(asked)
    if (who.contact_id or who.create) and asked.address in case.context.own:
        case.trace.add("contact", f"{asked.address} is one of our own mailboxes", "not used")
        return replace(who, contact_id="", create=None)
    return who


def _routed(asked: requester.Asked, routed: rules.Routed) -> requester.Asked:
    """What the rules say of the requester: they count before everything else."""
    if routed.contact:
        asked = replace(asked, person=Address(routed.contact), automatic="", vouched=False)
    if routed.to_fallback:
        return replace(asked, client_id=asked.policy.fallback, to_fallback=True)
    return replace(asked, client_id=routed.client_id)


def _importance(case: Case) -> dict[str, str]:
    """The priority of a mail that its sender marked as important or not: high only raises and low only lowers, as
    far as the operator's order knows both priorities."""
    email = case.email
    words = f"{email.header('Importance')} {email.header('X-Priority')[:1]} {email.header('Priority')}".lower().split()
    for level, marks in (("high", ("high", "1", "2", "urgent")), ("low", ("low", "4", "5", "non-urgent"))):
        if level in case.context.importance and any(word in marks for word in words):
            usual, wanted = case.context.destination["priority_id"], case.context.importance[level]
            lower, higher = (wanted, usual) if level == "high" else (usual, wanted)
            if lower in case.context.rules.below(higher):
                case.trace.add("importance", level, f"not: the mailbox's priority is {level}er")
                return {}
            case.trace.add("importance", level, "priority")
            return {"priority_id": wanted}
    return {}


def _filled_in(case: Case) -> Address | None:
    """Who filled in the form that wrote the mail, which may use an address of ours: only where a verdict, if there
    are any, passed."""
    sender, filled = case.sender, case.email.reply_to
    is_form = sender.is_ours or domains.among(sender.address, case.context.forms)
    if not is_form or (sender.looked_at and not sender.proven):
        return None
    return filled if filled and filled.key not in case.context.own else None


def _contact(who: Address, client_id: str) -> EffectSpec:
    name = title.clean(who.name)[:120] or who.address
    return EffectSpec("contact", {"request": {"full_name": name, "email": who.address, "client_id": client_id}})


def _watchers(case: Case, client_id: str) -> list[dict[str, object]]:
    """Those in Cc whom the ticket's watch list gets: active contacts of its client, of the sender's own
    domain (nobody else is looked up). Strangers take part without it."""
    email = case.email
    if not case.context.watch_cc or email.auto.is_auto or not case.sender.address:
        return []
    domain = domains.of(case.sender.address)
    near = [one for one in email.cc[:20] if domains.of(one.address) == domain and one.address not in case.context.own]
    case.facts.want(*(ContactsOf(one.key) for one in near))
    found: list[dict[str, object]] = []
    for one in near:
        contacts: list[Contact] = case.facts.ask(ContactsOf(one.key))
        if any(each.client_id == client_id and not each.inactive for each in contacts):
            found.append({"email": one.key, "active": True, "name": one.name[:255], "source": "inbound_cc"})
    return found


def body(case: Case) -> list[Block]:
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


def ids(case: Case, ticket_id: str = "") -> tuple[tuple[str, str], ...]:
    """The ids that lead to the ticket, "" for a new one, from now on, and how each is known. Those of the desk's mail
    about another ticket lead there, wherever the mail goes that has or names them."""
    own = case.message_id or derived_message_id(case.email.digest)
    carried = case.forward.original.message_ids if case.forward and case.forward.trusted else ()
    named = [one for one in dict.fromkeys((*threading.thread_ids(case.email), *carried)) if one != own]
    if {root for one in named if (root := root_of(one))} - {ticket_id}:
        named = []
    notification = case.email.marks.notification
    if notification and notification.ticket_id != ticket_id:
        own = derived_message_id(case.email.digest)
    numbers = external.ids_of(case.email)
    return ((own, "received"), *((one, "referenced") for one in named), *((one, "number") for one in numbers))


def people(case: Case, by_customer: bool) -> tuple[tuple[str, str], ...]:
    """Who takes part from now on; our own mailboxes do not. Whom somebody of ours writes to, or a supplier whom they
    brought in, stands aside: no customer."""
    email = case.email
    if email.auto.is_auto:
        return ()
    sender_role, to_role, cc_role = ("sender", "to", "cc") if by_customer else ("aside",) * 3
    sender = [(email.sender.key, sender_role)] if email.sender else []
    others = [(one.key, to_role) for one in email.to] + [(one.key, cc_role) for one in email.cc]
    if case.forward and case.forward.trusted:
        original = case.forward.original
        sender += [(original.sender.key, "sender")] if original.sender else []
        others += [(one.key, "to") for one in original.to]
        others += [(one.key, "cc") for one in original.cc]
    elif filled := _filled_in(case):
        others.append((filled.key, "to"))
    found = dict(reversed([(address, role) for address, role in sender + others if "@" in address]))
    return tuple((address, role) for address, role in reversed(found.items()) if address not in case.context.own)[:51]


def with_extras(case: Case, effects: list[EffectSpec]) -> tuple[EffectSpec, ...]:
    """Add the original mail where the mailbox wants it uploaded (before the comment on missing files),
    and a line on the ticket that an operator took the mail away from."""
    if case.context.attach_original:
        effects = _with_original(case, effects)
    if case.context.moved_from:
        effects = [*effects, case.composer().moved(case.context.moved_from)]
    return tuple(effects)


def _with_original(case: Case, effects: list[EffectSpec]) -> list[EffectSpec]:
    """The original carries every file of the mail: it is held with them, and not uploaded where one is dropped."""
    fates = case.fates()
    if any(one.dropped for one in fates):
        return effects
    held = case.held_text or next((one.held for one in fates if one.held), "")
    called = {"part": "original", "name": "original.eml", "content_type": "message/rfc822"}
    original = EffectSpec("document", {**called, "held": held} if held else called)
    missing = EffectSpec("missing", {"metadata": {"delivery": case.context.delivery_id}})
    last = next((one for one in effects if one.kind == "missing"), missing)  # it tells of the files before it
    return [*(one for one in effects if one is not last), original, last]


def marks(case: Case) -> tuple[tuple[str, str], ...]:
    """Addresses that a report says cannot be reached, with the status."""
    bounce = case.email.auto.bounce
    if bounce is None or not bounce.recipient or not bounce.status.startswith("5"):
        return ()
    return ((lower_ascii(bounce.recipient), bounce.status),)
