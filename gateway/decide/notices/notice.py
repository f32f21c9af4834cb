"""What becomes of a vendor's notice: one ticket for each problem of a client, closed only when that is safe.

A notice is never answered, binds nobody and mails no client. What a machine proves to be its own is taken
before the guard against floods; what nobody proved after it; what a person sent on after the threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.blocks import plain
from gateway.decide import forwards, newticket
from gateway.decide.context import DecisionContext
from gateway.decide.notices import fanout, incidents, lifecycle, shared
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.ids import incident_id, problem_id, storm_id
from gateway.decide.notices.lifecycle import Event, Verdict
from gateway.decide.notices.whose import by_sender, named, problem_of
from gateway.model.notice import Notice
from gateway.model.plan import Decision, EffectSpec, Plan
from gateway.model.problem import Became, Noticed, Problem, timed
from gateway.model.questions import FilesOn, NamesIn, ProblemsOf
from gateway.model.reasons import Reason


def proven(mail: DecisionContext) -> Decision | None:
    """A vendor's notice with a proven sender, or one that a technician forwarded (docs/notices.md)."""
    notice = _of(mail)
    return _decide(mail, notice) if notice and notice.proven else None


def unproven(mail: DecisionContext) -> Decision | None:
    """A notice whose sender is not proven: it may open a ticket or add a comment, and changes nothing else."""
    notice = _of(mail)
    return _decide(mail, notice) if notice and not notice.forwarded else None


def forwarded(mail: DecisionContext) -> Decision | None:
    """A notice that a customer forwarded: it becomes the customer's own ticket."""
    notice = _of(mail)
    return _decide(mail, notice) if notice and notice.forwarded else None


def _of(mail: DecisionContext) -> Notice | None:
    """The notice that the mail is. What somebody sent on is proven by who sent it on, whose own words are for
    technicians."""
    resolved = mail.delivery.notice
    if resolved is None:
        return None
    notice = timed(resolved.notice, mail.envelope.time)
    if notice.forwarded and (why := forwards.vouches(mail.sender, mail.policy.forwarders)):
        assert mail.email.forwarded is not None
        mail.forward, mail.is_searched = forwards.Forward(mail.email.forwarded, trusted=True), True
        return replace(notice, proven=True, proof=f"sent on {why}")
    return notice


def _decide(mail: DecisionContext, notice: Notice) -> Decision | None:
    resolved = mail.delivery.notice
    assert resolved is not None
    what = f"{notice.profile}: {notice.word or notice.state} of {notice.object or notice.key}"
    mail.trace.add("notice", what[:300], notice.proof or "nobody proved who sent it")
    if notice.failed:
        mail.trace.add("notice", f"could not read {', '.join(notice.failed)}", "known by its subject")
    by_person = notice.forwarded and not notice.proven
    client_id = resolved.client_id or ("" if by_person else named(mail, notice))
    if not client_id:
        who = by_sender(mail, notice)
        if who.refused:
            return mail.end(who.refused, who.detail)
        client_id = who.client_id
    if by_person and client_id == mail.policy.requesters.fallback:
        mail.trace.add("notice", "sent on by somebody of no client", "an ordinary mail")
        return None
    known: list[Problem] = mail.facts.ask(ProblemsOf(notice.profile, notice.key))
    context = NoticeContext(mail, resolved, notice, client_id, by_person, known)
    problem = problem_of(context)
    verdict = _judge(context, problem)
    if by_person:
        return _sent_on(context, problem, verdict)
    return _act(context, problem, verdict)


def _judge(context: NoticeContext, problem: Problem | None) -> Verdict:
    again = problem is not None and problem.delivery_id == context.mail.delivery.id
    same = problem is None or context.owns(problem)
    verdict = lifecycle.judge(Event(context.notice, context.now, problem, context.facts, again, same))
    context.mail.trace.add("problem", f"{verdict.rule}: {verdict.why}", verdict.act)
    return verdict


# -- acting ----------------------------------------------------------------------------------------


def _act(context: NoticeContext, problem: Problem | None, verdict: Verdict) -> Decision:
    match verdict.act:
        case "ignore":
            return _end(context, Reason.NOTICE_IGNORED, "ignored", verdict)
        case "overtaken":
            return _end(context, Reason.OVERTAKEN, "overtaken", verdict)
        case "nothing":
            return _nothing(context, problem, verdict)
        case "count":
            return _end(context, Reason.COUNTED, "counted", verdict)
        case "recover":
            return _recover(context, verdict)
        case "open":
            return _open(context, verdict)
        case "comment" | "reopen" | "doubt":
            return _comment(context, verdict)


