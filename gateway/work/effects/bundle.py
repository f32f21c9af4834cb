"""The ticket under the master ticket of its incident."""

from __future__ import annotations

from typing import Any

from gateway.desk.outcome import Outcome
from gateway.model.effects import BundleBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Conflict, Repeatable, Run


class Bundle(Repeatable[BundleBody]):
    kind = BundleBody.kind
    did = "bundled the tickets"
    counted = True
    conflict = Conflict.REFUSED
    elsewhere = True

    def describe(self, body: BundleBody) -> dict[str, Any]:
        return {"effect": "bundle", "under": body.master_id, "mode": body.mode}

    async def send(self, run: Run, effect: EffectOf[BundleBody], prepared: Any) -> Outcome:
        return await run.desk.bundle(effect.body.master_id, run.on(effect), effect.body.mode, run.permit)
