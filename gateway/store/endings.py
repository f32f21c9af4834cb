"""What stood at the end of mail that was posted (``mail/ending.py``), by which signatures are known again.

Bounded: of a sender the newest ``MINE``; of a domain and of a ticket the newest ``OTHERS`` are looked at.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, select

from gateway.mail.ending import Name, Seen
from gateway.store import dialects
from gateway.store.schema import ending

MINE = 8
OTHERS = 24
_SEEN = (ending.c.delivery_id, ending.c.sender, ending.c.domain, ending.c.ticket_id, ending.c.prints)


def add(connection: Connection, desk: str, delivery_id: str, seen: Seen) -> None:
    """What stood at the end of a mail that was posted."""
    statement = dialects.insert(connection.dialect.name, ending).values(
        desk=desk,
        sender=seen.sender,
        delivery_id=delivery_id,
        domain=seen.domain,
        ticket_id=seen.ticket_id,
        prints=seen.prints,
    )
    keys = [ending.c.desk, ending.c.sender, ending.c.delivery_id]
    changed = {"ticket_id": statement.excluded.ticket_id, "prints": statement.excluded.prints}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))
    mine = (ending.c.desk == desk, ending.c.sender == seen.sender)
    newest = select(ending.c.delivery_id).where(*mine).order_by(ending.c.delivery_id.desc()).offset(MINE).limit(1)
    if (last := connection.execute(newest).scalar()) is not None:
        connection.execute(delete(ending).where(*mine, ending.c.delivery_id <= last))


def of(connection: Connection, desk: str, name: Name, ticket_id: str, but: str) -> list[Seen]:
    """What stood at the end of mail of the sender, the domain and the ticket, but for the delivery ``but``."""
    found: dict[str, Seen] = {}
    places: list[tuple[ColumnElement[bool], int]] = []
    if ticket_id:
        places.append((ending.c.ticket_id == ticket_id, OTHERS))
    if name.sender:
        places.append((ending.c.sender == name.sender, MINE))
    if name.domain:
        places.append((ending.c.domain == name.domain, OTHERS))
    for place, most in places:
        query = select(*_SEEN).where(ending.c.desk == desk, place, ending.c.delivery_id != but)
        for row in connection.execute(query.order_by(ending.c.delivery_id.desc()).limit(most)):
            found[row.delivery_id] = Seen(row.sender, row.domain, row.ticket_id, bytes(row.prints))
    return list(found.values())


def forget(connection: Connection, desk: str, delivery_id: str) -> None:
    """Nothing of what the sender of this delivery signed with is known any more."""
    mine = select(ending.c.sender).where(ending.c.desk == desk, ending.c.delivery_id == delivery_id)
    connection.execute(delete(ending).where(ending.c.desk == desk, ending.c.sender.in_(mine)))
