"""What a decision asks and the answers it gets.

A decision is a pure function: where it needs a fact it asks by value, and is run again once the
worker (or ``gateway explain``) has answered. Answers are kept with the trace. The list is long since all questions
stand here, each with what answers it.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Any, ClassVar

from gateway.model.email import Address


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a decision needs to know. ``kind`` names it in the trace."""

    kind: ClassVar[str] = "question"


@dataclass(frozen=True, slots=True)
class Copies(Question):
    """Other deliveries of this desk with this Message-ID: a list of Copy."""

    message_id: str
    kind: ClassVar[str] = "mails with this Message-ID"


@dataclass(frozen=True, slots=True)
class ProbeSent(Question):
    """Whether the gateway sent a probe with this Message-ID: bool."""

    message_id: str
    kind: ClassVar[str] = "probe of the gateway"


@dataclass(frozen=True, slots=True)
class IsTouched(Question):
    """Whether another delivery's mail is this one, but for what was added on the way: bool. The mail is read again."""

    delivery_id: str
    kind: ClassVar[str] = "same mail but for what was added"


@dataclass(frozen=True, slots=True)
class WordsAdded(Question):
    """The lines of this mail with words that another delivery's does not have, -1 for its subject: tuple[int, ...]. The
    mail is read again."""

    delivery_id: str
    kind: ClassVar[str] = "words that were added"


@dataclass(frozen=True, slots=True)
class IsReused(Question):
    """Whether another delivery's mail is another one of the same sender, written at another time under the same
    Message-ID: bool. The mail is read again."""

    delivery_id: str
    kind: ClassVar[str] = "another mail under the same id"


@dataclass(frozen=True, slots=True)
class TicketsOf(Question):
    """The mapping table's rows for these ids: a list of Mapped. ``sender`` is who will be asked about
    next, so that one look answers that too."""

    message_ids: tuple[str, ...]
    sender: str
    kind: ClassVar[str] = "tickets of these ids"


@dataclass(frozen=True, slots=True)
class TicketFacts(Question):
    """What is known of a ticket: a Ticket, or None when the desk does not have it."""

    ticket_id: str
    kind: ClassVar[str] = "ticket"


@dataclass(frozen=True, slots=True)
class PartIn(Question):
    """As what the address was on accepted mail of the ticket: sender, to, cc; "aside" for whom somebody of ours
    brought in; "" when it takes no part."""

    ticket_id: str
    address: str
    kind: ClassVar[str] = "participant of the ticket"


@dataclass(frozen=True, slots=True)
class ContactsOf(Question):
    """The desk's contacts with exactly this address: a list of Contact."""

    address: str
    kind: ClassVar[str] = "contacts with this address"


@dataclass(frozen=True, slots=True)
class ClientsOfDomain(Question):
    """The clients to whom active contacts of the mail domain belong: a tuple of ids."""

    domain: str
    kind: ClassVar[str] = "clients of this domain"


@dataclass(frozen=True, slots=True)
class ClientNamed(Question):
    """The active client of exactly this name, without case: its id or ""."""

    name: str
    kind: ClassVar[str] = "client of this name"


@dataclass(frozen=True, slots=True)
class FilesOn(Question):
    """Which of these contents (sha256) the ticket has already: {sha256: file name}."""

    ticket_id: str
    hashes: tuple[str, ...]
    kind: ClassVar[str] = "files that the ticket has"


@dataclass(frozen=True, slots=True)
class UnknownIn(Question):
    """Which words of the mail's quoted passages the ticket does not show: an Unshown, or None where the ticket's words
    could not be had. ``digest`` is the mail's. No counted call."""

    ticket_id: str
    digest: str
    kind: ClassVar[str] = "quoted words that the ticket does not show"


@dataclass(frozen=True, slots=True)
class EndingOf(Question):
    """What of the mail's end is the signature of its ``author``: a mail.ending.Ending. ``ticket_id`` is "" for a new
    ticket; ``sender`` and ``domain`` are the names that are proven, "" for none; ``digest`` is the mail's."""

    ticket_id: str
    sender: str
    domain: str
    author: Address | None
    digest: str
    kind: ClassVar[str] = "signature that was shown before"


