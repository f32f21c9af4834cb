"""The requests of the desk's API in its own JSON, made from the bodies of effects, and what is read in its rows.

Whatever changes a ticket keeps the desk from mailing the customers of it, unless that is what the effect is for: the
desk would mail them their own words. Source: docs/algapsa.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway import blocks as rich
from gateway.model.effects import ContactBody, TicketBody
from gateway.model.email import lower_ascii

QUIET: Mapping[str, Any] = {"suppressContactNotifications": True}
CONTACT_ID = "contact_name_id"
OURS = "email_gateway"
"""Under this key we keep facts of our own, in a ticket's attributes and a comment's metadata."""


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


# -- rows -------------------------------------------------------------------------------------------


def name_of(row: Mapping[str, Any]) -> str:
    """Of a contact."""
    return str(row.get("full_name") or "")


def is_closed(row: Mapping[str, Any]) -> bool:
    """Of a ticket. Its lists and its own page name the flag differently."""
    said = row.get("status_is_closed")
    return bool(row.get("is_closed") if said is None else said)


def is_internal(comment: Mapping[str, Any]) -> bool:
    """Whether only technicians may read a comment."""
    return bool(comment.get("is_internal"))


def has_next(answer: Mapping[str, Any]) -> bool | None:
    """Whether a list goes on behind this page, None where the desk does not say."""
    more: bool | None = (answer.get("pagination") or {}).get("hasNext")
    return more


def description_of(row: Mapping[str, Any]) -> str:
    return str((row.get("attributes") or {}).get("description"))


def watchers_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses that are active on a ticket's watch list, in lower case."""
    attributes = row.get("attributes")
    entries = attributes.get("watch_list") if isinstance(attributes, dict) else None
    rows = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return tuple(
        lower_ascii(entry["email"].strip())
        for entry in rows
        if entry.get("active") is True and isinstance(entry.get("email"), str)
    )


def facts_of(row: Mapping[str, Any], key: str = "metadata") -> Mapping[str, Any]:
    """What we keep in a comment's ``metadata`` or a ticket's ``attributes``; empty where the row is not ours."""
    kept = row.get(key)
    ours = kept.get(OURS) if isinstance(kept, dict) else None
    return ours if isinstance(ours, dict) else {}


def reopening(board: Mapping[str, Any]) -> tuple[bool, float]:
    """Whether replies reopen a closed ticket of the board, and for how many seconds after it was closed; 0 for ever."""
    hours = board.get("inbound_reply_reopen_cutoff_hours") or 0
    return bool(board.get("inbound_reply_reopen_enabled")), float(hours) * 3600


def contact_id_of(row: Mapping[str, Any]) -> str:
    """Of a contact, or of the contact of a ticket; "" for none."""
    return str(row.get("contact_name_id") or "")
