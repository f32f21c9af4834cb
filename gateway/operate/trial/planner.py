"""The planner of a trial: whatever a decision asks is answered at once, so that it is made in one go.

Nobody has to be waited for: the store works in this thread, and the desk is rehearsed. Live mail's decision starts over
with each answer that takes time (``decide.policy``), which costs more than the answers do here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from gateway.model import questions as ask
from gateway.work.answers import Answers, Given
from gateway.work.planner import Planner

READ_AGAIN = (ask.IsTouched, ask.WordsAdded, ask.IsReused)
"""What another mail answers, which the parser's children have to read again."""


class TrialAnswers(Answers):
    """The same answers, sooner."""

    def given(self) -> Given:
        return AnsweredAtOnce(self._known, self.answer)


class TrialPlanner(Planner):
    """As live mail is planned, with the same decision; why it was made is not kept, as no report tells it."""

    answers = TrialAnswers
    trace = staticmethod(lambda decision, answers, email, is_held: None)


class AnsweredAtOnce(Given):
    """The answers that a decision asked for, each given when it is first looked for. ``answer`` may not wait for
    anything. What it raises comes out of the decision."""

    def __init__(
        self, known: Mapping[ask.Question, Any], answer: Callable[[ask.Question], Coroutine[Any, Any, Any]]
    ) -> None:
        super().__init__(known)
        self._answer = answer

    def gives(self, question: ask.Question) -> bool:
        return super().gives(question) or not isinstance(question, READ_AGAIN)

    def give(self, question: ask.Question) -> Any:
        return super().give(question) if super().gives(question) else without_waiting(self._answer(question))


def without_waiting(work: Coroutine[Any, Any, Any]) -> Any:
    """What it returns. Raises RuntimeError where it waits, and what it raises."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise RuntimeError("something of a trial keeps the others waiting")
