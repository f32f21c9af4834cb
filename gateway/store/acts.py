"""Who did what: one row for each act of an operator, in the transaction of the act."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, delete, insert, select

from gateway.store.pruning import Dropped
from gateway.store.reading import looking
from gateway.store.schema import act

Via = Literal["shell", "page"]
MOST_WORDS = 500
"""Characters of what an operator writes."""


@dataclass(frozen=True, slots=True)
class Actor:
    """``address`` is where the act came from: an IP address, "" at the shell."""

    name: str
    via: Via = "shell"
    address: str = ""


def add(
    connection: Connection,
    actor: Actor,
    what: str,
    now: float,
    *,
    seq: int | None = None,
    detail: str = "",
    why: str = "",
    before: dict[str, Any] | None = None,
) -> None:
    """Write down an act; ``seq`` is the number of the mail it is about, ``before`` how that was."""
    values = {"at": now, "who": actor.name, "via": actor.via, "address": actor.address, "what": what, "seq": seq}
    words = {"detail": detail[:MOST_WORDS], "why": why[:MOST_WORDS]}
    connection.execute(insert(act), {**values, **words, "before": json.dumps(before) if before else None})


def newest(
    connection: Connection, most: int, *, who: str = "", seq: int | None = None, before: int = 0
) -> list[RowMapping]:
    """The newest acts: all, those of somebody, those about a mail, those older than act ``before``."""
    query = select(act).order_by(act.c.id.desc()).limit(most)
    if who:
        query = query.where(act.c.who == who)
    if seq is not None:
        query = query.where(act.c.seq == seq)
    if before:
        query = query.where(act.c.id < before)
    with looking():
        return list(connection.execute(query).mappings())


def last(connection: Connection, what: str) -> float:
    """When such an act was done last, 0.0 for never."""
    query = select(act.c.at).where(act.c.what == what).order_by(act.c.id.desc()).limit(1)
    return float(connection.execute(query).scalar() or 0.0)


def drop(connection: Connection, before: float, limit: int) -> Dropped:
    """Forget some of those that are older."""
    old = select(act.c.id).where(act.c.at < before).order_by(act.c.id).limit(limit)
    return Dropped(connection.execute(delete(act).where(act.c.id.in_(old.scalar_subquery()))).rowcount)


def addresses(connection: Connection, who: str, what: str, since: float) -> list[str]:
    """From where somebody did this since then."""
    query = select(act.c.address).where(act.c.who == who, act.c.what == what, act.c.at >= since).distinct()
    return list(connection.execute(query).scalars())
