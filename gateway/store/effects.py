"""Effects: the outside changes of a plan, their states, and what is known of their outcome."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from gateway.store.inbox import Delivery, LostClaim
from gateway.store.schema import delivery, effect
from gateway.store.stage import EffectState


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of a delivery's plan, as stored."""

    delivery_id: str
    generation: int
    idx: int
    desk: str
    kind: str
    body: dict[str, Any]
    marker: str
    state: EffectState
    reason: str
    remote: dict[str, Any]
    remote_id: str
    sent_at: float
    good_at: float
    sends: int
    reads: int
    faults: int
    watch_at: float


def marker(delivery_id: str, generation: int, idx: int) -> str:
    """What the desk keeps for us in the effect, to find it again."""
    return f"{delivery_id}/{generation}/{idx}"


def _effect(row: RowMapping) -> Effect:
    values = dict(row)
    values["body"] = json.loads(values["body"])
    values["remote"] = json.loads(values["remote"]) if values["remote"] else {}
    values["state"] = EffectState(values["state"])
    return Effect(**values)


def add(connection: Connection, one: Delivery, generation: int, plan: list[tuple[str, dict[str, Any]]]) -> None:
    """Store a plan's effects: (kind, body) in the order in which they run."""
    rows = [
        {
            "delivery_id": one.id,
            "generation": generation,
            "idx": idx,
            "desk": one.desk,
            "kind": kind,
            "body": json.dumps(body),
            "marker": marker(one.id, generation, idx),
            "state": EffectState.TODO.value,
        }
        for idx, (kind, body) in enumerate(plan)
    ]
    if rows:
        connection.execute(insert(effect), rows)


def of(connection: Connection, delivery_id: str, generation: int) -> list[Effect]:
    """The effects of one plan, in order."""
    query = select(effect).where(effect.c.delivery_id == delivery_id, effect.c.generation == generation)
    return [_effect(row) for row in connection.execute(query.order_by(effect.c.idx)).mappings()]


def all_of(connection: Connection, delivery_id: str) -> list[Effect]:
    """The effects of all plans of a delivery."""
    query = select(effect).where(effect.c.delivery_id == delivery_id)
    return [_effect(row) for row in connection.execute(query.order_by(effect.c.generation, effect.c.idx)).mappings()]


def _key(one: Effect) -> Any:
    return (
        (effect.c.delivery_id == one.delivery_id) & (effect.c.generation == one.generation) & (effect.c.idx == one.idx)
    )


def mark_sent(connection: Connection, claim: Delivery, one: Effect, now: float, lease: float) -> None:
    """Before the request leaves: the row says SENT, under the fence of the claim, which starts anew.

    A worker that stalled past its lease does not send. Raises LostClaim."""
    renewed = connection.execute(
        update(delivery)
        .where(
            delivery.c.seq == claim.seq,
            delivery.c.fence == claim.fence,
            delivery.c.stage == claim.stage.value,
            delivery.c.lease_until > now,
        )
        .values(lease_until=now + lease)
    )
    done = connection.execute(
        update(effect)
        .where(_key(one), effect.c.state == EffectState.TODO.value)
        .values(state=EffectState.SENT.value, sent_at=now, good_at=0, reads=0, sends=effect.c.sends + 1)
    )
    if renewed.rowcount != 1 or done.rowcount != 1:
        raise LostClaim(claim.id)


def mark_first_sent(connection: Connection, claim: Delivery, now: float) -> None:
    """Mark the first effect of a plan as sent in the transaction that stores the plan."""
    connection.execute(
        update(effect)
        .where(
            effect.c.delivery_id == claim.id,
            effect.c.generation == claim.generation,
            effect.c.idx == 0,
            effect.c.state == EffectState.TODO.value,
        )
        .values(state=EffectState.SENT.value, sent_at=now, sends=1)
    )


def set_state(connection: Connection, one: Effect, state: EffectState, **values: Any) -> None:
    """Record an outcome. ``remote`` is stored as JSON."""
    if "remote" in values:
        values["remote"] = json.dumps(values["remote"])
    connection.execute(update(effect).where(_key(one)).values(state=state.value, **values))


def touch(connection: Connection, one: Effect, **values: Any) -> None:
    """Change what is known of an effect without moving it."""
    connection.execute(update(effect).where(_key(one)).values(**values))


def owned(connection: Connection, desk: str, remote_ids: list[str]) -> set[str]:
    """Which of the desk's ids belong to effects already."""
    query = select(effect.c.remote_id).where(effect.c.remote_id.in_(remote_ids), effect.c.desk == desk)
    return set(connection.execute(query).scalars())


def due_watches(connection: Connection, now: float, limit: int) -> list[Effect]:
    """Effects whose late look is due."""
    query = select(effect).where(effect.c.watch_at > 0, effect.c.watch_at <= now)
    return [_effect(row) for row in connection.execute(query.order_by(effect.c.watch_at).limit(limit)).mappings()]
