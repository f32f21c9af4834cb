"""Bundles: one master ticket with children.

Over the API nothing is mirrored between them; a comment on a child may reopen a closed master,
with the tenant's first default status, of whatever board. Source: recordings 258 to 301.
"""

from __future__ import annotations

from gateway.simulator.state import Desk
from gateway.simulator.times import iso
from gateway.simulator.validate import Field, array, boolean, is_uuid, issues_of, one_of, parse, uuid
from gateway.simulator.wire import Answer, Problem, Request, Row, crash, data, invalid

_MODE = one_of("link_only", "sync_updates")
_CREATE: tuple[Field, ...] = (("child_ticket_ids", True, array(uuid, 1)), ("mode", False, _MODE))
_CHILDREN: tuple[Field, ...] = (("child_ticket_ids", True, array(uuid, 1)),)
_PROMOTE: tuple[Field, ...] = (("new_master_ticket_id", True, uuid),)
_SETTINGS: tuple[Field, ...] = (("mode", False, _MODE), ("reopen_on_child_reply", False, boolean))


def _refuse(message: str) -> Problem:
    return Problem(400, "VALIDATION_ERROR", message)


def _missing(message: str) -> Problem:
    return Problem(404, "NOT_FOUND", message)


def _conflict(message: str) -> Problem:
    return Problem(409, "CONFLICT", message)


def _ticket(desk: Desk, ticket_id: str, message: str) -> Row:
    """These routes do not check the form of an id: the database does, with a 500."""
    if not is_uuid(ticket_id):
        raise crash()
    row = desk.tickets.get(ticket_id.lower())
    if row is None:
        raise _missing(message)
    return row


def children_of(desk: Desk, master_id: str) -> list[Row]:
    if master_id not in desk.bundles:
        return []
    return [row for row in desk.tickets.values() if row["master_ticket_id"] == master_id]


def _short(row: Row) -> Row:
    return {name: row[name] for name in ("ticket_id", "ticket_number", "title", "status_id", "client_id")}


def get_bundle(desk: Desk, request: Request) -> Answer:
    row = _ticket(desk, request.params[0], "Ticket not found")
    master = desk.tickets[row["master_ticket_id"]] if row["master_ticket_id"] else row
    children = children_of(desk, master["ticket_id"])
    role = "child" if row["master_ticket_id"] else "master" if children else "standalone"
    return data(
        {
            "role": role,
            "master_ticket_id": master["ticket_id"],
            "master": _short(master),
            "children": [_short(child) for child in children],
            "settings": desk.bundles.get(master["ticket_id"]) if children else None,
        }
    )


def _join(desk: Desk, master: Row, ids: list[str]) -> list[str]:
    wanted = [item.lower() for item in dict.fromkeys(ids) if item.lower() != master["ticket_id"]]
    if not wanted:
        raise _refuse("Select at least one child ticket different from the master.")
    if master["master_ticket_id"]:
        raise _refuse("Cannot select a child ticket as the master.")
    children = []
    for child_id in wanted:
        child = desk.tickets.get(child_id)
        if child is None:
            raise _missing(f"Child ticket not found: {child_id}")
        children.append(child)
    for child in children:
        if child["master_ticket_id"]:
            raise _conflict(f"Ticket is already bundled: {child['ticket_number']}")
        if children_of(desk, child["ticket_id"]):
            raise _conflict(
                f"Ticket {child['ticket_number']} is already a bundle master and cannot be added as "
                "children. Unbundle them first, or use one of them as the master."
            )
    for child in children:
        _put_under(desk, child, master["ticket_id"])
    return wanted


def _put_under(desk: Desk, row: Row, master_id: str | None) -> None:
    """Bundling leaves the ticket's `updated_at` as it is."""
    row["master_ticket_id"] = master_id
    desk.version += 1


