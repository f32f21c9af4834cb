"""Answers to what a decision asks: from the store, from the desk's catalog, or from the desk.

The same for live mail and for ``gateway explain``, which has no desk when it is offline.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from gateway import blocks as rich
from gateway.decide.closed import Closing
from gateway.decide.context import Guard
from gateway.decide.policy import expected_questions, further_questions
from gateway.desk.directory import Directory
from gateway.desk.outcome import Good, Refused, good
from gateway.desk.pacing import BEGUN
from gateway.desk.records import Ticket
from gateway.mail.ending import Ending, ending_of
from gateway.mail.ending import Name as Signer
from gateway.mail.fingerprints import Fingerprints
from gateway.mail.known import KnownWords
from gateway.mail.likeness import is_reused, is_touched, words_added
from gateway.mail.look import unknown_in
from gateway.match.names import Name
from gateway.model import questions as ask
from gateway.model.email import Email
from gateway.model.problem import family_of
from gateway.model.window import Window
from gateway.store import endings, mapping, posted, probes, problems, senders, ticketfiles
from gateway.store.deliveries import Delivery
from gateway.work.context import closing_on
from gateway.work.windows import Schedule

COMMENTS = 10
"""So many of a ticket's newest comments are looked at."""
COMMENTS_WITHIN = 5.0
"""Seconds after which a mail goes on without them."""

Read = Callable[[Callable[[Connection], Any]], Awaitable[Any]]


class NoDesk(LookupError):
    """Only the desk could answer, and there is none."""


class Given(dict[ask.Question, Any]):
    """The answers that a decision asked for. What is known is given at the first asking, which saves deciding again for
    it; what nobody asks for is not in it."""

    def __init__(self, known: Mapping[ask.Question, Any]) -> None:
        self._known = known

    def __contains__(self, question: object) -> bool:
        if super().__contains__(question):
            return True
        if not isinstance(question, ask.Question) or not self.gives(question):
            return False
        self[question] = self.give(question)
        return True

    def gives(self, question: ask.Question) -> bool:
        """Whether a question is answered at the first asking."""
        return question in self._known

    def give(self, question: ask.Question) -> Any:
        """The answer to one that is."""
        return self._known[question]


