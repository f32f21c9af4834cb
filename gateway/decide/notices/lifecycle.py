"""The life of a problem: what one more notice of it means. An ordered list of rules, the first decides.

Refused: a state change that nobody proved, one that a newer notice overtook. A word that nobody knows is
news of a problem, never its end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from gateway.decide.closed import MOST_REOPENS
from gateway.decide.notices.subjects import remembered, says_more
from gateway.model.notice import Notice
from gateway.model.problem import Problem, overtaken, windows_as_text
from gateway.model.questions import Changes, Facts, Reopens, StateOf, TicketState
from gateway.model.spans import HOUR

RECHECK = 900.0
"""Seconds after which a repeated notice asks again whether somebody closed the ticket: one counted call."""
OUTLASTS = 900.0
"""Seconds after a window in which the mail that it held is still waited for: then a repeated notice speaks for it."""

Act = Literal["open", "reopen", "comment", "count", "recover", "doubt", "overtaken", "nothing", "ignore"]


@dataclass(frozen=True, slots=True)
class Transition:
    """``after`` is the problem from now on, None for no change. ``rises`` says that it is worse than it ever
    was, ``flaps`` that it began to flap, ``changed`` that it ended or came back; ``close_at`` when a recovery
    may close the ticket. ``held_by`` is the window that holds the problem, ``rule`` the name of the rule that
    decided."""

    act: Act
    why: str
    after: Problem | None
    rises: bool = False
    flaps: bool = False
    changed: bool = False
    close_at: float = 0.0
    held_by: str = ""
    rule: str = ""


@dataclass(slots=True)
class Event:
    """One notice at the time when it was accepted, with the problem as it was. ``again`` when its delivery is
    decided anew because planned work is over; ``same`` when the problem is known to be the notice's own: of its key,
    its scope and its client."""

    notice: Notice
    now: float
    problem: Problem | None
    facts: Facts
    again: bool = False
    same: bool = True

    @property
    def ends(self) -> bool:
        """Whether the notice says that it is over. What could not be read whole says nothing of the kind."""
        return self.notice.state == "close" and self.notice.parsed

    def flaps(self) -> bool:
        """Whether with this change there were too many in the window."""
        handling, problem = self.notice.handling, self.problem
        if not handling.flaps or problem is None:
            return False
        changes: int = self.facts.ask(Changes(problem.id, self.now - handling.flap_window))
        return changes + 1 >= handling.flaps

    def ticket(self) -> TicketState | None:
        """The ticket as the desk has it, None when it is gone."""
        assert self.problem is not None
        state: TicketState | None = self.facts.ask(StateOf(self.problem.ticket_id))
        return state


def evaluate(event: Event) -> Transition:
    """The first rule that applies."""
    for name, rule in LIFECYCLE:
        transition = rule(event)
        if transition is not None:
            return replace(transition, rule=name)
    raise AssertionError("the last rule decides")


def _ignored(event: Event) -> Transition | None:
    """The profile says that such a notice needs nothing done."""
    return Transition("ignore", "the profile ignores it", None) if event.notice.state == "ignore" else None


def _end_in_doubt(event: Event) -> Transition | None:
    """A recovery whose sender is not proven, is not who reported the problem, or does not name its client, or that says
    more in its subject: a comment says so, and the problem stays open."""
    problem, notice = event.problem, event.notice
    more = notice.proven and problem is not None and problem.alive and says_more(notice, problem)
    if not event.ends or (notice.proven and event.same and not more):
        return None
    why = "it says that it is over, with words in its subject that are not the product's"
    if not notice.proven:
        why = "nobody proved who says that it is over"
    elif not event.same:
        why = "who says that it is over is not who reported it, or does not say for whom"
    if problem is None or not problem.alive or not problem.ticket_id:
        return Transition("nothing", why, None)
    after = replace(problem, doubts=problem.doubts + 1)
    return Transition("doubt" if more or told(notice.handling.cadence, after.doubts) else "count", why, after)


def _held_by_a_window(event: Event) -> Transition | None:
    """A maintenance window holds the problem: its news are counted, and an end is told in the window's summary. What is
    worse waits for the end of the window in place of the first."""
    problem = event.problem
    if problem is None or not problem.alive or not problem.held_by:
        return None
    if event.ends:
        over = replace(_stamped(event, problem), state="closed", changed_at=event.now, held_by="", until=0.0)
        return Transition("count", "it is over within the window", over, changed=True, held_by=problem.held_by)
    after = _counted(event, problem)
    if event.notice.forwarded:
        return Transition("open", "a person sent it on", after)
    if event.now > problem.until + OUTLASTS:  # its mail is gone
        return Transition("open", "the window is over, and it is not", begun(problem), changed=True)
    if _rises(event, problem) and event.now < problem.until:
        return Transition("open", f"worse: {event.notice.severity}", after)
    return Transition("count", f"occurrence {after.count}, within the window", after, held_by=problem.held_by)


def _outlasted_planned_work(event: Event) -> Transition | None:
    """The planned work whose ticket covered the problem is over, and the problem is not: a ticket of its own."""
    problem = event.problem
    if problem is None or not problem.alive or not problem.until or event.ends:
        return None
    if not event.again and event.now < problem.until:
        return None
    after = replace(begun(problem), until=problem.until)
    return Transition("open", f"the planned work of ticket {problem.number} is over, and it is not", after)


def _overtaken(event: Event) -> Transition | None:
    """A newer notice of the problem was seen before: this one is counted, and changes nothing."""
    problem = event.problem
    if problem is None or not overtaken(event.notice, event.now, problem) or event.ends is not problem.alive:
        return None
    after = replace(problem, count=problem.count + (not event.ends))
    return Transition("overtaken", "a newer notice of the problem was seen before", after)


def _no_news(event: Event) -> Transition | None:
    """News, and no problem is open: nothing, unless its state word is unknown, as that may be a new problem."""
    problem, notice = event.problem, event.notice
    if notice.state != "update" or notice.strange or not notice.parsed or (problem is not None and problem.alive):
        return None
    return Transition("nothing", "news, and no problem is open", None)


def _nothing_open(event: Event) -> Transition | None:
    """A recovery, and no problem is open: nothing. Its time is kept, as the report may arrive after it."""
    problem = event.problem
    if not event.ends or (problem is not None and problem.alive):
        return None
    if problem is not None:
        late = overtaken(event.notice, event.now, problem)
        return Transition("nothing", "it is over already", None if late else _stamped(event, problem))
    return Transition("nothing", "no problem is open", None)


def _recovered(event: Event) -> Transition | None:
    """A recovery: the ticket closes after the hold, or once the flapping has ended, if it is untouched."""
    problem = event.problem
    if not event.ends or problem is None:
        return None
    handling = event.notice.handling
    flaps = event.flaps()
    flapping = flaps or problem.flapping_until > event.now
    hold = max(handling.hold, handling.flap_window) if flapping else handling.hold
    after = replace(
        _stamped(event, problem),
        state="recovered",
        changed_at=event.now,
        flapping_until=event.now + handling.flap_window if flapping else 0.0,
        left="",
    )
    begins = flaps and problem.flapping_until <= event.now
    return Transition("recover", "it is over", after, flaps=begins, changed=True, close_at=event.now + hold)


def _first(event: Event) -> Transition | None:
    """The first notice of a problem, or of one whose ticket was never made: a new ticket."""
    problem = event.problem
    if problem is None:
        return Transition("open", "the first notice of the problem", None, changed=True)
    if not problem.ticket_id:
        return Transition("open", "its ticket was never made", begun(problem), changed=True)
    return None


def _recurred_on_a_new_ticket(event: Event) -> Transition | None:
    """It recurred, but the old ticket covered several problems, or the sender is not proven: a new ticket."""
    problem = event.problem
    assert problem is not None
    if problem.alive or (event.notice.proven and not problem.part_of):
        return None
    why = "it came back" if event.notice.proven else "nobody proved who says that it came back"
    return Transition("open", why, begun(problem), changed=event.notice.proven)


def _recurred(event: Event) -> Transition | None:
    """It recurred: the same ticket, if that is open or was closed recently."""
    problem = event.problem
    assert problem is not None
    if problem.alive:
        return None
    flaps = event.flaps()
    flapping = flaps or problem.flapping_until > event.now
    begins = flaps and problem.flapping_until <= event.now
    handling = event.notice.handling
    back = replace(
        _counted(event, problem),
        state="open",
        changed_at=event.now,
        checked_at=event.now,
        closed_at=0.0,
        left="",
        flapping_until=event.now + handling.flap_window if flapping else 0.0,
    )
    rises = _rises(event, problem)
    unheard = problem.state == "recovered" and (flapping or event.now < problem.changed_at + handling.hold)
    if unheard and not (begins or rises or told(handling.cadence, back.words)):
        return Transition("count", "it came back before anybody was told that it was over", back, changed=True)
    return replace(_on_ticket(event, back, "it came back", rises, begins), changed=True)


def _rises(event: Event, problem: Problem) -> bool:
    """Whether it is worse than it ever was. Nobody is believed without proof."""
    return event.notice.proven and event.notice.rank > problem.rank


def _on_ticket(event: Event, after: Problem, why: str, rises: bool, flaps: bool = False) -> Transition:
    """What a notice does that is worth a comment: on the ticket as it is."""
    problem, handling = event.problem, event.notice.handling
    assert problem is not None
    ticket = event.ticket()
    if ticket is None:
        return Transition("open", "the desk no longer has its ticket", begun(problem))
    if not ticket.is_closed:
        return Transition("comment", why, after, rises, flaps)
    if not _within(ticket, problem, handling.reopen, event.now):
        return Transition("open", f"{why}, and ticket {problem.number} is closed for good", begun(problem))
    if not event.notice.proven:
        return Transition("comment", f"{why}; nobody proved who says so, and its ticket stays closed", after)
    if event.facts.ask(Reopens(problem.ticket_id, event.now - HOUR)) >= MOST_REOPENS:
        return Transition(
            "comment", f"{why}; its ticket was reopened {MOST_REOPENS} times in an hour", after, rises, flaps
        )
    return Transition("reopen", why, after, rises, flaps)


def _within(ticket: TicketState, problem: Problem, window: float, now: float) -> bool:
    """Whether the ticket was closed less than ``window`` seconds ago."""
    closed = problem.closed_at
    if ticket.closed_at:
        closed = max(closed, datetime.fromisoformat(ticket.closed_at).timestamp())
    return window > 0 and now - (closed or problem.changed_at) <= window


def _worse(event: Event) -> Transition | None:
    """More severe than it ever was: a comment, and a higher priority."""
    problem = event.problem
    assert problem is not None
    if not _rises(event, problem):
        return None
    return _on_ticket(event, _checked(event, problem), f"worse: {event.notice.severity}", rises=True)


def _news(event: Event) -> Transition | None:
    """The vendor's next state word about an open problem: a comment."""
    problem, notice = event.problem, event.notice
    assert problem is not None
    if notice.state not in ("update", "planned") or not notice.word or notice.word == problem.word:
        return None
    return _on_ticket(event, _checked(event, problem), f"news: {notice.word}", rises=False)


