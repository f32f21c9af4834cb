"""Comments: created, listed, edited by their author; never deleted, never read one by one.

Source: recordings 157, 168 to 218, extra/072 to 091, readback/005 to 008.
"""

from __future__ import annotations

from typing import Any

from gateway.blocks import dumps, paragraphs
from gateway.simulator.bundles import children_of, reopen_master
from gateway.simulator.render import comment_words, content_html
from gateway.simulator.rows import full_name
from gateway.simulator.state import Desk, watchers
from gateway.simulator.text import column, jsonb, units
from gateway.simulator.tickets import find
from gateway.simulator.times import iso
from gateway.simulator.validate import (
    Field,
    boolean,
    is_uuid,
    issues_of,
    number,
    obj,
    string,
    uuid,
)
from gateway.simulator.wire import Answer, Issue, Problem, Request, Row, crash, data, invalid, not_found

LIMIT = 5000
_MARKDOWN = (
    "comment_id",
    "ticket_id",
    "markdown_content",
    "author_type",
    "is_internal",
    "is_resolution",
    "created_at",
    "updated_at",
)
_CREATE: tuple[Field, ...] = (
    ("comment_text", True, string(1, None, "Comment text is required")),
    ("is_internal", False, boolean),
    ("is_resolution", False, boolean),
    ("parent_comment_id", False, uuid),
    ("metadata", False, obj),
    ("time_spent", False, number),
    ("suppressContactNotifications", False, boolean),
    ("suppressInternalNotifications", False, boolean),
)
_UPDATE: tuple[Field, ...] = (("comment_text", True, string(1, None, "Comment text is required")),)


def _custom(message: str) -> Issue:
    return {"code": "custom", "message": message, "path": ["comment_text"]}


def _text_issues(text: Any) -> list[Issue]:
    if not isinstance(text, str):
        return []
    words = comment_words(text)
    if not words:
        return [_custom("Comment text is required")]
    if units(words) > LIMIT:
        return [_custom(f"Comment text is too long (max {LIMIT} characters)")]
    return []


