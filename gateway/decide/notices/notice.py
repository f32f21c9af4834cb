"""What becomes of a vendor's notice: one ticket for each problem of a client, closed only when that is safe.

A notice is never answered, binds nobody and mails no client. What a machine proves to be its own is taken
before the guard against floods; what nobody proved after it; what a person sent on after the threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.blocks import plain
from gateway.decide import forwards, newticket
from gateway.decide.notices import fanout, incidents, lifecycle, shared
from gateway.decide.notices.context import Affair, by_sender, incident_id, named, problem_id, problem_of, storm_id
from gateway.decide.notices.lifecycle import Event, Verdict
from gateway.model.notice import Notice
from gateway.model.plan import Decision, EffectSpec, Plan
from gateway.model.problem import Became, Noticed, Problem, timed
from gateway.model.questions import FilesOn, NamesIn, ProblemsOf
from gateway.model.reasons import Reason

if TYPE_CHECKING:
    from gateway.decide.context import Case


def proven(case: Case) -> Decision | None:
    """A vendor's notice with a proven sender, or one that a technician forwarded (docs/notices.md)."""
    notice = _of(case)
    return _decide(case, notice) if notice and notice.proven else None


def unproven(case: Case) -> Decision | None:
    """A notice whose sender is not proven: it may open a ticket or add a comment, and changes nothing else."""
    notice = _of(case)
    return _decide(case, notice) if notice and not notice.forwarded else None


def forwarded(case: Case) -> Decision | None:
    """A notice that a customer forwarded: it becomes the customer's own ticket."""
    notice = _of(case)
    return _decide(case, notice) if notice and notice.forwarded else None


def _of(case: Case) -> Notice | None:
    """The notice that the mail is. What somebody sent on is proven by who sent it on, whose own words are for
    technicians."""
    noticing, context = case.context.noticing, case.context
    if noticing is None:
        return None
    notice = timed(noticing.notice, case.envelope.time)
    if notice.forwarded and (why := forwards.vouches(case.sender, context.forwarders)):
        assert case.email.forwarded is not None
        case.forward, case.is_searched = forwards.Forward(case.email.forwarded, trusted=True), True
        return replace(notice, proven=True, proof=f"sent on {why}")
    return notice


def _decide(case: Case, notice: Notice) -> Decision | None:
    noticing = case.context.noticing
    assert noticing is not None
    what = f"{notice.profile}: {notice.word or notice.state} of {notice.object or notice.key}"
    case.trace.add("notice", what[:300], notice.proof or "nobody proved who sent it")
    if notice.failed:
        case.trace.add("notice", f"could not read {', '.join(notice.failed)}", "known by its subject")
    by_person = notice.forwarded and not notice.proven
    client_id = noticing.client_id or ("" if by_person else named(case, notice))
    if not client_id:
        who = by_sender(case, notice)
        if who.refused:
            return case.end(who.refused, who.detail)
        client_id = who.client_id
    if by_person and client_id == case.context.requesters.fallback:
        case.trace.add("notice", "sent on by somebody of no client", "an ordinary mail")
        return None
    known: list[Problem] = case.facts.ask(ProblemsOf(notice.profile, notice.key))
    affair = Affair(case, noticing, notice, client_id, by_person, known)
    problem = problem_of(affair)
    verdict = _judge(affair, problem)
    if by_person:
        return _sent_on(affair, problem, verdict)
    return _act(affair, problem, verdict)


def _judge(affair: Affair, problem: Problem | None) -> Verdict:
    again = problem is not None and problem.delivery_id == affair.case.context.delivery_id
    same = problem is None or affair.owns(problem)
    verdict = lifecycle.judge(Event(affair.notice, affair.now, problem, affair.facts, again, same))
    affair.case.trace.add("problem", f"{verdict.rule}: {verdict.why}", verdict.act)
    return verdict


# -- acting ----------------------------------------------------------------------------------------


def _act(affair: Affair, problem: Problem | None, verdict: Verdict) -> Decision:
    match verdict.act:
        case "ignore":
            return _end(affair, Reason.NOTICE_IGNORED, "ignored", verdict)
        case "overtaken":
            return _end(affair, Reason.OVERTAKEN, "overtaken", verdict)
        case "nothing":
            return _nothing(affair, problem, verdict)
        case "count":
            return _end(affair, Reason.COUNTED, "counted", verdict)
        case "recover":
            return _recover(affair, verdict)
        case "open":
            return _open(affair, verdict)
        case "comment" | "reopen" | "doubt":
            return _comment(affair, verdict)


