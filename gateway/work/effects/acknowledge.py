"""A mail to the sender about what became of theirs. It leaves by the smarthost, not by the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gateway.desk.outcome import Good, Outcome
from gateway.desk.port import Desk
from gateway.desk.readback import Aim
from gateway.desk.records import Remote
from gateway.model.effects import AcknowledgeBody
from gateway.store import mapping
from gateway.store.deliveries import Delivery
from gateway.store.effects import EffectOf
from gateway.store.engine import Store
from gateway.store.letters import Letter
from gateway.work.acknowledging import Acknowledger
from gateway.work.effects.base import EffectKind, Run, Unfit


@dataclass(frozen=True, slots=True)
class Prepared:
    acknowledger: Acknowledger
    letter: Letter
    delivery: Delivery


class Acknowledge(EffectKind[AcknowledgeBody]):
    """Its letter is kept in the transaction that marks it as sent: from then on it is done."""

    kind = AcknowledgeBody.kind
    did = "wrote a mail to the sender"
    is_letter = True
    needs_ticket = False

    def describe(self, body: AcknowledgeBody) -> dict[str, Any]:
        return {"effect": "tell the sender by mail", "occasion": body.occasion, "recipient": body.recipient}

    async def prepare(self, run: Run, effect: EffectOf[AcknowledgeBody]) -> Prepared:
        delivery, acknowledger = run.progress.delivery, run.planner.acknowledger
        if why := acknowledger.silence(delivery, run.desk.rehearses):
            raise Unfit(why)
        ticket = await run.store.glance(lambda c: mapping.get_ticket(c, delivery.desk, run.ticket_id))
        letter = acknowledger.letter(effect.body, delivery, ticket["number"] if ticket else "")
        return Prepared(acknowledger, letter, delivery)

    def commit(self, connection: Connection, effect: EffectOf[AcknowledgeBody], prepared: Prepared) -> None:
        delivery = prepared.delivery
        if why := prepared.acknowledger.keep(connection, prepared.letter):
            raise Unfit(why)
        own = prepared.acknowledger.message_id(prepared.letter)
        mapping.learn(connection, delivery.desk, delivery.board_id, delivery.id, delivery.ticket_id, own)

    async def send(self, run: Run, effect: EffectOf[AcknowledgeBody], prepared: Prepared) -> Outcome:
        return Good(200, None, {})

    async def find(
        self,
        store: Store,
        desk: Desk,
        effect: EffectOf[AcknowledgeBody],
        ticket_id: str,
        aim: Aim = Aim.ADOPT,
        not_before: float = 0.0,
    ) -> list[Remote]:
        return [Remote()]
