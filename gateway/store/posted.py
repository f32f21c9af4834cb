"""Fingerprints of what was posted to tickets (``mail/fingerprints.py``), by which quotes of it are known again.

Bounded: of a ticket the newest ``MAILS``, of a mail ``BYTES``.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from gateway.store import dialects
from gateway.store.schema import posted

MAILS = 64
BYTES = 28_000


def add(connection: Connection, desk: str, ticket_id: str, delivery_id: str, prints: bytes) -> None:
    """What a mail, or a part of it, posted to a ticket. A delivery is worked on by one process at a time."""
    mine = (posted.c.desk == desk, posted.c.ticket_id == ticket_id)
    before = connection.execute(select(posted.c.prints).where(*mine, posted.c.delivery_id == delivery_id)).scalar()
    known = bytes(before or b"")
    if not prints or len(known) + len(prints) > BYTES:
        return
    statement = dialects.insert(connection.dialect.name, posted).values(
        desk=desk, ticket_id=ticket_id, delivery_id=delivery_id, prints=known + prints
    )
    keys = [posted.c.desk, posted.c.ticket_id, posted.c.delivery_id]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_={"prints": statement.excluded.prints}))
    if before is None:
        newest = select(posted.c.delivery_id).where(*mine).order_by(posted.c.delivery_id.desc()).offset(MAILS).limit(1)
        if (last := connection.execute(newest).scalar()) is not None:
            connection.execute(delete(posted).where(*mine, posted.c.delivery_id <= last))


def prints_of(connection: Connection, desk: str, ticket_id: str) -> list[bytes]:
    """The fingerprints of what was posted to the ticket, the newest mail first."""
    query = select(posted.c.prints).where(posted.c.desk == desk, posted.c.ticket_id == ticket_id)
    rows = connection.execute(query.order_by(posted.c.delivery_id.desc()).limit(MAILS)).scalars()
    return [bytes(prints) for prints in rows]
