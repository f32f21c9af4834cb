"""The new ticket: whose it is, where it goes, what it says, and what leads to it from then on."""

from __future__ import annotations

from dataclasses import replace

from gateway.blocks import paragraph
from gateway.decide import announced, external, forwards, requester, rules, signing, threading
from gateway.decide.compose import heading
from gateway.decide.context import DecisionContext
from gateway.decide.pictures import without_pictures
from gateway.decide.sender import filled_in_by
from gateway.mail.author import NotStrict, read_mailbox
from gateway.mail.ids import derived_message_id
from gateway.mail.marks import root_of
from gateway.match import domains, title
from gateway.match.conditions import View
from gateway.model.effects import ContactBody, DocumentBody, EffectBody, MissingBody
from gateway.model.email import Address, Block, Email, lower_ascii
from gateway.model.plan import Decision, Plan, Trace
from gateway.model.questions import Contact, ContactsOf, Staff
from gateway.model.reasons import Reason

MOST_RECIPIENTS = 20
MANY = 25  # recipients of a mail that is no conversation any more
ANSWERED_BY_MACHINE = ("own", "bounce", "receipt", "vacation", "auto-reply")


def new_ticket(context: DecisionContext) -> Decision:
    """Everything else becomes a new ticket for its requester (docs/rules.md)."""
    forward_of(context)
    asked = _asked(context)
    view = View(context.email, context.envelope, asked.address, context.policy.zone)
    routed = rules.route(context.policy.rules, view, context.facts, context.trace, context.delivery.tell)
    if routed.skip and not (context.delivery.release.unsuppressed or context.delivery.moved_to):
        return context.end(Reason.SKIPPED_BY_RULE, routed.skip)
    if routed.quarantine and not (context.delivery.released or context.delivery.moved_to):
        return context.end(Reason.HELD_BY_RULE, routed.quarantine)
    who = _not_ours(context, _routed(asked, routed))
    if who.refused:
        return context.end(who.refused, who.detail)
    context.to_many = context.to_many or _went_to_many(context)
    destination = {**context.policy.destination, **_importance(context), **routed.ids, "client_id": who.client_id}
    if destination["priority_id"] in context.policy.rules.below(routed.at_least):
        context.trace.add("priority", f"lower than {routed.at_least}", "raised")
        destination["priority_id"] = routed.at_least
    if who.contact_id:
        destination["contact_id"] = who.contact_id
    context.keeps_files = routed.internal and context.policy.holds_internal_files
    spared = signing.known(context, "", {}).files
    effects = context.composer().ticket(
        destination,
        without_pictures(body(context), spared),
        context.note,
        _watchers(context, who.client_id),
        routed.title,
        routed.internal,
        spared,
    )
    if who.create:
        effects.insert(0, _contact(who.create, who.client_id))
    plan = Plan(
        effects=with_extras(context, [*effects, *rules.extras(routed)]),
        board_id=destination["board_id"],
        ids=ids(context),
        people=people(context, not (context.sender.is_staff or context.theirs)),
        marks=marks(context),
        subject=context.email.subject,
        client_id=who.client_id,
        contact_id=who.contact_id,
        fallback=who.fallback,
        signed=signing.learnt(context),
    )
    context.trace.add("new ticket", f"client {who.client_id}", "ticket")
    return Decision("ticket", plan=plan)


def forward_of(context: DecisionContext) -> forwards.Forward | None:
    """The forward in the mail, looked for and traced once."""
    if not context.is_searched:
        context.is_searched = True
        policy = context.policy
        context.forward = forwards.find(
            context.email, context.sender, policy.forwarders, policy.own, policy.forms, context.facts, context.trace
        )
    return context.forward


def _asked(context: DecisionContext) -> requester.Asked:
    """Whose ticket it is to be: the original sender of a technician's forward, the one in Reply-To of a
    form's mail, else From."""
    email, sender, forward = context.email, context.sender, context.forward
    person, vouched = email.sender, sender.proven and not sender.is_staff
    if forward and forward.requester:
        person, vouched = forward.requester, True
    elif filled := _filled_in(context):
        context.trace.add("reply-to", f"{sender.address} is a form", f"requester {filled.address}")
        person, vouched = filled, False
    elif begun := addressee(context):
        context.trace.add("technician", f"{sender.address} writes to {begun.key}", "their ticket")
        person, vouched = begun, True
    automatic: str = email.auto.kind if email.auto.is_auto and person is email.sender else ""
    ours = person is email.sender and sender.is_ours
    disproven = sender.verdict == "fail"
    return requester.Asked(
        person, automatic, vouched, disproven, context.policy.requesters, context.facts, context.trace, ours=ours
    )


