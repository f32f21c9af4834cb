"""Effects: the outside changes of a plan, their states, and what is known of their outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from math import inf
from typing import Any, Generic, TypeVar, cast

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, RowMapping, bindparam, func, insert, not_, or_, select, update

from gateway.model.effects import BODIES, EffectBody
from gateway.store import earlier
from gateway.store.constants import constant
from gateway.store.deliveries import Delivery, LostClaim, held, note
from gateway.store.prepared import Prepared
from gateway.store.reading import Unreadable, looking, parsed, whole
from gateway.store.schema import delivery, effect
from gateway.store.stage import EffectState

log = structlog.get_logger("store")


Body = TypeVar("Body", bound=EffectBody, covariant=True)


@dataclass(frozen=True, slots=True)
class EffectOf(Generic[Body]):
    """One effect of a delivery's plan, as stored. Once retention deleted its words, the body is a bare one."""

    delivery_id: str
    generation: int
    idx: int
    desk: str
    kind: str
    body: Body
    marker: str
    state: EffectState
    reason: str
    remote: dict[str, Any] = field(default_factory=dict)
    remote_id: str = ""
    sent_at: float = 0.0
    good_at: float = 0.0
    sends: int = 0
    reads: int = 0
    faults: int = 0
    watch_at: float = 0.0


Effect = EffectOf[EffectBody]

_KEY = (
    effect.c.delivery_id == bindparam("k_id"),
    effect.c.generation == bindparam("k_generation"),
    effect.c.idx == bindparam("k_idx"),
)
_TOUCH = Prepared(lambda _: update(effect).where(*_KEY))
_SEND = Prepared(
    lambda _: (
        update(effect)
        .where(*_KEY, effect.c.state == constant(EffectState.TODO))
        .values(state=EffectState.SENT.value, sent_at=bindparam("k_now"), good_at=0, reads=0, sends=effect.c.sends + 1)
    )
)
_RENEW = Prepared(
    lambda _: (
        update(delivery)
        .where(
            delivery.c.seq == bindparam("k_seq"),
            delivery.c.fence == bindparam("k_fence"),
            delivery.c.stage == bindparam("k_stage"),
            delivery.c.lease_until > bindparam("k_now"),
        )
        .values(lease_until=bindparam("k_until"), needs="")
    )
)
_OF = Prepared(
    lambda _: (
        select(effect)
        .where(effect.c.delivery_id == bindparam("k_id"), effect.c.generation == bindparam("k_generation"))
        .order_by(effect.c.idx)
    )
)
_NEW = ("delivery_id", "generation", "idx", "desk", "kind", "body", "marker", "state", "reason")
_ADD = Prepared(lambda _: insert(effect).values({name: bindparam(name) for name in _NEW}))


Kept = TypeVar("Kept", bound=EffectBody)


def of_type(plan: Iterable[Effect], body: type[Kept]) -> list[EffectOf[Kept]]:
    """The effects of a plan with such a body, in order."""
    return [cast(EffectOf[Kept], effect) for effect in plan if isinstance(effect.body, body)]


def _key(delivery_id: str, generation: int, idx: int) -> dict[str, Any]:
    return {"k_id": delivery_id, "k_generation": generation, "k_idx": idx}


def _key_of(effect: Effect) -> dict[str, Any]:
    return _key(effect.delivery_id, effect.generation, effect.idx)


def marker(delivery_id: str, generation: int, idx: int) -> str:
    """What the desk keeps for us in the effect, to find it again."""
    return f"{delivery_id}/{generation}/{idx}"


def as_json(body: EffectBody) -> str:
    """A body as it is stored: what has its default is left out."""
    usual = _usual(body.kind)
    values = {name: getattr(body, name) for name in usual}
    return json.dumps({name: value for name, value in values.items() if value != usual[name]})


@cache
def _usual(kind: str) -> dict[str, Any]:
    """The default of each field of a body; of one without, what no value is."""
    return {field.name: field.default for field in fields(BODIES[kind])}


def body_of(kind: str, text: str) -> EffectBody:
    """A stored body, also one of an earlier version. Raises Unreadable."""
    values = parsed(text, "effect.body")
    if not values:
        return EffectBody()
    try:
        return _adapter(kind).validate_python(earlier.current(kind, values))
    except KeyError:
        raise Unreadable(f"effect.kind is {kind}, which this version does not know") from None
    except ValidationError as error:
        raise Unreadable("effect.body cannot be read") from error


@cache
def _adapter(kind: str) -> TypeAdapter[EffectBody]:
    return TypeAdapter(BODIES[kind])


def _effect(row: Mapping[Any, Any]) -> Effect:
    """Raises Unreadable."""
    values = dict(whole(row))
    values["body"] = body_of(values["kind"], values["body"])
    values["remote"] = parsed(values["remote"], "effect.remote") if values["remote"] else {}
    values["state"] = _state(values["state"])
    if values["marker"] != marker(values["delivery_id"], values["generation"], values["idx"]):
        raise Unreadable("effect.marker cannot be read")
    return EffectOf(**values)


def _state(name: str) -> EffectState:
    try:
        return EffectState(name)
    except ValueError as error:
        raise Unreadable("effect.state cannot be read") from error


