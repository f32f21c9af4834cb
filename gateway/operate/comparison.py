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
from datetime import datetime
from typing import Any, Literal, TypeVar

from gateway.desk.algapsa import bodies
from gateway.desk.algapsa.client import Desk
from gateway.desk.algapsa.lists import good, good_unless_refused
from gateway.mail.ids import is_message_id, own_id
from gateway.match.title import clean
from gateway.operate.shadow import HIDDEN, SHOWN, UNSAID, Planned
from gateway.store.shadow import Real

NEAR = 900.0
"""Seconds by which the desk's own mail may be earlier or later than ours."""
REPEATED = 30.0
"""Seconds in which a new ticket has the mail of which it was made as a comment, where no id says so."""
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
Row = Mapping[str, Any]
Progress = Callable[[str, int, int], None]
"""Told what is done, how many of it are, and of how many."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Said:
    """A comment that the desk's own mail added to a ticket."""

    id: str
    ticket_id: str
    message_id: str
    sender: str
    at: float
    readers: str


@dataclass(slots=True)
class There:
    """What the desk has of some time: its tickets, and their comments that came by mail; ``unread`` is of how many
    tickets the comments were not read."""

    tickets: list[Row] = field(default_factory=list)
    comments: list[Said] = field(default_factory=list)
    unread: int = 0


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


# -- the desk ----------------------------------------------------------------------------------------


async def tickets_of(desk: Desk, since: float) -> list[Row]:
    """The desk's tickets that were made or changed since then, in the order in which they were made. Raises
    DeskAway."""
    found: dict[str, Row] = {}
    page = 1
    while True:
        answer = good(await desk.tickets_touched(since - NEAR, page))
        found.update((str(row["ticket_id"]), row) for row in answer.data)
        if not (answer.body.get("pagination") or {}).get("hasNext"):
            return list(found.values())
        page += 1


async def read(
    desk: Desk, mails: Sequence[Planned], since: float, progress: Progress = lambda what, done, total: None
) -> There:
    """What the desk has since then. Of more than MOST_READ tickets those come first to which mails were planned, then
    the newest. Raises DeskAway."""
    there = There(await tickets_of(desk, since))
    planned = {mail.ticket_id for mail in mails}
    wanted = [row for row in reversed(there.tickets) if row["ticket_id"] in planned or _is_touched(row)]
    wanted.sort(key=lambda row: row["ticket_id"] not in planned)
    for number, row in enumerate(wanted[:MOST_READ]):
        progress("tickets whose comments are read", number, len(wanted))
        answer = good_unless_refused(await desk.comments(str(row["ticket_id"]), since - NEAR))
        if answer is None:  # deleted meanwhile, or not for this key
            there.unread += 1
            continue
        there.comments += [said for comment in answer.data if (said := _said(row, comment))]
    if wanted:
        progress("tickets whose comments are read", len(wanted), len(wanted))
    there.unread += max(0, len(wanted) - MOST_READ)
    return there


def _is_touched(row: Row) -> bool:
    """Whether anything happened to a ticket after it was made."""
    return row.get("updated_at") != row.get("entered_at")


def _said(ticket: Row, row: Row) -> Said | None:
    """A comment that came by mail; not the one that repeats the mail of which the ticket was made."""
    email = (row.get("metadata") or {}).get("email")
    if not isinstance(email, dict):
        return None
    said, at = own_id(str(email.get("messageId") or "")), _moment(row, "created_at")
    if said in _said_ids(ticket) or (not said and at - _moment(ticket, "entered_at") < REPEATED):
        return None
    sender = email.get("fromAddress") or email.get("from")
    if isinstance(sender, dict):
        sender = sender.get("email")
    readers = HIDDEN if bodies.is_internal(row) else SHOWN
    ids = str(row["comment_id"]), str(ticket["ticket_id"])
    return Said(*ids, said if is_message_id(said) else "", str(sender or "").lower(), at, readers)


def _said_ids(row: Row) -> list[str]:
    """What stands as the id of the mail of which a ticket was made: a Message-ID, or a provider's own number of it."""
    kept = row.get("email_metadata")
    return (
        [own_id(str(kept[key])) for key in ("messageId", "message_id") if kept.get(key)]
        if isinstance(kept, dict)
        else []
    )


def _names(row: Row) -> list[str]:
    """The Message-IDs of the mail of which a ticket was made, in our form."""
    return [said for said in _said_ids(row) if is_message_id(said)]


