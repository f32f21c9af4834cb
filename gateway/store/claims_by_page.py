"""Claims on a PostgreSQL that does not give every page of the deliveries out (data checksums, a bad disk).

An index leads to the page that fails, so the table is read by place: in parts, a part that fails in halves, until
only the bad pages are left out. It costs a reading of the whole table for each claim, until a copy is put back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.exc import DBAPIError

from gateway.store.claims import NEEDS, readable, taking
from gateway.store.constants import IS_PENDING
from gateway.store.damage import unreadable
from gateway.store.deliveries import Delivery
from gateway.store.reading import Unreadable
from gateway.store.schema import delivery

_SIZE = text("SELECT pg_relation_size('delivery') / current_setting('block_size')::int")
_PART = text(
    """
    SELECT CAST(ctid AS text), seq FROM delivery
    WHERE ctid >= CAST(:first AS tid) AND ctid < CAST(:behind AS tid) AND stage IN ('ACCEPTED', 'PLANNED')
    AND desk = :desk AND needs = :needs AND due_at <= :now AND lease_until <= :now ORDER BY seq LIMIT :places
    """
)
_FREE = (IS_PENDING, delivery.c.due_at <= bindparam("k_now"), delivery.c.lease_until <= bindparam("k_now"))
_HERE: Any = text("ctid = ANY(CAST(:k_where AS tid[]))")
_LOCK = select(text("CAST(ctid AS text)")).select_from(delivery).where(_HERE, *_FREE).with_for_update(skip_locked=True)
_TAKE = taking(_HERE, *_FREE)
_OTHER_WAYS = ("enable_seqscan", "enable_indexscan", "enable_bitmapscan")


def claim(
    connection: Connection,
    desk: str,
    places: int,
    *,
    now: float,
    lease: float,
    name: str,
    most: Mapping[str, int],
    damaged: list[Unreadable],
) -> list[Delivery]:
    """As ``claims.claim``, of each need the oldest first, whatever its mailbox."""
    taken: list[Delivery] = []
    with _by_place(connection):
        blocks = int(connection.execute(_SIZE).scalar_one())
        for needs in NEEDS:
            wanted = min(places - len(taken), most.get(needs, places))
            parameters = {"desk": desk, "needs": needs, "now": now, "places": max(0, wanted)}
            found = sorted(_part(connection, parameters, 0, blocks))[: max(0, wanted)]
            if found:
                here = {"k_where": [place for _, place in found], "k_now": now}
                here["k_where"] = list(connection.execute(_LOCK, here).scalars())
                rows = connection.execute(_TAKE, {**here, "k_until": now + lease, "k_name": name}).mappings().all()
                taken += readable(connection, rows, now, damaged)
    return taken


@contextmanager
def _by_place(connection: Connection) -> Iterator[None]:
    """PostgreSQL goes to rows by their place only. What raises is rolled back, and this with it."""
    for way in _OTHER_WAYS:
        connection.exec_driver_sql(f"SET LOCAL {way} = off")
    yield
    for way in _OTHER_WAYS:
        connection.exec_driver_sql(f"SET LOCAL {way} = on")


def _part(connection: Connection, parameters: dict[str, Any], first: int, behind: int) -> list[tuple[int, str]]:
    """(seq, place) of what is due on these pages and can be read."""
    if first >= behind or not parameters["places"]:
        return []
    point = connection.begin_nested()
    try:
        rows = connection.execute(_PART, {**parameters, "first": f"({first},0)", "behind": f"({behind},0)"})
        return [(seq, place) for place, seq in rows]
    except DBAPIError as error:
        if unreadable(error) is None:
            raise
    finally:
        point.rollback()
    middle = (first + behind) // 2
    if middle == first:
        return []
    return _part(connection, parameters, first, middle) + _part(connection, parameters, middle, behind)
