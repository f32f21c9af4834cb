"""The requests of the desk's API in its own JSON, made from the bodies of effects.

Whatever changes a ticket keeps the desk from mailing the customers of it, unless that is what the effect is for: the
desk would mail them their own words. Source: docs/algapsa.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway import blocks as rich
from gateway.desk.algapsa.rows import CONTACT_ID, OURS
from gateway.model.effects import ContactBody, TicketBody

QUIET: Mapping[str, Any] = {"suppressContactNotifications": True}


def ticket(body: TicketBody, marker: str, contact_id: str = "") -> dict[str, Any]:
    """POST /tickets; for a contact that the plan has made meanwhile with its id."""
    ids = dict(body.ids)
    if contact := contact_id or ids.pop("contact_id", ""):
        ids[CONTACT_ID] = contact
    ids.pop("contact_id", None)
    watched = {"watch_list": list(body.watchers)} if body.watchers else {}
    facts = {**body.facts, "marker": marker}
    return {"title": body.title, **ids, "attributes": {"description": body.description, OURS: facts, **watched}}


def described(row: Mapping[str, Any], description: str) -> dict[str, Any]:
    """PUT /tickets/{id}: another description for the ticket of this row."""
    return {"attributes": {**(row.get("attributes") or {}), "description": description}, **QUIET}


def contact(body: ContactBody) -> dict[str, Any]:
    """POST /contacts."""
    return {"full_name": body.name, "email": body.address, "client_id": body.client_id}


def comment(
    blocks: Sequence[Any],
    facts: Mapping[str, Any],
    marker: str,
    *,
    internal: bool = True,
    mailed: bool = False,
    by_customer: bool = False,
) -> dict[str, Any]:
    """POST /tickets/{id}/comments. The desk shows what a customer wrote as received by mail."""
    source = {"responseSource": "inbound_email"} if by_customer else {}
    return {
        "is_internal": internal,
        "suppressContactNotifications": not mailed,
        "comment_text": rich.dumps(list(blocks)),
        "metadata": {OURS: {**facts, "marker": marker}, **source},
    }


def status(status_id: str) -> dict[str, Any]:
    """PUT /tickets/{id}/status."""
    return {"status_id": status_id, **QUIET}


def priority(priority_id: str) -> dict[str, Any]:
    """PUT /tickets/{id}."""
    return {"priority_id": priority_id, **QUIET}


def client(client_id: str) -> dict[str, Any]:
    """PUT /tickets/{id}."""
    return {"client_id": client_id, **QUIET}
