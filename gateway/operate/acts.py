"""What an operator can do with a mail, in one list: the commands and the pages offer exactly these.

Each act is one transaction with a row that says who did it, from where and why. Raises NotPossible where the mail is
not as the act needs it; then nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping

from gateway.model.release import Audience
from gateway.operate.said import short
from gateway.store import acts, heldfiles, operator
from gateway.store.acts import Actor
from gateway.store.operator import ASIDE, NotPossible, Word
from gateway.store.reading import looking, parsed
from gateway.store.stage import PENDING, Stage


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator says with an act. ``to`` is a ticket's id, "new", or "" for a new decision; ``audience`` ""
    leaves a stranger's words internal; ``ticket`` is the number by which people know ``to``."""

    actor: Actor
    why: str = ""
    to: str = ""
    ticket: str = ""
    audience: Audience = ""

    def word(self, admits: bool | None = None) -> Word:
        return Word(self.actor.name, self.to, self.audience, admits)


@dataclass(frozen=True, slots=True)
class Act:
    """``name`` is the command; ``title`` the button; ``told`` what was done. ``fits`` says of which mail it can be
    asked; ``run`` does it and may say why nothing was to be done."""

    name: str
    title: str
    told: str
    about: str
    fits: Callable[[Mapping[Any, Any]], bool]
    run: Callable[[Connection, str, Asked, float], str]
    takes: frozenset[str] = frozenset()
    many: bool = True


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


def _release_files(connection: Connection, name: str, asked: Asked, now: float) -> str:
    heldfiles.release(connection, str(operator.find(connection, name)["id"]), now=now)
    return ""


def _drop_files(connection: Connection, name: str, asked: Asked, now: float) -> str:
    heldfiles.drop(connection, str(operator.find(connection, name)["id"]), now=now)
    return ""


def _undo(connection: Connection, name: str, asked: Asked, now: float) -> str:
    """Takes the last act back. What is at the desk already cannot be unsaid: such mail is moved."""
    row = operator.find(connection, name)
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


ACTS: tuple[Act, ...] = (
    Act(
        "release", "Release", "released", "let it go on: to where it belongs, or where you say",
        _is_aside, _release, frozenset({"to", "audience", "why"}),
    ),
    Act(
        "let-in", "Let this sender in", "released, and its sender let in",
        "release it into a ticket; its sender may write there from now on",
        lambda row: _is_aside(row) and row["stage"] == Stage.QUARANTINED, _let_in, frozenset({"to", "audience", "why"}),
    ),
    Act(
        "drop", "Drop", "dropped", "post nothing",
        lambda row: row["stage"] in (Stage.QUARANTINED, Stage.HELD, Stage.ACCEPTED), _drop, frozenset({"why"}),
    ),
    Act(
        "move", "Move", "moved", "take it to another ticket, or to one of its own",
        lambda row: row["stage"] == Stage.DONE and bool(row["kept"] and row["ticket_id"]), _move,
        frozenset({"to", "audience", "why"}),
    ),
    Act(
        "hold", "Hold", "on hold", "keep it from being posted until it is released",
        lambda row: row["stage"] in PENDING, _hold, frozenset({"why"}),
    ),
    Act("retry", "Try now", "due now", "do not wait for its time", lambda row: row["stage"] in PENDING, _retry),
    Act(
        "release-files", "Upload held files", "files released", "upload the files that are held",
        lambda row: bool(row["held_files"]), _release_files, frozenset({"why"}),
    ),
    Act(
        "drop-files", "Drop held files", "files dropped", "leave the held files out; the kept mail has them",
        lambda row: bool(row["held_files"]), _drop_files, frozenset({"why"}),
    ),
    Act("undo", "Undo", "taken back", "take the last act back", lambda row: bool(row["undoable"]), _undo),
)  # fmt: skip
UNDOABLE = frozenset({"release", "let-in", "drop", "move", "hold"})
BY_NAME = {act.name: act for act in ACTS}


def possible(connection: Connection, row: Mapping[Any, Any]) -> tuple[Act, ...]:
    """What can be done with this delivery now."""
    held = heldfiles.numbers(connection, [row["id"]]).get(row["id"], 0) if row["stage"] == Stage.DONE else 0
    seen = {**row, "held_files": held, "undoable": last_act(connection, row) is not None}
    return tuple(act for act in ACTS if act.fits(seen))


def perform(connection: Connection, act: Act, name: str, asked: Asked, now: float) -> Done:
    """Do it to one mail, given by number, id or Message-ID. Raises NotPossible."""
    row = operator.find(connection, name)
    nothing = act.run(connection, str(row["id"]), asked, now)
    if nothing:
        return Done(row["seq"], f"nothing was changed: {nothing}")
    before = {key: row[key] for key in ("stage", "reason", "detail", "ticket_id")}
    detail = _detail(row, asked)
    acts.add(connection, asked.actor, act.name, now, seq=row["seq"], detail=detail, why=asked.why, before=before)
    return Done(row["seq"], f"{act.told}{f' to {asked.ticket or asked.to}' if asked.to else ''}")


def _detail(row: Mapping[Any, Any], asked: Asked) -> str:
    parts = [f"it was {short(row['reason'])}" if row["reason"] else ""]
    parts.append(f"to {asked.ticket or asked.to}" if asked.to else "")
    parts.append(asked.audience)
    return ", ".join(filter(None, parts))


def perform_each(
    change: Callable[[Callable[[Connection], Done]], Done], act: Act, names: Sequence[str], asked: Asked, now: float
) -> list[Done]:
    """Do it to exactly these mails, each in a transaction of its own; one that is not possible harms no other."""
    results = []
    for name in names:
        try:
            results.append(change(lambda connection, name=name: perform(connection, act, name, asked, now)))  # type: ignore[misc]
        except NotPossible as error:
            number = name.removeprefix("#")
            results.append(Done(int(number) if number.isdecimal() else 0, str(error), good=False))
    return results
