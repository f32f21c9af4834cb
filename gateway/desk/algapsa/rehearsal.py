"""A desk that is read, and never written to: what would be written is answered here, as the desk would.

Promised: no request but GET leaves. Whoever works with it (planner, executor, closings) is the same code as at work and
notices nothing: a ticket that would have been made can be read, commented and closed. Such rows are kept in the store,
so that they outlive the process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.desk.algapsa import rows
from gateway.desk.algapsa.calls import Call
from gateway.desk.algapsa.client import Client
from gateway.desk.outcome import Good, Outcome, Throttled
from gateway.desk.pacing import Urgency
from gateway.model.ids import uuid7
from gateway.store import rehearsed
from gateway.store.engine import Store

PREFIX = "REHEARSED"
"""Before the number of a ticket that is not there."""
Row = dict[str, Any]


class NotRehearsed(Exception):
    """A request that would have written was about to leave: a fault of this program."""


class RehearsedClient(Client):
    """``store`` keeps what would have been made."""

    rehearses = True

    def __init__(self, name: str, url: str, key: str, *, store: Store, **more: Any) -> None:
        super().__init__(name, url, key, **more)
        self.store = store
        self._closing: dict[str, bool] = {}  # statuses, and whether they close a ticket
        self._http.before = _only_reads

    async def _call(self, call: Call) -> Outcome:
        here = self._write if call.method != "GET" else self._read_here(call)
        if here is None:
            return await self._with_ours(call, await super()._call(call))
        if call.counted and not call.permit.spend() and (wait := await self.pacing.take(self.clock(), call.urgency)):
            return Throttled(wait)
        call.permit.check()
        outcome = await here(call)
        self._observe(call.name, outcome, 0.0)
        return outcome

    # -- reading ----------------------------------------------------------------------------------

    def _read_here(self, call: Call) -> Callable[[Call], Awaitable[Outcome]] | None:
        """What answers a GET without the desk, None where it has to be asked."""
        if "entered_from" in call.params or PREFIX in _number(call.params):
            return self._found
        return None

    async def _found(self, call: Call) -> Outcome:
        """Tickets by number. Of those since a time there are none: nothing is read back that never left."""
        digits = _number(call.params).removeprefix(PREFIX)
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else 0
        row = await self.store.read(lambda c: rehearsed.numbered(c, self.name, number))
        return _good([_ticket(row)] if row else [])

    async def _with_ours(self, call: Call, outcome: Outcome) -> Outcome:
        """The desk's answer with what would have been added."""
        if not isinstance(outcome, Good):
            return outcome
        if call.path == "/tickets/statuses":
            self._closing.update({str(row["status_id"]): bool(row.get("is_closed")) for row in outcome.data})
        elif call.path == "/contacts" and call.params.get("email"):
            part = str(call.params["email"]).lower()
            ours = await self.store.read(lambda c: rehearsed.like(c, self.name, "contact", part))
            return Good(outcome.status, [*outcome.data, *ours], outcome.body) if ours else outcome
        elif call.path == "/tickets/{id}" and (kept := await self._kept(call.ids[0])):
            return Good(outcome.status, {**outcome.data, **kept["changed"]}, outcome.body)
        elif call.path == "/tickets/search":
            return Good(outcome.status, [await self._changed(row) for row in outcome.data], outcome.body)
        elif (
            call.path == "/tickets/{id}/comments"
            and not call.params.get("offset")
            and (kept := await self._kept(call.ids[0]))
        ):
            return Good(outcome.status, [*reversed(kept["comments"]), *outcome.data], outcome.body)
        return outcome

    async def _changed(self, row: Row) -> Row:
        kept = await self._kept(row["ticket_id"])
        return {**row, **kept["changed"]} if kept else row

    async def _get(self, path: str, *ids: str, patience: float = 0.0, **named: Any) -> Outcome:
        """A ticket that is only here is not asked for."""
        if ids and (kept := await self._kept(ids[0])) and kept["made"]:
            urgency = named.get("urgency", Urgency.REPLY)
            while named.get("counted", True) and (wait := await self.pacing.take(self.clock(), urgency)):
                if patience <= 0:
                    return Throttled(wait)
                await self._sleep(min(wait, patience))
                patience -= wait
            outcome = _good(_part_of(kept, path))
            self._observe(f"GET {path}", outcome, 0.0)
            return outcome
        return await super()._get(path, *ids, patience=patience, **named)

    async def _kept(self, ticket_id: str) -> Row | None:
        return await self.store.read(lambda c: rehearsed.get(c, self.name, "ticket", ticket_id))

    # -- what would be written --------------------------------------------------------------------

    async def _write(self, call: Call) -> Outcome:
        body = call.json_body or {}
        match call.name:
            case "POST /tickets":
                return await self._make_ticket(body)
            case "POST /contacts":
                return await self._make_contact(body)
            case "PUT /tickets/{id}" | "PUT /tickets/{id}/status":
                return await self._change(call.ids[0], body)
            case "POST /tickets/{id}/comments":
                return await self._comment(call.ids[0], body)
            case "POST /tickets/{id}/documents":
                ids = {"document_id": self._new_id(), "file_id": self._new_id()}
                return _good({**ids, "updated_at": self._now()}, 201)
            case "POST /tickets/{id}/bundle" | "DELETE /tickets/{id}/documents/{id}":
                return _good({})
            case "POST /tags/entity/ticket/{id}" | "POST /tickets/{id}/assets":
                return _good({}, 201)
        raise NotRehearsed(call.name)

    async def _make_ticket(self, body: Row) -> Outcome:
        ticket_id, now = self._new_id(), self._now()
        ticket = {
            **body,
            "ticket_id": ticket_id,
            "entered_at": now,
            "updated_at": now,
            "status_is_closed": False,
            "closed_at": None,
            "master_ticket_id": None,
        }
        kept: Row = {"changed": ticket, "comments": []}
        kept = await self.store.write(lambda c: rehearsed.add(c, self.name, "ticket", ticket_id, kept))
        return _good(_ticket(kept), 201)

    async def _make_contact(self, body: Row) -> Outcome:
        contact = {**body, "contact_name_id": self._new_id(), "is_inactive": False}
        address = str(body.get("email", "")).lower()
        await self.store.write(lambda c: rehearsed.add(c, self.name, "contact", address, contact))
        return _good(contact, 201)

    async def _change(self, ticket_id: str, body: Row) -> Outcome:
        change = {key: value for key, value in body.items() if not key.startswith("suppress")}
        if "status_id" in change:
            closes = self._closing.get(str(change["status_id"]), False)
            change |= {"status_is_closed": closes, "closed_at": self._now() if closes else None}
        kept = await self._of(ticket_id)
        kept["changed"] |= {**change, "updated_at": self._now()}
        await self.store.write(lambda c: rehearsed.put(c, self.name, "ticket", ticket_id, kept))
        return _good({"ticket_id": ticket_id, **kept["changed"]})

    async def _comment(self, ticket_id: str, body: Row) -> Outcome:
        metadata = {rows.OURS: dict(rows.facts_of(body))}
        comment = {"comment_id": self._new_id(), "created_at": self._now(), "metadata": metadata}
        kept = await self._of(ticket_id)
        kept["comments"].append(comment)
        await self.store.write(lambda c: rehearsed.put(c, self.name, "ticket", ticket_id, kept))
        return _good(comment, 201)

    async def _of(self, ticket_id: str) -> Row:
        """What is kept of the ticket, to be changed; for one of the desk's own that it has changes."""
        return await self._kept(ticket_id) or {"changed": {}, "comments": []}

    def _new_id(self) -> str:
        """In the order of time: ids at random would have each row written to a page of its own."""
        return uuid7(self.clock())

    def _now(self) -> str:
        """As the desk writes a time."""
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(params: Mapping[str, Any]) -> str:
    """The number by which a list or the search looks for a ticket."""
    return str(params.get("ticket_number") or params.get("query") or "")


def _part_of(kept: Row, path: str) -> Any:
    """What the desk would show of a ticket that is only here."""
    match path:
        case "/tickets/{id}/comments":
            return list(reversed(kept["comments"]))
        case "/tickets/{id}/time-entries":
            return {"ownEntryCount": 0, "othersEntryCount": 0}
        case "/tickets/{id}/documents":
            return []
    return _ticket(kept)


def _ticket(kept: Row) -> Row:
    """A ticket that is only here, as the desk would show it."""
    return {**kept["changed"], "ticket_number": f"{PREFIX}{kept['number']:06d}"}


def _good(data: Any, status: int = 200) -> Outcome:
    return Good(status, data, {"data": data})


def _only_reads(request: Any) -> None:
    if request.method != "GET":
        raise NotRehearsed(f"{request.method} {request.url.path}")
