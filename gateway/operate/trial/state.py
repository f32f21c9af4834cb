"""What a trial keeps beside the gateway's own tables, so that it can be stopped and go on: its mails, what it has taken
of the desk, and what each mail cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    Engine,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from gateway.operate.trial.fits import Fit
from gateway.store import dialects
from gateway.store.prepared import Prepared
from gateway.store.schema import delivery

metadata = MetaData()

fact = Table(  # the trial's own facts, as JSON
    "trial_fact",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
file = Table(
    "trial_file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("changed", Integer, nullable=False),  # nanoseconds
)
mail = Table(
    "trial_mail",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", Double, nullable=False),
    Column("left_out", Text, nullable=False),  # why it is not tried, "" when it is
)
Index("trial_mail_order", mail.c.at, mail.c.id)
asked = Table(  # when each contact or domain was last looked for at the desk
    "trial_asked",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("at", Double, nullable=False),
)
cost = Table(  # counted calls by the hour
    "trial_cost",
    metadata,
    Column("hour", Integer, primary_key=True),
    Column("calls", Integer, nullable=False),
)
fit = Table(  # notices of products whose profile is not on
    "trial_fit",
    metadata,
    Column("profile", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("mails", Integer, nullable=False),
    Column("problems", Integer, nullable=False),
    Column("is_open", Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that is still to be tried."""

    id: int
    path: str
    offset: int
    size: int
    at: float


def create(engine: Engine) -> None:
    metadata.create_all(engine)


def has_begun(connection: Connection) -> bool:
    """Whether a mail was tried."""
    return connection.execute(select(delivery.c.id).limit(1)).first() is not None


def forget(connection: Connection) -> None:
    """Everything of a trial that has not begun."""
    for table in metadata.sorted_tables:
        connection.execute(delete(table))


def get(connection: Connection, name: str) -> Any:
    """A fact, None where there is none."""
    text = connection.execute(select(fact.c.value).where(fact.c.name == name)).scalar()
    return None if text is None else json.loads(text)


def put(connection: Connection, name: str, value: Any) -> None:
    statement = dialects.insert(connection.dialect.name, fact).values(name=name, value=json.dumps(value))
    connection.execute(statement.on_conflict_do_update(index_elements=[fact.c.name], set_={"value": json.dumps(value)}))


def known_file(connection: Connection, path: str) -> tuple[int, int] | None:
    """Size and time of change of a file whose mails are known."""
    row = connection.execute(select(file.c.size, file.c.changed).where(file.c.path == path)).first()
    return (row[0], row[1]) if row else None


def add_file(
    connection: Connection, path: str, size: int, changed: int, mails: Iterable[tuple[int, int, float, str]]
) -> int:
    """Keep a file with its mails, each (offset, size, at, why it is left out). Returns how many."""
    file_id = connection.execute(
        insert(file).values(path=path, size=size, changed=changed).returning(file.c.id)
    ).scalar_one()
    count = 0
    rows: list[dict[str, Any]] = []
    for offset, length, at, left_out in mails:
        rows.append({"file": file_id, "offset": offset, "size": length, "at": at, "left_out": left_out})
        count += 1
        if len(rows) >= 1000:
            connection.execute(insert(mail), rows)
            rows = []
    if rows:
        connection.execute(insert(mail), rows)
    return count


def next_mails(connection: Connection, after: tuple[float, int], many: int) -> list[Waiting]:
    """The mails in the order in which they came, from the one (at, id) on that was tried last."""
    query = select(mail.c.id, file.c.path, mail.c.offset, mail.c.size, mail.c.at)
    query = query.join(file, file.c.id == mail.c.file).where(mail.c.left_out == "")
    query = query.where(tuple_(mail.c.at, mail.c.id) > after)
    return [Waiting(*row) for row in connection.execute(query.order_by(mail.c.at, mail.c.id).limit(many))]


def place_of(connection: Connection, mail_id: int) -> Waiting:
    query = select(mail.c.id, file.c.path, mail.c.offset, mail.c.size, mail.c.at)
    return Waiting(*connection.execute(query.join(file, file.c.id == mail.c.file).where(mail.c.id == mail_id)).one())


def refuse(connection: Connection, mail_id: int, why: str) -> None:
    """The mail would not have been taken."""
    connection.execute(update(mail).where(mail.c.id == mail_id).values(left_out=why))


def counts(connection: Connection, after: tuple[float, int]) -> tuple[int, int]:
    """(mails to try, of which tried already)."""
    query = select(func.count()).where(mail.c.left_out == "")
    total = connection.execute(query).scalar_one()
    left = connection.execute(query.where(tuple_(mail.c.at, mail.c.id) > after)).scalar_one()
    return total, total - left


def left_out(connection: Connection) -> dict[str, int]:
    query = select(mail.c.left_out, func.count()).where(mail.c.left_out != "").group_by(mail.c.left_out)
    return {row[0]: row[1] for row in connection.execute(query)}


def asked_at(connection: Connection, desk: str) -> dict[str, float]:
    query = select(asked.c.key, asked.c.at).where(asked.c.desk == desk)
    return {row[0]: row[1] for row in connection.execute(query)}


def note_asked(connection: Connection, desk: str, news: Mapping[str, float]) -> None:
    for key, at in news.items():
        statement = dialects.insert(connection.dialect.name, asked).values(desk=desk, key=key, at=at)
        connection.execute(statement.on_conflict_do_update(index_elements=[asked.c.desk, asked.c.key], set_={"at": at}))


def note_unasked(connection: Connection, more: Mapping[str, int]) -> None:
    """So many more questions of each kind would have been asked."""
    if more:
        known = get(connection, "unasked") or {}
        put(connection, "unasked", {key: known.get(key, 0) + more.get(key, 0) for key in {*known, *more}})


def note_calls(connection: Connection, hour: int, calls: int) -> None:
    """So many calls were made in that hour since the epoch."""
    statement = dialects.insert(connection.dialect.name, cost).values(hour=hour, calls=calls)
    more = {"calls": cost.c.calls + calls}
    connection.execute(statement.on_conflict_do_update(index_elements=[cost.c.hour], set_=more))


def note_fit(connection: Connection, found: Fit) -> None:
    """A mail that a profile which is not on can read."""
    mine = {"k_profile": found.profile, "k_key": found.key}
    was_open = bool(_FIT_IS_OPEN.run(connection, mine))
    is_open = (was_open or found.begins) and not found.ends
    counted = {"problems": int(found.begins and not was_open), "is_open": is_open}
    if not _FIT_MORE.change(connection, {**mine, **counted}):
        _FIT_ADD.run(connection, {"profile": found.profile, "key": found.key, "mails": 1, **counted})


_MY_FIT = (fit.c.profile == bindparam("k_profile"), fit.c.key == bindparam("k_key"))
_FIT_IS_OPEN = Prepared(lambda _: select(fit.c.is_open).where(*_MY_FIT))
_FIT_MORE = Prepared(
    lambda _: (
        update(fit)
        .where(*_MY_FIT)
        .values(mails=fit.c.mails + 1, problems=fit.c.problems + bindparam("problems"), is_open=bindparam("is_open"))
    )
)
_FIT_ADD = Prepared(lambda _: insert(fit).values({column.name: bindparam(column.name) for column in fit.columns}))