def addressee(context: DecisionContext) -> Address | None:
    """The customer to whom a technician writes, also in a mailbox's name: where all recipients that are known belong to
    one client, the first of them who is a contact, else the first. Two clients are nobody's ticket, with a note."""
    email, sender = context.email, context.sender
    by_us = sender.proven and (sender.is_staff or sender.is_ours)
    if not by_us or email.auto.is_auto or context.forward or email.forwarded:
        return None
    known = [(person, found) for person in others(context) if (found := _known(context, person))]
    clients = dict.fromkeys(found.client_id for _, found in known)
    if len(clients) > 1:
        words = f"written to people of {len(clients)} clients"
        context.trace.add("technician", words, "fallback client")
        context.note = "; ".join(filter(None, (context.note, words)))
        context.to_many = True
    if len(clients) != 1:
        return None
    context.theirs = frozenset(person.key for person, _ in known)
    return next((person for person, found in known if found.contact_id), known[0][0])


def others(context: DecisionContext) -> list[Address]:
    """To and Cc without our own mailboxes and technicians."""
    named = [person for person in (*context.email.to, *context.email.cc) if "@" in person.key]
    named = [person for person in named if person.key not in context.policy.own][:MOST_RECIPIENTS]
    context.facts.want(*(Staff(person.key) for person in named))
    return [person for person in named if not context.facts.ask(Staff(person.key))]


def _went_to_many(context: DecisionContext) -> bool:
    """Whether the mail is an announcement: to very many, a machine's that is not to us alone, or one of our own people
    to nobody who can be seen."""
    email, sender = context.email, context.sender
    named = {person.key for person in (*email.to, *email.cc)}
    strangers = [address for address in named if address not in context.policy.own]
    if not strangers and (sender.is_staff or sender.is_ours) and not email.forwarded and not _filled_in(context):
        return True
    return len(strangers) > MANY or (email.auto.is_auto and (bool(strangers) or not named))


def _known(context: DecisionContext, person: Address) -> requester.Requester | None:
    """Whose somebody is, None for nobody's."""
    policy, facts = replace(context.policy.requesters, fallback="", contacts="never"), context.facts
    found = requester.find(requester.Asked(person, "", False, False, policy, facts, Trace()))
    return found if found.client_id and not found.refused else None


def _not_ours(context: DecisionContext, asked: requester.Asked) -> requester.Requester:
    """The requester; never one of our own mailboxes as the contact: the desk would mail us, and so in a circle."""
    who = requester.find(asked)
    if (who.contact_id or who.create) and asked.address in context.policy.own:
        context.trace.add("contact", f"{asked.address} is one of our own mailboxes", "not used")
        return replace(who, contact_id="", create=None)
    return who


def _routed(asked: requester.Asked, routed: rules.Routed) -> requester.Asked:
    """What the rules say of the requester: they count before everything else."""
    if routed.contact:
        asked = replace(asked, person=Address(routed.contact), automatic="", ours=False, vouched=False)
    if routed.to_fallback:
        return replace(asked, client_id=asked.policy.fallback, to_fallback=True)
    return replace(asked, client_id=routed.client_id)


def _importance(context: DecisionContext) -> dict[str, str]:
    """The priority of a mail that its sender marked as important or not: high only raises and low only lowers, as
    far as the operator's order knows both priorities."""
    email = context.email
    words = f"{email.header('Importance')} {email.header('X-Priority')[:1]} {email.header('Priority')}".lower().split()
    for level, marks in (("high", ("high", "1", "2", "urgent")), ("low", ("low", "4", "5", "non-urgent"))):
        if level in context.policy.importance and any(word in marks for word in words):
            usual, wanted = context.policy.destination["priority_id"], context.policy.importance[level]
            lower, higher = (wanted, usual) if level == "high" else (usual, wanted)
            if lower in context.policy.rules.below(higher):
                context.trace.add("importance", level, f"not: the mailbox's priority is {level}er")
                return {}
            context.trace.add("importance", level, "priority")
            return {"priority_id": wanted}
    return {}


def _filled_in(context: DecisionContext) -> Address | None:
    """Who filled in the form that wrote the mail: only where a verdict, if there are any, passed."""
    sender, policy = context.sender, context.policy
    if sender.was_judged and not sender.proven:
        return None
    return filled_in_by(sender.address, context.email.reply_to, policy.own, policy.forms)


def _contact(who: Address, client_id: str) -> ContactBody:
    name = title.clean(who.name)[:120] or who.address
    return ContactBody(name=name, address=who.address, client_id=client_id)


def _watchers(context: DecisionContext, client_id: str) -> list[dict[str, str]]:
    """Those in Cc whom the ticket's watch list gets: active contacts of its client, of the sender's own
    domain (nobody else is looked up). Strangers take part without it."""
    email = context.email
    if not context.policy.watch_cc or email.auto.is_auto or not context.sender.address:
        return []
    domain = domains.of(context.sender.address)
    near = [
        recipient
        for recipient in email.cc[:20]
        if domains.of(recipient.address) == domain and recipient.address not in context.policy.own
    ]
    context.facts.want(*(ContactsOf(person.key) for person in near))
    found: list[dict[str, str]] = []
    for person in near:
        contacts: list[Contact] = context.facts.ask(ContactsOf(person.key))
        if any(each.client_id == client_id and not each.inactive for each in contacts):
            found.append({"email": person.key, "name": person.name[:255]})
    return found


