"""The life of a problem as properties over histories of notices: whatever comes in whatever order, at the end the
ticket is open if and only if there is a problem, or somebody touched it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.decide.notices import lifecycle
from gateway.decide.notices.lifecycle import Event, Transition, told
from gateway.model import questions as ask
from gateway.model.notice import Handling, Notice
from gateway.model.problem import Problem, family_of, id_of
from tests.sizes import size

EXAMPLES = size(60, 2000)
HOLD, WINDOW, REOPEN = 600.0, 900.0, 86_400.0
FAMILY = family_of("default", "p", "k")
HANDLING = Handling(hold=HOLD, flap_window=WINDOW, reopen=REOPEN)
NEW = Problem(id_of(FAMILY, "c"), FAMILY, "p", "k", "c")


@dataclass(frozen=True)
class Said:
    """A notice of a history; ``wait`` seconds after the one before; ``at`` 0 for no time of the vendor's."""

    state: str
    wait: float = 60.0
    proven: bool = True
    rank: int = 1
    at: float = 0.0


@dataclass
class World:
    """One problem with its tickets, as a desk and a store would have them."""

    handling: Handling = HANDLING
    now: float = 1_000_000.0
    problem: Problem | None = None
    tickets: dict[str, bool] = field(default_factory=dict)  # open?
    closed_at: dict[str, float] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)
    changes: list[float] = field(default_factory=list)
    closing: list[tuple[float, float]] = field(default_factory=list)
    comments: int = 0
    flappings: int = 0
    last_problem: float = 0.0

    def hears(self, said: Said) -> Transition:
        self.passes(said.wait)
        notice = Notice(
            "p", said.state, "k", proven=said.proven, rank=said.rank, severity=str(said.rank), at=said.at,
            word=said.state, handling=self.handling,
        )  # type: ignore[arg-type]  # fmt: skip
        answers: dict[ask.Question, Any] = {}
        while True:
            try:
                transition = lifecycle.evaluate(Event(notice, self.now, self.problem, ask.Facts(answers)))
                break
            except ask.Unanswered as missing:
                answers.update({question: self.answer(question) for question in missing.questions})
        self.apply(notice, transition)
        return transition

    def answer(self, question: ask.Question) -> Any:
        match question:
            case ask.Changes(_, since):
                return sum(at >= since for at in self.changes)
            case ask.StateOf(ticket):
                closed = self.closed_at.get(ticket)
                stamp = datetime.fromtimestamp(closed, UTC).isoformat() if closed else ""
                return ask.TicketState(ticket, ticket, not self.tickets[ticket], stamp, "c", "b", "")
            case ask.Reopens():
                return 0
        raise AssertionError(question)

    def apply(self, notice: Notice, transition: Transition) -> None:
        after = transition.after
        if transition.changed:
            self.changes.append(self.now)
        self.comments += transition.act in ("comment", "reopen", "doubt") or transition.flaps
        self.flappings += transition.flaps
        if notice.state == "open" and transition.act not in ("overtaken", "ignore"):
            self.last_problem = self.now
        if transition.act == "open":
            ticket = f"t{len(self.tickets) + 1}"
            self.tickets[ticket] = True
            after = replace(
                after or NEW, state="open", ticket_id=ticket, number=ticket, count=1, words=1, word=notice.word,
                rank=notice.rank, opened_at=self.now, changed_at=self.now, last_at=self.now, checked_at=self.now,
                at=notice.at,
            )  # fmt: skip
        if transition.act == "nothing" and self.problem is None and notice.state == "close" and notice.proven:
            after = replace(NEW, state="closed", at=notice.at, last_at=self.now)
        if transition.act == "reopen":
            assert after
            self.tickets[after.ticket_id] = True
        if transition.act == "recover":
            self.closing.append((transition.close_at, self.now))
        self.problem = after or self.problem

    def passes(self, seconds: float) -> None:
        """Time goes by: what may close does, by the rules of gateway.work.effects.close_ticket."""
        end = self.now + seconds
        for at, changed_at in [closing for closing in self.closing if closing[0] <= end]:
            self.closing.remove((at, changed_at))
            problem = self.problem
            assert problem is not None
            if problem.state != "recovered" or problem.changed_at != changed_at:
                continue
            if problem.ticket_id in self.touched:
                self.problem = replace(problem, left="touched")
                continue
            assert at >= self.last_problem + self.handling.hold
            self.tickets[problem.ticket_id] = False
            self.closed_at[problem.ticket_id] = at
            self.problem = replace(problem, state="closed", closed_at=at)
        self.now = end

    def open(self) -> int:
        return sum(self.tickets.values())


