"""The internal comment that says what became of the ticket of a problem that is over."""

from __future__ import annotations

from typing import Any

from gateway import blocks as rich
from gateway.desk.outcome import Outcome
from gateway.model.effects import ToldBody
from gateway.store.effects import EffectOf
from gateway.store.stage import EffectState
from gateway.work.effects.base import Run, Unfit
from gateway.work.effects.close_ticket import SILENT
from gateway.work.effects.commenting import Commenting


class TellClosing(Commenting[ToldBody]):
    """It stands in the plan behind the closing."""

    kind = ToldBody.kind
    did = "wrote on the ticket why it was closed or stays open"
    elsewhere = True

    def describe(self, body: ToldBody) -> dict[str, Any]:
        return {"effect": "tell what became of the ticket"}

    async def prepare(self, run: Run, effect: EffectOf[ToldBody]) -> list[Any]:
        """The text. Raises Unfit when there is nothing to tell."""
        close = run.progress.effects[effect.idx - 1]
        closed = close.state is EffectState.DONE
        if not closed and close.reason in SILENT:
            raise Unfit(close.reason)
        lines = run.templates.lines("recovered", **effect.body.words, closed=closed, why=close.reason)
        return rich.harmless([rich.paragraph(line) for line in lines])

    async def send(self, run: Run, effect: EffectOf[ToldBody], prepared: list[Any]) -> Outcome:
        return await self.post(run, effect, prepared, effect.body.facts)
