"""The desk's tables in memory, its clock, and what tests look at: calls, mails, refusals."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import inf

from gateway.simulator.limits import RateLimit
from gateway.simulator.render import mailed_description
from gateway.simulator.rows import (
    asset_row,
    board_row,
    category_row,
    client_row,
    contact_row,
    priority_row,
    status_row,
    user_row,
)
from gateway.simulator.seed import Seed, name_id
from gateway.simulator.times import iso
from gateway.simulator.wire import Row


@dataclass(slots=True)
class Call:
    """One request as the desk saw it. `fault` names the rule that bent the answer."""

    at: float
    method: str
    path: str
    query: str
    kind: str
    key: str
    status: int | None
    counted: bool
    size: int
    seconds: float
    fault: str = ""
    code: str = ""
    body: bytes = b""

    def as_json(self) -> Row:
        row = asdict(self)
        row["body"] = self.body.decode("utf-8", "replace") if len(self.body) <= 100_000 else None
        return row


@dataclass(slots=True)
class Mail:
    """A mail that the real desk would have sent to a customer. ``html`` is what it says of the ticket, as far as the
    desk does not escape it."""

    at: float
    why: str
    to: str
    ticket_id: str
    comment_id: str | None = None
    html: str = ""


LOUD = ("public comment", "public comment, watcher", "closed", "updated")
"""Why it mails, where that could have been suppressed."""


def watchers(ticket: Row) -> list[str]:
    """The addresses that watch a ticket and are active, once each."""
    listed = (ticket["attributes"] or {}).get("watch_list") if isinstance(ticket["attributes"], dict) else None
    if not isinstance(listed, list):
        return []
    found = [
        entry["email"]
        for entry in listed
        if isinstance(entry, dict) and entry.get("active") and isinstance(entry.get("email"), str)
    ]
    return list(dict.fromkeys(found))


class Desk:
    """One tenant of the desk. ``mailer_lag`` is in seconds."""

    def __init__(self, seed: Seed | None = None, clock: Callable[[], float] = time.time) -> None:
        self.seed = seed = seed or Seed()
        self._clock = clock
        self.shift = 0.0
        self.started = clock()
        self.tenant = seed.tenant
        self.keys: dict[str, Row] = {}
        self.boards: dict[str, Row] = {}
        self.statuses: dict[str, Row] = {}
        self.priorities: dict[str, Row] = {}
        self.categories: dict[str, Row] = {}
        self.clients: dict[str, Row] = {}
        self.client_facts: dict[str, Row] = {}
        self.contacts: dict[str, Row] = {}
        self.users: dict[str, Row] = {}
        self.tickets: dict[str, Row] = {}
        self.comments: dict[str, list[Row]] = {}
        self.documents: dict[str, list[Row]] = {}
        self.files: dict[str, bytes] = {}
        self.bundles: dict[str, Row] = {}
        self.time_entries: dict[str, list[Row]] = {}  # by ticket
        self.assets: dict[str, Row] = {}
        self.asset_links: dict[str, dict[str, Row]] = {}  # by ticket and asset
        self.tags: dict[str, dict[str, Row]] = {}  # by ticket and text
        self.agents: dict[str, list[Row]] = {}  # by ticket
        self.sent: dict[str, str] = {}  # the tickets of its mails, by their Message-ID
        self.tokens: dict[str, str] = {}  # the same by the token in them
        self.next_ticket = seed.next_ticket
        self.limit = RateLimit(**seed.rate_limit)
        self.calls: list[Call] = []
        self.mailed: list[Mail] = []
        self.mailer_lag = 0.3
        self.made: list[tuple[float, str]] = []
        self.database_up = True
        self.version = 0
        self._fill(seed)

    def reset(self) -> None:
        """Forget what happened, be as seeded."""
        self.contacts.clear()
        self.tickets.clear()
        self.comments.clear()
        self.documents.clear()
        self.files.clear()
        self.bundles.clear()
        self.time_entries.clear()
        self.asset_links.clear()
        self.tags.clear()
        self.agents.clear()
        self.sent.clear()
        self.tokens.clear()
        self.calls.clear()
        self.mailed.clear()
        self.made.clear()
        self.limit = RateLimit(**self.seed.rate_limit)
        self.next_ticket = self.seed.next_ticket
        self.database_up = True
        self.shift = 0.0
        self._fill(self.seed)

    def now(self) -> float:
        return self._clock() + self.shift

    def new_id(self) -> str:
        return str(uuid.uuid4())

    @property
    def refusals(self) -> list[Call]:
        """Every 4xx and 5xx that the desk answered by itself: what a client did wrong."""
        return [call for call in self.calls if not call.fault and call.status is not None and call.status >= 400]

    def counted(self, key: str | None = None) -> int:
        return self.limit.counted.get(key or self.seed.api_key, 0)

    # -- the mailer -------------------------------------------------------------------------------

    def mail(self, why: str, to: str, ticket_id: str, comment_id: str | None = None, html: str = "") -> None:
        self.mailed.append(Mail(self.now(), why, to, ticket_id, comment_id, html))

    @property
    def mails(self) -> list[Mail]:
        """All that is mailed when nothing more happens: the mailer gets to what it has not looked at yet."""
        self.tell_of_new(inf)
        return self.mailed

    def tell_of_new(self, until: float | None = None) -> None:
        """The mailer looks at new tickets only ``mailer_lag`` seconds after they were made, and mails those whom
        they have then (recordings 260 to 273): whom it tells of a ticket, and active watchers."""
        until = self.now() if until is None else until
        while self.made and self.made[0][0] <= until:
            ticket = self.tickets.get(self.made.pop(0)[1])
            if ticket is None:
                continue
            address = self.told_of(ticket)
            html = mailed_description(ticket["attributes"])
            if address:
                self.mail("ticket created", address, ticket["ticket_id"], html=html)
            for watcher in watchers(ticket):
                if watcher != address:
                    self.mail("ticket created, watcher", watcher, ticket["ticket_id"], html=html)

    def told_of(self, ticket: Row) -> str:
        """Whom it tells of a ticket: the contact, though inactive, else the client's own address; "" for nobody."""
        contact = self.contacts.get(ticket["contact_name_id"] or "")
        return str((contact or self.client_facts[ticket["client_id"]])["email"] or "")

    def file_of(self, document: Row) -> bytes:
        return self.files[document["file_id"]]

    def _fill_categories(self, board_id: str, tree: list[Row], author: str | None, at: str) -> None:
        for given in tree:
            self._add_category(board_id, given.get("parent"), {"created_by": author, **given}, at)
            own = name_id("category", board_id, "", given["name"])
            for child in given.get("children", ()):
                self._add_category(board_id, own, {"created_by": author, "name": child}, at)

    def _add_category(self, board_id: str, parent: str | None, given: Row, at: str) -> None:
        category_id = given.get("id") or name_id("category", board_id, parent or "", given["name"])
        order = len(self.categories)
        self.categories[category_id] = category_row(self.tenant, category_id, board_id, parent, given, order, at)

    def _fill(self, seed: Seed) -> None:
        at = iso(self.started)
        tenant = self.tenant
        for given in seed.users:
            user_id = given.get("id") or name_id("user", given["email"])
            self.users[user_id] = user_row(tenant, user_id, given, at)
        by_mail = {row["email"]: row for row in self.users.values()}
        author = next(iter(self.users), None)
        for order, item in enumerate(seed.priorities, 1):
            given = {"name": item} if isinstance(item, str) else item
            priority_id = given.get("id") or name_id("priority", given["name"])
            self.priorities[priority_id] = priority_row(tenant, priority_id, given["name"], order, at, author)
        priorities = {row["priority_name"]: row["priority_id"] for row in self.priorities.values()}
        for order, given in enumerate(seed.boards, 1):
            board_id = given.get("id") or name_id("board", given["name"])
            priority = priorities[given["default_priority"]] if given.get("default_priority") else None
            self.boards[board_id] = board_row(tenant, board_id, {"default_priority_id": priority, **given}, order)
            for place, status in enumerate(given.get("statuses", ()), 1):
                status_id = status.get("id") or name_id("status", given["name"], status["name"])
                self.statuses[status_id] = status_row(
                    tenant, status_id, board_id, {"created_by": author, **status}, place, at
                )
            self._fill_categories(board_id, given.get("categories", ()), author, at)
        by_name: dict[str, str] = {}
        for given in seed.clients:
            client_id = given.get("id") or name_id("client", given["name"])
            by_name[given["name"]] = client_id
            self.clients[client_id] = client_row(tenant, client_id, given, at)
            self.client_facts[client_id] = {name: given.get(name) for name in ("email", "phone", "location")}
        for given in seed.contacts:
            contact_id = given.get("id") or name_id("contact", given["email"])
            owner = by_name[given["client"]] if given.get("client") else None
            self.contacts[contact_id] = contact_row(tenant, contact_id, given, owner, at)
        for given in seed.assets:
            asset_id = given.get("id") or name_id("asset", given["tag"])
            self.assets[asset_id] = asset_row(tenant, asset_id, given, by_name[given["client"]], at)
        for given in seed.keys:
            user = by_mail[given["user"]] if given.get("user") else next(iter(self.users.values()))
            self.keys[given["key"]] = {
                "user": user,
                "state": given.get("state", "active"),
                "hidden": {by_name[name] for name in given.get("hidden", ())},
                "guarded": bool(given.get("guarded", False)),
            }
