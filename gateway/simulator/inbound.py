"""The desk's own inbound mail: a mail becomes a ticket, or a public comment on one.

A reply is known by the token of a mail of the desk, by the id of such a mail in In-Reply-To or References, or by the
ids that a ticket of a mail keeps. Nobody asks who wrote it: a stranger's reply, and one by a contact of another client,
is a public comment like any other, and its author watches the ticket from then on. Absences, bounces and lists are mail
like any other. The first mail of a ticket is its first comment as well.
Source: recordings second/073 and 074, the desk's source of 2026-08, and mail that was sent to a real desk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses

from gateway.blocks import dumps, paragraphs
from gateway.simulator.comments import new_row
from gateway.simulator.contacts import addresses_of
from gateway.simulator.rows import ticket_row
from gateway.simulator.state import Desk
from gateway.simulator.times import iso, parse_iso
from gateway.simulator.wire import Row

TICKET, COMMENT, KNOWN, SKIPPED = "ticket", "comment", "known", "skipped"
_ID = re.compile(r"<[^<>\s]+>")
_TOKEN = re.compile(r"\[ALGA-REPLY-TOKEN (\S+)")
_QUOTE = re.compile(r"(?m)^(?:>|On .{4,200} wrote:|From: |--- Please reply above this line ---)")
_LISTS = tuple(f"List-{name}" for name in ("Id", "Unsubscribe", "Post", "Help", "Subscribe", "Archive", "Owner"))
_BULK = ("bulk", "list", "junk", "auto-reply", "auto-replied", "auto-notified")


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
    """What became of a mail: one of the four words above, and where."""

    what: str
    ticket_id: str = ""
    comment_id: str = ""


@dataclass(frozen=True, slots=True)
class _Mail:
    id: str
    sender: str
    name: str  # of the sender
    in_reply_to: str
    references: tuple[str, ...]
    subject: str
    words: str
    token: str
    recipients: tuple[Row, ...]  # in To and Cc, as watchers
    is_automatic: bool

    @property
    def is_reply(self) -> bool:
        return bool(self.token or self.in_reply_to or self.references)


def receive(desk: Desk, provider: Provider, raw: bytes) -> Taken:
    """The desk takes a mail from the mailbox that it reads."""
    mail = _read(raw)
    if known := _ticket_of(desk, mail.id):
        return Taken(KNOWN, known["ticket_id"])
    if (mail.sender == provider.mailbox and mail.is_reply) or (mail.token and not mail.words):
        return Taken(SKIPPED)
    found = desk.tickets.get(desk.tokens.get(mail.token, "")) or _thread(desk, mail)
    if found is not None and _still_goes_on(desk, found):
        return _comment(desk, provider, found, mail)
    return _open(desk, provider, mail)


def _read(raw: bytes) -> _Mail:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if body else ""
    token = _TOKEN.search(text)
    cut = _QUOTE.search(text)
    name, sender = (_people(message, "From") or [("", "")])[0]
    return _Mail(
        id=_first_id(message, "Message-ID"),
        sender=sender,
        name=name,
        in_reply_to=_first_id(message, "In-Reply-To"),
        references=tuple(_ID.findall(str(message["References"] or ""))),
        subject=" ".join(str(message["Subject"] or "").split()),
        words=(text[: cut.start()] if cut else text).strip(),
        token=token[1] if token else "",
        recipients=tuple(
            _watcher(address, name, f"inbound_{field.lower()}")
            for field in ("To", "Cc")
            for name, address in _people(message, field)
        ),
        is_automatic=_is_automatic(message),
    )


def _people(message: EmailMessage, field: str) -> list[tuple[str, str]]:
    return [(name, address.lower()) for name, address in getaddresses([str(message[field] or "")]) if address]


def _first_id(message: EmailMessage, field: str) -> str:
    return next(iter(_ID.findall(str(message[field] or ""))), "")


def _watcher(address: str, name: str, source: str) -> Row:
    entry = {"email": address, "active": True, "source": source}
    return {**entry, "name": name} if name else entry


def _is_automatic(message: EmailMessage) -> bool:
    """By the header alone."""

    def word(field: str) -> str:
        return re.split(r"[;(]", str(message[field] or ""))[0].strip().lower()

    return (
        word("Auto-Submitted") not in ("", "no")
        or str(message["Return-Path"] or "").strip() == "<>"
        or message.get_content_type() == "multipart/report"
        or any(field in message for field in (*_LISTS, "X-Auto-Response-Suppress", "X-Autorespond", "X-Loop"))
        or word("Precedence").replace(" ", "-").replace("_", "-") in _BULK
        or word("X-Autoreply") not in ("", "no")
    )


def _ticket_of(desk: Desk, message_id: str) -> Row | None:
    """The ticket that a mail made."""
    for ticket in desk.tickets.values():
        if message_id and (ticket["email_metadata"] or {}).get("messageId") == message_id:
            return ticket
    return None


def _thread(desk: Desk, mail: _Mail) -> Row | None:
    """The ticket of one of the desk's own mails that is named, References from the newest on. Else the one that keeps a
    named id, from the oldest on; or the very id of a mail that says of none that it answers it."""
    for name in (mail.in_reply_to, *reversed(mail.references)):
        if (ticket := desk.tickets.get(desk.sent.get(name, ""))) is not None:
            return ticket
    for name in (mail.in_reply_to, *mail.references, mail.in_reply_to or mail.id):
        for ticket in desk.tickets.values():
            if name and name in _kept_ids(ticket):
                return ticket
    return None


def _kept_ids(ticket: Row) -> tuple[str, ...]:
    kept = ticket["email_metadata"] or {}
    return (kept.get("messageId"), kept.get("inReplyTo"), *kept.get("references", ()))


def _person(desk: Desk, address: str, ticket: Row | None, client_id: str) -> tuple[Row | None, Row | None]:
    """The contact or the technician of an address. Several contacts may have it: on a ticket its own contact counts,
    else the only one of its client; without a ticket the only one of ``client_id``, else the only one there is."""
    for user in desk.users.values():
        if user["user_type"] == "internal" and user["email"].lower() == address:
            return None, user
    found = [row for row in desk.contacts.values() if address and address in addresses_of(row)]
    if ticket is not None:
        own = [row for row in found if row["contact_name_id"] == ticket["contact_name_id"]]
        found = own or [row for row in found if row["client_id"] == ticket["client_id"]]
    elif of_client := [row for row in found if row["client_id"] == client_id]:
        found = of_client
    return (found[0] if len(found) == 1 else None), None


def _still_goes_on(desk: Desk, ticket: Row) -> bool:
    """Whether a reply is a comment: not where the board reopens, and the ticket was closed too long ago."""
    board = desk.boards[ticket["board_id"]]
    if not ticket["is_closed"] or not board["inbound_reply_reopen_enabled"]:
        return True
    closed = parse_iso(ticket["closed_at"] or "") or 0.0
    return bool(desk.now() - closed <= board["inbound_reply_reopen_cutoff_hours"] * 3600)


def _comment(desk: Desk, provider: Provider, ticket: Row, mail: _Mail) -> Taken:
    rows = desk.comments.setdefault(ticket["ticket_id"], [])
    for row in rows:
        if mail.id and ((row["metadata"] or {}).get("email") or {}).get("messageId") == mail.id:
            return Taken(KNOWN, ticket["ticket_id"], row["comment_id"])
    contact, user = _person(desk, mail.sender, ticket, provider.client)
    row = _add(desk, ticket, mail, contact, user)
    _watch(desk, ticket, _watching(provider, mail, contact))
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
    row["contact_id"] = contact["contact_name_id"] if contact else None
    row["author_type"] = "internal" if user else "client"
    desk.comments.setdefault(ticket["ticket_id"], []).append(row)
    ticket["response_state"] = "awaiting_client" if user else "awaiting_internal"
    desk.version += 1  # the desk leaves the ticket's updated_at as it was
    return row


def _open(desk: Desk, provider: Provider, mail: _Mail) -> Taken:
    contact, user = _person(desk, mail.sender, None, provider.client)
    body = {
        "title": mail.subject or "(no subject)",
        "board_id": provider.board,
        "status_id": provider.status,
        "priority_id": provider.priority,
        "client_id": contact["client_id"] if contact else provider.client,
        "contact_name_id": contact["contact_name_id"] if contact else None,
        "attributes": {"description": dumps(paragraphs(mail.words)), "watch_list": _watching(provider, mail, contact)},
    }
    number = f"{desk.seed.ticket_prefix}{desk.next_ticket:0{desk.seed.ticket_width}d}"
    desk.next_ticket += 1
    ticket = ticket_row(desk.tenant, desk.new_id(), body, number, iso(desk.now()), next(iter(desk.users)))
    ticket["source"], ticket["ticket_origin"] = "email", "inbound_email"
    kept = {"from": mail.sender, "messageId": mail.id, "references": list(mail.references)}
    ticket["email_metadata"] = {**kept, "inReplyTo": mail.in_reply_to} if mail.in_reply_to else kept
    desk.tickets[ticket["ticket_id"]] = ticket
    desk.made.append((desk.now() + desk.mailer_lag, ticket["ticket_id"]))
    row = _add(desk, ticket, mail, contact, user)
    return Taken(TICKET, ticket["ticket_id"], row["comment_id"])


def _watching(provider: Provider, mail: _Mail, contact: Row | None) -> list[Row]:
    """Whoever else got the mail, and a sender who is no contact."""
    left_out = (provider.mailbox, mail.sender)
    found = {person["email"]: person for person in reversed(mail.recipients) if person["email"] not in left_out}
    people = list(reversed(found.values()))
    if contact or mail.sender in ("", provider.mailbox):
        return people
    return [*people, _watcher(mail.sender, mail.name, "inbound_from")]


def _watch(desk: Desk, ticket: Row, people: list[Row]) -> None:
    """Further people watch the ticket, and who had stopped watches again. Only this changes the ticket's time."""
    attributes = ticket["attributes"] if isinstance(ticket["attributes"], dict) else {}
    before = attributes.get("watch_list")
    watch = {entry["email"]: entry for entry in before or () if isinstance(entry, dict) and "email" in entry}
    for person in people:
        watch[person["email"]] = {**person, **watch.get(person["email"], {}), "active": True}
    if list(watch.values()) != (before or []):
        ticket["attributes"] = {**attributes, "watch_list": list(watch.values())}
        ticket["updated_at"] = iso(desk.now())
