"""What a maintenance window would have held of the notices that came. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from sqlalchemy import Connection, RowMapping, select, union_all

from gateway.decide.notices.windows import holds
from gateway.match import recurrence
from gateway.model.spans import WEEK
from gateway.model.window import Maintenance, Window
from gateway.operate.windows import AHEAD
from gateway.store.reading import looking
from gateway.store.schema import notice, part
from gateway.work.windows import Placed


@dataclass(slots=True)
class Tried:
    """What a window would have held: ``tickets`` that would not have been made, ``later`` those that would have been at
    its end; ``names`` of the objects."""

    times: int = 0
    notices: int = 0
    problems: int = 0
    tickets: int = 0
    later: int = 0
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class _Course:
    """How it would have gone with one problem: whether it has a ticket, and until when it is held."""

    tried: Tried
    is_open: bool = False
    held_until: float = 0.0

    def pass_on(self, at: float) -> None:
        """What goes on at the end of its window becomes a ticket."""
        if self.held_until and at >= self.held_until:
            self.tried.later += 1
            self.is_open, self.held_until = True, 0.0

    def take(self, row: RowMapping, window: Window | None) -> None:
        """A notice, with the window that may hold it."""
        if row["state"] == "close":
            self.tried.notices += bool(self.held_until)
            self.is_open, self.held_until = False, 0.0
        elif self.held_until or (window and not self.is_open):
            self._hold(row, window)
        else:
            self.is_open = self.is_open or row["state"] in ("open", "planned")

    def _hold(self, row: RowMapping, window: Window | None) -> None:
        if window and not self.held_until:
            self.held_until = window.ends
            self.tried.problems += 1
            self.tried.names = tuple(dict.fromkeys((*self.tried.names, *filter(None, (row["object"],)))))
        self.tried.notices += 1
        self.tried.tickets += row["became"] == "ticket"


def attempt(
    connection: Connection,
    said: Maintenance,
    client_id: str,
    since: float,
    now: float,
    may_hold: Callable[[str], bool] = lambda name: True,
) -> Tried:
    """What the window would have held of the notices that came since then. One that recurs counts at all its times, and
    one that was not yet is moved back by whole weeks. ``may_hold`` says which [[notice]], by name, windows hold."""
    times = _times(said, since, now)
    placed = [Placed(said, "", begins, ends).window(client_id) for begins, ends in times]
    tried = Tried(times=len(times))

    def window_of(row: RowMapping) -> Window | None:
        at = row["accepted_at"]
        window = next((window for window in placed if window.begins <= at < window.ends), None)
        is_held = window and may_hold(row["profile"]) and holds(window, row["client_id"], row["profile"], row["object"])
        return window if is_held else None

    courses: dict[str, _Course] = {}
    for row in _notices(connection, said.desk, since):
        course = courses.setdefault(row["problem_id"], _Course(tried))
        course.pass_on(row["accepted_at"])
        course.take(row, window_of(row))
    for course in courses.values():
        course.pass_on(inf)
    return tried


def _times(said: Maintenance, since: float, now: float) -> list[tuple[float, float]]:
    times = recurrence.occurrences(said, since, now)
    if times or said.repeat:
        return times
    ahead = recurrence.occurrences(said, now, now + AHEAD)
    if not ahead:
        return []
    weeks = -((now - ahead[0][1]) // WEEK)  # the last such days that are over
    back = max(weeks, 0.0) * WEEK
    return [(begins - back, ends - back) for begins, ends in ahead[:1]]


def _notices(connection: Connection, desk: str, since: float) -> Sequence[RowMapping]:
    """Proven notices that were read, in the order in which they came; of a mail of several problems its parts."""
    names = ("accepted_at", "delivery_id", "profile", "became", "problem_id", "client_id", "state", "object")
    found = [
        select(*(told.c[name] for name in names)).where(
            told.c.desk == desk, told.c.accepted_at >= since, told.c.proven, told.c.failed == "",
            told.c.became != "several",
        )
        for told in (notice, part)
    ]  # fmt: skip
    both = union_all(*found).subquery()
    with looking():
        return connection.execute(select(both).order_by(both.c.accepted_at, both.c.delivery_id)).mappings().all()
