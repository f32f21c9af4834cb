"""What was planned for a desk in shadow, beside what the desk's own mail made of the same mails.

A mail and a ticket belong together if the ticket has the mail's Message-ID; a mail and a comment likewise. Two ids are
two mails. Where one of the two has none, the title and the time count, of a comment the sender and the time. What
people write at the desk is not compared: only comments that came by mail are. Nothing is written; the desk is read page
by page, and each ticket's comments by a call that does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from gateway.desk.native import NativeComment, NativeTicket
from gateway.desk.outcome import good, good_unless_refused
from gateway.desk.port import Desk
from gateway.mail.ids import is_message_id
from gateway.match.title import clean
from gateway.operate.progress import Progress, unseen
from gateway.operate.shadow import HIDDEN, SHOWN, UNSAID, Planned
from gateway.store.shadow import Real

NEAR = 900.0
"""Seconds by which the desk's own mail may be earlier or later than ours."""
MOST_READ = 3_000
"""Tickets whose comments are read."""
SAME, ONLY_HERE, ONLY_THERE, ELSEWHERE, OTHER_CLIENT, OTHER_BOARD, OTHER_TICKET, OTHER_READERS = (
    "same",
    "only here",
    "only there",
    "elsewhere",
    "other client",
    "other board",
    "other ticket",
    "other readers",
)
What = Literal["ticket", "comment"]
T = TypeVar("T")


@dataclass(slots=True)
class There:
    """What the desk has of some time: its tickets, and their comments that came by mail; ``unread`` is of how many
    tickets the comments were not read, ``unsearched`` why comments on tickets that nobody touched may be missing."""

    tickets: list[NativeTicket] = field(default_factory=list)
    comments: list[NativeComment] = field(default_factory=list)
    unread: int = 0
    unsearched: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A mail that the desk's own way took elsewhere, in words. ``what`` it would be here, or where it is only there is
    there; ``kind`` is one of the eight of this module."""

    kind: str
    what: What
    at: float
    sender: str
    subject: str
    here: str
    there: str


@dataclass(slots=True)
class Comparison:
    """``counts`` of tickets and ``comments`` by kind, those that are the same too; ``real`` are the desk's tickets by
    the id of the planned one."""

    counts: Counter[str] = field(default_factory=Counter)
    comments: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    real: dict[str, Real] = field(default_factory=dict)
    unread: int = 0
    unsearched: str = ""


# -- the desk ----------------------------------------------------------------------------------------


async def tickets_of(desk: Desk, since: float) -> list[NativeTicket]:
    """The desk's tickets that were made or changed since then, in the order in which they were made. Raises
    DeskAway."""
    found: list[NativeTicket] = good(await desk.native_tickets(since - NEAR)).data
    return found


async def read(desk: Desk, mails: Sequence[Planned], since: float, progress: Progress = unseen) -> There:
    """What the desk has since then. Of more than MOST_READ tickets those come first to which mails were planned, then
    the newest. Raises DeskAway."""
    there = There(await tickets_of(desk, since))
    await _add_commented(desk, there, since - NEAR)
    planned = {mail.ticket_id for mail in mails}
    wanted = list(reversed(there.tickets))
    wanted.sort(key=lambda ticket: ticket.id not in planned)
    for number, ticket in enumerate(wanted[:MOST_READ]):
        progress("tickets whose comments are read", number, len(wanted))
        answer = good_unless_refused(await desk.native_comments(ticket, since - NEAR))
        if answer is None:  # deleted meanwhile, or not for this key
            there.unread += 1
            continue
        there.comments += answer.data
    if wanted:
        progress("tickets whose comments are read", len(wanted), len(wanted))
    there.unread += max(0, len(wanted) - MOST_READ)
    return there


async def _add_commented(desk: Desk, there: There, since: float) -> None:
    """Tickets with a comment from ``since`` on that nobody made or changed since then: a comment by the desk's own mail
    leaves its ticket's time as it was, and so only the search has it."""
    known = {ticket.id for ticket in there.tickets}
    found, there.unsearched = await desk.native_commented(since)
    there.tickets += {ticket.id: ticket for ticket in found if ticket.id not in known}.values()


# -- side by side ------------------------------------------------------------------------------------


def compare(mails: Sequence[Planned], there: There, names: Mapping[str, str], since: float, until: float) -> Comparison:
    """Lay what the desk has beside the plans. ``names`` are the desk's ids with their names."""
    return _Sides(mails, there, names, since, until).compared()


