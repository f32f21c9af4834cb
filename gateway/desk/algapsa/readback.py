"""Finding an effect whose outcome is unknown: what the desk has of it, oldest first.

A result counts only when every page answered; then an empty list means "not there yet". Tickets and
comments are found by their marker. A document has none: size, then content of the candidates that no
other effect owns and that are not older than the send; the name only breaks ties. What takes several
calls goes on where the rate limit stopped it. Source: docs/design.md "Exactly once".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.desk.algapsa import rows
from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.rows import marker_of, seconds
from gateway.desk.algapsa.scan import SLACK
from gateway.desk.readback import Aim, Owned, told
from gateway.desk.records import Contact
from gateway.model.effects import ContactBody, DocumentBody


async def tickets(
    client: Client, marker: str, sent_at: float, aim: Aim = Aim.ADOPT, not_before: float = 0.0
) -> list[dict[str, Any]]:
    """The tickets with this marker; none: there were none at ``not_before`` or later. Raises NotRead."""
    return await client.scans.find(marker, sent_at, aim, not_before)


async def comments(client: Client, ticket_id: str, marker: str, sent_at: float) -> list[dict[str, Any]]:
    """The ticket's comments with this marker. Raises NotRead."""
    listed = told(await client.comments(ticket_id, sent_at - SLACK))
    hits = {row["comment_id"]: row for row in listed if marker_of(row.get("metadata")) == marker}
    return sorted(hits.values(), key=lambda row: str(row.get("created_at")))


@dataclass(slots=True)
class Sought:
    """An upload that is looked for: the ticket's documents at ``listed``, and the sums of those that were read."""

    listed: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[str, str] = field(default_factory=dict)


async def documents(
    client: Client, ticket_id: str, body: DocumentBody, sent_at: float, owned: Owned, not_before: float = 0.0
) -> list[dict[str, Any]]:
    """The ticket's documents with the content of this effect that belong to no other; none: there were none at
    ``not_before`` or later. Raises NotRead."""
    what = (ticket_id, body.sha256)
    sought = client.sought.setdefault(what, Sought())
    if sought.listed <= max(sent_at, not_before):
        now = client.clock()
        sought.rows, sought.listed = told(await client.documents(ticket_id)), now
    fresh = [
        row
        for row in sought.rows
        if str(row.get("file_size")) == str(body.size)
        and seconds(row.get("updated_at")) >= sent_at + client.skew - SLACK  # without a time it may be ours
    ]
    taken = await owned([row["document_id"] for row in fresh])
    free = [row for row in fresh if row["document_id"] not in taken]
    free.sort(key=lambda row: (row.get("document_name") != body.name, str(row.get("updated_at"))))
    hits = []
    for row in free:
        document_id = row["document_id"]
        if document_id not in sought.sums:
            sought.sums[document_id] = told(await client.document_hash(ticket_id, document_id, body.size or 0))
        if sought.sums[document_id] == body.sha256:
            hits.append(row)
    client.sought.pop(what, None)
    return hits


async def contacts(client: Client, body: ContactBody) -> list[dict[str, Any]]:
    """The active contact of the client with exactly the address. Raises NotRead."""
    return [row for row in told(await client.contacts(body.address)) if _is_wanted(rows.contact(row), body)]


def _is_wanted(contact: Contact, body: ContactBody) -> bool:
    addresses = {address.lower() for address in (contact.address, *contact.more)}
    return contact.client_id == body.client_id and not contact.is_inactive and body.address.lower() in addresses
