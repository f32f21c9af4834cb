"""The ticket of a new conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from gateway.desk.directory import Directory
from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.port import Desk
from gateway.desk.readback import Aim
from gateway.desk.records import Remote
from gateway.desk.refusals import Whose
from gateway.desk.sight import MOST_TRIES, Made
from gateway.model.effects import TicketBody
from gateway.store import mapping, posted
from gateway.store.deliveries import Delivery
from gateway.store.effects import EffectOf
from gateway.store.engine import Store
from gateway.work.effects.base import EffectKind, Run
from gateway.work.effects.commenting import mark_double, prints_of
from gateway.work.progress import Progress

COMPARED = {
    "board_id": "board",
    "status_id": "status",
    "priority_id": "priority",
    "client_id": "client",
    "contact_id": "contact",
    "assigned_to": "assignee",
    "category_id": "category",
    "subcategory_id": "subcategory",
    "title": "title",
}


class CreateTicket(EffectKind[TicketBody]):
    kind = TicketBody.kind
    did = "made ticket {ticket}"
    counted = True
    optional = False
    needs_ticket = False
    makes_ticket = True
    is_watched = True
    is_verified = True
    can_be_seen = True
    compared = ""

    def describe(self, body: TicketBody) -> dict[str, Any]:
        return {"effect": "create ticket", "title": body.title, **body.ids}

    def names(self, body: TicketBody) -> Mapping[str, str]:
        return body.ids

    def compare(self, body: TicketBody, outcome: str) -> dict[str, str]:
        values = {"title": body.title, **body.ids}
        return {name: str(values[key]) for key, name in COMPARED.items() if values.get(key)}

    async def send(self, run: Run, effect: EffectOf[TicketBody], prepared: Any) -> Outcome:
        made = run.progress.made_contact()
        return await run.desk.create_ticket(effect.body, effect.marker, made, run.permit)

    async def find(
        self,
        store: Store,
        desk: Desk,
        effect: EffectOf[TicketBody],
        ticket_id: str,
        aim: Aim = Aim.ADOPT,
        not_before: float = 0.0,
    ) -> list[Remote]:
        return await desk.find_tickets(effect.marker, effect.sent_at, aim, not_before)

    async def whose(self, directory: Directory, effect: EffectOf[TicketBody], refused: Refused) -> Whose:
        return await directory.refusals.whose_creation(refused, effect.body.ids["client_id"])

    async def may_be_hidden(self, run: Run, directory: Directory, effect: EffectOf[TicketBody]) -> bool:
        """The desk's lists do not show a client that the key may not see."""
        client_id = effect.body.ids["client_id"]
        known = await run.store.glance(lambda c: mapping.tickets_of_client(c, effect.desk, client_id, MOST_TRIES))
        return await directory.sight.is_blind(client_id, [Made(*ticket, client_id) for ticket in known])

    def posts(self, progress: Progress, effect: EffectOf[TicketBody]) -> bool:
        return True

    def record_done(
        self,
        connection: Connection,
        delivery: Delivery,
        effect: EffectOf[TicketBody],
        remote: Remote,
        now: float,
    ) -> None:
        """The words of the description, to be known again in quotes."""
        prints = prints_of(effect.body.description)
        posted.begin(connection, delivery.desk, delivery.ticket_id, delivery.id, prints)

    def tell(self, directory: Directory, effect: EffectOf[TicketBody], remote: Remote, doubtful: bool) -> None:
        directory.refusals.created()
        if not doubtful:
            directory.sight.made(Made(remote.id, remote.ticket_number, remote.client_id))

    async def settle_double(self, desk: Desk, effect: EffectOf[TicketBody], double: Remote, ticket_id: str) -> None:
        await mark_double(desk, effect, "This ticket", double.id)

    async def is_there(self, desk: Desk, remote_id: str, ticket_id: str, sent_at: float) -> tuple[Outcome, bool]:
        outcome = await desk.ticket(remote_id)
        return outcome, isinstance(outcome, Good)