@dataclass(frozen=True, slots=True)
class Staff(Question):
    """Whether the address is that of an active internal user of the desk: bool."""

    address: str
    kind: ClassVar[str] = "technician"


@dataclass(frozen=True, slots=True)
class TicketOfToken(Question):
    """The ticket of one of our tokens: its id, "" when there is none."""

    token: str
    kind: ClassVar[str] = "ticket of the token"


@dataclass(frozen=True, slots=True)
class TicketByNumber(Question):
    """The ticket with exactly this number: a Ticket, or None."""

    number: str
    kind: ClassVar[str] = "ticket with this number"


@dataclass(frozen=True, slots=True)
class SameSubject(Question):
    """The ticket that this sender's mail with the same subject made since then: its id or ""."""

    address: str
    subject: str
    since: float
    kind: ClassVar[str] = "ticket of the same sender and subject"


@dataclass(frozen=True, slots=True)
class StateOf(Question):
    """The ticket as the desk has it now: a TicketState, or None when it is gone. By the search that is not counted,
    where the ticket's number is known."""

    ticket_id: str
    kind: ClassVar[str] = "state of the ticket"


@dataclass(frozen=True, slots=True)
class AddressesOf(Question):
    """The addresses of a contact of the desk by its id: a tuple, () for one that is inactive or unknown. One counted
    call."""

    contact_id: str
    kind: ClassVar[str] = "addresses of the contact"


@dataclass(frozen=True, slots=True)
class ClosingOn(Question):
    """What a reply to a closed ticket of this board does, as the board says: a decide.closed.Closing."""

    board_id: str
    kind: ClassVar[str] = "what the board says of closed tickets"


@dataclass(frozen=True, slots=True)
class Reopens(Question):
    """How often a reply reopened the ticket since then: int."""

    ticket_id: str
    since: float
    kind: ClassVar[str] = "reopens of the ticket"


@dataclass(frozen=True, slots=True)
class RecentMails(Question):
    """How many mails of the sender, and of the domain, whose name had the same ``proof`` became tickets and comments
    in the hour before ``now``, and how many automatic replies came in the last quarter of it: a Recent."""

    address: str
    proof: str
    now: float
    kind: ClassVar[str] = "recent mail of the sender"


@dataclass(frozen=True, slots=True)
class Rounds(Question):
    """How many tickets mail of the sender, whose name had the same ``proof``, made about the same ``matter`` (a subject
    as match.title.matter has it) in the hour before ``now``: int."""

    address: str
    proof: str
    matter: str
    now: float
    kind: ClassVar[str] = "tickets of the sender about the same matter"


@dataclass(frozen=True, slots=True)
class ProblemsOf(Question):
    """The problems of a profile's key, one for each client: a list of Problem."""

    profile: str
    key: str
    kind: ClassVar[str] = "problems of this key"


@dataclass(frozen=True, slots=True)
class OpenOfObject(Question):
    """The open problems of a profile whose object is called exactly so, whatever their key: a list of Problem."""

    profile: str
    object: str
    kind: ClassVar[str] = "open problems of this object"


@dataclass(frozen=True, slots=True)
class PartsDecided(Question):
    """The numbers of the parts of this mail that were decided before: a tuple of int."""

    kind: ClassVar[str] = "parts decided before"


@dataclass(frozen=True, slots=True)
class Changes(Question):
    """How often the problem ended or came back since then: int."""

    problem_id: str
    since: float
    kind: ClassVar[str] = "changes of the problem"


@dataclass(frozen=True, slots=True)
class NewProblems(Question):
    """How many problems of the profile and client began since then: int."""

    profile: str
    client_id: str
    since: float
    kind: ClassVar[str] = "new problems of the client"


@dataclass(frozen=True, slots=True)
class OpenParts(Question):
    """How many problems that share the ticket of this one are open, but for ``but``: int."""

    problem_id: str
    but: str
    kind: ClassVar[str] = "open problems on the same ticket"


