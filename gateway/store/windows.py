"""Maintenance windows: those written down by commands and calendars (``store/calendars.py``), whose ends were moved,
and what each held.

A window that held something has a row of its own, by which its summary is written once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import inf
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Subquery,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    union_all,
    update,
)

from gateway.model.ids import uuid7
from gateway.model.spans import DAY
from gateway.model.waiting import Waiting
from gateway.model.window import Maintenance, Window
from gateway.store import dialects
from gateway.store.constants import IS_PENDING
from gateway.store.mapping import Reserved
from gateway.store.problems import OPEN, TICKET_KNOWN
from gateway.store.pruning import Dropped
from gateway.store.schema import delivery, maintenance, notice, occurrence, part, problem
from gateway.store.stage import PENDING, Stage

MOST = 2000
"""Windows of a desk that are looked at."""
ZONES = 2 * DAY
"""Seconds by which no two zones are apart."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A window that held something, or whose end was moved (``moved_at``)."""

    id: str
    desk: str
    maintenance: str
    name: str
    begins: float
    ends: float
    moved_at: float = 0.0
    held: bool = False
    told_at: float = 0.0


# -- what was written down -------------------------------------------------------------------------


def all_of(connection: Connection, desk: str, cancelled: float = inf, ended: float = 0.0) -> list[Maintenance]:
    """The windows of commands and calendars, those that begin first: none that was ``cancelled`` before that time, or
    that ``ended`` before that one."""
    valid = or_(maintenance.c.cancelled_at == 0, maintenance.c.cancelled_at > cancelled)
    query = select(maintenance).where(maintenance.c.desk == desk, valid, not_(_over(ended)))
    rows = connection.execute(query.order_by(maintenance.c.begin, maintenance.c.id).limit(MOST)).mappings()
    return [of_row(row) for row in rows]


def _over(before: float) -> ColumnElement[bool]:
    """Whether a window that does not recur ended before that time, in whatever zone."""
    return (maintenance.c.repeat == "") & (maintenance.c.end < _words(before))


def is_over(said: Maintenance, now: float) -> bool:
    """Whether a window does not recur and ended, in whatever zone."""
    return not said.repeat and said.end < _words(now)


def _words(moment: float) -> str:
    """A local time that is earlier than this moment in every zone."""
    return datetime.fromtimestamp(max(moment - ZONES, 0.0), UTC).strftime("%Y-%m-%d %H:%M")


def of_row(row: RowMapping) -> Maintenance:
    return Maintenance(
        id=row["id"],
        name=row["name"],
        desk=row["desk"],
        begin=row["begin"],
        end=row["end"],
        zone=row["zone"],
        repeat=row["repeat"],
        without=tuple(date.fromisoformat(day) for day in json.loads(row["without"])),
        client=row["client"],
        objects=tuple(json.loads(row["objects"])),
        profiles=tuple(json.loads(row["profiles"])),
        text=row["text"],
        grace=row["grace"],
        origin=row["origin"],
        calendar=row["calendar"],
        uid=row["uid"],
        by=row["by"],
        cancelled_at=row["cancelled_at"],
    )


def add(connection: Connection, said: Maintenance, now: float, sequence: int = 0, is_cancelled: bool = False) -> str:
    """Write a window down. Returns its id. Raises Reserved when another wrote this event of a calendar."""
    new = uuid7(now)
    values = {
        **columns(said),
        "id": new,
        "origin": said.origin,
        "calendar": said.calendar,
        "uid": said.uid,
        "sequence": sequence,
        "by": said.by,
        "made_at": now,
        "cancelled_at": now if is_cancelled else 0,
    }
    statement = dialects.insert(connection.dialect.name, maintenance).values(**values).on_conflict_do_nothing()
    if connection.execute(statement.returning(maintenance.c.id)).first() is None:
        raise Reserved(f"calendar {said.calendar}")
    return new


