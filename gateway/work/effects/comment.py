"""The text of a mail as a comment, in parts when it is long."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from gateway.decide.pictures import place_pictures
from gateway.desk.outcome import Good, Outcome
from gateway.desk.port import Desk
from gateway.model.effects import CommentBody
from gateway.store import problems
from gateway.store.deliveries import Delivery
from gateway.store.effects import EffectOf, of_type
from gateway.work.effects.base import GONE, Run
from gateway.work.effects.commenting import Commenting, file_ids
from gateway.work.progress import Progress


class Comment(Commenting[CommentBody]):
    kind = CommentBody.kind
    did = "wrote {comment} on {ticket}"
    in_order = True
    optional = False
    is_verified = True
    can_be_seen = True
    compared = 'internal": true'  # with or without "is_" before it, as earlier versions stored it

    def describe(self, body: CommentBody) -> dict[str, Any]:
        return {"effect": "add comment", "internal": body.internal}

    def compare(self, body: CommentBody, outcome: str) -> dict[str, str]:
        internal = outcome == "comment" and body.internal
        return {"outcome": "internal comment"} if internal else {}

    async def send(self, run: Run, effect: EffectOf[CommentBody], prepared: Any) -> Outcome:
        body = effect.body
        blocks = place_pictures(body.blocks, await file_ids(run))
        said = {"internal": body.internal, "mailed": body.mailed, "by_customer": body.by_customer}
        return await self.post(run, effect, blocks, body.facts, **said)

    def posts(self, progress: Progress, effect: EffectOf[CommentBody]) -> bool:
        """The last part of what is on the mail's own ticket."""
        if effect.body.ticket_id or effect.body.about:
            return False
        return not any(other.idx > effect.idx for other in of_type(progress.effects, CommentBody))

    def record_end(
        self, connection: Connection, delivery: Delivery, effect: EffectOf[CommentBody], reason: str
    ) -> None:
        """The ticket of a problem is gone: the next notice of it makes another."""
        if reason == GONE and effect.body.ticket_id:
            problems.forget_ticket(connection, effect.desk, effect.body.ticket_id)

    async def is_there(self, desk: Desk, remote_id: str, ticket_id: str, sent_at: float) -> tuple[Outcome, bool]:
        outcome = await desk.comments(ticket_id, sent_at - 3600)
        return outcome, isinstance(outcome, Good) and any(comment.id == remote_id for comment in outcome.data)