def _moment(row: Row, name: str) -> float:
    try:
        return datetime.fromisoformat(str(row.get(name))).timestamp()
    except ValueError:
        return 0.0


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
        self.found = Comparison(unread=there.unread)
        rows = [row for row in there.tickets if since - NEAR <= _moment(row, "entered_at") <= until + NEAR]
        self.ticket_of = _tickets_by_mail(mails, rows)
        others = [mail for mail in mails if mail.id not in self.ticket_of]
        self.comment_of = _comments_by_mail(others, there.comments)
        self.numbers = {str(row["ticket_id"]): str(row.get("ticket_number")) for row in there.tickets}
        for mail in mails:
            if mail.became == "ticket" and (row := self.ticket_of.get(mail.id)):
                self.found.real[mail.ticket_id] = _real(row)

    def compared(self) -> Comparison:
        for mail in self.mails:
            if mail.became == "ticket":
                self._note(mail, "ticket", *self._of_ticket(mail))
            elif mail.became == "comment" and (mail.comments or mail.id in self.ticket_of):
                self._note(mail, "comment", *self._of_comment(mail))
            elif row := self.ticket_of.get(mail.id):
                self._note(mail, "ticket", ONLY_THERE, _nothing(mail), self._ticket(row))
            elif said := self.comment_of.get(mail.id):
                self._note(mail, "comment", ONLY_THERE, _nothing(mail), self._comment(said))
        self._without_mail()
        self.found.differences.sort(key=lambda difference: difference.at)
        return self.found

    def _note(self, mail: Planned, what: What, kind: str, here: str = "", there: str = "") -> None:
        (self.found.counts if what == "ticket" else self.found.comments)[kind] += 1
        if kind != SAME:
            self.found.differences.append(Difference(kind, what, mail.at, mail.sender, mail.subject, here, there))

    def _of_ticket(self, mail: Planned) -> tuple[str, ...]:
        """A mail that would have been a ticket: the kind, and what it is here and there."""
        here = f"a ticket for {self._name(mail.client_id)}"
        row = self.ticket_of.get(mail.id)
        if row is None:
            said = self.comment_of.get(mail.id)
            return (ELSEWHERE, here, self._comment(said)) if said else (ONLY_HERE, here, "nothing")
        if str(row.get("client_id") or "") != mail.client_id:
            return OTHER_CLIENT, here, self._ticket(row)
        if (board := str(row.get("board_id") or "")) != mail.board_id:
            return (
                OTHER_BOARD,
                f"a ticket on {self._name(mail.board_id)}",
                f"{self._ticket(row)} on {self._name(board)}",
            )
        return (SAME,)

    def _of_comment(self, mail: Planned) -> tuple[str, ...]:
        """The same of a mail that would have been a comment."""
        readers = mail.comments[0] if mail.comments else UNSAID
        place = self._place(mail)
        here = f"{_a_comment(readers)} on {self._number(place)}"
        if row := self.ticket_of.get(mail.id):
            return ELSEWHERE, here, self._ticket(row)
        said = self.comment_of.get(mail.id)
        if said is None:
            return ONLY_HERE, here, "nothing"
        if said.ticket_id != place:
            return OTHER_TICKET, here, self._comment(said)
        if UNSAID != readers != said.readers:
            return OTHER_READERS, here, self._comment(said)
        return (SAME,)

    def _without_mail(self) -> None:
        """What the desk has of mails that never came here."""
        tickets = {str(row["ticket_id"]) for row in self.ticket_of.values()}
        for row in self.there.tickets:
            at = _moment(row, "entered_at")
            if str(row["ticket_id"]) not in tickets and self.since <= at < self.until:
                subject, sender = str(row.get("title") or ""), str(row.get("contact_email") or "")
                self.found.counts[ONLY_THERE] += 1
                self.found.differences.append(
                    Difference(ONLY_THERE, "ticket", at, sender, subject, "no mail", self._ticket(row))
                )
        known = {said.id for said in self.comment_of.values()}
        titles = {str(row["ticket_id"]): str(row.get("title") or "") for row in self.there.tickets}
        for said in self.there.comments:
            if said.id not in known and self.since <= said.at < self.until:
                self.found.comments[ONLY_THERE] += 1
                self.found.differences.append(
                    Difference(
                        ONLY_THERE,
                        "comment",
                        said.at,
                        said.sender,
                        titles[said.ticket_id],
                        "no mail",
                        self._comment(said),
                    )
                )

    # -- words --------------------------------------------------------------------------------------

    def _place(self, mail: Planned) -> str:
        """The desk's ticket on which a mail would have been a comment."""
        real = self.found.real.get(mail.ticket_id)
        return real.ticket_id if real else mail.ticket_id

    def _number(self, ticket_id: str) -> str:
        return self.numbers.get(ticket_id) or "a ticket that the desk has not"

    def _name(self, id_: str) -> str:
        return self.names.get(id_, id_) or "nobody"

    def _ticket(self, row: Row) -> str:
        return f"ticket {row.get('ticket_number')} for {self._name(str(row.get('client_id') or ''))}"

    def _comment(self, said: Said) -> str:
        return f"{_a_comment(said.readers)} on {self._number(said.ticket_id)}"


def _a_comment(readers: str) -> str:
    return f"{readers} comment" if readers else "comment"


def _nothing(mail: Planned) -> str:
    """What a mail became that is neither ticket nor comment."""
    if mail.became == "comment":
        return "nothing new on its ticket"
    return f"{mail.became}: {mail.why}" if mail.why else mail.became


def _real(row: Row) -> Real:
    return Real(
        str(row["ticket_id"]),
        str(row.get("ticket_number") or ""),
        str(row.get("board_id") or ""),
        str(row.get("client_id") or ""),
        str(row.get(bodies.CONTACT_ID) or ""),
    )


# -- which belongs to which --------------------------------------------------------------------------


def _tickets_by_mail(mails: Sequence[Planned], rows: Sequence[Row]) -> dict[str, Row]:
    """The desk's ticket of each mail, by the mail's id."""
    return _paired(
        mails,
        rows,
        names=_names,
        fits=lambda mail, row: (mail.board_id != str(row.get("board_id") or ""),),
        like=(lambda mail: clean(mail.subject).casefold(), lambda row: clean(str(row.get("title") or "")).casefold()),
        at=lambda row: _moment(row, "entered_at"),
        first="ticket",
    )


def _comments_by_mail(mails: Sequence[Planned], comments: Sequence[Said]) -> dict[str, Said]:
    """The desk's comment of each mail, by the mail's id."""
    return _paired(
        mails,
        comments,
        names=lambda said: [said.message_id] if said.message_id else [],
        fits=lambda mail, said: (mail.ticket_id != said.ticket_id,),
        like=(lambda mail: mail.sender, lambda said: said.sender),
        at=lambda said: said.at,
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