def body(context: DecisionContext) -> list[Block]:
    """What the customer wrote: of a technician's forward the forwarded part. A mail that somebody else
    attached stands below their words."""
    email, forward = context.email, context.forward
    if forward is None:
        return list(email.blocks)
    original = forward.original
    if forward.trusted:
        return list(original.blocks) or list(email.blocks)
    if not original.attached:
        return list(email.blocks)
    above = [*email.blocks, paragraph()] if email.blocks else []
    return [*above, paragraph(heading(original, context.policy.zone)), *original.blocks]


def ids(context: DecisionContext, ticket_id: str = "") -> tuple[tuple[str, str], ...]:
    """The ids that lead to the ticket, "" for a new one, from now on, and how each is known. Those of the desk's mail
    about another ticket lead there, wherever the mail goes that has or names them."""
    own = context.message_id or derived_message_id(context.email.digest)
    carried = context.forward.original.message_ids if context.forward and context.forward.trusted else ()
    named = [
        message_id
        for message_id in dict.fromkeys((*threading.thread_ids(context.email), *carried, context.email.event))
        if message_id not in ("", own)
    ]
    if {root for message_id in named if (root := root_of(message_id))} - {ticket_id}:
        named = []
    notification = context.email.marks.notification
    if notification and notification.ticket_id != ticket_id:
        own = derived_message_id(context.email.digest)
    numbers = external.ids_of(context.email, context.envelope, context.sender.verdict)
    answers = () if ticket_id or not named else announced.answers_of(named, context.sender.address)
    return (
        (own, "announced" if context.to_many else "received"),
        *((message_id, "referenced") for message_id in named),
        *([(context.email.message_id, "reused")] if context.is_reused else []),
        *((answer, "answered") for answer in answers),
        *((number, "number") for number in numbers),
    )


def people(context: DecisionContext, by_customer: bool) -> tuple[tuple[str, str], ...]:
    """Who takes part from now on; our own mailboxes do not. Of automatic mail it is whoever wrote it or filled in the
    form; what a machine answers to mail binds nobody, nor does an announcement bind those to whom it was sent. Whom
    somebody of ours writes to, or a supplier whom they brought in, stands aside: no customer, but for those of the
    client to whom a technician writes first."""
    email = context.email
    if email.auto.kind in ANSWERED_BY_MACHINE:
        return ()
    sender_role, to_role, cc_role = ("sender", "to", "cc") if by_customer else ("aside",) * 3
    sender = [(email.sender.key, sender_role)] if email.sender else []
    named = [(domains.untagged(address), to_role) for address, _ in sender]  # some programs answer without the tag
    named += [(recipient.key, to_role) for recipient in email.to] + [(recipient.key, cc_role) for recipient in email.cc]
    named += [(address, cc_role) for address in _sent_by(email)]
    if email.auto.is_auto or context.to_many:
        named = []
    named = [(address, "to" if address in context.theirs else role) for address, role in named]
    if context.forward and context.forward.trusted:
        original = context.forward.original
        sender += [(original.sender.key, "sender")] if original.sender else []
        named += [(recipient.key, "to") for recipient in original.to]
        named += [(recipient.key, "cc") for recipient in original.cc]
    elif filled := _filled_in(context):
        named.append((filled.key, "to"))
    found = dict(reversed([(address, role) for address, role in sender + named if "@" in address]))
    return tuple((address, role) for address, role in reversed(found.items()) if address not in context.policy.own)[:51]


def _sent_by(email: Email) -> list[str]:
    """Who sent a mail in the name of its author, of the same domain: what a list or a service writes there is none."""
    try:
        sent_by = lower_ascii(read_mailbox(email.header("Sender").encode()))
    except NotStrict:
        return []
    return [sent_by] if email.sender and domains.of(sent_by) == domains.of(email.sender.key) else []


def with_extras(context: DecisionContext, effects: list[EffectBody]) -> tuple[EffectBody, ...]:
    """Add the original mail where the mailbox wants it uploaded (before the comment on missing files),
    and a line on the ticket that an operator took the mail away from."""
    if context.policy.attach_original:
        effects = _with_original(context, effects)
    if context.delivery.moved_from:
        effects = [*effects, context.composer().moved(context.delivery.moved_from)]
    return tuple(effects)


def _with_original(context: DecisionContext, effects: list[EffectBody]) -> list[EffectBody]:
    """The original carries every file of the mail: it is held with them, and not uploaded where one is dropped."""
    fates = context.fates()
    if any(fate.dropped for fate in fates):
        return effects
    held = context.held_text or next((fate.held for fate in fates if fate.held), "")
    original = DocumentBody(part="original", name="original.eml", content_type="message/rfc822", held=held)
    missing = MissingBody(metadata={"delivery": context.delivery.id})
    last = next((effect for effect in effects if isinstance(effect, MissingBody)), missing)  # tells of those before it
    return [*(effect for effect in effects if effect is not last), original, last]


def marks(context: DecisionContext) -> tuple[tuple[str, str], ...]:
    """Addresses that a report says cannot be reached, with the status."""
    bounce = context.email.auto.proven_bounce
    if bounce is None or not bounce.recipient or not bounce.status.startswith("5"):
        return ()
    return ((lower_ascii(bounce.recipient), bounce.status),)
