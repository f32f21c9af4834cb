"""The stages of a delivery and the transitions that are allowed (docs/design.md "State of a delivery")."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    ACCEPTED = "ACCEPTED"
    PLANNED = "PLANNED"
    DONE = "DONE"
    SUPPRESSED = "SUPPRESSED"
    QUARANTINED = "QUARANTINED"
    HELD = "HELD"


PENDING = (Stage.ACCEPTED, Stage.PLANNED)
"""Stages that a worker takes."""

OPEN = (*PENDING, Stage.HELD)
"""Stages of mail that has not come to an end."""

ENDED = (Stage.DONE, Stage.SUPPRESSED, Stage.QUARANTINED)
"""Stages of mail that has."""

NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.ACCEPTED: frozenset({Stage.PLANNED, Stage.SUPPRESSED, Stage.QUARANTINED, Stage.HELD}),
    Stage.PLANNED: frozenset({Stage.DONE, Stage.QUARANTINED, Stage.HELD, Stage.ACCEPTED}),
    Stage.QUARANTINED: frozenset({Stage.ACCEPTED, Stage.PLANNED, Stage.SUPPRESSED, Stage.DONE}),
    Stage.HELD: frozenset({Stage.ACCEPTED, Stage.PLANNED, Stage.SUPPRESSED, Stage.DONE}),
    Stage.DONE: frozenset({Stage.ACCEPTED, Stage.PLANNED}),
    Stage.SUPPRESSED: frozenset({Stage.ACCEPTED, Stage.DONE, Stage.QUARANTINED, Stage.HELD}),
}
"""PLANNED to ACCEPTED: the ticket is gone (404), decide anew. Out of QUARANTINED and HELD: the
operator's release (resume the plan when any effect was sent, else decide anew) or drop; out of SUPPRESSED a
release. To DONE: a move that did not take place is taken back. DONE to ACCEPTED: the operator takes the mail
to another ticket. DONE to PLANNED: held files are let go. SUPPRESSED to QUARANTINED or HELD: the operator's drop is
taken back."""


class IllegalTransition(Exception):
    """A bug: the table does not allow this step."""


def check(old: Stage, new: Stage) -> None:
    """Raises IllegalTransition unless NEXT allows the step."""
    if new not in NEXT[old]:
        raise IllegalTransition(f"{old} -> {new}")


class EffectState(StrEnum):
    """TODO -> SENT -> DONE, or the end REFUSED or SKIPPED. SENT without an answer is unknown. HELD is a file
    that waits for an operator or a scan: the delivery may be DONE without it."""

    HELD = "HELD"
    TODO = "TODO"
    SENT = "SENT"
    DONE = "DONE"
    REFUSED = "REFUSED"
    SKIPPED = "SKIPPED"


UNFINISHED = (EffectState.TODO, EffectState.SENT)
"""Effects that are still to be brought to an end."""
