"""What stood at the end of mail that was posted (``mail/ending.py``), by which signatures are known again.

Bounded: of a sender the newest ``MINE``; of a domain and of a ticket the newest ``OTHERS`` are looked at. The
statements are made once: building them would cost more than running them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, delete, select

from gateway.mail.ending import Name, Seen
from gateway.store.prepared import Prepared
from gateway.store.schema import ending

MINE = 8
OTHERS = 12


def _insertion(dialect: Any) -> Any:
    names = ("desk", "sender", "delivery_id", "domain", "ticket_id", "prints")
    statement = dialect.insert(ending).values({name: bindparam(name) for name in names})
    return statement.on_conflict_do_update(
        index_elements=[ending.c.desk, ending.c.sender, ending.c.delivery_id],
        set_={"ticket_id": statement.excluded.ticket_id, "prints": statement.excluded.prints},
    )


def _deletion(_: Any) -> Any:
    """Of what is older than the newest."""
    mine = (ending.c.desk == bindparam("of_desk"), ending.c.sender == bindparam("of_sender"))
    newest = select(ending.c.delivery_id).where(*mine).order_by(ending.c.delivery_id.desc()).offset(MINE).limit(1)
    return delete(ending).where(*mine, ending.c.delivery_id <= newest.scalar_subquery())


def _newest(column: Any, most: int) -> Prepared:
    columns = (ending.c.delivery_id, ending.c.sender, ending.c.domain, ending.c.ticket_id, ending.c.prints)
    mine = (ending.c.desk == bindparam("desk"), column == bindparam("value"))
    return Prepared(lambda _: select(*columns).where(*mine).order_by(ending.c.delivery_id.desc()).limit(most))


_INSERT, _DELETE = Prepared(_insertion), Prepared(_deletion)
_OF_TICKET = _newest(ending.c.ticket_id, OTHERS)
_OF_SENDER = _newest(ending.c.sender, MINE + 1)
_OF_DOMAIN = _newest(ending.c.domain, OTHERS)


def add(connection: Connection, desk: str, delivery_id: str, seen: Seen) -> None:
    """What stood at the end of a mail that was posted."""
    values = {"sender": seen.sender, "domain": seen.domain, "ticket_id": seen.ticket_id, "prints": seen.prints}
    _INSERT.run(connection, {"desk": desk, "delivery_id": delivery_id, **values})
    _DELETE.run(connection, {"of_desk": desk, "of_sender": seen.sender})


def of(connection: Connection, desk: str, name: Name, ticket_id: str, but: str) -> list[Seen]:
    """What stood at the end of mail of the sender, the domain and the ticket, but for the delivery ``but``."""
    found: dict[str, Seen] = {}
    for query, value in ((_OF_TICKET, ticket_id), (_OF_SENDER, name.sender), (_OF_DOMAIN, name.domain)):
        if value:
            for row in query.rows(connection, {"desk": desk, "value": value}):
                found[row["delivery_id"]] = Seen(row["sender"], row["domain"], row["ticket_id"], bytes(row["prints"]))
    found.pop(but, None)
    return list(found.values())


def forget(connection: Connection, desk: str, delivery_id: str) -> None:
    """Nothing of what the sender of this delivery signed with is known any more."""
    mine = select(ending.c.sender).where(ending.c.desk == desk, ending.c.delivery_id == delivery_id)
    connection.execute(delete(ending).where(ending.c.desk == desk, ending.c.sender.in_(mine)))
