"""A remark for the technicians beside the text: what a forwarder wrote, what the gateway has to say."""

from __future__ import annotations

from typing import Any

from gateway.decide.pictures import place_pictures
from gateway.desk.outcome import Outcome
from gateway.model.effects import NoteBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Run
from gateway.work.effects.commenting import Commenting, file_ids


class AddNote(Commenting[NoteBody]):
    kind = NoteBody.kind
    did = "wrote an internal note on {ticket}"
    compared = ""

    def describe(self, body: NoteBody) -> dict[str, Any]:
        return {"effect": "add internal comment", "internal": True}

    def compare(self, body: NoteBody, outcome: str) -> dict[str, str]:
        return {"internal comments": "yes"} if outcome == "ticket" else {}

    async def send(self, run: Run, effect: EffectOf[NoteBody], prepared: Any) -> Outcome:
        blocks = place_pictures(effect.body.blocks, await file_ids(run))
        return await self.post(run, effect, blocks, effect.body.facts)
