"""Tickets: creation, reading, the list with its filters, changes and status.

Source: recordings 056 to 167, extra/031 to 071, readback/. Accepted although wrong, as the
desk does: an unknown priority, a contact of another client or an inactive one, a closed
status, unknown fields. `tags` on POST are echoed and not stored; on PUT they are an error.
"""

from __future__ import annotations

from typing import Any

from gateway.simulator.render import description_html
from gateway.simulator.rows import full_name, ticket_row
from gateway.simulator.state import Desk, watchers
from gateway.simulator.text import column, jsonb, trim
from gateway.simulator.times import iso, parse_iso
from gateway.simulator.validate import (
    Field,
    array,
    boolean,
    is_uuid,
    issues_of,
    nullable,
    obj,
    parse,
    string,
    url,
    uuid,
)
from gateway.simulator.wire import (
    Answer,
    Problem,
    Request,
    Row,
    crash,
    data,
    invalid,
    misconfigured,
    not_found,
)

_TITLE = string(1, 255, "Title is required")
_CREATE: tuple[Field, ...] = (
    ("title", True, _TITLE),
    ("url", False, url),
    ("board_id", True, uuid),
    ("client_id", True, uuid),
    ("location_id", False, uuid),
    ("contact_name_id", False, uuid),
    ("status_id", True, uuid),
    ("category_id", False, uuid),
    ("subcategory_id", False, uuid),
    ("priority_id", True, uuid),
    ("assigned_to", False, uuid),
    ("attributes", False, obj),
    ("tags", False, array(string())),
)
_UPDATE: tuple[Field, ...] = (
    *((name, False, nullable(check) if name == "contact_name_id" else check) for name, _, check in _CREATE),
    ("suppressContactNotifications", False, boolean),
    ("suppressInternalNotifications", False, boolean),
)
_STATUS: tuple[Field, ...] = (
    ("status_id", True, uuid),
    ("closed_at", False, string()),
    ("suppressContactNotifications", False, boolean),
    ("suppressInternalNotifications", False, boolean),
)
_ASSIGNMENT: tuple[Field, ...] = (
    ("assigned_to", True, nullable(uuid)),
    ("suppressContactNotifications", False, boolean),
)
_TOLD = ("title", "url", "status_id", "priority_id", "assigned_to", "board_id", "category_id", "subcategory_id")
"""A change of these is mailed; of the client, the contact, the location or the attributes alone none is."""
_NO_SUPPRESS = {
    "code": "custom",
    "path": ["suppressInternalNotifications"],
    "message": "suppressInternalNotifications requires suppressContactNotifications",
}


def find(desk: Desk, ticket_id: str) -> Row:
    """The ticket of a path, or the desk's 400 and 404."""
    if not is_uuid(ticket_id):
        raise Problem(400, "VALIDATION_ERROR", "Invalid ticket ID format")
    row = desk.tickets.get(ticket_id.lower())
    if row is None:
        raise not_found("ticket")
    return row


def body_or_nothing(request: Request) -> Any:
    """These routes read a broken body as an empty object."""
    try:
        return request.json()
    except ValueError:
        return {}


def _lower_ids(body: Row) -> Row:
    return {
        name: value.lower() if name.endswith(("_id", "_to")) and isinstance(value, str) else value
        for name, value in body.items()
    }


def _no_reference(desk: Desk, name: str, value: str, table: str, composite: bool) -> Problem:
    key = f"(tenant, {name})=({desk.tenant}, {value})" if composite else f"({name})=({value})"
    return Problem(400, "BAD_REQUEST", "Invalid reference", f'Key {key} is not present in table "{table}".')


def _check_references(desk: Desk, body: Row) -> None:
    if body.get("client_id") is not None and body["client_id"] not in desk.clients:
        raise _no_reference(desk, "client_id", body["client_id"], "clients", composite=False)
    contact = body.get("contact_name_id")
    if contact is not None and contact not in desk.contacts:
        raise _no_reference(desk, "contact_name_id", contact, "contacts", composite=True)
    if body.get("assigned_to") is not None and body["assigned_to"] not in desk.users:
        raise _no_reference(desk, "assigned_to", body["assigned_to"], "users", composite=True)


