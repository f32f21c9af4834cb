"""The internal comment that says that a ticket stays closed though it was answered. Planned with every reopening."""

from __future__ import annotations

from typing import Any

from gateway import blocks as rich
from gateway.desk.outcome import Outcome
from gateway.model.effects import ReopenBody, StillClosedBody
from gateway.store.effects import EffectOf, of_type
from gateway.store.stage import EffectState
from gateway.work.effects.base import Run, Unfit
from gateway.work.effects.commenting import Commenting
from gateway.work.progress import Progress


class TellStillClosed(Commenting[StillClosedBody]):
    """It stands in the plan behind the reopening."""

    kind = StillClosedBody.kind
    did = "looked whether {ticket} is still closed"
    only_on_refusal = True

    def describe(self, body: StillClosedBody) -> dict[str, Any]:
        return {"effect": "tell that the ticket stays closed, if it does"}

    def is_spared(self, progress: Progress, effect: EffectOf[StillClosedBody]) -> bool:
        return not _refused(progress)

    async def prepare(self, run: Run, effect: EffectOf[StillClosedBody]) -> str:
        """What the desk said to it."""
        if not (refused := _refused(run.progress)):
            raise Unfit("the ticket is open")
        return refused

    async def send(self, run: Run, effect: EffectOf[StillClosedBody], prepared: str) -> Outcome:
        lines = run.templates.lines("still-closed", **run.names, why=prepared)
        blocks = rich.harmless([rich.paragraph(line) for line in lines])
        return await self.post(run, effect, blocks, effect.body.facts)


def _refused(progress: Progress) -> str:
    """Why the ticket was not reopened; "" where it was, or will be tried."""
    ended = (reopen for reopen in of_type(progress.effects, ReopenBody) if reopen.state is EffectState.SKIPPED)
    return next((reopen.reason or "no reason was given" for reopen in ended), "")