def play(history: Sequence[Said], world: World | None = None) -> World:
    world = world or World()
    for heard in history:
        world.hears(heard)
        assert world.open() <= 1
    world.passes(3 * WINDOW)
    return world


STATES = st.sampled_from(["open", "close"])
WAITS = st.sampled_from([1.0, 30.0, 120.0, 700.0, 2000.0, 100_000.0])
PROVEN = st.lists(st.builds(Said, STATES, WAITS, rank=st.integers(0, 3)), min_size=1, max_size=25)


@settings(max_examples=EXAMPLES, deadline=None)
@given(PROVEN)
def test_at_the_end_the_last_word_counts(history: list[Said]) -> None:
    assert play(history).open() == (history[-1].state == "open")


@settings(max_examples=EXAMPLES, deadline=None)
@given(PROVEN)
def test_what_somebody_touched_is_never_closed(history: list[Said]) -> None:
    world = World()
    for heard in history:
        world.hears(heard)
        world.touched |= set(world.tickets)
    world.passes(3 * WINDOW)

    assert not world.closed_at and len(world.tickets) <= 1


@settings(max_examples=EXAMPLES, deadline=None)
@given(PROVEN, st.lists(st.tuples(st.integers(0, 25), WAITS), max_size=10))
def test_what_nobody_proved_ends_nothing(history: list[Said], forged: list[tuple[int, float]]) -> None:
    mixed = list(history)
    for place, _ in sorted(forged, reverse=True):
        mixed.insert(place, Said("close", 0.0, proven=False))

    assert play(mixed).tickets == play(history).tickets


@settings(max_examples=EXAMPLES, deadline=None)
@given(PROVEN, st.randoms(use_true_random=False))
def test_order_in_the_queue_changes_nothing(history: list[Said], random: Any) -> None:
    """With times of the vendor's, whatever order the mails come in, the newest decides."""
    timed = [replace(heard, at=1000.0 + number, wait=1.0) for number, heard in enumerate(history)]
    random.shuffle(timed)
    newest = max(timed, key=lambda heard: heard.at)

    assert play(timed).open() == (newest.state == "open")


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(st.integers(1, 120), st.sampled_from([(1, 2, 5, 10, 20, 50), (1,), (3,), ()]))
def test_repetition_is_counted_and_told_by_the_cadence(times: int, cadence: tuple[int, ...]) -> None:
    world = play([Said("open", 10.0)] * times, World(Handling(cadence=cadence, hold=HOLD)))

    assert world.problem and world.problem.count == times
    assert world.comments == sum(told(cadence, number) for number in range(2, times + 1))


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(st.integers(5, 40))
def test_flapping_is_told_once(times: int) -> None:
    world = World()
    for number in range(times):
        world.hears(Said("close" if number % 2 else "open", 40.0))

    assert world.flappings == 1 and len(world.tickets) == 1 and world.open() == 1


@pytest.mark.parametrize(
    ("history", "acts"),
    [
        (["open", "open", "open", "close"], ["open", "comment", "count", "recover"]),
        (["close"], ["nothing"]),
        (["open", "update", "ignore"], ["open", "comment", "ignore"]),
        (["update"], ["nothing"]),
        (["planned", "close"], ["open", "recover"]),
    ],
)
def test_histories(history: list[str], acts: list[str]) -> None:
    world = World()

    assert [world.hears(Said(state)).act for state in history] == acts


