"""What a worker brings to the calls that it makes for a delivery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Permit:
    """``check`` is called when a request is about to leave, and raises when the worker's claim has run out:
    a process that was stopped must find out before it sends. ``paid`` calls were taken from the budget."""

    check: Callable[[], None] = lambda: None
    paid: int = 0

    def spend(self) -> bool:
        """Use a call that was paid for, if there is one."""
        if self.paid:
            self.paid -= 1
            return True
        return False


FREE = Permit()
