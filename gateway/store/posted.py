"""Fingerprints of what was posted to tickets (``mail/fingerprints.py``), by which quotes of it are known again.

Bounded: of a ticket the newest ``MAILS``, of a mail ``BYTES``. The statements are made once: building them would cost
more than running them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from gateway.store.prepared import Prepared
from gateway.store.schema import posted

MAILS = 64
BYTES = 28_000

_MINE = (posted.c.desk == bindparam("of_desk"), posted.c.ticket_id == bindparam("of_ticket"))


def _insertion(dialect: Any) -> Any:
    names = ("desk", "ticket_id", "delivery_id", "prints")
    statement = dialect.insert(posted).values({name: bindparam(name) for name in names})
    keys = [posted.c.desk, posted.c.ticket_id, posted.c.delivery_id]
    return statement.on_conflict_do_update(index_elements=keys, set_={"prints": statement.excluded.prints})


def _deletion(_: Any) -> Any:
    """Of what is older than the newest."""
    newest = select(posted.c.delivery_id).where(*_MINE).order_by(posted.c.delivery_id.desc()).offset(MAILS).limit(1)
    return delete(posted).where(*_MINE, posted.c.delivery_id <= newest.scalar_subquery())


_INSERT, _DELETE = Prepared(_insertion), Prepared(_deletion)
_BEFORE = Prepared(lambda _: select(posted.c.prints).where(*_MINE, posted.c.delivery_id == bindparam("of_delivery")))
_NEWEST = Prepared(lambda _: select(posted.c.prints).where(*_MINE).order_by(posted.c.delivery_id.desc()).limit(MAILS))


def add(connection: Connection, desk: str, ticket_id: str, delivery_id: str, prints: bytes) -> None:
    """What a mail, or a part of it, posted to a ticket. A delivery is worked on by one process at a time."""
    if not prints:
        return
    mine = {"of_desk": desk, "of_ticket": ticket_id}
    before = _BEFORE.run(connection, {**mine, "of_delivery": delivery_id})
    begin(connection, desk, ticket_id, delivery_id, bytes(before or b"") + prints)
    if before is None:
        _DELETE.run(connection, mine)


def begin(connection: Connection, desk: str, ticket_id: str, delivery_id: str, prints: bytes) -> None:
    """``add`` for the mail that made the ticket: nothing was posted to it before."""
    if prints and len(prints) <= BYTES:
        _INSERT.run(connection, {"desk": desk, "ticket_id": ticket_id, "delivery_id": delivery_id, "prints": prints})


def prints_of(connection: Connection, desk: str, ticket_id: str) -> list[bytes]:
    """The fingerprints of what was posted to the ticket, the newest mail first."""
    return [bytes(prints) for prints in _NEWEST.column(connection, {"of_desk": desk, "of_ticket": ticket_id})]
