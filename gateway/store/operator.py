"""What an operator does with kept mail: find, list, release, hold, drop, retry, move.

Every function takes a connection and runs inside one transaction, beside a running gateway or without one.
Whoever changes something raises Unreadable when a row that it goes by is damaged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, func, or_, select, update

from gateway.model.effects import TicketBody
from gateway.model.reasons import Reason
from gateway.model.release import Audience
from gateway.store import dialects, endings, imports, notify
from gateway.store.deliveries import note, settle_ids
from gateway.store.reading import looking, whole
from gateway.store.schema import delivery, effect, event
from gateway.store.stage import PENDING, EffectState, IllegalTransition, Stage, check

GONE = "#{}: the mail itself is not kept any more (see [retention])"
WHERE: dict[str, str] = {
    Stage.ACCEPTED: "on its way",
    Stage.PLANNED: "on its way",
    Stage.DONE: "posted",
    Stage.SUPPRESSED: "set aside without a ticket",
    Stage.QUARANTINED: "held back",
    Stage.HELD: "on hold",
}
"""Where a mail is, to whoever asks something of it that does not fit."""


RECENT = 20_000
"""Numbers among which the newest of a stage are looked for, before its index is read."""


class NotPossible(Exception):
    """The operator asked for something that the delivery's stage does not allow."""


class NotThere(NotPossible):
    """No mail in the store has this ``name``."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: no mail has this number, id or Message-ID")
        self.name = name


def find(connection: Connection, name: str, *, to_change: bool = False) -> RowMapping:
    """The delivery with this short number ("412", "#412"), id or beginning of an id, or Message-ID; what cannot be
    read of it is Garbled. ``to_change``: nobody else changes it, or sends anything of it, until this transaction ends.
    Raises NotThere, and NotPossible where there are several."""
    if not name.strip():  # every id begins so
        raise NotThere('""')
    first_few = select(delivery.c.seq).where(_named(name.strip())).order_by(delivery.c.seq).limit(4)
    query = select(delivery).where(delivery.c.seq.in_(first_few)).order_by(delivery.c.seq)
    with looking():
        rows = connection.execute(query.with_for_update() if to_change else query).mappings().all()
    if not rows and (first := imports.first_of(connection, name.strip())):
        return find(connection, first, to_change=to_change)
    if not rows:
        raise NotThere(name)
    if len(rows) > 1:
        numbers = ", ".join(f"#{row['seq']}" for row in rows[:3])
        raise NotPossible(f"{name}: several mails have it: {numbers}{', …' if len(rows) > 3 else ''}")
    return rows[0]


def _taken(connection: Connection, name: str, *columns: str) -> RowMapping:
    """The same to change it; these columns can be read."""
    return whole(find(connection, name, to_change=True), *columns)


_NUMBER = re.compile(r"#\d{1,15}|[1-9]\d{0,14}")  # ids begin with 0 until the year 2527


def is_number(name: str) -> bool:
    """Whether a mail is named by its short number."""
    return _NUMBER.fullmatch(name) is not None


def message_id_of(name: str) -> str:
    """The Message-ID by which a mail is named, as the store has it, "" for another kind of name."""
    local, at, domain = name.strip("<>").rpartition("@")
    return f"{local}@{domain.lower()}" if at else ""


def _named(name: str) -> ColumnElement[bool]:
    if is_number(name):
        return delivery.c.seq == int(name.removeprefix("#"))
    if message_id := message_id_of(name):
        return delivery.c.message_id == message_id
    return dialects.begins(delivery.c.id, name.lower())


@dataclass(frozen=True, slots=True)
class Word:
    """What an operator says of a mail. ``to`` is a ticket's id, "new", or "" for a new decision; ``audience``
    "" leaves a stranger's words internal; ``admits``: its sender may write to the ticket from now on, None for what
    is usual: after a move of mail that was let in already, and not after a release."""

    by: str = "operator"
    to: str = ""
    audience: Audience = ""
    admits: bool | None = None

    def columns(self, admits: bool = False) -> dict[str, Any]:
        """What the delivery keeps of it; ``admits`` where nothing was said."""
        said = admits if self.admits is None else self.admits
        return {"released_by": self.by, "moved_to": self.to, "audience": self.audience, "admits": said}


@dataclass(frozen=True, slots=True)
class Changed:
    """The delivery's id; ``nothing`` says why nothing was to be done."""

    id: str
    nothing: str = ""


ASIDE = (Stage.QUARANTINED, Stage.HELD, Stage.SUPPRESSED)
"""Stages out of which an operator releases mail."""


