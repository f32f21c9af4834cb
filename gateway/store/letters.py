"""Mail of the gateway's own on its way to the smarthost: each letter once, and what became of it.

TODO -> SENT -> DONE or REFUSED. SENT is written before the first byte of the content leaves: a letter whose answer was
lost stays SENT and is never sent again. What was not taken for now is TODO again, until its time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from gateway.model.spans import HOUR, MINUTE
from gateway.store import dialects
from gateway.store.pruning import Dropped
from gateway.store.reading import looking
from gateway.store.schema import letter
from gateway.store.stage import EffectState

LEASE = 900.0
"""Seconds for which a process has a letter to itself before its content is under way."""
FIRST_WAIT, LONGEST_WAIT = MINUTE, HOUR
MOST_ANSWER = 500
NEWEST = 500  # letters that are looked at for whom was told of late


@dataclass(frozen=True, slots=True)
class Letter:
    """``key``: of one key there is one letter, for ever. ``message`` is what stands between DATA and the dot, in
    whatever line ends; ``sender`` is the one of the envelope, "" for none; ``seq`` the number of the mail that it is
    about. After ``until`` (seconds since the epoch) it is worth nothing and is not sent."""

    key: str
    kind: str
    recipient: str
    message: bytes
    until: float
    sender: str = ""
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A letter that this process has to itself; ``tries`` is its fence."""

    id: int
    kind: str
    sender: str
    recipient: str
    message: bytes
    tries: int
    until: float


def keep(connection: Connection, new: Letter, now: float) -> bool:
    """Have it sent once this transaction is committed. Returns False when there was one of its key."""
    row: dict[str, Any] = {name: getattr(new, name) for name in Letter.__slots__}
    row |= {"key": _stored(connection, new.key), "state": EffectState.TODO, "made_at": now, "due_at": now}
    statement = dialects.insert(connection.dialect.name, letter).values(**row)
    statement = statement.on_conflict_do_nothing(index_elements=[letter.c.key]).returning(letter.c.id)
    return connection.execute(statement).first() is not None


def made_at(connection: Connection, key: str) -> float:
    """When the letter of this key was kept, 0 for never."""
    return float(
        connection.execute(select(letter.c.made_at).where(letter.c.key == _stored(connection, key))).scalar() or 0.0
    )


def recipients(connection: Connection, kind: str, since: float) -> list[str]:
    """To whom letters of a kind were kept since then, of the NEWEST that there are."""
    newest = select(letter.c.kind, letter.c.recipient, letter.c.made_at).order_by(letter.c.id.desc()).limit(NEWEST)
    with looking():
        rows = connection.execute(newest).all()
    return [recipient for of_kind, recipient, made_at in rows if of_kind == kind and made_at >= since]


def _stored(connection: Connection, key: str) -> str:
    """The key as it is kept: in a text of PostgreSQL there is no NUL, which parts the words of a key."""
    return key if connection.dialect.name == "sqlite" else key.replace("\0", "\x1f")


def is_due(connection: Connection, now: float) -> bool:
    """Whether a letter waits to be taken."""
    return connection.execute(select(letter.c.id).where(*_due(now)).limit(1)).first() is not None


def _due(now: float) -> tuple[Any, ...]:
    return letter.c.state == EffectState.TODO, letter.c.due_at <= now, letter.c.lease_until <= now


def take(connection: Connection, now: float, per_hour: int) -> Taken | None:
    """The next letter that is due, for this process alone; what is too old ends unsent."""
    if per_hour:
        sent = select(func.count()).where(letter.c.sent_at.between(now - HOUR, now + HOUR))
        if connection.execute(sent).scalar_one() >= per_hour:
            return None
    waits = _due(now)
    for row in connection.execute(select(letter).where(*waits).order_by(letter.c.due_at).limit(20)).mappings().all():
        mine = update(letter).where(letter.c.id == row["id"], *waits, letter.c.tries == row["tries"])
        if row["until"] <= now:
            words = f"its time is over; the last answer: {row['answer'] or 'none'}"
            connection.execute(mine.values(state=EffectState.REFUSED, answer=words[:MOST_ANSWER]))
        elif connection.execute(mine.values(lease_until=now + LEASE, tries=row["tries"] + 1)).rowcount:
            return Taken(
                row["id"], row["kind"], row["sender"], row["recipient"], bytes(row["message"]), row["tries"] + 1,
                row["until"],
            )  # fmt: skip
    return None


def overdue(connection: Connection, now: float, why: str) -> list[RowMapping]:
    """End those unsent that are worth nothing any more, and that nobody has under way; ``why`` they were not sent.
    Returns them without their words."""
    old = (*_due(now), letter.c.until <= now)
    said = update(letter).where(*old).values(state=EffectState.REFUSED, answer=f"its time is over; {why}"[:MOST_ANSWER])
    return list(connection.execute(said.returning(letter.c.id, letter.c.kind, letter.c.recipient)).mappings())


def begin(connection: Connection, taken: Taken, now: float) -> bool:
    """Its content leaves now: from here on it is never sent again. False when another process has it."""
    values = {"state": EffectState.SENT, "sent_at": now, "answer": ""}
    return bool(connection.execute(_of(taken, EffectState.TODO).values(**values)).rowcount)


def end(connection: Connection, taken: Taken, state: EffectState, answer: str) -> None:
    """The smarthost took it (DONE), will never take it (REFUSED), or nobody knows (SENT)."""
    both = (EffectState.TODO, EffectState.SENT)
    connection.execute(_of(taken, *both).values(state=state, answer=answer[:MOST_ANSWER]))


def later(connection: Connection, taken: Taken, answer: str, now: float) -> float:
    """It was certainly not taken: try again. Returns when."""
    due: float = now + min(FIRST_WAIT * 2 ** (taken.tries - 1), LONGEST_WAIT)
    values = {"state": EffectState.TODO, "due_at": due, "lease_until": 0.0, "sent_at": 0.0}
    both = (EffectState.TODO, EffectState.SENT)
    connection.execute(_of(taken, *both).values(answer=answer[:MOST_ANSWER], **values))
    return due


def _of(taken: Taken, *states: EffectState) -> Any:
    return update(letter).where(letter.c.id == taken.id, letter.c.tries == taken.tries, letter.c.state.in_(states))


def newest(connection: Connection, most: int, *, kind: str = "", seq: int | None = None) -> list[RowMapping]:
    """What became of the newest: all, those of a kind, those about a mail."""
    columns = [column for column in letter.c if column is not letter.c.message]
    query = select(*columns).order_by(letter.c.id.desc()).limit(most)
    if kind:
        query = query.where(letter.c.kind == kind)
    if seq is not None:
        query = query.where(letter.c.seq == seq)
    with looking():
        return list(connection.execute(query).mappings())


def counted(connection: Connection) -> dict[str, int]:
    """How many there are, by state."""
    query = select(letter.c.state, func.count()).group_by(letter.c.state)
    return {str(state): int(count) for state, count in connection.execute(query)}


def drop(connection: Connection, before: float, limit: int) -> Dropped:
    """Forget some of those that came to an end and are older."""
    old = select(letter.c.id).where(letter.c.made_at < before, letter.c.state != EffectState.TODO)
    old = old.order_by(letter.c.id).limit(limit)
    return Dropped(connection.execute(delete(letter).where(letter.c.id.in_(old.scalar_subquery()))).rowcount)
