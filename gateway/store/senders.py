"""What the store knows of a sender's earlier mail."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, func, select, union_all

from gateway.match import domains
from gateway.match.names import Name
from gateway.model.spans import HOUR
from gateway.store.constants import constant
from gateway.store.prepared import ESCAPE, Prepared, literally
from gateway.store.schema import delivery

QUARTER = 900.0
VENDOR = "vendor"
"""The class of a proven notice: it is braked by its key, and does not count against people of the domain."""


_IN_NAME = (delivery.c.desk == bindparam("k_desk"), delivery.c.proof == bindparam("k_proof"))
_CAUSED = (
    delivery.c.outcome.in_([constant(made) for made in ("ticket", "comment")]),
    delivery.c["class"] != constant(VENDOR),
    delivery.c.accepted_at >= bindparam("k_hour"),
    *_IN_NAME,
)
"""Mail that became something, which the limits keep to few, and not all that came: a storm is thousands."""
_ANSWERED = (
    delivery.c["class"].in_([constant(answer) for answer in ("auto-reply", "vacation", "helpdesk")]),
    delivery.c.accepted_at >= bindparam("k_quarter"),
    *_IN_NAME,
)
_MINE = delivery.c.sender == bindparam("k_sender")
_OF_DOMAIN = delivery.c.sender_domain == bindparam("k_domain")


def _recent(_: Any) -> Any:
    """In one statement how many of which kind."""
    kind = delivery.c.outcome
    mine = select(kind.label("what"), func.count().label("mails")).where(_MINE, *_CAUSED)
    domain = select(("domain_" + kind).label("what"), func.count().label("mails")).where(_OF_DOMAIN, *_CAUSED)
    answers = select(constant("answer").label("what"), func.count().label("mails")).where(_MINE, *_ANSWERED)
    return union_all(mine.group_by(kind), domain.group_by(kind), answers)


_RECENT = Prepared(_recent)


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
    found = {row["what"]: int(row["mails"]) for row in _RECENT.rows(connection, parameters)}
    kinds = ("ticket", "comment", "answer", "domain_ticket", "domain_comment")
    return {f"{kind}s": found.get(kind, 0) for kind in kinds}


_ROUNDS = Prepared(
    lambda _: select(func.count()).where(
        _MINE | delivery.c.sender.like(bindparam("k_tagged"), escape=ESCAPE),
        _OF_DOMAIN,
        delivery.c.matter == bindparam("k_matter"),
        delivery.c.outcome == constant("ticket"),
        *_CAUSED,
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
        "k_matter": matter,
        "k_hour": now - HOUR,
        "k_desk": desk,
    }
    return int(_ROUNDS.run(connection, parameters))


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
