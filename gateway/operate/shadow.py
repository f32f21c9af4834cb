"""A desk in shadow: what was planned for it, beside the tickets that its own mail made in the same time.

A planned ticket and a real one are of the same mail when the real one has its Message-ID, else when they have the same
title and are minutes apart. Nothing is written; the desk is read page by page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, select

from gateway.config.settings import Settings
from gateway.desk.algapsa import bodies
from gateway.desk.algapsa.client import BEGUN, Desk
from gateway.desk.algapsa.lists import good
from gateway.desk.pacing import Urgency
from gateway.mail.head import split_head, with_line_feeds
from gateway.mail.ids import ids_of, own_id
from gateway.match.title import clean
from gateway.store import mapping, shadow
from gateway.store.raw import RawMail
from gateway.store.schema import delivery, raw, ticket
from gateway.store.shadow import Real
from gateway.store.stage import Stage

NEAR = 900.0
"""Seconds by which the desk's own mail may be earlier or later than ours."""
SAME, ONLY_HERE, ONLY_THERE, ELSEWHERE, OTHER_CLIENT, OTHER_BOARD = (
    "same",
    "only here",
    "only there",
    "elsewhere",
    "other client",
    "other board",
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A mail that was accepted in shadow, and what it would have become: ticket, comment, suppressed or quarantined."""

    id: str
    message_id: str
    sender: str
    subject: str
    at: float
    became: str
    why: str
    ticket_id: str
    client_id: str
    board_id: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A mail that the desk's own way took elsewhere, in words. ``kind`` is one of the six of this module."""

    kind: str
    at: float
    sender: str
    subject: str
    here: str
    there: str


@dataclass(slots=True)
class Comparison:
    """``counts`` by kind, those that are the same too; ``real`` the desk's tickets by the id of the planned one."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    real: dict[str, Real] = field(default_factory=dict)


@dataclass(slots=True)
class Summary:
    """What was planned in some time: mails by what they became and by reason, tickets by client."""

    mails: int
    became: dict[str, int]
    reasons: dict[str, int]
    clients: dict[str, int]


def planned(connection: Connection, desk: str, since: float, until: float) -> list[Planned]:
    """The mails of a desk in shadow, in order."""
    query = (
        select(delivery, ticket.c.client_id)
        .outerjoin(ticket, and_(ticket.c.desk == delivery.c.desk, ticket.c.ticket_id == delivery.c.ticket_id))
        .where(delivery.c.desk == desk, delivery.c.rehearsed)
        .where(delivery.c.accepted_at >= since, delivery.c.accepted_at < until)
    )
    return [_planned(row) for row in connection.execute(query.order_by(delivery.c.seq)).mappings()]


def _planned(row: RowMapping) -> Planned:
    is_done = row["stage"] not in (Stage.SUPPRESSED, Stage.QUARANTINED)
    return Planned(
        id=row["id"],
        message_id=row["message_id"],
        sender=row["sender"],
        subject=row["subject"],
        at=row["accepted_at"],
        became=row["outcome"] if is_done else row["stage"].lower(),
        why="" if is_done else row["reason"],
        ticket_id=row["ticket_id"],
        client_id=row["client_id"] or "",
        board_id=row["board_id"],
    )


def summary(mails: Sequence[Planned], names: Mapping[str, str]) -> Summary:
    """``names`` are the desk's ids with their names."""
    tickets = [mail for mail in mails if mail.became == "ticket"]
    return Summary(
        len(mails),
        dict(Counter(mail.became for mail in mails).most_common()),
        dict(Counter(mail.why for mail in mails if mail.why).most_common()),
        dict(Counter(names.get(mail.client_id, mail.client_id) for mail in tickets).most_common()),
    )


async def real_tickets(desk: Desk, since: float, until: float) -> list[dict[str, Any]]:
    """The desk's tickets of that time, oldest first. Raises DeskAway."""
    found: list[dict[str, Any]] = []
    page = 1
    while True:
        answer = good(await desk.tickets_from(since - NEAR, page, "", Urgency.REPLY, BEGUN))
        found += [row for row in answer.data if _moment(row) <= until + NEAR]
        if not (answer.body.get("pagination") or {}).get("hasNext"):
            return found
        page += 1


def compare(
    mails: Sequence[Planned], rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], since: float, until: float
) -> Comparison:
    """Lay the desk's tickets beside the plans. ``names`` are the desk's ids with their names."""
    found = Comparison()
    left = {str(row["ticket_id"]): row for row in rows}
    for mail, row in _pairs(mails, rows):
        left.pop(str(row["ticket_id"]))
        kind, here, there = _judge(mail, row, names)
        found.counts[kind] += 1
        if mail.became == "ticket":
            found.real[mail.ticket_id] = _real(row)
        if kind != SAME:
            found.differences.append(Difference(kind, mail.at, mail.sender, mail.subject, here, there))
    matched = found.real.keys()
    for mail in mails:
        if mail.became == "ticket" and mail.ticket_id not in matched:
            found.counts[ONLY_HERE] += 1
            here = f"a ticket for {names.get(mail.client_id, mail.client_id)}"
            found.differences.append(Difference(ONLY_HERE, mail.at, mail.sender, mail.subject, here, "nothing"))
    for row in left.values():
        if since <= _moment(row) < until:
            found.counts[ONLY_THERE] += 1
            there = _there(row, names)
            subject, sender = str(row.get("title") or ""), str(row.get("contact_email") or "")
            found.differences.append(Difference(ONLY_THERE, _moment(row), sender, subject, "no mail", there))
    found.differences.sort(key=lambda difference: difference.at)
    return found


