"""Tags of tickets, by the only route that works: one that a ticket has already refuses the whole list.

Source: recordings second/124 to 129, 153, 154, 180, 181, 296 to 298. No limit headers on the routes of an entity.
"""

from __future__ import annotations

from gateway.simulator.paging import paged
from gateway.simulator.seed import name_id
from gateway.simulator.state import Desk
from gateway.simulator.tickets import find
from gateway.simulator.validate import Field, array, one_of, parse, string, uuid
from gateway.simulator.wire import Answer, Issue, Problem, Request, Row, data, misconfigured

_KINDS = ("contact", "client", "ticket", "project", "project_task", "workflow_form", "opportunity")
_ADD: tuple[Field, ...] = (
    ("entity_id", True, uuid),
    ("entity_type", True, one_of(*_KINDS)),
    ("tags", True, array(string(1), 1)),
)


def _row(desk: Desk, ticket_id: str, text: str, user_id: str) -> Row:
    return {
        "tag_id": name_id("tag", desk.tenant, text, ticket_id),
        "board_id": None,
        "tag_text": text,
        "tagged_id": ticket_id,
        "tagged_type": "ticket",
        "background_color": "#fcd9f8",
        "text_color": "#79066e",
        "tenant": desk.tenant,
        "created_by": user_id,
    }


def _of(desk: Desk, ticket_id: str) -> list[Row]:
    return list(desk.tags.get(ticket_id, {}).values())


def short(desk: Desk, ticket_id: str) -> list[Row]:
    """As the list of tickets shows them."""
    names = ("tag_id", "tag_text", "background_color", "text_color")
    return [{name: row[name] for name in names} for row in _of(desk, ticket_id)]


def get_tags(desk: Desk, request: Request) -> Answer:
    ticket_id = find(desk, request.params[0])["ticket_id"]
    rows = _of(desk, ticket_id)
    return data({"entity_id": ticket_id, "entity_type": "ticket", "tags": rows, "total_tags": len(rows)})


def add_tags(desk: Desk, request: Request) -> Answer:
    body = parse(request.json(), _ADD)
    ticket_id = find(desk, request.params[0])["ticket_id"]
    have = desk.tags.setdefault(ticket_id, {})
    new = {text: _row(desk, ticket_id, text, request.user["user_id"]) for text in body["tags"]}
    if known := next((text for text in new if text in have), None):
        key = f"(tenant, tag_id, tagged_id)=({desk.tenant}, {have[known]['tag_id']}, {ticket_id})"
        raise Problem(409, "CONFLICT", "Resource already exists", f"Key {key} already exists.")
    have.update(new)
    desk.version += 1
    shown = {"entity_id": ticket_id, "entity_type": "ticket", "tags": list(new.values()), "created_count": len(new)}
    return data(shown, 201)


def list_tags(desk: Desk, request: Request) -> Answer:
    query = request.query
    filters = {name: query[name] for name in ("tagged_id", "tagged_type", "tag_text") if name in query}
    rows = [row for tags in desk.tags.values() for row in tags.values()]
    rows = [row for row in rows if all(row[name] == value for name, value in filters.items())]
    return paged(rows, query, filters=filters, issues=[], sort="created_at", sortable=lambda name: name, render=dict)


def create_tag(desk: Desk, request: Request) -> Answer:
    """For everybody, whatever is sent."""
    raise misconfigured()


def bulk(desk: Desk, request: Request) -> Answer:
    """Only its refusal of what the documentation says was seen."""
    given = request.json()
    body = given if isinstance(given, dict) else {}
    missing: list[Issue] = [
        {"code": "invalid_type", "expected": kind, "received": "undefined", "path": [name], "message": "Required"}
        for name, kind in (("tag_texts", "array"), ("tagged_id", "string"))
        if name not in body
    ]
    if "tagged_type" not in body:
        kinds = " | ".join(f"'{kind}'" for kind in _KINDS)
        missing.append(
            {
                "expected": kinds,
                "received": "undefined",
                "code": "invalid_type",
                "path": ["tagged_type"],
                "message": "Required",
            }
        )
    if missing:
        raise Problem(400, "VALIDATION_ERROR", "Request validation failed", missing)
    raise misconfigured()
