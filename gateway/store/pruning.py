"""What is deleted when its time is over: raw mail, traces, events, rows, ids, remembered digests.

Every function deletes one batch in one transaction and returns what it did. Never deleted: mail that is
pending or held, that has files held, or an effect that is looked at again. The mapping table outlives all
but its own limit. Files and objects of mails are the caller's to delete, after the commit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, literal_column, not_, select, update

from gateway.model.ids import uuid7
from gateway.store import dialects, headings
from gateway.store.reading import garbled, looking
from gateway.store.schema import (
    ENDED_KEPT,
    ENDED_TRACED,
    carried,
    delivery,
    effect,
    ending,
    event,
    hit,
    notice,
    part,
    posted,
    raw,
    seen,
    thread,
)
from gateway.store.stage import OPEN, Stage

LOCK = 0x6761746577617902  # an advisory lock of ours: one replica deletes at a time


class Elsewhere(Exception):
    """Another replica deletes at this moment."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """``count`` things were deleted; ``paths`` name the bytes of mails that no row names any more; ``next`` is
    where the next batch begins, None when there is none."""

    count: int
    paths: tuple[str, ...] = ()
    next: Any = None


def alone(connection: Connection) -> None:
    """For this transaction, no other replica deletes. Raises Elsewhere."""
    if connection.dialect.name != "postgresql":
        return
    if not connection.execute(select(func.pg_try_advisory_xact_lock(LOCK))).scalar():
        raise Elsewhere


_HELD_FILES = exists().where(effect.c.delivery_id == delivery.c.id, effect.c.state == literal_column("'HELD'"))
_WATCHED = exists().where(effect.c.delivery_id == delivery.c.id, effect.c.watch_at > 0)


def _stage(stage: Stage) -> Any:
    return delivery.c.stage == literal_column(f"'{stage.value}'")


def _free(query: Select[Any]) -> Select[Any]:
    """Without those deliveries that somebody changes at this moment: an operator may let one go on."""
    return query.with_for_update(of=delivery, skip_locked=True)


def drop_ended(connection: Connection, stage: Stage, before: float, limit: int) -> Dropped:
    """The raw mail of deliveries that ended so, before that time."""
    alone(connection)
    query = select(delivery.c.seq, delivery.c.raw_id).where(
        ENDED_KEPT, _stage(stage), delivery.c.due_at < before, not_(_HELD_FILES)
    )
    rows = connection.execute(_free(query.order_by(delivery.c.due_at).limit(limit))).all()
    paths = drop_raw(connection, [row.seq for row in rows], {row.raw_id for row in rows})
    return Dropped(len(rows), paths)


def drop_raw(connection: Connection, seqs: Sequence[int], raw_ids: Collection[int]) -> tuple[str, ...]:
    """These deliveries keep no mail any more; a mail that no delivery keeps goes. Returns where its
    bytes are, to be deleted after the commit."""
    if not seqs:
        return ()
    connection.execute(update(delivery).where(delivery.c.seq.in_(seqs)).values(kept=False))
    wanted = exists().where(delivery.c.raw_id == raw.c.id, delivery.c.kept)
    gone = delete(raw).where(raw.c.id.in_(raw_ids), not_(wanted)).returning(raw.c.path)
    return tuple(path for path in connection.execute(gone).scalars() if path)


def drop_traces(connection: Connection, stage: Stage, before: float, limit: int) -> Dropped:
    """Traces, plans and bodies of effects; a quarantined mail that may be released keeps them."""
    alone(connection)
    query = select(delivery.c.seq, delivery.c.id).where(
        ENDED_TRACED, _stage(stage), delivery.c.due_at < before, not_(_HELD_FILES), not_(_WATCHED)
    )
    if stage is Stage.QUARANTINED:
        query = query.where(not_(delivery.c.kept))
    rows = connection.execute(_free(query.order_by(delivery.c.due_at).limit(limit))).all()
    if rows:
        ids = [row.id for row in rows]
        connection.execute(update(effect).where(effect.c.delivery_id.in_(ids)).values(body="{}"))
        mine = delivery.c.seq.in_([row.seq for row in rows])
        connection.execute(update(delivery).where(mine).values(trace=None, plan=None, traced=False))
    return Dropped(len(rows))


def drop_events(connection: Connection, before: float, after: int, limit: int) -> Dropped:
    """Events in the order in which they were written, from ``after`` on; those of open mail stay."""
    alone(connection)
    still_open = exists().where(delivery.c.id == event.c.delivery_id, delivery.c.stage.in_(OPEN))
    query = select(event.c.id, event.c.at, still_open.label("open")).where(event.c.id > after)
    rows = connection.execute(query.order_by(event.c.id).limit(limit)).all()
    old = [row for row in rows if row.at < before]
    gone = [row.id for row in old if not row.open]
    if gone:
        connection.execute(delete(event).where(event.c.id.in_(gone)))
    more = len(rows) == limit and len(old) == len(rows)
    return Dropped(len(gone), next=rows[-1].id if more else None)


_ROW = tuple(
    delivery.c[name]
    for name in ("seq", "id", "stage", "mailbox", "reason", "redelivered", "accepted_at", "due_at", "kept", "traced")
)


def drop_rows(connection: Connection, before: float, after: int, limit: int) -> Dropped:
    """Deliveries that keep nothing any more, in order of acceptance from ``after`` on, with their effects,
    events, notices and hits. Their counts are carried on, so that the sums stay true. One that cannot be read stays."""
    alone(connection)
    query = select(*_ROW, _WATCHED.label("watched"), _HELD_FILES.label("holding")).where(delivery.c.seq > after)
    with looking():
        rows = connection.execute(query.order_by(delivery.c.seq).limit(limit)).mappings().all()
    old = [row for row in rows if garbled(row.values()) or row["accepted_at"] < before]
    gone = [row for row in old if not garbled(row.values()) and _over(row, before)]
    if gone:
        ids = [row["id"] for row in gone]
        _carry(connection, gone)
        connection.execute(delete(effect).where(effect.c.delivery_id.in_(ids)))
        connection.execute(delete(event).where(event.c.delivery_id.in_(ids)))
        connection.execute(delete(notice).where(notice.c.delivery_id.in_(ids)))
        connection.execute(delete(part).where(part.c.delivery_id.in_(ids)))
        seqs = [row["seq"] for row in gone]
        headings.forget(connection, seqs)
        connection.execute(delete(hit).where(hit.c.seq.in_(seqs)))
        connection.execute(delete(delivery).where(delivery.c.seq.in_(seqs)))
    more = len(rows) == limit and len(old) == len(rows)
    return Dropped(len(gone), next=rows[-1]["seq"] if more else None)


def _over(row: Any, before: float) -> bool:
    ended = row["stage"] not in OPEN and not row["kept"] and not row["traced"]
    return ended and row["due_at"] < before and not row["watched"] and not row["holding"]


def _carry(connection: Connection, rows: Sequence[Any]) -> None:
    sums: dict[tuple[str, str, str], list[int]] = {}
    for row in rows:
        found = sums.setdefault((row["stage"], row["mailbox"], row["reason"]), [0, 0])
        found[0] += 1
        found[1] += row["redelivered"]
    for (stage, mailbox, reason), (count, again) in sums.items():
        statement = dialects.insert(connection.dialect.name, carried).values(
            stage=stage, mailbox=mailbox, reason=reason, count=count, redelivered=again
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[carried.c.stage, carried.c.mailbox, carried.c.reason],
                set_={
                    "count": carried.c.count + statement.excluded.count,
                    "redelivered": carried.c.redelivered + statement.excluded.redelivered,
                },
            )
        )


def drop_ids(connection: Connection, before: float, limit: int) -> Dropped:
    """Rows of the mapping table; a delivery's id says when its ids were learnt."""
    alone(connection)
    bound = uuid7(before)[:13]  # the time of it
    query = select(thread.c.key, thread.c.board_id).where(thread.c.delivery_id < bound, thread.c.ticket_id != "")
    rows = connection.execute(query.order_by(thread.c.delivery_id).limit(limit)).all()
    for row in rows:
        connection.execute(delete(thread).where(thread.c.key == row.key, thread.c.board_id == row.board_id))
    return Dropped(len(rows))


