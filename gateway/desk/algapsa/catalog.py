"""Names of the configuration become ids of the desk, at start, hourly and on ``gateway check``.

Names compare without case. What the desk does not have is a fault with the names that it has; what it does not say is
``missing``, and a name that is to be found there is not known yet.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.config.mailbox import MailboxSettings
from gateway.config.types import did_you_mean
from gateway.desk.algapsa.client import Desk
from gateway.desk.algapsa.lists import Lists, Reader, Rows
from gateway.model.email import lower_ascii

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
class Person:
    """An internal user of the desk: a technician."""

    user_id: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """What one desk said about itself, at the time ``at``."""

    at: float
    destinations: dict[str, Destination]
    boards: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # by board id
    staff: dict[str, Person] = field(default_factory=dict)  # by address, lower case
    clients: list[dict[str, Any]] = field(default_factory=list)
    inactive_clients: frozenset[str] = frozenset()
    priorities: list[dict[str, Any]] = field(default_factory=list)
    categories: list[dict[str, Any]] = field(default_factory=list)
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
            row = _pick("board", list(self.boards.values()), "board_name", board)
            board_id = ids["board_id"] = str(row["board_id"])
            ids["status_id"] = str(_default_status(self._statuses(board_id))["status_id"])
            if row.get("default_priority_id"):
                ids["priority_id"] = str(row["default_priority_id"])
        if status:
            ids["status_id"] = str(_opening(self._statuses(board_id), status)["status_id"])
        if priority:
            ids["priority_id"] = str(_pick("priority", self.priorities, "priority_name", priority)["priority_id"])
        return ids

    def closed_status(self, board_id: str) -> str:
        """The id of the first status of the board that closes a ticket, "" for none."""
        closing = [status for status in self.statuses.get(board_id, ()) if status.get("is_closed")]
        closing.sort(key=lambda status: status.get("order_number") or 0)
        return str(closing[0]["status_id"]) if closing else ""

    def _statuses(self, board_id: str) -> Rows:
        if board_id not in self.statuses:
            raise UnknownName(f"status: those of board {self.boards[board_id]['board_name']!r} could not be read")
        return self.statuses[board_id]

    def category(self, board_id: str, name: str, below: str = "") -> str:
        """The id of the board's category of that name, of the subcategory with ``below``. An id stays one.
        Raises UnknownName."""
        kind = "subcategory" if below else "category"
        if CATEGORIES in self.missing and not self.categories and not _is_id(name):
            raise UnknownName(f"{kind} {name!r}: the desk's categories could not be read")
        mine = [category for category in self.categories if str(category.get("board_id")) == board_id]
        level = [category for category in mine if str(category.get("parent_category") or "") == below]
        if any(category["category_id"] == name for category in self.categories) or (
            not self.categories and _is_id(name)
        ):
            return name
        return str(_pick(kind, level, "category_name", name)["category_id"])

    def client_id(self, name: str) -> str:
        """The id of the client of that name. Raises UnknownName."""
        if CLIENTS in self.missing and not self.clients:
            raise UnknownName(f"client {name!r}: the desk's clients could not be read")
        row = _pick("client", self.clients, "client_name", name)
        if row.get("is_inactive"):
            raise UnknownName(f"client {name!r} is inactive")
        return str(row["client_id"])

    def names(self) -> dict[str, str]:
        """The desk's ids with their names, for people."""
        names = {key: str(row["board_name"]) for key, row in self.boards.items()}
        names |= {str(row["status_id"]): str(row["name"]) for rows in self.statuses.values() for row in rows}
        names |= {str(row["category_id"]): str(row["category_name"]) for row in self.categories}
        names |= {str(row["priority_id"]): str(row["priority_name"]) for row in self.priorities}
        names |= {str(row["client_id"]): str(row["client_name"]) for row in self.clients}
        return names | {person.user_id: person.name for person in self.staff.values()}


def reopen_statuses(
    board: Mapping[str, Any], statuses: Sequence[Mapping[str, Any]], name: str | None = None
) -> list[str]:
    """The ids of the board's statuses that a reopened ticket may get, best first: the one of that name, what the board
    says, its default, its other open ones in their order."""
    opening = sorted(
        (status for status in statuses if not status.get("is_closed")),
        key=lambda status: (not status.get("is_default"), status.get("order_number") or 0),
    )
    named = [status for status in statuses if name and str(status.get("name")).casefold() == name.casefold()]
    wanted = [status for status in statuses if status["status_id"] == board.get("inbound_reply_reopen_status_id")]
    return list(dict.fromkeys(str(status["status_id"]) for status in (*named[:1], *wanted, *opening)))


