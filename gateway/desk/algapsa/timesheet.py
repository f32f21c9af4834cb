"""Whether anybody booked time on a ticket, as the desk tells it."""

from __future__ import annotations

from typing import Any

from gateway.desk.outcome import Outcome, Refused

LACKS = "the key's user may lack the right timeentry:read"
"""Without it the desk answers 500."""


def unbookable(answer: Outcome) -> bool:
    """Whether the desk is of the product for tickets alone, in which nobody can book time."""
    return isinstance(answer, Refused) and answer.code == "PRODUCT_ACCESS_DENIED"


def booked(sheet: Any) -> bool | None:
    """What ``GET /tickets/{id}/time-entries`` says; None when it does not say. Only the counts do: entries of others
    are hidden, and a timer that runs has no minutes yet."""
    counts = [sheet.get(name) for name in ("ownEntryCount", "othersEntryCount")] if isinstance(sheet, dict) else [None]
    if not all(isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in counts):
        return None
    return any(counts)
