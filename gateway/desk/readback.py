"""What asks a desk for an effect whose outcome is unknown, and what says that its answer tells nothing.

Source: docs/design.md "Exactly once".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

from gateway.desk.outcome import Good, Outcome

Owned = Callable[[list[str]], Awaitable[set[str]]]
"""Which of these ids of the desk belong to effects that are known."""


class NotRead(Exception):
    """The read-back is incomplete and says nothing."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def told(outcome: Outcome) -> Any:
    """The data of the answer. Raises NotRead for every other outcome."""
    if not isinstance(outcome, Good):
        raise NotRead(outcome)
    return outcome.data


class Aim(StrEnum):
    """What for: ADOPT what is there, RESEND what is not, LATE to find doubles. Only what the key's own user made is
    asked for, except before something is sent again: another key may have made it."""

    ADOPT = "adopt"
    RESEND = "resend"
    LATE = "late"
