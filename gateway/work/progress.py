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

    def not_before(self, effect: Effect) -> float:
        """The time before which an effect does not run: its own, or so long after the plan's ticket was made."""
        if not effect.body.wait:
            return effect.body.after
        made = next((ticket.good_at for ticket in of_type(self.effects, TicketBody)), 0.0)
        return made + effect.body.wait

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