class Answers:
    """Answers about one delivery. ``read`` runs a function on the store; ``schedule`` has the maintenance windows,
    ``clock`` tells the time; ``email`` is its mail, and ``reread`` reads that of another delivery once more, None where
    that cannot be done, with its verdict."""

    def __init__(
        self,
        delivery: Delivery,
        directory: Directory | None,
        read: Read,
        schedule: Schedule,
        clock: Callable[[], float],
        email: Email | None = None,
        reread: Callable[[str], Awaitable[tuple[Email | None, str]]] | None = None,
    ) -> None:
        self.email = email
        self._reread = reread
        self._delivery = delivery
        self._passages = email.reply.passages if email else ()
        self._desk_name = delivery.desk
        self._directory = directory
        self._read = read
        self._schedule = schedule
        self._clock = clock
        self._begun = False
        self._known: dict[ask.Question, Any] = {}  # answered beside another question
        self._earlier: dict[str, tuple[Email | None, str]] = {}  # other mails that were read again, with their verdicts
        self._rows: dict[str, Ticket | None] = {}  # tickets as the desk showed them

    async def answer(self, question: ask.Question) -> Any:
        """The answer. Raises DeskAway, NoDesk."""
        if question in self._known:
            return self._known[question]
        match question:
            case ask.ContactsOf(address):
                return await self._desk().contacts(address, self._wait())
            case ask.ClientsOfDomain(domain):
                return await self._desk().clients_of_domain(domain, self._wait())
            case ask.ClientNamed(name):
                return self._desk().client_named(name)
            case ask.TicketFacts(ticket_id):
                return await self._ticket(ticket_id)
            case ask.StateOf(ticket_id):
                row = await self._row(ticket_id)
                return _state(row) if row else None
            case ask.IsTouched(delivery_id):
                return await self._compared(delivery_id, is_touched)
            case ask.WordsAdded(delivery_id):
                earlier, _ = await self._read_again(delivery_id)
                return words_added(self.email, earlier) if self.email and earlier else ()
            case ask.IsReused(delivery_id):
                return await self._compared(delivery_id, is_reused, as_proven=True)
            case ask.AddressesOf(contact_id):
                return await self._desk().addresses_of(contact_id, self._wait())
            case ask.ClosingOn(board_id):
                return await self._closing_on(board_id)
            case ask.Staff(address):
                return self._is_staff(address)
            case ask.TicketByNumber(number):
                return await self._by_number(number)
            case ask.UnknownIn(ticket_id, _):
                return await self._unshown(ticket_id)
            case ask.EndingOf():
                return await self._ending(question)
            case ask.ClientIn(texts):
                return self._desk().client_in(texts)
            case ask.NamesIn(text):
                return self._desk().names_in(text)
            case ask.WindowsAt(at):
                return await self._read(lambda c: self._windows(c, at))
            case _:
                return await self._read(lambda c: self._from_store(c, question))

    def prefetch(self, connection: Connection, guard: Guard) -> None:
        """Answer what will be asked anyway of the mail, in one visit to the store."""
        if (email := self.email) is None:
            return
        envelope = self._delivery.envelope
        self._prefetch(connection, expected_questions(email, envelope))
        self._prefetch(connection, further_questions(email, envelope, guard, self._known))

    def _prefetch(self, connection: Connection, questions: Iterable[ask.Question]) -> None:
        for question in questions:
            match question:
                case ask.Staff(address):
                    self._known[question] = self._is_staff(address)
                case ask.ContactsOf(address):
                    if (contacts := self._desk().known_contacts(address)) is not None:
                        self._known[question] = contacts
                case _:
                    self._known[question] = self._from_store(connection, question)

    def given(self) -> Given:
        """The answers of a decision that begins."""
        return Given(self._known)

    def _is_staff(self, address: str) -> bool:
        catalog = self._desk().catalog
        return catalog is not None and address in catalog.staff

    def _from_store(self, connection: Connection, question: ask.Question) -> Any:
        if isinstance(question, ask.TicketsOf):
            return self._mapped(connection, question.message_ids, question.sender)
        return from_store(connection, self._delivery, question)

    def _mapped(self, connection: Connection, message_ids: tuple[str, ...], sender: str) -> list[ask.Mapped]:
        """The rows of the mapping table; what they say of tickets and the sender answers later questions."""
        rows = mapping.lookup_known(connection, self._desk_name, message_ids, sender)
        for row in rows:
            ticket_id = row.mapping.ticket_id
            if row.ticket is not None:
                facts = {**row.ticket, "board_id": row.ticket["ticket_board"]}
                self._known[ask.TicketFacts(ticket_id)] = _ticket(facts)
            self._known[ask.PartIn(ticket_id, sender)] = row.part
        return [ask.Mapped(m.message_id, m.ticket_id, m.board_id, m.known) for m in (row.mapping for row in rows)]

    def _windows(self, connection: Connection, at: float) -> list[Window]:
        delivery = self._delivery
        return self._schedule.at(connection, delivery.desk, at, self._clock(), self._client, delivery.id)

    def _client(self, name: str) -> str:
        """The id of a client by name or alias; without a desk its name stands for it."""
        return self._directory.client_called(name) if self._directory else f"client {name}"

    def _wait(self) -> float:
        """Seconds for which a call to the desk waits for the rate limit: the first, not at all; then what was told
        before would be lost."""
        begun, self._begun = self._begun, True
        return BEGUN if begun else 0.0

    def _desk(self) -> Directory:
        if self._directory is None:
            raise NoDesk("no desk")
        return self._directory

    async def _ticket(self, ticket_id: str) -> ask.Ticket | None:
        known = await self._read(lambda c: self._from_mapping(c, ticket_id))
        if known is not None:
            return known  # type: ignore[no-any-return]
        found = await self._row(ticket_id)
        return _shown(found) if found else None

    async def _row(self, ticket_id: str) -> Ticket | None:
        """The ticket as the desk has it now, asked for once; None: it is gone."""
        if ticket_id not in self._rows:
            self._rows[ticket_id] = await self._found(ticket_id) or await self._get(ticket_id)
        return self._rows[ticket_id]

    async def _found(self, ticket_id: str) -> Ticket | None:
        """The ticket by its number, which costs no call of the budget; None for one that has none or is not shown: it
        is asked for by id."""
        desk, question = self._desk().desk, ask.TicketFacts(ticket_id)
        known = self._known.get(question) or await self._read(lambda c: self._from_mapping(c, ticket_id))
        outcome = await desk.tickets_by_number(known.number) if known and known.number else None
        tickets = outcome.data if isinstance(outcome, Good) else ()
        return next((ticket for ticket in tickets if ticket.id == ticket_id), None)

    def _from_mapping(self, connection: Connection, ticket_id: str) -> ask.Ticket | None:
        row = mapping.get_ticket(connection, self._desk_name, ticket_id)
        return _ticket(row) if row is not None else None

    async def _compared(
        self, delivery_id: str, compare: Callable[[Email, Email], bool], as_proven: bool = False
    ) -> bool:
        """By reading the other mail again; a mail that cannot be read is another one. Nobody takes the place of a
        proven mail by sending its like first, nor, ``as_proven``, the use of its id by sending another."""
        earlier, verdict = await self._read_again(delivery_id)
        mine = self._delivery.envelope.verdict
        if self.email is None or earlier is None or (mine == "pass" and verdict != "pass"):
            return False
        if as_proven and verdict == "pass" and mine != "pass":
            return False
        return compare(self.email, earlier)

    async def _read_again(self, delivery_id: str) -> tuple[Email | None, str]:
        """Another delivery's mail and its verdict; None where it cannot be read."""
        if delivery_id not in self._earlier:
            self._earlier[delivery_id] = await self._reread(delivery_id) if self._reread else (None, "")
        return self._earlier[delivery_id]

    async def _closing_on(self, board_id: str) -> Closing:
        catalog = self._desk().catalog
        board = catalog.boards.get(board_id) if catalog else None
        if board is None:
            return Closing()
        return closing_on(board, await self._desk().statuses_of(board_id, self._wait()))

    async def _get(self, ticket_id: str) -> Ticket | None:
        outcome = await self._desk().desk.ticket(ticket_id, self._wait())
        if isinstance(outcome, Refused) and outcome.is_of_nothing:
            return None
        found: Ticket = good(outcome, f"ticket {ticket_id}").data
        return found

    async def _unshown(self, ticket_id: str) -> ask.Unshown | None:
        """What the mail quotes and the ticket does not show. A desk that does not tell its comments delays no mail."""
        outcome = await self._desk().desk.last_comments(ticket_id, COMMENTS, COMMENTS_WITHIN)
        if not isinstance(outcome, Good):
            return None
        prints = await self._read(lambda c: posted.prints_of(c, self._desk_name, ticket_id))
        notes = [rich.words(comment.text) for comment in outcome.data if comment.text is not None]
        known = KnownWords(notes, Fingerprints(prints))
        return ask.Unshown(
            missing=unknown_in(self._passages, known),
            comments=len(notes),
            mails=len(prints),
            is_whole=known.is_whole and len(outcome.data) < COMMENTS,
        )

    async def _ending(self, question: ask.EndingOf) -> Ending:
        """What of the mail's end was shown before as its author's signature."""
        name, ticket_id, mine = Signer(question.sender, question.domain), question.ticket_id, self._delivery.id
        seen = await self._read(lambda c: endings.of(c, self._desk_name, name, ticket_id, mine))
        return ending_of(self.email, question.author, ticket_id, name, seen) if self.email else Ending()

    async def _by_number(self, number: str) -> ask.Ticket | None:
        """The ticket with this number: ours, else the desk's (its filter matches a substring)."""
        row = await self._read(lambda c: mapping.ticket_by_number(c, self._desk_name, number))
        if row is not None:
            return _ticket(row)
        outcome = await self._desk().desk.tickets_by_number(number)
        if isinstance(outcome, Refused) and outcome.status == 400:
            return None
        hits = [ticket for ticket in good(outcome).data if ticket.number.casefold() == number.casefold()]
        if len(hits) != 1:
            return None
        self._rows[hits[0].id] = hits[0]
        return _shown(hits[0])