def _sent_on(affair: Affair, problem: Problem | None, verdict: Verdict) -> Decision | None:
    """A person's mail is never only counted: it is on the ticket of their problem, or becomes one."""
    if verdict.act == "open":
        return _open(affair, verdict)
    if problem is None or not problem.alive or not problem.ticket_id:
        affair.case.trace.add("notice", "no problem of the client is open", "an ordinary mail")
        return None
    after = verdict.after if verdict.act in ("count", "comment") and verdict.after else problem
    return _comment(affair, Verdict("comment", "sent on", after))


def _noticed(affair: Affair, became: Became, verdict: Verdict, detail: str = "") -> Noticed:
    notice = affair.notice
    problem = verdict.after or affair.fresh()
    return Noticed(
        profile=notice.profile,
        became=became,
        problem_id=problem.id,
        client_id=affair.client_id,
        state=notice.state,
        word=notice.word[:100],
        object=notice.object,
        key=notice.key,
        proven=notice.proven,
        failed=", ".join(notice.failed),
        changed=verdict.changed,
        expected=notice.expected,
        each=affair.noticing.each,
        detail=detail or verdict.why,
    )


def _finish(affair: Affair, decision: Decision, noticed: Noticed) -> Decision:
    return replace(decision, changes=tuple(affair.changes.values()), noticed=noticed)


def _end(affair: Affair, reason: Reason, became: Became, verdict: Verdict) -> Decision:
    """Nothing to do at the desk for this notice; the mail that it was expected to be may have something."""
    if verdict.after is not None:
        affair.change(verdict.after)
    number = verdict.after.number or verdict.after.ticket_id if verdict.after else ""
    detail = f"{verdict.why}; ticket {number}" if number else verdict.why
    noticed = _noticed(affair, became, verdict, detail)
    if effects := shared.closures(affair, shared.met(affair)):
        return _finish(affair, _on(affair, effects[0][0], [each for _, each in effects], late=True), noticed)
    return _finish(affair, affair.case.end(reason, detail), noticed)


def _nothing(affair: Affair, problem: Problem | None, verdict: Verdict) -> Decision:
    """Its time is kept, so that an earlier notice which comes later is known to be late."""
    notice = affair.notice
    if problem is None and notice.state == "close" and notice.proven:
        after = replace(
            affair.fresh(),
            state="closed",
            at=notice.at,
            sequence=notice.sequence,
            last_at=affair.now,
            word=notice.word,
            object=notice.object,
            condition=notice.condition,
            title=notice.title,
        )
        verdict = replace(verdict, after=after)
    return _end(affair, Reason.NO_PROBLEM, "nothing", verdict)


def _open(affair: Affair, verdict: Verdict) -> Decision:
    """A ticket of its own, unless it is part of planned work or of a storm."""
    notice = affair.notice
    begun = verdict.after or affair.fresh()
    if not notice.proven and not affair.by_person:  # whom it names counts for nothing
        affair.client_id = by_sender(affair.case, notice).client_id
        known = next((one for one in affair.known if one.client_id == affair.client_id), None)
        if known and known.alive and (theirs := _judge(affair, known)).act != "open":
            return _act(affair, known, theirs)
        begun = lifecycle.begun(known) if known else affair.fresh()
    begun = replace(
        begun, state="open", object=notice.object, condition=notice.condition, title=notice.title[:255],
        delivery_id=affair.case.context.delivery_id, count=1, words=1, word=notice.word,
        opened_at=affair.now, changed_at=affair.now, last_at=affair.now, checked_at=affair.now,
        incident=notice.incident, forwarded=affair.by_person,
    )  # fmt: skip
    if notice.proven:
        begun = lifecycle.believed(begun, notice)
    if joined := shared.join(affair, begun):
        verdict = replace(verdict, after=joined.problem)
        affair.case.trace.add("problem", joined.why, "joins its ticket")
        return _join(affair, joined, verdict)
    begun = replace(begun, part_of="", until=0.0)
    decision = newticket.new_ticket(affair.case) if affair.by_person else _ticket(affair, begun)
    plan = decision.plan
    if plan is None or decision.outcome != "ticket":
        return decision
    request = next(one.body["request"] for one in plan.effects if one.kind == "ticket")
    begun = replace(begun, board_id=plan.board_id, status_id=request["status_id"], priority_id=request["priority_id"])
    master, more = incidents.under(affair, begun)
    begun = replace(begun, master_id=master)
    affair.change(begun)
    effects = [*plan.effects, *more, *(one for _, one in shared.closures(affair, shared.met(affair)))]
    decision = replace(
        decision,
        plan=replace(plan, effects=_in_time(effects, affair.now), mentions=(problem_id(notice), *incident_id(notice))),
    )
    return _finish(affair, decision, _noticed(affair, "ticket", replace(verdict, after=begun)))


