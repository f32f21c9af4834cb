"""Expected mail: when it came last, for each object that is heard of, and for which due time we spoke up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from gateway.model.waiting import Waiting
from gateway.store import dialects
from gateway.store.schema import delivery, expectation, notice
from gateway.store.stage import Stage


@dataclass(frozen=True, slots=True)
class Expected:
    """``object`` is "" where any will do. ``late_at`` is when the mail came that we had spoken up about."""

    desk: str
    source: str
    name: str
    object: str
    since: float
    last_at: float
    late_at: float
    alarmed: float

    @property
    def began(self) -> float:
        """When that began which was told and is not over, 0 for nothing: of what is told by ``raise_alarm``."""
        return self.alarmed if self.alarmed > self.late_at else 0.0


def _key(desk: str, source: str, name: str, object_: str) -> tuple[Any, ...]:
    return (
        expectation.c.desk == desk,
        expectation.c.source == source,
        expectation.c.name == name,
        expectation.c.object == object_,
    )


def look_for(connection: Connection, desk: str, source: str, name: str, object_: str, now: float) -> None:
    """From now on the mail is looked for; what is looked for already stays."""
    statement = dialects.insert(connection.dialect.name, expectation).values(
        desk=desk, source=source, name=name, object=object_, since=now, last_at=0, late_at=0, alarmed=0
    )
    connection.execute(statement.on_conflict_do_nothing())


def came(connection: Connection, desk: str, source: str, name: str, object_: str, at: float) -> None:
    """The mail came. The first one after we spoke up is the one that was late."""
    look_for(connection, desk, source, name, object_, at)
    row = connection.execute(select(expectation).where(*_key(desk, source, name, object_))).mappings().one()
    late = row["alarmed"] > max(row["last_at"], 0) and at > row["alarmed"] > row["late_at"]
    connection.execute(
        update(expectation)
        .where(*_key(desk, source, name, object_))
        .values(last_at=max(at, row["last_at"]), late_at=at if late else row["late_at"])
    )


def all_of(connection: Connection, desk: str, source: str, name: str) -> list[Expected]:
    query = select(expectation).where(
        expectation.c.desk == desk, expectation.c.source == source, expectation.c.name == name
    )
    return [Expected(**row) for row in connection.execute(query).mappings()]


def speak_up(connection: Connection, expected: Expected, due: float) -> bool:
    """We speak up about this due time. False when another did."""
    done = connection.execute(
        update(expectation)
        .where(*_key(expected.desk, expected.source, expected.name, expected.object), expectation.c.alarmed < due)
        .values(alarmed=due)
    )
    return bool(done.rowcount == 1)


def told(connection: Connection, desk: str, source: str, name: str) -> Expected | None:
    """What was told of something that has no objects, None for nothing yet."""
    return next(iter(all_of(connection, desk, source, name)), None)


def raise_alarm(connection: Connection, desk: str, source: str, name: str, began: float) -> bool:
    """We tell what began then, until ``heard_again``. False when another did."""
    look_for(connection, desk, source, name, "", began)
    known = told(connection, desk, source, name)
    return known is not None and speak_up(connection, known, began)


def heard_again(connection: Connection, desk: str, source: str, name: str, since: float, at: float) -> bool:
    """What we had spoken up about ``since`` came again. False when another said so."""
    done = connection.execute(
        update(expectation)
        .where(*_key(desk, source, name, ""), expectation.c.alarmed == since, expectation.c.late_at < since)
        .values(late_at=since, last_at=at)
    )
    return bool(done.rowcount == 1)


def alarms(connection: Connection) -> list[Expected]:
    """What was told and is not over."""
    query = select(expectation).where(expectation.c.alarmed > expectation.c.late_at)
    return [Expected(**row) for row in connection.execute(query).mappings()]


def forget_alarm(connection: Connection, alarm: Expected) -> bool:
    """It is no longer looked for. False when another said so."""
    key = _key(alarm.desk, alarm.source, alarm.name, alarm.object)
    return connection.execute(delete(expectation).where(*key, expectation.c.alarmed == alarm.alarmed)).rowcount == 1


def history(connection: Connection, expected: Expected, since: float) -> list[float]:
    """When the mail came, since then, oldest first."""
    query = select(notice.c.accepted_at).where(
        notice.c.profile == expected.source,
        notice.c.accepted_at >= since,
        notice.c.desk == expected.desk,
        notice.c.expected == expected.name,
        notice.c.proven,
    )
    if expected.object:
        query = query.where(notice.c.object == expected.object)
    return list(connection.execute(query.order_by(notice.c.accepted_at)).scalars())


def client_of(connection: Connection, expected: Expected) -> str:
    """The client of the last such mail, "" when none came."""
    query = select(notice.c.client_id).where(
        notice.c.profile == expected.source,
        notice.c.desk == expected.desk,
        notice.c.expected == expected.name,
        notice.c.proven,
    )
    if expected.object:
        query = query.where(notice.c.object == expected.object)
    return str(connection.execute(query.order_by(notice.c.accepted_at.desc()).limit(1)).scalar() or "")


def unread(connection: Connection, desk: str, since: float, until: float) -> bool:
    """Whether mail that was accepted in that time waits to be read: the expected one may be among it. What a
    window holds was read."""
    query = select(delivery.c.seq).where(
        delivery.c.stage == Stage.ACCEPTED.value,
        delivery.c.desk == desk,
        delivery.c.accepted_at > since,
        delivery.c.accepted_at <= until,
        delivery.c.waits_for != Waiting.WINDOW.value,
    )
    return connection.execute(query.limit(1)).first() is not None


def forget(connection: Connection, source: str, object_: str) -> int:
    """The object is no longer looked for. Returns how many expectations it had."""
    return connection.execute(
        delete(expectation).where(expectation.c.source == source, expectation.c.object == object_)
    ).rowcount


def listing(connection: Connection, sources: Iterable[str]) -> list[Expected]:
    query = select(expectation).where(expectation.c.source.in_(list(sources)))
    order = (expectation.c.source, expectation.c.name, expectation.c.object)
    return [Expected(**row) for row in connection.execute(query.order_by(*order)).mappings()]
