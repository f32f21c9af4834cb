"""Problems and notices: one row for each problem of a client, one for each notice.

A problem is changed only by who saw it as it is: its revision is the lock between workers and replicas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    RowMapping,
    Table,
    bindparam,
    case,
    func,
    or_,
    select,
    union_all,
    update,
)

from gateway.model.problem import NoticeRecord, Problem
from gateway.store import dialects, expectations, inflow
from gateway.store.deliveries import Delivery
from gateway.store.mapping import Reserved, key
from gateway.store.order import Blocker
from gateway.store.prepared import Prepared
from gateway.store.schema import delivery, mention, notice, part, problem
from gateway.store.stage import Stage

_NAMES = tuple(field.name for field in fields(Problem))
_COLUMNS = tuple(problem.c[name] for name in _NAMES)

CLOSING, RECOVERED, CLOSED, OPEN = "closing", "recovered", "closed", "open"
TICKET_KNOWN = problem.c.ticket_id != ""
TICKET_TO_COME = (problem.c.ticket_id == "") & (problem.c.held_by == "")
MOST_OF_A_KEY = 10_000
A_PART = problem.c.part_of != ""  # as its index has it


class Overtaken(Reserved):
    """Another notice changed the problem since it was looked at: decide again."""


def _all(connection: Connection, *conditions: Any, limit: int = 200) -> list[Problem]:
    query = select(*_COLUMNS).where(*conditions).order_by(problem.c.opened_at, problem.c.id).limit(limit)
    return [Problem(**row) for row in connection.execute(query).mappings()]


# -- what decisions ask ----------------------------------------------------------------------------


def of_family(connection: Connection, family: str) -> list[Problem]:
    """The problems of a key, one for each client and scope: all, for one that is not seen is begun anew."""
    return _all(connection, problem.c.family == family, limit=MOST_OF_A_KEY)


def find(connection: Connection, problem_id: str) -> Problem | None:
    return next(iter(_all(connection, problem.c.id == problem_id)), None)


def changes(connection: Connection, problem_id: str, since: float) -> int:
    """How often it ended or came back since then."""
    counts = (
        select(func.count()).where(told.c.problem_id == problem_id, told.c.accepted_at >= since, told.c.changed)
        for told in (notice, part)
    )
    return sum(int(connection.execute(query).scalar_one()) for query in counts)


def begun(connection: Connection, desk: str, profile: str, client_id: str, since: float) -> int:
    """How many problems of the profile and client began since then."""
    query = select(func.count()).where(
        problem.c.desk == desk,
        problem.c.profile == profile,
        problem.c.client_id == client_id,
        problem.c.opened_at >= since,
    )
    return int(connection.execute(query).scalar_one())


def open_parts(connection: Connection, problem_id: str, but: str) -> int:
    """How many open problems share the ticket of this one, but for ``but``."""
    others = (problem.c.part_of == problem_id, A_PART, problem.c.state == OPEN, problem.c.id != but)
    query = select(func.count()).where(*others)
    return int(connection.execute(query).scalar_one())


def planned_work(connection: Connection, desk: str, client_id: str, at: float) -> list[Problem]:
    """Planned work of the client that goes on at that time and has a ticket."""
    return _all(
        connection,
        problem.c.window_to > at,
        problem.c.window_from <= at,
        problem.c.desk == desk,
        problem.c.client_id == client_id,
        problem.c.state == OPEN,
        TICKET_KNOWN,
    )


def open_of_object(connection: Connection, desk: str, profile: str, name: str) -> list[Problem]:
    """The open problems of a profile whose object is called so."""
    mine = (problem.c.desk == desk, problem.c.profile == profile, problem.c.state == OPEN)
    return _all(connection, *mine, problem.c.object == name, limit=20)


def of_incident(connection: Connection, desk: str, profile: str, incident: str) -> list[Problem]:
    """The problems of an incident that have a ticket, of all clients."""
    same = (problem.c.incident == incident, problem.c.incident != "", problem.c.desk == desk)
    return _all(connection, *same, problem.c.profile == profile, TICKET_KNOWN)


# -- changing --------------------------------------------------------------------------------------


def save(connection: Connection, desk: str, problems: Iterable[Problem]) -> None:
    """Store problems as a decision left them; ``revision`` is the one that it saw, 0 for none.

    Raises Overtaken when another changed one since, or is about to close its ticket."""
    for changed in problems:
        values = {**asdict(changed), "revision": changed.revision + 1}
        if changed.revision == 0:
            new = dialects.insert(connection.dialect.name, problem).values(**values, desk=desk).on_conflict_do_nothing()
            done = connection.execute(new.returning(problem.c.id)).first() is not None
        else:
            seen = (problem.c.id == changed.id, problem.c.revision == changed.revision, problem.c.state != CLOSING)
            done = connection.execute(update(problem).where(*seen).values(**values)).rowcount == 1
        if not done:
            raise Overtaken(f"another notice of {changed.what()[:100]}")


def save_notice(connection: Connection, delivery: Delivery, notice_record: NoticeRecord) -> None:
    """Remember a notice; deciding it anew replaces what was remembered, but not which window had held it."""
    if notice_record.expected and notice_record.proven:
        expectations.came(
            connection,
            delivery.desk,
            notice_record.profile,
            notice_record.expected,
            notice_record.each,
            delivery.envelope.time,
        )
    _remember(connection, notice, [notice.c.delivery_id], _values(delivery, notice_record))


def save_part(connection: Connection, delivery: Delivery, number: int, notice_record: NoticeRecord) -> None:
    """Remember what one part of a mail of several problems became."""
    values = {**_values(delivery, notice_record), "number": number}
    _remember(connection, part, [part.c.delivery_id, part.c.number], values)


def _values(delivery: Delivery, notice_record: NoticeRecord) -> dict[str, Any]:
    values = asdict(notice_record)
    del values["each"]
    return {
        **values,
        "desk": delivery.desk,
        "accepted_at": delivery.envelope.time,
        "delivery_id": delivery.id,
        "detail": notice_record.detail[:500],
        "failed": notice_record.failed[:500],
    }


def _remember(connection: Connection, table: Table, keys: list[Column[Any]], values: dict[str, Any]) -> None:
    statement = dialects.insert(connection.dialect.name, table).values(**values)
    if not values["held_by"]:
        values = {name: value for name, value in values.items() if name != "held_by"}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def parts_decided(connection: Connection, delivery_id: str) -> tuple[int, ...]:
    """The numbers of a mail's parts of which is kept what they became."""
    return tuple(connection.execute(select(part.c.number).where(part.c.delivery_id == delivery_id)).scalars())


