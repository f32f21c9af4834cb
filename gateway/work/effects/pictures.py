"""The pictures of a mail in their places in the ticket's description, once they are uploaded."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from gateway import blocks as rich
from gateway.decide.pictures import place_pictures
from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.pacing import BEGUN
from gateway.desk.records import Remote, Ticket
from gateway.model.effects import PicturesBody
from gateway.store.effects import EffectOf
from gateway.work.effects.base import Repeatable, Run
from gateway.work.effects.commenting import file_ids


class PlacePictures(Repeatable[PicturesBody]):
    kind = PicturesBody.kind
    did = "put the pictures in their place"
    counted = True
    uploads = True

    def describe(self, body: PicturesBody) -> dict[str, Any]:
        return {"effect": "put pictures into the text"}

    async def send(self, run: Run, effect: EffectOf[PicturesBody], prepared: Any) -> Outcome:
        """Only where nobody has changed the description since: also those that were held when the others came into
        their places."""
        outcome = await run.desk.ticket(run.on(effect), BEGUN)
        if not isinstance(outcome, Good):
            return outcome
        ticket: Ticket = outcome.data
        before = ticket.description
        after = rich.dumps(place_pictures(effect.body.blocks, await file_ids(run)))
        ours = Remote(described=_digest(after))
        if before == after:
            return replace(outcome, data=ours)
        if before != effect.body.before and _digest(before) != effect.remote.get("described"):
            return Refused(0, "CHANGED", "someone changed the description; the pictures stay files")
        outcome = await run.desk.set_description(ticket, after, run.permit)
        return replace(outcome, data=ours) if isinstance(outcome, Good) else outcome


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
