"""Vendors' problems for who looks after them: what is open, what closes when, what was left open, late or not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, or_, select, update

from gateway.config.settings import Settings
from gateway.model.effects import CloseBody
from gateway.model.spans import DAY
from gateway.store import acts, dialects, expectations, problems
from gateway.store.acts import Actor
from gateway.store.constants import IS_PENDING
from gateway.store.expectations import Expected
from gateway.store.operator import NotPossible
from gateway.store.problems import CLOSED, CLOSING, OPEN, RECOVERED
from gateway.store.reading import looking, parsed_to_show
from gateway.store.schema import delivery, effect, problem
from gateway.store.stage import EffectState

MOST = 200
DAYS = 7
LEAST_ID = 6
"""Characters by which a problem is named at least."""


@dataclass(frozen=True, slots=True)
class Vendors:
    """``closes`` says when the ticket of a problem closes unless it fails again (seconds since the epoch), by the
    problem's id; ``late`` is mail that was expected, was missed and has not come since."""

    opened: tuple[RowMapping, ...]
    closing: tuple[RowMapping, ...]
    closes: Mapping[str, float]
    left: tuple[RowMapping, ...]
    late: tuple[Expected, ...]
    doubtful: tuple[RowMapping, ...]
    awaited: tuple[Expected, ...]


def vendors(connection: Connection, settings: Settings, now: float) -> Vendors:
    """At most MOST of each kind; what is doubtful is of the last DAYS days."""
    closes = closing_at(connection)
    with looking():
        alive = problems.listing(connection, ("open", "recovered", "closing"), MOST)
        awaited = expectations.listing(connection, [notice.called for notice in settings.notice])
        return Vendors(
            opened=tuple(row for row in alive if row["state"] == "open"),
            closing=tuple(row for row in alive if row["state"] != "open" and not row["left"]),
            closes=closes,
            left=tuple(problems.left_open(connection, MOST)),
            late=tuple(expected for expected in awaited if expected.alarmed > expected.last_at),
            doubtful=tuple(problems.doubtful(connection, now - DAYS * DAY, MOST)),
            awaited=tuple(awaited),
        )


def closing_at(connection: Connection) -> dict[str, float]:
    """When the tickets of problems that are over will be closed, by the problem's id."""
    query = select(effect.c.body).join(delivery, delivery.c.id == effect.c.delivery_id)
    planned = query.where(IS_PENDING, effect.c.kind == CloseBody.kind, effect.c.state == EffectState.TODO.value)
    found: dict[str, float] = {}
    with looking():
        for body in connection.execute(planned.limit(MOST)).scalars():
            said = parsed_to_show({"body": body}, "body")
            if said.get("problem") and said.get("after") and not said.get("never"):
                found[str(said["problem"])] = float(said["after"])
    return found


def odd(row: RowMapping) -> str:
    """What is to be looked at in a notice, in words."""
    return f"not read: {row['failed']}" if row["failed"] else f"{row['word'] or row['state']}: {row['detail']}"


def end(connection: Connection, name: str, actor: Actor, why: str, now: float) -> str:
    """End a problem of something that is gone. Its ticket stays as it is; should it write again, it is open again.
    Returns what was ended, in words. Raises NotPossible."""
    row = _named(connection, name)
    values = {"state": CLOSED, "closed_at": now, "changed_at": now, "left": "", "revision": problem.c.revision + 1}
    same = (problem.c.id == row["id"], problem.c.revision == row["revision"], problem.c.state != CLOSING)
    if connection.execute(update(problem).where(*same).values(**values)).rowcount != 1:
        raise NotPossible(f"{name}: a notice of it is being worked on; try again")
    words = ": ".join(filter(None, (row["object"], row["condition"]))) or row["key"]
    ended = f"{words}, {row['number'] or 'without a ticket'}"
    acts.add(connection, actor, "end", now, detail=f"{row['profile']}, {ended}", why=why)
    return ended


def forget(connection: Connection, notice: str, object_: str, actor: Actor, why: str, now: float) -> str:
    """Expect no mail any more about something that is gone. Returns what, in words. Raises NotPossible."""
    if not expectations.forget(connection, notice, object_):
        raise NotPossible(f"{notice} expects no mail about {object_}")
    acts.add(connection, actor, "forget", now, detail=f"{notice}, {object_ or 'any'}", why=why)
    return f"{notice}: {object_ or 'any'}"


def _named(connection: Connection, name: str) -> RowMapping:
    """The problem with this ticket's number, or whose id begins so. Raises NotPossible."""
    begins = [dialects.begins(problem.c.id, name.lower())] if len(name) >= LEAST_ID else []
    is_open = problem.c.state.in_((OPEN, CLOSING, RECOVERED))
    query = select(problem).where(or_(problem.c.number == name, *begins), is_open)
    rows: Sequence[RowMapping] = connection.execute(query.order_by(problem.c.id).limit(20)).mappings().all()
    if not rows:
        raise NotPossible(f"{name}: no open problem has this ticket or id")
    if len(rows) > 1:
        ids = ", ".join(row["id"][:12] for row in rows)
        raise NotPossible(f"{name}: several problems have this ticket or id: give the id of one: {ids}")
    return rows[0]
