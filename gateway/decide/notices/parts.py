"""A mail of several problems: each part is decided as a notice of its own, and may have a ticket of its own. The mail
has one plan and one outcome.

A part's ticket holds its piece of the mail alone: the others may be another client's. A maintenance window holds its
part alone: the mail waits for it as a whole where nothing else is to be done, else behind what is. Decided anew,
because planned work or a window is over, only what still waits for a ticket is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from gateway.blocks import paragraphs
from gateway.decide import newticket
from gateway.decide.context import DecisionContext
from gateway.decide.notices import single, windows
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Transition
from gateway.decide.notices.opening import in_time
from gateway.decide.notices.record import finish, record
from gateway.decide.notices.whose import named, problem_of
from gateway.model.effects import AgainBody, EffectBody, FurtherTicketBody, TicketBody, WindowBody
from gateway.model.notice import Notice
from gateway.model.plan import Decision, Plan
from gateway.model.problem import Became, NoticeRecord, Problem, timed
from gateway.model.questions import ClientIn, PartsDecided, Question, Unanswered
from gateway.model.reasons import Reason

WORDS: dict[Became, str] = {
    "ticket": "new", "part": "on a shared ticket", "again": "is back", "comment": "news", "recovery": "over",
    "nothing": "no such problem is open", "held": "held by a maintenance window",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Decided:
    """One part with its number, and what was decided of it alone."""

    number: int
    about: NoticeContext
    decision: Decision

    @property
    def record(self) -> NoticeRecord:
        assert self.decision.notice_record is not None
        return self.decision.notice_record

    @property
    def problem(self) -> Problem | None:
        return self.about.changes.get(self.record.problem_id)


def decide(context: NoticeContext) -> Decision:
    """All parts together. What they need to know is asked for together, too."""
    parts = [timed(part, context.now) for part in context.notice.parts]
    before: tuple[int, ...] = context.facts.ask(PartsDecided())
    context.facts.want(*dict.fromkeys(ClientIn(part.clients) for part in parts if part.clients))
    clients = [context.resolved.client_id or named(context.mail, part) or context.client_id for part in parts]
    note = _note(context.mail, parts, alone=len(set(clients)) == 1)
    decided = _each(context, parts, clients, note, before, may_hold=True)
    if _is_held_behind_planned_work(decided):
        context.changes.clear()
        decided = _each(context, parts, clients, note, before, may_hold=False)
    for told in decided:
        context.mail.trace.add(f"part {told.number} of {len(parts)}", _what(told.about.notice)[:300], _became(told))
    return _together(context, decided, alone=len(set(clients)) == 1)


def _each(
    context: NoticeContext, parts: Sequence[Notice], clients: Sequence[str], note: str, before: Sequence[int],
    may_hold: bool,
) -> list[_Decided]:  # fmt: skip
    """What becomes of each part by itself. Raises Unanswered for all of them together."""
    unheard = _overruled(parts)
    decided: list[_Decided] = []
    missing: list[Question] = []
    for number, (part, client_id) in enumerate(zip(parts, clients, strict=True), 1):
        about = _about(context, part, client_id, note, first=number == 1)
        about.may_hold = may_hold
        try:
            if number in unheard:
                decided.append(_Decided(number, about, _overtaken(about)))
            elif made := _decided(about, number in before):
                decided.append(_Decided(number, about, made))
        except Unanswered as unanswered:
            missing += unanswered.questions
    if missing:
        raise Unanswered(tuple(dict.fromkeys(missing)))
    return decided


def _is_held_behind_planned_work(decided: Sequence[_Decided]) -> bool:
    """Whether a part that a window holds would wait for the end of a vendor's planned work, which may be days later."""
    plans = [made.decision.plan for made in decided if made.decision.plan]
    waits = any(isinstance(effect, AgainBody) for plan in plans for effect in plan.effects)
    return waits and any(made.decision.outcome == "hold" for made in decided)


def _overruled(parts: Sequence[Notice]) -> set[int]:
    """The numbers of the parts of which another one says more: of two about one problem the later, by the vendor's
    time; without such times what goes on, for no order says that it is over."""
    of_problem: dict[tuple[str, ...], list[int]] = {}
    for number, part in enumerate(parts, 1):
        of_problem.setdefault((part.key, part.scope, *part.clients), []).append(number)
    unheard: set[int] = set()
    for numbers in of_problem.values():
        ordered = len({parts[number - 1].at for number in numbers}) == len(numbers)
        counts = max(
            numbers,
            key=lambda number: (parts[number - 1].at if ordered else parts[number - 1].state != "close", number),
        )
        unheard |= {*numbers} - {counts}
    return unheard


def _about(context: NoticeContext, part: Notice, client_id: str, note: str, first: bool) -> NoticeContext:
    """One part under decision: its piece of the mail, without files. It sees and keeps what those before it changed.
    The mail's own expectation is met by the first."""
    delivery = context.mail.delivery
    policy = replace(delivery.policy, attach_original=False)
    email = replace(context.mail.email, text=part.text, html="", rich=tuple(paragraphs(part.text)), attachments=())
    mail = replace(
        context.mail, email=email, note=note, delivery=replace(delivery, policy=policy, moved_from=""), _fates=None
    )
    resolved = replace(context.resolved, notice=part, missing=context.resolved.missing if first else ())
    return NoticeContext(mail, resolved, part, client_id, False, [], context.changes)