def columns(said: Maintenance) -> dict[str, Any]:
    """What it says, as the columns of its row."""
    return {
        "desk": said.desk,
        "name": said.name,
        "begin": said.begin,
        "end": said.end,
        "zone": said.zone,
        "repeat": said.repeat,
        "without": json.dumps([day.isoformat() for day in said.without]),
        "client": said.client,
        "objects": json.dumps(said.objects),
        "profiles": json.dumps(said.profiles),
        "text": said.text,
        "grace": said.grace,
    }


def cancel(connection: Connection, maintenance_id: str, now: float, by: str = "") -> bool:
    """The window does not take place, nor any more; what an operator says (``by``) no calendar takes back. False for
    one that is not there."""
    done = connection.execute(
        update(maintenance)
        .where(maintenance.c.id == maintenance_id, maintenance.c.cancelled_at == 0)
        .values(cancelled_at=now, cancelled_by=by)
    )
    return bool(done.rowcount == 1)


# -- when they take place --------------------------------------------------------------------------


def moved(connection: Connection, desk: str, since: float) -> dict[str, Occurrence]:
    """The windows whose end was moved, by id: those that begin or end since then."""
    query = select(occurrence).where(
        occurrence.c.desk == desk,
        occurrence.c.moved_at > 0,
        or_(occurrence.c.ends >= since, occurrence.c.begins >= since),
    )
    return {row["id"]: Occurrence(**row) for row in connection.execute(query).mappings()}


def move_end(connection: Connection, moved: Occurrence, now: float) -> None:
    """The window ends at another time, and what it holds is looked at again. A summary that was told stays told."""
    values = {
        "id": moved.id,
        "desk": moved.desk,
        "maintenance": moved.maintenance,
        "name": moved.name,
        "begins": moved.begins,
        "ends": moved.ends,
        "moved_at": now,
    }
    statement = dialects.insert(connection.dialect.name, occurrence).values(**values)
    changed = {"ends": moved.ends, "moved_at": now}
    connection.execute(statement.on_conflict_do_update(index_elements=[occurrence.c.id], set_=changed))
    wake(connection, moved.desk, now)


def hold(connection: Connection, desk: str, held_by: Iterable[Window]) -> None:
    """These windows hold something: their summaries are due at their ends."""
    for window in sorted(held_by, key=lambda window: window.id):
        values = {
            "id": window.id,
            "desk": desk,
            "maintenance": window.id.rpartition("@")[0],
            "name": window.name,
            "begins": window.begins,
            "ends": window.ends,
            "held": True,
        }
        statement = dialects.insert(connection.dialect.name, occurrence).values(**values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=[occurrence.c.id], set_={"held": True, "told_at": 0})
        )


def wake(connection: Connection, desk: str, now: float) -> int:
    """Windows changed: what they hold is looked at again. Returns how many mails that are."""
    return connection.execute(
        update(delivery)
        .where(
            delivery.c.desk == desk,
            delivery.c.stage.in_([stage.value for stage in PENDING]),
            delivery.c.waits_for == Waiting.WINDOW.value,
            delivery.c.due_at > now,
        )
        .values(due_at=now)
    ).rowcount


def is_unread(connection: Connection, desk: str, since: float, until: float, but: str = "") -> bool:
    """Whether mail of that time is still to be decided: it may say that something is over."""
    query = select(delivery.c.seq).where(
        delivery.c.stage == Stage.ACCEPTED.value,
        delivery.c.desk == desk,
        delivery.c.accepted_at >= since,
        delivery.c.accepted_at < until,
        delivery.c.waits_for != Waiting.WINDOW.value,
        delivery.c.id != but,
    )
    return connection.execute(query.limit(1)).first() is not None


# -- what they held --------------------------------------------------------------------------------


def untold(connection: Connection) -> list[Occurrence]:
    """Windows that held something and whose summary was not written."""
    query = select(occurrence).where(occurrence.c.told_at == 0, occurrence.c.held)
    return [Occurrence(**row) for row in connection.execute(query.order_by(occurrence.c.ends)).mappings()]


def tell(connection: Connection, occurrence_id: str, ends: float, now: float) -> bool:
    """The summary is written now. False when another wrote it."""
    done = connection.execute(
        update(occurrence)
        .where(occurrence.c.id == occurrence_id, occurrence.c.told_at == 0)
        .values(told_at=now, ends=ends)
    )
    return bool(done.rowcount == 1)


