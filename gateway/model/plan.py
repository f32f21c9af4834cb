"""What a decision says: the outcome, the effects with their final request bodies, and the trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.model.effects import AcknowledgeBody, EffectBody
from gateway.model.plain import by_field
from gateway.model.problem import NoticeRecord, Problem
from gateway.model.reasons import Reason
from gateway.model.window import MaintenanceCalendar, Window

Outcome = Literal["ticket", "comment", "suppress", "quarantine", "hold", "wait"]


@dataclass(frozen=True, slots=True)
class Signed:
    """What stands at the end of a mail: prints of its lines in hex, and in whose name (``mail.ending.Seen``)."""

    sender: str
    domain: str
    prints: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered effects, and what the store learns when the ticket and text are there.

    ``ids`` are (message id, known) for the mapping table; ``people`` (address, role); ``ticket_id``
    is "" for a new ticket; ``ticket`` holds the facts of a new one."""

    effects: tuple[EffectBody, ...]
    board_id: str
    ticket_id: str = ""
    ids: tuple[tuple[str, str], ...] = ()
    people: tuple[tuple[str, str], ...] = ()
    client_id: str = ""
    contact_id: str = ""
    fallback: bool = False
    marks: tuple[tuple[str, str], ...] = ()  # addresses that cannot be reached, with the status
    subject: str = ""
    mentions: tuple[str, ...] = ()  # more ids by which other mail waits for this one
    late: bool = False  # its effects have a time of their own: nobody waits for them
    signed: Signed | None = None  # by which the sender's signature is known again

    def bare(self) -> dict[str, Any]:
        """The plan without its effects, by field."""
        return {**by_field(self), "effects": (), "signed": by_field(self.signed) if self.signed else None}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a trace: the rule, what it found, and what follows from it."""

    rule: str
    found: str
    result: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of the configuration that counted: the rule or the domain of this name."""

    kind: Literal["rule", "domain"]
    name: str


@dataclass(slots=True)
class Trace:
    """What was considered, in order, and what of the configuration counted."""

    steps: list[Step] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)

    def add(self, rule: str, found: str, result: str = "") -> None:
        self.steps.append(Step(rule, found, result))


@dataclass(frozen=True, slots=True)
class Learned:
    """A Message-ID that the desk gave to a mail about a ticket: a reply to it leads there."""

    message_id: str
    ticket_id: str
    board_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a mail and why. ``reason`` is of suppress and quarantine, "" otherwise; ``detail`` is for the
    operator, of a wait the delivery that has to be posted first: the mail is decided again then. ``changes`` and
    ``notice_record`` are of vendors' notices; ``part_records`` are by number, from 1, of what a mail of several
    problems says of each. ``acknowledgement`` is the mail to the sender of one that has no plan; with a plan it is its
    last effect. ``windows`` hold the mail, or parts of one that has a plan: a hold is decided again at ``until``
    (seconds since 1970), and ``held_by`` says by what and for how long, as people read it behind "held by"."""

    outcome: Outcome
    reason: Reason | Literal[""] = ""
    detail: str = ""
    plan: Plan | None = None
    trace: tuple[Step, ...] = ()
    hits: tuple[Hit, ...] = ()
    learned: tuple[Learned, ...] = ()
    changes: tuple[Problem, ...] = ()  # problems as they are from now on
    notice_record: NoticeRecord | None = None
    part_records: tuple[tuple[int, NoticeRecord], ...] = ()
    sender: str = ""  # in whose name it was decided
    proof: str = ""  # and what that rests on, by which mail of the name is counted
    acknowledgement: AcknowledgeBody | None = None
    probe: str = ""  # the id of the probe that came back with it
    calendar: MaintenanceCalendar | None = None  # windows that the mail sets
    windows: tuple[Window, ...] = ()
    until: float = 0.0
    held_by: str = ""