def _ticket(affair: Affair, begun: Problem, heading: str = "", note: str = "") -> Decision:
    """A ticket without a contact, for the client."""
    case, notice = affair.case, affair.notice
    destination = {**case.context.destination, **affair.noticing.destination, "client_id": affair.client_id}
    if priority := affair.noticing.priorities.get(notice.priority.casefold()):
        destination["priority_id"] = priority
    quiet, moved = _quietly(affair)
    effects = affair.composer(object=begun.object, condition=begun.condition, word=begun.word).ticket(
        {**destination, **quiet}, newticket.body(case), note or _note(affair, begun), heading=heading or notice.title
    )
    plan = Plan(
        effects=(*newticket.with_extras(case, effects), *moved),
        board_id=destination["board_id"],
        ids=newticket.ids(case),
        subject=case.email.subject,
        client_id=affair.client_id,
        fallback=affair.client_id == case.context.requesters.fallback,
    )
    case.trace.add("new ticket", f"client {affair.client_id}", "ticket")
    return Decision("ticket", plan=plan)


def _quietly(affair: Affair) -> tuple[dict[str, str], list[EffectSpec]]:
    """The desk mails the client of a new ticket, and cannot be told not to. Its mailer reads the client some time after
    the ticket was made: so that is made on the fallback client, and moved without a mail when the mailer is done."""
    fallback = affair.case.context.requesters.fallback
    if affair.notice.handling.announce or not fallback or fallback == affair.client_id:
        return {}, []
    request = {"client_id": affair.client_id, "suppressContactNotifications": True}
    move = EffectSpec("client", {"request": request, "before": fallback, "wait": affair.notice.handling.move_after})
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


def _note(affair: Affair, problem: Problem) -> str:
    notice = affair.notice
    words = []
    if notice.failed:
        words.append(f"vendor-unparsed: the profile {notice.profile} could not read {', '.join(notice.failed)}.")
    if not notice.proven:
        words.append("Nothing proves who sent this.")
    if problem.previous:
        words.append(f"It was on ticket {problem.previous} before.")
    return " ".join([*words, affair.case.note]).strip()


def _join(affair: Affair, joined: shared.Joined, verdict: Verdict) -> Decision:
    """On the ticket of a storm or of planned work."""
    affair.change(joined.problem)
    if joined.master is not None:
        affair.change(joined.master)
    if joined.makes:
        assert joined.master is not None
        decision = _ticket(affair, joined.master, joined.heading, joined.why)
        assert decision.plan is not None
        request = decision.plan.effects[0].body["request"]
        places = {
            "board_id": decision.plan.board_id,
            "status_id": request["status_id"],
            "priority_id": request["priority_id"],
        }
        affair.change(replace(joined.master, **places))
        affair.change(replace(joined.problem, **places))
        effects = _in_time((*decision.plan.effects, *joined.effects), affair.now)
        waited_for = (problem_id(affair.notice), storm_id(affair.notice))
        decision = replace(decision, plan=replace(decision.plan, effects=effects, mentions=waited_for))
        return _finish(affair, decision, _noticed(affair, "part", verdict, joined.why))
    noticed = _noticed(affair, "part", verdict, f"{joined.why}; ticket {joined.problem.number}")
    if not joined.effects:
        return _finish(affair, affair.case.end(Reason.COUNTED, noticed.detail), noticed)
    return _finish(affair, _on(affair, joined.problem, list(joined.effects), late=True), noticed)


