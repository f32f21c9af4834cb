"""The lists that a desk's catalog is made of, each asked for by itself.

What a mailbox cannot do without is *needed*: at the first time the desk counts as away without it. Everything else
may fail, and so may a needed list that was read before, as long as the desk answers at all: what was known stays, what
was not is missing and has a reason, and mail goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection
from dataclasses import dataclass, field
from typing import Any

from gateway.desk.outcome import DeskAway, Good, NotSent, Outcome, Refused, Throttled, Unknown

OPTIONAL_WAIT = 30.0  # seconds for which mail waits for what it can do without
PROXY = (502, 503, 504)
Rows = list[Any]
"""The records of a list."""


@dataclass(slots=True)
class Lists:
    """The rows of each list by its name, and why those are ``missing`` that were not read this time."""

    rows: dict[str, Rows] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class Reader:
    """Reads lists once more: those ``of_interest``, or all. ``before`` has what is known."""

    def __init__(self, before: Lists, of_interest: Collection[str] | None = None) -> None:
        self.before = before
        self.of_interest = of_interest
        self.now = Lists()
        self._answers = 0
        self._last: Outcome | None = None

    async def read(self, name: str, call: Awaitable[Outcome], needed: bool) -> Rows | None:
        """The rows, those that were known before where the desk did not give them, None for neither.
        Raises DeskAway."""
        outcome = await (call if needed else _in_time(call))
        if isinstance(outcome, Good):
            self._answers += 1
            self.now.rows[name] = outcome.data
            return self.now.rows[name]
        known = self.before.rows.get(name)
        if needed and (known is None or not _is_of_this_list(outcome)):
            raise DeskAway(outcome)
        self._last = outcome
        return self._as_before(name, str(outcome)[:300])

    def known(self, name: str) -> bool:
        """Whether the list need not be asked for again; then its rows stay as they were."""
        if self.of_interest is None or name in self.of_interest or name not in self.before.rows:
            return False
        self.now.rows[name] = self.before.rows[name]
        return True

    def _as_before(self, name: str, why: str) -> Rows | None:
        self.now.missing[name] = why
        if name in self.before.rows:
            self.now.rows[name] = self.before.rows[name]
        return self.before.rows.get(name)

    def done(self) -> Lists:
        """What is known now. Raises DeskAway when the desk answered to nothing."""
        if self._last is not None and not self._answers and self.of_interest is None:
            raise DeskAway(self._last)
        return self.now


async def _in_time(call: Awaitable[Outcome]) -> Outcome:
    try:
        async with asyncio.timeout(OPTIONAL_WAIT):
            return await call
    except TimeoutError:
        return Unknown(f"no answer within {OPTIONAL_WAIT:g} s")


def _is_of_this_list(outcome: Outcome) -> bool:
    """Whether a failure may be of one list only: an answer that is neither about the key nor a proxy's for an absent
    desk."""
    match outcome:
        case NotSent() | Throttled() | Refused(status=401):
            return False
        case Unknown(status=status, alive=alive):
            return alive or (status > 0 and status not in PROXY)
    return True
