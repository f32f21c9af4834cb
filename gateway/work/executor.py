"""Carrying out a plan, effect by effect, exactly once (docs/design.md "Exactly once").

An effect is committed SENT before its request leaves. Only the desk's own JSON error is a refusal;
every other answer is unknown, and is read back: that may only adopt what it finds. A second send
comes only after ``settle``, counted from the later of the send and the desk's first good answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy import Connection

from gateway.desk.directory import Directory
from gateway.desk.outcome import Good, NotSent, Outcome, Refused, Throttled, Unknown
from gateway.desk.pacing import Urgency
from gateway.desk.permit import Permit
from gateway.desk.readback import Aim, NotRead
from gateway.desk.records import Remote
from gateway.desk.refusals import Whose
from gateway.model.reasons import Reason
from gateway.model.waiting import Waiting, Waits
from gateway.store import deliveries, effects, order, restoring
from gateway.store.deliveries import Delivery
from gateway.store.effects import Effect
from gateway.store.raw import Damaged
from gateway.store.reading import Unreadable
from gateway.store.stage import UNFINISHED, EffectState, Stage
from gateway.work import backoff
from gateway.work.effects import KINDS
from gateway.work.effects.base import (
    GONE,
    MOST_FAULTS,
    Conflict,
    MustRedecide,
    NotAnswered,
    NotYet,
    PartChanged,
    Run,
    Unfit,
)
from gateway.work.ledger import Ledger
from gateway.work.planner import Planner
from gateway.work.progress import Progress
from gateway.work.seats import Slots
from gateway.work.steps import Defer, Done, Ended, Quarantine, Redecide, Step
from gateway.work.unknown import READ_BACK, next_look, settled_at

log = structlog.get_logger("work")


class Executor:
    """Carries out what ``planner`` plans; ``observe`` is told each kind of effect and what became of it."""

    def __init__(self, planner: Planner, observe: Callable[[str, str], None] = lambda kind, outcome: None) -> None:
        self.planner = planner
        self.store = planner.store
        self.directories = planner.directories
        self.leases = planner.leases
        self.clock = planner.clock
        self.settings = planner.settings.work
        self.slots = Slots(self.settings.concurrency)
        self.observe = observe

    async def run(
        self,
        delivery: Delivery,
        plan: list[Effect] | None = None,
        sent: bool = False,
        told: Mapping[str, Any] | None = None,
    ) -> Step:
        """Carry out what is left of the plan of a claimed delivery; ``sent`` and ``told`` as Planned says."""
        restored = self.planner.restored
        if restored.covers(delivery.accepted_at):
            await self.store.write(lambda c: restoring.doubt(c, delivery.id, delivery.generation, restored.since))
            plan = None
        if plan is None:
            plan = await self.store.glance(lambda c: effects.of(c, delivery.id, delivery.generation))
        if not plan or [effect.idx for effect in plan] != list(range(len(plan))):
            raise Unreadable("effect: rows of the plan are gone")
        execution = _Execution(self, delivery, self.directories[delivery.desk], plan)
        execution.permit.paid = int(sent)
        if sent and (step := await execution.perform(plan[0], None)) is not None:
            return step
        for index in range(len(plan)):
            step = await execution.finish(index)
            if step is not None:
                return step
        shutil.rmtree(self.planner.work_folder(delivery.id), ignore_errors=True)
        made = execution.ledger.made
        return Ended(Stage.DONE, told={**told, **made} if told and made else None) if execution.ledger.ended else Done()


class _Execution:
    """One plan under work."""

    def __init__(self, executor: Executor, delivery: Delivery, directory: Directory, plan: list[Effect]) -> None:
        self.executor = executor
        self.store = executor.store
        self.clock = executor.clock
        self.directory = directory
        self.desk = directory.desk
        self.settle = directory.settings.settle
        self.progress = Progress(delivery, plan)
        self.ledger = Ledger(executor.store, self.progress, self.settle, executor.clock)
        self.permit = Permit(lambda: executor.leases.check(delivery.id))
        self.run = Run(self.progress, executor.store, executor.planner, self.desk, self.permit)

    @property
    def delivery(self) -> Delivery:
        return self.progress.delivery

    # -- one effect -------------------------------------------------------------------------------

    async def finish(self, index: int) -> Step | None:
        """Bring an effect to its end: None when it is there, else what to do with the delivery."""
        while self.ledger.effects[index].state in UNFINISHED:
            effect = self.ledger.effects[index]
            step = await (self._resolve(effect) if effect.state is EffectState.SENT else self._send(effect))
            if step is not None:
                return step
        return None

    async def _send(self, effect: Effect) -> Step | None:
        now, kind = self.clock(), KINDS[effect.kind]
        if (after := self.progress.not_before(effect)) > now:
            return Defer(after, Waits(Waiting.TIME, str(kind.describe(effect.body)["effect"])))
        if kind.in_order and (wait := await self._order()) is not None:
            return wait
        if (wait := self._room(effect)) is not None:
            return wait
        try:
            prepared = await kind.prepare(self.run, effect)
        except (PartChanged, Damaged):
            await self.ledger.end(effect, EffectState.REFUSED, reason="the part cannot be read from the mail again")
            return None
        except NotAnswered as error:
            return await self._not_answered(effect, error.outcome, error.hint)
        except Unfit as unfit:
            await self._unfit(effect, unfit)
            return None
        except NotYet as early:
            return Defer(early.until, early.waits, f"held by {early.waits.on}")
        except MustRedecide as instead:
            return Redecide("", effect, str(instead))
        if (wait := await self._pay(effect)) is not None:
            return wait
        leases = self.executor.leases
        now, asked = self.clock(), leases.uptime()

        def mark(connection: Connection) -> None:
            kind.commit(connection, effect, prepared)
            effects.mark_sent(connection, self.delivery, effect, now, leases.length)

        try:
            await self.store.write(mark)
        except Unfit as unfit:
            await self._unfit(effect, unfit)
            return None
        leases.renewed(self.delivery.id, asked)
        effect = self.ledger.remember(effects.as_sent(kind.final(effect, prepared), now))
        return await self.perform(effect, prepared)

    async def _unfit(self, effect: Effect, unfit: Unfit) -> None:
        if unfit.done:
            await self.ledger.done(effect, Remote())
        else:
            await self.ledger.end(effect, EffectState.SKIPPED, reason=str(unfit))

    def _room(self, effect: Effect) -> Step | None:
        """Files have places and calls of their own, or large ones would keep new tickets waiting."""
        if self.delivery.posted and KINDS[effect.kind].uploads and not self.executor.slots.to_files(self.delivery.id):
            return Defer(self.clock(), Waits(Waiting.PLACE), "files of other mail", needs=Urgency.FILE)
        if KINDS[effect.kind].calls and self.desk.pacing.wait(self.clock(), self._urgency(effect)):
            return self._no_call(effect)
        return None

    async def _pay(self, effect: Effect) -> Step | None:
        """Take the call from the budget before the effect is marked as sent."""
        if KINDS[effect.kind].counted and not self.permit.paid:
            if await self.desk.pacing.take(self.clock(), self._urgency(effect)):
                return self._no_call(effect)
            self.permit.paid = 1
        return None

    def _urgency(self, effect: Effect) -> Urgency:
        if KINDS[effect.kind].uploads:
            return Urgency.FILE if self.delivery.posted else Urgency.REPLY
        return Urgency.TICKET

    def _no_call(self, effect: Effect) -> Step:
        return Defer(self.clock(), Waits(Waiting.RATE, self._urgency(effect)), needs=self._urgency(effect))

    async def perform(self, effect: Effect, prepared: Any) -> Step | None:
        """Make the request of an effect that is marked as sent."""
        outcome = await KINDS[effect.kind].send(self.run, effect, prepared)
        self.executor.observe(effect.kind, type(outcome).__name__.lower())
        return await self._act_on(effect, outcome)

    async def _order(self) -> Step | None:
        """Comments of a ticket are posted in the order in which their mails were accepted."""
        delivery = self.delivery
        if delivery.posted or not delivery.plan or not delivery.plan["ticket_id"]:
            return None
        earlier = await self.store.glance(
            lambda c: order.earlier_on_ticket(c, delivery.desk, delivery.ticket_id, delivery.seq)
        )
        if not earlier:
            return None
        now = self.clock()
        if self.directory.waited(delivery.waits_from, now) >= self.executor.settings.wait_for_parent:
            return None
        await self.store.write(lambda c: deliveries.touch(c, delivery, waits_from=delivery.waits_from or now))
        until = backoff.look_again(delivery, now)
        return Defer(until, Waits(Waiting.EARLIER, earlier), "earlier mail of the ticket")

    # -- outcomes ---------------------------------------------------------------------------------

    async def _act_on(self, effect: Effect, outcome: Outcome) -> Step | None:
        now = self.clock()
        match outcome:
            case Good(data=data):
                await self._done(effect, data if isinstance(data, Remote) else Remote())
                return None
            case NotSent(reason):
                await self.ledger.back(effect)
                until = now + max(0.2, self.desk.breaker.wait(now))
                return Defer(until, Waits(Waiting.DESK, reason), f"not sent: {reason}")
            case Throttled():
                await self.ledger.back(effect)
                return self._no_call(effect)
            case Unknown(reason, status, alive):
                return await self._unknown(effect, reason, failed=alive or status == 500)
            case Refused():
                return await self._refused(effect, outcome)

    async def _done(self, effect: Effect, remote: Remote, doubtful: bool = False) -> None:
        await self.ledger.done(effect, remote, doubtful)
        KINDS[effect.kind].tell(self.directory, effect, remote, doubtful)

    async def _unknown(self, effect: Effect, reason: str, failed: bool) -> Step:
        now = self.clock()
        log.warning("outcome unknown", effect=effect.marker, kind=effect.kind, why=reason)
        if failed:
            await self.ledger.touch(effect, faults=effect.faults + 1)
        return Defer(now + self.settle * READ_BACK[0], _unclear(effect), f"outcome unknown: {reason}")

    async def _not_answered(self, effect: Effect, outcome: Outcome, hint: str) -> Step | None:
        """What must be known before the effect is sent. Nothing was sent: a failure like any other, with its pauses."""
        if not isinstance(outcome, Unknown):
            return await self._act_on(effect, outcome)
        if outcome.status == 500:
            await self.ledger.touch(effect, faults=effect.faults + 1)
            if effect.faults + 1 >= MOST_FAULTS:
                failed = "the desk failed on it three times"
                await self.ledger.end(effect, EffectState.SKIPPED, reason=f"{failed}: {hint}" if hint else failed)
                return None
        waits = Waits(Waiting.ANSWER, outcome.reason)
        return Defer(self.clock(), waits, f"not answered: {outcome.reason}", counts=True)

    async def _refused(self, effect: Effect, outcome: Refused) -> Step | None:
        now = self.clock()
        if await KINDS[effect.kind].whose(self.directory, effect, outcome) is not Whose.RECORD:
            await self.ledger.back(effect)
            waiting = Waiting.KEY if self.desk.breaker.key_refused else Waiting.DESK
            return Defer(now + max(1.0, self.desk.breaker.wait(now)), Waits(waiting, str(outcome)), str(outcome))
        kind = KINDS[effect.kind]
        if outcome.status == 409 and kind.conflict is Conflict.DONE:
            await self._done(effect, Remote())
            return None
        if outcome.status == 409 and kind.conflict is Conflict.TAKEN:
            return await self._is_taken(effect)
        if outcome.status == 409 and kind.conflict is Conflict.UNCLEAR:
            return await self._unknown(effect, str(outcome), failed=True)
        if outcome.status == 404 and kind.needs_ticket:
            return await self._ticket_gone(effect)
        if kind.optional:
            await self.ledger.end(effect, kind.refused_state, reason=str(outcome)[:500])
            return None
        await self.ledger.back(effect)
        for address, _ in (self.delivery.plan or {}).get("people") or ():
            self.directory.forget_contact(address)
        if outcome.status != 403 and await self._may_be_out_of_date(effect):
            if not await self.directory.read_again():
                until = now + max(1.0, self.desk.breaker.wait(now))
                return Defer(until, Waits(Waiting.DESK, str(outcome)), str(outcome))
            return Redecide("", why=f"decided again, as the desk said {outcome}")
        return Quarantine(Reason.of_status(outcome.status), self._on(outcome))

    async def _may_be_out_of_date(self, effect: Effect) -> bool:
        """Whether the effect names what the desk may have lost since its names and contacts were read; not if the plan
        before, which was made anew, named the same."""
        names = KINDS[effect.kind].names(effect.body)
        if not names:
            return False
        delivery = self.delivery
        before = await self.store.glance(lambda c: effects.of(c, delivery.id, delivery.generation - 1))
        return all(KINDS[earlier.kind].names(earlier.body) != names for earlier in before)

    def _on(self, outcome: Refused) -> str:
        """The desk's words, and about what."""
        about = f"ticket {self.progress.ticket_id}" if self.progress.ticket_id else "a new ticket"
        return f"{about}: {outcome}"[:1000]

    async def _is_taken(self, effect: Effect) -> Step | None:
        """Somebody has the address: adopted when it is an active contact of the same client."""
        try:
            hits = await KINDS[effect.kind].find(self.store, self.desk, effect, "")
        except NotRead as error:
            return await self._not_read(effect, error)
        if hits:
            await self._done(effect, hits[0])
        else:
            await self.ledger.end(effect, EffectState.SKIPPED, reason="another contact has the address")
        return None

    async def _ticket_gone(self, effect: Effect) -> Step | None:
        if KINDS[effect.kind].elsewhere:
            await self.ledger.end(effect, EffectState.SKIPPED, reason=GONE)
            return None
        if self.delivery.posted:  # its text was there: what is left has no place any more
            await self.ledger.end(effect, EffectState.SKIPPED, reason=GONE)
            return None
        await self.ledger.back(effect)
        return Redecide(self.progress.ticket_id)

    # -- reading back -----------------------------------------------------------------------------

    async def _resolve(self, effect: Effect) -> Step | None:
        """An effect that was sent and has no answer: adopt it, wait, or send it again."""
        now = self.clock()
        kind = KINDS[effect.kind]
        if kind.repeatable and effect.faults >= kind.most_faults:
            await self.ledger.end(effect, kind.refused_state, reason="the desk failed on it three times")
            return None
        if kind.repeatable:
            await self.ledger.back(effect)
            return None
        if effect.reads == 0 and now < effect.sent_at + self.settle * READ_BACK[0]:
            return Defer(effect.sent_at + self.settle * READ_BACK[0], _unclear(effect), "outcome unknown")
        settled = settled_at(effect, self.settle, effect.good_at or now)
        last = (Aim.RESEND, settled) if now >= settled else (Aim.ADOPT, 0.0)
        try:
            ticket_id = self.progress.ticket_of(effect)
            hits = await kind.find(self.store, self.desk, effect, ticket_id, *last)
            blind = not hits and last[0] is Aim.RESEND and await kind.may_be_hidden(self.run, self.directory, effect)
        except NotRead as error:
            return await self._not_read(effect, error)
        self.executor.observe(effect.kind, "adopted" if hits else "absent")
        if hits:
            log.info("adopted", effect=effect.marker, kind=effect.kind)
            await self._done(effect, hits[0], doubtful=True)
            return None
        if now < settled:
            good_at = effect.good_at or now
            await self.ledger.touch(effect, good_at=good_at, reads=effect.reads + 1)
            return Defer(next_look(effect, self.settle, now, good_at), _unclear(effect), "outcome unknown")
        if effect.faults >= kind.most_faults:
            await self.ledger.end(effect, kind.refused_state, reason="the desk failed on it three times")
            return None
        if blind:
            return Quarantine(Reason.OUTCOME_UNKNOWN, "the desk's lists do not show what the key makes for this client")
        if now - self.delivery.accepted_at > self.executor.settings.retry_for:
            return Quarantine(Reason.RETRIES_EXHAUSTED, f"{effect.sends} sends, and the desk has nothing of them")
        await self.ledger.back(effect)
        return None

    async def _not_read(self, effect: Effect, error: NotRead) -> Step | None:
        now, outcome = self.clock(), error.outcome
        if isinstance(outcome, Refused) and outcome.status == 404 and not KINDS[effect.kind].makes_ticket:
            return await self._ticket_gone(effect)
        if isinstance(outcome, Refused) and await self.directory.refusals.whose(outcome) is Whose.RECORD:
            return await self._hidden(effect, outcome)
        after = outcome.after if isinstance(outcome, Throttled) else self.settle * READ_BACK[0]
        until = now + max(after, self.desk.breaker.wait(now))
        return Defer(until, _unclear(effect), f"read-back failed: {error}"[:300])

    async def _hidden(self, effect: Effect, outcome: Refused) -> Step | None:
        """Nobody but a person can tell whether the effect is there: it is never sent again."""
        words = f"whether the {effect.kind} is there cannot be seen: {self._on(outcome)}"[:1000]
        if not KINDS[effect.kind].optional:
            return Quarantine(Reason.OUTCOME_UNKNOWN, words)
        await self.ledger.end(effect, KINDS[effect.kind].refused_state, reason=words[:500])
        return None


def _unclear(effect: Effect) -> Waits:
    return Waits(Waiting.READ_BACK, effect.kind)
