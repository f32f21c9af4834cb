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
    ids = {**body.ids, "contact_id": contact_id or body.ids.get("contact_id", "")}
    watchers = [{"active": True, "source": "inbound_cc", **watcher} for watcher in body.watchers]
    watched = {"watch_list": watchers} if watchers else {}
    facts = {**body.facts, "marker": marker}
    return {
        "title": body.title,
        **_values(ids),
        "attributes": {"description": body.description, OURS: facts, **watched},
    }


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


def changed(values: Mapping[str, str]) -> dict[str, Any]:
    """PUT /tickets/{id}."""
    return {**_values(values), **QUIET}


def _values(values: Mapping[str, str]) -> dict[str, str]:
    """What a ticket has under the desk's names, which are ours but for the contact; without a contact that there is
    not."""
    named = {CONTACT_ID if name == "contact_id" else name: value for name, value in values.items()}
    return {name: value for name, value in named.items() if value or name != CONTACT_ID}
