"""Time booked on tickets.

Source: recordings 002 to 015 of the second round. Entries of others are hidden from everybody, their count is not;
a running timer counts with 0 minutes. Without the right to read them the desk answers 500.
"""

from __future__ import annotations

from gateway.simulator.rights import may
from gateway.simulator.rows import full_name
from gateway.simulator.state import Desk
from gateway.simulator.tickets import find
from gateway.simulator.times import iso
from gateway.simulator.wire import Answer, Request, Row, crash, data


def book(desk: Desk, ticket_id: str, email: str, minutes: int) -> None:
    """A user books time on a ticket; 0 minutes is a timer that runs."""
    user = next(row for row in desk.users.values() if row["email"] == email)
    end = desk.now()
    row = {
        "entry_id": desk.new_id(),
        "user_id": user["user_id"],
        "user_name": full_name(user),
        "start_time": iso(end - 60 * minutes),
        "end_time": iso(end),
        "work_date": iso(end)[:10],
        "billable_duration": minutes,
        "notes": "",
        "approval_status": "DRAFT",
        "service_id": None,
        "service_name": None,
    }
    desk.time_entries.setdefault(ticket_id, []).append(row)


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
            "entries": [{**row, "is_own": True} for row in own],
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
