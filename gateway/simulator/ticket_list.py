"""The list of tickets with its filters, the searches and the sums.

Source: recordings 105 to 137, extra/065 to 071, readback/002 to 004.
"""

from __future__ import annotations

import json
from typing import Any

from gateway.simulator import rights, tags
from gateway.simulator.paging import like, paged
from gateway.simulator.state import Desk
from gateway.simulator.tickets import listed, names_of
from gateway.simulator.times import parse_iso
from gateway.simulator.validate import query_number, refuse_query, uuid
from gateway.simulator.wire import Answer, Issue, Problem, Request, Row, data, dumps

_MOBILE = (
    "ticket_id",
    "ticket_number",
    "title",
    "status_id",
    "client_name",
    "contact_name",
    "status_name",
    "status_is_closed",
    "priority_name",
    "updated_at",
    "entered_at",
    "closed_at",
    "assigned_to_name",
    "tags",
)
_FIELDS = (*_MOBILE, "due_date")
_MOMENTS = tuple(f"{name}_{edge}" for name in ("entered", "created", "updated", "closed") for edge in ("from", "to"))
_ALWAYS = ("status_id", "entered_by", "assigned_to", "client_id", "board_id", "assigned_team_id")


def _filters(query: Any) -> tuple[Row, list[Issue], Row]:
    """Filters as they are shown in `meta`, what is wrong with them, and parsed values."""
    shown: Row = {}
    issues: list[Issue] = []
    values: Row = {}
    for name in ("title", "ticket_number", "search"):
        if name in query:
            shown[name] = values[name] = query[name]
    for name in (
        "board_id",
        "client_id",
        "contact_name_id",
        "status_id",
        "priority_id",
        "assigned_to",
        "category_id",
        "location_id",
        "entered_by",
        "master_ticket_id",
    ):
        if name in query:
            issues += uuid(query[name], [name])
            shown[name] = query[name]
            values[name] = query[name].lower()
    if "status_ids" in query:
        ids = _id_list(query["status_ids"])
        issues += [issue for i, item in enumerate(ids) for issue in uuid(item, ["status_ids", i])]
        shown["status_ids"] = ids
        values["status_ids"] = {item.lower() for item in ids}
    for name in ("is_open", "is_closed", "is_overdue"):
        if name in query:
            shown[name] = query[name] == "true"
            if query[name] == "true":
                values[name] = True
    if "tags" in query:
        shown["tags"] = values["tags"] = _id_list(query["tags"])
    for name in _MOMENTS:
        if name in query:
            moment = parse_iso(query[name])
            if moment is None:
                issues.append(
                    {
                        "code": "invalid_string",
                        "validation": "datetime",
                        "message": "Invalid datetime",
                        "path": [name],
                    }
                )
            shown[name] = query[name]
            values[name] = moment
    return shown, issues, values


def _id_list(text: str) -> list[str]:
    if text.startswith("["):
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        if isinstance(parsed, list):
            return [str(item) for item in parsed]
    return [item.strip() for item in text.split(",") if item.strip()]


def _matches(desk: Desk, row: Row, values: Row) -> bool:
    for name, wanted in values.items():
        if name in ("title", "ticket_number"):
            if not like(row[name], wanted):
                return False
        elif name == "search":
            if not (like(row["title"], wanted) or like(row["ticket_number"], wanted)):
                return False
        elif name == "status_ids":
            if row["status_id"] not in wanted:
                return False
        elif name in ("is_open", "is_closed"):
            status = desk.statuses.get(row["status_id"])
            if bool(status and status["is_closed"]) != (name == "is_closed"):
                return False
        elif name == "tags":
            if not any(text in desk.tags.get(row["ticket_id"], {}) for text in wanted):
                return False
        elif name == "is_overdue":
            return False
        elif name.endswith(("_from", "_to")) and name != "assigned_to":
            column_name, _, edge = name.replace("created", "entered").rpartition("_")
            moment = parse_iso(row[f"{column_name}_at"]) if row[f"{column_name}_at"] else None
            if moment is None or (moment < wanted if edge == "from" else moment > wanted):
                return False
        elif row[name] != wanted:
            return False
    return True