def _read(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:
        raise crash() from None


def _checked(given: Any, fields: tuple[Field, ...]) -> Row:
    body, issues = issues_of(given, fields)
    if isinstance(given, dict):
        issues += _text_issues(given.get("comment_text"))
    if body.get("suppressInternalNotifications") and not body.get("suppressContactNotifications"):
        issues.append(
            {
                "code": "custom",
                "path": ["suppressInternalNotifications"],
                "message": "suppressInternalNotifications requires suppressContactNotifications",
            }
        )
    if issues:
        raise invalid(issues)
    return body


def new_row(desk: Desk, ticket_id: str, body: Row, user: str | None, at: str, thread: str) -> Row:
    return {
        "tenant": desk.tenant,
        "comment_id": desk.new_id(),
        "ticket_id": ticket_id,
        "user_id": user,
        "note": body["comment_text"],
        "is_internal": body["is_internal"],
        "is_resolution": body.get("is_resolution", False),
        "created_at": at,
        "updated_at": at,
        "author_type": "unknown",
        "markdown_content": None,
        "metadata": body.get("metadata"),
        "is_system_generated": False,
        "contact_id": None,
        "thread_id": thread,
        "parent_comment_id": body.get("parent_comment_id"),
        "deleted_at": None,
        "publish_state": "published",
        "scheduled_publish_at": None,
        "scheduled_publish_tz": None,
        "published_at": None,
        "schedule_job_id": None,
        "scheduled_publish_event_id": None,
        "scheduled_publish_dispatched_at": None,
        "scheduled_response_event_id": None,
        "scheduled_previous_response_state": None,
        "scheduled_response_dispatched_at": None,
    }


def _written(row: Row) -> Row:
    return {
        **row,
        "comment_text": row["note"],
        "comment_html": content_html(row["note"]),
        "created_by": row["user_id"],
    }


def create_comment(desk: Desk, request: Request) -> Answer:
    given = _read(request)
    ticket_id = request.params[0]
    if not is_uuid(ticket_id):
        raise Problem(400, "VALIDATION_ERROR", "Invalid ticket ID format")
    body = _checked(given, _CREATE)
    ticket = find(desk, ticket_id)
    body["is_internal"] = body.get("is_internal", False)
    thread = desk.new_id()
    if "parent_comment_id" in body:
        parent = _parent(desk, body["parent_comment_id"].lower(), ticket["ticket_id"])
        body["parent_comment_id"] = parent["comment_id"]
        body["is_internal"] = parent["is_internal"]
        thread = parent["thread_id"]
    body["comment_text"] = column(body["comment_text"])
    if "metadata" in body:
        body["metadata"] = jsonb(body["metadata"])
    row = new_row(desk, ticket["ticket_id"], body, request.user["user_id"], iso(request.now), thread)
    desk.comments.setdefault(ticket["ticket_id"], []).append(row)
    ticket["updated_at"], ticket["updated_by"] = row["created_at"], row["user_id"]
    desk.version += 1
    if not row["is_internal"]:
        reopen_master(desk, ticket, request)
    closes = isinstance(row["metadata"], dict) and row["metadata"].get("closes_ticket") is True  # recording second/099
    if not (row["is_internal"] or closes or body.get("suppressContactNotifications")):
        _mail_comment(desk, ticket, row)
    return data({**_written(row), **_author(desk, row)}, 201)


def _mail_comment(desk: Desk, ticket: Row, row: Row) -> None:
    """The contact of the ticket and of each bundled under it, else the client's own address; and watchers."""
    for mailed in (ticket, *children_of(desk, ticket["ticket_id"])):
        if address := desk.told_of(mailed):
            desk.mail("public comment", address, mailed["ticket_id"], row["comment_id"])
    for address in watchers(ticket):
        desk.mail("public comment, watcher", address, ticket["ticket_id"], row["comment_id"])


def write_comment(
    desk: Desk,
    ticket_id: str,
    words: str,
    *,
    user_id: str | None = None,
    contact_id: str | None = None,
    internal: bool = False,
    publish_at: str | None = None,
) -> Row:
    """As somebody writes it in the desk's own pages or by its own mail; scheduled with `publish_at`."""
    at = iso(desk.now())
    row = new_row(
        desk,
        ticket_id,
        {"comment_text": dumps(paragraphs(words)), "is_internal": internal},
        user_id,
        at,
        desk.new_id(),
    )
    row.update(
        contact_id=contact_id,
        markdown_content=words,
        author_type="internal" if user_id else "client" if contact_id else "unknown",
        publish_state="scheduled" if publish_at else "published",
        scheduled_publish_at=publish_at,
    )
    desk.comments.setdefault(ticket_id, []).append(row)
    if not internal:
        desk.tickets[ticket_id]["updated_at"] = at
    return row


def _parent(desk: Desk, comment_id: str, ticket_id: str) -> Row:
    for owner, rows in desk.comments.items():
        for row in rows:
            if row["comment_id"] == comment_id:
                if owner != ticket_id:
                    raise Problem(400, "VALIDATION_ERROR", "Parent comment must belong to the same ticket")
                return row
    raise Problem(404, "NOT_FOUND", "Parent comment not found")


def _bound(text: str | None, name: str, least: int, most: int | None, message: str) -> int | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not value.is_integer() or value < least or (most is not None and value > most):
        raise invalid([{"path": [name], "message": message}])
    return int(value)


def list_comments(desk: Desk, request: Request) -> Answer:
    query = request.query
    ticket = find(desk, request.params[0])
    limit = _bound(query.get("limit"), "limit", 1, 200, "limit must be an integer between 1 and 200")
    offset = _bound(query.get("offset"), "offset", 0, None, "offset must be a non-negative integer") or 0
    style = query.get("content_format", "full")
    if style not in ("full", "markdown"):
        raise invalid([{"path": ["content_format"], "message": "content_format must be 'full' or 'markdown'"}])
    rows = desk.comments.get(ticket["ticket_id"], [])
    if query.get("order") == "desc":
        rows = rows[::-1]
    rows = rows[offset:] if limit is None else rows[offset : offset + limit]
    return data([_listed(desk, row, style) for row in rows])


def _author(desk: Desk, row: Row) -> Row:
    contact = desk.contacts.get(row["contact_id"] or "")
    return {
        "author_contact_id": row["contact_id"],
        "author_contact_name": contact["full_name"] if contact else None,
        "author_contact_email": contact["email"] if contact else None,
    }


def _listed(desk: Desk, row: Row, style: str) -> Row:
    user = desk.users.get(row["user_id"] or "")
    author = _author(desk, row)
    name = full_name(user) if user else author["author_contact_name"]
    if style == "markdown":
        del author["author_contact_email"]
        return {
            **{key: row[key] for key in _MARKDOWN},
            "created_by": row["user_id"],
            "created_by_name": name,
            **author,
            "thread_id": row["thread_id"],
            "parent_comment_id": row["parent_comment_id"],
            "deleted_at": row["deleted_at"],
        }
    return {
        **row,
        "created_by_name": name,
        **author,
        **{key: value for key, value in _written(row).items() if key not in row},
        "created_by_avatar_url": None,
        "reactions": [],
        "reaction_user_names": {},
    }


def update_comment(desk: Desk, request: Request) -> Answer:
    given = _read(request)
    ticket = find(desk, request.params[0])
    body = _checked(given, _UPDATE)
    comment_id = request.params[1].lower()
    row = next((row for row in desk.comments.get(ticket["ticket_id"], []) if row["comment_id"] == comment_id), None)
    if row is None:
        raise not_found("Comment")
    if row["user_id"] != request.user["user_id"]:
        raise Problem(400, "VALIDATION_ERROR", "You can only edit your own comments")
    row["note"] = column(body["comment_text"])
    row["updated_at"] = iso(request.now)
    desk.version += 1
    return data({**_written(row), "author_contact_id": row["contact_id"]})


def no_top_level(desk: Desk, request: Request) -> Answer:
    raise Problem(404, "NOT_FOUND", "Top-level comments endpoint is not implemented; use ticket comment subroutes.")
