"""What a desk says of itself, taken once: its lists and its contacts, for a trial that then leaves it alone.

Without a desk the lists hold what the configuration names, and nobody is a contact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from gateway.config.settings import Settings
from gateway.desk.algapsa import rows, shapes
from gateway.desk.algapsa.client import Client
from gateway.desk.outcome import DeskAway, Good, Outcome, Refused
from gateway.desk.pacing import PATIENCE, Urgency
from gateway.desk.trial import Taken
from gateway.match import captures

Rows = list[dict[str, Any]]
"""As the desk gives them. So are in Taken ``boards``, ``priorities``, ``clients``, ``users``, ``categories`` and
``contacts``, and ``statuses`` by board id; ``missing`` says why a list was not given."""
MOST_PAGES = 5_000
NEEDED = ("boards", "priorities", "clients", "users", "contacts")


async def take(client: Client, named: Collection[str], tell: Callable[[str], None]) -> Taken:
    """Read a desk's lists, of the statuses those of its default board and of those ``named``. Raises DeskAway."""
    taken: Taken = {"missing": {}, "statuses": {}}
    for name, call in (
        ("boards", client.boards),
        ("priorities", client.priorities),
        ("clients", client.all_clients),
        ("users", client.users),
        ("categories", client.categories),
    ):
        tell(f"reading the desk's {name}")
        _keep(taken, name, await call())
    for board in taken["boards"]:
        if board.get("is_default") or str(board["board_name"]).casefold() in named:
            outcome = await client.statuses(board["board_id"])
            taken["statuses"][board["board_id"]] = outcome.data if isinstance(outcome, Good) else []
    await _contacts(client, taken, tell)
    return taken


def _keep(taken: Taken, name: str, outcome: Outcome) -> None:
    if isinstance(outcome, Good):
        taken[name] = outcome.data
        return
    if name in NEEDED and not isinstance(outcome, Refused):
        raise DeskAway(outcome)
    taken[name] = []
    taken["missing"][name] = str(outcome)


async def _contacts(client: Client, taken: Taken, tell: Callable[[str], None]) -> None:
    """All contacts that have an address."""
    found: Rows = []
    for page in range(1, MOST_PAGES + 1):
        tell(f"reading the desk's contacts: {len(found)}")
        outcome = await client.contacts_page(page, Urgency.TICKET, PATIENCE)
        if not isinstance(outcome, Good):
            return _keep(taken, "contacts", outcome)
        found += [{key: row.get(key) for key in shapes.Contact.model_fields} for row in outcome.data]
        if not rows.has_next(outcome.body):
            break
    taken["contacts"] = found
    return None


def named(settings: Settings, desk: str) -> Taken:
    """What a desk would have to have, by the names of the configuration."""
    boxes = [box for box in settings.mailbox if box.desk == desk]
    rules = [rule for rule in settings.rule if rule.desk == desk]
    notices = [notice for notice in settings.notice if notice.desk == desk]
    policies = [settings.profiles[notice.profile].profile.policy for notice in notices]
    placed = (*boxes, *rules, *notices, *policies)

    def names(key: str, *more: str) -> list[str]:
        said = [*(getattr(each, key, "") or "" for each in placed), *more]
        return list({name.casefold(): name for name in said if name and not captures.names_in(name)}.values())

    boards = names("board") or ["(the default board)"]
    statuses = names("status", *(box.reopen_status or "" for box in boxes), "New")
    clients = names("client", *(box.fallback_client or "" for box in boxes), *settings.aliases.values())
    clients += [domain.client for domain in settings.domain if domain.desk == desk and domain.client not in clients]
    priorities = names("priority", *settings.priorities, *settings.importance.values(), "Medium")
    assignees = names("assignee")
    return {
        "boards": [
            {"board_id": f"board-{n}", "board_name": name, "is_default": n == 0, "default_priority_id": "priority-0"}
            for n, name in enumerate(boards)
        ],
        "statuses": {
            f"board-{n}": [
                *(
                    {"status_id": f"status-{n}-{m}", "name": name, "is_default": m == 0, "is_closed": False}
                    for m, name in enumerate(statuses)
                ),
                {"status_id": f"status-{n}-closed", "name": "Closed", "is_closed": True},
            ]
            for n in range(len(boards))
        },
        "priorities": [{"priority_id": f"priority-{n}", "priority_name": name} for n, name in enumerate(priorities)],
        "clients": [{"client_id": f"client-{n}", "client_name": name} for n, name in enumerate(clients)],
        "users": [
            {"user_id": f"user-{n}", "email": address, "user_type": "internal"} for n, address in enumerate(assignees)
        ],
        "categories": _categories(settings, desk, len(boards)),
        "contacts": [],
        "missing": {},
    }


def _categories(settings: Settings, desk: str, boards: int) -> Rows:
    """Each category that a rule names, on every board."""
    rules = [rule for rule in settings.rule if rule.desk == desk and rule.category]
    above = dict.fromkeys(rule.category.casefold() for rule in rules)
    below = dict.fromkeys((rule.category.casefold(), rule.subcategory) for rule in rules if rule.subcategory)
    found: Rows = []
    for board in range(boards):
        for name in above:
            id_ = f"category-{board}-{len(found)}"
            found.append({"board_id": f"board-{board}", "category_id": id_, "category_name": name})
            found += [
                {
                    "board_id": f"board-{board}",
                    "category_id": f"{id_}-{number}",
                    "category_name": sub,
                    "parent_category": id_,
                }
                for number, (category, sub) in enumerate(below)
                if category == name
            ]
    return found
