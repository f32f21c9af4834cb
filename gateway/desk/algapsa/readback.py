"""Finding an effect whose outcome is unknown: what the desk has of it, oldest first.

A result counts only when every page answered; then an empty list means "not there yet". Tickets and
comments are found by their marker. A document has none: size, then content of the candidates that no
other effect owns and that are not older than the send; the name only breaks ties (DESIGN).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from gateway.desk.algapsa.client import Desk
from gateway.desk.outcome import Good, Outcome

BACK = 3600.0  # seconds before the send from which to look: clocks, and tickets that were moved
CLOCK_SLACK = 60.0

Owned = Callable[[list[str]], Awaitable[set[str]]]


class NotRead(Exception):
    """The read-back is incomplete and says nothing."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


async def tickets(desk: Desk, marker: str, sent_at: float) -> list[dict[str, Any]]:
    """The tickets with this marker. No client filter: someone may have moved it. Raises NotRead."""
    rows = _rows(await desk.tickets_since(sent_at - BACK))
    hits = [row for row in rows if _marker(row.get("attributes")) == marker]
    unique = {row["ticket_id"]: row for row in hits}  # a row may be on two pages
    return sorted(unique.values(), key=lambda row: str(row.get("entered_at")))


async def comments(desk: Desk, ticket_id: str, marker: str, sent_at: float) -> list[dict[str, Any]]:
    """The ticket's comments with this marker. Raises NotRead."""
    rows = _rows(await desk.comments(ticket_id, sent_at - BACK))
    hits = {row["comment_id"]: row for row in rows if _marker(row.get("metadata")) == marker}
    return sorted(hits.values(), key=lambda row: str(row.get("created_at")))


async def documents(
    desk: Desk, ticket_id: str, body: dict[str, Any], sent_at: float, owned: Owned
) -> list[dict[str, Any]]:
    """The ticket's documents with this content that belong to no other effect. Raises NotRead."""
    rows = _rows(await desk.documents(ticket_id))
    fresh = [
        row
        for row in rows
        if str(row.get("file_size")) == str(body["size"])
        and _seconds(row.get("updated_at")) >= sent_at + desk.skew - CLOCK_SLACK
    ]
    taken = await owned([row["document_id"] for row in fresh])
    free = [row for row in fresh if row["document_id"] not in taken]
    free.sort(key=lambda row: (row.get("document_name") != body["name"], str(row.get("updated_at"))))
    hits = []
    for row in free:
        outcome = await desk.document_hash(ticket_id, row["document_id"], int(body["size"]))
        if not isinstance(outcome, Good):
            raise NotRead(outcome)
        if outcome.data == body["sha256"]:
            hits.append(row)
    return hits


def _rows(outcome: Outcome) -> list[dict[str, Any]]:
    if not isinstance(outcome, Good):
        raise NotRead(outcome)
    return list(outcome.data)


def _marker(free: Any) -> str:
    mine = free.get("email_gateway") if isinstance(free, dict) else None
    return str(mine.get("marker", "")) if isinstance(mine, dict) else ""


def _seconds(stamp: Any) -> float:
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except (ValueError, OverflowError):
        return float("inf")  # without a time it may be ours


async def contacts(desk: Desk, request: dict[str, Any]) -> list[dict[str, Any]]:
    """The active contact of the client with exactly the address. Raises NotRead."""
    outcome = await desk.contacts(request["email"])
    if not isinstance(outcome, Good):
        raise NotRead(outcome)
    wanted = request["email"].lower()
    return [
        row
        for row in outcome.data
        if row.get("client_id") == request["client_id"]
        and not row.get("is_inactive")
        and wanted in {str(one).lower() for one in (row.get("email"), *_more(row))}
    ]


def _more(row: dict[str, Any]) -> list[Any]:
    return [one.get("email_address") for one in row.get("additional_email_addresses") or []]