class _Sides:
    """The two sides, and which of their things belong to the same mail."""

    def __init__(
        self, mails: Sequence[Planned], there: There, names: Mapping[str, str], since: float, until: float
    ) -> None:
        self.mails, self.there, self.names, self.since, self.until = mails, there, names, since, until
        self.found = Comparison(unread=there.unread, unsearched=there.unsearched)
        tickets = [ticket for ticket in there.tickets if since - NEAR <= ticket.at <= until + NEAR]
        self.ticket_of = _tickets_by_mail(mails, tickets)
        others = [mail for mail in mails if mail.id not in self.ticket_of]
        self.comment_of = _comments_by_mail(others, there.comments)
        self.numbers = {ticket.id: ticket.number for ticket in there.tickets}
        for mail in mails:
            if mail.became == "ticket" and (ticket := self.ticket_of.get(mail.id)):
                self.found.real[mail.ticket_id] = _real(ticket)

    def compared(self) -> Comparison:
        for mail in self.mails:
            if mail.became == "ticket":
                self._note(mail, "ticket", *self._of_ticket(mail))
            elif mail.became == "comment" and (mail.comments or mail.id in self.ticket_of):
                self._note(mail, "comment", *self._of_comment(mail))
            elif ticket := self.ticket_of.get(mail.id):
                self._note(mail, "ticket", ONLY_THERE, _nothing(mail), self._ticket(ticket))
            elif comment := self.comment_of.get(mail.id):
                self._note(mail, "comment", ONLY_THERE, _nothing(mail), self._comment(comment))
        of_further = self._of_further()
        self._without_mail(of_further)
        self.found.differences.sort(key=lambda difference: difference.at)
        return self.found

    def _note(self, mail: Planned, what: What, kind: str, here: str = "", there: str = "") -> None:
        (self.found.counts if what == "ticket" else self.found.comments)[kind] += 1
        if kind != SAME:
            self.found.differences.append(Difference(kind, what, mail.at, mail.sender, mail.subject, here, there))

    def _of_ticket(self, mail: Planned) -> tuple[str, ...]:
        """A mail that would have been a ticket: the kind, and what it is here and there."""
        here = f"a ticket for {self._name(mail.client_id)}"
        ticket = self.ticket_of.get(mail.id)
        if ticket is None:
            comment = self.comment_of.get(mail.id)
            return (ELSEWHERE, here, self._comment(comment)) if comment else (ONLY_HERE, here, "nothing")
        if ticket.client_id != mail.client_id:
            return OTHER_CLIENT, here, self._ticket(ticket)
        if ticket.board_id != mail.board_id:
            there = f"{self._ticket(ticket)} on {self._name(ticket.board_id)}"
            return OTHER_BOARD, f"a ticket on {self._name(mail.board_id)}", there
        return (SAME,)

    def _of_comment(self, mail: Planned) -> tuple[str, ...]:
        """The same of a mail that would have been a comment."""
        readers = mail.comments[0] if mail.comments else UNSAID
        place = self._place(mail)
        here = f"{_a_comment(readers)} on {self._number(place)}"
        if ticket := self.ticket_of.get(mail.id):
            return ELSEWHERE, here, self._ticket(ticket)
        comment = self.comment_of.get(mail.id)
        if comment is None:
            return ONLY_HERE, here, "nothing"
        if comment.ticket_id != place:
            return OTHER_TICKET, here, self._comment(comment)
        if UNSAID != readers != _readers(comment):
            return OTHER_READERS, here, self._comment(comment)
        return (SAME,)

    def _of_further(self) -> set[str]:
        """Of a mail of several problems the tickets beside the first. Returns the desk's tickets that are the same."""
        taken = {ticket.id for ticket in self.ticket_of.values()}
        same: set[str] = set()
        for mail in self.mails:
            for ticket in mail.further:
                there = [
                    other
                    for other in self.there.tickets
                    if other.id not in taken | same
                    and mail.message_id in other.message_ids
                    and other.client_id == ticket.client_id
                ]
                same |= {other.id for other in there[:1]}
                here = f"a further ticket for {self._name(ticket.client_id)}: {ticket.title}"
                self._note(mail, "ticket", *((SAME,) if there else (ONLY_HERE, here, "nothing")))
        return same

    def _without_mail(self, of_further: set[str]) -> None:
        """What the desk has of mails that never came here."""
        of_mail = {ticket.id for ticket in self.ticket_of.values()} | of_further
        for ticket in self.there.tickets:
            if ticket.id not in of_mail and self.since <= ticket.at < self.until:
                self.found.counts[ONLY_THERE] += 1
                told = ticket.at, ticket.sender, ticket.title, "no mail", self._ticket(ticket)
                self.found.differences.append(Difference(ONLY_THERE, "ticket", *told))
        known = {comment.id for comment in self.comment_of.values()}
        titles = {ticket.id: ticket.title for ticket in self.there.tickets}
        for comment in self.there.comments:
            if comment.id not in known and self.since <= comment.at < self.until:
                self.found.comments[ONLY_THERE] += 1
                told = comment.at, comment.sender, titles[comment.ticket_id], "no mail", self._comment(comment)
                self.found.differences.append(Difference(ONLY_THERE, "comment", *told))

    # -- words --------------------------------------------------------------------------------------

    def _place(self, mail: Planned) -> str:
        """The desk's ticket on which a mail would have been a comment."""
        real = self.found.real.get(mail.ticket_id)
        return real.ticket_id if real else mail.ticket_id

    def _number(self, ticket_id: str) -> str:
        return self.numbers.get(ticket_id) or "a ticket that the desk has not"

    def _name(self, id_: str) -> str:
        return self.names.get(id_, id_) or "nobody"

    def _ticket(self, ticket: NativeTicket) -> str:
        return f"ticket {ticket.number} for {self._name(ticket.client_id)}"

    def _comment(self, comment: NativeComment) -> str:
        return f"{_a_comment(_readers(comment))} on {self._number(comment.ticket_id)}"


