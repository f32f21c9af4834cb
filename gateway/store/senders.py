"""What the store knows of a sender's earlier mail."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select

from gateway.match import domains, title
from gateway.match.names import Name
from gateway.store.constants import constant
from gateway.store.prepared import ESCAPE, Prepared, literally
from gateway.store.schema import delivery

HOUR, QUARTER = 3600.0, 900.0
VENDOR = "vendor"
"""The class of a proven notice: it is braked by its key, and does not count against people of the domain."""


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_MINE = delivery.c.sender == bindparam("k_sender")
_RECENT = Prepared(
    lambda _: select(
        _count(_MINE & (delivery.c.outcome == constant("ticket"))).label("tickets"),
        _count(_MINE & (delivery.c.outcome == constant("comment"))).label("comments"),
        _count(
            _MINE
            & delivery.c["class"].in_([constant(answer) for answer in ("auto-reply", "vacation", "helpdesk")])
            & (delivery.c.accepted_at >= bindparam("k_quarter"))
        ).label("answers"),
        _count(delivery.c.outcome == constant("ticket")).label("domain_tickets"),
        _count(delivery.c.outcome == constant("comment")).label("domain_comments"),
    ).where(
        delivery.c.sender_domain == bindparam("k_domain"),
        delivery.c.accepted_at >= bindparam("k_hour"),
        delivery.c.desk == bindparam("k_desk"),
        delivery.c.proof == bindparam("k_proof"),
        delivery.c["class"] != constant(VENDOR),
    )
)


def recent(connection: Connection, desk: str, name: Name, now: float) -> dict[str, int]:
    """Counts of the mails in that name: tickets and comments of the last hour, automatic answers of its last
    quarter; and of all mails of the domain whose names had the same proof."""
    parameters = {
        "k_sender": name.address,
        "k_domain": domains.of(name.address),
        "k_proof": name.proof,
        "k_hour": now - HOUR,
        "k_quarter": now - QUARTER,
        "k_desk": desk,
    }
    (row,) = _RECENT.rows(connection, parameters)
    return {name: int(value) for name, value in row.items()}


_SUBJECTS = Prepared(
    lambda _: select(delivery.c.subject).where(
        _MINE | delivery.c.sender.like(bindparam("k_tagged"), escape=ESCAPE),
        delivery.c.sender_domain == bindparam("k_domain"),
        delivery.c.outcome == constant("ticket"),
        delivery.c.accepted_at >= bindparam("k_hour"),
        delivery.c.desk == bindparam("k_desk"),
        delivery.c.proof == bindparam("k_proof"),
    )
)


def rounds(connection: Connection, desk: str, name: Name, matter: str, now: float) -> int:
    """How many mails in that name, with whatever tag, made tickets about the matter in the last hour."""
    box, domain = domains.untagged(name.address), domains.of(name.address)
    local = literally(box.rpartition("@")[0])
    parameters = {
        "k_sender": box,
        "k_tagged": f"{local}+%",
        "k_domain": domain,
        "k_proof": name.proof,
        "k_hour": now - HOUR,
        "k_desk": desk,
    }
    subjects = _SUBJECTS.column(connection, parameters)
    return sum(title.matter(subject) == matter for subject in subjects)


def same_subject(connection: Connection, desk: str, sender: str, subject: str, since: float, seq: int) -> str:
    """The ticket that an earlier mail of this sender with this subject made since then, or ""."""
    query = (
        select(delivery.c.ticket_id)
        .where(
            delivery.c.sender == sender,
            delivery.c.accepted_at >= since,
            delivery.c.desk == desk,
            delivery.c.subject == subject,
            delivery.c.seq < seq,
            delivery.c.ticket_id != "",
        )
        .order_by(delivery.c.seq)
        .limit(1)
    )
    return str(connection.execute(query).scalar() or "")
