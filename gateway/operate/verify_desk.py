"""Whether the desk still has what the store calls done."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from gateway.config.settings import Settings
from gateway.operate.verify import Finding
from gateway.store.engine import make_engine
from gateway.store.reading import parsed
from gateway.store.schema import delivery, effect
from gateway.work.effects import KINDS


def against_desk(settings: Settings, limit: int) -> list[Finding]:
    """The newest tickets and comments that the store calls done, read at their desks. Nothing is changed."""
    return [asyncio.run(_desk(settings, name, limit)) for name in settings.desks]


async def _desk(settings: Settings, name: str, limit: int) -> Finding:
    from gateway.desk.outcome import Good, Refused
    from gateway.work.desks import make_directory

    seen = [kind.kind for kind in KINDS.values() if kind.can_be_seen]
    engine = make_engine(settings.store.url, create=False)
    try:
        with engine.connect() as connection:
            query = (
                select(
                    *(delivery.c.id, delivery.c.ticket_id),
                    *(effect.c.kind, effect.c.body, effect.c.remote_id, effect.c.sent_at),
                )
                .join(effect, (effect.c.delivery_id == delivery.c.id) & (effect.c.generation == delivery.c.generation))
                .where(
                    delivery.c.desk == name,
                    effect.c.state == "DONE",
                    effect.c.kind.in_(seen),
                    ~delivery.c.rehearsed,
                )
                .order_by(delivery.c.seq.desc())
                .limit(limit)
            )
            rows = connection.execute(query).all()
    finally:
        engine.dispose()
    desk = make_directory(settings, name).desk
    found = Finding(f"desk {name}", f"the newest {len(rows)} tickets and comments")
    try:
        for row in rows:
            ticket_id = parsed(row.body, "effect.body").get("ticket_id") or row.ticket_id
            outcome, there = await KINDS[row.kind].is_there(desk, row.remote_id, ticket_id, row.sent_at)
            if not isinstance(outcome, Good) and not (isinstance(outcome, Refused) and outcome.status == 404):
                found.faults.append(f"the desk does not answer: {outcome}"[:300])
                break
            if not there:
                found.faults.append(f"{row.id}: {row.kind} {row.remote_id} is not at the desk")
    finally:
        await desk.close()
    return found
