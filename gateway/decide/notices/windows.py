"""A maintenance window holds a new problem: its mail waits for the end, and becomes a ticket if the problem goes on.

Refused: to hold what a person sent on, what nobody proved or what could not be read. What had a ticket before the
window goes on as ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.decide.notices.context import NoticeContext
from gateway.decide.notices.lifecycle import Transition
from gateway.decide.notices.opening import begins
from gateway.decide.notices.record import end, finish, record
from gateway.match.clients import words_of
from gateway.match.conditions import is_like
from gateway.model.plan import Decision
from gateway.model.problem import Problem
from gateway.model.questions import WindowsAt
from gateway.model.reasons import Reason
from gateway.model.window import ANY, Window


def hold(context: NoticeContext, problem: Problem | None, transition: Transition) -> Decision | None:
    """A problem that begins or comes back in a window waits for its end; None where no window holds it."""
    windows = _holding(context) if context.may_hold else []
    if not windows:
        return None
    held = transition.after or context.fresh()
    if held.held_by:
        held = replace(held, delivery_id=context.mail.delivery.id)
    elif transition.act == "reopen" and problem is not None:  # the ticket stays closed until then
        held = replace(held, closed_at=problem.closed_at, delivery_id=context.mail.delivery.id)
    else:
        held = begins(context, held)
    return _held(context, windows, held, transition)


def settle(context: NoticeContext) -> Decision | Transition | None:
    """What becomes of a mail that a window held: held on while the window lasts; nothing where its problem is over or
    another mail has it; else what the notice means now. None where a window holds nothing of it."""
    mine = [known for known in context.known if known.held_by and known.delivery_id == context.mail.delivery.id]
    if not mine or not mine[0].alive:
        theirs = next((known for known in context.known if context.owns(known)), None)
        if theirs is None or not context.mail.delivery.is_held:
            return None
        why = "another notice of the problem has its ticket" if theirs.alive else "it was over before the window was"
        return end(context, Reason.IN_WINDOW, "held", _again(context, why))
    return go_on(context, mine[0])


def go_on(context: NoticeContext, problem: Problem) -> Decision | Transition:
    """What becomes of a problem that a window held for this mail: held on while the window lasts, else what the notice
    means now."""
    context.client_id = problem.client_id
    windows = _holding(context)
    if windows and not windows[-1].is_over:
        return _held(context, windows, problem, _again(context, "the window lasts longer"))
    why = "the window is over, and it is not"
    if problem.ticket_id:
        return Transition("reopen", why, replace(problem, state="closed", count=problem.count - 1))
    return Transition("open", why, problem, changed=True)


def _again(context: NoticeContext, why: str) -> Transition:
    """What was taken down of the notice stays."""
    return Transition("count", why, None, changed=context.notice.state == "open")


def _held(context: NoticeContext, windows: Sequence[Window], problem: Problem, transition: Transition) -> Decision:
    """``windows`` follow each other without a gap; the first holds the time at which the mail came."""
    last = windows[-1]
    names = ", then ".join(dict.fromkeys(window.name for window in windows))
    holder = f"window {names} until {_at(context, last.ends)}"
    words = f"held by {holder}"
    context.mail.trace.add("window", words, "decided again then")
    held = replace(problem, held_by=windows[0].id, until=max(last.ends, last.until))
    context.change(held)
    notice_record = record(context, "held", replace(transition, after=held, held_by=windows[0].id), words)
    decision = Decision("hold", Reason.IN_WINDOW, words, windows=(windows[0],), until=last.until, held_by=holder)
    return finish(context, decision, notice_record)


def _holding(context: NoticeContext) -> list[Window]:
    """The windows that hold the notice's problem: the first since the mail came, each before the one before it ends."""
    notice = context.notice
    told = notice.proven and notice.parsed and not notice.forwarded
    if not told or not notice.handling.windows or notice.state == "planned" or context.mail.delivery.moved_to:
        return []
    asked: list[Window] = context.facts.ask(WindowsAt(context.now))
    return chain(asked, context.now, context.client_id, notice.profile, notice.object)


def chain(windows: Iterable[Window], at: float, client_id: str, source: str, name: str) -> list[Window]:
    """Those that hold such a problem: the first at that time, each next one before the one before it ends."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda window: window.begins):
        if window.begins <= at < window.ends and holds(window, client_id, source, name):
            found.append(window)
            at = window.ends
    return found


def holds(window: Window, client_id: str, source: str, name: str) -> bool:
    """Whether a window is about a problem of this client, source and object."""
    if window.client_id not in (ANY, client_id) or (window.profiles and source not in window.profiles):
        return False
    if window.objects and not any(_is_called(name, said) for said in window.objects):
        return False
    return window.text is None or _stands_in(words_of(name), words_of(window.text))


def _is_called(name: str, said: str) -> bool:
    if any(letter in said for letter in "*?"):
        return is_like(name, said)
    return _stands_in(words_of(said), words_of(name))


def _stands_in(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    starts = range(len(long) - len(short) + 1)
    return bool(short) and any(long[start : start + len(short)] == short for start in starts)


def _at(context: NoticeContext, moment: float) -> str:
    return datetime.fromtimestamp(moment, context.mail.policy.zone).strftime("%Y-%m-%d %H:%M %Z")
