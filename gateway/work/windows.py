"""The maintenance windows of the configuration and of the store together, and which of them hold a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection

from gateway.config.settings import Settings
from gateway.match.recurrence import LONGEST, NotUnderstood, occurrences
from gateway.model.window import ANY, Maintenance, Window, occurrence_id
from gateway.store import windows
from gateway.store.windows import Occurrence

log = structlog.get_logger("work")

LOOK_AGAIN = 5.0
"""Seconds after which a window that is over is looked at again, while mail of its time is still to be decided."""
PATIENCE = 900.0
"""Seconds after its end for which that mail is waited for."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A maintenance at one of its times; ``moved`` when somebody set another end."""

    said: Maintenance
    id: str
    begins: float
    ends: float
    moved: bool = False

    def window(self, client_id: str = ANY) -> Window:
        said = self.said
        return Window(self.id, said.name, self.begins, self.ends, client_id, said.objects, said.profiles, said.text)


class Schedule:
    """When what is held. ``stored``: whether the windows of commands and calendars count, besides the file's."""

    def __init__(self, settings: Settings, stored: bool = True) -> None:
        self.file = tuple(window.maintenance(settings.timezone) for window in settings.window)
        self.stored = stored

    def all_of(self, connection: Connection, desk: str, since: float) -> list[Maintenance]:
        """Every window of a desk that is written down, but for those that were over or cancelled before ``since``."""
        written = windows.all_of(connection, desk, cancelled=since, ended=since) if self.stored else []
        return [*(said for said in self.file if said.desk == desk), *written]

    def placed(self, connection: Connection, desk: str, since: float, until: float) -> list[Placed]:
        """The windows that take place between two times, by their begin."""
        ends = windows.moved(connection, desk, since - LONGEST) if self.stored else {}
        found = [
            window
            for said in self.all_of(connection, desk, since - LONGEST)
            for window in _placed(said, since - LONGEST, until, ends)
            if window.begins < until and window.ends > since and window.ends > window.begins
        ]
        return sorted(found, key=lambda window: (window.begins, window.ends))

    def at(
        self,
        connection: Connection,
        desk: str,
        at: float,
        now: float,
        client_named: Callable[[str], str],
        but: str = "",
    ) -> list[Window]:
        """The windows that hold the time ``at``, and those that follow them without a gap. One whose client the desk
        does not have holds nothing. ``but`` is the mail that asks."""
        placed = self.placed(connection, desk, at, at + 2 * LONGEST)
        found = []
        for window in _without_gap(placed, at):
            client_id = window.said.client if window.said.client == ANY else client_named(window.said.client)
            if not client_id:
                log.error(
                    "window not used", window=window.said.name, why=f"the desk has no client {window.said.client!r}"
                )
                continue
            until = window.ends + (0.0 if window.said.cancelled_at else window.said.grace)
            is_over = now >= until and not (
                now < until + PATIENCE and windows.is_unread(connection, desk, window.begins, until, but)
            )
            again = until if now < until else now if is_over else now + LOOK_AGAIN
            found.append(replace(window.window(client_id), until=again, is_over=is_over))
        return found


def _placed(said: Maintenance, since: float, until: float, ends: dict[str, Occurrence]) -> Iterable[Placed]:
    try:
        times = occurrences(said, since, until)
    except NotUnderstood as error:
        log.error("window not used", window=said.name, why=str(error))
        return
    for begins, natural in times:
        name = occurrence_id(said.id, begins)
        changed = ends.get(name)
        stands = changed.ends if changed else natural
        if said.cancelled_at:
            stands = min(stands, said.cancelled_at)
        yield Placed(said, name, begins, stands, moved=changed is not None)


def _without_gap(placed: list[Placed], at: float) -> list[Placed]:
    found, reached = [], at
    for window in placed:
        if window.begins <= reached:
            found.append(window)
            reached = max(reached, window.ends)
    return found
