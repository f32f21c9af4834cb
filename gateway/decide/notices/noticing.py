"""The notice that a mail is, with the desk's ids for what its profile names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.notice import Notice


@dataclass(frozen=True, slots=True)
class Noticing:
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
