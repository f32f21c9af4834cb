"""The client of a trial: rehearsed, and the desk is asked nothing at all once its lists are taken.

Every call is counted as the desk would count it. A look for contacts counts once for as long as the gateway remembers
what it was told, also when the trial was stopped in between and has forgotten it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.desk.algapsa.calls import Call
from gateway.desk.algapsa.rehearsal import RehearsedClient
from gateway.desk.algapsa.rows import CONTACT_ID, contact
from gateway.desk.directory import CONTACT_KEPT, MISS_KEPT
from gateway.desk.outcome import Good, Outcome, Refused
from gateway.desk.trial import Account, Taken
from gateway.store.engine import Store

PAGE = 100


class TrialClient(RehearsedClient):
    """``taken`` are the desk's lists; ``account`` is told what they do not answer."""

    def __init__(
        self, name: str, url: str, *, store: Store, taken: Taken, account: Account, clock: Callable[[], float]
    ) -> None:
        super().__init__(name, url, "none", store=store, pacing=account, clock=clock)
        self.taken = taken
        self.account = account
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
                known = [row for _, row in self._contacts if row.get(CONTACT_ID) == call.ids[0]]
                missing = Refused(404, "NOT_FOUND", "no such contact")
                return Good(200, known[0], {"data": known[0]}) if known else missing
            case "/assets/search":
                self.account.unasked["a device"] += 1
                return _rows([])
            case "/tickets" | "/tickets/search":
                self.account.unasked["a ticket by its number"] += 1
                return _rows([])
        self.account.unasked["a ticket of the desk"] += 1
        return Refused(404, "NOT_FOUND", "the trial did not ask the desk")

    def _is_remembered(self, call: Call) -> bool:
        """Whether the gateway would know this without asking."""
        if call.path not in ("/contacts", "/contacts/{id}"):
            return False
        key, kept = call.ids[0] if call.ids else str(call.params["email"]).lower(), MISS_KEPT
        if not call.ids and any(key in addresses for addresses, _ in self._contacts):
            kept = CONTACT_KEPT
        return self.account.is_remembered(key, self.clock(), kept)


def _addresses(row: dict[str, Any]) -> str:
    """All addresses of a contact, each with what no address has around it."""
    known = contact(row)
    return "\n".join((known.address, *known.more)).lower()


def _rows(rows: list[dict[str, Any]], more: bool = False) -> Outcome:
    return Good(200, rows, {"data": rows, "pagination": {"hasNext": more}})
