"""The internal comment on the ticket from which an operator took a mail away."""

from __future__ import annotations

from typing import Any

from gateway import blocks as rich
from gateway.desk.outcome import Outcome
from gateway.model.effects import MovedBody
from gateway.store import mapping
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Run
from gateway.work.effects.commenting import Commenting


class SayMoved(Commenting[MovedBody]):
    kind = MovedBody.kind
    did = "wrote on the other ticket that the mail was moved"
    elsewhere = True

    def describe(self, body: MovedBody) -> dict[str, Any]:
        return {"effect": "say on the old ticket that it was moved", "ticket_id": body.ticket_id}

    async def send(self, run: Run, effect: EffectOf[MovedBody], prepared: Any) -> Outcome:
        body, delivery = effect.body, run.progress.delivery
        if not (body.words and delivery.ticket_id):
            return await self.post_as_planned(run, effect)  # of an earlier version
        known = await run.store.glance(lambda c: mapping.get_ticket(c, delivery.desk, run.ticket_id))
        lines = run.templates.lines("moved", **body.words, there=known["number"] if known else "")
        blocks = rich.harmless([rich.paragraph(line) for line in lines])
        return await self.post(run, effect, blocks, body.facts)
