"""A problem's new ticket: its own, or the one that it shares with others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gateway.decide import newticket
from gateway.decide.notices import closing, expected, incidents, lifecycle, planned_work, storms
from gateway.decide.notices.context import Joined, NoticeContext
from gateway.decide.notices.ids import incident_id, problem_id, storm_id
from gateway.decide.notices.lifecycle import Transition
from gateway.decide.notices.record import finish, on, record
from gateway.model.effects import AssetBody, ClientBody, EffectBody, TicketBody, ToldBody
from gateway.model.plan import Decision, Plan
from gateway.model.problem import Problem
from gateway.model.reasons import Reason

DEVICE = ("hostname", "host", "serial", "serial_number", "asset_tag")
"""Names of values that call a device by itself, whatever the object of a notice is."""


def open_ticket(context: NoticeContext, begun: Problem, transition: Transition) -> Decision:
    """A ticket of its own, unless it is part of planned work or of a storm. What a window held is told as it stands."""
    notice = context.notice
    begun = _released(context, begun) if begun.held_by else begins(context, begun)
    if joined := _joined(context, begun):
        transition = replace(transition, after=joined.problem)
        context.mail.trace.add("problem", joined.why, "joins its ticket")
        return _on_its_ticket(context, joined, transition)
    begun = replace(begun, part_of="", until=0.0)
    decision = newticket.new_ticket(context.mail) if context.by_person else _ticket(context, begun)
    plan = decision.plan
    if plan is None or decision.outcome != "ticket":
        return decision
    begun = _placed(begun, plan)
    master, more = incidents.under(context, begun)
    begun = replace(begun, master_id=master)
    context.change(begun)
    arrived = [effect for _, effect in closing.closures(context, expected.met(context))]
    effects = [*plan.effects, *more, *arrived]
    decision = replace(
        decision,
        plan=replace(plan, effects=in_time(effects, context.now), mentions=(problem_id(notice), *incident_id(notice))),
    )
    return finish(context, decision, record(context, "ticket", replace(transition, after=begun)))


def _released(context: NoticeContext, held: Problem) -> Problem:
    """The problem that a window held, as it is by now."""
    return replace(held, held_by="", until=0.0, delivery_id=context.mail.delivery.id, checked_at=context.now)


def begins(context: NoticeContext, begun: Problem) -> Problem:
    """The problem as this notice begins it."""
    notice = context.notice
    begun = replace(
        begun, state="open", object=notice.object, condition=notice.condition, title=notice.title[:255],
        subject=notice.subject,
        delivery_id=context.mail.delivery.id, count=1, words=1, word=notice.word,
        opened_at=context.now, changed_at=context.now, last_at=context.now, checked_at=context.now,
        incident=notice.incident, forwarded=context.by_person,
    )  # fmt: skip
    return lifecycle.believed(begun, notice) if notice.proven else begun


def _joined(context: NoticeContext, begun: Problem) -> Joined | None:
    """The ticket that a new problem shares, None for a ticket of its own."""
    if context.by_person or not context.notice.proven or context.notice.state == "planned":
        return None
    return planned_work.join(context, begun) or storms.join(context, begun)


def _ticket(context: NoticeContext, begun: Problem, heading: str = "", note: str = "") -> Decision:
    """A ticket without a contact, for the client."""
    mail, notice = context.mail, context.notice
    destination = {**mail.policy.destination, **context.resolved.destination, "client_id": context.client_id}
    if priority := context.resolved.priorities.get(notice.priority.casefold()):
        destination["priority_id"] = priority
    quiet, moved = _quietly(context)
    effects = context.composer(object=begun.object, condition=begun.condition, word=begun.word).ticket(
        {**destination, **quiet}, newticket.body(mail), note or _note(context, begun), heading=heading or notice.title
    )
    plan = Plan(
        effects=(*newticket.with_extras(mail, effects), *moved, *_device(context, moved)),
        board_id=destination["board_id"],
        ids=newticket.ids(mail),
        subject=mail.email.subject,
        client_id=context.client_id,
        fallback=context.client_id == mail.policy.requesters.fallback,
    )
    mail.trace.add("new ticket", f"client {context.client_id}", "ticket")
    return Decision("ticket", plan=plan)


def _device(context: NoticeContext, moved: Sequence[EffectBody]) -> list[EffectBody]:
    """The asset of the object, linked once the ticket is its client's: by all that the mail calls the device."""
    notice = context.notice
    if not notice.handling.asset:
        return []
    called = (notice.object, *(notice.fields.get(name, "") for name in DEVICE))
    return [*AssetBody.of(called, wait=max((move.wait for move in moved), default=0.0))]


def _quietly(context: NoticeContext) -> tuple[dict[str, str], list[EffectBody]]:
    """The desk mails the client of a new ticket, and cannot be told not to. Its mailer reads the client some time after
    the ticket was made: so that is made on the fallback client, and moved without a mail when the mailer is done."""
    fallback = context.mail.policy.requesters.fallback
    if context.notice.handling.announce or not fallback or fallback == context.client_id:
        return {}, []
    move = ClientBody(client_id=context.client_id, before=fallback, wait=context.notice.handling.move_after)
    return {"client_id": fallback}, [move]


def _placed(problem: Problem, plan: Plan) -> Problem:
    """The problem with the place of the plan's new ticket."""
    ids = next(effect.ids for effect in plan.effects if isinstance(effect, TicketBody))
    return replace(problem, board_id=plan.board_id, status_id=ids["status_id"], priority_id=ids["priority_id"])


def in_time(effects: Sequence[EffectBody], now: float) -> tuple[EffectBody, ...]:
    """Effects in the order of the times before which they do not run: they run one after another. What tells of a
    closing stays behind it."""
    delays: list[float] = []
    for effect in effects:
        after = (effect.after - now if effect.after else 0.0) + effect.wait
        delays.append(delays[-1] if isinstance(effect, ToldBody) else after)
    order = sorted(range(len(effects)), key=delays.__getitem__)
    return tuple(effects[index] for index in order)


def _note(context: NoticeContext, problem: Problem) -> str:
    notice = context.notice
    words = []
    if notice.failed:
        words.append(f"vendor-unparsed: the profile {notice.profile} could not read {', '.join(notice.failed)}.")
    if not notice.proven:
        words.append("Nothing proves who sent this.")
    if problem.previous:
        words.append(f"It was on ticket {problem.previous} before.")
    return " ".join([*words, context.mail.note]).strip()


def _on_its_ticket(context: NoticeContext, joined: Joined, transition: Transition) -> Decision:
    """On the ticket of a storm or of planned work."""
    context.change(joined.problem)
    if joined.master is not None:
        context.change(joined.master)
    if joined.makes:
        assert joined.master is not None
        decision = _ticket(context, joined.master, joined.heading, joined.why)
        assert decision.plan is not None
        context.change(_placed(joined.master, decision.plan))
        context.change(_placed(joined.problem, decision.plan))
        effects = in_time((*decision.plan.effects, *joined.effects), context.now)
        waited_for = (problem_id(context.notice), storm_id(context.notice))
        decision = replace(decision, plan=replace(decision.plan, effects=effects, mentions=waited_for))
        return finish(context, decision, record(context, "part", transition, joined.why))
    notice_record = record(context, "part", transition, f"{joined.why}; ticket {joined.problem.number}")
    if not joined.effects:
        return finish(context, context.mail.end(Reason.COUNTED, notice_record.detail), notice_record)
    return finish(context, on(context, joined.problem, list(joined.effects), late=True), notice_record)