@dataclass(frozen=True, slots=True)
class PlannedWork(Question):
    """Planned work for the client whose window holds the time: a list of Problem."""

    client_id: str
    at: float
    kind: ClassVar[str] = "planned work of the client"


@dataclass(frozen=True, slots=True)
class WindowsAt(Question):
    """The maintenance windows that hold the time, and those which follow without a gap: a list of Window."""

    at: float
    kind: ClassVar[str] = "maintenance windows"


@dataclass(frozen=True, slots=True)
class OfIncident(Question):
    """The problems of an incident of a profile, of all clients, oldest first: a list of Problem."""

    profile: str
    incident: str
    kind: ClassVar[str] = "problems of this incident"


@dataclass(frozen=True, slots=True)
class ClientIn(Question):
    """The client that one of these texts names, best text first: a NamedClient."""

    texts: tuple[str, ...]
    kind: ClassVar[str] = "client in these texts"


@dataclass(frozen=True, slots=True)
class NamesIn(Question):
    """The names of the desk's clients, and aliases, that the text may hold in any spelling: a tuple."""

    text: str
    kind: ClassVar[str] = "names of clients in this text"


@dataclass(frozen=True, slots=True)
class NamedClient:
    """``client_id`` "" for none; ``how`` says by what text, or why not."""

    client_id: str
    how: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Another delivery with the same Message-ID: ``earlier`` if it was accepted before. ``digest`` (hex) is that of its
    content, "" where that is not known yet."""

    delivery_id: str
    earlier: bool
    stage: str
    reason: str
    digest: str
    board_id: str
    ticket_id: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """A ticket to which a Message-ID leads; ``known`` says how: received, sent, referenced or number."""

    message_id: str
    ticket_id: str
    board_id: str
    known: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """``watchers`` are addresses that the desk shows as active on its watch list. ``moved``: it is of another client
    now than when its people took part. ``via`` is the ticket that was merged into it: its people take part here too."""

    ticket_id: str
    number: str
    board_id: str
    client_id: str
    contact_id: str
    fallback: bool
    watchers: tuple[str, ...] = ()
    moved: bool = False
    via: str = ""


@dataclass(frozen=True, slots=True)
class TicketState:
    """``closed_at`` ISO 8601 or ""; ``master_id`` the bundle's master or ""; ``watchers`` the addresses that are
    active on its watch list, in lower case. Without ``ticket_id`` nobody could be asked: nothing is known."""

    ticket_id: str
    number: str
    is_closed: bool
    closed_at: str
    client_id: str
    board_id: str
    master_id: str
    contact_id: str = ""
    watchers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unshown:
    """``missing``: (index of the passage, how many of its letters the ticket does not show). Of ``comments`` and
    ``mails`` of the ticket the words were known; ``is_whole`` says that these are all it has."""

    missing: tuple[tuple[int, int], ...]
    comments: int = 0
    mails: int = 0
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Recent:
    """How much of a sender, and of the domain, came lately."""

    tickets: int
    comments: int
    answers: int  # automatic replies and other help desks
    domain_tickets: int = 0
    domain_comments: int = 0


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact of the desk, who or whose client may be ``inactive`` there."""

    contact_id: str
    client_id: str
    name: str
    inactive: bool
    client_inactive: bool = False


class Unanswered(Exception):
    """The decision needs these answers before it can go on."""

    def __init__(self, questions: tuple[Question, ...]) -> None:
        super().__init__(", ".join(question.kind for question in questions))
        self.questions = questions


@dataclass(slots=True)
class Facts:
    """The answers so far."""

    answers: MappingType[Question, Any]

    def ask(self, question: Question) -> Any:
        """The answer. Raises Unanswered when it is not there yet."""
        self.want(question)
        return self.answers[question]

    def answered(self, question: Question, default: Any) -> Any:
        """The answer where the question was asked already; else ``default``, and nobody is asked."""
        return self.answers.get(question, default)

    def want(self, *questions: Question) -> None:
        """Ask for several at once, so that they are answered in one go."""
        missing = tuple(question for question in questions if question not in self.answers)
        if missing:
            raise Unanswered(missing)
