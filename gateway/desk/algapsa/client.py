"""The desk's REST API: one method a call, each returning an Outcome. Source: docs/algapsa.md."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.desk.algapsa import shapes
from gateway.desk.algapsa.calls import PAGES, UPLOAD_FLOOR, Call, Calls
from gateway.desk.algapsa.scan import Scans
from gateway.desk.outcome import Good, Outcome, Unknown
from gateway.desk.pacing import BEGUN, PATIENCE, Urgency
from gateway.desk.permit import FREE, Permit
from gateway.desk.port import MOST_ASSETS
from gateway.model.ids import UUID

FULL_PAGE = 200  # comments of a page


class Client(Calls):
    """Of one desk."""

    rehearses = False
    """Whether it keeps for itself what would be written."""

    def __init__(self, name: str, url: str, key: str, **how: Any) -> None:
        super().__init__(name, url, key, **how)
        self.user = ""  # the id of the key's user, once the desk has named it
        self.scans = Scans(self)
        self.sought: dict[tuple[str, str], Any] = {}  # what was read of uploads that are looked for: ticket and sum

    # -- reading ----------------------------------------------------------------------------------

    async def ready(self) -> bool:
        """Whether the desk's own database is there (GET /api/readyz, no key, not counted)."""
        return await self._is_well(f"{self._base.removesuffix('/v1')}/readyz")

    async def boards(self) -> Outcome:
        """GET /boards: all of them."""
        return await self._all("/boards", shapes.board_list, {}, Urgency.TICKET, PATIENCE)

    async def statuses(self, board_id: str, vital: bool = True, patience: float = PATIENCE) -> Outcome:
        """Of a board. ``patience`` in seconds for the rate limit."""
        return await self._get(
            "/tickets/statuses",
            shape=shapes.status_list,
            params={"board_id": board_id},
            urgency=Urgency.TICKET,
            patience=patience,
            vital=vital,
        )

    async def priorities(self) -> Outcome:
        """GET /tickets/priorities."""
        return await self._get(
            "/tickets/priorities", shape=shapes.priority_list, urgency=Urgency.TICKET, patience=PATIENCE
        )

    async def clients(self, name: str) -> Outcome:
        """Clients whose name contains ``name``: compare for equality."""
        return await self._all("/clients", shapes.client_list, {"client_name": name})

    async def all_clients(self, vital: bool = True) -> Outcome:
        """GET /clients: all of them."""
        return await self._all("/clients", shapes.client_list, {}, Urgency.TICKET, PATIENCE, vital)

    async def contacts_of_domain(self, domain: str, patience: float = 0.0) -> Outcome:
        """The first hundred contacts with an address that contains ``@domain``."""
        params = {"email": f"@{domain}", "limit": 100, "page": 1}
        return await self._get("/contacts", shape=shapes.contact_list, params=params, patience=patience)

    async def create_contact(self, body: dict[str, Any], permit: Permit = FREE) -> Outcome:
        """POST /contacts."""
        call = Call("POST", "/contacts", shape=shapes.contact, json_body=body, permit=permit)
        return await self._call(call)

    async def contacts(self, email: str, patience: float = 0.0) -> Outcome:
        """Contacts with an address that contains ``email``, inactive ones included."""
        return await self._all("/contacts", shapes.contact_list, {"email": email}, patience=patience)

    async def contacts_page(self, page: int, urgency: Urgency, patience: float) -> Outcome:
        """A hundred of all contacts that have an address."""
        params = {"email": "@", "limit": 100, "page": page}
        return await self._get(
            "/contacts", shape=shapes.contact_list, params=params, urgency=urgency, patience=patience
        )

    async def contact(self, contact_id: str, patience: float = 0.0) -> Outcome:
        """GET /contacts/{id}."""
        return await self._get("/contacts/{id}", contact_id, shape=shapes.contact, patience=patience)

    async def users(self) -> Outcome:
        """GET /users: all of them, technicians and others."""
        return await self._all("/users", shapes.user_list, {}, Urgency.TICKET, PATIENCE)

    async def categories(self) -> Outcome:
        """The categories of tickets, those below others included."""
        return await self._all("/categories/ticket", shapes.category_list, {}, Urgency.TICKET, PATIENCE, vital=False)

    async def ticket(self, ticket_id: str, patience: float = 0.0) -> Outcome:
        """GET /tickets/{id}."""
        return await self._get("/tickets/{id}", ticket_id, shape=shapes.ticket, patience=patience)

    async def any_ticket(self) -> Outcome:
        """The newest ticket that the key may see. Whoever may work at all may ask this; waits for the rate limit."""
        return await self._get(
            "/tickets", shape=shapes.ticket_list, params={"limit": 1}, urgency=Urgency.READ_BACK, patience=PATIENCE
        )

    async def tickets_by_number(self, number: str) -> Outcome:
        """Tickets whose number contains ``number``, closed ones too: compare for equality. Not counted, and its failure
        says nothing of the desk: what it finds can be asked for by id."""
        params = {"query": number, "fields": "ticket_number", "include_closed": "true", "limit": 100}
        return await self._get("/tickets/search", shape=shapes.ticket_list, params=params, counted=False, vital=False)

    async def listed_by_number(self, number: str, patience: float = 0.0) -> Outcome:
        """The same as the list has them, by which what was made is found again."""
        params = {"ticket_number": number, "limit": 100}
        return await self._get("/tickets", shape=shapes.ticket_list, params=params, patience=patience)

    async def tickets_of_client(self, client_id: str) -> Outcome:
        """The newest ticket of the client that the key sees, or none."""
        params = {"client_id": client_id, "limit": 1}
        return await self._get(
            "/tickets", shape=shapes.ticket_list, params=params, urgency=Urgency.READ_BACK, patience=BEGUN
        )

    async def tickets_from(
        self, since: float, page: int, user: str, urgency: Urgency, patience: float = 0.0
    ) -> Outcome:
        """A page of the tickets that were made from ``since`` on (the desk's clock), oldest first, with their
        attributes; those that ``user`` made, or with "" everybody's."""
        params = {"entered_from": _iso(since), "sort": "entered_at", "order": "asc", "limit": 100, "page": page}
        if user:
            params["entered_by"] = user
        return await self._get("/tickets", shape=shapes.ticket_list, params=params, urgency=urgency, patience=patience)

    async def tickets_touched(self, since: float, page: int) -> Outcome:
        """A page of the tickets that were made or changed from ``since`` on (the desk's clock), those made first before
        the others. A comment changes its ticket, but not one that came by the desk's own mail. Waits for the rate
        limit."""
        params = {"updated_from": _iso(since), "sort": "entered_at", "order": "asc", "limit": 100, "page": page}
        return await self._get(
            "/tickets", shape=shapes.ticket_list, params=params, urgency=Urgency.REPLY, patience=BEGUN
        )

    async def comments(self, ticket_id: str, back_to: float) -> Outcome:
        """Comments in the default format, newest first, back to that time (our clock)."""
        found: list[Any] = []
        oldest = _iso(back_to + self.skew)
        for page in range(PAGES):
            outcome = await self._get(
                "/tickets/{id}/comments",
                ticket_id,
                shape=shapes.comment_list,
                params={"limit": FULL_PAGE, "order": "desc", "offset": FULL_PAGE * page},
                counted=False,
            )
            if not isinstance(outcome, Good):
                return outcome
            found += outcome.data
            last = outcome.data[-1].get("created_at") if outcome.data else None
            if len(outcome.data) < FULL_PAGE or (last and str(last) < oldest):  # without a time it may be newer
                return Good(outcome.status, found, outcome.body)
        return Unknown("more comments than can be read")

    async def comments_found(self, cursor: str) -> Outcome:
        """A page of all comments, those that were written or changed last first, as the search has them; ``cursor`` is
        the page's before, "" for the first. A comment's title is its ticket's, and % is in every one. No sign of the
        desk's health; waits for the rate limit."""
        params = {"query": "%", "types": "ticket_comment", "sort": "recent", "limit": 100}
        if cursor:
            params["cursor"] = cursor
        return await self._get("/search", shape=shapes.found_page, params=params, patience=BEGUN, vital=False)

    async def last_comments(self, ticket_id: str, count: int, within: float) -> Outcome:
        """The newest comments, newest first, to know their words again: not counted, and no sign of the desk's health.
        No answer ``within`` seconds is none."""
        return await self._get(
            "/tickets/{id}/comments",
            ticket_id,
            shape=shapes.comment_list,
            params={"limit": count, "order": "desc"},
            counted=False,
            timeout=within,
            vital=False,
        )

    async def time_entries(self, ticket_id: str, patience: float = 0.0) -> Outcome:
        """GET /tickets/{id}/time-entries."""
        return await self._get("/tickets/{id}/time-entries", ticket_id, shape=shapes.mapping, patience=patience)

    async def documents(self, ticket_id: str) -> Outcome:
        """The documents of a ticket, to read back an upload."""
        return await self._get(
            "/tickets/{id}/documents", ticket_id, shape=shapes.document_list, urgency=Urgency.READ_BACK
        )

    async def document_hash(self, ticket_id: str, document_id: str, size: int) -> Outcome:
        """Download a document of ``size`` bytes: Good(data=sha256 in hex). Of a longer one no more is read than
        shows that it is another."""
        return await self._sum("/tickets/{id}/documents/{id}", ticket_id, document_id, size=size)

    # -- writing ----------------------------------------------------------------------------------

    async def create_ticket(self, body: dict[str, Any], permit: Permit = FREE) -> Outcome:
        """POST /tickets; its answer names the key's user."""
        outcome = await self._call(Call("POST", "/tickets", shape=shapes.ticket, json_body=body, permit=permit))
        if isinstance(outcome, Good) and UUID.fullmatch(str(outcome.data.get("entered_by"))):
            self.user = str(outcome.data["entered_by"])
        return outcome

    async def update_ticket(self, ticket_id: str, body: dict[str, Any], permit: Permit = FREE) -> Outcome:
        """PUT /tickets/{id}."""
        call = Call(
            "PUT", "/tickets/{id}", (ticket_id,), shapes.ticket, json_body=body, urgency=Urgency.FILE, permit=permit
        )
        return await self._call(call)

    async def set_status(self, ticket_id: str, body: dict[str, Any], permit: Permit = FREE) -> Outcome:
        """PUT /tickets/{id}/status."""
        call = Call(
            "PUT", "/tickets/{id}/status", (ticket_id,), shapes.ticket, json_body=body, counted=False, permit=permit
        )
        return await self._call(call)

    async def add_comment(self, ticket_id: str, body: dict[str, Any], permit: Permit = FREE) -> Outcome:
        """POST /tickets/{id}/comments."""
        call = Call(
            "POST", "/tickets/{id}/comments", (ticket_id,), shapes.comment, json_body=body, counted=False, permit=permit
        )
        return await self._call(call)

    async def add_tag(self, ticket_id: str, tag: str, permit: Permit = FREE) -> Outcome:
        """Give the ticket a tag: one a call, for a single one that it has refuses them all."""
        body = {"entity_id": ticket_id, "entity_type": "ticket", "tags": [tag]}
        call = Call(
            "POST",
            "/tags/entity/ticket/{id}",
            (ticket_id,),
            shapes.tagged,
            json_body=body,
            counted=False,
            permit=permit,
        )
        return await self._call(call)

    async def assets(self, words: str) -> Outcome:
        """Assets of all clients that are called like this: compare for equality, and whose they are."""
        params = {"query": words, "limit": MOST_ASSETS}
        return await self._get(
            "/assets/search", shape=shapes.asset_list, params=params, urgency=Urgency.FILE, patience=BEGUN, vital=False
        )

    async def link_asset(self, ticket_id: str, asset_id: str, permit: Permit = FREE) -> Outcome:
        """Refused(409) where the ticket has the asset."""
        body = {"asset_id": asset_id}
        call = Call(
            "POST",
            "/tickets/{id}/assets",
            (ticket_id,),
            shapes.asset_link,
            json_body=body,
            urgency=Urgency.FILE,
            permit=permit,
        )
        return await self._call(call)

    async def bundle(self, master_id: str, child_id: str, mode: str, permit: Permit = FREE) -> Outcome:
        """Put a ticket under a master, which becomes one."""
        body = {"child_ticket_ids": [child_id], "mode": mode}
        call = Call("POST", "/tickets/{id}/bundle", (master_id,), shapes.mapping, json_body=body, permit=permit)
        return await self._call(call)

    async def upload(self, ticket_id: str, path: Path, name: str, content_type: str, permit: Permit = FREE) -> Outcome:
        """Upload a file as a document. The deadline grows with its size."""
        size = path.stat().st_size
        with path.open("rb") as handle:
            call = Call(
                "POST",
                "/tickets/{id}/documents",
                (ticket_id,),
                shapes.document,
                files={"file": (name, handle, content_type)},
                timeout=self.timeout + size / UPLOAD_FLOOR,
                urgency=Urgency.FILE,
                permit=permit,
            )
            return await self._call(call)

    async def delete_document(self, ticket_id: str, document_id: str) -> Outcome:
        """DELETE /tickets/{id}/documents/{id}."""
        call = Call("DELETE", "/tickets/{id}/documents/{id}", (ticket_id, document_id), shapes.anything)
        return await self._call(call)


def _iso(seconds: float) -> str:
    """As the desk takes a time: to the millisecond, and with Z only."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
