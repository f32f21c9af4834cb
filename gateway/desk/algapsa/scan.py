"""The newest tickets of a desk, read page by page, for everybody who looks for one that he may have made.

One scan serves all who wait, and goes on where the rate limit or a failure stopped it: nothing that was read is read
again. It goes by ``entered_at``, which never changes: the next page begins at the last ticket of the one before, so
that a ticket which is deleted meanwhile makes no gap. What a scan does not show was not there when it began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol

from gateway.desk.algapsa.rows import has_next, marker_of, seconds
from gateway.desk.outcome import Good, Outcome, Unknown
from gateway.desk.pacing import Urgency
from gateway.desk.readback import Aim, NotRead

SLACK = 300.0  # seconds before the send from which to look: clocks may be set meanwhile
PAGES = 200
FULL_PAGE = 100  # tickets; where the desk does not say whether there are more, a full page is not the last
OVERLAP = 0.001  # seconds that a page goes back: the desk tells times to the millisecond
WANTED_FOR = 900.0  # seconds after which somebody who does not come back is forgotten

Row = dict[str, Any]


class TicketList(Protocol):
    """What a scan asks of the desk's client."""

    clock: Callable[[], float]
    skew: float
    user: str

    async def tickets_from(self, since: float, page: int, user: str, urgency: Urgency) -> Outcome: ...


@dataclass(slots=True)
class Want:
    """Somebody looks for a ticket that was sent after ``since``, from ``asked`` on (our clock)."""

    since: float
    asked: float


@dataclass(slots=True)
class Scan:
    """One reading of the list. ``began`` is when its first page was asked for."""

    since: float
    began: float = 0.0
    pages: int = 0
    complete: bool = False
    found: dict[str, dict[str, Row]] = field(default_factory=dict)  # by marker, by ticket
    _from: float = 0.0  # by the desk's clock
    _page: int = 1

    async def read_on(self, desk: TicketList, user: str, urgency: Urgency) -> None:
        """Read one page more. Raises NotRead."""
        if not self.pages:
            self.began, self._from = desk.clock(), self.since + desk.skew
        if self.pages >= PAGES:
            raise NotRead(Unknown(f"more than {PAGES} pages of tickets", alive=True))
        outcome = await desk.tickets_from(self._from, self._page, user, urgency)
        if not isinstance(outcome, Good):
            raise NotRead(outcome)
        self.pages += 1
        for row in outcome.data:
            if marker := marker_of(row.get("attributes")):
                self.found.setdefault(marker, {})[row["ticket_id"]] = {**row, "attributes": None}
        more = has_next(outcome.body)
        self.complete = len(outcome.data) < FULL_PAGE if more is None else not more
        last = seconds(outcome.data[-1].get("entered_at"), 0.0) - OVERLAP if outcome.data else 0.0
        self._from, self._page = (last, 1) if last > self._from else (self._from, self._page + 1)

    def hits(self, marker: str) -> list[Row]:
        return sorted(self.found.get(marker, {}).values(), key=lambda row: str(row.get("entered_at")))

    def serves(self, want: Want) -> bool:
        return self.complete and self.since <= want.since and self.began >= want.asked


class _Aimed:
    """The scan for one aim, and who waits for it."""

    def __init__(self) -> None:
        self.scan = Scan(inf)
        self.wanted: dict[str, Want] = {}
        self.turn = asyncio.Lock()
        self.failures = 0
        self.failure = NotRead(Unknown(""))

    def next(self, now: float) -> Scan:
        """The scan to go on with: the one under way, else one for all who wait."""
        if self.scan.complete or not self.scan.pages or self.scan.pages >= PAGES:
            self.wanted = {key: want for key, want in self.wanted.items() if want.asked > now - WANTED_FOR}
            self.scan = Scan(min((want.since for want in self.wanted.values()), default=now))
        return self.scan


class Scans:
    """The scans of one desk."""

    def __init__(self, desk: TicketList) -> None:
        self._desk = desk
        self._aimed: Mapping[Aim, _Aimed] = {aim: _Aimed() for aim in Aim}

    async def find(self, marker: str, sent_at: float, aim: Aim, not_before: float = 0.0) -> list[Row]:
        """The tickets with this marker that were made since ``sent_at``, oldest first; none means that there were
        none at ``not_before`` or later. No client filter: someone may have moved it. Raises NotRead."""
        mine, now = self._aimed[aim], self._desk.clock()
        want = mine.wanted.setdefault(marker, Want(sent_at - SLACK, now))
        want.asked = max(want.asked, sent_at, not_before)
        failures = mine.failures
        async with mine.turn:
            while True:
                known = mine.scan.serves(want)
                hits = mine.scan.hits(marker) if known or aim is Aim.LATE else self._hits(marker)
                if known or (hits and aim is not Aim.LATE):
                    mine.wanted.pop(marker, None)
                    return hits
                if mine.failures != failures:
                    raise mine.failure  # of somebody who asked while this one waited for his turn
                try:
                    await self._read_on(mine.next(now), aim)
                except NotRead as failure:
                    mine.failures, mine.failure = mine.failures + 1, failure
                    raise

    def _hits(self, marker: str) -> list[Row]:
        return next((hits for aimed in self._aimed.values() if (hits := aimed.scan.hits(marker))), [])

    async def _read_on(self, scan: Scan, aim: Aim) -> None:
        user = "" if aim is Aim.RESEND else self._desk.user
        await scan.read_on(self._desk, user, Urgency.FILE if aim is Aim.LATE else Urgency.READ_BACK)
