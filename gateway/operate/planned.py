"""Vendors' planned work as maintenance windows that an operator may take. None is ever set by itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping

from gateway.config.settings import Settings
from gateway.match.invisible import one_line
from gateway.match.recurrence import LONGEST
from gateway.model.problem import windows_of
from gateway.model.spans import MINUTE
from gateway.operate.windows import Listed
from gateway.store import windows

WIDER = frozenset("*?,")
"""Letters by which an object of a window means more than the vendor named."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A window that a vendor's notice of planned work suggests; ``begin`` and ``end`` are times in ``zone``. ``client``
    is "" where neither the desk nor the configuration says how it is called."""

    id: str
    name: str
    desk: str
    vendor: str
    ticket: str
    ticket_id: str
    client: str
    objects: tuple[str, ...]
    begins: float
    ends: float
    begin: str
    end: str
    zone: str

    @property
    def command(self) -> str:
        """What takes it, for a shell."""
        words = ["gateway", "windows", "add", self.name, "--client", self.client or f"CLIENT OF TICKET {self.ticket}"]
        words += ["--begin", self.begin, "--end", self.end, "--timezone", self.zone, "--desk", self.desk]
        for name in self.objects:
            words += ["--object", name]
        return shlex.join(words)


def proposed(
    connection: Connection,
    settings: Settings,
    now: float,
    names: Mapping[str, Mapping[str, str]],
    taken: Sequence[Listed],
) -> list[Proposed]:
    """The windows that planned work suggests and nobody has set, the first first. One that was set is suggested again
    when the vendor says other times. ``names`` are the desks' own, by desk and id; ``taken`` are the windows that there
    are. Work without an object that a window may name is left out: it would hold all that the client has."""
    clients = {notice.called: notice.client for notice in settings.notice if notice.client}
    found = [
        _proposed(
            row,
            window,
            settings.timezone,
            names.get(row["desk"], {}).get(row["client_id"]) or clients.get(row["profile"], ""),
        )
        for row in windows.planned_work(connection, now)
        if row["desk"] in settings.desks
        for window in windows_of(row["window_from"], row["window_to"], row["windows"])
        if window[1] > now and 0 < window[1] - window[0] <= LONGEST
    ]
    return [work for work in found if work.objects and not any(_is_of(row, work) for row in taken)]


def _is_of(row: Listed, work: Proposed) -> bool:
    """Whether a window was set for this work at these times, unless an operator has moved its end."""
    is_named = (row.desk, row.name) == (work.desk, work.name)
    ends_then = row.moved or abs(row.ends - work.ends) < MINUTE
    return is_named and abs(row.begins - work.begins) < MINUTE and ends_then


def _proposed(row: RowMapping, window: tuple[float, float], zone: str, client: str) -> Proposed:
    ticket = row["number"] or row["ticket_id"]
    begin, end, zone = _local(*window, zone)
    day = f" from {begin}" if row["windows"] else ""
    return Proposed(
        id=row["id"],
        name=f"{one_line(row['title'] or row['key'])[:200]} ({ticket}){day}",
        desk=row["desk"],
        vendor=row["profile"],
        ticket=ticket,
        ticket_id=row["ticket_id"],
        client=client,
        objects=_objects(row["objects"].split("\n")),
        begins=window[0],
        ends=window[1],
        begin=begin,
        end=end,
        zone=zone,
    )


def _objects(said: Iterable[str]) -> tuple[str, ...]:
    names = (one_line(name) for name in said)
    return tuple(dict.fromkeys(name for name in names if name and not WIDER & {*name}))


def _local(begins: float, ends: float, name: str) -> tuple[str, str, str]:
    """Both times to the minute, the whole of the last one too: in UTC where the clock changes make one ambiguous."""
    zone = ZoneInfo(name)
    until = ends + -ends % 60
    said = [datetime.fromtimestamp(moment, zone).replace(second=0, microsecond=0) for moment in (begins, until)]
    if any(local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset() for local in said):
        return _local(begins, ends, "UTC")
    begin, end = (f"{local:%Y-%m-%d %H:%M}" for local in said)
    return begin, end, name
