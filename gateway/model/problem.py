"""A problem: what the notices of one key, for one client, have said so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

from gateway.model.notice import Notice
from gateway.model.spans import DAY

ProblemState = Literal["open", "recovered", "closing", "closed"]
"""Open; recovered, its ticket not (yet) closed by us; about to be closed; closed by us or without a ticket."""

STORM = "(storm)"
"""The key of the ticket that stands for too many problems at once."""


def digest(*parts: str) -> str:
    """A short name for a list of texts: 32 hex digits."""
    return blake2b("\0".join(parts).encode(errors="surrogateescape"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of the store. Times are seconds since the epoch as the gateway accepted the mails, but ``at`` and
    ``sequence``, which are the vendor's of the newest notice.

    ``family`` is the same for all clients and scopes of a key; ``scope`` is where its notices come from, "" for the
    gateway itself. ``subject`` is what the subject of its first mail said besides state, counts and times, and on a
    line of its own that of its newest, where it is another. ``ticket_id`` "" while the ticket is being made by
    ``delivery_id``; ``status_id`` and ``priority_id`` are those that we gave it. ``count`` notices came in this
    episode, ``words`` of them in a row with the same ``word``. ``part_of`` is the id of the problem whose ticket
    is this one's too (a storm, planned work), until ``until`` if that is not 0; ``listing`` says that a list of
    its own parts is under way. ``master_id`` is the ticket of another client under which it is bundled.
    ``left`` says why its ticket was left open after a recovery, ``previous`` the number of the ticket before.
    ``held_by`` is the maintenance window that holds it until ``until``, "" for none: its mail waits, and this episode
    has no ticket."""

    id: str
    family: str
    profile: str
    key: str
    client_id: str
    scope: str = ""
    state: ProblemState = "open"
    object: str = ""
    condition: str = ""
    title: str = ""
    subject: str = ""
    ticket_id: str = ""
    number: str = ""
    board_id: str = ""
    status_id: str = ""
    priority_id: str = ""
    delivery_id: str = ""
    revision: int = 0
    count: int = 0
    word: str = ""
    words: int = 0
    rank: int = 0
    opened_at: float = 0.0
    changed_at: float = 0.0
    last_at: float = 0.0
    checked_at: float = 0.0
    closed_at: float = 0.0
    flapping_until: float = 0.0
    at: float = 0.0
    sequence: int = -1
    incident: str = ""
    master_id: str = ""
    window_from: float = 0.0
    window_to: float = 0.0
    objects: str = ""  # of planned work, a line each
    windows: str = ""  # of planned work that has several, begin and end, a line each
    part_of: str = ""
    until: float = 0.0
    listing: bool = False
    forwarded: bool = False
    doubts: int = 0
    left: str = ""
    previous: str = ""
    held_by: str = ""

    @property
    def alive(self) -> bool:
        """Whether the vendor's last word is that there is a problem."""
        return self.state == "open"

    def window_at(self, at: float) -> tuple[float, float] | None:
        """The window of planned work in which a moment lies, None for none."""
        found = windows_of(self.window_from, self.window_to, self.windows)
        return next(((begin, end) for begin, end in found if begin <= at < end), None)

    def what(self) -> str:
        """Object and condition for people, or the key."""
        return ": ".join(filter(None, (self.object, self.condition))) or self.key


def windows_of(begin: float, end: float, several: str) -> list[tuple[float, float]]:
    """The windows of planned work, in their order, as a row of it has them."""
    if not several:
        return [(begin, end)]
    return [(float(first), float(last)) for first, last in map(str.split, several.splitlines())]


def windows_as_text(windows: Sequence[tuple[float, float]]) -> str:
    """Several windows as a row has them, "" for one."""
    return "\n".join(f"{begin:.0f} {end:.0f}" for begin, end in windows) if len(windows) > 1 else ""


Became = Literal[
    "ticket", "again", "comment", "counted", "recovery", "doubt", "overtaken", "nothing", "ignored", "part",
    "several", "held",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """What the store keeps of one notice. ``changed`` says that it changed its problem's state, ``held_by`` the
    window that held it."""

    profile: str
    became: Became
    problem_id: str = ""
    client_id: str = ""
    state: str = ""
    word: str = ""
    object: str = ""
    key: str = ""
    proven: bool = False
    failed: str = ""
    changed: bool = False
    expected: str = ""
    each: str = ""
    detail: str = ""
    held_by: str = ""


def family_of(desk: str, profile: str, key: str) -> str:
    return digest(desk, profile, key)


def id_of(family: str, client_id: str, scope: str = "") -> str:
    """A problem's id: where it comes from keeps equal names apart."""
    return digest(family, client_id, scope) if scope else digest(family, client_id)


def missing_key(expectation: str, name: str) -> str:
    """The key of the ticket about an expected mail that did not come, of this object or of any ("")."""
    return f"(missing) {expectation}" + (f": {' '.join(name.casefold().split())}" if name else "")


AHEAD = 300.0
BEHIND = 5 * DAY
"""Seconds by which a vendor's time may lie ahead of the acceptance or behind it: mail is tried for that long
(RFC 5321, 4.5.4.1). Beyond them a clock is wrong, and its time orders nothing."""


def timed(notice: Notice, accepted_at: float) -> Notice:
    """The notice without a time that cannot be. What somebody sent on may be old."""
    behind = accepted_at - notice.at > BEHIND and not notice.forwarded
    return replace(notice, at=0.0) if behind or notice.at > accepted_at + AHEAD else notice


def overtaken(notice: Notice, accepted_at: float, problem: Problem) -> bool:
    """Whether a newer notice of the problem was seen before this one: by the vendor's number, else by the
    vendor's time, else by the order of acceptance."""
    if notice.sequence >= 0 and problem.sequence >= 0 and notice.sequence != problem.sequence:
        return notice.sequence < problem.sequence
    if notice.at > 0 and problem.at > 0 and notice.at != problem.at:
        return notice.at < problem.at
    return accepted_at < problem.last_at
