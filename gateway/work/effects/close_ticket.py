"""Whether a ticket may close by itself: only as we made it, and touched by nobody.

Untouched is a ticket with the status that we gave it, no comment but those about the vendor's notices (they
carry our mark in their metadata), and no time entry. What the desk's own rules refuse stays open as well.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.pacing import BEGUN
from gateway.desk.port import Desk
from gateway.desk.records import Comment, Remote
from gateway.model.effects import CloseBody
from gateway.store import problems
from gateway.store.deliveries import Delivery
from gateway.store.effects import EffectOf
from gateway.store.engine import Store
from gateway.work.effects.base import GONE, NotAnswered, Repeatable, Run, Unfit

NEWER = "a newer notice says otherwise"
BEFORE = "somebody closed it before"
SILENT = (GONE, NEWER, BEFORE)
"""Reasons that nobody needs to be told of."""


class CloseTicket(Repeatable[CloseBody]):
    kind = CloseBody.kind
    did = "closed {ticket}"
    looks_first = True
    elsewhere = True

    def describe(self, body: CloseBody) -> dict[str, Any]:
        never = {"never": body.never} if body.never else {}
        return {"effect": "close the ticket if nobody touched it", "after": body.after, **never}

    async def prepare(self, run: Run, effect: EffectOf[CloseBody]) -> None:
        await check(run.store, run.desk, effect)

    def commit(self, connection: Connection, effect: EffectOf[CloseBody], prepared: Any) -> None:
        if not problems.begin_closing(connection, effect.body.problem, effect.body.changed_at):
            raise Unfit(NEWER)

    async def send(self, run: Run, effect: EffectOf[CloseBody], prepared: Any) -> Outcome:
        return await run.desk.set_status(effect.body.ticket_id, effect.body.closed_id, run.permit)

    def record_done(
        self, connection: Connection, delivery: Delivery, effect: EffectOf[CloseBody], remote: Remote, now: float
    ) -> None:
        problems.end_closing(connection, effect.body.problem, effect.body.changed_at, now, left="")

    def record_end(self, connection: Connection, delivery: Delivery, effect: EffectOf[CloseBody], reason: str) -> None:
        problems.end_closing(connection, effect.body.problem, effect.body.changed_at, 0.0, left=reason)


async def check(store: Store, desk: Desk, effect: EffectOf[CloseBody]) -> None:
    """Raises Unfit unless the ticket may be closed now; NotAnswered. Two counted calls."""
    body = effect.body
    problem = await store.glance(lambda c: problems.find(c, body.problem))
    if problem is None or problem.changed_at != body.changed_at or problem.state not in ("recovered", "closing"):
        raise Unfit(NEWER)
    ticket = _good(await desk.ticket(body.ticket_id))
    if ticket.status_id == body.closed_id and effect.sends:
        raise Unfit("closed", done=True)
    if ticket.is_closed:
        raise Unfit(BEFORE)
    if body.never:
        raise Unfit(body.never)
    if ticket.status_id != body.status_id:
        raise Unfit("somebody changed its status")
    if any(not _ours(comment) for comment in _good(await desk.comments(body.ticket_id, 0.0))):
        raise Unfit("somebody wrote on it")
    answer = await desk.time_booked(body.ticket_id, BEGUN)
    if isinstance(answer, Refused) and answer.status == 403:
        raise Unfit(f"the desk does not say whether time was booked on it: {desk.booking_hint}")
    booked = _good(answer, desk.booking_hint)
    if booked is None:
        raise Unfit("the desk does not say whether time was booked on it")
    if booked:
        raise Unfit("somebody booked time on it")


def _good(outcome: Outcome, hint: str = "") -> Any:
    if not isinstance(outcome, Good):
        raise NotAnswered(outcome, hint)
    return outcome.data


def _ours(comment: Comment) -> bool:
    """Whether a comment is one of ours about a notice: a customer's reply that we posted is not."""
    return bool(comment.facts.get("marker")) and bool(comment.facts.get("notice"))
