"""The ticket of one more problem of a mail that reports several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from gateway.desk.records import Remote
from gateway.model.effects import FurtherTicketBody
from gateway.store import mapping, order, posted, problems
from gateway.store.deliveries import Delivery
from gateway.store.effects import EffectOf
from gateway.work.effects.commenting import prints_of
from gateway.work.effects.create_ticket import CreateTicket
from gateway.work.progress import Progress


class CreateFurtherTicket(CreateTicket):
    """The mail has its own beside it; the refusal of this one sets the mail aside, too."""

    kind = FurtherTicketBody.kind
    did = "made a further ticket, {further}"
    makes_ticket = False

    def describe(self, body: Any) -> dict[str, Any]:
        return {**super().describe(body), "effect": "create further ticket"}

    def names(self, body: Any) -> Mapping[str, str]:
        """None: beside it stands the mail's own ticket, which is made already."""
        return {}

    def compare(self, body: Any, outcome: str) -> dict[str, str]:
        return {f"{name} of {body.title}": value for name, value in super().compare(body, outcome).items()}

    def posts(self, progress: Progress, effect: Any) -> bool:
        return False

    def record_done(
        self, connection: Connection, delivery: Delivery, effect: EffectOf[Any], remote: Remote, now: float
    ) -> None:
        """The problem has its ticket, and who waited for it may go."""
        body, ticket_id, number = effect.body, remote.id, remote.ticket_number
        posted.begin(connection, delivery.desk, ticket_id, delivery.id, prints_of(body.description))
        mapping.add_ticket(
            connection,
            desk=delivery.desk,
            ticket_id=ticket_id,
            number=number,
            board_id=body.ids["board_id"],
            client_id=body.whose,
            contact_id="",
            fallback=body.fallback,
        )
        problems.ticket_made(connection, delivery.id, ticket_id, number, about=body.about)
        order.wake(connection, delivery.seq, now)
