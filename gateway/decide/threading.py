"""Which ticket a mail belongs to: the evidence ladder (docs/mail-rules.md "Threading").

The levels are tried strongest first; every candidate goes into the trace. What a level needs:

    proof    our token in the recipient: whoever has the address may write, marked when not bound
    strong   an id that was received or sent: needs a bound sender, else quarantine with no effect
    medium   the desk's own marks, a vendor's number, an ancestor that we never got: needs a bound
             sender, else the mail goes on as if there were no mark, with a note
    weak     a number in the subject, the same sender and subject: needs a bound sender and a passing
             verdict, else the same

Thread-Index and Thread-Topic never decide. Two tickets on one level: In-Reply-To when it alone is
clear, else quarantine. Whoever comes first with a Message-ID has it, and a later mail under it goes on
under a derived one: which of them an answer is about says ``namesakes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.decide import announced, external
from gateway.decide.namesakes import Namesakes
from gateway.decide.sender import (
    BINDINGS,
    PERSONAL,
    Reasons,
    Sender,
    among_its_client,
    binding,
    is_of_the_domain,
    somebody,
    wrote,
)
from gateway.decide.today import ticket_today
from gateway.match import tickettoken
from gateway.match.ours import Ours
from gateway.model.email import Email, lower_ascii
from gateway.model.envelope import Envelope, Verdict
from gateway.model.plan import Trace
from gateway.model.questions import (
    ContactsOf,
    Facts,
    Mapped,
    SameSubject,
    Ticket,
    TicketByNumber,
    TicketFacts,
    TicketOfToken,
    TicketsOf,
)
from gateway.model.reasons import Reason

Strength = Literal["proof", "strong", "medium", "weak"]

MOST_REFERENCES = 50
MOST_MARKED = 2  # tickets by the desk's marks: for each that nobody knows the desk is asked, whoever made it up


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason why a mail may belong to a ticket; ``binds``: why it lets the sender write there by itself;
    ``admits``: what else has to tie them to it. ``board_id`` is the board of the mail by which it was found."""

    ticket_id: str
    found: str
    binds: str = ""
    admits: Reasons = BINDINGS
    board_id: str = ""
    message_id: str = ""  # that leads there
    is_received: bool = False  # by a mail under this id, whoever wrote it


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket of the mail, or why there is none. ``refused`` is a quarantine reason, and ``claimed`` the ticket
    to which the sender has no right; ``note`` is for the technician, ``unbound`` says that only the token lets
    the sender in."""

    ticket: Ticket | None = None
    refused: Reason | None = None
    claimed: Ticket | None = None
    detail: str = ""
    note: str = ""
    unbound: bool = False
    board_id: str = ""  # of the mail by which the ticket was found


@dataclass(frozen=True, slots=True)
class Thread:
    """What the levels look at."""

    email: Email
    envelope: Envelope
    sender: Sender
    question: TicketsOf  # of ``mapping_question``
    facts: Facts
    board_id: str
    double_send: float = 0.0
    fallbacks: frozenset[str] = frozenset()  # the clients that are nobody's
    infer: bool = False  # whether contacts tell whose a domain is
    own: Ours = Ours()  # noqa: RUF009 - never changed
    clients: Mapping[str, str] = field(default_factory=dict)  # of domains, by the operator's map

    def mapped(self, *known: str) -> list[Mapped]:
        """The mapping table's rows that are known in one of these ways: of all ids of the mail, asked for at once."""
        rows: list[Mapped] = self.facts.ask(self.question) if self.question.message_ids else []
        return [row for row in rows if row.known in known and row.ticket_id]

    def of(self, ids: Sequence[str], rows: Sequence[Mapped]) -> list[Evidence]:
        """The tickets of these ids; where an id has several, the one of the mailbox's own board."""
        found = []
        for message_id in ids:
            mine = [row for row in rows if row.message_id == message_id]
            own_board = [row for row in mine if row.board_id == self.board_id]
            found += [
                Evidence(
                    row.ticket_id,
                    f"<{message_id}> was {row.known}",
                    board_id=row.board_id,
                    message_id=message_id,
                    is_received=row.known == "received",
                )
                for row in own_board or mine
            ]
        return found

    def of_known(self, ids: Sequence[str]) -> list[Evidence]:
        """The tickets of ids that we received or sent. One that its sender uses again and again leads to no more than a
        mail of somebody else under it."""
        reused = {row.message_id for row in self.mapped("reused")}
        alone = [(message_id, self.namesakes().alone(message_id)) for message_id in ids if message_id in reused]
        return self.of(ids, self.mapped("received", "sent")) + [
            Evidence(ticket.ticket_id, f"<{message_id}> is used by others as well", board_id=ticket.board_id)
            for message_id, ticket in alone
            if ticket is not None
        ]

    def answer(self) -> announced.Answer:
        return announced.Answer(self.email, self.sender, self.own, self.facts)

    def namesakes(self) -> Namesakes:
        """What tells mails with one id apart: whose the answer is, and of a technician's, to whom it goes."""
        people = [self.sender]
        if self.sender.is_staff or self.sender.is_ours:
            others = self.answer().outside((*self.email.to, *self.email.cc))
            people = [somebody(person.key, self.clients) for person in others]
        return Namesakes(people, self.fallbacks, self.facts)


