"""The desk's rows as records: what of their JSON means what. Source: docs/algapsa.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any

from gateway.desk.outcome import Good, Outcome
from gateway.desk.records import (
    Asset,
    Board,
    Category,
    Client,
    Comment,
    Contact,
    Person,
    Priority,
    Remote,
    Status,
    Ticket,
)
from gateway.model.email import lower_ascii

CONTACT_ID = "contact_name_id"
OURS = "email_gateway"
"""Under this key we keep facts of our own, in a ticket's attributes and a comment's metadata."""
Row = Mapping[str, Any]


def each(outcome: Outcome, record: Callable[[Row], Any]) -> Outcome:
    """The answer with a record of each row."""
    if not isinstance(outcome, Good):
        return outcome
    return Good(outcome.status, [record(row) for row in outcome.data], outcome.body)


def single(outcome: Outcome, record: Callable[[Any], Any]) -> Outcome:
    """The answer with the record of its row."""
    return Good(outcome.status, record(outcome.data), outcome.body) if isinstance(outcome, Good) else outcome


def nothing(data: Any) -> None:
    """Of a row that tells nothing new."""


def text(row: Row, key: str) -> str:
    """The value, "" where it is absent or null."""
    return str(row.get(key) or "")


def has_next(answer: Row) -> bool | None:
    """Whether a list goes on behind this page, None where the desk does not say."""
    more: bool | None = (answer.get("pagination") or {}).get("hasNext")
    return more


def ours(free: Any) -> Mapping[str, Any]:
    """Our facts in what the desk keeps for us; empty where it keeps none."""
    kept = free.get(OURS) if isinstance(free, dict) else None
    return kept if isinstance(kept, dict) else {}


def marker_of(free: Any) -> str:
    """Our mark among them."""
    return str(ours(free).get("marker", ""))


def seconds(stamp: Any, otherwise: float = inf) -> float:
    """A time of the desk, which writes UTC; without one that can be read, ``otherwise``."""
    try:
        time = datetime.fromisoformat(str(stamp))
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return otherwise


# -- names ------------------------------------------------------------------------------------------


def board(row: Row) -> Board:
    return Board(
        id=row["board_id"],
        name=row["board_name"],
        is_inactive=bool(row.get("is_inactive")),
        is_default=bool(row.get("is_default")),
        default_priority_id=text(row, "default_priority_id"),
        reopens=bool(row.get("inbound_reply_reopen_enabled")),
        reopen_window=float(row.get("inbound_reply_reopen_cutoff_hours") or 0) * 3600,
        reopen_status_id=text(row, "inbound_reply_reopen_status_id"),
    )


def status(row: Row) -> Status:
    flags = bool(row.get("is_closed")), bool(row.get("is_default"))
    return Status(row["status_id"], row["name"], *flags, row.get("order_number") or 0)


def priority(row: Row) -> Priority:
    return Priority(row["priority_id"], row["priority_name"])


def category(row: Row) -> Category:
    return Category(row["category_id"], row["category_name"], text(row, "board_id"), text(row, "parent_category"))


def client(row: Row) -> Client:
    return Client(row["client_id"], row["client_name"], bool(row.get("is_inactive")))


def staff(users: list[Row]) -> list[Person]:
    """The technicians among the users."""
    return [
        Person(
            user["user_id"],
            f"{text(user, 'first_name')} {text(user, 'last_name')}".strip(),
            lower_ascii(str(user["email"])),
        )
        for user in users
        if user.get("email") and user.get("user_type") == "internal" and not user.get("is_inactive")
    ]


# -- people -----------------------------------------------------------------------------------------


def contact(row: Row) -> Contact:
    more = row.get("additional_email_addresses") or ()
    return Contact(
        id=row[CONTACT_ID],
        client_id=text(row, "client_id"),
        name=text(row, "full_name"),
        address=text(row, "email"),
        more=tuple(address for entry in more if (address := text(entry, "email_address"))),
        is_inactive=bool(row.get("is_inactive")),
    )


def asset(row: Row) -> Asset:
    names = (text(row, key) for key in ("name", "asset_tag", "serial_number"))
    return Asset(row["asset_id"], text(row, "client_id"), tuple(filter(None, names)))


# -- tickets ----------------------------------------------------------------------------------------


def ticket(row: Row) -> Ticket:
    attributes = row.get("attributes") or {}
    return Ticket(
        id=row["ticket_id"],
        number=text(row, "ticket_number"),
        title=text(row, "title"),
        board_id=text(row, "board_id"),
        status_id=text(row, "status_id"),
        priority_id=text(row, "priority_id"),
        client_id=text(row, "client_id"),
        contact_id=text(row, CONTACT_ID),
        master_id=text(row, "master_ticket_id"),
        is_closed=_is_closed(row),
        closed_at=seconds(row.get("closed_at"), 0.0),
        description=str(attributes.get("description")),
        watchers=_watchers(attributes),
        row=row,
    )


def _is_closed(row: Row) -> bool:
    """The lists and a ticket's own page name the flag differently."""
    said = row.get("status_is_closed")
    return bool(row.get("is_closed") if said is None else said)


def _watchers(attributes: Row) -> tuple[str, ...]:
    """The addresses that are active on the watch list."""
    entries = attributes.get("watch_list")
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return tuple(
        lower_ascii(entry["email"].strip())
        for entry in found
        if entry.get("active") is True and isinstance(entry.get("email"), str)
    )


def comment(row: Row) -> Comment:
    note = row.get("note")
    shown = note if isinstance(note, str) and not row.get("deleted_at") else None
    return Comment(row["comment_id"], seconds(row.get("created_at"), 0.0), shown, facts_of(row))


def facts_of(row: Row) -> Mapping[str, Any]:
    """What we keep in a comment's ``metadata``; empty where it is not ours."""
    return ours(row.get("metadata"))


# -- what an effect made ----------------------------------------------------------------------------


def made_ticket(row: Row) -> Remote:
    return Remote(row["ticket_id"], text(row, "ticket_number"), text(row, "client_id"), made_at=text(row, "entered_at"))


def made_contact(row: Row) -> Remote:
    return Remote(row[CONTACT_ID])


def made_comment(row: Row) -> Remote:
    return Remote(row["comment_id"], made_at=text(row, "created_at"))


def made_document(row: Row) -> Remote:
    return Remote(row["document_id"], file_id=text(row, "file_id"), made_at=text(row, "updated_at"))
