"""Time booked on tickets.

Entries of others are hidden on a ticket from everybody, their count is not; a running timer counts with 0 minutes.
Without the right to read them the desk answers 500. Not asked: whether a period is open for the day, and what the
service is called. Source: recordings 002 to 016 of the second round.
"""

from __future__ import annotations

from gateway.simulator.paging import paged
from gateway.simulator.rights import may
from gateway.simulator.rows import full_name
from gateway.simulator.state import Desk
from gateway.simulator.tickets import find
from gateway.simulator.times import iso, parse_iso
from gateway.simulator.validate import Field, issues_of, string, uuid
from gateway.simulator.wire import Answer, Issue, Request, Row, crash, data, invalid

_TIMER: tuple[Field, ...] = (
    ("work_item_id", True, uuid),
    ("work_item_type", True, string()),
    ("notes", False, string()),
    ("service_id", False, uuid),
)
_ENTRY: tuple[Field, ...] = (*_TIMER, ("start_time", True, string()), ("end_time", True, string()))
_SERVICE = "Support"
_LISTED = (
    "tenant entry_id user_id start_time end_time notes work_item_id billable_duration work_item_type approval_status "
    "time_sheet_id created_at updated_at service_id tax_region invoiced tax_rate_id contract_line_id work_date "
    "work_timezone created_by updated_by contract_line_source contract_line_unresolved_reason "
    "catalog_pricing_acknowledged_at catalog_pricing_acknowledged_by"
).split()


def book(desk: Desk, ticket_id: str, email: str, minutes: int) -> None:
    """A user books time on a ticket in the desk's pages; 0 minutes is a timer that runs."""
    user = next(row for row in desk.users.values() if row["email"] == email)
    end = desk.now()
    _booked(desk, ticket_id, user, end - 60 * minutes, end if minutes else None)


def _booked(desk: Desk, ticket_id: str, user: Row, start: float, end: float | None, body: Row | None = None) -> Row:
    body = body or {}
    known: Row = {
        "tenant": desk.tenant,
        "entry_id": desk.new_id(),
        "user_id": user["user_id"],
        "start_time": iso(start),
        "end_time": iso(end) if end is not None else None,
        "notes": body.get("notes", ""),
        "work_item_id": ticket_id,
        "billable_duration": int((end - start) // 60) if end is not None else 0,
        "work_item_type": "ticket",
        "approval_status": "DRAFT",
        "time_sheet_id": desk.new_id() if end is not None else None,
        "created_at": iso(desk.now()),
        "updated_at": iso(desk.now()),
        "service_id": body.get("service_id"),
        "invoiced": False,
        "work_date": f"{iso(start)[:10]}T00:00:00.000Z",
        "work_timezone": "UTC",
    }
    row = {name: known.get(name) for name in _LISTED}
    desk.time_entries.setdefault(ticket_id, []).append(row)
    desk.version += 1
    return row


def create_entry(desk: Desk, request: Request) -> Answer:
    body, issues = issues_of(request.json(), _ENTRY)
    start, end = parse_iso(body.get("start_time", "")), parse_iso(body.get("end_time", ""))
    issues += [] if "service_id" in body or issues else [_needed("service_id", "is required for time entries")]
    if issues or start is None or end is None:
        raise invalid(issues)
    ticket = find(desk, body["work_item_id"])
    row = _booked(desk, ticket["ticket_id"], request.user, start, end, body)
    user, sheet = request.user, {"id": row["time_sheet_id"], "period_id": desk.new_id(), "approval_status": "DRAFT"}
    service = {"service_id": row["service_id"], "service_name": _SERVICE, "default_rate": "7500"}
    item = {"id": ticket["ticket_id"], "title": ticket["title"], "type": "ticket", "client_id": ticket["client_id"]}
    billing = dict.fromkeys(("contract_line_id", "contract_line_name", "rate", "total_amount"))
    more = {
        "user": {name: user[name] for name in ("user_id", "first_name", "last_name", "email")},
        "work_item": item,
        "service": {**service, "unit_of_measure": "Hour"},
        "time_sheet": {**sheet, "submitted_at": None, "approved_at": None},
        "billing_info": billing,
    }
    return data({**_shown(desk, row), **more}, 201)


def _needed(name: str, why: str) -> Issue:
    return {"code": "custom", "path": [name], "message": f"{name} {why}"}


def start_timer(desk: Desk, request: Request) -> Answer:
    body, issues = issues_of(request.json(), _TIMER)
    if issues:
        raise invalid(issues)
    ticket = find(desk, body["work_item_id"])
    row = _booked(desk, ticket["ticket_id"], request.user, desk.now() // 60 * 60, None, body)
    more = {"session_id": row["entry_id"], "status": "active", "elapsed_minutes": 0, "work_item_title": ticket["title"]}
    return data({**row, **more, "service_name": _SERVICE}, 201)


def list_entries(desk: Desk, request: Request) -> Answer:
    wanted = request.query.get("work_item_id", "").lower()
    filters = {"work_item_id": wanted} if wanted else {}
    rows = [row for booked in desk.time_entries.values() for row in booked]
    rows = [row for row in rows if not wanted or row["work_item_id"] == wanted]
    return paged(
        rows,
        request.query,
        filters=filters,
        issues=uuid(wanted, ["work_item_id"]) if wanted else [],
        sort="created_at",
        sortable=lambda name: name if name in _LISTED else None,
        render=lambda row: _shown(desk, row),
    )


def _shown(desk: Desk, row: Row) -> Row:
    hours, user = f"{row['billable_duration'] / 60:.2f}", desk.users[row["user_id"]]
    more = {"user_name": full_name(user), "service_name": _SERVICE, "duration_hours": hours}
    return {**row, **more, "is_billable": row["billable_duration"] > 0}


def time_entries(desk: Desk, request: Request) -> Answer:
    """What the ticket's time sheet shows to the key's user."""
    if not may(request.key, "timeentry", "read"):
        raise crash()
    booked = desk.time_entries.get(find(desk, request.params[0])["ticket_id"], [])
    own: list[Row] = [row for row in booked if row["user_id"] == request.user["user_id"]]
    minutes = sum(row["billable_duration"] for row in booked)
    own_minutes = sum(row["billable_duration"] for row in own)
    others, others_minutes = len(booked) - len(own), minutes - own_minutes
    return data(
        {
            "entries": [_own(desk, row) for row in own],
            "ownTotalMinutes": own_minutes,
            "ownEntryCount": len(own),
            "othersTotalMinutes": others_minutes,
            "othersEntryCount": others,
            "othersVisibleMinutes": 0,
            "othersVisibleCount": 0,
            "othersHiddenMinutes": others_minutes,
            "othersHiddenCount": others,
            "totalMinutes": minutes,
        }
    )


def _own(desk: Desk, row: Row) -> Row:
    kept = "entry_id user_id start_time end_time billable_duration notes approval_status service_id".split()
    names = {"user_name": full_name(desk.users[row["user_id"]]), "service_name": _SERVICE}
    return {**{name: row[name] for name in kept}, **names, "work_date": row["work_date"][:10], "is_own": True}