def thread_ids(email: Email) -> tuple[str, ...]:
    """The ids that tie a mail to others: a bounced mail's, those named, nearest first, that of an event told before."""
    bounced = email.auto.bounce.original_message_id if email.auto.bounce else ""
    event = email.event if email.is_later_event else ""
    named = (bounced, *email.in_reply_to, *reversed(email.references[-MOST_REFERENCES:]), event)
    return tuple(filter(None, dict.fromkeys(named)))


def mapping_question(email: Email, envelope: Envelope, sender: str, verdict: Verdict) -> TicketsOf:
    """The one question to the mapping table: all ids that may lead to a ticket."""
    own = (email.message_id,) if email.message_id else ()
    bounced = email.auto.bounce.answered if email.auto.bounce else ()
    return TicketsOf((*thread_ids(email), *own, *bounced, *external.ids_of(email, envelope, verdict)), sender)


# -- the levels -----------------------------------------------------------------------------------


def _token(thread: Thread) -> list[Evidence]:
    """A token in the recipient's address, or in To or Cc where the envelope names the mailbox alone, which
    `gateway thread token` made for the ticket."""
    token = tickettoken.of(thread.envelope.rcpt_to)
    ticket_id = thread.facts.ask(TicketOfToken(token)) if token else ""
    return [Evidence(ticket_id, "our token in the recipient")] if ticket_id else []


def _bounced(thread: Thread) -> list[Evidence]:
    """A bounce: the Message-ID of the mail that bounced, if we received or sent it."""
    bounce = thread.email.auto.bounce
    return thread.of((bounce.original_message_id,), thread.mapped("received", "sent")) if bounce else []


def _bounced_notification(thread: Thread) -> list[Evidence]:
    """A bounce: the desk's root id, reply token or ticket number in the returned mail, or an id that it answers."""
    bounce = thread.email.auto.bounce
    if bounce is None or not bounce.recipient:
        return []
    found = [
        Evidence(ticket_id, "the desk's mark in the returned mail") for ticket_id in bounce.ticket_ids[:MOST_MARKED]
    ]
    for number in bounce.ticket_numbers[:5] if not found else ():
        ticket: Ticket | None = thread.facts.ask(TicketByNumber(number))
        if ticket is not None:
            found.append(Evidence(ticket.ticket_id, f"[Ticket #{number}] in the subject of the returned mail"))
    return found or thread.of(bounce.answered, thread.mapped("received", "sent"))


def _in_reply_to(thread: Thread) -> list[Evidence]:
    """A Message-ID that we received or sent."""
    return thread.of_known(thread.email.in_reply_to)


def _references(thread: Thread) -> list[Evidence]:
    """A Message-ID that we received or sent."""
    return thread.of_known(thread.email.references[-MOST_REFERENCES:])


def _desk_marks(thread: Thread) -> list[Evidence]:
    """The desk's root id, reply token or hidden attributes: they hold the ticket's id, which nobody can guess."""
    return [
        Evidence(ticket_id, "the desk's mark in header or text")
        for ticket_id in thread.email.marks.ticket_ids[:MOST_MARKED]
    ]


def _vendor_number(thread: Thread) -> list[Evidence]:
    """A desk's own number that an earlier mail of its domain family had, with a pass or by the same envelope."""
    ids = set(external.ids_of(thread.email, thread.envelope, thread.sender.verdict))
    rows = [row for row in thread.mapped("number") if row.message_id in ids]
    if rows and not thread.email.auto.is_auto and thread.facts.ask(ContactsOf(thread.sender.address)):
        return []  # a customer's words about somebody's number
    rows = list({row.ticket_id: row for row in rows}.values())
    binds = "is of the desk whose number it is" if thread.email.auto.is_auto else ""
    return [Evidence(row.ticket_id, f"number {row.message_id}", binds) for row in rows]


