"""The ids by which notices wait for each other."""

from __future__ import annotations

from gateway.model.notice import Notice
from gateway.model.problem import STORM, family_of


def mentions(notice: Notice) -> tuple[str, ...]:
    """The ids by which a notice waits for the ticket of its problem, its incident or its storm."""
    return (problem_id(notice), *incident_id(notice), storm_id(notice))


def families(desk: str, notice: Notice) -> tuple[str, ...]:
    """The families of its problem and its storm."""
    return (family_of(desk, notice.profile, notice.key), family_of(desk, notice.profile, STORM))


def problem_id(notice: Notice) -> str:
    """The id that all notices of a problem share."""
    return f"{family_of('', notice.profile, notice.key)}@problem.notice"


def incident_id(notice: Notice) -> tuple[str, ...]:
    return (f"{family_of('', notice.profile, notice.incident)}@incident.notice",) if notice.incident else ()


def storm_id(notice: Notice) -> str:
    return f"{family_of('', notice.profile, STORM)}@storm.notice"
