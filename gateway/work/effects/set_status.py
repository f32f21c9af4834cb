"""A status that a rule or a notice gives to the ticket, and the reopening of a closed one by a reply."""

from __future__ import annotations

from typing import Any

from gateway.desk.catalog import reopen_statuses
from gateway.desk.outcome import DeskAway, Good, Outcome, Refused
from gateway.desk.pacing import BEGUN
from gateway.desk.records import Board
from gateway.model.effects import ReopenBody, StatusBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Repeatable, Run

MOST_STATUSES = 4
WRONG = (400, 422)


class SetStatus(Repeatable[StatusBody]):
    kind = StatusBody.kind
    did = "set the status"

    def describe(self, body: StatusBody) -> dict[str, Any]:
        return {"effect": "set status", "status_id": body.status_id}

    async def send(self, run: Run, effect: EffectOf[StatusBody], prepared: Any) -> Outcome:
        return await run.desk.set_status(run.on(effect), effect.body.status_id, run.permit)


class Reopen(SetStatus):
    """A kind of its own: reopenings are counted, to end a quarrel with who closes. The desk refuses a status of another
    board, and the ticket may have been moved since: then the statuses of the board on which it is are tried."""

    kind = ReopenBody.kind
    did = "reopened {ticket}"

    def describe(self, body: StatusBody) -> dict[str, Any]:
        return {"effect": "reopen", "status_id": body.status_id}

    async def send(self, run: Run, effect: EffectOf[StatusBody], prepared: Any) -> Outcome:
        outcome = await super().send(run, effect, prepared)
        if not _is_wrong(outcome):
            return outcome
        ticket = await run.desk.ticket(run.on(effect), BEGUN)
        if not isinstance(ticket, Good):
            return ticket
        if not ticket.data.is_closed:
            return ticket
        for status_id in await _statuses(run, ticket.data.board_id, effect):
            outcome = await run.desk.set_status(run.on(effect), status_id, run.permit)
            if not _is_wrong(outcome):
                return outcome
        return outcome


def _is_wrong(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.status in WRONG


async def _statuses(run: Run, board_id: str, effect: EffectOf[StatusBody]) -> list[str]:
    """The statuses of the board that the ticket may get, best first, without the one that was refused; none where the
    desk does not tell."""
    directory = run.planner.directories[run.progress.delivery.desk]
    known = directory.catalog.boards if directory.catalog else {}
    board = known.get(board_id) or Board(board_id, "")
    try:
        statuses = await directory.statuses_of(board_id, BEGUN)
    except DeskAway:
        return []
    found = [status_id for status_id in reopen_statuses(board, statuses) if status_id != effect.body.status_id]
    return found[: MOST_STATUSES - 1]
