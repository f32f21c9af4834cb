"""Assets: found by what they are called, and linked to tickets.

Not asked: whose an asset is. One of another client is linked all the same. The search takes no `fields` and no
`client_ids`, in whatever spelling. Source: recordings second/108 to 123, 151, 152.
"""

from __future__ import annotations

from gateway.simulator.paging import like
from gateway.simulator.state import Desk
from gateway.simulator.tickets import find
from gateway.simulator.times import iso
from gateway.simulator.validate import Field, parse, query_number, string, uuid
from gateway.simulator.wire import Answer, Issue, Problem, Request, Row, data, dumps

_LINK: tuple[Field, ...] = (
    ("asset_id", True, uuid),
    ("relationship_type", False, string()),
    ("notes", False, string()),
)
_SEARCHED = ("name", "asset_tag", "serial_number", "location")


def _named(desk: Desk, row: Row) -> Row:
    return {**row, "client_name": desk.clients[row["client_id"]]["client_name"]}


def _linked(desk: Desk, row: Row) -> Row:
    own = f"/api/v1/assets/{row['asset_id']}"
    links = {name: {"href": own, "method": method} for name, method in _METHODS}
    return {**_named(desk, row), "_links": {**links, "list": {"href": "/api/v1/assets", "method": "GET"}}}


_METHODS = (("self", "GET"), ("edit", "PUT"), ("delete", "DELETE"))


def _meta(request: Request) -> Row:
    return {"timestamp": iso(request.now), "version": "1.0.0"}


def _wrong_type(name: str, expected: str, received: str, message: str) -> Issue:
    return {"code": "invalid_type", "expected": expected, "received": received, "path": [name], "message": message}


def search_assets(desk: Desk, request: Request) -> Answer:
    query = request.query
    issues = [] if "query" in query else [_wrong_type("query", "string", "undefined", "Required")]
    wrong = "Expected array, received string"
    issues += [_wrong_type(name, "array", "string", wrong) for name in ("fields", "client_ids") if name in query]
    limit, bad_limit = query_number(query, "limit", 25, 100)
    if issues := [*issues, *bad_limit]:
        error = {"message": "Invalid query parameters", "code": "VALIDATION_ERROR", "details": issues}
        return Answer(400, dumps({"success": False, "error": error, "meta": _meta(request)}))
    words = query["query"]
    found = [row for row in desk.assets.values() if any(like(row[name], words) for name in _SEARCHED)]
    shown = [_linked(desk, row) for row in found[:limit]]
    return Answer(200, dumps({"success": True, "data": shown, "meta": _meta(request)}))


def list_assets(desk: Desk, request: Request) -> Answer:
    query = request.query
    page, bad_page = query_number(query, "page", 1, None)
    limit, bad_limit = query_number(query, "limit", 25, 100)
    if issues := [*bad_page, *bad_limit]:
        error = {"message": "Invalid query parameters", "code": "VALIDATION_ERROR", "details": issues}
        return Answer(400, dumps({"success": False, "error": error, "meta": _meta(request)}))
    wanted = query.get("client_id", "").lower()
    rows = [row for row in desk.assets.values() if not wanted or row["client_id"] == wanted]
    shown = [
        {**_linked(desk, row), "warranty_status": _warranty(row, iso(request.now))}
        for row in rows[(page - 1) * limit : page * limit]
    ]
    pagination = {"page": page, "limit": limit, "total": len(rows), "totalPages": -(-len(rows) // limit)}
    return Answer(200, dumps({"success": True, "data": shown, "pagination": pagination, "meta": _meta(request)}))


def _warranty(row: Row, now: str) -> str:
    until = row["warranty_end_date"]
    return "unknown" if until is None else "expired" if until < now else "active"


def list_links(desk: Desk, request: Request) -> Answer:
    links = desk.asset_links.get(find(desk, request.params[0])["ticket_id"], {})
    return data(
        [
            {
                **_named(desk, desk.assets[asset_id]),
                "relationship_type": link["relationship_type"],
                "association_notes": link["notes"],
                "linked_at": link["created_at"],
            }
            for asset_id, link in reversed(links.items())
        ]
    )


def link_asset(desk: Desk, request: Request) -> Answer:
    body = parse(request.json(), _LINK)
    ticket = find(desk, request.params[0])
    asset_id = body["asset_id"].lower()
    if asset_id not in desk.assets:
        raise Problem(404, "NOT_FOUND", "Asset not found")
    links = desk.asset_links.setdefault(ticket["ticket_id"], {})
    if asset_id in links:
        raise Problem(409, "CONFLICT", "Asset is already linked to this ticket")
    links[asset_id] = {
        "tenant": desk.tenant,
        "asset_id": asset_id,
        "entity_id": ticket["ticket_id"],
        "entity_type": "ticket",
        "relationship_type": body.get("relationship_type", "affected"),
        "created_at": iso(request.now),
        "created_by": request.user["user_id"],
        "notes": body.get("notes"),
    }
    desk.version += 1
    return data(links[asset_id], 201)


def unlink_asset(desk: Desk, request: Request) -> Answer:
    ticket = find(desk, request.params[0])
    if desk.asset_links.get(ticket["ticket_id"], {}).pop(request.params[1].lower(), None) is None:
        raise Problem(404, "NOT_FOUND", "Asset-ticket association not found")
    desk.version += 1
    return Answer(204, content_type=None)
