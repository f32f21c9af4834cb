"""The effects of one plan under work, kept as the store has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import Connection

from gateway.store import deliveries, effects, mapping, order, problems
from gateway.store.deliveries import Delivery
from gateway.store.effects import Effect
from gateway.store.engine import Store
from gateway.store.stage import UNFINISHED, EffectState, Stage
from gateway.work.unknown import ID_OF, WATCH

log = structlog.get_logger("work")

KEEP = (
    "contact_name_id",
    "ticket_id",
    "ticket_number",
    "comment_id",
    "document_id",
    "file_id",
    "created_at",
    "entered_at",
    "updated_at",
    "described",
)


class Ledger:
    """What happens to the effects of a claimed delivery, each step one transaction, or LostClaim.
    ``ended`` when the delivery was moved to DONE with its last effect."""

    def __init__(
        self, store: Store, one: Delivery, plan: list[Effect], settle: float, clock: Callable[[], float]
    ) -> None:
        self.store = store
        self.one = one
        self.effects = plan
        self.settle = settle
        self.clock = clock
        self.ended = False

    @property
    def ticket_id(self) -> str:
        return self.one.ticket_id

    # -- what the plan has ------------------------------------------------------------------------

    def not_before(self, one: Effect) -> float:
        """The time before which an effect does not run: its own, or so long after the plan's ticket was made."""
        if "wait" not in one.body:
            return float(one.body.get("after", 0.0))
        made = next((effect.good_at for effect in self.effects if effect.kind == "ticket"), 0.0)
        return made + float(one.body["wait"])

    def made_contact(self) -> str:
        """The contact that this plan made, "" for none."""
        return next((one.remote_id for one in self.effects if one.kind == "contact" and one.remote_id), "")

    def refused_files(self, missing: Effect) -> list[tuple[str, str]]:
        """(name, why) of the files that the desk did not take, of those of which a comment tells."""
        return [(one.body["name"], one.reason) for one in self._told(missing) if one.state is EffectState.REFUSED]

    def released_files(self, released: Effect) -> list[str]:
        """The names of the files that are at the desk now, of those of which a comment tells."""
        here = (EffectState.DONE, EffectState.SKIPPED)  # skipped: another mail brought the same file
        return [one.body["name"] for one in self._told(released) if one.state in here]

    def _told(self, comment: Effect) -> list[Effect]:
        """The documents of which a comment on files tells: of all, or of those that were let go together."""
        documents = [one for one in self.effects if one.kind == "document"]
        return [one for one in documents if one.idx in comment.body.get("documents", (one.idx,))]

    def files(self) -> list[Effect]:
        """The documents that are files of the mail."""
        return [one for one in self.effects if one.kind == "document" and "index" in one.body]

    # -- steps ------------------------------------------------------------------------------------

    def remember(self, one: Effect, **values: Any) -> Effect:
        self.effects[one.idx] = replace(one, **values)
        return self.effects[one.idx]

    async def touch(self, one: Effect, **values: Any) -> None:
        def touch(connection: Connection) -> None:
            deliveries.check_claim(connection, self.one)
            effects.touch(connection, one, **values)

        await self.store.write(touch)
        self.remember(one, **values)

    async def back(self, one: Effect) -> None:
        """The effect did not happen: it is to do again."""

        def back(connection: Connection) -> None:
            deliveries.check_claim(connection, self.one)
            effects.set_state(connection, one, EffectState.TODO)

        if one.state is EffectState.SENT:
            await self.store.write(back)
            self.remember(one, state=EffectState.TODO)

    async def end(self, one: Effect, state: EffectState, reason: str) -> None:
        log.info("effect ended", effect=one.marker, kind=one.kind, state=state.value, why=reason)

        def end(connection: Connection) -> None:
            deliveries.check_claim(connection, self.one)
            effects.set_state(connection, one, state, reason=reason)
            if one.kind == "document":
                deliveries.free_file(connection, self.one.id, one.body.get("sha256", ""))
            if one.kind == "close":
                problems.end_closing(connection, one.body["problem"], one.body["changed_at"], 0.0, left=reason)

        await self.store.write(end)
        self.remember(one, state=state, reason=reason)

    async def done(self, one: Effect, remote: dict[str, Any], doubtful: bool = False) -> None:
        """The desk has the effect: record it with all that follows, in one transaction. An effect that
        was ever unknown is looked at again later."""
        now = self.clock()
        remote_id = str(remote.get("ticket_id") if one.kind == "ticket" else remote.get(ID_OF.get(one.kind, ""), ""))
        kept = {key: remote.get(key) for key in KEEP if remote.get(key) is not None}
        doubtful = (doubtful or one.sends > 1) and one.kind in ID_OF and one.kind != "contact"
        watch = now + self.settle * WATCH[0] if doubtful else 0.0
        values: dict[str, Any] = {"remote_id": remote_id, "watch_at": watch, "good_at": now, "reason": ""}
        done = replace(one, state=EffectState.DONE, remote=kept, **values)
        posts = self._posts(one)
        left = [other for other in self.effects if other.state in UNFINISHED and other.idx != one.idx]
        last = one.kind != "missing" and not any(other.kind != "missing" or self.refused_files(other) for other in left)
        delivery = replace(self.one, ticket_id=remote_id) if one.kind == "ticket" else self.one

        def record(connection: Connection) -> None:
            deliveries.check_claim(connection, self.one)
            effects.set_state(connection, one, EffectState.DONE, remote=kept, **values)
            if one.kind == "document" and "sha256" in one.body:
                mapping.file_uploaded(
                    connection,
                    delivery.desk,
                    delivery.ticket_id,
                    one.body["sha256"],
                    delivery.id,
                    one.body["name"],
                    kept,
                )
            if one.kind == "close":
                problems.end_closing(connection, one.body["problem"], one.body["changed_at"], now, left="")
            if one.kind == "list":
                problems.listed(connection, one.body["listed"])
            if posts:
                self._posted(connection, delivery, remote, now)
            if last:
                for other in self.effects:
                    if other.kind == "missing" and other.state in UNFINISHED:
                        effects.set_state(connection, other, EffectState.SKIPPED, reason="nothing is missing")
                deliveries.move(connection, delivery, Stage.DONE, now=now)

        await self.store.write(record)
        self.effects[one.idx] = done
        self.one = replace(delivery, posted=delivery.posted or posts)
        if last:
            self.ended = True
            for other in self.effects:
                if other.kind == "missing":
                    self.remember(other, state=EffectState.SKIPPED)

    def _posts(self, one: Effect) -> bool:
        """Whether with this effect the ticket and the whole text are there."""
        if one.kind == "ticket":
            return True
        return one.kind == "comment" and not any(
            other.kind == "comment" and other.idx > one.idx for other in self.effects
        )

    def _posted(self, connection: Connection, one: Delivery, remote: dict[str, Any], now: float) -> None:
        """Ids, people and files lead to the ticket from now on; who waited for it may go."""
        plan = one.plan or {}
        deliveries.touch(connection, one, posted=True, ticket_id=one.ticket_id)
        if one.moved_to:
            mapping.forget_delivery(connection, one.id)
        mapping.map_ids(connection, one.desk, one.board_id, one.id, one.ticket_id, plan["ids"])
        mapping.add_participants(connection, one.desk, one.ticket_id, plan["people"])
        for address, status in plan.get("marks", ()):
            mapping.mark_unreachable(connection, one.desk, address, status, now)
        if one.moved_to:
            problems.follow(connection, one.id, one.ticket_id)
        if not plan["ticket_id"]:
            mapping.add_ticket(
                connection,
                desk=one.desk,
                ticket_id=one.ticket_id,
                number=str(remote.get("ticket_number") or ""),
                board_id=one.board_id,
                client_id=plan["client_id"],
                contact_id=plan["contact_id"] or self.made_contact(),
                fallback=plan["fallback"],
            )
            problems.ticket_made(connection, one.id, one.ticket_id, str(remote.get("ticket_number") or ""))
            for file in (each for each in self.files() if not each.body.get("held")):
                mapping.reserve_file(
                    connection, one.desk, one.ticket_id, file.body["sha256"], one.id, file.body["name"]
                )
        order.wake(connection, one.seq, now)