def parts_of(connection: Connection, delivery_id: str) -> list[RowMapping]:
    """What each part of a mail of several problems became, with its problem's ticket and condition, in order."""
    now = (problem.c.number.label("ticket"), problem.c.ticket_id, problem.c.condition)
    query = select(part, *now).outerjoin(problem, problem.c.id == part.c.problem_id)
    return list(connection.execute(query.where(part.c.delivery_id == delivery_id).order_by(part.c.number)).mappings())


_MADE = (
    update(problem)
    .where(problem.c.delivery_id == bindparam("of_delivery"), problem.c.ticket_id == "")
    .values(ticket_id=bindparam("ticket_id"), number=bindparam("number"), revision=problem.c.revision + 1)
)
_TICKET_MADE = Prepared(lambda _: _MADE)
_TICKET_OF_A_PART_MADE = Prepared(
    lambda _: _MADE.where(or_(problem.c.id == bindparam("about"), problem.c.part_of == bindparam("about")))
)


def ticket_made(connection: Connection, delivery_id: str, ticket_id: str, number: str, about: str = "") -> None:
    """The ticket of the problems that this delivery began is there: of all, or of the one that it is ``about`` and
    those that share it."""
    made = {"of_delivery": delivery_id, "ticket_id": ticket_id, "number": number}
    if about:
        _TICKET_OF_A_PART_MADE.run(connection, {**made, "about": about})
    else:
        _TICKET_MADE.run(connection, made)


