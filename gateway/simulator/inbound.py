"""The desk's own inbound mail: a mail becomes a ticket, or a public comment on one.

A reply is known by the token of a mail of the desk, by the id of such a mail in In-Reply-To or References, or by the
ids that a ticket of a mail keeps. By ids alone only a contact of the ticket's client, a technician or a watcher may
write. Absences, bounces and lists are mail like any other. The first mail of a ticket is its first comment as well.
Source: recordings second/073 and 074, and the desk's source of 2026-08.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses

from gateway.blocks import dumps, paragraphs
from gateway.simulator.comments import new_row
from gateway.simulator.rows import ticket_row
from gateway.simulator.state import Desk, watchers
from gateway.simulator.times import iso, parse_iso
from gateway.simulator.wire import Row

TICKET, COMMENT, KNOWN, SKIPPED, STRANGER = "ticket", "comment", "known", "skipped", "stranger"
_ID = re.compile(r"<[^<>\s]+>")
_TOKEN = re.compile(r"\[ALGA-REPLY-TOKEN (\S+)")
_QUOTE = re.compile(r"(?m)^(?:>|On .{4,200} wrote:|From: |--- Please reply above this line ---)")
_AUTOMATIC = ("auto-generated", "auto-replied")


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox that the desk reads, and where its new tickets go. All but ``mailbox`` are ids."""

    mailbox: str
    board: str
    status: str
    priority: str
    client: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail: one of the five words above, and where."""

    what: str
    ticket_id: str = ""
    comment_id: str = ""


@dataclass(frozen=True, slots=True)
class _Mail:
    id: str
    sender: str
    named: tuple[str, ...]  # In-Reply-To, then References from the newest on
    subject: str
    words: str
    token: str
    others: tuple[str, ...]  # in To and Cc
    is_automatic: bool


def receive(desk: Desk, provider: Provider, raw: bytes) -> Taken:
    """The desk takes a mail from the mailbox that it reads."""
    mail = _read(raw)
    if known := _ticket_of(desk, mail.id):
        return Taken(KNOWN, known["ticket_id"])
    is_reply = bool(mail.token or mail.named)
    if mail.sender == provider.mailbox and is_reply:
        return Taken(SKIPPED)
    by_token = desk.tickets.get(desk.tokens.get(mail.token, ""))
    found = by_token or _thread(desk, mail)
    if found is not None:
        contact, user = _person(desk, mail.sender, found["client_id"])
        if by_token is None and not (user or mail.sender in watchers(found) or _is_of(contact, found)):
            return Taken(STRANGER)
        if _still_goes_on(desk, found):
            return _comment(desk, found, mail, contact, user)
    return _open(desk, provider, mail)


def _read(raw: bytes) -> _Mail:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    people = {
        name: [pair[1].lower() for pair in getaddresses([str(message[name] or "")])] for name in ("From", "To", "Cc")
    }
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if body else ""
    token = _TOKEN.search(text)
    cut = _QUOTE.search(text)
    return _Mail(
        id=(_ID.findall(str(message["Message-ID"] or "")) or [""])[0],
        sender=(people["From"] or [""])[0],
        named=(
            *_ID.findall(str(message["In-Reply-To"] or "")),
            *reversed(_ID.findall(str(message["References"] or ""))),
        ),
        subject=" ".join(str(message["Subject"] or "").split()),
        words=(text[: cut.start()] if cut else text).strip(),
        token=token[1] if token else "",
        others=tuple(dict.fromkeys([*people["To"], *people["Cc"]])),
        is_automatic=str(message["Auto-Submitted"] or "").lower().startswith(_AUTOMATIC) or "List-Id" in message,
    )


def _ticket_of(desk: Desk, message_id: str) -> Row | None:
    """The ticket that a mail made."""
    for ticket in desk.tickets.values():
        if message_id and (ticket["email_metadata"] or {}).get("messageId") == message_id:
            return ticket
    return None


def _thread(desk: Desk, mail: _Mail) -> Row | None:
    """The ticket of one of the desk's own mails that is named; else the one that keeps a named id."""
    for name in mail.named:
        if (ticket := desk.tickets.get(desk.sent.get(name, ""))) is not None:
            return ticket
    for name in mail.named:
        for ticket in desk.tickets.values():
            kept = ticket["email_metadata"] or {}
            if name in (kept.get("messageId"), kept.get("inReplyTo")) or name in kept.get("references", ()):
                return ticket
    return None


def _person(desk: Desk, address: str, client_id: str = "") -> tuple[Row | None, Row | None]:
    """The contact and the technician of an address; of several contacts the one of the client."""
    user = next((row for row in desk.users.values() if row["email"].lower() == address), None)
    found = [row for row in desk.contacts.values() if address and address in _addresses(row)]
    found.sort(key=lambda row: row["client_id"] != client_id)
    return (found[0] if found else None), user


