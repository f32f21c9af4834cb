"""The client of a ticket that was made before it could be told whose it is."""

from __future__ import annotations

from typing import Any

from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.pacing import BEGUN
from gateway.model.effects import ClientBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Repeatable, Run


class SetClient(Repeatable[ClientBody]):
    kind = ClientBody.kind
    did = "moved the ticket to its client"
    counted = True
    elsewhere = True
    compared = ""

    def describe(self, body: ClientBody) -> dict[str, Any]:
        return {"effect": "move the ticket to its client", "client_id": body.client_id}

    def compare(self, body: ClientBody, outcome: str) -> dict[str, str]:
        return {"client": body.client_id} if outcome == "ticket" else {}

    async def send(self, run: Run, effect: EffectOf[ClientBody], prepared: Any) -> Outcome:
        """Unless somebody has moved it meanwhile."""
        wanted = effect.body.client_id
        outcome = await run.desk.ticket(run.on(effect), BEGUN)
        if not isinstance(outcome, Good) or outcome.data.client_id == wanted:
            return outcome
        if outcome.data.client_id != effect.body.before:
            return Refused(0, "CHANGED", "somebody moved it to another client")
        return await run.desk.update_ticket(run.on(effect), {"client_id": wanted}, run.permit)