def find(connection: Connection, occurrence_id: str) -> Occurrence | None:
    row = connection.execute(select(occurrence).where(occurrence.c.id == occurrence_id)).mappings().first()
    return Occurrence(**row) if row is not None else None


def recent(connection: Connection, since: float) -> list[Occurrence]:
    """Windows that held something since then, newest first."""
    query = select(occurrence).where(occurrence.c.held, occurrence.c.ends >= since)
    rows = connection.execute(query.order_by(occurrence.c.begins.desc()).limit(MOST)).mappings()
    return [Occurrence(**row) for row in rows]


def notices_of(connection: Connection, occurrence_id: str) -> list[RowMapping]:
    """The notices that a window held, in the order in which they came, with what is known of their problem: its ticket
    (``number``, ``ticket_id``) and whether it goes on (``is_open``)."""
    told = _told_by(occurrence_id)
    query = (
        select(
            *told.c,
            problem.c.condition,
            problem.c.title,
            problem.c.key,
            problem.c.state.label("now"),
            problem.c.number,
            problem.c.ticket_id,
            problem.c.held_by,
            problem.c.until,
            problem.c.opened_at,
        )
        .outerjoin(problem, problem.c.id == told.c.problem_id)
        .order_by(told.c.accepted_at, told.c.delivery_id, told.c.problem_id)
    )
    return list(connection.execute(query).mappings())


def _told_by(occurrence_id: str) -> Subquery:
    """The notices that a window held: whole mails, and parts of mails."""
    names = ("delivery_id", "accepted_at", "profile", "state", "word", "object", "problem_id", "client_id", "changed")
    held = (
        select(*(table.c[name] for name in names)).where(table.c.held_by == occurrence_id, table.c.held_by != "")
        for table in (notice, part)
    )
    return union_all(*held).subquery()


def is_settling(connection: Connection, occurrence_id: str, now: float) -> bool:
    """Whether mail that the window held is still on its way to its end; what another window holds on is not."""
    told = _told_by(occurrence_id)
    pending = exists().where(
        delivery.c.id == told.c.delivery_id,
        IS_PENDING,
        delivery.c.ticket_id == "",
        or_(delivery.c.waits_for != Waiting.WINDOW.value, delivery.c.due_at <= now),
    )
    return connection.execute(select(told.c.delivery_id).where(pending).limit(1)).first() is not None


def planned_work(connection: Connection, now: float) -> list[RowMapping]:
    """Vendors' planned work that is not over and has a ticket: the problems that were read with a time and objects."""
    query = select(problem).where(
        problem.c.window_to > now, problem.c.objects != "", problem.c.state == OPEN, TICKET_KNOWN
    )
    return list(connection.execute(query.order_by(problem.c.window_from, problem.c.id).limit(MOST)).mappings())


def held_now(connection: Connection, desks: Sequence[str] = ()) -> dict[str, int]:
    """How many problems each window holds, by its id."""
    query = select(problem.c.held_by, func.count()).where(problem.c.held_by != "", problem.c.state == OPEN)
    if desks:
        query = query.where(problem.c.desk.in_(desks))
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(problem.c.held_by))}


def drop(connection: Connection, before: float, limit: int) -> Dropped:
    """Forget some of those that ended before and were told, or had nothing to tell."""
    told = or_(occurrence.c.told_at > 0, not_(occurrence.c.held))
    old = select(occurrence.c.id).where(told, occurrence.c.ends < before).limit(limit)
    ids = list(connection.execute(old).scalars())
    connection.execute(delete(occurrence).where(occurrence.c.id.in_(ids)))
    return Dropped(len(ids))


def drop_maintenance(connection: Connection, before: float, limit: int) -> Dropped:
    """Forget some of the windows that do not recur and ended before."""
    ids = list(connection.execute(select(maintenance.c.id).where(_over(before)).limit(limit)).scalars())
    connection.execute(delete(maintenance).where(maintenance.c.id.in_(ids)))
    return Dropped(len(ids))
