"""A calendar of maintenance windows that came by mail."""

from __future__ import annotations

from gateway.decide.context import DecisionContext
from gateway.model.plan import Decision
from gateway.model.reasons import Reason


def windows(context: DecisionContext) -> Decision | None:
    """A calendar of maintenance windows that its proven sender mailed: its events become windows, `calendar`. One that
    could not be read whole goes on, so that somebody sees it; what was read counts."""
    found = context.delivery.calendar
    if found is None or context.delivery.moved_to or context.delivery.release.unsuppressed:
        return None
    context.trace.add("calendar", f"{found.name}: {len(found.events)} events, {found.proof}", "maintenance windows")
    if found.troubles or not found.events:
        why = "; ".join(found.troubles) or "it has no events"
        context.note = f"Of the calendar {found.name} this could not be read, and holds nothing: {why}"[:1000]
        return None
    return context.end(Reason.CALENDAR, f"{found.name}: {len(found.events)} events")