def _told_occurrence(event: Event) -> Transition | None:
    """An occurrence that the profile's `cadence` names: a comment."""
    problem = event.problem
    assert problem is not None
    after = _checked(event, problem)
    if not told(event.notice.handling.cadence, after.words):
        return None
    return _on_ticket(event, after, f"occurrence {after.count}", rises=False)


def _ticket_looked_at(event: Event) -> Transition | None:
    """At most every 15 minutes: check whether somebody closed the ticket meanwhile."""
    problem = event.problem
    assert problem is not None
    if event.now < problem.checked_at + RECHECK:
        return None
    after = _checked(event, problem)
    then = _on_ticket(event, after, "it goes on", rises=False)
    return Transition("count", f"occurrence {after.count}", after) if then.act == "comment" else then


def _only_counted(event: Event) -> Transition | None:
    """Every other occurrence is only counted."""
    assert event.problem is not None
    after = _counted(event, event.problem)
    return Transition("count", f"occurrence {after.count}", after)


LIFECYCLE: tuple[tuple[str, Callable[[Event], Transition | None]], ...] = (
    ("ignored", _ignored),
    ("end in doubt", _end_in_doubt),
    ("held by a window", _held_by_a_window),
    ("outlasted planned work", _outlasted_planned_work),
    ("overtaken", _overtaken),
    ("no news", _no_news),
    ("nothing open", _nothing_open),
    ("recovered", _recovered),
    ("first", _first),
    ("recurred on a new ticket", _recurred_on_a_new_ticket),
    ("recurred", _recurred),
    ("worse", _worse),
    ("news", _news),
    ("told occurrence", _told_occurrence),
    ("ticket looked at", _ticket_looked_at),
    ("counted", _only_counted),
)
"""The rules by name, as docs/flow.md lists them and the trace names the one that decided."""


