"""Decisions without a store or a desk: ``decided`` answers what a decision asks from what is Known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.decide.closed import Closing
from gateway.decide.context import DeliveryContext, Guard, MailboxPolicy
from gateway.decide.policy import decide
from gateway.decide.requester import RequesterPolicy
from gateway.mail.read import read
from gateway.match.ours import Ours
from gateway.model import questions as ask
from gateway.model.effects import CommentBody
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.notice import Notice, ResolvedNotice
from gateway.model.plan import Decision
from gateway.model.problem import Problem, family_of, id_of
from gateway.model.questions import Contact, Copy, Mapped, Recent, Ticket, TicketState
from gateway.model.window import Window
from gateway.work.planner import MOST_ROUNDS

NOW = 1_795_000_000.0
SUPPORT = "support@msp.example"
TECHNICIAN = "tina@msp.example"
ANN, BEN, EVE, ROBOT = "ann@acme.example", "ben@bolt.example", "eve@elsewhere.example", "alerts@vendor.example"
T1 = Ticket("T1", "1001", "board", "acme", "c-ann", False)
T2 = Ticket("T2", "1002", "board", "bolt", "c-ben", False)
POLICY = MailboxPolicy(
    own=Ours([SUPPORT]),
    destination={"board_id": "board", "status_id": "new", "priority_id": "normal"},
    requesters=RequesterPolicy("fallback", {"mapped.example": "mapped"}),
    guard=Guard(tickets=10, comments=20, domain_tickets=40, own=5),
)
PROBLEM = Problem(id_of(family_of("", "nas", "disk"), "acme"), family_of("", "nas", "disk"), "nas", "disk", "acme",
                  ticket_id="T1", number="1001", board_id="board", opened_at=NOW - 60, last_at=NOW - 60)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What the store and the desk know. ``ids`` maps a Message-ID to (ticket, how it is known); ``parts`` (ticket,
    address) to the role; ``gone`` are tickets that the desk no longer has."""

    contacts: Mapping[str, tuple[Contact, ...]] = field(
        default_factory=lambda: {
            ANN: (Contact("c-ann", "acme", "Ann", False),),
            BEN: (Contact("c-ben", "bolt", "Ben", False),),
        }
    )
    clients_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ids: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    parts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    recent: Recent = Recent(0, 0, 0)  # noqa: RUF009 - frozen
    states: Mapping[str, TicketState] = field(default_factory=dict)
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    touched: tuple[str, ...] = ()
    added: tuple[int, ...] = ()
    rounds: int = 0
    reopens: int = 0
    problems: tuple[Problem, ...] = ()
    same_subject: str = ""
    windows: tuple[Window, ...] = ()
    probes: tuple[str, ...] = ()

    def tickets(self) -> dict[str, Ticket]:
        return {ticket.ticket_id: ticket for ticket in (T1, T2) if ticket.ticket_id not in self.gone}

    def state(self, ticket_id: str) -> TicketState | None:
        """A ticket that is as it was made."""
        known = self.tickets().get(ticket_id)
        if known is None:
            return None
        return TicketState(ticket_id, known.number, False, "", known.client_id, known.board_id, "", known.contact_id)

    def answer(self, question: ask.Question) -> Any:
        match question:
            case ask.Copies():
                return list(self.copies)
            case ask.TicketsOf(message_ids):
                return [Mapped(key, *_row(self.ids[key])) for key in message_ids if key in self.ids]
            case ask.TicketFacts(ticket_id):
                return self.tickets().get(ticket_id)
            case ask.TicketByNumber(number):
                return next((ticket for ticket in self.tickets().values() if ticket.number == number), None)
            case ask.TicketOfToken(token):
                return self.tokens.get(token, "")
            case ask.PartIn(ticket_id, address):
                return self.parts.get((ticket_id, address), "")
            case ask.ContactsOf(address):
                return list(self.contacts.get(address, ()))
            case ask.ClientsOfDomain(domain):
                return self.clients_of.get(domain, ())
            case ask.Staff(address):
                return address == TECHNICIAN
            case ask.StateOf(ticket_id):
                return self.states.get(ticket_id) or self.state(ticket_id)
            case ask.AddressesOf(contact_id):
                return self.addresses.get(contact_id, ())
            case ask.IsTouched(delivery_id):
                return delivery_id in self.touched
            case ask.WordsAdded():
                return self.added
            case ask.ProbeSent(message_id):
                return message_id in self.probes
            case ask.IsReused():
                return False
            case ask.Rounds():
                return self.rounds
            case ask.ClosingOn():
                return Closing()
            case ask.RecentMails():
                return self.recent
            case ask.Reopens():
                return self.reopens
            case ask.SameSubject():
                return self.same_subject
            case ask.Changes() | ask.NewProblems():
                return 0
            case ask.PlannedWork():
                return []
            case ask.WindowsAt():
                return list(self.windows)
            case ask.FilesOn():
                return {}
            case ask.ProblemsOf(profile, key):
                return [problem for problem in self.problems if (problem.profile, problem.key) == (profile, key)]
            case ask.ClientIn():
                return ask.NamedClient("acme", "by name")
        raise AssertionError(f"asked for {question.kind}")


