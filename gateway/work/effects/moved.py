"""The internal comment on the ticket from which an operator took a mail away."""

from __future__ import annotations

from typing import Any

from gateway.desk.outcome import Outcome
from gateway.model.effects import MovedBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Run
from gateway.work.effects.commenting import Commenting


class SayMoved(Commenting[MovedBody]):
    kind = MovedBody.kind
    elsewhere = True

    def describe(self, body: MovedBody) -> dict[str, Any]:
        return {"effect": "say on the old ticket that it was moved", "ticket_id": body.ticket_id}

    async def send(self, run: Run, effect: EffectOf[MovedBody], prepared: Any) -> Outcome:
        return await self.post_as_planned(run, effect)
