"""A tag that a rule gives to the ticket."""

from __future__ import annotations

from typing import Any

from gateway.desk.outcome import Outcome
from gateway.model.effects import TagBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Conflict, Repeatable, Run


class AddTag(Repeatable[TagBody]):
    """The desk refuses a tag that the ticket has: then it is there."""

    kind = TagBody.kind
    did = "set the tags"
    conflict = Conflict.DONE
    compared = ""

    def describe(self, body: TagBody) -> dict[str, Any]:
        return {"effect": "add tag", "tag": body.tag}

    def compare(self, body: TagBody, outcome: str) -> dict[str, str]:
        return {f"tag {body.tag}": "yes"} if outcome in ("ticket", "comment") else {}

    async def send(self, run: Run, effect: EffectOf[TagBody], prepared: Any) -> Outcome:
        return await run.desk.add_tag(run.on(effect), effect.body.tag, run.permit)
