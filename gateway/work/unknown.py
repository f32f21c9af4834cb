"""An effect without an answer: when to look for it at the desk, and what the desk has of it.

It is read back at READ_BACK after the send, which may only adopt; sent again only after ``settle``, counted
from the later of the send and the desk's first good answer since; and one that was ever unknown is looked
at again at WATCH (docs/design.md "Exactly once").
"""

from __future__ import annotations

from typing import Any

from gateway.desk.algapsa import readback
from gateway.desk.algapsa.client import Desk
from gateway.desk.algapsa.scan import Aim
from gateway.store import effects
from gateway.store.effects import Effect
from gateway.store.engine import Store

READ_BACK = (1 / 60, 1 / 12, 1 / 4)  # of settle: 2, 10 and 30 s of 120
WATCH = (7.5, 720.0)  # of settle: 15 minutes and 24 hours of 120 s

ID_OF = {
    "contact": "contact_name_id",
    "ticket": "ticket_id",
    "comment": "comment_id",
    "missing": "comment_id",
    "released": "comment_id",
    "moved": "comment_id",
    "note": "comment_id",
    "told": "comment_id",
    "list": "comment_id",
    "document": "document_id",
}


async def look(
    store: Store, desk: Desk, one: Effect, ticket_id: str, aim: Aim = Aim.ADOPT, not_before: float = 0.0
) -> list[dict[str, Any]]:
    """What the desk has of an effect, oldest first; none: there was nothing at ``not_before`` or later.
    Raises readback.NotRead."""

    async def owned(remote_ids: list[str]) -> set[str]:
        return await store.read(lambda c: effects.owned(c, one.desk, remote_ids))

    match one.kind:
        case "contact":
            return await readback.contacts(desk, one.body["request"])
        case "ticket":
            return await readback.tickets(desk, one.marker, one.sent_at, aim, not_before)
        case "comment" | "missing" | "released" | "moved" | "note" | "told" | "list":
            return await readback.comments(desk, ticket_id, one.marker, one.sent_at)
        case "document":
            return await readback.documents(desk, ticket_id, one.body, one.sent_at, owned, not_before)
    return []


def settled_at(one: Effect, settle: float, good_at: float) -> float:
    """From when on an effect that is not there may be sent again."""
    return max(one.sent_at, good_at) + settle


def next_look(one: Effect, settle: float, now: float, good_at: float) -> float:
    """When to look again after a look that found nothing."""
    settled = settled_at(one, settle, good_at)
    if one.reads >= 2:
        return settled
    return min(settled, now + settle * READ_BACK[min(one.reads + 1, 2)])
