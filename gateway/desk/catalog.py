"""Names of the configuration become ids of the desk, at start, hourly and on ``gateway check``.

Names compare without case. What the desk does not have is a fault with the names that it has; what it does not say is
``missing``, and a name that is to be found there is not known yet.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gateway.config.mailbox import MailboxSettings
from gateway.config.types import did_you_mean
from gateway.desk.lists import Lists, Reader
from gateway.desk.port import Desk
from gateway.desk.records import Board, Category, Client, Person, Priority, Status

BOARDS, PRIORITIES, CLIENTS, USERS, CATEGORIES = "boards", "priorities", "clients", "users", "categories"


class UnknownName(Exception):
    """A name of the configuration that the desk does not have; the message begins with its kind."""

    @property
    def kind(self) -> str:
        """board, status, priority, category, subcategory, client or assignee."""
        return str(self).split()[0].rstrip(":")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where new tickets of a mailbox go, in the desk's ids. ``client_id`` is the fallback client or ""."""

    mailbox: str
    board_id: str
    board: str
    status_id: str
    status: str
    priority_id: str
    priority: str
    client_id: str
    client: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """What one desk said about itself, at the time ``at``."""

    at: float
    destinations: dict[str, Destination]
    boards: dict[str, Board] = field(default_factory=dict)  # by id
    statuses: dict[str, list[Status]] = field(default_factory=dict)  # by board id
    staff: dict[str, Person] = field(default_factory=dict)  # by address, lower case
    clients: list[Client] = field(default_factory=list)
    inactive_clients: frozenset[str] = frozenset()
    priorities: list[Priority] = field(default_factory=list)
    categories: list[Category] = field(default_factory=list)
    faults: dict[str, tuple[UnknownName, ...]] = field(default_factory=dict)  # mailbox to all that is wrong with it
    lists: Lists = field(default_factory=Lists)  # what all of it was made of

    @property
    def missing(self) -> dict[str, str]:
        """The lists that the desk did not give at the last time, and why."""
        return self.lists.missing

    def place(self, board: str, status: str, priority: str, default_board: str) -> dict[str, str]:
        """The ids of a board with a status and a priority: its own defaults where none is named.
        Raises UnknownName."""
        ids: dict[str, str] = {}
        board_id = default_board
        if board:
            named = _pick("board", list(self.boards.values()), board)
            board_id = ids["board_id"] = named.id
            ids["status_id"] = _default_status(self._statuses(board_id)).id
            if named.default_priority_id:
                ids["priority_id"] = named.default_priority_id
        if status:
            ids["status_id"] = _opening(self._statuses(board_id), status).id
        if priority:
            ids["priority_id"] = _pick("priority", self.priorities, priority).id
        return ids

    def closed_status(self, board_id: str) -> str:
        """The id of the first status of the board that closes a ticket, "" for none."""
        closing = [status for status in self.statuses.get(board_id, ()) if status.is_closed]
        return min(closing, key=_order).id if closing else ""

    def _statuses(self, board_id: str) -> list[Status]:
        if board_id not in self.statuses:
            raise UnknownName(f"status: those of board {self.boards[board_id].name!r} could not be read")
        return self.statuses[board_id]

    def category(self, board_id: str, name: str, below: str = "") -> str:
        """The id of the board's category of that name, of the subcategory with ``below``. An id stays one.
        Raises UnknownName."""
        kind = "subcategory" if below else "category"
        if CATEGORIES in self.missing and not self.categories and not _is_id(name):
            raise UnknownName(f"{kind} {name!r}: the desk's categories could not be read")
        level = [each for each in self.categories if each.board_id == board_id and each.parent_id == below]
        if any(category.id == name for category in self.categories) or (not self.categories and _is_id(name)):
            return name
        return _pick(kind, level, name).id

    def client_id(self, name: str) -> str:
        """The id of the client of that name. Raises UnknownName."""
        if CLIENTS in self.missing and not self.clients:
            raise UnknownName(f"client {name!r}: the desk's clients could not be read")
        client = _pick("client", self.clients, name)
        if client.is_inactive:
            raise UnknownName(f"client {name!r} is inactive")
        return client.id

    def names(self) -> dict[str, str]:
        """The desk's ids with their names, for people."""
        statuses = (status for of_board in self.statuses.values() for status in of_board)
        named = (self.boards.values(), statuses, self.categories, self.priorities, self.clients, self.staff.values())
        return {record.id: record.name for records in named for record in records}


