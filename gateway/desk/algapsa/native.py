"""Which mail each of the desk's rows is of that it made by its own way."""

from __future__ import annotations

from gateway.desk.algapsa import rows
from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.rows import Row, seconds
from gateway.desk.native import NativeComment, NativeTicket
from gateway.desk.outcome import Good, Outcome
from gateway.mail.ids import is_message_id, own_id

REPEATED = 30.0
"""Seconds in which a new ticket has the mail of which it was made as a comment, where no id says so."""


async def tickets(client: Client, since: float) -> Outcome:
    """The tickets that were made or changed since then, page by page, in the order in which they were made."""
    found: dict[str, NativeTicket] = {}
    page = 1
    while True:
        outcome = await client.tickets_touched(since, page)
        if not isinstance(outcome, Good):
            return outcome
        found.update((made.id, made) for made in map(ticket, outcome.data))
        if not rows.has_next(outcome.body):
            return Good(outcome.status, list(found.values()), outcome.body)
        page += 1


async def comments(client: Client, of: NativeTicket, back_to: float) -> Outcome:
    """The comments of a ticket that came by mail."""
    outcome = await client.comments(of.id, back_to)
    return rows.single(outcome, lambda data: [found for row in data if (found := comment(of, row))])


async def commented_since(client: Client, since: float) -> tuple[list[NativeTicket], str]:
    """The tickets of the comments that the search has from then on, and why some may be missing."""
    found: list[NativeTicket] = []
    cursor = ""
    while True:
        outcome = await client.comments_found(cursor)
        if not isinstance(outcome, Good):
            return found, str(outcome)
        for row in outcome.data["results"]:
            if seconds(row.get("updatedAt")) < since:
                return found, ""
            if row.get("parentId"):
                found.append(commented(row))
        cursor = outcome.data.get("nextCursor") or ""
        if not cursor:
            return found, ""


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
        contact_id=rows.text(row, rows.CONTACT_ID),
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
        is_internal=bool(row.get("is_internal")),
    )
