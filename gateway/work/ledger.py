"""The effects of one plan under work, kept as the store has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection

from gateway.desk.records import Remote
from gateway.mail.ending import Seen
from gateway.store import deliveries, effects, endings, mapping, order, problems, ticketfiles
from gateway.store.deliveries import Delivery
from gateway.store.effects import Effect
from gateway.store.engine import Store
from gateway.store.stage import UNFINISHED, EffectState, Stage
from gateway.work.effects import KINDS
from gateway.work.progress import Progress
from gateway.work.unknown import WATCH

log = structlog.get_logger("work")


class Ledger:
    """What happens to the effects of a claimed delivery, each step one transaction, or LostClaim.
    ``ended`` when the delivery was moved to DONE with its last effect; ``made`` is the ticket that it made."""

    def __init__(self, store: Store, progress: Progress, settle: float, clock: Callable[[], float]) -> None:
        self.store = store
        self.progress = progress
        self.settle = settle
        self.clock = clock
        self.ended = False
        self.made: Mapping[str, str] | None = None

    @property
    def delivery(self) -> Delivery:
        return self.progress.delivery

    @property
    def effects(self) -> list[Effect]:
        return self.progress.effects

    @property
    def ticket_id(self) -> str:
        return self.progress.ticket_id

    def remember(self, effect: Effect, **values: Any) -> Effect:
        return self.progress.remember(effect, **values)

    async def touch(self, effect: Effect, **values: Any) -> None:
        """Change what is known of an effect without moving it."""

        def touch(connection: Connection) -> None:
            deliveries.check_claim(connection, self.delivery)
            effects.touch(connection, effect, **values)

        await self.store.write(touch)
        self.remember(effect, **values)

    async def back(self, effect: Effect) -> None:
        """The effect did not happen: it is to do again."""

        def back(connection: Connection) -> None:
            deliveries.check_claim(connection, self.delivery)
            effects.set_state(connection, effect, EffectState.TODO)

        if effect.state is EffectState.SENT:
            await self.store.write(back)
            self.remember(effect, state=EffectState.TODO)

    async def end(self, effect: Effect, state: EffectState, reason: str) -> None:
        """The effect ends without: the mail does without it."""
        log.info("effect ended", effect=effect.marker, kind=effect.kind, state=state.value, why=reason)

        def end(connection: Connection) -> None:
            deliveries.check_claim(connection, self.delivery)
            effects.set_state(connection, effect, state, reason=reason)
            KINDS[effect.kind].record_end(connection, self.delivery, effect, reason)

        await self.store.write(end)
        self.remember(effect, state=state, reason=reason)

    async def done(self, effect: Effect, remote: Remote, doubtful: bool = False) -> None:
        """The desk has the effect: record it with all that follows, in one transaction. An effect that
        was ever unknown is looked at again later."""
        now, kind = self.clock(), KINDS[effect.kind]
        kept = remote.kept()
        watch = now + self.settle * WATCH[0] if kind.is_watched and (doubtful or effect.sends > 1) else 0.0
        values: dict[str, Any] = {"remote_id": remote.id, "watch_at": watch, "good_at": now, "reason": ""}
        done = replace(effect, state=EffectState.DONE, remote=kept, **values)
        posts = kind.posts(self.progress, effect)
        left = [other for other in self.effects if other.state in UNFINISHED and other.idx != effect.idx]
        spared = [other for other in left if self._is_spared(other)]
        last = not kind.only_on_refusal and len(spared) == len(left)
        delivery = replace(self.delivery, ticket_id=remote.id) if kind.makes_ticket else self.delivery

        def record(connection: Connection) -> None:
            deliveries.check_claim(connection, self.delivery)
            effects.set_state(connection, effect, EffectState.DONE, remote=kept, **values)
            kind.record_done(connection, delivery, effect, remote, now)
            if posts:
                self._posted(connection, delivery, remote, now)
            where: dict[str, Any] = {"posted": True, "ticket_id": delivery.ticket_id} if posts else {}
            if last:
                for other in spared:
                    effects.set_state(connection, other, EffectState.SKIPPED, reason="nothing is missing")
                deliveries.move(connection, delivery, Stage.DONE, now=now, **where)
            elif posts:
                deliveries.touch(connection, delivery, **where)
                order.wake(connection, delivery.seq, now)

        await self.store.write(record)
        if kind.makes_ticket:
            self.made = {"ticket_id": remote.id, "number": remote.ticket_number}
        self.effects[effect.idx] = done
        self.progress.delivery = replace(delivery, posted=delivery.posted or posts)
        if last:
            self.ended = True
            for other in spared:
                self.remember(other, state=EffectState.SKIPPED)

    def _is_spared(self, effect: Effect) -> bool:
        return KINDS[effect.kind].is_spared(self.progress, effect)

    def _posted(self, connection: Connection, delivery: Delivery, remote: Remote, now: float) -> None:
        """Ids, people and files lead to the ticket from now on."""
        plan = delivery.plan or {}
        if delivery.moved_to:
            mapping.forget_delivery(connection, delivery.id)
        mapping.map_ids(connection, delivery.desk, delivery.board_id, delivery.id, delivery.ticket_id, plan["ids"])
        mapping.add_participants(connection, delivery.desk, delivery.ticket_id, plan["people"])
        if signed := plan.get("signed"):
            seen = Seen(signed["sender"], signed["domain"], delivery.ticket_id, bytes.fromhex(signed["prints"]))
            endings.add(connection, delivery.desk, delivery.id, seen)
        for address, status in plan.get("marks", ()):
            mapping.mark_unreachable(connection, delivery.desk, address, status, now)
        if delivery.moved_to:
            problems.follow(connection, delivery.id, delivery.ticket_id, delivery.moved_from)
        if not plan["ticket_id"]:
            mapping.add_ticket(
                connection,
                desk=delivery.desk,
                ticket_id=delivery.ticket_id,
                number=remote.ticket_number,
                board_id=delivery.board_id,
                client_id=plan["client_id"],
                contact_id=plan["contact_id"] or self.progress.made_contact(),
                fallback=plan["fallback"],
            )
            about = self.progress.about
            problems.ticket_made(connection, delivery.id, delivery.ticket_id, remote.ticket_number, about)
            for file in (each for each in self.progress.files() if not each.body.held):
                ticketfiles.reserve(
                    connection, delivery.desk, delivery.ticket_id, file.body.sha256, delivery.id, file.body.name
                )
