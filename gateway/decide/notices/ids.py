"""The ids by which notices wait for each other."""

from __future__ import annotations

from gateway.model.notice import Notice
from gateway.model.problem import STORM, family_of


def mentions(notice: Notice) -> tuple[str, ...]:
    """The ids by which a notice waits for the ticket of its problem, its incident or its storm, and those of its
    parts."""
    incidents = [mention for told in (notice, *notice.parts) for mention in incident_id(told)]
    return tuple(dict.fromkeys((*problem_ids(notice), *incidents, storm_id(notice))))


def families(desk: str, notice: Notice) -> tuple[str, ...]:
    """The families of its problem, those of its parts, and its storm."""
    keys = (*(told.key for told in (notice, *notice.parts)), STORM)
    return tuple(family_of(desk, notice.profile, key) for key in dict.fromkeys(keys))


def problem_ids(notice: Notice) -> tuple[str, ...]:
    """The ids of its problem and of those of its parts."""
    return tuple(problem_id(told) for told in (notice, *notice.parts))


def problem_id(notice: Notice) -> str:
    """The id that all notices of a problem share."""
    return f"{family_of('', notice.profile, notice.key)}@problem.notice"


def incident_id(notice: Notice) -> tuple[str, ...]:
    return (f"{family_of('', notice.profile, notice.incident)}@incident.notice",) if notice.incident else ()


def storm_id(notice: Notice) -> str:
    return f"{family_of('', notice.profile, STORM)}@storm.notice"