def _addresses(contact: Row) -> list[str]:
    return [address.lower() for address in (contact["email"], *(row["email_address"] for row in contact["_addresses"]))]


def _is_of(contact: Row | None, ticket: Row) -> bool:
    return contact is not None and bool(contact["client_id"] == ticket["client_id"])


def _still_goes_on(desk: Desk, ticket: Row) -> bool:
    """Whether a reply is a comment: not where the board reopens, and the ticket was closed too long ago."""
    board = desk.boards[ticket["board_id"]]
    if not ticket["is_closed"] or not board["inbound_reply_reopen_enabled"]:
        return True
    closed = parse_iso(ticket["closed_at"] or "") or 0.0
    return bool(desk.now() - closed <= board["inbound_reply_reopen_cutoff_hours"] * 3600)


def _comment(desk: Desk, ticket: Row, mail: _Mail, contact: Row | None, user: Row | None) -> Taken:
    rows = desk.comments.setdefault(ticket["ticket_id"], [])
    for row in rows:
        if mail.id and ((row["metadata"] or {}).get("email") or {}).get("messageId") == mail.id:
            return Taken(KNOWN, ticket["ticket_id"], row["comment_id"])
    row = _add(desk, ticket, mail, contact, user)
    if not user:
        ticket["response_state"] = "awaiting_internal"
    board = desk.boards[ticket["board_id"]]
    if ticket["is_closed"] and board["inbound_reply_reopen_enabled"] and not mail.is_automatic:
        ticket["status_id"] = board["inbound_reply_reopen_status_id"] or next(
            row["status_id"]
            for row in desk.statuses.values()
            if row["board_id"] == ticket["board_id"] and row["is_default"]
        )
        ticket["is_closed"], ticket["closed_at"], ticket["closed_by"] = False, None, None
    return Taken(COMMENT, ticket["ticket_id"], row["comment_id"])


def _add(desk: Desk, ticket: Row, mail: _Mail, contact: Row | None, user: Row | None) -> Row:
    """The mail's comment, which everybody may read."""
    at = iso(desk.now())
    kept = {"from": mail.sender, "provider": "imap", "messageId": mail.id, "providerType": "imap"}
    body = {
        "comment_text": dumps(paragraphs(mail.words)),
        "is_internal": False,
        "metadata": {"email": kept, "responseSource": "inbound_email"},
    }
    row = new_row(desk, ticket["ticket_id"], body, user["user_id"] if user else None, at, desk.new_id())
    row["contact_id"] = contact["contact_name_id"] if contact and not user else None
    row["author_type"] = "internal" if user else "client"
    desk.comments.setdefault(ticket["ticket_id"], []).append(row)
    desk.version += 1  # the desk leaves the ticket's updated_at as it was
    return row


def _open(desk: Desk, provider: Provider, mail: _Mail) -> Taken:
    contact, user = _person(desk, mail.sender)
    body = {
        "title": mail.subject or "(no subject)",
        "board_id": provider.board,
        "status_id": provider.status,
        "priority_id": provider.priority,
        "client_id": contact["client_id"] if contact and not user else provider.client,
        "contact_name_id": contact["contact_name_id"] if contact and not user else None,
        "attributes": {"description": dumps(paragraphs(mail.words)), "watch_list": _watching(provider, mail, contact)},
    }
    number = f"{desk.seed.ticket_prefix}{desk.next_ticket:0{desk.seed.ticket_width}d}"
    desk.next_ticket += 1
    ticket = ticket_row(desk.tenant, desk.new_id(), body, number, iso(desk.now()), next(iter(desk.users)))
    ticket["source"], ticket["ticket_origin"] = "email", "inbound_email"
    kept = {"from": mail.sender, "messageId": mail.id, "references": list(mail.named)}
    ticket["email_metadata"] = {**kept, "inReplyTo": mail.named[0]} if mail.named else kept
    desk.tickets[ticket["ticket_id"]] = ticket
    desk.made.append((desk.now() + desk.mailer_lag, ticket["ticket_id"]))
    row = _add(desk, ticket, mail, contact, user)
    return Taken(TICKET, ticket["ticket_id"], row["comment_id"])


def _watching(provider: Provider, mail: _Mail, contact: Row | None) -> list[Row]:
    """Whoever else got the mail, and a sender who is no contact."""
    others = [address for address in mail.others if address not in (provider.mailbox, mail.sender)]
    found = [{"email": address, "active": True, "source": "inbound_to"} for address in others]
    return found if contact else [*found, {"email": mail.sender, "active": True, "source": "inbound_from"}]