def _sent_on(context: NoticeContext, problem: Problem | None, verdict: Verdict) -> Decision | None:
    """A person's mail is never only counted: it is on the ticket of their problem, or becomes one."""
    if verdict.act == "open":
        return _open(context, verdict)
    if problem is None or not problem.alive or not problem.ticket_id:
        context.mail.trace.add("notice", "no problem of the client is open", "an ordinary mail")
        return None
    after = verdict.after if verdict.act in ("count", "comment") and verdict.after else problem
    return _comment(context, Verdict("comment", "sent on", after))


def _noticed(context: NoticeContext, became: Became, verdict: Verdict, detail: str = "") -> Noticed:
    notice = context.notice
    problem = verdict.after or context.fresh()
    return Noticed(
        profile=notice.profile,
        became=became,
        problem_id=problem.id,
        client_id=context.client_id,
        state=notice.state,
        word=notice.word[:100],
        object=notice.object,
        key=notice.key,
        proven=notice.proven,
        failed=", ".join(notice.failed),
        changed=verdict.changed,
        expected=notice.expected,
        each=context.resolved.each,
        detail=detail or verdict.why,
    )


def _finish(context: NoticeContext, decision: Decision, noticed: Noticed) -> Decision:
    return replace(decision, changes=tuple(context.changes.values()), noticed=noticed)


def _end(context: NoticeContext, reason: Reason, became: Became, verdict: Verdict) -> Decision:
    """Nothing to do at the desk for this notice; the mail that it was expected to be may have something."""
    if verdict.after is not None:
        context.change(verdict.after)
    number = verdict.after.number or verdict.after.ticket_id if verdict.after else ""
    detail = f"{verdict.why}; ticket {number}" if number else verdict.why
    noticed = _noticed(context, became, verdict, detail)
    if effects := shared.closures(context, shared.met(context)):
        return _finish(context, _on(context, effects[0][0], [each for _, each in effects], late=True), noticed)
    return _finish(context, context.mail.end(reason, detail), noticed)


def _nothing(context: NoticeContext, problem: Problem | None, verdict: Verdict) -> Decision:
    """Its time is kept, so that an earlier notice which comes later is known to be late."""
    notice = context.notice
    if problem is None and notice.state == "close" and notice.proven:
        after = replace(
            context.fresh(),
            state="closed",
            at=notice.at,
            sequence=notice.sequence,
            last_at=context.now,
            word=notice.word,
            object=notice.object,
            condition=notice.condition,
            title=notice.title,
        )
        verdict = replace(verdict, after=after)
    return _end(context, Reason.NO_PROBLEM, "nothing", verdict)


def _open(context: NoticeContext, verdict: Verdict) -> Decision:
    """A ticket of its own, unless it is part of planned work or of a storm."""
    notice = context.notice
    begun = verdict.after or context.fresh()
    if not notice.proven and not context.by_person:  # whom it names counts for nothing
        context.client_id = by_sender(context.mail, notice).client_id
        known = next((one for one in context.known if one.client_id == context.client_id), None)
        if known and known.alive and (theirs := _judge(context, known)).act != "open":
            return _act(context, known, theirs)
        begun = lifecycle.begun(known) if known else context.fresh()
    begun = replace(
        begun, state="open", object=notice.object, condition=notice.condition, title=notice.title[:255],
        delivery_id=context.mail.delivery.id, count=1, words=1, word=notice.word,
        opened_at=context.now, changed_at=context.now, last_at=context.now, checked_at=context.now,
        incident=notice.incident, forwarded=context.by_person,
    )  # fmt: skip
    if notice.proven:
        begun = lifecycle.believed(begun, notice)
    if joined := shared.join(context, begun):
        verdict = replace(verdict, after=joined.problem)
        context.mail.trace.add("problem", joined.why, "joins its ticket")
        return _join(context, joined, verdict)
    begun = replace(begun, part_of="", until=0.0)
    decision = newticket.new_ticket(context.mail) if context.by_person else _ticket(context, begun)
    plan = decision.plan
    if plan is None or decision.outcome != "ticket":
        return decision
    request = next(one.body["request"] for one in plan.effects if one.kind == "ticket")
    begun = replace(begun, board_id=plan.board_id, status_id=request["status_id"], priority_id=request["priority_id"])
    master, more = incidents.under(context, begun)
    begun = replace(begun, master_id=master)
    context.change(begun)
    effects = [*plan.effects, *more, *(one for _, one in shared.closures(context, shared.met(context)))]
    decision = replace(
        decision,
        plan=replace(plan, effects=_in_time(effects, context.now), mentions=(problem_id(notice), *incident_id(notice))),
    )
    return _finish(context, decision, _noticed(context, "ticket", replace(verdict, after=begun)))


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
        effects=(*newticket.with_extras(mail, effects), *moved),
        board_id=destination["board_id"],
        ids=newticket.ids(mail),
        subject=mail.email.subject,
        client_id=context.client_id,
        fallback=context.client_id == mail.policy.requesters.fallback,
    )
    mail.trace.add("new ticket", f"client {context.client_id}", "ticket")
    return Decision("ticket", plan=plan)