def from_store(connection: Connection, delivery: Delivery, question: ask.Question) -> Any:
    """The answers that the store has. Raises TypeError for a question that is not its own."""
    match question:
        case ask.Copies(message_id):
            rows = mapping.copies(connection, delivery.desk, message_id, delivery.id)
            return [
                ask.Copy(
                    row["id"],
                    row["seq"] < delivery.seq,
                    row["stage"],
                    row["reason"],
                    row["digest"],
                    row["board_id"],
                    row["ticket_id"],
                )
                for row in rows
            ]
        case ask.ProbeSent(message_id):
            return probes.is_known(connection, message_id)
        case ask.TicketOfToken(token):
            return mapping.ticket_of_token(connection, delivery.desk, token)
        case ask.SameSubject(address, subject, since):
            return senders.same_subject(connection, delivery.desk, address, subject[:255], since, delivery.seq)
        case ask.RecentMails(address, proof, now):
            return ask.Recent(**senders.recent(connection, delivery.desk, Name(address, proof), now))
        case ask.Rounds(address, proof, matter, now):
            return senders.rounds(connection, delivery.desk, Name(address, proof), matter, now)
        case ask.Reopens(ticket_id, since):
            return mapping.reopens(connection, delivery.desk, ticket_id, since)
        case ask.PartIn(ticket_id, address):
            return mapping.part_in(connection, delivery.desk, ticket_id, address)
        case ask.FilesOn(ticket_id, hashes):
            return {
                digest: row["name"]
                for digest, row in ticketfiles.of(connection, delivery.desk, ticket_id, hashes).items()
            }
        case ask.ProblemsOf(profile, key):
            return problems.of_family(connection, family_of(delivery.desk, profile, key))
        case ask.OpenOfObject(profile, name):
            return problems.open_of_object(connection, delivery.desk, profile, name)
        case ask.PartsDecided():
            return problems.parts_decided(connection, delivery.id)
        case ask.Changes(problem_id, since):
            return problems.changes(connection, problem_id, since)
        case ask.NewProblems(profile, client_id, since):
            return problems.begun(connection, delivery.desk, profile, client_id, since)
        case ask.OpenParts(problem_id, but):
            return problems.open_parts(connection, problem_id, but)
        case ask.PlannedWork(client_id, at):
            return problems.planned_work(connection, delivery.desk, client_id, at)
        case ask.OfIncident(profile, incident):
            return problems.of_incident(connection, delivery.desk, profile, incident)
    raise TypeError(f"not a question for the store: {question}")


def _state(ticket: Ticket) -> ask.TicketState:
    """The desk's ticket as a TicketState."""
    at = datetime.fromtimestamp(ticket.closed_at, UTC).isoformat() if ticket.closed_at > 0 else ""
    return ask.TicketState(
        ticket_id=ticket.id,
        number=ticket.number,
        is_closed=ticket.is_closed,
        closed_at=at,
        client_id=ticket.client_id,
        board_id=ticket.board_id,
        master_id=ticket.master_id,
        contact_id=ticket.contact_id,
        watchers=ticket.watchers,
    )


def _shown(ticket: Ticket) -> ask.Ticket:
    """The desk's ticket that the store does not know."""
    return ask.Ticket(
        ticket_id=ticket.id,
        number=ticket.number,
        board_id=ticket.board_id,
        client_id=ticket.client_id,
        contact_id=ticket.contact_id,
        fallback=False,
    )


def _ticket(row: Any) -> ask.Ticket:
    """The store's ticket."""
    return ask.Ticket(
        ticket_id=row["ticket_id"],
        number=row["number"] or "",
        board_id=row.get("board_id") or "",
        client_id=row.get("client_id") or "",
        contact_id=row.get("contact_id") or "",
        fallback=bool(row["fallback"]),
    )
