"""A status that a rule or a notice gives to the ticket, and the reopening of a closed one by a reply."""

from __future__ import annotations

from typing import Any

from gateway.desk.algapsa import bodies
from gateway.desk.outcome import Outcome
from gateway.model.effects import ReopenBody, StatusBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Repeatable, Run


class SetStatus(Repeatable[StatusBody]):
    kind = StatusBody.kind

    def describe(self, body: StatusBody) -> dict[str, Any]:
        return {"effect": "set status", "status_id": body.status_id}

    async def send(self, run: Run, effect: EffectOf[StatusBody], prepared: Any) -> Outcome:
        return await run.desk.set_status(run.ticket_id, bodies.status(effect.body.status_id), run.permit)


class Reopen(SetStatus):
    """A kind of its own: reopenings are counted, to end a quarrel with who closes."""

    kind = ReopenBody.kind

    def describe(self, body: StatusBody) -> dict[str, Any]:
        return {"effect": "reopen", "status_id": body.status_id}
