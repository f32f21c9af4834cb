"""Kept mail as it was decided, to be decided again: the mail, the answers of its trace, and what it became."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from gateway.config.settings import Settings
from gateway.decide.closed import Closing
from gateway.mail.ending import Ending
from gateway.model import questions as ask
from gateway.model.effects import EffectBody
from gateway.model.email import Address
from gateway.model.problem import Problem
from gateway.model.reasons import Reason
from gateway.model.window import Window
from gateway.store import deliveries
from gateway.store.deliveries import Delivery
from gateway.store.effects import body_of
from gateway.store.raw import RawMail
from gateway.store.reading import Unreadable, garbled, looking
from gateway.store.schema import delivery, effect, raw
from gateway.store.stage import ENDED, Stage
from gateway.work.effects import KINDS
from gateway.work.effects.document import HELD

BATCH = 200
NOT_DECIDED = (
    Reason.API_REJECTED,
    Reason.DESK_REFUSED,
    Reason.OUTCOME_UNKNOWN,
    Reason.DAMAGED,
    Reason.RETRIES_EXHAUSTED,
    Reason.UNPARSEABLE,
    Reason.NO_MAILBOX,
    Reason.DROPPED,
    Reason.NO_TICKET,
)

QUESTIONS: dict[str, type[ask.Question]] = {question.kind: question for question in ask.Question.__subclasses__()}
ANSWERS: dict[type[ask.Question], Any] = {
    ask.Copies: ask.Copy,
    ask.TicketsOf: ask.Mapped,
    ask.TicketFacts: ask.Ticket,
    ask.TicketByNumber: ask.Ticket,
    ask.ContactsOf: ask.Contact,
    ask.StateOf: ask.TicketState,
    ask.ClosingOn: Closing,
    ask.RecentMails: ask.Recent,
    ask.UnknownIn: ask.Unshown,
    ask.EndingOf: Ending,
    ask.ProblemsOf: Problem,
    ask.PlannedWork: Problem,
    ask.WindowsAt: Window,
    ask.OfIncident: Problem,
    ask.OpenOfObject: Problem,
    ask.ClientIn: ask.NamedClient,
}


@dataclass(frozen=True, slots=True)
class Kept:
    """``became`` is in the words by which two decisions are compared; ``is_held``: a maintenance window had held it."""

    delivery: Delivery
    mail: bytes | Path
    answers: dict[ask.Question, Any]
    became: dict[str, str]
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Mails that are looked at together: those accepted since a time, by their numbers ``after`` .. ``upto``."""

    since: float
    after: int
    upto: int


def compared(outcome: str, ticket_id: str, effects: Iterable[EffectBody]) -> dict[str, str]:
    """What of a plan's effects counts when two decisions are compared."""
    found = {"outcome": outcome, "ticket": ticket_id} if outcome == "comment" else {"outcome": outcome}
    held: list[str] = []
    for body in effects:
        said = KINDS[body.kind].compare(body, outcome)
        held += [said.pop(HELD)] if HELD in said else []
        found.update(said)
    return {**found, HELD: ", ".join(held)} if held else found


def total(connection: Connection, since: float) -> int:
    """How many mails there are to look at."""
    query = select(func.count()).select_from(delivery).where(delivery.c.accepted_at >= since)
    return int(connection.execute(query).scalar_one())


def batches(connection: Connection, since: float, most: int = BATCH) -> list[Batch]:
    """The mails there are to look at, in order of acceptance."""
    query = select(delivery.c.seq).where(delivery.c.accepted_at >= since).order_by(delivery.c.seq)
    numbers = connection.execute(query).scalars().all()
    ends = [*numbers[most - 1 : -1 : most], *numbers[-1:]]
    return [Batch(since, after, upto) for after, upto in zip([0, *ends], ends, strict=False)]


def taken(connection: Connection, batch: Batch, settings: Settings) -> list[Kept | None]:
    """The mails of a batch, None for those left out."""
    query = select(delivery).where(
        and_(delivery.c.seq > batch.after, delivery.c.seq <= batch.upto, delivery.c.accepted_at >= batch.since)
    )
    with looking():
        rows = connection.execute(query.order_by(delivery.c.seq)).mappings().all()
    if not rows:
        return []
    found = select(effect.c.delivery_id, effect.c.generation, effect.c.kind, effect.c.body).where(
        effect.c.delivery_id.in_([row["id"] for row in rows]),
        or_(
            *(
                and_(effect.c.kind == kind.kind, effect.c.body.contains(kind.compared))
                for kind in KINDS.values()
                if kind.compared is not None
            )
        ),
    )
    plans: dict[tuple[str, int], list[tuple[str, str]]] = {}
    with looking():
        bodies = connection.execute(found.order_by(effect.c.idx)).all()
    for planned in bodies:
        plans.setdefault((planned.delivery_id, planned.generation), []).append((planned.kind, planned.body))
    with looking():
        contents = connection.execute(select(raw).where(raw.c.id.in_([row["raw_id"] for row in rows]))).mappings().all()
    kept_mail = RawMail(settings.store)
    mails = {row["id"]: kept_mail.read_or_none(row) for row in contents}
    return [_kept(row, plans.get((row["id"], row["generation"]), []), mails.get(row["raw_id"])) for row in rows]


def _kept(row: Any, plan: list[tuple[str, str]], mail: bytes | Path | None) -> Kept | None:
    if garbled([*row.values(), *(body for _, body in plan)]):
        return None
    if row["stage"] not in ENDED or not row["trace"] or mail is None or row["generation"] > 1:
        return None
    if row["reason"] in NOT_DECIDED or row["moved_to"] or row["moved_from"]:
        return None
    if row["stage"] != Stage.DONE.value:
        word = "suppress" if row["stage"] == Stage.SUPPRESSED.value else "quarantine"
        became = {"outcome": f"{word} {row['reason']}"}
    else:
        outcome = "comment" if row["outcome"] == "comment" else "ticket"
        if outcome == "ticket" and not any(KINDS[kind].makes_ticket for kind, _ in plan):
            return None
        try:
            became = compared(outcome, row["ticket_id"], [body_of(kind, body) for kind, body in plan])
        except Unreadable:
            return None
    delivery = replace(deliveries.of_row(row), files_released=False)  # as it was decided at first
    trace = json.loads(row["trace"])
    return Kept(delivery, mail, answers_of(trace), became, trace.get("held", False))


def answers_of(trace: dict[str, Any]) -> dict[ask.Question, Any]:
    """The questions of a kept trace with their answers."""
    found: dict[ask.Question, Any] = {}
    for answered in trace.get("answers", ()):
        kind = QUESTIONS.get(answered["asked"])
        if kind is None:
            continue
        try:
            about = {key: _about(value) for key, value in answered["about"].items()}
            found[kind(**about)] = _answer(kind, answered["answer"])
        except TypeError:  # kept by another version
            continue
    return found


def _about(value: Any) -> Any:
    """A value of a question: its lists are tuples, and what has parts is an address."""
    return tuple(value) if isinstance(value, list) else Address(**value) if isinstance(value, dict) else value


def _answer(kind: type[ask.Question], value: Any) -> Any:
    shape = ANSWERS.get(kind)
    if isinstance(value, list) and shape is not None:
        return [shape(**part) for part in value]
    if isinstance(value, list):
        return tuple(value)
    if shape is None or not isinstance(value, dict):
        return value
    return shape(**{key: tuple(each) if isinstance(each, list) else each for key, each in value.items()})
