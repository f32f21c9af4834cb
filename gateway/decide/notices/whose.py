"""Whose problem a notice is about, and which one."""

from __future__ import annotations

from dataclasses import replace

from gateway.decide import requester
from gateway.decide.context import DecisionContext
from gateway.decide.notices import incidents
from gateway.decide.notices.context import NoticeContext
from gateway.model.notice import Notice
from gateway.model.problem import Problem
from gateway.model.questions import ClientIn, NamedClient, OpenOfObject


def named(mail: DecisionContext, notice: Notice) -> str:
    """The client that the notice names, "" for none."""
    if not notice.clients:
        return ""
    named: NamedClient = mail.facts.ask(ClientIn(notice.clients))
    mail.trace.add("client", named.how, "client" if named.client_id else "fallback client")
    return named.client_id


def by_sender(mail: DecisionContext, notice: Notice) -> requester.Requester:
    """Whose problem it is by who sent it: a device may write from its client's domain. A notice that names a
    client whom nobody knows goes to the fallback client."""
    disproven = mail.sender.verdict == "fail"
    lost = (bool(notice.clients) and notice.proven) or (notice.forwarded and notice.proven)
    policy = replace(mail.policy.requesters, contacts="never")
    asked = requester.Asked(
        mail.email.sender, "notice" if lost else "", False, disproven, policy, mail.facts, mail.trace
    )
    return requester.find(asked)


def _by_name(context: NoticeContext) -> Problem | None:
    """What a mail without the vendor's number goes on about: the open problem of that object and condition, of the same
    scope and client. It never ends it, for two objects may be called the same."""
    notice = context.notice
    if not notice.by_name or notice.state == "close" or not notice.object:
        return None
    found: list[Problem] = context.facts.ask(OpenOfObject(notice.profile, notice.object))
    found = [context.changes.get(problem.id, problem) for problem in found]
    wanted = (notice.condition, notice.scope, context.client_id)
    return next((known for known in found if (known.condition, known.scope, known.client_id) == wanted), None)


def problem_of(context: NoticeContext) -> Problem | None:
    """The problem of the notice's client and scope. Where those are not known (it tells no client, proves nothing, or
    was sent on) the only one that is open."""
    notice = context.notice
    vague = not notice.proven or notice.forwarded
    here = [known for known in context.known if vague or known.scope == notice.scope]
    mine = [known for known in here if known.client_id == context.client_id]
    own = next((known for known in mine if context.owns(known)), None)
    alive = [known for known in mine if known.alive]
    if own and own.alive:
        return own
    if len(alive) == 1:
        return alive[0]
    if named := _by_name(context):
        context.mail.trace.add("problem", "the open problem of this object", named.number)
        return named
    if same := incidents.of_client(context):
        context.mail.trace.add("incident", "the client has a ticket of it", same.number)
        return same
    anywhere = [known for known in here if known.alive]
    if len(anywhere) != 1 or context.by_person:
        return own
    if notice.proven and context.client_id != context.mail.policy.requesters.fallback:
        return own
    context.mail.trace.add("client", "the only open problem of this key", f"client {anywhere[0].client_id}")
    context.client_id = anywhere[0].client_id
    return anywhere[0]