def create_ticket(desk: Desk, request: Request) -> Answer:
    known, issues = issues_of(body_or_nothing(request), _CREATE)
    if issues:
        raise invalid(issues)
    body = _lower_ids(known)
    status = desk.statuses.get(body["status_id"])
    if status is None or status["board_id"] != body["board_id"]:
        raise invalid(
            [
                {
                    "path": ["status_id"],
                    "message": f"status_id {known['status_id']} does not belong to board_id {known['board_id']}",
                }
            ]
        )
    if not trim(body["title"]):
        raise invalid([{"path": [], "message": "Ticket title is required"}])
    body["title"] = column(body["title"])
    if "attributes" in body:
        body["attributes"] = jsonb(body["attributes"])
    _check_references(desk, body)
    number = f"{desk.seed.ticket_prefix}{desk.next_ticket:0{desk.seed.ticket_width}d}"
    desk.next_ticket += 1
    row = ticket_row(desk.tenant, desk.new_id(), body, number, iso(request.now), request.user["user_id"])
    desk.tickets[row["ticket_id"]] = row
    desk.version += 1
    desk.made.append((request.now + desk.mailer_lag, row["ticket_id"]))
    if "tags" in body:
        return data({**row, "tags": body["tags"]}, 201)
    return data(row, 201)


def names_of(desk: Desk, row: Row) -> Row:
    contact = desk.contacts.get(row["contact_name_id"] or "")
    status = desk.statuses.get(row["status_id"])
    return {
        "client_name": desk.clients[row["client_id"]]["client_name"],
        "contact_name": contact["full_name"] if contact else None,
        "status_name": status["name"] if status else None,
        "status_is_closed": status["is_closed"] if status else None,
    }


def _user_name(desk: Desk, user_id: str | None) -> str | None:
    user = desk.users.get(user_id or "")
    return full_name(user) if user else None


def listed(desk: Desk, row: Row) -> Row:
    priority = desk.priorities.get(row["priority_id"])
    board = desk.boards.get(row["board_id"])
    return {
        **row,
        **names_of(desk, row),
        "priority_name": priority["priority_name"] if priority else None,
        "category_name": None,
        "subcategory_name": None,
        "board_name": board["board_name"] if board else None,
        "entered_by_name": _user_name(desk, row["entered_by"]),
        "assigned_to_name": _user_name(desk, row["assigned_to"]),
    }


def get_ticket(desk: Desk, request: Request) -> Answer:
    row = find(desk, request.params[0])
    names = names_of(desk, row)
    contact = desk.contacts.get(row["contact_name_id"] or "")
    priority = desk.priorities.get(row["priority_id"])
    phone = next((p["phone_number"] for p in contact["_phones"] if p["is_default"]), None) if contact else None
    return data(
        {
            **row,
            "client_name": names["client_name"],
            "location_name": desk.client_facts[row["client_id"]]["location"],
            "client_email": desk.client_facts[row["client_id"]]["email"],
            "client_phone": desk.client_facts[row["client_id"]]["phone"],
            "contact_name": names["contact_name"],
            "contact_email": contact["email"] if contact else None,
            "contact_phone": phone,
            "status_name": names["status_name"],
            "status_is_closed": names["status_is_closed"],
            "priority_name": priority["priority_name"] if priority else None,
            "category_name": None,
            "assigned_to_name": _user_name(desk, row["assigned_to"]),
            "description_html": description_html(row["attributes"]),
            "documents": desk.documents.get(row["ticket_id"], []),
            "contact_avatar_url": None,
            "client_logo_url": None,
        }
    )


def changed(desk: Desk, row: Row, request: Request) -> None:
    row["updated_at"] = iso(request.now)
    row["updated_by"] = request.user["user_id"]
    desk.version += 1


def _board_status(desk: Desk, row: Row, body: Row) -> None:
    board = body.get("board_id", row["board_id"])
    if board != row["board_id"] and "status_id" not in body:
        raise invalid(
            [
                {
                    "path": ["status_id"],
                    "message": "Changing the board requires selecting a status for the destination board",
                }
            ]
        )
    if "status_id" in body:
        status = desk.statuses.get(body["status_id"])
        # a status that stays the same is not looked at, also when the board changes (recordings second/146, 150)
        if body["status_id"] != row["status_id"] and (status is None or status["board_id"] != board):
            raise invalid(
                [
                    {
                        "path": ["status_id"],
                        "message": "Invalid status: selected status does not belong to the selected board",
                    }
                ]
            )