def _comment(affair: Affair, verdict: Verdict) -> Decision:
    """On the ticket that the problem has, or on its master's."""
    after = verdict.after
    assert after is not None
    notice, case = affair.notice, affair.case
    effects: list[EffectSpec] = []
    ticket_id, news = incidents.place(affair, after, verdict)
    if after.part_of and verdict.act == "comment" and not affair.by_person:
        news = False
    if not news:
        return _end(affair, Reason.COUNTED, "counted", replace(verdict, after=after))
    if affair.by_person:
        effects += case.composer().comment(list(case.email.blocks), internal=False, present=_present(affair, ticket_id))
    else:
        theirs = ticket_id != after.ticket_id  # the master is another client's
        effects += affair.composer().comment(
            list(case.email.blocks), internal=True, present=_present(affair, ticket_id, theirs),
            automatic=notice.profile, note=_words(notice, verdict, _files(affair) if theirs else 0),
        )  # fmt: skip
    if incidents.fans_out(affair, after):
        effects.append(_news(affair))
    if verdict.act == "reopen":
        request = {"status_id": after.status_id, "suppressContactNotifications": True}
        effects.append(EffectSpec("status", {"request": request}))
    raised = _raised(affair, after, verdict)
    if raised:
        request = {"priority_id": raised, "suppressContactNotifications": True}
        effects.append(EffectSpec("priority", {"request": request, "before": after.priority_id}))
        after = replace(after, priority_id=raised)
    effects += [one for _, one in shared.closures(affair, shared.met(affair))]
    affair.change(after)
    became: Became = "doubt" if verdict.act == "doubt" else "again" if verdict.changed else "comment"
    noticed = _noticed(affair, became, replace(verdict, after=after))
    return _finish(affair, _on(affair, replace(after, ticket_id=ticket_id), effects), noticed)


def _news(affair: Affair) -> EffectSpec:
    """What is mailed to all clients of the incident."""
    case = affair.case
    lines = plain(list(case.email.blocks)).splitlines()
    names: tuple[str, ...] = affair.facts.ask(NamesIn(fanout.candidates(affair.notice, lines)))
    to = fanout.recipients(case.email, case.envelope)
    return affair.composer().news(fanout.told(affair.notice, lines, (*names, *to)))


def _files(affair: Affair) -> int:
    return sum(file.size > 0 for file in affair.case.email.attachments)


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


def _raised(affair: Affair, problem: Problem, verdict: Verdict) -> str:
    """The id of the priority that it gets, "" for none: never one that is known to be lower."""
    named = affair.noticing.priorities.get(affair.notice.priority.casefold(), "") if verdict.rises else ""
    raised = named or (affair.case.context.importance.get("high", "") if verdict.flaps else "")
    lower = affair.case.context.rules.below(problem.priority_id)
    return raised if raised not in (problem.priority_id, *lower) else ""


def _present(affair: Affair, ticket_id: str, theirs: bool = False) -> Mapping[str, str]:
    """The files that are not uploaded: those that the ticket has, or all that have a content, above all on a ticket of
    another client."""
    hashes = tuple(dict.fromkeys(one.sha256 for one in affair.case.email.attachments if one.size))
    if theirs or not affair.notice.handling.files:
        return dict.fromkeys(hashes, "")
    return affair.facts.ask(FilesOn(ticket_id, hashes)) if hashes else {}


def _recover(affair: Affair, verdict: Verdict) -> Decision:
    """The ticket may close after the hold; of a shared ticket only its last open part closes it."""
    after = verdict.after
    assert after is not None
    noticed = _noticed(affair, "recovery", verdict)
    effects: list[EffectSpec] = []
    place = after
    if verdict.flaps:
        note = "It is over, and flapping: nothing is closed until it was quiet for a while."
        words = affair.composer().comment((), internal=True, present={}, automatic=affair.notice.profile, note=note)
        effects += words
        if raised := _raised(affair, after, verdict):
            request = {"priority_id": raised, "suppressContactNotifications": True}
            effects.append(EffectSpec("priority", {"request": request, "before": after.priority_id}))
            after = replace(after, priority_id=raised)
    closing: list[Problem] = []
    if after.part_of:
        after = replace(after, state="closed", closed_at=affair.now)
        if whole := shared.over(affair, after):
            closing.append(whole)
    elif after.ticket_id:
        closing.append(after)
    else:
        after = replace(after, left="its ticket was not made yet")
    affair.change(after)
    closing += [*incidents.also_over(affair, after), *shared.met(affair)]
    closures = shared.closures(affair, closing, verdict.close_at)
    effects += [one for _, one in closures]
    if not effects:
        detail = f"{verdict.why}; ticket {after.number or after.ticket_id}"
        return _finish(affair, affair.case.end(Reason.COUNTED, detail), noticed)
    place = closures[0][0] if closures else after
    return _finish(affair, _on(affair, place, effects, late=True), noticed)


def _on(affair: Affair, problem: Problem, effects: list[EffectSpec], late: bool = False) -> Decision:
    """Effects on the problem's ticket. ``late`` when what they wait for is no reason for others to wait."""
    case = affair.case
    case.trace.add("ticket", problem.number or problem.ticket_id, "on it")
    plan = Plan(
        effects=tuple(effects),
        board_id=problem.board_id or case.context.destination["board_id"],
        ticket_id=problem.ticket_id,
        late=late,
    )
    return Decision("comment", plan=plan)