def release(connection: Connection, prefix: str, word: Word = Word(), *, now: float) -> Changed:
    """Let a mail that was set aside go on: its plan when any effect was sent, else a new decision in which the
    reason it was set aside for no longer counts. A move that did not take place is taken back, as is showing it whole.

    Raises NotPossible."""
    row = _taken(connection, prefix, "id", "stage", "reason", "generation", "kept", "moved_from")
    old = Stage(row["stage"])
    if old not in ASIDE:
        raise NotPossible(f"#{row['seq']} is {WHERE[old]} already: only mail that was set aside is released")
    if not row["kept"]:
        raise NotPossible(GONE.format(row["seq"]))
    if _sent(connection, row):
        if word.to:
            raise NotPossible(f"#{row['seq']}: part of it is at the desk already; release it, then move it")
        _restage(connection, row, Stage.PLANNED, word.by, now)
    elif row["moved_from"] and word.to in ("", row["moved_from"]):
        _put_back(connection, row, word.by, now)
    elif row["reason"] == Reason.AMBIGUOUS_THREAD and not word.to:
        raise NotPossible(f"#{row['seq']}: the mail names several tickets; say to which, or to a new one")
    else:
        anew = {"generation": row["generation"] + 1, "plan": None, "ticket_id": "", "posted": False, "released": True}
        anew["whole"] = False
        _restage(connection, row, Stage.ACCEPTED, word.by, now, overruled=row["reason"], **word.columns(), **anew)
    return Changed(row["id"])


def drop(connection: Connection, prefix: str, *, now: float, by: str = "operator", why: str = "") -> str:
    """Give a mail up of which nothing was sent. Returns its id. Raises NotPossible."""
    row = _taken(connection, prefix, "id", "stage", "generation")
    if _sent(connection, row):
        raise NotPossible(f"#{row['seq']}: the desk has part of it already; release it or leave it")
    _restage(connection, row, Stage.SUPPRESSED, by, now, reason=Reason.DROPPED.value, detail=why)
    return str(row["id"])


def hold(connection: Connection, prefix: str, *, now: float, by: str = "operator") -> str:
    """Keep a pending mail from being worked on. Returns its id. Raises NotPossible."""
    row = _taken(connection, prefix, "id", "stage")
    _restage(connection, row, Stage.HELD, by, now)
    return str(row["id"])


def set_aside_again(
    connection: Connection, name: str, stage: Stage, reason: str, detail: str, *, now: float, by: str = "operator"
) -> str:
    """Put a mail of which nothing was sent back where it was before an operator let it go on or dropped it. Returns its
    id. Raises NotPossible."""
    row = _taken(connection, name, "id", "stage", "generation")
    if _sent(connection, row):
        raise NotPossible(f"#{row['seq']}: the desk has part of it already; move it instead")
    _restage(connection, row, stage, by, now, reason=reason, detail=detail)
    return str(row["id"])


def _restage(connection: Connection, row: RowMapping, to: Stage, by: str, now: float, **values: Any) -> None:
    """Move to another stage. The fence grows, so that a worker that holds the delivery loses it.
    Raises NotPossible."""
    old = Stage(row["stage"])
    try:
        check(old, to)
    except IllegalTransition as error:
        raise NotPossible(f"#{row['seq']} is {WHERE[old]}: it cannot be {WHERE[to]}") from error
    afresh = {"needs": "", "waits_for": "", "tries": 0, "deaths": 0, "interrupts": 0}
    connection.execute(
        update(delivery)
        .where(delivery.c.seq == row["seq"])
        .values(
            stage=to.value,
            due_at=now,
            lease_until=0,
            fence=delivery.c.fence + 1,
            **{"reason": "", "detail": "", **afresh, **values},
        )
    )
    said = [value for value in (by, values.get("detail", "")) if value]
    note(connection, row["id"], now, f"{old} -> {to}", ": ".join(said))
    if to not in PENDING:
        settle_ids(connection, row["seq"], row["id"], now)
    notify.wake_workers(connection)


def _put_back(connection: Connection, row: RowMapping, by: str, now: float) -> None:
    """A mail that was not moved or shown whole after all stays where it was: what leads to it still leads there."""
    mine = effect.c.delivery_id == row["id"]
    done = select(func.max(effect.c.generation)).where(mine, effect.c.state == EffectState.DONE.value)
    last = connection.execute(done).scalar_one()
    made = select(effect.c.idx).where(mine, effect.c.generation == last, effect.c.kind == TicketBody.kind)
    outcome = "ticket" if connection.execute(made).first() else "comment"
    values = {"generation": last, "outcome": outcome, "ticket_id": row["moved_from"], "posted": True}
    unsaid = {"moved_to": "", "moved_from": "", "audience": "", "admits": False, "whole": False}
    _restage(connection, row, Stage.DONE, by, now, continues="", **unsaid, **values)
    note(connection, row["id"], now, "stays where it was", f"ticket {row['moved_from']}")