def _pairs(mails: Sequence[Planned], rows: Sequence[Mapping[str, Any]]) -> Iterable[tuple[Planned, Mapping[str, Any]]]:
    """Each real ticket with the mail that it is of: by its Message-ID, else by title and time, the nearest first.
    A mail that would have been a ticket comes before one that would not."""
    by_id = {mail.message_id: mail for mail in mails if mail.message_id}
    free = {mail.id: mail for mail in mails}
    later = []
    for row in rows:
        mail = next((by_id[name] for name in _names(row) if name in by_id), None)
        if mail is not None and mail.id in free:
            yield free.pop(mail.id), row
        elif mail is None:
            later.append(row)
    candidates = []
    by_title: dict[str, list[Planned]] = {}
    for mail in free.values():
        by_title.setdefault(clean(mail.subject).casefold(), []).append(mail)
    for row in later:
        for mail in by_title.get(clean(str(row.get("title") or "")).casefold(), ()):
            apart = abs(_moment(row) - mail.at)
            if apart <= NEAR:
                candidates.append((mail.became != "ticket", apart, mail, row))
    taken: set[str] = set()
    for _, _, mail, row in sorted(candidates, key=lambda candidate: candidate[:2]):
        if mail.id in free and row["ticket_id"] not in taken:
            taken.add(str(row["ticket_id"]))
            yield free.pop(mail.id), row


def _judge(mail: Planned, row: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, str, str]:
    """The kind of a pair, and what it is here and there."""
    there = _there(row, names)
    if mail.became == "comment":
        return ELSEWHERE, "a comment", there
    if mail.became != "ticket":
        return ONLY_THERE, f"{mail.became}: {mail.why}", there
    client = str(row.get("client_id") or "")
    if client != mail.client_id:
        return OTHER_CLIENT, f"a ticket for {names.get(mail.client_id, mail.client_id) or 'nobody'}", there
    if (board := str(row.get("board_id") or "")) != mail.board_id:
        here = f"a ticket on {names.get(mail.board_id, mail.board_id)}"
        return OTHER_BOARD, here, f"{there} on {names.get(board, board)}"
    return SAME, "", ""


def _there(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    client = str(row.get("client_id") or "")
    return f"ticket {row.get('ticket_number')} for {names.get(client, client) or 'nobody'}"


def _names(row: Mapping[str, Any]) -> list[str]:
    """The ids of mail that the desk keeps with a ticket, in our form."""
    kept = row.get("email_metadata")
    if not isinstance(kept, dict):
        return []
    said = [str(kept[key]) for key in ("messageId", "message_id") if kept.get(key)]
    return [own_id(text) for text in said]


def _moment(row: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(row.get("entered_at"))).timestamp()
    except ValueError:
        return 0.0


def _real(row: Mapping[str, Any]) -> Real:
    return Real(
        str(row["ticket_id"]),
        str(row.get("ticket_number") or ""),
        str(row.get("board_id") or ""),
        str(row.get("client_id") or ""),
        str(row.get(bodies.CONTACT_ID) or ""),
    )


def end(
    connection: Connection, settings: Settings, desk: str, now: float, take_up: float | None, real: Mapping[str, Real]
) -> shadow.Left:
    """The desk is live from now on (``store.shadow.leave``)."""
    kept = RawMail(settings.store)

    def keys(row: RowMapping) -> list[bytes]:
        """What later mail names, by which it waits for this one."""
        found = connection.execute(select(raw).where(raw.c.id == row["raw_id"])).mappings().one()
        head = split_head(with_line_feeds(kept.read(found)))
        named = [row["message_id"]]
        for field_name in ("in-reply-to", "references"):
            for value in head.values(field_name)[:1]:
                named += ids_of(value.decode("utf-8", "replace"))
        return list(dict.fromkeys(mapping.key(desk, name) for name in named if name))

    return shadow.leave(connection, desk, now, take_up=take_up, keys=keys, real=real)