def reopen_statuses(board: Board, statuses: Sequence[Status], name: str | None = None) -> list[str]:
    """The ids of the board's statuses that a reopened ticket may get, best first: the one of that name, what the board
    says, its default, its other open ones in their order."""
    opening = sorted(
        (status for status in statuses if not status.is_closed),
        key=lambda status: (not status.is_default, status.order),
    )
    named = [status for status in statuses if name and status.name.casefold() == name.casefold()]
    wanted = [status for status in statuses if status.id == board.reopen_status_id]
    return list(dict.fromkeys(status.id for status in (*named[:1], *wanted, *opening)))


def _order(status: Status) -> float:
    return status.order


def _is_id(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


Each = TypeVar("Each", Board, Status, Priority, Category, Client)


def _pick(kind: str, records: Sequence[Each], wanted: str) -> Each:
    """The one of that name, any case. Raises UnknownName with the names there are."""
    named = [record for record in records if record.name.casefold() == wanted.casefold()]
    if len(named) == 1:
        return named[0]
    if named:
        raise UnknownName(f"{kind} {wanted!r}: the desk has {len(named)} of this name")
    names = sorted(record.name for record in records)
    raise UnknownName(
        f"{kind} {wanted!r}: the desk does not have it; it has: {_listed(names)}{did_you_mean(wanted, names)}"
    )


def _listed(names: list[str]) -> str:
    return (", ".join(map(repr, names[:20])) or "none") + (", …" if len(names) > 20 else "")


async def load(
    desk: Desk,
    mailboxes: list[MailboxSettings],
    now: float,
    more: Sequence[str] = (),
    *,
    clients_needed: bool = False,
    before: Catalog | None = None,
    of_interest: Collection[str] | None = None,
) -> Catalog:
    """Ask the desk for what these mailboxes and the boards ``more`` name: of what ``before`` knows only for the lists
    ``of_interest``, or for all. ``clients_needed``: more than fallback clients are named that mail must not go without.
    Raises DeskAway.

    A mailbox whose names the desk lacks is in ``faults``, not in ``destinations``."""
    reader = Reader(before.lists if before else Lists(), of_interest)
    if not reader.known(BOARDS):
        await reader.read(BOARDS, desk.boards(), needed=True)
    if not reader.known(PRIORITIES):
        await reader.read(PRIORITIES, desk.priorities(), needed=True)
    if not reader.known(CLIENTS):
        needed = clients_needed or any(box.fallback_client for box in mailboxes)
        await reader.read(CLIENTS, desk.clients(vital=needed), needed)
    if not reader.known(USERS):
        await reader.read(USERS, desk.staff(), needed=True)
    boards = [board for board in reader.now.rows[BOARDS] if not board.is_inactive]
    for board, needed in _boards_named(boards, mailboxes, more):
        name = f"statuses of {board.name}"
        if not reader.known(name):
            await reader.read(name, desk.statuses(board.id, vital=needed), needed)
    if not reader.known(CATEGORIES):
        await reader.read(CATEGORIES, desk.categories(), needed=False)
    return _made(reader.done(), boards, mailboxes, now)


def _boards_named(
    boards: list[Board], mailboxes: list[MailboxSettings], more: Sequence[str]
) -> list[tuple[Board, bool]]:
    """The boards of which the statuses are asked for, and whether a mailbox needs them."""
    wanted: dict[str, tuple[Board, bool]] = {}
    names = {name.casefold() for name in more}
    for board in boards:
        if board.name.casefold() in names:
            wanted[board.id] = (board, False)
    for box in mailboxes:
        with contextlib.suppress(UnknownName):
            board = _board(boards, box)
            wanted[board.id] = (board, True)
    return sorted(wanted.values(), key=lambda named: not named[1])


def _made(lists: Lists, boards: list[Board], mailboxes: list[MailboxSettings], now: float) -> Catalog:
    """The catalog of these lists."""
    rows = lists.rows
    priorities: list[Priority] = rows[PRIORITIES]
    clients: list[Client] = rows.get(CLIENTS, [])
    staff: list[Person] = rows[USERS]
    statuses: dict[str, list[Status]] = {
        board.id: rows[name] for board in boards if (name := f"statuses of {board.name}") in rows
    }
    destinations: dict[str, Destination] = {}
    faults: dict[str, tuple[UnknownName, ...]] = {}
    for box in mailboxes:
        found = _destination(box, boards, statuses, priorities, clients)
        if isinstance(found, Destination):
            destinations[box.address] = found
        else:
            faults[box.address] = found
    return Catalog(
        at=now,
        destinations=destinations,
        boards={board.id: board for board in boards},
        statuses=statuses,
        staff={person.address: person for person in staff},
        clients=clients,
        inactive_clients=frozenset(client.id for client in clients if client.is_inactive),
        priorities=priorities,
        categories=rows.get(CATEGORIES, []),
        faults=faults,
        lists=lists,
    )


def _board(boards: list[Board], box: MailboxSettings) -> Board:
    if box.board:
        return _pick("board", boards, box.board)
    default = next((board for board in boards if board.is_default), None)
    if default is None:
        raise UnknownName("board: the desk has no default board; name one in the mailbox")
    return default


Found = TypeVar("Found")


def _destination(
    box: MailboxSettings,
    boards: list[Board],
    statuses: Mapping[str, list[Status]],
    priorities: list[Priority],
    clients: list[Client],
) -> Destination | tuple[UnknownName, ...]:
    """Where the mailbox's tickets go, or all that is wrong with its names. Statuses, and a priority that is not
    named, are the board's: without a board nothing is said of them."""
    wrong: list[UnknownName] = []

    def found(look_up: Callable[..., Found], *given: Any) -> Found | None:
        try:
            return look_up(*given)
        except UnknownName as error:
            wrong.append(error)
            return None

    status, priority = None, None
    if board := found(_board, boards, box):
        of_board = statuses[board.id]
        status = found(_status, of_board, box)
        if box.reopen_status:
            found(_pick, "status", of_board, box.reopen_status)
    if board or box.priority:
        priority = found(_priority, priorities, board, box)
    client = found(_fallback, clients, box)
    if board is None or status is None or priority is None or client is None or wrong:
        return tuple(wrong)
    return Destination(
        *(box.address, board.id, board.name, status.id, status.name),
        *(priority.id, priority.name, client.id, client.name),
    )


def _fallback(clients: list[Client], box: MailboxSettings) -> Client:
    if not box.fallback_client:
        return Client("", "")
    client = _pick("client", clients, box.fallback_client)
    if client.is_inactive:
        raise UnknownName(f"client {client.name!r} is inactive")
    return client


def _status(statuses: list[Status], box: MailboxSettings) -> Status:
    if box.status:
        return _opening(statuses, box.status)
    return _default_status(statuses)


def _opening(statuses: list[Status], name: str) -> Status:
    status = _pick("status", statuses, name)
    if status.is_closed:
        raise UnknownName(f"status {name!r} is a closed one: new tickets need an open status")
    return status


def _default_status(statuses: list[Status]) -> Status:
    opening = [status for status in statuses if not status.is_closed]
    if not opening:
        raise UnknownName("status: the board has no open status")
    first = min(opening, key=_order)
    return next((status for status in opening if status.is_default), first)


def _priority(priorities: list[Priority], board: Board | None, box: MailboxSettings) -> Priority:
    """The one that the mailbox names, else the board's."""
    if box.priority or board is None:
        return _pick("priority", priorities, box.priority or "")
    named = next((priority for priority in priorities if priority.id == board.default_priority_id), None)
    if named is None:
        names = sorted(priority.name for priority in priorities)
        raise UnknownName(
            f"priority: board {board.name!r} has no default priority; name one in the mailbox; "
            f"the desk has: {_listed(names)}"
        )
    return named