def _own_answer(thread: Thread) -> list[Evidence]:
    """A Message-ID that the same sender answered before, if it is known from answers alone."""
    reused = {row.message_id for row in thread.mapped("reused")}
    named = [message_id for message_id in thread_ids(thread.email) if message_id not in reused]
    ids = announced.answers_of(named, thread.sender.address)
    rows: list[Mapped] = thread.facts.ask(TicketsOf(ids, thread.sender.address)) if ids else []
    return thread.of(ids, [row for row in rows if row.ticket_id])


def _ancestor(thread: Thread) -> list[Evidence]:
    """A Message-ID that we know only from the References of another mail: support was added mid-thread; or a
    calendar's event that an earlier mail told. One that was sent to many, or that somebody answers to us, is an
    announcement: it joins only whoever wrote in the ticket; in a conversation with others, those who take part in it;
    among colleagues, all who may write there."""
    rows = thread.mapped("referenced", "announced")
    ours = {row.message_id for row in rows if row.known == "announced"}
    answer = thread.answer()
    return thread.of((thread.email.message_id,), rows) or [
        replace(found, admits=PERSONAL if message_id in ours else answer.admitted(message_id, found.ticket_id))
        for message_id in thread_ids(thread.email)
        for found in thread.of((message_id,), rows)
    ]


def _number(thread: Thread) -> list[Evidence]:
    """`[Ticket #N]` in the subject, which anybody can make up."""
    found = []
    for number in thread.email.marks.ticket_numbers[:5]:
        ticket: Ticket | None = thread.facts.ask(TicketByNumber(number))
        if ticket is not None:
            found.append(Evidence(ticket.ticket_id, f"[Ticket #{number}] in the subject"))
    return found


def _double_send(thread: Thread) -> list[Evidence]:
    """The same sender and subject within `double_send` seconds; off with 0."""
    if not thread.double_send or not thread.sender.address or thread.email.auto.is_auto:
        return []
    since = thread.envelope.time - thread.double_send
    ticket_id = thread.facts.ask(SameSubject(thread.sender.address, thread.email.subject, since))
    return [Evidence(ticket_id, "the same sender and subject a moment ago")] if ticket_id else []


LADDER: tuple[tuple[str, Strength, Callable[[Thread], list[Evidence]]], ...] = (
    ("token", "proof", _token),
    ("bounced mail", "strong", _bounced),
    ("In-Reply-To", "strong", _in_reply_to),
    ("References", "strong", _references),
    ("bounced notification", "medium", _bounced_notification),
    ("desk's mark", "medium", _desk_marks),
    ("vendor's number", "medium", _vendor_number),
    ("own answer", "medium", _own_answer),
    ("shared ancestor", "medium", _ancestor),
    ("subject number", "weak", _number),
    ("double send", "weak", _double_send),
)


Ladder = tuple[tuple[str, Strength, Callable[[Thread], list[Evidence]]], ...]
OWN_ANSWERS: Ladder = tuple(level for level in LADDER if level[2] is _own_answer)


def find(thread: Thread, trace: Trace, ladder: Ladder = LADDER) -> Match:
    """Climb down the ladder until a level decides."""
    note = ""
    gone: list[Ticket] = []
    for rule, strength, known, evidence in _found(thread, trace, gone, ladder):
        tickets = _rightful(thread, rule, known, trace) if strength == "strong" else list(known)
        if len(tickets) > 1:
            if strength in ("proof", "strong"):
                trace.add(rule, f"{len(tickets)} tickets", "quarantine")
                named = ", ".join(ticket.number or ticket.ticket_id for ticket in tickets)
                return Match(refused=Reason.AMBIGUOUS_THREAD, detail=f"{rule} names tickets {named}")
            trace.add(rule, f"{len(tickets)} tickets", "not used")
            continue
        (ticket,) = tickets
        match = _admit(thread, rule, strength, ticket, evidence, trace)
        if match.ticket is not None or match.refused:
            return replace(match, board_id=evidence[0].board_id or ticket.board_id)
        note = note or match.note
    trace.add("thread", "no ticket", "not a reply that we know")
    lost = f"continues ticket {gone[0].number or gone[0].ticket_id}, which the desk no longer has" if gone else ""
    return Match(note=note or lost)