@pytest.mark.parametrize(
    ("objects", "at", "window", "kept"),
    [
        ((), 20.0, (7.0, 9.0), "line-1\nline-2"),
        (("line-3",), 20.0, (7.0, 9.0), "line-3"),
        (("line-3",), 5.0, (1.0, 2.0), "line-1\nline-2"),  # older news that came late
    ],
)
def test_news_of_planned_work_move_its_window(
    objects: tuple[str, ...], at: float, window: tuple[float, float], kept: str
) -> None:
    work = replace(NEW, window_from=1.0, window_to=2.0, objects="line-1\nline-2", at=10.0, ticket_id="t1")
    news = Notice("p", "planned", "k", windows=((7.0, 9.0),), objects=objects, at=at, proven=True)
    answers = {ask.StateOf("t1"): ask.TicketState("t1", "1", False, "", "c", "b", "")}

    after = lifecycle.evaluate(Event(news, 30.0, work, ask.Facts(answers))).after

    assert after is not None and (after.window_from, after.window_to, after.objects) == (*window, kept)


@pytest.mark.parametrize(
    ("word", "window", "at", "kept"),
    [
        ("postponed", None, 20.0, (1.0, 0.0)),  # the new times are to follow
        ("postponed", (1.0, 2.0), 20.0, (1.0, 0.0)),  # it names the old ones
        ("announced", (1.0, 2.0), 20.0, (1.0, 2.0)),  # said again, in the word of the last mail
        ("postponed", (7.0, 9.0), 20.0, (7.0, 9.0)),
        ("postponed", None, 5.0, (1.0, 2.0)),  # older news that came late
    ],
)
def test_work_that_is_moved_holds_nothing_in_its_old_window(
    word: str, window: tuple[float, float] | None, at: float, kept: tuple[float, float]
) -> None:
    work = replace(NEW, window_from=1.0, window_to=2.0, objects="line-1", at=10.0, ticket_id="t1", word="announced")
    news = Notice("p", "planned", "k", word=word, moved=True, windows=(window,) if window else (), at=at, proven=True)
    answers = {ask.StateOf("t1"): ask.TicketState("t1", "1", False, "", "c", "b", "")}

    after = lifecycle.evaluate(Event(news, 30.0, work, ask.Facts(answers))).after

    assert after is not None and (after.window_from, after.window_to) == kept


def test_unknown_words_are_problems_and_never_ends() -> None:
    world = World()
    strange = Notice("p", "update", "k", word="GLORIOUS", strange=True, proven=True)

    assert lifecycle.evaluate(Event(strange, world.now, None, ask.Facts({}))).act == "open"


def test_what_could_not_be_read_whole_closes_nothing() -> None:
    world = World()
    world.hears(Said("open"))
    half = Notice("p", "close", "k", word="OK", failed=("state",), proven=True, handling=world.handling)
    answers = {ask.StateOf("t1"): world.answer(ask.StateOf("t1"))}

    assert lifecycle.evaluate(Event(half, world.now + 60, world.problem, ask.Facts(answers))).act == "comment"


FIELD: dict[str, tuple[list[Said], str]] = {
    "an end that is mailed again does not open what it closed": (
        [Said("open"), Said("close"), Said("close", wait=2 * HOLD), Said("close", wait=2 * HOLD)], "closed"
    ),
    "an old problem that a relay kept comes after its end": (
        [Said("open", at=1_000_000), Said("close", at=1_000_300), Said("open", at=1_000_100, wait=2 * HOLD)], "closed"
    ),
    "each retry of a job that fails mails again": ([Said("open"), *[Said("open", wait=5)] * 20], "open"),
    "an acknowledgement behind the end": ([Said("open"), Said("close"), Said("update", wait=2 * HOLD)], "closed"),
    "it comes back while its end is held": ([Said("open"), Said("close"), Said("open", wait=HOLD / 2)], "open"),
    "somebody else tells its end": ([Said("open"), Said("close", proven=False)], "open"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELD)
def test_complaints_about_alerts_as_tickets(name: str) -> None:
    """From the lists of bugs of desks and alert tools: duplicates, tickets that reopen, ends that never come."""
    history, left = FIELD[name]

    world = play(history)

    assert len(world.tickets) == 1
    assert world.open() == (left == "open")
    assert world.comments <= 6