def _is_id(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _pick(kind: str, rows: list[dict[str, Any]], name_key: str, wanted: str) -> dict[str, Any]:
    """The row of that name, any case. Raises UnknownName with the names there are."""
    named = [row for row in rows if str(row.get(name_key, "")).casefold() == wanted.casefold()]
    if len(named) == 1:
        return named[0]
    if named:
        raise UnknownName(f"{kind} {wanted!r}: the desk has {len(named)} of this name")
    names = sorted(str(row.get(name_key)) for row in rows)
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
        await reader.read(CLIENTS, desk.all_clients(vital=needed), needed)
    if not reader.known(USERS):
        await reader.read(USERS, desk.users(), needed=True)
    boards = [row for row in reader.now.rows[BOARDS] if not row.get("is_inactive")]
    for board, needed in _boards_named(boards, mailboxes, more):
        name = f"statuses of {board['board_name']}"
        if not reader.known(name):
            await reader.read(name, desk.statuses(board["board_id"], vital=needed), needed)
    if not reader.known(CATEGORIES):
        await reader.read(CATEGORIES, desk.categories(), needed=False)
    return _made(reader.done(), boards, mailboxes, now)


def _boards_named(boards: Rows, mailboxes: list[MailboxSettings], more: Sequence[str]) -> list[tuple[Any, bool]]:
    """The boards of which the statuses are asked for, and whether a mailbox needs them."""
    wanted: dict[str, tuple[Any, bool]] = {}
    names = {name.casefold() for name in more}
    for board in boards:
        if str(board["board_name"]).casefold() in names:
            wanted[board["board_id"]] = (board, False)
    for box in mailboxes:
        with contextlib.suppress(UnknownName):
            board = _board(boards, box)
            wanted[board["board_id"]] = (board, True)
    return sorted(wanted.values(), key=lambda named: not named[1])


def _made(lists: Lists, boards: Rows, mailboxes: list[MailboxSettings], now: float) -> Catalog:
    """The catalog of these lists."""
    rows = lists.rows
    priorities, clients = rows[PRIORITIES], rows.get(CLIENTS, [])
    statuses = {
        board["board_id"]: rows[name] for board in boards if (name := f"statuses of {board['board_name']}") in rows
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
        boards={board["board_id"]: board for board in boards},
        statuses=statuses,
        staff=staff_of(rows[USERS]),
        clients=clients,
        inactive_clients=frozenset(str(client["client_id"]) for client in clients if client.get("is_inactive")),
        priorities=priorities,
        categories=rows.get(CATEGORIES, []),
        faults=faults,
        lists=lists,
    )


def staff_of(users: Rows) -> dict[str, Person]:
    """The technicians by address."""
    people = [
        Person(
            user["user_id"],
            f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip(),
            lower_ascii(str(user["email"])),
        )
        for user in users
        if user.get("email") and user.get("user_type") == "internal" and not user.get("is_inactive")
    ]
    return {person.address: person for person in people}


def _board(boards: list[dict[str, Any]], box: MailboxSettings) -> dict[str, Any]:
    if box.board:
        return _pick("board", boards, "board_name", box.board)
    default = next((board for board in boards if board.get("is_default")), None)
    if default is None:
        raise UnknownName("board: the desk has no default board; name one in the mailbox")
    return default


def _destination(
    box: MailboxSettings, boards: Rows, statuses: Mapping[str, Rows], priorities: Rows, clients: Rows
) -> Destination | tuple[UnknownName, ...]:
    """Where the mailbox's tickets go, or all that is wrong with its names. Statuses, and a priority that is not
    named, are the board's: without a board nothing is said of them."""
    wrong: list[UnknownName] = []

    def found(look_up: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
        try:
            return look_up(*given)
        except UnknownName as error:
            wrong.append(error)
            return {}

    status: dict[str, Any] = {}
    priority: dict[str, Any] = {}
    if board := found(_board, boards, box):
        of_board = statuses[board["board_id"]]
        status = found(_status, of_board, box)
        if box.reopen_status:
            found(_pick, "status", of_board, "name", box.reopen_status)
    if board or box.priority:
        priority = found(_priority, priorities, board, box)
    client = found(_fallback, clients, box)
    if wrong:
        return tuple(wrong)
    return Destination(
        box.address,
        board["board_id"],
        board["board_name"],
        status["status_id"],
        status["name"],
        priority["priority_id"],
        priority["priority_name"],
        client["client_id"],
        client["client_name"],
    )


def _fallback(clients: Rows, box: MailboxSettings) -> dict[str, Any]:
    if not box.fallback_client:
        return {"client_id": "", "client_name": ""}
    client = _pick("client", clients, "client_name", box.fallback_client)
    if client.get("is_inactive"):
        raise UnknownName(f"client {client['client_name']!r} is inactive")
    return client


def _status(statuses: list[dict[str, Any]], box: MailboxSettings) -> dict[str, Any]:
    if box.status:
        return _opening(statuses, box.status)
    return _default_status(statuses)


def _opening(statuses: list[dict[str, Any]], name: str) -> dict[str, Any]:
    status = _pick("status", statuses, "name", name)
    if status.get("is_closed"):
        raise UnknownName(f"status {name!r} is a closed one: new tickets need an open status")
    return status


def _default_status(statuses: list[dict[str, Any]]) -> dict[str, Any]:
    opening = [status for status in statuses if not status.get("is_closed")]
    if not opening:
        raise UnknownName("status: the board has no open status")
    first = min(opening, key=lambda status: status.get("order_number") or 0)
    return next((status for status in opening if status.get("is_default")), first)


def _priority(priorities: list[dict[str, Any]], board: dict[str, Any], box: MailboxSettings) -> dict[str, Any]:
    if box.priority:
        return _pick("priority", priorities, "priority_name", box.priority)
    wanted = board.get("default_priority_id")
    named = next((priority for priority in priorities if priority["priority_id"] == wanted), None)
    if named is None:
        names = sorted(str(priority["priority_name"]) for priority in priorities)
        raise UnknownName(
            f"priority: board {board['board_name']!r} has no default priority; name one in the mailbox; "
            f"the desk has: {_listed(names)}"
        )
    return named