def create_bundle(desk: Desk, request: Request) -> Answer:
    body = parse(request.json(), _CREATE)
    mode = body.get("mode", "sync_updates")
    master = _ticket(desk, request.params[0], "Master ticket not found.")
    ids = _join(desk, master, body["child_ticket_ids"])
    settings = desk.bundles.setdefault(master["ticket_id"], {"mode": mode, "reopen_on_child_reply": False})
    settings["mode"] = mode
    return data({"masterTicketId": master["ticket_id"], "childTicketIds": ids, "mode": mode}, 201)


def add_children(desk: Desk, request: Request) -> Answer:
    body = parse(request.json(), _CHILDREN)
    master = _ticket(desk, request.params[0], "Master ticket not found.")
    ids = _join(desk, master, body["child_ticket_ids"])
    desk.bundles.setdefault(master["ticket_id"], {"mode": "sync_updates", "reopen_on_child_reply": False})
    return data({"masterTicketId": master["ticket_id"], "childTicketIds": ids})


def remove_child(desk: Desk, request: Request) -> Answer:
    """The master of the path is not looked at: the child's own one counts."""
    child = _ticket(desk, request.params[1], "Child ticket not found")
    master_id = child["master_ticket_id"]
    if not master_id:
        raise _refuse("Ticket is not bundled")
    _put_under(desk, child, None)
    left = len(children_of(desk, master_id))
    if not left:
        desk.bundles.pop(master_id, None)
    return data({"masterTicketId": master_id, "childTicketId": child["ticket_id"], "remainingChildren": left})


def delete_bundle(desk: Desk, request: Request) -> Answer:
    master = _ticket(desk, request.params[0], "Master ticket not found")
    children = children_of(desk, master["ticket_id"])
    for child in children:
        _put_under(desk, child, None)
    desk.bundles.pop(master["ticket_id"], None)
    return data({"masterTicketId": master["ticket_id"], "childTicketIds": [child["ticket_id"] for child in children]})


def promote(desk: Desk, request: Request) -> Answer:
    body = parse(request.json(), _PROMOTE)
    old = _ticket(desk, request.params[0], "Old master ticket not found")
    new = _ticket(desk, body["new_master_ticket_id"], "New master ticket not found")
    if not children_of(desk, old["ticket_id"]):
        raise _refuse("Old master ticket is not a master")
    if new["master_ticket_id"] != old["ticket_id"]:
        raise _refuse("New master ticket is not a child of the bundle")
    for child in children_of(desk, old["ticket_id"]):
        _put_under(desk, child, new["ticket_id"])
    _put_under(desk, old, new["ticket_id"])
    _put_under(desk, new, None)
    if old["ticket_id"] in desk.bundles:
        desk.bundles[new["ticket_id"]] = desk.bundles.pop(old["ticket_id"])
    return data({"oldMasterTicketId": old["ticket_id"], "newMasterTicketId": new["ticket_id"]})


def put_settings(desk: Desk, request: Request) -> Answer:
    given = request.json()
    body, issues = issues_of(given, _SETTINGS)
    if not issues and not body:
        issues = [{"code": "custom", "message": "Provide mode and/or reopen_on_child_reply", "path": []}]
    if issues:
        raise invalid(issues)
    master = _ticket(desk, request.params[0], "Bundle settings not found")
    settings = desk.bundles.get(master["ticket_id"])
    if settings is None:
        raise _missing("Bundle settings not found")
    settings.update(body)
    return data({"master_ticket_id": master["ticket_id"], **settings})


def reopen_master(desk: Desk, child: Row, request: Request) -> None:
    """After a public comment on a child."""
    master = desk.tickets.get(child["master_ticket_id"] or "")
    if master is None or not master["is_closed"]:
        return
    if not desk.bundles.get(master["ticket_id"], {}).get("reopen_on_child_reply"):
        return
    status = next(
        (
            row
            for row in desk.statuses.values()
            if row["is_default"] and not row["is_closed"] and row["status_type"] == "ticket"
        ),
        None,
    )
    if status is None:
        return
    master["status_id"] = status["status_id"]
    master["is_closed"] = False
    master["closed_at"] = master["closed_by"] = None
    master["updated_at"], master["updated_by"] = iso(request.now), request.user["user_id"]
    desk.version += 1
