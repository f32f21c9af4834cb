"""What a trial would have cost a desk that it leaves alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway.desk.pacing import LocalPacing, Urgency

Taken = dict[str, Any]
"""What a desk said of itself, once: JSON that its product's folder reads. ``missing`` says why a list was not given."""


class Account(LocalPacing):
    """A budget without a limit. ``calls_made`` is how many calls would have counted, ``unasked`` what only the desk
    itself could have said. ``asked`` is when each contact or domain was last looked for, and ``news`` what of it was
    asked since somebody last took note."""

    def __init__(self, asked: dict[str, float]) -> None:
        super().__init__(0, 1, 0.0)
        self.calls_made = 0
        self.unasked: Counter[str] = Counter()
        self.asked = asked
        self.news: dict[str, float] = {}

    async def take(self, now: float, urgency: Urgency) -> float:
        self.calls_made += 1
        return 0.0

    def is_remembered(self, key: str, now: float, kept: float) -> bool:
        """Whether the gateway, which keeps what it was told for ``kept`` seconds, would know this without asking."""
        if now < self.asked.get(key, -kept) + kept:
            return True
        self.asked[key] = self.news[key] = now
        return False
