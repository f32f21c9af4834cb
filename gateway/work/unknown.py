"""An effect without an answer: when to look for it at the desk.

It is read back at READ_BACK after the send, which may only adopt; sent again only after ``settle``, counted
from the later of the send and the desk's first good answer since; and one that was ever unknown is looked
at again at WATCH (docs/design.md "Exactly once").
"""

from __future__ import annotations

from gateway.store.effects import Effect

READ_BACK = (1 / 60, 1 / 12, 1 / 4)  # of settle: 2, 10 and 30 s of 120
WATCH = (7.5, 720.0)  # of settle: 15 minutes and 24 hours of 120 s


def settled_at(effect: Effect, settle: float, good_at: float) -> float:
    """From when on an effect that is not there may be sent again."""
    return max(effect.sent_at, good_at) + settle


def next_look(effect: Effect, settle: float, now: float, good_at: float) -> float:
    """When to look again after a look that found nothing."""
    settled = settled_at(effect, settle, good_at)
    if effect.reads >= 2:
        return settled
    return min(settled, now + settle * READ_BACK[min(effect.reads + 1, 2)])
