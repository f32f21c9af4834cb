"""Calls about what the desk does not have: they tell whether the key's user has a right, and nothing can come of them.

The desk refuses them for the right (403) before it looks for the board, the client or the ticket, and for what is not
there (400, 404) where the right is. The id is one that it never gives.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from gateway.desk.algapsa.client import Client
from gateway.desk.outcome import Outcome
from gateway.desk.port import Right

NOWHERE = "00000000-0000-4000-8000-000000000000"
NOBODY = "nobody@gateway.invalid"
TITLE = "gateway check"


def read_contacts(client: Client) -> Awaitable[Outcome]:
    return client.contacts(NOBODY)


def create_ticket(client: Client) -> Awaitable[Outcome]:
    places = dict.fromkeys(("board_id", "client_id", "status_id", "priority_id"), NOWHERE)
    return client.create_ticket({"title": TITLE, **places})


def update_ticket(client: Client) -> Awaitable[Outcome]:
    """By a comment, which takes that right, and none of the counted calls."""
    return client.add_comment(NOWHERE, {"comment_text": TITLE})


def create_contact(client: Client) -> Awaitable[Outcome]:
    return client.create_contact({"full_name": TITLE, "email": NOBODY, "client_id": NOWHERE})


ASKED: Mapping[Right, Callable[[Client], Awaitable[Outcome]]] = {
    Right.READ_CONTACTS: read_contacts,
    Right.CREATE_CONTACTS: create_contact,
    Right.CREATE_TICKETS: create_ticket,
    Right.UPDATE_TICKETS: update_ticket,
}
