"""Boards, statuses, priorities, categories, clients and users: what a ticket refers to, read only.

Source: recordings 001 to 024 and readback/013; the rows carry the desk's columns in its order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.simulator.paging import like, paged
from gateway.simulator.validate import is_uuid, one_of, uuid
from gateway.simulator.wire import Answer, Issue, Problem, Request, Row, data, invalid, not_found

if TYPE_CHECKING:
    from gateway.simulator.state import Desk


def board_row(tenant: str, board_id: str, given: Row, order: int) -> Row:
    reopen = given.get("reopen") or {}
    shown = {
        f"display_{name}": True
        for name in (
            "contact_name_id",
            "priority",
            "severity",
            "urgency",
            "impact",
            "category",
            "subcategory",
            "assigned_to",
            "status",
            "due_date",
        )
    }
    return {
        "tenant": tenant,
        "board_id": board_id,
        "board_name": given["name"],
        **shown,
        "is_inactive": bool(given.get("inactive")),
        "is_default": bool(given.get("default")),
        "display_itil_impact": False,
        "display_itil_urgency": False,
        "category_type": "custom",
        "priority_type": "custom",
        "display_order": order,
        "description": given.get("description"),
        "default_assigned_to": given.get("default_assigned_to"),
        "default_priority_id": given.get("default_priority_id"),
        "sla_policy_id": None,
        "manager_user_id": None,
        "default_assigned_team_id": None,
        "enable_live_ticket_timer": True,
        "inbound_reply_reopen_enabled": bool(reopen.get("enabled")),
        "inbound_reply_reopen_cutoff_hours": reopen.get("cutoff_hours", 168),
        "inbound_reply_reopen_status_id": reopen.get("status_id"),
        "inbound_reply_ai_ack_suppression_enabled": False,
        "is_pinned": False,
        "list_view_settings": None,
    }


def status_row(tenant: str, status_id: str, board_id: str | None, given: Row, order: int, at: str) -> Row:
    return {
        "tenant": tenant,
        "status_id": status_id,
        "name": given["name"],
        "status_type": given.get("type", "ticket"),
        "order_number": order,
        "created_by": given.get("created_by"),
        "created_at": at,
        "is_closed": bool(given.get("closed")),
        "item_type": None,
        "is_default": bool(given.get("default")),
        "color": given.get("color"),
        "icon": None,
        "board_id": board_id,
    }


def priority_row(tenant: str, priority_id: str, name: str, order: int, at: str, user: str | None) -> Row:
    return {
        "tenant": tenant,
        "priority_id": priority_id,
        "priority_name": name,
        "created_by": user,
        "created_at": at,
        "order_number": order,
        "color": "#6B7280",
        "item_type": "ticket",
        "updated_at": at,
        "is_from_itil_standard": False,
        "itil_priority_level": None,
    }


def category_row(
    tenant: str, category_id: str, board_id: str, parent: str | None, given: Row, order: int, at: str
) -> Row:
    return {
        "tenant": tenant,
        "category_id": category_id,
        "category_name": given["name"],
        "parent_category": parent,
        "created_by": given.get("created_by"),
        "created_at": at,
        "display_order": given.get("order", order),
        "is_from_itil_standard": bool(given.get("itil")),
        "board_id": board_id,
    }


def client_row(tenant: str, client_id: str, given: Row, at: str) -> Row:
    return {
        "tenant": tenant,
        "client_id": client_id,
        "client_name": given["name"],
        "url": given.get("url"),
        "properties": None,
        "billing_type": None,
        "payment_terms": None,
        "credit_limit": None,
        "preferred_payment_method": None,
        "auto_invoice": False,
        "invoice_delivery_method": None,
        "created_at": at,
        "updated_at": at,
        "is_inactive": bool(given.get("inactive")),
        "client_type": "company",
        "is_tax_exempt": False,
        "tax_exemption_certificate": None,
        "tax_id_number": None,
        "notes": None,
        "billing_cycle": "monthly",
        "timezone": None,
        "notes_document_id": None,
        "invoice_template_id": None,
        "billing_contact_id": None,
        "billing_email": None,
        "region_code": None,
        "account_manager_id": None,
        "default_currency_code": "USD",
        "sla_policy_id": None,
        "inbound_ticket_defaults_id": None,
        "lifecycle_status": "active",
        "credit_balance": "0",
        "account_manager_full_name": None,
        "logoUrl": None,
    }


def user_row(tenant: str, user_id: str, given: Row, at: str) -> Row:
    role = given.get("role", "Technician")
    return {
        "roles": [
            {
                "tenant": tenant,
                "role_id": given.get("role_id", user_id),
                "role_name": role,
                "description": role,
                "created_at": at,
                "updated_at": at,
                "msp": True,
                "client": False,
                "user_id": user_id,
            }
        ],
        "user_id": user_id,
        "username": given.get("username", given["email"].split("@")[0]),
        "first_name": given["first"],
        "last_name": given["last"],
        "email": given["email"],
        "phone": None,
        "timezone": None,
        "user_type": given.get("user_type", "internal"),
        "contact_id": None,
        "icon": None,
        "created_at": at,
        "updated_at": at,
        "two_factor_enabled": False,
        "two_factor_required_new_device": False,
        "is_google_user": False,
        "is_inactive": bool(given.get("inactive")),
        "tenant": tenant,
        "reports_to": None,
        "last_login_at": None,
        "last_login_method": None,
        "avatarUrl": None,
        "_links": {
            name: {"href": f"/api/v1/users/{user_id}/{name}", "method": "GET", "rel": "related"}
            for name in ("roles", "teams", "preferences", "avatar", "permissions")
        },
    }


def full_name(user: Row) -> str:
    return f"{user['first_name']} {user['last_name']}"


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


_FOUND = (
    "client", "contact", "user", "ticket", "ticket_comment", "project", "project_phase", "project_task",
    "project_task_comment", "asset", "sales_order", "purchase_order", "stock_unit", "invoice", "invoice_item",
    "invoice_annotation", "contract", "client_contract", "document", "kb_article", "service_catalog",
    "service_request_submission", "service_request_definition", "workflow_task", "interaction", "schedule_entry",
    "time_entry", "board", "category", "tag", "status",
)  # fmt: skip


def search_everything(desk: Desk, request: Request) -> Answer:
    """Finds nothing: the index of the desk that was recorded was not fed."""
    return data({"results": [], "groups": dict.fromkeys(_FOUND, 0), "totalCount": 0})


def only_refused(desk: Desk, request: Request) -> Answer:
    """Only the refusal of the right to it was seen."""
    raise not_found("resource")
