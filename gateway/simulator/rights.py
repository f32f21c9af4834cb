"""What a key may do: by the role of its user, and by the clients whose tickets it does not get to see.

A role is asked first, and refuses a kind of call for every record. A *narrowed* key does not see the tickets of some
clients: the list of tickets leaves them out in silence, and a ticket made for such a client is made all the same.
A *guarded* desk (its enterprise edition) also refuses every call on such a ticket, but for its bundle, and leaves it
out of the search.
"""

from __future__ import annotations

from gateway.simulator.state import Desk
from gateway.simulator.wire import Problem, Row

# what a role may not do; a role that is not named may do everything
FORBIDDEN: dict[str, dict[str, tuple[str, ...]]] = {
    "Technician": {
        "contact": ("create", "update", "delete"),
        "ticket": ("delete",),
        "webhook": ("read", "create"),
        "permission": ("read",),
        "metadata": ("read",),
    },
    "Finance": {
        "ticket": ("create", "delete"),
        "contact": ("create", "update", "delete"),
        "webhook": ("read", "create"),
    },
    "Admin": {"webhook": ("read", "create"), "permission": ("read",)},
    "Dispatcher": {"timeentry": ("read",)},
    "Reader": {"ticket": ("create", "update", "delete"), "contact": ("read", "create", "update", "delete")},
}
_NOT_BOUGHT = "PRODUCT_ACCESS_DENIED"
NOTHING = "Nobody"
"""The role that may do nothing at all."""


_TICKETS_ALONE = "boards statuses priorities clients contacts users tickets tags comments meta".split()
"""The product for tickets alone has these kinds of calls, and no others."""
_WORK = ("time-entries", "assets")
"""What it does not have of a ticket."""


def check_product(desk: Desk, path: tuple[str, ...]) -> None:
    """A call below /api/v1. Raises Problem where the tenant's product does not have it, whoever asks."""
    if desk.seed.product == "psa" or (path[0] in _TICKETS_ALONE and not (path[0] == "tickets" and path[-1] in _WORK)):
        return
    whole = "/".join(("/api/v1", *path))
    if path[0] == "assets":
        raise Problem(403, _NOT_BOUGHT, f'Product access denied for capability "api:{whole}"')
    facts = {"productCode": desk.seed.product, "path": whole}
    raise Problem(403, _NOT_BOUGHT, f"Product '{desk.seed.product}' does not allow API access to '{whole}'", facts)


def may(key: Row, resource: str, action: str) -> bool:
    """Whether the role of the key's user lets it do such a thing at all."""
    role = key["user"]["roles"][0]["role_name"]
    return role != NOTHING and action not in FORBIDDEN.get(role, {}).get(resource, ())


def lists(key: Row, ticket: Row) -> bool:
    """Whether the list of tickets shows it to this key."""
    return ticket["client_id"] not in key["hidden"]


def finds(key: Row, ticket: Row) -> bool:
    """Whether the search shows it, and the ticket itself can be read and changed."""
    return not key["guarded"] or lists(key, ticket)


def check_ticket(desk: Desk, key: Row, ticket_id: str) -> None:
    """A call on this ticket. Raises Problem; a ticket that is not there is for others to say."""
    ticket = desk.tickets.get(ticket_id.lower())
    if ticket is not None and not finds(key, ticket):
        raise Problem(403, "FORBIDDEN", "Permission denied: Cannot read ticket")