def _found(
    thread: Thread, trace: Trace, gone: list[Ticket], ladder: Ladder
) -> Iterator[tuple[str, Strength, dict[Ticket, str], list[Evidence]]]:
    """Each level that names tickets which the desk still has, as they are there today, each with the Message-ID that
    leads there, and its evidence. Those that were known and are not there any more go to ``gone``."""
    for rule, strength, level in ladder:
        evidence = level(thread)
        tickets: dict[str, tuple[Ticket, str]] = {}
        for item in evidence:
            known: Ticket | None = thread.facts.ask(TicketFacts(item.ticket_id))
            ticket = ticket_today(known, thread.facts, thread.fallbacks, trace) if known else None
            if ticket is None:
                trace.add(rule, item.found, f"ticket {item.ticket_id} is not at the desk")
                gone += [known] if known else []
            elif ticket.ticket_id not in tickets:
                trace.add(rule, item.found, f"ticket {ticket.number or ticket.ticket_id} ({strength})")
                tickets[ticket.ticket_id] = (ticket, item.message_id)
        if tickets:
            yield rule, strength, dict(tickets.values()), evidence


def _rightful(thread: Thread, rule: str, known: Mapping[Ticket, str], trace: Trace) -> list[Ticket]:
    """The tickets; in place of one that is not theirs whose it has to be, the one that is, of another mail with the
    same Message-ID."""
    tickets: dict[str, Ticket] = {}
    for ticket, message_id in known.items():
        theirs = None
        if message_id and not thread.email.auto.is_auto and not wrote(thread.sender, ticket, thread.facts):
            theirs = thread.namesakes().rightful(ticket, message_id, trace)
        if theirs is not None:
            name = theirs.number or theirs.ticket_id
            trace.add(rule, f"another mail had <{message_id}>, too", f"ticket {name}, which is theirs")
        rightful = theirs or ticket
        tickets[rightful.ticket_id] = rightful
    return list(tickets.values())


def _admit(
    thread: Thread, rule: str, strength: Strength, ticket: Ticket, evidence: Sequence[Evidence], trace: Trace
) -> Match:
    """Whether the sender may write to the ticket on this evidence."""
    sender = thread.sender
    who = sender.address or "a mail without From"
    auto = thread.email.auto
    reason = _bounce_binding(thread, ticket) if auto.bounce else ""
    if not auto.proven_bounce:
        reason = reason or (evidence[0].binds if sender.verdict != "fail" else "")
        reason = reason or binding(sender, ticket, thread.facts, _admitting(thread, ticket, evidence))
    name = ticket.number or ticket.ticket_id
    if strength == "proof" and not reason:
        trace.add("sender", f"{who} is not bound, but has the token", "may write, marked")
        return Match(ticket, unbound=True)
    if not reason and strength == "strong" and not auto.bounce and binding(sender, ticket, thread.facts):
        trace.add("sender", f"{who} is of another client and writes to nobody of ticket {name}", "not used")
        return Match(note=f"the mail claims to belong to ticket {name}")
    if not reason:
        trace.add("sender", f"{who} has nothing to do with ticket {name}", "quarantine" if strength == "strong" else "")
        if strength == "strong":
            detail = f"{who} is neither contact nor participant of ticket {name} ({rule})"
            if thread.infer and is_of_the_domain(sender, ticket, thread.facts):
                detail += f"; of the domain of its client: release it to let {who} into the ticket"
            refused = Reason.FAILED_VERIFICATION if sender.verdict == "fail" else Reason.UNVERIFIED_SENDER
            return Match(refused=refused, claimed=ticket, detail=detail)
        return Match(note=f"the mail claims to belong to ticket {name}")
    if strength == "weak" and not sender.proven:
        trace.add("sender", f"{who} {reason}, but nothing proves that it is them", "not used")
        return Match(note=f"the mail claims to belong to ticket {name}")
    trace.add("sender", f"{who}: {reason}", "may write to the ticket")
    return Match(ticket)


def _admitting(thread: Thread, ticket: Ticket, evidence: Sequence[Evidence]) -> Reasons:
    """What has to tie the sender to the ticket. Whoever comes first with an id need not be its author: that they name
    somebody of another client in To or Cc brings them that person's answer only where it goes to its people, too."""
    admits = evidence[0].admits
    if not all(item.is_received for item in evidence) or thread.answer().goes_to_authors_of(ticket):
        return admits
    return among_its_client(admits)


def _bounce_binding(thread: Thread, ticket: Ticket) -> str:
    """A report's own sender is a machine: whom it could not reach must take part in the ticket."""
    bounce = thread.email.auto.bounce
    assert bounce is not None
    if not bounce.recipient:
        return ""
    reason = binding(somebody(lower_ascii(bounce.recipient)), ticket, thread.facts)
    return f"{bounce.recipient}, whom the report is about, {reason}" if reason else ""
