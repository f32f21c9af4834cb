"""From an accepted mail to a stored plan: read it, wait for its elders, answer, decide, keep.

Runs the pure decision as often as it asks; the answers come from the store and the desk. The plan,
the reservation of the mail's ids and the trace are stored in one transaction, before any effect.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.decide.context import DeliveryContext
from gateway.decide.notices import ids as notice_ids
from gateway.decide.policy import decide
from gateway.decide.threading import thread_ids
from gateway.desk.directory import Directory, NoCatalog
from gateway.desk.outcome import DeskAway, Outcome, Refused, Throttled, Unknown
from gateway.desk.pacing import Urgency
from gateway.desk.refusals import Whose
from gateway.model import questions as ask
from gateway.model.effects import AcknowledgeBody, TicketBody
from gateway.model.email import Email
from gateway.model.notice import ResolvedNotice
from gateway.model.plan import Decision
from gateway.model.reasons import Reason
from gateway.model.waiting import MOST_WORDS, Waiting, Waits
from gateway.store import deliveries, effects, hits, mapping, order, probes, problems, windows
from gateway.store.deliveries import Delivery
from gateway.store.engine import Store
from gateway.store.letters import Letter
from gateway.store.raw import Damaged, RawMail
from gateway.store.reading import Unreadable
from gateway.store.restoring import Restored
from gateway.store.stage import Stage
from gateway.work import backoff
from gateway.work.acknowledging import Acknowledger
from gateway.work.answers import Answers
from gateway.work.calendars import calendar_of
from gateway.work.context import Policies, context_of
from gateway.work.learning import learn
from gateway.work.leases import Leases
from gateway.work.notices import resolved_notice
from gateway.work.parser import Parser, ParserBusy, ParserDied
from gateway.work.reserving import reserve_files, save_problems, see_incident
from gateway.work.steps import Defer, Ended, Held, Quarantine, Step, Wait
from gateway.work.trace import columns_of, silenced, trace_of

MOST_ROUNDS = 40
MOST_DEATHS = 3
DEATH_PAUSE = 5.0  # after the first; growing
TURN_PAUSE = 0.5  # seconds after which large mail asks again for its turn to be read
FAULT_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan is stored: the delivery as it now stands, and its effects, None when they are to be read;
    ``sent`` when the first of them is paid for and marked as sent, and its request has to leave now; ``told``
    is what is said of the mail at its end, but for the ticket."""

    delivery: Delivery
    effects: list[effects.Effect] | None = None
    sent: bool = False
    told: Mapping[str, Any] | None = None


