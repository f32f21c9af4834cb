"""What a reply does to a closed ticket (docs/mail-rules.md "Reopening"): reopen it, open a linked one, or only comment.

Automatic mail never reopens, nor does what asks for nothing (``thanks``), nor a technician, who has the desk for that.
Anything else of a bound human does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.model.email import Email
from gateway.model.plan import Trace
from gateway.model.questions import Facts, Reopens, TicketState
from gateway.model.spans import HOUR

ReplyToClosed = Literal["reopen", "new_linked", "comment"]

MOST_REOPENS = 3


@dataclass(frozen=True, slots=True)
class Closing:
    """What holds on a board. ``window`` in seconds since the closing, 0 for always; ``status_id`` the status of the
    board that a reopened ticket gets, "" where it has none that is open."""

    policy: ReplyToClosed = "comment"
    window: float = 0.0
    status_id: str = ""


@dataclass(frozen=True, slots=True)
class Reopening:
    """``reopen`` with this status; ``new`` means a ticket of its own with ``note``."""

    reopen: str = ""
    new: bool = False
    note: str = ""


def evaluate(
    email: Email,
    closing: Closing,
    state: TicketState,
    facts: Facts,
    now: float,
    trace: Trace,
    *,
    trusted: bool,
    by_technician: bool,
    idle: str,
) -> Reopening:
    """What the reply does to the ticket, which is closed. ``trusted``: more than a token lets the sender in; ``idle``
    says what the mail is if it asks for nothing."""
    if closing.policy == "comment":
        trace.add("state", "closed, and its board does not reopen", "comment only")
        return Reopening()
    if email.auto.is_auto:
        trace.add("state", "closed, and the mail is automatic", "comment only")
        return Reopening()
    if idle:
        trace.add("state", f"closed, and the mail is {idle}", "comment only")
        return Reopening()
    if by_technician:
        trace.add("state", "closed, and a technician wrote", "comment only")
        return Reopening()
    if not trusted:
        trace.add("state", "closed, and only the token lets the sender in", "comment only")
        return Reopening()
    if closing.policy == "new_linked" or _too_late(state, closing, now):
        why = "closed" if closing.policy == "new_linked" else "closed for longer than the window"
        trace.add("state", why, "new ticket")
        return Reopening(new=True, note=f"continues ticket {state.number}, which is closed")
    if facts.ask(Reopens(state.ticket_id, now - HOUR)) >= MOST_REOPENS:
        trace.add("state", f"closed, and reopened {MOST_REOPENS} times in the last hour", "comment only")
        return Reopening()
    if not closing.status_id:
        trace.add("state", "closed, and its board has no open status", "comment only")
        return Reopening()
    trace.add("state", "closed", "comment and reopen")
    return Reopening(reopen=closing.status_id)


def _too_late(state: TicketState, closing: Closing, now: float) -> bool:
    if not closing.window or not state.closed_at:
        return False
    return now - datetime.fromisoformat(state.closed_at).timestamp() > closing.window