def _quietly(context: NoticeContext) -> tuple[dict[str, str], list[EffectSpec]]:
    """The desk mails the client of a new ticket, and cannot be told not to. Its mailer reads the client some time after
    the ticket was made: so that is made on the fallback client, and moved without a mail when the mailer is done."""
    fallback = context.mail.policy.requesters.fallback
    if context.notice.handling.announce or not fallback or fallback == context.client_id:
        return {}, []
    request = {"client_id": context.client_id, "suppressContactNotifications": True}
    move = EffectSpec("client", {"request": request, "before": fallback, "wait": context.notice.handling.move_after})
    return {"client_id": fallback}, [move]


def _in_time(effects: Sequence[EffectSpec], now: float) -> tuple[EffectSpec, ...]:
    """Effects in the order of the times before which they do not run: they run one after another. What tells of a
    closing stays behind it."""
    delays: list[float] = []
    for effect in effects:
        after = effect.body.get("after", now) - now + effect.body.get("wait", 0.0)
        delays.append(delays[-1] if effect.kind == "told" else after)
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


def _join(context: NoticeContext, joined: shared.Joined, verdict: Verdict) -> Decision:
    """On the ticket of a storm or of planned work."""
    context.change(joined.problem)
    if joined.master is not None:
        context.change(joined.master)
    if joined.makes:
        assert joined.master is not None
        decision = _ticket(context, joined.master, joined.heading, joined.why)
        assert decision.plan is not None
        request = decision.plan.effects[0].body["request"]
        places = {
            "board_id": decision.plan.board_id,
            "status_id": request["status_id"],
            "priority_id": request["priority_id"],
        }
        context.change(replace(joined.master, **places))
        context.change(replace(joined.problem, **places))
        effects = _in_time((*decision.plan.effects, *joined.effects), context.now)
        waited_for = (problem_id(context.notice), storm_id(context.notice))
        decision = replace(decision, plan=replace(decision.plan, effects=effects, mentions=waited_for))
        return _finish(context, decision, _noticed(context, "part", verdict, joined.why))
    noticed = _noticed(context, "part", verdict, f"{joined.why}; ticket {joined.problem.number}")
    if not joined.effects:
        return _finish(context, context.mail.end(Reason.COUNTED, noticed.detail), noticed)
    return _finish(context, _on(context, joined.problem, list(joined.effects), late=True), noticed)


def _comment(context: NoticeContext, verdict: Verdict) -> Decision:
    """On the ticket that the problem has, or on its master's."""
    after = verdict.after
    assert after is not None
    notice, mail = context.notice, context.mail
    effects: list[EffectSpec] = []
    ticket_id, news = incidents.place(context, after, verdict)
    if after.part_of and verdict.act == "comment" and not context.by_person:
        news = False
    if not news:
        return _end(context, Reason.COUNTED, "counted", replace(verdict, after=after))
    if context.by_person:
        effects += mail.composer().comment(
            list(mail.email.blocks), internal=False, present=_present(context, ticket_id)
        )
    else:
        theirs = ticket_id != after.ticket_id  # the master is another client's
        effects += context.composer().comment(
            list(mail.email.blocks), internal=True, present=_present(context, ticket_id, theirs),
            automatic=notice.profile, note=_words(notice, verdict, _files(context) if theirs else 0),
        )  # fmt: skip
    if incidents.fans_out(context, after):
        effects.append(_news(context))
    if verdict.act == "reopen":
        request = {"status_id": after.status_id, "suppressContactNotifications": True}
        effects.append(EffectSpec("status", {"request": request}))
    raised = _raised(context, after, verdict)
    if raised:
        request = {"priority_id": raised, "suppressContactNotifications": True}
        effects.append(EffectSpec("priority", {"request": request, "before": after.priority_id}))
        after = replace(after, priority_id=raised)
    effects += [one for _, one in shared.closures(context, shared.met(context))]
    context.change(after)
    became: Became = "doubt" if verdict.act == "doubt" else "again" if verdict.changed else "comment"
    noticed = _noticed(context, became, replace(verdict, after=after))
    return _finish(context, _on(context, replace(after, ticket_id=ticket_id), effects), noticed)