def _readers(comment: NativeComment) -> str:
    return HIDDEN if comment.is_internal else SHOWN


def _a_comment(readers: str) -> str:
    return f"{readers} comment" if readers else "comment"


def _nothing(mail: Planned) -> str:
    """What a mail became that is neither ticket nor comment."""
    if mail.became == "comment":
        return "nothing new on its ticket"
    return f"{mail.became}: {mail.why}" if mail.why else mail.became


def _real(ticket: NativeTicket) -> Real:
    return Real(ticket.id, ticket.number, ticket.board_id, ticket.client_id, ticket.contact_id)


# -- which belongs to which --------------------------------------------------------------------------


def _tickets_by_mail(mails: Sequence[Planned], tickets: Sequence[NativeTicket]) -> dict[str, NativeTicket]:
    """The desk's ticket of each mail, by the mail's id."""
    return _paired(
        mails,
        tickets,
        names=lambda ticket: ticket.message_ids,
        fits=lambda mail, ticket: (mail.board_id != ticket.board_id,),
        like=(lambda mail: clean(mail.subject).casefold(), lambda ticket: clean(ticket.title).casefold()),
        at=lambda ticket: ticket.at,
        first="ticket",
    )


def _comments_by_mail(mails: Sequence[Planned], comments: Sequence[NativeComment]) -> dict[str, NativeComment]:
    """The desk's comment of each mail, by the mail's id."""
    return _paired(
        mails,
        comments,
        names=lambda comment: [comment.message_id] if comment.message_id else [],
        fits=lambda mail, comment: (mail.ticket_id != comment.ticket_id,),
        like=(lambda mail: mail.sender, lambda comment: comment.sender),
        at=lambda comment: comment.at,
        first="comment",
    )


def _paired(
    mails: Sequence[Planned],
    things: Iterable[T],
    *,
    names: Callable[[T], Sequence[str]],
    fits: Callable[[Planned, T], tuple[bool, ...]],
    like: tuple[Callable[[Planned], Hashable], Callable[[T], Hashable]],
    at: Callable[[T], float],
    first: What,
) -> dict[str, T]:
    """Each thing with the mail that it is of: by the Message-ID, where one mail came to several mailboxes to the one
    that ``fits``; where one of the two has none, by what is ``like`` in both, the nearest in time first. A mail that
    would have been the same (``first``) comes before others."""
    pairs: dict[str, T] = {}
    by_id: dict[str, list[Planned]] = {}
    for mail in mails:
        if is_message_id(mail.message_id):
            by_id.setdefault(mail.message_id, []).append(mail)
    left = []
    for thing in things:
        known = [mail for name in names(thing) for mail in by_id.get(name, ())]
        free = [mail for mail in known if mail.id not in pairs]
        if free:
            pairs[min(free, key=lambda mail: (mail.became != first, *fits(mail, thing))).id] = thing
        elif not known:
            left.append(thing)
    by_likeness: dict[Hashable, list[Planned]] = {}
    for mail in mails:
        if mail.id not in pairs and like[0](mail):
            by_likeness.setdefault(like[0](mail), []).append(mail)
    candidates = [
        (mail.became != first, apart, number, mail)
        for number, thing in enumerate(left)
        for mail in by_likeness.get(like[1](thing), ())
        if (apart := abs(at(thing) - mail.at)) <= NEAR and not (is_message_id(mail.message_id) and names(thing))
    ]
    taken: set[int] = set()
    for _, _, number, mail in sorted(candidates, key=lambda candidate: candidate[:3]):
        if mail.id not in pairs and number not in taken:
            taken.add(number)
            pairs[mail.id] = left[number]
    return pairs
