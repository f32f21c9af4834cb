"""What a profile read out of a vendor's mail, what the profile wants done with it, and where its ticket would go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.model.spans import DAY

State = Literal["open", "update", "close", "planned", "ignore"]
"""What the mail says of its problem. A word that no profile knows is an update."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What becomes of a profile's notices. Times are in seconds.

    ``close`` says whether a recovery may close a ticket that nobody touched, ``hold`` how long it must last
    before. ``reopen``: a problem within that time of the close reopens the same ticket. ``cadence``: the
    occurrences that are told by a comment; beyond its last number, every multiple of that. ``flaps`` changes
    within ``flap_window`` are a flapping, over when it was quiet that long. ``storm`` new keys within
    ``storm_window`` are a storm, 0 for none. ``files``: whether files are uploaded beyond the first mail's.
    ``bundle``: how tickets of several clients about one incident are bundled, "" for not at all; with
    ``fan_out`` later updates on the master go out to the clients' contacts.
    ``announce``: the desk may mail the client about a new ticket, as it does about others; else it is made elsewhere,
    and moved to its client ``move_after``. ``asset``: the object is a device, whose asset is linked to the ticket.
    ``windows``: maintenance windows hold its new problems."""

    close: bool = True
    hold: float = 600.0
    reopen: float = DAY
    cadence: tuple[int, ...] = (1, 2, 5, 10, 20, 50)
    flaps: int = 5
    flap_window: float = 900.0
    storm: int = 20
    storm_window: float = 300.0
    files: bool = True
    bundle: Literal["", "link_only", "sync_updates"] = ""
    fan_out: bool = False
    announce: bool = False
    move_after: float = 300.0
    asset: bool = False
    windows: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. ``key`` names the problem: the same for each mail about it and for no other within the
    profile (of the object and the condition, normalised; of the normalised subject when reading failed).

    ``scope`` is where it came from: the address in From, and the network or login that proved it. The same key from
    elsewhere is another problem.

    ``proven`` says that the source is who the profile wants, by ``proof``; without it a change of state is
    told and never acted upon. ``failed`` are the names of the fields that could not be read. ``severity`` is
    the vendor's word, ``rank`` its place in the profile's order (0 unknown, higher is worse), ``priority`` the
    desk's name for it. ``clients`` are texts that name the client, best first. ``at`` (seconds since the
    epoch, 0 unknown) and ``sequence`` (-1 unknown) order the mails of a key as the vendor sent them.
    ``windows`` are those of planned work (begin and end in seconds since the epoch, the first first), ``objects`` what
    it touches.
    ``incident`` is the same for mails about one incident of the vendor, whatever client they reach, "" for none.
    ``expected`` names the expectation that the mail meets, "" for none. ``forwarded`` says that somebody sent it on."""

    profile: str
    state: State
    key: str
    scope: str = ""
    object: str = ""
    condition: str = ""
    title: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    proven: bool = False
    proof: str = ""
    word: str = ""  # the state word as the vendor wrote it
    subject: str = ""  # what the subject says besides state, counts and times; of an end, what the layout does not know
    strange: bool = False  # an update of which one word is known or none: maybe a problem, never its end
    severity: str = ""
    rank: int = 0
    priority: str = ""
    clients: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # all that the mail calls its client and account, as it stands there
    at: float = 0.0
    sequence: int = -1
    windows: tuple[tuple[float, float], ...] = ()
    moved: bool = False  # the times told before hold no longer, whether or not new ones are told
    objects: tuple[str, ...] = ()
    incident: str = ""
    expected: str = ""
    forwarded: bool = False
    by_name: bool = False  # known by its object, for the vendor's number of it was not read
    parts: tuple[Notice, ...] = ()  # what a mail of several problems says of each
    text: str = ""  # of a part: its piece of the mail
    handling: Handling = Handling()

    @property
    def parsed(self) -> bool:
        """Whether the profile could read what it needs."""
        return not self.failed

    @property
    def window(self) -> tuple[float, float] | None:
        """From the begin of the first window to the end of the last, None for none."""
        return (self.windows[0][0], self.windows[-1][1]) if self.windows else None


@dataclass(frozen=True, slots=True)
class ResolvedNotice:
    """The notice that a mail is, and where its ticket would go in the desk's ids. ``priorities`` are ids by name
    without case, ``closed`` the status that closes a ticket, by board. ``missing`` are the keys of the
    expectations that it meets, ``each`` their object where every one counts. ``client_id`` is known beforehand of
    a mail that the gateway made."""

    notice: Notice
    desk: str = ""
    destination: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    each: str = ""
    client_id: str = ""
