"""Tickets and comments that a desk made of mail by its own way, and the mail that each is of, as its rows say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.desk.algapsa import bodies
from gateway.desk.algapsa.scan import seconds
from gateway.mail.ids import is_message_id, own_id

REPEATED = 30.0
"""Seconds in which a new ticket has the mail of which it was made as a comment, where no id says so."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NativeTicket:
    """``mail_ids`` are what stands as the id of the mail of which it was made, in our form: a Message-ID, or a
    provider's own number of it. ``at`` is when it was made (Unix time)."""

    id: str
    number: str
    title: str
    client_id: str
    board_id: str
    contact_id: str
    sender: str
    at: float
    mail_ids: tuple[str, ...]

    @property
    def message_ids(self) -> list[str]:
        return [said for said in self.mail_ids if is_message_id(said)]


@dataclass(frozen=True, slots=True)
class NativeComment:
    """A comment that came by mail. ``message_id`` is empty where the desk kept a provider's number, ``at`` Unix
    time."""

    id: str
    ticket_id: str
    message_id: str
    sender: str
    at: float
    is_internal: bool


def ticket(row: Row) -> NativeTicket:
    """A row of GET /tickets, which may be of a ticket that somebody wrote at the desk."""
    kept = row.get("email_metadata")
    ids = [kept.get("messageId"), kept.get("message_id")] if isinstance(kept, dict) else []
    return NativeTicket(
        id=str(row["ticket_id"]),
        number=str(row.get("ticket_number") or ""),
        title=str(row.get("title") or ""),
        client_id=str(row.get("client_id") or ""),
        board_id=str(row.get("board_id") or ""),
        contact_id=str(row.get(bodies.CONTACT_ID) or ""),
        sender=str(row.get("contact_email") or ""),
        at=seconds(row.get("entered_at"), 0.0),
        mail_ids=tuple(own_id(str(said)) for said in ids if said),
    )


def commented(found: Row) -> NativeTicket:
    """The ticket of a comment that the search found. Of a ticket the search has the title and the number alone, so it
    is one that was made at no time, of no mail."""
    title = str(found.get("title") or "")
    number = str(found.get("subtitle") or "").rpartition(" | ")[2]
    return NativeTicket(str(found["parentId"]), number, title, "", "", "", "", 0.0, ())


def comment(ticket: NativeTicket, row: Row) -> NativeComment | None:
    """A row of GET /tickets/{id}/comments that came by mail; not the one that repeats the mail of which the ticket was
    made."""
    email = (row.get("metadata") or {}).get("email")
    if not isinstance(email, dict):
        return None
    said, at = own_id(str(email.get("messageId") or "")), seconds(row.get("created_at"), 0.0)
    if said in ticket.mail_ids or (not said and at - ticket.at < REPEATED):
        return None
    sender = email.get("fromAddress") or email.get("from")
    if isinstance(sender, dict):
        sender = sender.get("email")
    return NativeComment(
        id=str(row["comment_id"]),
        ticket_id=ticket.id,
        message_id=said if is_message_id(said) else "",
        sender=str(sender or "").lower(),
        at=at,
        is_internal=bodies.is_internal(row),
    )
