"""The contact of a sender whom the desk does not know."""

from __future__ import annotations

from typing import Any

from gateway.desk.directory import Directory
from gateway.desk.outcome import Outcome
from gateway.desk.port import Desk
from gateway.desk.readback import Aim
from gateway.desk.records import Remote
from gateway.model.effects import ContactBody
from gateway.store.effects import EffectOf
from gateway.store.engine import Store
from gateway.work.effects.base import Conflict, EffectKind, Run


class CreateContact(EffectKind[ContactBody]):
    """It is not watched: the desk has no address twice."""

    kind = ContactBody.kind
    did = "made a contact"
    counted = True
    conflict = Conflict.TAKEN
    needs_ticket = False
    compared = ""

    def describe(self, body: ContactBody) -> dict[str, Any]:
        return {"effect": "create contact", "name": body.name, "address": body.address, "client_id": body.client_id}

    def compare(self, body: ContactBody, outcome: str) -> dict[str, str]:
        return {"new contact": "yes"} if outcome == "ticket" else {}

    async def send(self, run: Run, effect: EffectOf[ContactBody], prepared: Any) -> Outcome:
        return await run.desk.create_contact(effect.body, run.permit)

    async def find(
        self,
        store: Store,
        desk: Desk,
        effect: EffectOf[ContactBody],
        ticket_id: str,
        aim: Aim = Aim.ADOPT,
        not_before: float = 0.0,
    ) -> list[Remote]:
        return await desk.find_contacts(effect.body)

    def tell(self, directory: Directory, effect: EffectOf[ContactBody], remote: Remote, doubtful: bool) -> None:
        directory.forget_contact(effect.body.address)
