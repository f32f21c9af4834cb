"""Probes on their way: known by an id that nobody can guess, and here once a mail with it is accepted, or decided where
the id is only in a field of the mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from gateway.store import dialects
from gateway.store.pruning import Dropped
from gateway.store.reading import looking
from gateway.store.schema import delivery, probe

MOST_TROUBLE = 300


@dataclass(frozen=True, slots=True)
class Probe:
    """Times in seconds since the epoch; ``arrived_at`` 0: not yet. ``trouble``: why it was not sent, "" if it was.
    ``handed_at`` is when a server had it, or may have; 0 while it is being sent, and for ever if the process died."""

    name: str
    slot: int
    message_id: str
    sent_at: float
    arrived_at: float = 0.0
    trouble: str = ""
    handed_at: float = 0.0

    @property
    def took(self) -> float:
        """Seconds from here to here, 0 while it is not back."""
        return max(0.001, self.arrived_at - self.sent_at) if self.arrived_at else 0.0

    def is_missing(self, within: float, now: float) -> bool:
        """Whether it is not back, and should be after so many seconds. Of one that may never have left nothing is
        said: the next one tells."""
        is_late = bool(self.handed_at) and now > self.sent_at + within
        return not self.arrived_at and (bool(self.trouble) or is_late)


def begin(connection: Connection, new: Probe) -> bool:
    """It is going to be sent. False when one of its time was begun."""
    values = {"name": new.name, "slot": new.slot, "message_id": new.message_id, "sent_at": new.sent_at}
    statement = dialects.insert(connection.dialect.name, probe).values(**values)
    return connection.execute(statement.on_conflict_do_nothing().returning(probe.c.slot)).first() is not None


def handed(connection: Connection, message_id: str, at: float) -> None:
    """A server took it, or may have."""
    connection.execute(update(probe).where(probe.c.message_id == message_id).values(handed_at=at))


def failed(connection: Connection, message_id: str, trouble: str) -> None:
    """The server did not take it."""
    mine = update(probe).where(probe.c.message_id == message_id)
    connection.execute(mine.values(trouble=trouble[:MOST_TROUBLE] or "not taken"))


def arrive(connection: Connection, since: float) -> int:
    """Those that were accepted since they were sent have arrived; looked for are those sent since then."""
    accepted = select(func.min(delivery.c.accepted_at)).where(delivery.c.message_id == probe.c.message_id)
    waits = probe.c.arrived_at == 0, probe.c.sent_at >= since
    rows = connection.execute(select(probe.c.message_id, accepted.scalar_subquery()).where(*waits)).all()
    accepted_at = [(message_id, at) for message_id, at in rows if at is not None]
    for message_id, at in accepted_at:
        came(connection, message_id, at)
    return len(accepted_at)


def came(connection: Connection, message_id: str, at: float) -> None:
    """A mail that is this probe, "" for none, was accepted then; the first one counts."""
    if not message_id:
        return
    mine = update(probe).where(probe.c.message_id == message_id, probe.c.arrived_at == 0)
    connection.execute(mine.values(arrived_at=at, trouble=""))


def is_known(connection: Connection, message_id: str) -> bool:
    return connection.execute(select(probe.c.slot).where(probe.c.message_id == message_id)).first() is not None


def newest(connection: Connection, name: str, most: int) -> list[Probe]:
    """The last ones, newest first."""
    query = select(probe).where(probe.c.name == name).order_by(probe.c.slot.desc()).limit(most)
    with looking():
        return [Probe(**row) for row in connection.execute(query).mappings()]


def drop(connection: Connection, before: float, limit: int) -> Dropped:
    """Forget some of those that are older."""
    old = select(probe.c.message_id).where(probe.c.sent_at < before).limit(limit)
    ids: Sequence[str] = connection.execute(old).scalars().all()
    return Dropped(connection.execute(delete(probe).where(probe.c.message_id.in_(ids))).rowcount if ids else 0)
