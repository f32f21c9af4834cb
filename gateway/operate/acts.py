"""Doing what an operator asks of a mail.

Each act is one transaction with a row that says who did it, from where and why. Raises NotPossible where the mail is
not as the act needs it; then nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping

from gateway.model.reasons import Reason
from gateway.model.release import Audience
from gateway.operate.act import ACTS, UNDOABLE, Act
from gateway.operate.said import short
from gateway.store import acts, heldfiles, operator
from gateway.store.acts import Actor
from gateway.store.operator import ASIDE, NotPossible, Word
from gateway.store.reading import looking, parsed
from gateway.store.stage import PENDING, Stage


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator says with an act. ``to`` is a ticket's id, "new", or "" for a new decision; ``audience`` ""
    leaves a stranger's words internal; ``ticket`` is the number by which people know ``to``, and ``desk`` has it;
    ``admits``: the sender may write there from now on, None for what is usual."""

    actor: Actor
    why: str = ""
    to: str = ""
    ticket: str = ""
    desk: str = ""
    audience: Audience = ""
    admits: bool | None = None

    def word(self, admits: bool | None = None) -> Word:
        return Word(self.actor.name, self.to, self.audience, self.admits if admits is None else admits)


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did to the mail with this number; ``good`` is False where it was not possible."""

    number: int
    words: str
    good: bool = True


def _release(connection: Connection, name: str, asked: Asked, now: float) -> str:
    return operator.release(connection, name, asked.word(), now=now).nothing


def _let_in(connection: Connection, name: str, asked: Asked, now: float) -> str:
    return operator.release(connection, name, asked.word(admits=True), now=now).nothing


def _move(connection: Connection, name: str, asked: Asked, now: float) -> str:
    if not asked.to:
        raise NotPossible(f"{name}: say to which ticket")
    return operator.move_to(connection, name, asked.word(), now=now).nothing


def _drop(connection: Connection, name: str, asked: Asked, now: float) -> str:
    operator.drop(connection, name, now=now, by=asked.actor.name, why=asked.why)
    return ""


def _hold(connection: Connection, name: str, asked: Asked, now: float) -> str:
    operator.hold(connection, name, now=now, by=asked.actor.name)
    return ""


def _retry(connection: Connection, name: str, asked: Asked, now: float) -> str:
    operator.retry_now(connection, name, now=now, by=asked.actor.name)
    return ""


def _show_all(connection: Connection, name: str, asked: Asked, now: float) -> str:
    operator.show_all(connection, name, now=now, by=asked.actor.name)
    return ""


def _release_files(connection: Connection, name: str, asked: Asked, now: float) -> str:
    heldfiles.release(connection, name, now=now)
    return ""


def _drop_files(connection: Connection, name: str, asked: Asked, now: float) -> str:
    heldfiles.drop(connection, name, now=now)
    return ""


def _undo(connection: Connection, name: str, asked: Asked, now: float) -> str:
    """Takes the last act back. What is at the desk already cannot be unsaid: such mail is moved."""
    row = operator.find(connection, name, to_change=True)
    last = last_act(connection, row)
    if last is None:
        raise NotPossible(f"#{row['seq']}: there is nothing to take back")
    before = parsed(last["before"], "act.before")
    stage = Stage(before["stage"])
    if row["stage"] == Stage.DONE and stage is Stage.DONE:
        if not before["ticket_id"] or before["ticket_id"] == row["ticket_id"]:
            return "it is where it was"
        return operator.move_to(connection, name, Word(asked.actor.name, before["ticket_id"]), now=now).nothing
    if stage in PENDING:
        return operator.release(connection, name, Word(asked.actor.name), now=now).nothing
    if stage is Stage.DONE or row["stage"] == Stage.DONE:
        raise NotPossible(f"#{row['seq']}: it is at the desk already; move it instead")
    operator.set_aside_again(connection, name, stage, before["reason"], before["detail"], now=now, by=asked.actor.name)
    return ""


def last_act(connection: Connection, row: Mapping[Any, Any]) -> RowMapping | None:
    """The last act on a mail that can be taken back."""
    with looking():
        done = acts.newest(connection, 1, seq=row["seq"])
    return done[0] if done and done[0]["before"] and done[0]["what"] in UNDOABLE else None


def _is_aside(row: Mapping[Any, Any]) -> bool:
    return row["stage"] in ASIDE and bool(row["kept"])


RUNS: dict[str, Callable[[Connection, str, Asked, float], str]] = {
    "release": _release,
    "let-in": _let_in,
    "move": _move,
    "hold": _hold,
    "retry": _retry,
    "show-all": _show_all,
    "release-files": _release_files,
    "drop-files": _drop_files,
    "drop": _drop,
    "undo": _undo,
}
"""Does the act; says why nothing was to be done, "" when it was done."""

FITS: dict[str, Callable[[Mapping[Any, Any]], bool]] = {
    "release": _is_aside,
    "let-in": lambda row: _is_aside(row) and row["reason"] == Reason.UNVERIFIED_SENDER,
    "move": lambda row: row["stage"] == Stage.DONE and bool(row["kept"] and row["ticket_id"]),
    "hold": lambda row: row["stage"] in PENDING,
    "retry": lambda row: row["stage"] in PENDING,
    "show-all": lambda row: row["stage"] == Stage.DONE and bool(row["kept"] and row["ticket_id"]),
    "release-files": lambda row: bool(row["held_files"]),
    "drop-files": lambda row: bool(row["held_files"]),
    "drop": lambda row: row["stage"] in (Stage.QUARANTINED, Stage.HELD, Stage.ACCEPTED),
    "undo": lambda row: bool(row["can_be_undone"]),
}
"""Of which mail it can be asked."""


def possible(connection: Connection, row: Mapping[Any, Any]) -> tuple[Act, ...]:
    """What can be done with this delivery now."""
    held = heldfiles.numbers(connection, [row["id"]]).get(row["id"], 0) if row["stage"] == Stage.DONE else 0
    seen = {**row, "held_files": held, "can_be_undone": last_act(connection, row) is not None}
    return tuple(act for act in ACTS if FITS[act.name](seen))


def perform(connection: Connection, act: Act, name: str, asked: Asked, now: float) -> Done:
    """Do it to one mail, given by number, id or Message-ID. Raises NotPossible."""
    row = operator.find(connection, name, to_change=True)
    if asked.desk and row["desk"] != asked.desk:
        raise NotPossible(f"#{row['seq']} is of desk {row['desk']}, and ticket {asked.ticket} of desk {asked.desk}")
    nothing = RUNS[act.name](connection, str(row["id"]), asked, now)
    if nothing:
        return Done(row["seq"], f"nothing was changed: {nothing}")
    before = {key: row[key] for key in ("stage", "reason", "detail", "ticket_id")}
    detail = _detail(row, asked)
    acts.add(connection, asked.actor, act.name, now, seq=row["seq"], detail=detail, why=asked.why, before=before)
    return Done(row["seq"], f"{act.told} {_where(asked)}".rstrip())


def _detail(row: Mapping[Any, Any], asked: Asked) -> str:
    parts = [f"was {short(row['reason'])}" if row["reason"] else ""]
    parts.append(_where(asked))
    parts.append(asked.audience)
    return ", ".join(filter(None, parts))


def _where(asked: Asked) -> str:
    return "as a new ticket" if asked.to == "new" else f"to {asked.ticket or asked.to}" if asked.to else ""


def perform_each(
    change: Callable[[Callable[[Connection], Done]], Done], act: Act, names: Sequence[str], asked: Asked, now: float
) -> list[Done]:
    """Do it to exactly these mails, each in a transaction of its own; one that is not possible harms no other."""
    results = []
    for name in names:
        try:
            results.append(change(partial(perform, act=act, name=name, asked=asked, now=now)))
        except NotPossible as error:
            number = name.removeprefix("#")
            results.append(Done(int(number) if number.isdecimal() else 0, str(error), good=False))
    return results
