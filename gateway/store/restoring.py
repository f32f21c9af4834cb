"""After a restore: what happened at the desks since the backup was made is not known here.

Every effect that the backup does not know as done counts as sent when the backup was begun, without an answer:
it is read back before anything is sent. That holds for plans that were open, and for those made later of mail
that was accepted before the backup was there.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from gateway.store.schema import delivery, effect, letter, restored
from gateway.store.stage import EffectState


@dataclass(frozen=True, slots=True)
class Restored:
    """The last backup that the database came from: mail accepted until ``at`` may have gone on elsewhere
    from ``since`` on. Both are 0 where there was none."""

    at: float = 0.0
    since: float = 0.0

    def covers(self, accepted_at: float) -> bool:
        return accepted_at <= self.at


def mark(connection: Connection, backup: Restored) -> None:
    """The database is this backup; nobody works on its mail."""
    connection.execute(insert(restored).values(at=backup.at, since=backup.since))
    connection.execute(update(delivery).where(delivery.c.lease_until > 0).values(lease_until=0, claimed_by=""))
    again = (effect.c.state == EffectState.TODO.value) & (effect.c.sent_at >= backup.since)
    connection.execute(update(effect).where(again).values(sent_at=backup.since - 1))
    unsent = letter.c.state == EffectState.TODO.value  # the database that was lost may have sent it
    unknown = {"state": EffectState.SENT.value, "answer": "not known: the store was restored from a backup"}
    connection.execute(update(letter).where(unsent).values(**unknown))


def last(connection: Connection) -> Restored:
    row = connection.execute(select(restored).order_by(restored.c.at.desc()).limit(1)).first()
    return Restored(row.at, row.since) if row is not None else Restored()


def doubt(connection: Connection, delivery_id: str, generation: int, since: float) -> None:
    """What the plan has not sent since then may have been sent by the database that was lost."""
    connection.execute(
        update(effect)
        .where(
            effect.c.delivery_id == delivery_id,
            effect.c.generation == generation,
            effect.c.state == EffectState.TODO.value,
            effect.c.sent_at < since,
        )
        .values(state=EffectState.SENT.value, sent_at=since, good_at=0, reads=0, sends=effect.c.sends + 1)
    )
