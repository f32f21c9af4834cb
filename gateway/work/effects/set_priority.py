"""The ticket's priority, set or raised."""

from __future__ import annotations

from typing import Any

from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.pacing import BEGUN
from gateway.model.effects import PriorityBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Repeatable, Run


class SetPriority(Repeatable[PriorityBody]):
    kind = PriorityBody.kind
    did = "set the priority"
    counted = True
    elsewhere = True
    compared = ""

    def describe(self, body: PriorityBody) -> dict[str, Any]:
        words = "raise the priority" if body.before is not None or body.below is not None else "set the priority"
        return {"effect": words, "priority_id": body.priority_id}

    def compare(self, body: PriorityBody, outcome: str) -> dict[str, str]:
        if outcome != "comment":
            return {}
        return {"priority at least" if body.below is not None else "priority": body.priority_id}

    async def send(self, run: Run, effect: EffectOf[PriorityBody], prepared: Any) -> Outcome:
        """For a notice only where nobody has changed it since, to raise it only where it is lower."""
        wanted = effect.body.priority_id
        outcome = await run.desk.ticket(run.on(effect), BEGUN)
        if not isinstance(outcome, Good) or outcome.data.priority_id == wanted:
            return outcome
        current = outcome.data.priority_id
        if effect.body.before is not None and current != effect.body.before:
            return Refused(0, "CHANGED", "somebody set the priority")
        if effect.body.below is not None and current not in effect.body.below:
            return Refused(0, "HIGHER", "its priority is not lower")
        return await run.desk.update_ticket(run.on(effect), {"priority_id": wanted}, run.permit)