def drop_prints(connection: Connection, before: float, limit: int) -> Dropped:
    """Fingerprints of what was posted by mail that was accepted before that time."""
    alone(connection)
    query = select(posted.c.desk, posted.c.ticket_id, posted.c.delivery_id).where(
        posted.c.delivery_id < uuid7(before)[:13]
    )
    rows = connection.execute(query.order_by(posted.c.delivery_id).limit(limit)).all()
    for row in rows:
        connection.execute(
            delete(posted).where(
                posted.c.desk == row.desk, posted.c.ticket_id == row.ticket_id, posted.c.delivery_id == row.delivery_id
            )
        )
    return Dropped(len(rows))


def drop_endings(connection: Connection, before: float, limit: int) -> Dropped:
    """What stood at the end of mail that was accepted before that time."""
    alone(connection)
    keys = (ending.c.desk, ending.c.sender, ending.c.delivery_id)
    query = select(*keys).where(ending.c.delivery_id < uuid7(before)[:13]).order_by(ending.c.delivery_id)
    rows = connection.execute(query.limit(limit)).all()
    for row in rows:
        connection.execute(delete(ending).where(*(key == value for key, value in zip(keys, row, strict=True))))
    return Dropped(len(rows))


def drop_seen(connection: Connection, now: float, after: bytes, limit: int) -> Dropped:
    """Digests that are not remembered any more, in the order of their keys from ``after`` on."""
    alone(connection)
    query = select(seen.c.key, seen.c.until).where(seen.c.key > after).order_by(seen.c.key).limit(limit)
    rows = connection.execute(query).all()
    gone = [row.key for row in rows if row.until < now]
    if gone:
        connection.execute(delete(seen).where(seen.c.key.in_(gone)))
    return Dropped(len(gone), next=bytes(rows[-1].key) if len(rows) == limit else None)