def _news(context: NoticeContext) -> EffectSpec:
    """What is mailed to all clients of the incident."""
    mail = context.mail
    lines = plain(list(mail.email.blocks)).splitlines()
    names: tuple[str, ...] = context.facts.ask(NamesIn(fanout.candidates(context.notice, lines)))
    to = fanout.recipients(mail.email, mail.envelope)
    return context.composer().news(fanout.told(context.notice, lines, (*names, *to)))


def _files(context: NoticeContext) -> int:
    return sum(file.size > 0 for file in context.mail.email.attachments)


def _words(notice: Notice, verdict: Verdict, files_kept: int = 0) -> str:
    words = [f"{verdict.why}."]
    if not notice.proven:
        words = ["Nothing proves who sent this; nothing was changed."]
    if verdict.flaps:
        words.append("It is flapping: nothing is closed until it was quiet for a while.")
    if notice.failed:
        words.append(f"vendor-unparsed: the profile {notice.profile} could not read {', '.join(notice.failed)}.")
    if files_kept:
        words.append(f"Files of the mail that are not here, for the ticket is another client's: {files_kept}.")
    return " ".join(words)


def _raised(context: NoticeContext, problem: Problem, verdict: Verdict) -> str:
    """The id of the priority that it gets, "" for none: never one that is known to be lower."""
    named = context.resolved.priorities.get(context.notice.priority.casefold(), "") if verdict.rises else ""
    raised = named or (context.mail.policy.importance.get("high", "") if verdict.flaps else "")
    lower = context.mail.policy.rules.below(problem.priority_id)
    return raised if raised not in (problem.priority_id, *lower) else ""


def _present(context: NoticeContext, ticket_id: str, theirs: bool = False) -> Mapping[str, str]:
    """The files that are not uploaded: those that the ticket has, or all that have a content, above all on a ticket of
    another client."""
    hashes = tuple(dict.fromkeys(one.sha256 for one in context.mail.email.attachments if one.size))
    if theirs or not context.notice.handling.files:
        return dict.fromkeys(hashes, "")
    return context.facts.ask(FilesOn(ticket_id, hashes)) if hashes else {}


def _recover(context: NoticeContext, verdict: Verdict) -> Decision:
    """The ticket may close after the hold; of a shared ticket only its last open part closes it."""
    after = verdict.after
    assert after is not None
    noticed = _noticed(context, "recovery", verdict)
    effects: list[EffectSpec] = []
    place = after
    if verdict.flaps:
        note = "It is over, and flapping: nothing is closed until it was quiet for a while."
        words = context.composer().comment((), internal=True, present={}, automatic=context.notice.profile, note=note)
        effects += words
        if raised := _raised(context, after, verdict):
            request = {"priority_id": raised, "suppressContactNotifications": True}
            effects.append(EffectSpec("priority", {"request": request, "before": after.priority_id}))
            after = replace(after, priority_id=raised)
    closing: list[Problem] = []
    if after.part_of:
        after = replace(after, state="closed", closed_at=context.now)
        if whole := shared.over(context, after):
            closing.append(whole)
    elif after.ticket_id:
        closing.append(after)
    else:
        after = replace(after, left="its ticket was not made yet")
    context.change(after)
    closing += [*incidents.also_over(context, after), *shared.met(context)]
    closures = shared.closures(context, closing, verdict.close_at)
    effects += [one for _, one in closures]
    if not effects:
        detail = f"{verdict.why}; ticket {after.number or after.ticket_id}"
        return _finish(context, context.mail.end(Reason.COUNTED, detail), noticed)
    place = closures[0][0] if closures else after
    return _finish(context, _on(context, place, effects, late=True), noticed)


def _on(context: NoticeContext, problem: Problem, effects: list[EffectSpec], late: bool = False) -> Decision:
    """Effects on the problem's ticket. ``late`` when what they wait for is no reason for others to wait."""
    mail = context.mail
    mail.trace.add("ticket", problem.number or problem.ticket_id, "on it")
    plan = Plan(
        effects=tuple(effects),
        board_id=problem.board_id or mail.policy.destination["board_id"],
        ticket_id=problem.ticket_id,
        late=late,
    )
    return Decision("comment", plan=plan)
