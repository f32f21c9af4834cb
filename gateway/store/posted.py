"""Fingerprints of what was posted to tickets (``mail/fingerprints.py``), by which quotes of it are known again.

Bounded: of a ticket the newest ``MAILS``, of a mail ``BYTES``.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from gateway.store.prepared import Prepared
from gateway.store.schema import posted

MAILS = 64
BYTES = 28_000

_ON_TICKET = (posted.c.desk == bindparam("desk"), posted.c.ticket_id == bindparam("ticket_id"))


def _replacement(dialect: Any) -> Any:
    keys = (posted.c.desk, posted.c.ticket_id, posted.c.delivery_id)
    statement = dialect.insert(posted).values(
        {column.name: bindparam(column.name) for column in (*keys, posted.c.prints)}
    )
    return statement.on_conflict_do_update(index_elements=keys, set_={"prints": statement.excluded.prints})


def _surplus(_: Any) -> Any:
    newest = select(posted.c.delivery_id).where(*_ON_TICKET).order_by(posted.c.delivery_id.desc())
    return delete(posted).where(*_ON_TICKET, posted.c.delivery_id <= newest.offset(MAILS).limit(1).scalar_subquery())


_OF_MAIL = Prepared(
    lambda _: select(posted.c.prints).where(*_ON_TICKET, posted.c.delivery_id == bindparam("delivery_id"))
)
_REPLACE = Prepared(_replacement)
_DROP_SURPLUS = Prepared(_surplus)


def add(connection: Connection, desk: str, ticket_id: str, delivery_id: str, prints: bytes) -> None:
    """What a mail, or a part of it, posted to a ticket. A delivery is worked on by one process at a time."""
    keys = {"desk": desk, "ticket_id": ticket_id, "delivery_id": delivery_id}
    before = _OF_MAIL.run(connection, keys)
    known = bytes(before or b"")
    if not prints or len(known) + len(prints) > BYTES:
        return
    _REPLACE.run(connection, {**keys, "prints": known + prints})
    if before is None:
        _DROP_SURPLUS.run(connection, keys)


def prints_of(connection: Connection, desk: str, ticket_id: str) -> list[bytes]:
    """The fingerprints of what was posted to the ticket, the newest mail first."""
    query = select(posted.c.prints).where(posted.c.desk == desk, posted.c.ticket_id == ticket_id)
    rows = connection.execute(query.order_by(posted.c.delivery_id.desc()).limit(MAILS)).scalars()
    return [bytes(prints) for prints in rows]