def _decided(about: NoticeContext, before: bool) -> Decision | None:
    """What becomes of a part, None where that was decided ``before`` and nothing of it waits for a ticket."""
    about.known = about.problems_of(about.notice.key)
    problem = problem_of(about)
    if before and not _waits(about, problem):
        return None
    if before and problem and problem.held_by and problem.delivery_id == about.mail.delivery.id:
        then = windows.go_on(about, problem)
        return then if isinstance(then, Decision) else single.outlasted(about, then)
    return single.act(about, problem, single.evaluate(about, problem))


def _waits(about: NoticeContext, problem: Problem | None) -> bool:
    """Whether its problem still needs a ticket of its own: it was never made, or is held back until a time."""
    if problem is None or not problem.alive:
        return False
    return not problem.ticket_id or bool(problem.until and problem.delivery_id == about.mail.delivery.id)


def _overtaken(about: NoticeContext) -> Decision:
    transition = Transition("overtaken", "the mail says more of the same problem", None)
    return Decision("suppress", Reason.OVERTAKEN, notice_record=record(about, "overtaken", transition))


def _together(context: NoticeContext, decided: Sequence[_Decided], alone: bool) -> Decision:
    """One decision for the mail: the first new ticket is its own."""
    said = "; ".join(f"{_what(made.about.notice)} ({_became(made)})" for made in decided)
    own = next((made for made in decided if made.decision.outcome == "ticket"), None)
    effects = [effect for made in decided for effect in _effects(made, made is own)]
    held = [made for made in decided if made.decision.outcome == "hold"]
    if own is not None:
        assert own.decision.plan is not None
        if alone:  # whose files are they, else?
            files = [replace(effect, about=_shared(own)) for effect in context.mail.composer().files()]
            effects += newticket.with_extras(context.mail, files)
        mentions = [id_ for made in decided if made.decision.plan for id_ in made.decision.plan.mentions]
        plan = replace(
            own.decision.plan,
            effects=(*in_time(effects, context.now), *_awaited(held)),
            mentions=tuple(dict.fromkeys(mentions)),
        )
        decision = Decision("ticket", plan=plan)
    elif effects:
        place = next(made.decision.plan for made in decided if made.decision.plan)
        ordered = (*in_time(effects, context.now), *_awaited(held))
        decision = Decision("comment", plan=Plan(ordered, place.board_id, place.ticket_id, late=True))
    elif held:
        holders = "; ".join(dict.fromkeys(made.decision.held_by for made in held))
        again = min(made.decision.until for made in held)
        decision = Decision("hold", Reason.IN_WINDOW, f"held by {holders}", until=again, held_by=holders)
    elif not decided and context.mail.delivery.is_held:
        decision = context.mail.end(Reason.IN_WINDOW, "it was over before the window was")
    else:
        reasons = [made.decision.reason for made in decided if made.decision.reason]
        reason = Reason.COUNTED if Reason.COUNTED in reasons or not reasons else reasons[0]
        decision = context.mail.end(reason, said[:500])
    failed = tuple(dict.fromkeys(name for made in decided for name in made.about.notice.failed))
    whole = replace(context, notice=replace(context.notice, failed=failed))
    decision = finish(context, decision, record(whole, "several", Transition("nothing", said, None)))
    holding = {window.id: window for made in held for window in made.decision.windows}
    return replace(
        decision, windows=tuple(holding.values()), part_records=tuple((made.number, made.record) for made in decided)
    )


def _awaited(held: Sequence[_Decided]) -> list[WindowBody]:
    """The end of the windows that hold the other parts: the last effect, for with it the mail is decided anew."""
    problems = tuple(made.record.problem_id for made in held)
    objects = tuple(made.about.notice.object for made in held)
    return [WindowBody(problems=problems, objects=objects)] if held else []


def _effects(made: _Decided, is_own: bool) -> list[EffectBody]:
    """What a part does, each effect with the ticket that it is on."""
    plan = made.decision.plan
    if plan is None:
        return []
    effects: list[EffectBody] = []
    for effect in plan.effects:
        if isinstance(effect, TicketBody) and not is_own:
            values = {field.name: getattr(effect, field.name) for field in fields(effect)}
            effect = FurtherTicketBody(**values, whose=plan.client_id, fallback=plan.fallback)
        if not effect.ticket_id:
            about = "" if plan.ticket_id else _shared(made)
            effect = replace(effect, ticket_id=plan.ticket_id, about=about)
        effects.append(effect)
    return effects


def _shared(made: _Decided) -> str:
    """The problem whose ticket a new one is on: its own, or that of a storm."""
    assert made.problem is not None
    return made.problem.part_of or made.problem.id


def _what(part: Notice) -> str:
    name = ": ".join(filter(None, (part.object, part.condition))) or " ".join(part.text.split())[:80]
    return f"{name}: {part.word or part.state}"


def _became(made: _Decided) -> str:
    problem, became = made.problem, WORDS.get(made.record.became, made.record.became)
    number = problem.number if problem and made.record.became != "ticket" else ""
    return f"{became}, ticket {number}" if number else became


def _note(mail: DecisionContext, parts: Sequence[Notice], alone: bool) -> str:
    """What a ticket says of the mail; of what others it told only where they are the same client's."""
    if len(parts) == 1:
        return mail.note
    words = f"The mail told of {len(parts)} problems"
    if alone:
        words += f": {'; '.join(_what(part) for part in parts)}"[:1500]
    else:
        words += " of several clients; each ticket has its own part"
        words += ", and none its files" if mail.email.attachments else ""
    return f"{mail.note} {words}.".strip()
