"""The desk of a trial: rehearsed, and asked nothing at all once its lists are taken.

Every call is counted as the desk would count it. A look for contacts counts once for as long as the gateway remembers
what it was told, also when the trial was stopped in between and has forgotten it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from gateway.desk.algapsa import bodies
from gateway.desk.algapsa.calls import Call
from gateway.desk.algapsa.rehearsal import RehearsedDesk
from gateway.desk.directory import CONTACT_KEPT, MISS_KEPT
from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.pacing import LocalPacing, Urgency
from gateway.operate.trial.lists import Taken
from gateway.store.engine import Store

PAGE = 100


class CountedPacing(LocalPacing):
    """No limit; ``calls_made`` is how many calls would have counted."""

    def __init__(self) -> None:
        super().__init__(0, 1, 0.0)
        self.calls_made = 0

    async def take(self, now: float, urgency: Urgency) -> float:
        self.calls_made += 1
        return 0.0


class TrialDesk(RehearsedDesk):
    """``taken`` are the desk's lists, ``asked`` when each contact or domain was last looked for; ``unasked`` counts
    what only the desk itself could have said."""

    def __init__(
        self, name: str, url: str, *, store: Store, taken: Taken, asked: dict[str, float], clock: Callable[[], float]
    ) -> None:
        self.counted = CountedPacing()
        super().__init__(name, url, "none", store=store, pacing=self.counted, clock=clock)
        self.taken = taken
        self.asked = asked
        self.news: dict[str, float] = {}
        """What was asked since somebody last took note of it."""
        self.unasked: Counter[str] = Counter()
        self._contacts = [(_addresses(row), row) for row in taken["contacts"]]

    async def _call(self, call: Call) -> Outcome:
        if call.method != "GET" or self._read_here(call):
            return await super()._call(call)
        if call.counted and not self._is_remembered(call):
            await self.pacing.take(self.clock(), call.urgency)
        return await self._with_ours(call, self._said(call))

    def _said(self, call: Call) -> Outcome:
        taken, params = self.taken, call.params
        match call.path:
            case "/boards" | "/clients" | "/users":
                return _rows(taken[call.path[1:]])
            case "/tickets/priorities":
                return _rows(taken["priorities"])
            case "/categories/ticket":
                return _rows(taken["categories"])
            case "/tickets/statuses":
                return _rows(taken["statuses"].get(params["board_id"], []))
            case "/contacts":
                part = str(params["email"]).lower()
                found = [row for addresses, row in self._contacts if part in addresses]
                return _rows(found[:PAGE], more=len(found) > PAGE) if "page" in params else _rows(found)
            case "/contacts/{id}":
                known = [row for _, row in self._contacts if bodies.contact_id_of(row) == call.ids[0]]
                missing = Refused(404, "NOT_FOUND", "no such contact")
                return Good(200, known[0], {"data": known[0]}) if known else missing
            case "/assets/search":
                self.unasked["a device"] += 1
                return _rows([])
            case "/tickets" | "/tickets/search":
                self.unasked["a ticket by its number"] += 1
                return _rows([])
        self.unasked["a ticket of the desk"] += 1
        return Refused(404, "NOT_FOUND", "the trial did not ask the desk")

    def _is_remembered(self, call: Call) -> bool:
        """Whether the gateway would know this without asking."""
        if call.path not in ("/contacts", "/contacts/{id}"):
            return False
        key, now, kept = call.ids[0] if call.ids else str(call.params["email"]).lower(), self.clock(), MISS_KEPT
        if not call.ids and any(key in addresses for addresses, _ in self._contacts):
            kept = CONTACT_KEPT
        if now < self.asked.get(key, -kept) + kept:
            return True
        self.asked[key] = self.news[key] = now
        return False


def _addresses(row: dict[str, Any]) -> str:
    """All addresses of a contact, each with what no address has around it."""
    more = row.get("additional_email_addresses") or []
    found = [str(row.get("email") or ""), *(str(entry.get("email_address") or "") for entry in more)]
    return "\n".join(found).lower()


def _rows(rows: list[dict[str, Any]], more: bool = False) -> Outcome:
    return Good(200, rows, {"data": rows, "pagination": {"hasNext": more}})
