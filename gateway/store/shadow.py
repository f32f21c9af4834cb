"""Desks to which nothing is sent: since when, and what becomes of their mail when that is over.

A rehearsed effect is DONE for ever: no later send looks for it. At the end of a shadow the mail that is still under way
ends, and whatever leads to a ticket that is not there leads nowhere, or to the real one where that is known. Mail that
is taken up begins anew, with a plan of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, func, insert, or_, select, update

from gateway.model.reasons import Reason
from gateway.store import dialects, mapping, notify
from gateway.store.deliveries import note, settle_ids
from gateway.store.schema import (
    delivery,
    effect,
    file,
    mention,
    participant,
    problem,
    rehearsed,
    shadow,
    thread,
    ticket,
)
from gateway.store.stage import OPEN, UNFINISHED, EffectState, Stage

Keys = Callable[[RowMapping], Sequence[bytes]]


class UnderWay(Exception):
    """Mail is on its way to the desk; the text says how much."""


@dataclass(frozen=True, slots=True)
class Left:
    """What the end of a shadow changed: deliveries that were ``ended``, and those that were ``taken_up``."""

    ended: int = 0
    taken_up: int = 0


@dataclass(frozen=True, slots=True)
class Real:
    """The desk's own ticket, in place of one that was rehearsed."""

    ticket_id: str
    number: str
    board_id: str
    client_id: str
    contact_id: str = ""


def since(connection: Connection, desk: str) -> float:
    """Since when the desk is in shadow, 0 for not at all."""
    return float(connection.execute(select(shadow.c.since).where(shadow.c.desk == desk)).scalar() or 0.0)


def begin(connection: Connection, desk: str, now: float) -> None:
    """From now on nothing is sent. Raises UnderWay: what was begun is not finished as if."""
    if since(connection, desk):
        return
    pending = and_(delivery.c.desk == desk, delivery.c.stage.in_([stage.value for stage in OPEN]))
    if count := connection.execute(select(func.count()).where(pending)).scalar_one():
        raise UnderWay(f"desk {desk}: {count} mails are under way to it; it goes into shadow once they are there")
    statement = dialects.insert(connection.dialect.name, shadow).values(desk=desk, since=now)
    connection.execute(statement.on_conflict_do_nothing())


def leave(
    connection: Connection,
    desk: str,
    now: float,
    *,
    take_up: float | None = None,
    keys: Keys = lambda row: (),
    real: Mapping[str, Real] | None = None,
) -> Left:
    """The desk is live from now on. Mail that was accepted from ``take_up`` on is decided anew; ``keys`` gives the ids
    by which others wait for it. ``real`` are the desk's tickets by the id of the rehearsed one. Nothing happens to a
    desk that is not in shadow."""
    began = since(connection, desk)
    if not began:
        return Left()
    connection.execute(delete(shadow).where(shadow.c.desk == desk))
    ended = _end(connection, desk, began, now)
    _link(connection, desk, real or {})
    _forget(connection, desk)
    taken_up = 0 if take_up is None else _take_up(connection, desk, max(began, take_up), now, keys)
    notify.wake_workers(connection)
    return Left(ended, taken_up)


def _end(connection: Connection, desk: str, began: float, now: float) -> int:
    """What is under way is not finished: a request that was about to leave never leaves."""
    mine = and_(
        delivery.c.desk == desk,
        delivery.c.stage.in_([stage.value for stage in OPEN]),
        or_(delivery.c.rehearsed, delivery.c.accepted_at >= began),
    )
    rows = connection.execute(select(delivery.c.seq, delivery.c.id, delivery.c.posted).where(mine)).mappings().all()
    for row in rows:
        stage = Stage.DONE if row["posted"] else Stage.SUPPRESSED
        reason = "" if row["posted"] else Reason.SHADOW.value
        values = {"stage": stage.value, "reason": reason, "rehearsed": True, "needs": "", "waits_for": ""}
        connection.execute(
            update(delivery)
            .where(delivery.c.seq == row["seq"])
            .values(**values, due_at=now, lease_until=0, fence=delivery.c.fence + 1)
        )
        note(connection, row["id"], now, f"-> {stage}", "the shadow of the desk is over")
        settle_ids(connection, row["seq"], row["id"], now)
    of_desk = effect.c.delivery_id.in_(select(delivery.c.id).where(delivery.c.desk == desk, delivery.c.rehearsed))
    states = [state.value for state in (*UNFINISHED, EffectState.HELD)]
    skipped = {"state": EffectState.SKIPPED.value, "reason": "the desk was in shadow"}
    connection.execute(update(effect).where(of_desk, effect.c.state.in_(states)).values(skipped))
    connection.execute(update(effect).where(of_desk, effect.c.watch_at > 0).values(watch_at=0))
    return len(rows)