def set_status(desk: Desk, row: Row, status_id: str, request: Request, closed_at: str | None = None) -> Row:
    """Store the status; the answer still shows the closing of before (recordings 155, 159)."""
    row["status_id"] = status_id
    changed(desk, row, request)
    if closed_at is not None:
        row["closed_at"] = closed_at
    stale = dict(row)
    closed = bool(desk.statuses[status_id]["is_closed"])
    if closed and not row["is_closed"]:
        row["closed_at"] = iso(request.now)
        row["closed_by"] = request.user["user_id"]
    elif not closed:
        row["closed_at"] = row["closed_by"] = None
    row["is_closed"] = closed
    return stale


def _changes(desk: Desk, row: dict[str, Any], known: dict[str, Any], issues: list[dict[str, Any]]) -> dict[str, Any]:
    """What a request changes of a ticket, checked as both routes check it."""
    if known.get("suppressInternalNotifications") and not known.get("suppressContactNotifications"):
        issues.append(_NO_SUPPRESS)
    if issues:
        raise invalid(issues)
    body = _lower_ids(known)
    _board_status(desk, row, body)
    return body


def update_ticket(desk: Desk, request: Request) -> Answer:
    given = body_or_nothing(request)
    row = find(desk, request.params[0])
    body = _changes(desk, row, *issues_of(given, _UPDATE))
    if "tags" in body:
        raise misconfigured()
    if "title" in body:
        body["title"] = column(body["title"])
    if "url" in body and body["url"] is not None:
        body["url"] = column(body["url"])
    if "attributes" in body:
        body["attributes"] = jsonb(body["attributes"])
    _check_references(desk, body)
    before = dict(row)
    for name in (
        "title",
        "url",
        "board_id",
        "client_id",
        "location_id",
        "contact_name_id",
        "category_id",
        "subcategory_id",
        "priority_id",
        "assigned_to",
        "attributes",
    ):
        if name in body:
            row[name] = body[name]
    changed(desk, row, request)
    shown = set_status(desk, row, body["status_id"], request) if "status_id" in body else row
    _mail_update(desk, before, row, body)
    return data({**shown, "description_html": description_html(row["attributes"])})


def _mail_update(desk: Desk, before: Row, row: Row, body: Row) -> None:
    """The contact, or the client's own address, and the watchers are told of what changed (mails second/002, 007, 040),
    and of a close twice (second/009, 011)."""
    if body.get("suppressContactNotifications") or all(row[name] == before[name] for name in _TOLD):
        return
    told = dict.fromkeys(filter(None, (desk.told_of(row), *watchers(row))))
    closed = row["is_closed"] and not before["is_closed"]
    for why in ("closed", "updated") if closed else ("updated",):
        for to in told:
            desk.mail(why, to, row["ticket_id"])


def put_status(desk: Desk, request: Request) -> Answer:
    body_given = json_or_crash(request)
    row = find(desk, request.params[0])
    body = _changes(desk, row, *issues_of(body_given, _STATUS))
    before = dict(row)
    closed_at = None
    if "closed_at" in body and (moment := parse_iso(body["closed_at"])) is not None:
        closed_at = iso(moment)
    shown = set_status(desk, row, body["status_id"], request, closed_at)
    _mail_update(desk, before, row, body)
    return data({**shown, "description_html": description_html(row["attributes"])})


def json_or_crash(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:
        raise crash() from None


def put_assignment(desk: Desk, request: Request) -> Answer:
    given = json_or_crash(request)
    row = find(desk, request.params[0])
    body = _lower_ids(parse(given, _ASSIGNMENT))
    _check_references(desk, body)
    before = dict(row)
    row["assigned_to"] = body["assigned_to"]
    changed(desk, row, request)
    _mail_update(desk, before, row, body)
    return data({**row, "description_html": description_html(row["attributes"])})


def delete_ticket(desk: Desk, request: Request) -> Answer:
    row = find(desk, request.params[0])
    for document in desk.documents.pop(row["ticket_id"], []):
        desk.files.pop(document["file_id"], None)
    desk.comments.pop(row["ticket_id"], None)
    del desk.tickets[row["ticket_id"]]
    desk.version += 1
    return Answer(204, content_type=None)