def _row(row: tuple[str, str]) -> tuple[str, str, str]:
    ticket_id, known = row
    return ticket_id, "board", known


def mail(sender: str = ANN, subject: str = "Printer", text: str = "It is broken.", **headers: str) -> Email:
    """A mail as it is read from bytes; an underscore in a header's name stands for its hyphen."""
    fields = {"From": sender, "To": SUPPORT, "Subject": subject, "Message-ID": "<m1@acme.example>"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return read(f"{head}\r\n{text}\r\n".encode()).email


def envelope(**changes: Any) -> Envelope:
    return replace(Envelope("sender@acme.example", SUPPORT, time=NOW), **changes)


def delivery(policy: Mapping[str, Any] | None = None, **changes: Any) -> DeliveryContext:
    return replace(DeliveryContext("d1", replace(POLICY, **(policy or {}))), **changes)


def notice(state: str = "open", **changes: Any) -> ResolvedNotice:
    """A notice of the profile ``nas`` about the key ``disk``."""
    return ResolvedNotice(
        replace(Notice("nas", "open", "disk", word=state, title="Disk"), **{"state": state, **changes})
    )


def decided(
    email: Email, sent: Envelope | None = None, about: DeliveryContext | None = None, known: Known | None = None
) -> Decision:
    """The decision, asked for as often as it has questions and the worker answers."""
    sent, about, known = sent or envelope(), about or delivery(), known or Known()
    answers: dict[ask.Question, Any] = {}
    for _ in range(MOST_ROUNDS):
        if isinstance(result := decide(email, sent, about, answers), Decision):
            return result
        assert result, "asks nothing and decides nothing"
        answers |= {question: known.answer(question) for question in result}
    raise AssertionError("asks without end")


def state(ticket: str, **changes: Any) -> TicketState:
    """T1 or T2 as it was made, but for the changes."""
    known = Known().state(ticket)
    assert known is not None
    return replace(known, **changes)


def closed_ticket(policy: str, **changes: Any) -> tuple[dict[str, Any], dict[str, TicketState]]:
    """A mailbox's policy for closed tickets, and T1 closed."""
    state = TicketState("T1", "1001", True, "", "acme", "board", "", "c-ann")
    return {"closings": {"board": Closing(policy, 0.0, "open")}}, {"T1": replace(state, **changes)}  # type: ignore[arg-type]


def said(decision: Decision) -> str:
    """A decision in a line: the rule, the outcome, and the reason, the ticket or whose the new one is."""
    rule = next(step.found for step in decision.trace if step.rule == "policy")
    plan = decision.plan
    if plan is None:
        return f"{rule}: {decision.outcome} {decision.reason}"
    kinds = [effect.kind for effect in plan.effects]
    if decision.outcome == "ticket":
        return " ".join(filter(None, (f"{rule}: ticket of {plan.client_id}", plan.contact_id)))
    comment = next((effect for effect in plan.effects if isinstance(effect, CommentBody)), None)
    who = "" if comment is None else "internal" if comment.internal else "public"
    others = [kind for kind in kinds if kind in ("reopen", "status", "close", "priority")]
    return " ".join(filter(None, (f"{rule}: comment on {plan.ticket_id}", who, *others)))
