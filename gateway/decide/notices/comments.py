"""A comment on the ticket that a problem has: what it says, its files, the priority with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.blocks import plain
from gateway.decide.notices import closing, expected, fanout, incidents
from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Transition
from gateway.decide.notices.record import end, finish, on, record
from gateway.model.effects import EffectBody, PriorityBody, StatusBody
from gateway.model.notice import Notice
from gateway.model.plan import Decision
from gateway.model.problem import Became, Problem
from gateway.model.questions import FilesOn, NamesIn
from gateway.model.reasons import Reason


def comment(context: NoticeContext, transition: Transition) -> Decision:
    """On the ticket that the problem has, or on its master's."""
    after = transition.after
    assert after is not None
    notice, mail = context.notice, context.mail
    effects: list[EffectBody] = []
    ticket_id, news = incidents.place(context, after, transition)
    if after.part_of and transition.act == "comment" and not context.by_person:
        news = False
    if not news:
        return end(context, Reason.COUNTED, "counted", replace(transition, after=after))
    if context.by_person:
        effects += mail.composer().comment(
            list(mail.email.blocks), internal=False, present=_present(context, ticket_id)
        )
    else:
        theirs = ticket_id != after.ticket_id  # the master is another client's
        effects += context.composer().comment(
            list(mail.email.blocks), internal=True, present=_present(context, ticket_id, theirs),
            automatic=notice.profile, note=_words(notice, transition, _files(context) if theirs else 0),
        )  # fmt: skip
    if incidents.fans_out(context, after):
        effects.append(_news(context))
    if transition.act == "reopen":
        effects.append(StatusBody(status_id=after.status_id))
    raised = raised_to(context, after, transition)
    if raised:
        effects.append(PriorityBody(priority_id=raised, before=after.priority_id))
        after = replace(after, priority_id=raised)
    effects += [effect for _, effect in closing.closures(context, expected.met(context))]
    context.change(after)
    became: Became = "doubt" if transition.act == "doubt" else "again" if transition.changed else "comment"
    notice_record = record(context, became, replace(transition, after=after))
    return finish(context, on(context, replace(after, ticket_id=ticket_id), effects), notice_record)


def _news(context: NoticeContext) -> EffectBody:
    """What is mailed to all clients of the incident."""
    mail = context.mail
    lines = plain(list(mail.email.blocks)).splitlines()
    names: tuple[str, ...] = context.facts.ask(NamesIn(fanout.candidates(context.notice, lines)))
    to = fanout.recipients(mail.email, mail.envelope)
    return context.composer().news(fanout.told(context.notice, lines, (*names, *to)))


def _files(context: NoticeContext) -> int:
    return sum(file.size > 0 for file in context.mail.email.attachments)


def _words(notice: Notice, transition: Transition, files_kept: int = 0) -> str:
    words = [f"{transition.why}."]
    if not notice.proven:
        words = ["Nothing proves who sent this; nothing was changed."]
    if transition.flaps:
        words.append("It is flapping: nothing is closed until it was quiet for a while.")
    if notice.failed:
        words.append(f"vendor-unparsed: the profile {notice.profile} could not read {', '.join(notice.failed)}.")
    if files_kept:
        words.append(f"Files of the mail that are not here, for the ticket is another client's: {files_kept}.")
    return " ".join(words)


def raised_to(context: NoticeContext, problem: Problem, transition: Transition) -> str:
    """The id of the priority that it gets, "" for none: never one that is known to be lower."""
    named = context.resolved.priorities.get(context.notice.priority.casefold(), "") if transition.rises else ""
    raised = named or (context.mail.policy.importance.get("high", "") if transition.flaps else "")
    lower = context.mail.policy.rules.below(problem.priority_id)
    return raised if raised not in (problem.priority_id, *lower) else ""


def _present(context: NoticeContext, ticket_id: str, theirs: bool = False) -> Mapping[str, str]:
    """The files that are not uploaded: those that the ticket has, or all that have a content, above all on a ticket of
    another client."""
    hashes = tuple(dict.fromkeys(file.sha256 for file in context.mail.email.attachments if file.size))
    if theirs or not context.notice.handling.files:
        return dict.fromkeys(hashes, "")
    return context.facts.ask(FilesOn(ticket_id, hashes)) if hashes else {}
