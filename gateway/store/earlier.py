"""Bodies of effects as earlier versions stored them: with the desk's request in place of values."""

from __future__ import annotations

from typing import Any

FIELDS = {
    "contact": {"full_name": "name", "email": "address", "client_id": "client_id"},
    "status": {"status_id": "status_id"},
    "reopen": {"status_id": "status_id"},
    "priority": {"priority_id": "priority_id"},
    "client": {"client_id": "client_id"},
    "close": {"status_id": "closed_id"},
}
"""What of a request became which field, by kind."""


def current(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a stored body under the names of today."""
    request = values.get("request")
    if not isinstance(request, dict):
        return values
    rest = {key: value for key, value in values.items() if key != "request"}
    if kind == "ticket":
        return {**_ticket(request), **rest}
    if kind in FIELDS:
        return {**_renamed(request, FIELDS[kind]), **rest}
    return {**_comment(kind, request), **rest}


def _ticket(request: dict[str, Any]) -> dict[str, Any]:
    attributes = _part(request, "attributes")
    ids = {key: value for key, value in request.items() if key not in ("title", "attributes", "contact_name_id")}
    if contact := request.get("contact_name_id"):
        ids["contact_id"] = contact
    names = {"description": "description", "email_gateway": "facts", "watch_list": "watchers"}
    return {"title": request.get("title"), "ids": ids, **_renamed(attributes, names)}


def _comment(kind: str, request: dict[str, Any]) -> dict[str, Any]:
    facts = _renamed(_part(request, "metadata"), {"email_gateway": "facts"})
    if kind == "told":
        return facts
    found = {"blocks": request.get("blocks", []), **facts}
    if kind == "comment":
        found["internal"] = request.get("is_internal", False)
        found["mailed"] = not request.get("suppressContactNotifications", True)
    return found


def _part(request: dict[str, Any], key: str) -> dict[str, Any]:
    part = request.get(key)
    return part if isinstance(part, dict) else {}


def _renamed(values: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """What is not there stays away: a body without it is damaged."""
    return {names[key]: value for key, value in values.items() if key in names}