def _sent(connection: Connection, row: RowMapping) -> bool:
    return bool(
        connection.execute(
            select(
                exists().where(
                    effect.c.delivery_id == row["id"],
                    effect.c.generation == row["generation"],
                    or_(effect.c.state == EffectState.SENT.value, effect.c.state == EffectState.DONE.value),
                )
            )
        ).scalar()
    )


def move_to(connection: Connection, prefix: str, word: Word, *, now: float) -> Changed:
    """Take a mail to another ticket, or to one of its own ("new"): its ids lead there once its text is posted,
    and the wrong place gets an internal comment. One that was set aside is released to there. Raises NotPossible."""
    row = _taken(connection, prefix, "id", "stage", "generation", "kept", "ticket_id", "moved_to", "outcome")
    if row["stage"] in ASIDE:
        return release(connection, prefix, word, now=now)
    if row["stage"] != Stage.DONE:
        raise NotPossible(f"#{row['seq']} is {WHERE[row['stage']]}: it can be moved once it is at its end")
    if word.to == row["ticket_id"]:
        return Changed(row["id"], "it is on this ticket already")
    if word.to == "new" and row["outcome"] == "ticket":
        return Changed(row["id"], "it has a ticket of its own already")
    if not row["kept"]:
        raise NotPossible(GONE.format(row["seq"]))
    _again(connection, row, now, moved_from=row["ticket_id"], whole=False, **word.columns(admits=True))
    note(connection, row["id"], now, f"moved from ticket {row['ticket_id']}", f"{word.by}: to {word.to}")
    return Changed(row["id"])


def show_all(connection: Connection, prefix: str, *, now: float, by: str = "operator") -> str:
    """Post all of a mail once more, as an internal comment on its ticket, and forget what is known of its sender's
    signature: it is shown again. Returns its id. Raises NotPossible."""
    row = _taken(connection, prefix, "id", "desk", "stage", "generation", "kept", "ticket_id")
    if row["stage"] != Stage.DONE or not row["ticket_id"]:
        raise NotPossible(f"#{row['seq']} is {WHERE[row['stage']]}: only mail on a ticket is shown there whole")
    if not row["kept"]:
        raise NotPossible(GONE.format(row["seq"]))
    endings.forget(connection, row["desk"], row["id"])
    word = Word(by, row["ticket_id"], "internal")
    _again(connection, row, now, moved_from=row["ticket_id"], whole=True, **word.columns())
    note(connection, row["id"], now, "to be shown whole", by)
    return str(row["id"])


def _again(connection: Connection, row: RowMapping, now: float, **values: Any) -> None:
    """Mail that is at the desk is decided once more, by what the operator said."""
    connection.execute(
        update(delivery)
        .where(delivery.c.seq == row["seq"])
        .values(
            stage=Stage.ACCEPTED.value,
            generation=row["generation"] + 1,
            ticket_id="",
            continues="",
            posted=False,
            due_at=now,
            lease_until=0,
            needs="",
            waits_for="",
            fence=delivery.c.fence + 1,
            **values,
        )
    )
    notify.wake_workers(connection)


def retry_now(connection: Connection, prefix: str, *, now: float, by: str = "operator") -> str:
    """Make a pending delivery due at once. Raises NotPossible."""
    row = _taken(connection, prefix, "id", "stage")
    if row["stage"] not in PENDING:
        raise NotPossible(f"#{row['seq']} is {WHERE[row['stage']]}: only mail on its way is tried; release it")
    connection.execute(update(delivery).where(delivery.c.seq == row["seq"]).values(due_at=now, needs="", waits_for=""))
    note(connection, row["id"], now, "retry", by)
    notify.wake_workers(connection)
    return str(row["id"])


def listing(connection: Connection, stages: Iterable[Stage] | None, limit: int) -> list[RowMapping]:
    """The newest deliveries, all or of these stages."""
    newest = select(delivery.c.seq).order_by(delivery.c.seq.desc()).limit(limit)
    if stages is not None:
        values = [stage.value for stage in stages]
        last = connection.execute(select(func.max(delivery.c.seq))).scalar() or 0
        recent = newest.where(delivery.c.seq > last - RECENT, dialects.without_index(delivery.c.stage).in_(values))
        are_many = len(connection.execute(recent).all()) == limit  # else they are few, and their index is quick
        newest = recent if are_many else newest.where(delivery.c.stage.in_(values))
    query = select(delivery).where(delivery.c.seq.in_(newest)).order_by(delivery.c.seq.desc())
    return list(connection.execute(query).mappings().all())


def history(connection: Connection, delivery_id: str) -> list[RowMapping]:
    """The events of a delivery, oldest first."""
    query = select(event.c.at, event.c.what, event.c.detail).where(event.c.delivery_id == delivery_id)
    return list(connection.execute(query.order_by(event.c.id)).mappings().all())