def told(cadence: tuple[int, ...], count: int) -> bool:
    """Whether this occurrence is told: one of the cadence, and beyond its last number each multiple of that."""
    return bool(cadence) and (count in cadence or (count > cadence[-1] and count % cadence[-1] == 0))


def _stamped(event: Event, problem: Problem) -> Problem:
    notice = event.notice
    return replace(
        problem,
        at=notice.at or problem.at,
        sequence=notice.sequence if notice.sequence >= 0 else problem.sequence,
        last_at=max(event.now, problem.last_at),
    )


def _counted(event: Event, problem: Problem) -> Problem:
    notice = event.notice
    same = notice.word == problem.word
    newest = notice.proven and not overtaken(notice, event.now, problem)
    counted = replace(
        _stamped(event, problem) if newest else problem,
        count=problem.count + 1,
        words=1 if newest and not same else problem.words + 1,
        word=notice.word if newest else problem.word,
        rank=max(problem.rank, notice.rank) if notice.proven else problem.rank,
        subject=remembered(problem, notice) if newest else problem.subject,
    )
    if notice.window and newest:  # a mail that does not list the objects again means the same
        objects = "\n".join(notice.objects) or problem.objects
        counted = replace(_with_times(counted, notice), objects=objects)
    if notice.moved and newest and _without_new_times(notice, problem):
        counted = replace(counted, window_to=0.0, windows="")  # its begin says that it is planned work
    return counted


def _without_new_times(notice: Notice, problem: Problem) -> bool:
    """Whether work that is moved has no new times, or names the old ones alone: a repeated mail names the new ones."""
    return not notice.window or (notice.word != problem.word and _with_times(problem, notice) == problem)


def _with_times(problem: Problem, notice: Notice) -> Problem:
    begin, end = notice.window or (0.0, 0.0)
    return replace(problem, window_from=begin, window_to=end, windows=windows_as_text(notice.windows))


def believed(problem: Problem, notice: Notice) -> Problem:
    """A problem that begins, with what orders later notices and what holds others back: nothing of it counts that
    nobody proved."""
    return replace(
        _with_times(problem, notice),
        rank=notice.rank,
        at=notice.at,
        sequence=notice.sequence,
        objects="\n".join(notice.objects),
    )


def _checked(event: Event, problem: Problem) -> Problem:
    return replace(_counted(event, problem), checked_at=event.now)


def begun(problem: Problem) -> Problem:
    """A new episode: a ticket of its own, which names the one before."""
    empty = Problem(problem.id, problem.family, problem.profile, problem.key, problem.client_id, problem.scope)
    return replace(empty, revision=problem.revision, previous=problem.number)
