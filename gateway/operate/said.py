"""What became of a mail, in one sentence for whoever asks after it; times as their reader's clock shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal

from gateway.model.quantity import counted
from gateway.model.reasons import Reason
from gateway.model.spans import DAY, HOUR, MINUTE
from gateway.model.waiting import Waiting
from gateway.store.reading import Garbled
from gateway.store.stage import Stage
from gateway.store.waiting import Wait

Tone = Literal["done", "waits", "held", "none", "refused"]
"""Posted; on its way; set aside for a person; nothing to be posted; not taken at all."""

SHORT: dict[Reason, str] = {
    Reason.DUPLICATE: "the same mail came before",
    Reason.OWN: "the desk's own mail",
    Reason.BOUNCE: "a bounce",
    Reason.RECEIPT: "a read receipt",
    Reason.AUTO_REPLY: "an automatic reply",
    Reason.VACATION: "out of office",
    Reason.SKIPPED_BY_RULE: "a rule skips such mail",
    Reason.COUNTED: "a notice that says nothing new",
    Reason.OVERTAKEN: "a notice that a newer one overtook",
    Reason.NO_PROBLEM: "a notice of no open problem",
    Reason.NOTICE_IGNORED: "a notice that needs nothing",
    Reason.IN_WINDOW: "in the summary of a maintenance window",
    Reason.PROBE: "a check that mail arrives",
    Reason.CALENDAR: "a calendar of maintenance windows",
    Reason.DROPPED: "dropped",
    Reason.ASKS_FOR_NOTHING: "it asks for nothing",
    Reason.SHADOW: "the desk is in shadow",
    Reason.HELD_BY_RULE: "a rule wants a person to look",
    Reason.UNVERIFIED_SENDER: "a stranger wrote into a ticket",
    Reason.SPOOFED_INTERNAL: "in our own name, and not proven",
    Reason.UNPROVEN_SENDER: "nothing proves the sender",
    Reason.FAILED_VERIFICATION: "the sender's domain denies it",
    Reason.RATE_LIMITED: "too much from one sender",
    Reason.LOOP_SUSPECTED: "a machine keeps answering",
    Reason.NO_TICKET: "moved to a ticket that is gone",
    Reason.AMBIGUOUS_THREAD: "it names several tickets",
    Reason.AMBIGUOUS_CLIENT: "several clients have the sender",
    Reason.UNKNOWN_SENDER: "nobody knows the sender",
    Reason.NO_MAILBOX: "its mailbox is gone",
    Reason.UNPARSEABLE: "it could not be read",
    Reason.DAMAGED: "the disk damaged it",
    Reason.API_REJECTED: "the desk refused it",
    Reason.DESK_REFUSED: "the desk refused this ticket",
    Reason.OUTCOME_UNKNOWN: "nobody knows whether the desk has it",
    Reason.RETRIES_EXHAUSTED: "it failed for too long",
}


@dataclass(frozen=True, slots=True)
class Became:
    """``ticket`` is the number on which it is, "" for none that is known."""

    words: str
    tone: Tone
    ticket: str = ""


def became(row: Mapping[Any, Any], ticket: str, wait: Wait | None, now: float, zone: tzinfo | None) -> Became:
    """What became of a delivery, by its row; ``zone`` is the reader's, None for this machine's."""
    if isinstance(row["stage"], Garbled):
        return Became(f"damaged: {row['stage']}", "held")
    if wait is not None:
        posted = f"{_posted(row, ticket)}; " if row["posted"] and row["outcome"] else ""
        return Became(f"{posted}{_waits(wait, now, zone)}", "waits", ticket)
    if row["stage"] == Stage.DONE:
        return Became(_posted(row, ticket), "done", ticket)
    if row["stage"] == Stage.SUPPRESSED:
        return Became(f"no ticket: {short(row['reason'])}{_whose(row)}", "none", ticket)
    return Became(f"held back: {short(row['reason'])}", "held", ticket)


def _waits(wait: Wait, now: float, zone: tzinfo | None) -> str:
    if wait.waits.kind is Waiting.TIME and wait.until:
        return f"waits until {when(wait.until, now, zone)} to {wait.waits.on}"
    is_told = wait.since and now - wait.since > 1 and wait.waits.kind is not Waiting.WINDOW  # which says until when
    return f"waits for {wait.waits}{f' since {when(wait.since, now, zone)}' if is_told else ''}"


def _posted(row: Mapping[Any, Any], ticket: str) -> str:
    number = ticket or (f"ticket {row['ticket_id'][:8]}…" if row["ticket_id"] else "")
    if row["outcome"] == "ticket":
        return f"new ticket {number}".rstrip()
    return f"comment on {number}" if number else "done"


def _whose(row: Mapping[Any, Any]) -> str:
    return f" ({row['detail']})" if row["reason"] == Reason.DROPPED and row["detail"] else ""


def short(reason: str) -> str:
    """A reason in a few words; one of another version by its name."""
    try:
        return SHORT[Reason.named(reason)]
    except KeyError:
        return reason


def remedy(reason: str) -> str:
    """What to do about it, "" where this version does not know the reason."""
    try:
        return Reason.named(reason).do
    except KeyError:
        return ""


# -- times ----------------------------------------------------------------------------------------


def when(at: float, now: float, zone: tzinfo | None) -> str:
    """A time as short as it can be said: of today the clock's, else the day too."""
    if not at:
        return ""
    moment, today = datetime.fromtimestamp(at, zone), datetime.fromtimestamp(now, zone)
    if moment.date() == today.date():
        return f"{moment:%H:%M}"
    return f"{moment:%d %b %H:%M}" if moment.year == today.year else f"{moment:%Y-%m-%d %H:%M}"


def exactly(at: float, zone: tzinfo | None) -> str:
    """A time with its day, second and zone."""
    return f"{datetime.fromtimestamp(at, zone).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if at else ""


def sentence(words: str) -> str:
    """With its first letter large and a full stop, unless it ends in a sign of its own."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('?', '!', '.')) else '.'}"


def day(at: float, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d}"


def span(seconds: float) -> str:
    """A duration in its largest unit: "4 minutes"."""
    for unit, length in (("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
        if seconds >= length:
            number = int(seconds // length)
            return counted(number, unit)
    return counted(int(seconds), "second")


def size(octets: int) -> str:
    if octets < 1000:
        return counted(octets, "byte")
    return f"{octets / 1e3:.0f} kB" if octets < 1e6 else f"{octets / 1e6:.1f} MB"
