"""What became of a request to the desk.

    Outcome
    |-- Good        the desk did it and said so
    |-- Refused     the desk's own JSON error: it did not do it, and will not
    |-- Throttled   429: it did not do it, try after ``after`` seconds
    |-- NotSent     the request never left: nothing happened
    '-- Unknown     anything else: it may have happened, or may still happen

Only the desk's own JSON error counts as a refusal: a proxy's HTML, a 5xx, a reset, or a 2xx without the shape that
its call has says nothing about what the desk did.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Good:
    """Done, or found. ``data`` is what ``body``, the answer's JSON, holds under that name, checked by its shape."""

    status: int
    data: Any
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    """The desk's own JSON error: it did nothing. ``status`` is of HTTP, 0 where the gateway itself refuses."""

    status: int
    code: str
    message: str
    details: Any = None

    @property
    def is_of_nothing(self) -> bool:
        """Asked for a record: the desk has none with this id, or it is no id."""
        return self.status in (400, 404)

    def __str__(self) -> str:
        text = f"{self.status} {self.code}: {self.message}"
        if self.details:
            text += f" ({json.dumps(self.details, ensure_ascii=False)[:500]})"
        return text


@dataclass(frozen=True, slots=True)
class Throttled:
    """Nothing was sent: the rate limit, ours or the desk's, has room ``after`` so many seconds."""

    after: float

    def __str__(self) -> str:
        return f"rate limit, to be tried in {self.after:.1f} s"


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request certainly did not leave, and ``reason`` says why."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say what the desk did. ``status`` is of HTTP, 0 without an answer. ``alive``: it was the desk itself
    that answered, only not as this call's answers are."""

    reason: str
    status: int = 0
    alive: bool = False

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class TooMany(Unknown):
    """The list has more rows than are read, however often it is asked for."""


Outcome = Good | Refused | Throttled | NotSent | Unknown


class DeskAway(Exception):
    """The desk did not answer; ``outcome`` says how, ``about`` to a question about what."""

    def __init__(self, outcome: Outcome, about: str = "") -> None:
        super().__init__(str(outcome))
        self.outcome = outcome
        self.about = about


def good(outcome: Outcome, about: str = "") -> Good:
    """The answer. Raises DeskAway for every other outcome."""
    if not isinstance(outcome, Good):
        raise DeskAway(outcome, about)
    return outcome


def good_unless_refused(outcome: Outcome) -> Good | None:
    """The answer, None where the desk refuses what was asked for. A key that it refuses is no answer, either: raises
    DeskAway."""
    return None if isinstance(outcome, Refused) and outcome.status != 401 else good(outcome)


class Unasked(Exception):
    """A desk that is not to be asked would have been."""
