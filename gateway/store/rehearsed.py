"""Tickets and contacts that a desk would have: what rehearsed effects made or changed of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.store.prepared import ESCAPE, Prepared, literally
from gateway.store.reading import parsed
from gateway.store.schema import rehearsed

Kind = Literal["ticket", "contact"]
Row = dict[str, Any]


def get(connection: Connection, desk: str, kind: Kind, key: str) -> Row | None:
    """The row as the desk would show it, None where nothing was rehearsed on it. Raises Unreadable."""
    found = _GET.rows(connection, {"k_desk": desk, "k_kind": kind, "k_key": key})
    return _row(found[0]) if found else None


def numbered(connection: Connection, desk: str, number: int) -> Row | None:
    """The ticket with this number."""
    found = _NUMBERED.rows(connection, {"k_desk": desk, "k_number": number})
    return _row(found[0]) if found else None


def like(connection: Connection, desk: str, kind: Kind, part: str) -> list[Row]:
    """The rows whose key contains ``part``."""
    found = _LIKE.rows(connection, {"k_desk": desk, "k_kind": kind, "k_part": f"%{literally(part)}%"})
    return [_row(row) for row in found]


def add(connection: Connection, desk: str, kind: Kind, key: str, state: Row, made: bool = True) -> Row:
    """Keep a new row; ``made``: it is only here. Returns it with its ``number``, which grows."""
    values = {"desk": desk, "kind": kind, "key": key, "made": made, "state": json.dumps(state)}
    number = _ADD.run(connection, values)
    return {**state, "number": number, "made": made}


def put(connection: Connection, desk: str, kind: Kind, key: str, state: Row) -> None:
    """Change a row, or keep the changes of what the desk has."""
    kept = {name: value for name, value in state.items() if name not in ("number", "made")}
    mine = {"k_desk": desk, "k_kind": kind, "k_key": key}
    if _PUT.change(connection, {**mine, "state": json.dumps(kept)}, columns=("state",)) != 1:
        add(connection, desk, kind, key, kept, made=False)


_COLUMNS = (rehearsed.c.number, rehearsed.c.made, rehearsed.c.state)
_MINE = (
    rehearsed.c.desk == bindparam("k_desk"),
    rehearsed.c.kind == bindparam("k_kind"),
    rehearsed.c.key == bindparam("k_key"),
)
_NEW = ("desk", "kind", "key", "made", "state")
_GET = Prepared(lambda _: select(*_COLUMNS).where(*_MINE))
_NUMBERED = Prepared(
    lambda _: select(*_COLUMNS).where(
        rehearsed.c.desk == bindparam("k_desk"),
        rehearsed.c.kind == "ticket",
        rehearsed.c.number == bindparam("k_number"),
    )
)
_LIKE = Prepared(
    lambda _: (
        select(*_COLUMNS)
        .where(*_MINE[:2], rehearsed.c.key.like(bindparam("k_part"), escape=ESCAPE))
        .order_by(rehearsed.c.number)
    )
)
_PUT = Prepared(lambda _: update(rehearsed).where(*_MINE))
_ADD = Prepared(
    lambda _: insert(rehearsed).values({name: bindparam(name) for name in _NEW}).returning(rehearsed.c.number)
)


def _row(row: Mapping[Any, Any]) -> Row:
    return {**parsed(row["state"], "rehearsed.state"), "number": row["number"], "made": row["made"]}