def list_tickets(desk: Desk, request: Request) -> Answer:
    query = request.query
    shown, issues, values = _filters(query)
    fields = [name.strip() for name in query["fields"].split(",")] if query.get("fields") else None
    if fields == ["mobile_list"]:
        fields = list(_MOBILE)
    if not issues and fields is not None:
        unknown = [name for name in fields if name not in _FIELDS]
        if unknown:
            raise Problem(400, "VALIDATION_ERROR", f"Unknown fields requested: {', '.join(unknown)}")
    tickets = (row for row in desk.tickets.values() if rights.lists(request.key, row))
    rows = [] if issues else [row for row in tickets if _matches(desk, row, values)]
    known = set(next(iter(desk.tickets.values()), {"entered_at": 0, "updated_at": 0}))

    def render(row: Row) -> Row:
        full = listed(desk, row)
        if fields is None:
            return full
        cut = {name: full[name] if name != "tags" else tags.short(desk, row["ticket_id"]) for name in fields}
        return {**cut, **{name: full[name] for name in _ALWAYS if name not in cut}}

    return paged(
        rows,
        query,
        filters=shown,
        issues=issues,
        sort="created_at",
        sortable=lambda name: "entered_at" if name == "created_at" else name if name in known else None,
        render=render,
    )


def search_tickets(desk: Desk, request: Request) -> Answer:
    query = request.query
    issues: list[Issue] = (
        []
        if "query" in query
        else [
            {
                "code": "invalid_type",
                "expected": "string",
                "received": "undefined",
                "path": ["query"],
                "message": "Required",
            }
        ]
    )
    limit, bad_limit = query_number(query, "limit", 25, 100)
    options = ("title", "ticket_number", "client_name", "contact_name")
    fields, bad_fields = _search_fields(query.get("fields"), options)
    refuse_query([*issues, *bad_fields, *bad_limit])
    found = []
    for row in reversed(desk.tickets.values()):
        if not rights.finds(request.key, row):
            continue
        status = desk.statuses.get(row["status_id"])
        if status and status["is_closed"] and query.get("include_closed") != "true":
            continue
        names = names_of(desk, row)
        texts = {"title": row["title"], "ticket_number": row["ticket_number"], **names}
        if any(like(texts[name], query["query"]) for name in fields):
            found.append({**row, **names})
    return Answer(200, dumps({"data": found[:limit]}))


def _search_fields(text: str | None, options: tuple[str, ...]) -> tuple[list[str], list[Issue]]:
    if text is None:
        return ["title", "ticket_number"], []
    names = _id_list(text)
    bad = next((i for i, name in enumerate(names) if name not in options), None)
    if bad is None:
        return names, []
    expected = " | ".join(f"'{option}'" for option in options)
    return names, [
        {
            "code": "invalid_union",
            "unionErrors": [
                {
                    "issues": [
                        {
                            "code": "invalid_type",
                            "expected": "array",
                            "received": "string",
                            "path": ["fields"],
                            "message": "Expected array, received string",
                        }
                    ],
                    "name": "ZodError",
                },
                {
                    "issues": [
                        {
                            "received": names[bad],
                            "code": "invalid_enum_value",
                            "options": list(options),
                            "path": ["fields", bad],
                            "message": f"Invalid enum value. Expected {expected}, received '{names[bad]}'",
                        }
                    ],
                    "name": "ZodError",
                },
            ],
            "path": ["fields"],
            "message": "Invalid input",
        }
    ]


def ticket_stats(desk: Desk, request: Request) -> Answer:
    rows = list(desk.tickets.values())
    closed = sum(1 for row in rows if (desk.statuses.get(row["status_id"]) or {}).get("is_closed"))

    def count(name: str) -> dict[str, int]:
        sums: dict[str, int] = {}
        for row in rows:
            full = listed(desk, row)
            key = full[name] or "unknown"
            sums[key] = sums.get(key, 0) + 1
        return sums

    return data(
        {
            "total_tickets": len(rows),
            "open_tickets": len(rows) - closed,
            "closed_tickets": closed,
            "unassigned_tickets": sum(1 for row in rows if row["assigned_to"] is None),
            "overdue_tickets": 0,
            "tickets_by_status": count("status_id"),
            "tickets_by_priority": count("priority_name"),
            "tickets_by_category": {},
            "tickets_by_board": count("board_name"),
            "tickets_created_today": len(rows),
            "tickets_created_this_week": len(rows),
            "tickets_created_this_month": len(rows),
        }
    )