class Planner:
    answers = Answers
    trace: Callable[[Decision, Mapping[ask.Question, Any], Email, bool], str | None] = staticmethod(trace_of)

    def __init__(
        self,
        store: Store,
        parser: Parser,
        directories: dict[str, Directory],
        settings: Settings,
        leases: Leases,
        raws: RawMail,
        clock: Callable[[], float],
        restored: Restored = Restored(),  # noqa: B008 - frozen
    ) -> None:
        self.store = store
        self.restored = restored
        self.leases = leases
        self.raws = raws
        self.parser = parser
        self.directories = directories
        self.settings = settings
        self.clock = clock
        self.mailboxes = {box.address: box for box in settings.mailbox}
        self.spool = settings.store.spool_dir
        self.policies = Policies(settings)
        self.acknowledger = Acknowledger(settings, self.policies.templates, clock)

    def take(self, settings: Settings, policies: Policies) -> None:
        """Decide by another configuration from the next mail on."""
        self.settings, self.policies = settings, policies
        self.acknowledger = Acknowledger(settings, policies.templates, self.clock)

    def work_folder(self, delivery_id: str) -> Path:
        """Where the files of a mail under work are."""
        return self.spool / "work" / self.leases.name / delivery_id

    async def raw(self, delivery: Delivery) -> bytes | Path:
        """The mail as it was accepted. Raises Damaged."""
        row = await self.store.glance(lambda c: deliveries.content(c, delivery.raw_id))
        return await self.raws.get(row, self.work_folder(delivery.id))

    async def email(self, delivery: Delivery) -> Email:
        """The mail, read. Raises Damaged, ParserDied, ParserBusy."""
        return await self.parser.read(await self.raw(delivery), None, delivery.envelope.peer)

    async def plan(self, delivery: Delivery) -> Step | Planned:
        """Plan an accepted delivery, or say why not now. Raises ParserDied, Damaged and what the store raises."""
        box, policies = self.mailboxes.get(delivery.mailbox), self.policies
        directory = self.directories.get(delivery.desk)
        if box is None or directory is None:
            return Quarantine(Reason.NO_MAILBOX, f"{delivery.mailbox} on desk {delivery.desk} is not configured")
        try:
            directory.destination(delivery.mailbox)
        except NoCatalog as fault:
            return Defer(self.clock() + FAULT_PAUSE, Waits(Waiting.NAMES, str(fault)), str(fault))
        patient = self._is_patient(delivery, directory)
        row, blockers = await self.store.glance(
            lambda c: (deliveries.content(c, delivery.raw_id), order.blockers_by_header(c, delivery.seq, patient))
        )
        if wait := self._wait(delivery, blockers):
            return wait
        folder = self.work_folder(delivery.id)
        try:
            email = await self.parser.read(await self.raws.get(row, folder), folder, delivery.envelope.peer)
        except ParserBusy:
            return Defer(self.clock() + TURN_PAUSE, Waits(Waiting.TURN), "large mail is being read")
        source = self.answers(
            delivery, directory, self.store.glance, policies.schedule, self.clock, email, self._reread
        )
        resolved = resolved_notice(email, delivery.envelope, box, policies.sources, directory.catalog)
        if wait := self._wait(delivery, await self._blockers(delivery, email, resolved, source, patient)):
            if resolved is not None:  # the later ones wait for this one too
                await self.store.write(lambda c: problems.wait_by(c, delivery, notice_ids.problem_ids(resolved.notice)))
            return wait
        calendar = None
        if policies.calendars:  # a large one takes seconds to read
            calendar = await asyncio.to_thread(calendar_of, email, delivery.envelope, box, policies.calendars)
        known = context_of(delivery, box, directory, policies, resolved, calendar=calendar)
        try:
            decision, answers = await self._decide(delivery, email, known, source)
        except ParserBusy:
            return Defer(self.clock() + TURN_PAUSE, Waits(Waiting.TURN), "large mail is being read")
        except DeskAway as away:
            return await self._not_told(directory, away.outcome, away.about)
        if decision.outcome == "wait":
            return backoff.behind(delivery, self.clock(), decision.detail)
        decision = await self._translated(decision, email, delivery.mailbox)
        told = {"outcome": decision.outcome, "sender": decision.sender, "size": row["size"]}
        if decision.outcome != "hold" and decision.plan is None:
            return await self._end(delivery, email, known, decision, answers, told)
        trace = self.trace(decision, answers, email, known.is_held)
        if decision.outcome == "hold":
            return await self._hold(delivery, email, known, decision, trace)
        planned = await self._store(delivery, email, known, decision, trace, directory, answers)
        return replace(planned, told=told) if isinstance(planned, Planned) else planned

    async def _reread(self, delivery_id: str) -> tuple[Email | None, str]:
        """The mail of another delivery, None where it cannot be read any more, and its verdict. Raises ParserBusy."""
        folder = self.work_folder(f"{delivery_id}-again")
        try:
            found = await self.store.glance(lambda c: deliveries.by_id(c, delivery_id))
            row = await self.store.glance(lambda c: deliveries.content_of(c, found.raw_id)) if found else None
            if found is None or row is None:
                return None, ""
            email = await self.parser.read(await self.raws.get(row, folder), None, found.envelope.peer)
            return email, found.envelope.verdict
        except (ParserDied, Damaged, Unreadable, FileNotFoundError):
            return None, ""
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    # -- waiting ----------------------------------------------------------------------------------

    async def _blockers(
        self, delivery: Delivery, email: Email, resolved: ResolvedNotice | None, source: Answers, patient: bool
    ) -> list[order.Blocker]:
        """Who must go first, and then, on the same snapshot, what the decision will ask."""
        ids = {email.message_id, *thread_ids(email)} - {""}
        of_problem = notice_ids.mentions(resolved.notice) if resolved else ()
        families = notice_ids.families(delivery.desk, resolved.notice) if resolved else ()

        def blockers(connection: Connection) -> list[order.Blocker]:
            blockers = order.blockers(connection, delivery.desk, delivery.seq, ids, patient)
            blockers += order.ahead(connection, delivery.desk, delivery.seq, of_problem, patient)
            blockers += problems.makers(connection, families, delivery.id)
            if not blockers:
                source.prefetch(connection, self.policies.guard)
            return blockers

        return await self.store.glance(blockers)

    def _wait(self, delivery: Delivery, blockers: list[order.Blocker]) -> Wait | None:
        """A mail waits for earlier mail of its thread until that is posted (docs/design.md "Order")."""
        return backoff.behind(delivery, self.clock(), blockers[0].id) if blockers else None

    def _is_patient(self, delivery: Delivery, directory: Directory) -> bool:
        """Whether it waits for all earlier mail of its thread: later only for tickets that are being made."""
        return directory.waited(delivery.waits_from, self.clock()) < self.settings.work.wait_for_parent

    # -- deciding ---------------------------------------------------------------------------------

    async def _decide(
        self, delivery: Delivery, email: Email, context: DeliveryContext, source: Answers
    ) -> tuple[Decision, dict[ask.Question, Any]]:
        answers = source.given()
        for _ in range(MOST_ROUNDS):
            result = decide(email, delivery.envelope, context, answers)
            if isinstance(result, Decision):
                return result, answers
            for question in result:
                answers[question] = await source.answer(question)
        raise RuntimeError("the decision asks without end")

    async def _translated(self, decision: Decision, email: Email, mailbox: str) -> Decision:
        """What the sender is told, in the language of the mail."""
        if decision.acknowledgement is not None:
            told = await self.acknowledger.translated(decision.acknowledgement, email, mailbox)
            return replace(decision, acknowledgement=told)
        plan = decision.plan
        if plan is None or not plan.effects or not isinstance(last := plan.effects[-1], AcknowledgeBody):
            return decision
        told = await self.acknowledger.translated(last, email, mailbox)
        return replace(decision, plan=replace(plan, effects=(*plan.effects[:-1], told)))

    async def _not_told(self, directory: Directory, outcome: Outcome, about: str = "") -> Step:
        """The desk did not tell what the decision asks."""
        if isinstance(outcome, Throttled):
            return Defer(self.clock(), Waits(Waiting.RATE, Urgency.REPLY), needs=Urgency.REPLY)
        if isinstance(outcome, Refused) and await directory.refusals.whose(outcome) is Whose.RECORD:
            words = f"{about}: {outcome}" if about else str(outcome)
            return Quarantine(Reason.of_status(outcome.status), words[:1000])
        why = str(outcome)[:MOST_WORDS]
        if isinstance(outcome, Unknown) and outcome.alive:
            return Defer(self.clock(), Waits(Waiting.ANSWER, why), f"not answered: {why}", counts=True)
        kind = Waiting.KEY if directory.desk.breaker.key_refused else Waiting.DESK
        return Defer(self.clock() + 1.0, Waits(kind, why), f"desk away: {why}")

    # -- keeping ----------------------------------------------------------------------------------

    async def _end(
        self,
        delivery: Delivery,
        email: Email,
        context: DeliveryContext,
        decision: Decision,
        answers: Mapping[ask.Question, Any],
        told: Mapping[str, Any],
    ) -> Step:
        values = {
            **columns_of(email, decision),
            "trace": self.trace(decision, answers, email, context.is_held),
            "rehearsed": self.directories[delivery.desk].desk.rehearses,
            "board_id": context.policy.destination["board_id"],
        }
        stage = Stage.SUPPRESSED if decision.outcome == "suppress" else Stage.QUARANTINED
        letter = self._letter(delivery, decision)

        def end(connection: Connection) -> None:
            now = self.clock()
            learn(connection, delivery.desk, answers, context.policy.nobodys)
            save_problems(connection, delivery, decision, answers)
            hits.add(connection, delivery.seq, decision.hits)
            for learned in decision.learned:
                mapping.learn(
                    connection, delivery.desk, learned.board_id, delivery.id, learned.ticket_id, learned.message_id
                )
            probes.came(connection, decision.probe, delivery.accepted_at)
            silence = self.acknowledger.keep(connection, letter) if isinstance(letter, Letter) else letter
            if silence:
                values["trace"] = self.trace(silenced(decision, silence), answers, email, context.is_held)
            deliveries.move(
                connection, delivery, stage, now=now, reason=decision.reason, detail=decision.detail, **values
            )

        try:
            await self.store.write(end)
        except mapping.Reserved as taken:
            return self._later(delivery, taken)
        return Ended(stage, decision.reason, decision.detail, told)

    def _letter(self, delivery: Delivery, decision: Decision) -> Letter | str:
        """What the sender of a mail without a plan is told, or why nothing; "" where nobody thought of it."""
        if (told := decision.acknowledgement) is None:
            return ""
        rehearses = self.directories[delivery.desk].desk.rehearses
        return self.acknowledger.silence(delivery, rehearses) or self.acknowledger.letter(told, delivery)

    async def _hold(
        self,
        delivery: Delivery,
        email: Email,
        context: DeliveryContext,
        decision: Decision,
        trace: str | None,
    ) -> Step:
        """A maintenance window holds the mail: what it says of its problem is kept, and it is decided again at the end.
        Nobody waits for it."""
        waits = Waits(Waiting.WINDOW, decision.held_by)
        values = {**columns_of(email, decision), "trace": trace, "board_id": context.policy.destination["board_id"]}

        def hold(connection: Connection) -> None:
            now = self.clock()
            save_problems(connection, delivery, decision, {})
            windows.hold(connection, delivery.desk, decision.windows)
            if delivery.waits_for != Waiting.WINDOW:
                deliveries.note(connection, delivery.id, now, "held", decision.detail)
            deliveries.defer(connection, delivery, decision.until, waits, now=now, detail=decision.detail, **values)
            order.wake(connection, delivery.seq, now)

        try:
            await self.store.write(hold)
        except mapping.Reserved as taken:
            return self._later(delivery, taken)
        return Held(decision.until, decision.detail)

    async def _store(
        self,
        delivery: Delivery,
        email: Email,
        context: DeliveryContext,
        decision: Decision,
        trace: str | None,
        directory: Directory,
        answers: Mapping[ask.Question, Any],
    ) -> Step | Planned:
        """Store the plan with its reservations. Another delivery may have taken an id or a file, or joined the
        incident, since the decision: then decide again, soon. A create that may go at once is paid for and marked as
        sent in the same transaction: it saves a commit."""
        plan = decision.plan
        assert plan is not None
        now, asked, lease = self.clock(), self.leases.uptime(), self.leases.length
        may = isinstance(plan.effects[0], TicketBody) and not self.restored.covers(delivery.accepted_at)
        at_once = may and not await directory.desk.pacing.take(now, Urgency.TICKET)
        posted: dict[str, Any] = {"posted": True} if plan.late else {}
        patient = self._is_patient(delivery, directory)
        after = replace(
            delivery, stage=Stage.PLANNED, board_id=plan.board_id, ticket_id=plan.ticket_id, plan=plan.bare(), **posted
        )

        def store(connection: Connection) -> list[effects.Effect]:
            learn(connection, delivery.desk, answers, context.policy.nobodys)
            mapping.reserve(connection, delivery.desk, plan.board_id, delivery.id, plan.ids)
            problems.wait_by(connection, delivery, plan.mentions)
            if others := order.planned(connection, delivery.desk, delivery.seq, plan.mentions, patient):
                raise mapping.Reserved(others[0].id)
            see_incident(connection, delivery, answers)
            save_problems(connection, delivery, decision, answers)
            if plan.ticket_id:
                reserve_files(connection, delivery, plan)
            windows.hold(connection, delivery.desk, decision.windows)
            kept = effects.add(connection, delivery, delivery.generation, plan.effects)
            hits.add(connection, delivery.seq, decision.hits)
            if at_once:
                effects.mark_first_sent(connection, delivery, now)
                kept[0] = effects.as_sent(kept[0], now)
            deliveries.advance(
                connection,
                delivery,
                Stage.PLANNED,
                now=now,
                lease_until=now + lease,
                plan=json.dumps(after.plan),
                trace=trace,
                **columns_of(email, decision),
                rehearsed=directory.desk.rehearses,
                board_id=plan.board_id,
                ticket_id=plan.ticket_id,
                **posted,
            )
            return kept

        try:
            kept = await self.store.write(store)
            self.leases.renewed(delivery.id, asked)
            return Planned(after, kept, at_once)
        except mapping.Reserved as taken:
            return self._later(delivery, taken)

    def _later(self, delivery: Delivery, taken: mapping.Reserved) -> Step:
        until = backoff.look_again(delivery, self.clock())
        return Defer(until, Waits(Waiting.EARLIER, str(taken)), f"{taken} took it in between")
