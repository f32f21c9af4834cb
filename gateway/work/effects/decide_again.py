"""Planned work is over: a problem that is not gets a ticket of its own."""

from __future__ import annotations

from typing import Any

from gateway.model.effects import AgainBody
from gateway.store import problems
from gateway.store.effects import EffectOf
from gateway.work.effects.base import EffectKind, MustRedecide, Run, Unfit


class DecideAgain(EffectKind[AgainBody]):
    """Never sent: it ends before."""

    kind = AgainBody.kind
    did = "decided again"

    def describe(self, body: AgainBody) -> dict[str, Any]:
        return {"effect": "decide the mail again", "after": body.after}

    async def prepare(self, run: Run, effect: EffectOf[AgainBody]) -> None:
        problem = await run.store.glance(lambda c: problems.find(c, effect.body.problem))
        same = problem is not None and problem.alive and problem.changed_at == effect.body.changed_at
        if problem is not None and same and problem.until:
            raise MustRedecide("decided anew")
        raise Unfit("it is over")
