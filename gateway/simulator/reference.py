"""Boards, statuses, priorities, categories, clients and users: what a ticket refers to, read only.

Source: recordings 001 to 024 and readback/013; the rows carry the desk's columns in its order.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.simulator.paging import like, paged
from gateway.simulator.state import Desk
from gateway.simulator.validate import is_uuid, one_of, uuid
from gateway.simulator.wire import Answer, Issue, Problem, Request, Row, data, invalid, not_found


def _columns(rows: dict[str, Row], *more: str) -> Callable[[str], str | None]:
    known = set(next(iter(rows.values()), {})) | set(more)
    return lambda name: name if name in known else None


def _same(row: Row) -> Row:
    return row


def list_boards(desk: Desk, request: Request) -> Answer:
    # every filter of this list is shown as {} in meta: recordings 005 to 007
    columns = _columns(desk.boards)
    return paged(
        list(desk.boards.values()),
        request.query,
        filters={},
        issues=[],
        sort="created_at",
        sortable=lambda name: "display_order" if name == "created_at" else columns(name),
        render=_same,
    )


def get_board(desk: Desk, request: Request) -> Answer:
    board = desk.boards.get(request.params[0].lower())
    if board is None:
        raise not_found("board")
    return data(board)


def ticket_statuses(desk: Desk, request: Request) -> Answer:
    wanted = request.query.get("board_id")
    if wanted is not None and (issues := uuid(wanted, ["board_id"])):
        raise invalid(issues)
    return data(
        [
            {name: row[name] for name in ("status_id", "board_id", "name", "is_closed", "is_default", "order_number")}
            for row in desk.statuses.values()
            if row["status_type"] == "ticket" and (wanted is None or row["board_id"] == wanted.lower())
        ]
    )


def ticket_priorities(desk: Desk, request: Request) -> Answer:
    rows = sorted(desk.priorities.values(), key=lambda row: row["priority_name"])
    return data([{name: row[name] for name in ("priority_id", "priority_name")} for row in rows])


def ticket_categories(desk: Desk, request: Request) -> Answer:
    # the newest first, which are those of the highest order: recording 024
    query = request.query
    columns = _columns(desk.categories)
    return paged(
        list(desk.categories.values()),
        query,
        filters={
            "page": int(query.get("page", 1)),
            "limit": int(query.get("limit", 25)),
            "sort": query.get("sort", "created_at"),
            "order": query.get("order", "desc"),
        },
        issues=[],
        sort="created_at",
        sortable=lambda name: "display_order" if name == "created_at" else columns(name),
        render=_same,
        resource="ticket_category",
    )


def list_statuses(desk: Desk, request: Request) -> Answer:
    query = request.query
    issues: list[Issue] = []
    if "board_id" in query:
        issues += uuid(query["board_id"], ["board_id"])
    if query.get("type") == "ticket" and "board_id" not in query:
        issues.append(
            {
                "code": "custom",
                "path": ["board_id"],
                "message": "board_id is required when querying ticket statuses",
            }
        )
    rows = [
        row
        for row in desk.statuses.values()
        if ("board_id" not in query or row["board_id"] == query["board_id"].lower())
        and ("type" not in query or row["status_type"] == query["type"])
    ]
    return paged(
        rows,
        query,
        filters={},
        issues=issues,
        sort="created_at",
        sortable=_columns(desk.statuses),
        render=_same,
    )


def list_priorities(desk: Desk, request: Request) -> Answer:
    return paged(
        list(desk.priorities.values()),
        request.query,
        filters={},
        issues=[],
        sort="created_at",
        sortable=_columns(desk.priorities),
        render=_same,
    )


def list_clients(desk: Desk, request: Request) -> Answer:
    query = request.query
    filters: Row = {name: query[name] for name in ("client_name", "search") if name in query}
    rows = list(desk.clients.values())
    if "client_name" in query:
        rows = [row for row in rows if like(row["client_name"], query["client_name"])]
    if "search" in query:
        rows = [row for row in rows if like(row["client_name"], query["search"])]
    if query.get("is_inactive") in ("true", "false"):
        filters["is_inactive"] = query["is_inactive"] == "true"
        rows = [row for row in rows if row["is_inactive"] == filters["is_inactive"]]
    return paged(
        rows,
        query,
        filters=filters,
        issues=[],
        sort="created_at",
        sortable=_columns(desk.clients),
        render=_same,
    )


def get_client(desk: Desk, request: Request) -> Answer:
    client = desk.clients.get(request.params[0].lower())
    if client is None:
        raise not_found("client")
    return data(client)


def list_users(desk: Desk, request: Request) -> Answer:
    query = request.query
    rows = [row for row in desk.users.values() if row["user_type"] == "internal"]
    issues: list[Issue] = []
    if "user_type" in query:
        issues = one_of("internal", "client")(query["user_type"], ["user_type"])
        rows = [row for row in desk.users.values() if row["user_type"] == query["user_type"]]
    if "email" in query:
        rows = [row for row in rows if like(row["email"], query["email"])]
    return paged(rows, query, filters={}, issues=issues, sort="created_at", sortable=_columns(desk.users), render=_same)


def get_user(desk: Desk, request: Request) -> Answer:
    if not is_uuid(request.params[0]):
        raise Problem(400, "VALIDATION_ERROR", "Invalid user ID format")
    user = desk.users.get(request.params[0].lower())
    if user is None:
        raise not_found("user")
    return data(user)


def only_refused(desk: Desk, request: Request) -> Answer:
    """Only the refusal of the right to it was seen."""
    raise not_found("resource")
