"""Files that were not uploaded: they wait for an operator, or for the scanner.

Letting them go makes their effects ready and the delivery pending again; a worker uploads them like any
other effect. What is let go together is told together: the plan gets comments of its own for it. Every function
takes a connection and runs inside one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping, and_, func, select, update

from gateway.model.effects import DocumentBody, EffectBody, MissingBody, PicturesBody, ReleasedBody
from gateway.store import deliveries, effects, notify, operator, ticketfiles
from gateway.store.deliveries import note
from gateway.store.effects import Effect, EffectOf, of_type
from gateway.store.operator import NotPossible
from gateway.store.reading import Unreadable, whole
from gateway.store.schema import delivery, effect
from gateway.store.stage import EffectState, Stage, check

log = structlog.get_logger("store")

TOO_LARGE = "too large to scan"
_CURRENT = and_(delivery.c.id == effect.c.delivery_id, delivery.c.generation == effect.c.generation)
_HELD = and_(effect.c.state == EffectState.HELD.value, effect.c.kind == DocumentBody.kind)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A finished delivery with files that are held."""

    row: RowMapping
    files: list[EffectOf[DocumentBody]]


def counted(connection: Connection) -> dict[str, int]:
    """How many files are held, by the rule that holds them."""
    query = select(effect.c.reason, func.count()).join(delivery, _CURRENT).where(_HELD).group_by(effect.c.reason)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def holding(connection: Connection) -> int:
    """How many deliveries have files held."""
    query = select(func.count(effect.c.delivery_id.distinct())).join(delivery, _CURRENT).where(_HELD)
    return int(connection.execute(query).scalar_one())


def numbers(connection: Connection, delivery_ids: Collection[str]) -> dict[str, int]:
    """How many files each of these deliveries has held."""
    query = select(effect.c.delivery_id, func.count()).join(delivery, _CURRENT).where(_HELD)
    query = query.where(effect.c.delivery_id.in_(delivery_ids)).group_by(effect.c.delivery_id)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def listing(connection: Connection, limit: int, *, oldest: bool = False) -> list[RowMapping]:
    """The newest deliveries that have files held, newest first; or the oldest, oldest first."""
    held = select(effect.c.delivery_id).join(delivery, _CURRENT).where(_HELD)
    order = delivery.c.seq if oldest else delivery.c.seq.desc()
    query = select(delivery).where(delivery.c.id.in_(held)).order_by(order).limit(limit)
    return list(connection.execute(query).mappings().all())


def waiting(connection: Connection, reason: str, after: int, limit: int) -> list[Waiting]:
    """Finished deliveries with files held for this reason, in order of acceptance from ``after`` on."""
    held = select(effect.c.delivery_id).where(_HELD, effect.c.reason == reason)
    query = select(delivery).where(
        delivery.c.id.in_(held), delivery.c.stage == Stage.DONE.value, delivery.c.seq > after
    )
    rows = connection.execute(query.order_by(delivery.c.seq).limit(limit)).mappings().all()
    waiting = []
    for row in rows:
        try:
            waiting.append(Waiting(row, [file for file in _held(connection, row) if file.reason == reason]))
        except Unreadable as why:
            log.error("held files damaged", delivery=row["id"], why=str(why))
    return waiting


def release(connection: Connection, prefix: str, *, now: float) -> str:
    """Let all held files of a finished delivery go; later decisions about the mail hold none either. Returns
    its id. Raises NotPossible."""
    row = _finished(connection, prefix)
    files = _held(connection, row)
    let_go(connection, row, files, "operator", now)
    _resume(connection, row, files, files, "operator", now, files_released=True)
    return str(row["id"])


def drop(connection: Connection, prefix: str, *, now: float) -> str:
    """Give the held files of a finished delivery up; they stay in the kept mail. Returns its id.
    Raises NotPossible."""
    row = _finished(connection, prefix)
    for planned in effects.of(connection, row["id"], row["generation"]):
        if planned.state is EffectState.HELD:
            effects.set_state(connection, planned, EffectState.SKIPPED, reason="dropped by the operator")
    note(connection, row["id"], now, "held files dropped", "operator")
    return str(row["id"])