def add(
    connection: Connection, delivery: Delivery, generation: int, plan: Sequence[EffectBody], after: int = 0
) -> list[Effect]:
    """Store a plan's effects in the order in which they run, behind the first ``after`` of the plan."""
    added = [_new(delivery, generation, idx, body) for idx, body in enumerate(plan, after)]
    if added:
        _ADD.each(connection, [_row(effect) for effect in added])
    return added


def _new(delivery: Delivery, generation: int, idx: int, body: EffectBody) -> Effect:
    return EffectOf(
        delivery_id=delivery.id,
        generation=generation,
        idx=idx,
        desk=delivery.desk,
        kind=body.kind,
        body=body,
        marker=marker(delivery.id, generation, idx),
        state=EffectState.HELD if body.held else EffectState.TODO,
        reason=body.held,
    )


def _row(effect: Effect) -> dict[str, Any]:
    """Of a new effect: the other columns have their defaults."""
    row = {name: getattr(effect, name) for name in _NEW}
    return {**row, "body": as_json(effect.body), "state": effect.state.value}


def of(connection: Connection, delivery_id: str, generation: int) -> list[Effect]:
    """The effects of one plan, in order."""
    return [_effect(row) for row in _OF.rows(connection, {"k_id": delivery_id, "k_generation": generation})]


def to_do(connection: Connection, delivery_id: str, body: type[Kept]) -> list[EffectOf[Kept]]:
    """The effects with such a body that are still to do, of all plans of a delivery. Raises Unreadable."""
    mine = (effect.c.delivery_id == delivery_id, effect.c.kind == body.kind, effect.c.state == EffectState.TODO.value)
    return of_type(map(_effect, connection.execute(select(effect).where(*mine)).mappings().all()), body)


def all_of(connection: Connection, delivery_id: str, generation: int) -> list[RowMapping]:
    """The effects of a delivery, to be shown: of its plan, and what came of those before. What they left is never done,
    as the mail was decided again."""
    is_left = effect.c.state.in_([EffectState.TODO.value, EffectState.HELD.value])
    query = select(effect).where(
        effect.c.delivery_id == delivery_id, or_(effect.c.generation == generation, not_(is_left))
    )
    return list(connection.execute(query.order_by(effect.c.generation, effect.c.idx)).mappings())


def mark_sent(connection: Connection, claim: Delivery, effect: Effect, now: float, lease: float) -> None:
    """Before the request leaves: the row says SENT, under the fence of the claim, which starts anew.

    A worker that stalled past its lease does not send. Raises LostClaim."""
    renewed = _RENEW.change(connection, {**held(claim), "k_now": now, "k_until": now + lease})
    done = _SEND.change(connection, {**_key_of(effect), "k_now": now})
    if renewed != 1 or done != 1:
        raise LostClaim(claim.id)


def mark_first_sent(connection: Connection, claim: Delivery, now: float) -> None:
    """Mark the first effect of a plan as sent in the transaction that stores the plan."""
    _SEND.change(connection, {**_key(claim.id, claim.generation, 0), "k_now": now})


def as_sent(effect: Effect, now: float) -> Effect:
    """What its row says once it is marked."""
    return replace(effect, state=EffectState.SENT, sent_at=now, good_at=0.0, reads=0, sends=effect.sends + 1)


def set_state(connection: Connection, effect: Effect, state: EffectState, **values: Any) -> None:
    """Record an outcome. ``remote`` is stored as JSON."""
    if "remote" in values:
        values["remote"] = json.dumps(values["remote"])
    touch(connection, effect, state=state.value, **values)


def touch(connection: Connection, effect: Effect, **values: Any) -> None:
    """Change what is known of an effect without moving it."""
    _TOUCH.change(connection, {**values, **_key_of(effect)}, columns=values)


def owned(connection: Connection, desk: str, remote_ids: list[str]) -> set[str]:
    """Which of the desk's ids belong to effects already."""
    query = select(effect.c.remote_id).where(effect.c.remote_id.in_(remote_ids), effect.c.desk == desk)
    return set(connection.execute(query).scalars())


def take_watches(connection: Connection, now: float, again: float, limit: int) -> list[Effect]:
    """Effects whose late look is due. Nobody else looks before ``again``."""
    due = select(effect.c.delivery_id, effect.c.generation, effect.c.idx)
    due = due.where(effect.c.watch_at > 0, effect.c.watch_at <= now).order_by(effect.c.watch_at).limit(limit)
    if connection.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    found = []
    for row in connection.execute(due).all():
        taken = update(effect).values(watch_at=again).returning(effect)
        taken = taken.where(effect.c.delivery_id == row[0], effect.c.generation == row[1], effect.c.idx == row[2])
        with looking():
            given = connection.execute(taken).mappings().one()
        try:
            found.append(_effect(given))
        except Unreadable as why:
            log.error("effect damaged: no late look", effect=marker(*row), why=str(why))
            _TOUCH.change(connection, {**_key(*row), "watch_at": 0.0}, columns=("watch_at",))
            note(connection, row[0], now, "no late look", f"damaged: {why}")
    return found


def next_watch(connection: Connection) -> float:
    """When the next late look is due; infinity for none."""
    found = connection.execute(select(func.min(effect.c.watch_at)).where(effect.c.watch_at > 0)).scalar()
    return inf if found is None else float(found)