def follow(connection: Connection, delivery_id: str, ticket_id: str, moved_from: str) -> None:
    """An operator took the mail that began a problem away from a ticket, or "", to another: the problem is there now.
    That ticket was not made by us, so it does not close by itself. What has a further ticket of its own stays on it."""
    connection.execute(
        update(problem)
        .where(
            problem.c.delivery_id == delivery_id,
            problem.c.ticket_id != ticket_id,
            problem.c.ticket_id.in_(("", moved_from)),
        )
        .values(
            ticket_id=ticket_id,
            number="",
            status_id="",
            held_by="",
            until=case((problem.c.held_by != "", 0.0), else_=problem.c.until),
            revision=problem.c.revision + 1,
        )
    )


def forget_ticket(connection: Connection, desk: str, ticket_id: str) -> None:
    """The desk no longer has the ticket."""
    connection.execute(
        update(problem)
        .where(problem.c.desk == desk, problem.c.ticket_id == ticket_id)
        .values(ticket_id="", revision=problem.c.revision + 1)
    )


# -- closing ---------------------------------------------------------------------------------------


def begin_closing(connection: Connection, problem_id: str, changed_at: float) -> bool:
    """Nothing else may change the problem from now on. False when something did since its recovery."""
    done = connection.execute(
        update(problem)
        .where(
            problem.c.id == problem_id,
            problem.c.changed_at == changed_at,
            problem.c.state.in_((RECOVERED, CLOSING)),
        )
        .values(state=CLOSING, revision=problem.c.revision + 1)
    )
    return bool(done.rowcount == 1)


def end_closing(connection: Connection, problem_id: str, changed_at: float, closed_at: float, left: str) -> None:
    """The ticket was closed, or ``left`` open for this reason."""
    connection.execute(
        update(problem)
        .where(
            problem.c.id == problem_id,
            problem.c.changed_at == changed_at,
            problem.c.state.in_((RECOVERED, CLOSING)),
        )
        .values(
            state=RECOVERED if left else CLOSED,
            left=left[:300],
            closed_at=closed_at,
            revision=problem.c.revision + 1,
        )
    )


# -- lists of parts --------------------------------------------------------------------------------


def unlisted(connection: Connection, problem_id: str) -> list[Problem]:
    """The parts that its ticket does not name yet."""
    return _all(connection, problem.c.part_of == problem_id, A_PART, problem.c.listed.is_(False), limit=500)


def begin_list(connection: Connection, problem_id: str) -> None:
    """A list is about to be sent: what comes from now on needs another."""
    connection.execute(
        update(problem).where(problem.c.id == problem_id).values(listing=False, revision=problem.c.revision + 1)
    )


def listed(connection: Connection, ids: Sequence[str]) -> None:
    """The ticket names these parts."""
    for start in range(0, len(ids), 200):
        connection.execute(update(problem).where(problem.c.id.in_(ids[start : start + 200])).values(listed=True))


# -- waiting ---------------------------------------------------------------------------------------


def wait_by(connection: Connection, delivery: Delivery, ids: Iterable[str]) -> None:
    """Let later notices of these problems wait for this one, as mail of a thread waits. Who does so at the same time
    goes on when this is stored, and sees it."""
    keys = [key(delivery.desk, each) for each in sorted(set(ids))]
    rows = [{"key": each, "seq": delivery.seq} for each in keys]
    if rows:
        if connection.dialect.name == "postgresql":  # SQLite has one writer
            for each in keys:
                number = int.from_bytes(each[:8], "big", signed=True)
                connection.execute(select(func.pg_advisory_xact_lock(number)))
        connection.execute(dialects.insert(connection.dialect.name, mention).on_conflict_do_nothing(), rows)


