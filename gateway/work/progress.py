"""One plan under work: its delivery and its effects, as the store has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.model.effects import (
    AboutFilesBody,
    ContactBody,
    DocumentBody,
    MissingBody,
    ReleasedBody,
    TicketBody,
)
from gateway.store.deliveries import Delivery
from gateway.store.effects import Effect, EffectOf, of_type
from gateway.store.stage import EffectState


class Progress:
    """What the effects of one plan know of each other. Changed by the ledger alone, after the store."""

    def __init__(self, delivery: Delivery, effects: list[Effect]) -> None:
        self.delivery = delivery
        self.effects = effects

    @property
    def ticket_id(self) -> str:
        return self.delivery.ticket_id

    def remember(self, effect: Effect, **values: Any) -> Effect:
        self.effects[effect.idx] = replace(effect, **values)
        return self.effects[effect.idx]

    @property
    def about(self) -> str:
        """The problem whose ticket is the plan's own, "" where that is of all that it begins."""
        return next((ticket.body.about for ticket in of_type(self.effects, TicketBody)), "")

    def ticket_of(self, effect: Effect) -> str:
        """The ticket that an effect is on: the one that it names, that of its problem, or the plan's own."""
        about, made = effect.body.about, self._ticket_made(effect)
        return effect.body.ticket_id or (made.remote_id if about and made else self.ticket_id)

    def not_before(self, effect: Effect) -> float:
        """The time before which an effect does not run: its own, or so long after its ticket was made."""
        if not effect.body.wait:
            return effect.body.after
        made = self._ticket_made(effect)
        return (made.good_at if made else 0.0) + effect.body.wait

    def _ticket_made(self, effect: Effect) -> EffectOf[TicketBody] | None:
        """What makes the ticket that an effect is on, None where the plan does not."""
        made = of_type(self.effects, TicketBody)
        return next((ticket for ticket in made if ticket.body.about == effect.body.about), None)

    def made_contact(self) -> str:
        """The contact that this plan made, "" for none."""
        return next((made.remote_id for made in of_type(self.effects, ContactBody) if made.remote_id), "")

    def refused_files(self, missing: EffectOf[MissingBody]) -> list[tuple[str, str]]:
        """(name, why) of the files that the desk did not take, of those of which a comment tells."""
        return [(file.body.name, file.reason) for file in self._told(missing) if file.state is EffectState.REFUSED]

    def released_files(self, released: EffectOf[ReleasedBody]) -> list[str]:
        """The names of the files that are at the desk now, of those of which a comment tells."""
        here = (EffectState.DONE, EffectState.SKIPPED)  # skipped: another mail brought the same file
        return [file.body.name for file in self._told(released) if file.state in here]

    def _told(self, comment: EffectOf[AboutFilesBody]) -> list[EffectOf[DocumentBody]]:
        """The documents of which a comment on files tells: of all, or of those that were let go together."""
        told = comment.body.documents
        return [file for file in of_type(self.effects, DocumentBody) if told is None or file.idx in told]

    def files(self) -> list[EffectOf[DocumentBody]]:
        """The documents that are files of the mail."""
        return [file for file in of_type(self.effects, DocumentBody) if file.body.index is not None]