def let_go(
    connection: Connection, row: RowMapping, files: Collection[EffectOf[DocumentBody]], who: str, now: float
) -> None:
    """Make these held files ready; one that the ticket has by now is skipped."""
    for file in files:
        digest, name = file.body.sha256, file.body.name
        if digest and not ticketfiles.reserve(connection, row["desk"], row["ticket_id"], digest, row["id"], name):
            effects.set_state(connection, file, EffectState.SKIPPED, reason="the ticket has it")
        else:
            effects.set_state(connection, file, EffectState.TODO, reason="")
    note(connection, row["id"], now, "held files released", f"{who}: {', '.join(file.body.name for file in files)}")


def scanned(connection: Connection, waiting: Waiting, results: dict[int, str], now: float) -> bool:
    """What the scanner said of files, by the effect's index: "" for clean, else why not. False when the
    delivery moved on in between, or nothing of it is held any more."""
    found = operator.find(connection, waiting.row["id"], to_change=True)
    row = whole(found, "stage", "fence", "desk", "generation", "ticket_id")
    if row["stage"] != Stage.DONE.value or row["fence"] != waiting.row["fence"]:
        return False
    still = {file.idx for file in _held(connection, row)}  # an operator may have dropped some
    files = [file for file in waiting.files if file.idx in still]
    clean = [file for file in files if results.get(file.idx) == ""]
    for file in files:
        if why := results.get(file.idx):
            effects.set_state(connection, file, EffectState.REFUSED, reason=why)
            deliveries.free_file(connection, row["id"], file.body.sha256)
            note(connection, row["id"], now, "held file refused", f"{file.body.name}: {why}")
    if not files:
        return False
    if clean:
        let_go(connection, row, clean, "scanner", now)
    _resume(connection, row, files, clean, "scanner", now)
    return True


def too_large(connection: Connection, file: Effect) -> None:
    """The scanner does not take the file: it waits for an operator."""
    effects.touch(connection, file, reason=TOO_LARGE)


def _finished(connection: Connection, prefix: str) -> RowMapping:
    row = whole(operator.find(connection, prefix, to_change=True), "id", "desk", "stage", "generation", "ticket_id")
    if row["stage"] != Stage.DONE.value:
        where = operator.WHERE[row["stage"]]
        raise NotPossible(f"#{row['seq']} is {where}: its files can be released once it is posted")
    if not _held(connection, row):
        raise NotPossible(f"#{row['seq']}: no file of it is held")
    return row


def _held(connection: Connection, row: RowMapping) -> list[EffectOf[DocumentBody]]:
    plan = effects.of(connection, row["id"], row["generation"])
    return [file for file in of_type(plan, DocumentBody) if file.state is EffectState.HELD]


def _resume(
    connection: Connection,
    row: RowMapping,
    judged: Collection[EffectOf[DocumentBody]],
    released: Collection[EffectOf[DocumentBody]],
    who: str,
    now: float,
    **values: Any,
) -> None:
    """The delivery is pending again: to upload what was released, put its pictures in their place, and tell of all
    that was judged."""
    check(Stage.DONE, Stage.PLANNED)
    plan = effects.of(connection, row["id"], row["generation"])
    if any(file.body.is_picture for file in released):
        for pictures in of_type(plan, PicturesBody):
            if pictures.state in (EffectState.DONE, EffectState.SKIPPED):
                effects.set_state(connection, pictures, EffectState.TODO, reason="")
    metadata = next(missing.body.metadata for missing in of_type(plan, MissingBody))
    here, seen = (tuple(file.idx for file in files) for files in (released, judged))
    comments: list[EffectBody] = []
    if released:
        comments.append(ReleasedBody(metadata=metadata, documents=here, by=who, at=now))
    comments.append(MissingBody(metadata=metadata, documents=seen))
    effects.add(connection, deliveries.of_row(row), row["generation"], comments, after=len(plan))
    ended = json.dumps({**json.loads(row["plan"]), "ended": True})  # it is counted once
    connection.execute(
        update(delivery)
        .where(delivery.c.seq == row["seq"])
        .values(
            stage=Stage.PLANNED.value,
            plan=ended,
            due_at=now,
            lease_until=0,
            tries=0,
            fence=delivery.c.fence + 1,
            **values,
        )
    )
    notify.wake_workers(connection)