def makers(connection: Connection, families: Sequence[str], but: str) -> list[Blocker]:
    """Deliveries that are making the tickets of these keys: they are waited for without limit."""
    if not families:
        return []
    query = (
        select(delivery.c.id, delivery.c.seq, delivery.c.stage, delivery.c.accepted_at)
        .join(problem, problem.c.delivery_id == delivery.c.id)
        .where(
            problem.c.family.in_(families),
            TICKET_TO_COME,
            delivery.c.stage == Stage.PLANNED.value,
            delivery.c.id != but,
        )
    )
    return [Blocker(row[0], row[1], Stage(row[2]), row[3]) for row in connection.execute(query)]


def being_made(connection: Connection, ids: Iterable[str], but: str) -> str:
    """Another delivery that is making the ticket of one of these problems, "" for none."""
    query = (
        select(delivery.c.id)
        .join(problem, problem.c.delivery_id == delivery.c.id)
        .where(
            problem.c.id.in_(list(ids)),
            TICKET_TO_COME,
            delivery.c.stage == Stage.PLANNED.value,
            delivery.c.id != but,
        )
    )
    return str(connection.execute(query.limit(1)).scalar() or "")


# -- the operator's lists --------------------------------------------------------------------------


def listing(connection: Connection, states: Sequence[str] | None, limit: int) -> list[RowMapping]:
    """The problems that changed last, all or in these states."""
    query = select(problem).order_by(problem.c.last_at.desc(), problem.c.id).limit(limit)
    if states is not None:
        query = query.where(problem.c.state.in_(states))
    return list(connection.execute(query).mappings())


def left_open(connection: Connection, limit: int) -> list[RowMapping]:
    """Problems that are over while their tickets were left open."""
    query = select(problem).where(problem.c.state == RECOVERED, problem.c.left != "")
    return list(connection.execute(query.order_by(problem.c.changed_at.desc()).limit(limit)).mappings())


def doubtful(connection: Connection, since: float, limit: int) -> list[RowMapping]:
    """Notices to look at, each with its problem's ticket: recoveries that were not believed, what led to nothing on any
    ticket and was not expected to come, and what could not be read."""
    found = [
        select(*(told.c[column.name] for column in notice.c)).where(
            *inflow.told_since(told, since),
            told.c.became != "several",  # its parts are looked at
            or_(
                told.c.became == "doubt",
                told.c.became.in_(("nothing", "ignored", "overtaken")) & (told.c.expected == ""),
                told.c.failed != "",
            ),
        )
        for told in (notice, part)
    ]
    both = union_all(*found).subquery()
    query = select(both, problem.c.number, problem.c.ticket_id).outerjoin(problem, problem.c.id == both.c.problem_id)
    return list(connection.execute(query.order_by(both.c.accepted_at.desc()).limit(limit)).mappings())


def drift(connection: Connection, since: float) -> list[tuple[str, int, int]]:
    """(profile, notices since then, those that could not be read)."""
    failed = func.sum(case((notice.c.failed != "", 1), else_=0))
    profile = dialects.without_index(notice.c.profile)
    query = select(profile, func.count(), failed)
    query = query.where(*inflow.told_since(notice, since))
    rows = connection.execute(query.group_by(profile).order_by(profile))
    return [(row[0], int(row[1]), int(row[2] or 0)) for row in rows]


def bundled(connection: Connection, profile: str) -> list[Problem]:
    """The open problems of a profile whose tickets are bundled under another's."""
    return _all(connection, problem.c.profile == profile, problem.c.master_id != "", problem.c.state == OPEN)


def counted(connection: Connection) -> dict[str, int]:
    """How many problems are in each state; those left open after a recovery as "left"."""
    left = case((problem.c.left != "", "left"), else_=problem.c.state)
    rows = connection.execute(select(left, func.count()).group_by(left))
    return {row[0]: int(row[1]) for row in rows}