def _made(desk: str) -> Any:
    """The ids of tickets that are not there."""
    return select(rehearsed.c.key).where(rehearsed.c.desk == desk, rehearsed.c.kind == "ticket", rehearsed.c.made)


def _link(connection: Connection, desk: str, real: Mapping[str, Real]) -> None:
    """What led to a rehearsed ticket leads to the desk's own from now on."""
    for rehearsed_id, found in real.items():
        there = select(participant.c.address).where(
            participant.c.desk == desk, participant.c.ticket_id == found.ticket_id
        )
        twice = (participant.c.ticket_id == rehearsed_id, participant.c.address.in_(there))
        connection.execute(delete(participant).where(participant.c.desk == desk, *twice))
        for table in (thread, participant, delivery):
            mine = [table.c.desk == desk] if "desk" in table.c else []
            connection.execute(
                update(table).where(table.c.ticket_id == rehearsed_id, *mine).values(ticket_id=found.ticket_id)
            )
        mapping.add_ticket(
            connection,
            desk=desk,
            ticket_id=found.ticket_id,
            number=found.number,
            board_id=found.board_id,
            client_id=found.client_id,
            contact_id=found.contact_id,
            fallback=bool(
                connection.execute(
                    select(ticket.c.fallback).where(ticket.c.desk == desk, ticket.c.ticket_id == rehearsed_id)
                ).scalar()
            ),
        )


def _forget(connection: Connection, desk: str) -> None:
    """Nothing leads to a ticket that is not there."""
    for table in (ticket, participant, file):
        connection.execute(delete(table).where(table.c.desk == desk, table.c.ticket_id.in_(_made(desk))))
    connection.execute(delete(thread).where(thread.c.ticket_id.in_(_made(desk))))
    gone = update(problem).where(problem.c.desk == desk, problem.c.ticket_id.in_(_made(desk)))
    connection.execute(gone.values(ticket_id="", revision=problem.c.revision + 1))
    lost = update(delivery).where(delivery.c.desk == desk, delivery.c.ticket_id.in_(_made(desk)))
    connection.execute(lost.values(ticket_id=""))
    connection.execute(delete(rehearsed).where(rehearsed.c.desk == desk))


def _take_up(connection: Connection, desk: str, moment: float, now: float, keys: Keys) -> int:
    """Mail that came since then, and would have been posted, is decided anew, in its order."""
    mine = and_(
        delivery.c.desk == desk,
        delivery.c.rehearsed,
        delivery.c.kept,
        delivery.c.accepted_at >= moment,
        or_(delivery.c.stage == Stage.DONE.value, delivery.c.reason == Reason.SHADOW.value),
    )
    rows = connection.execute(select(delivery).where(mine).order_by(delivery.c.seq)).mappings().all()
    for row in rows:
        values = {"stage": Stage.ACCEPTED.value, "reason": "", "detail": "", "ticket_id": "", "plan": None}
        connection.execute(
            update(delivery)
            .where(delivery.c.seq == row["seq"])
            .values(
                **values,
                rehearsed=False,
                posted=False,
                generation=row["generation"] + 1,
                due_at=now,
                fence=delivery.c.fence + 1,
            )
        )
        for key in keys(row):
            connection.execute(insert(mention).values(key=key, seq=row["seq"]))
        note(connection, row["id"], now, f"{row['stage']} -> {Stage.ACCEPTED}", "taken up after the shadow")
    return len(rows)
