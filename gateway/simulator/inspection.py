"""What tests and people look at, outside the desk's own API, and without a key.

GET  /_sim/state                 everything: tickets with comments and documents (sha256, size),
                                 contacts, mails, counted calls, refusals
GET  /_sim/calls?since=N         the record of calls from the Nth on, with their bodies
GET  /_sim/refusals              the calls that the desk refused by itself
GET  /_sim/mails                 mails that the desk would have sent
GET  /_sim/sums                  how many of each; cheap
GET  /_sim/documents/FILE_ID     the bytes of a document
GET  /_sim/faults                the rules, and how often each fired
POST /_sim/faults                [rule, …] or {"seed": 7, "rules": […]}: replace them; {"add": rule}
POST /_sim/clock                 {"shift": seconds}: set the clock ahead of real time
POST /_sim/database              {"up": false}: the desk's database goes away, or comes back
POST /_sim/contacts              {"name", "email", "client", "inactive", "additional"}: add one
POST /_sim/reset                 be as at the start: no tickets, calls, mails and faults
GET  /_sim/tickets[/ID]          pages to look at
GET  /api/documents/view/FILE_ID the bytes of a picture, as the desk's page loads it
"""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from gateway.simulator.comments import write_comment
from gateway.simulator.documents import attachment_name
from gateway.simulator.faults import Faults
from gateway.simulator.page import ticket_list_page, ticket_page
from gateway.simulator.rows import contact_row
from gateway.simulator.state import Desk
from gateway.simulator.times import iso
from gateway.simulator.wire import Answer, Row, dumps, loads

if TYPE_CHECKING:
    from gateway.simulator.app import App, Scope

_VIEWED = ("image/", "video/", "application/pdf")


class Inspection:
    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def _desk(self) -> Desk:
        return self._app.desk

    def __call__(self, scope: Scope, body: bytes) -> Answer:
        path, method = scope["path"], scope["method"]
        if path.startswith("/api/documents/view/"):
            return self._view(path.rsplit("/", 1)[1], scope)
        name, _, rest = path.removeprefix("/_sim").strip("/").partition("/")
        query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
        self._desk.tell_of_new()
        try:
            if method == "POST":
                return self._post(name, loads(body) if body else {})
            return self._get(name, rest, query)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 400)

    def _get(self, name: str, rest: str, query: dict[str, str]) -> Answer:
        desk = self._desk
        if name == "tickets":
            html = ticket_page(desk, rest) if rest else ticket_list_page(desk)
            if html is None:
                return Answer(404, b"no such ticket", "text/plain")
            # what the desk does not escape may be seen, but shall not run in the looker's browser
            return Answer(
                200,
                html.encode("utf-8", "replace"),
                "text/html; charset=utf-8",
                {"content-security-policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"},
            )
        if name == "documents":
            return self._file(rest)
        shown: dict[str, Any] = {
            "state": self.state,
            "sums": self.sums,
            "calls": lambda: [call.as_json() for call in desk.calls[int(query.get("since", "0")) :]],
            "refusals": lambda: [call.as_json() for call in desk.refusals],
            "mails": lambda: [asdict(mail) for mail in desk.mailed],
            "faults": self._faults,
        }
        if name not in shown:
            return _json({"error": f"unknown; known are {', '.join(sorted(shown))}, tickets, documents"}, 404)
        return _json(shown[name]())

    def _post(self, name: str, given: Any) -> Answer:
        desk, app = self._desk, self._app
        if name == "faults":
            if isinstance(given, dict) and "add" in given:
                app.faults.add(given["add"])
            else:
                app.faults.replace(Faults.of(given))
            return _json(self._faults())
        if name == "clock":
            desk.shift = float(given["shift"])
            return _json({"now": iso(desk.now()), "shift": desk.shift})
        if name == "database":
            desk.database_up = bool(given["up"])
            return _json({"up": desk.database_up})
        if name == "contacts":
            return _json(self._add_contact(given))
        if name == "comments":
            return _json(self._add_comment(given))
        if name == "reset":
            app.reset()
            return _json(self.sums())
        return _json({"error": "unknown; known are faults, clock, database, contacts, comments, reset"}, 404)

    def _add_contact(self, given: Row) -> Row:
        desk = self._desk
        client = next(
            (row["client_id"] for row in desk.clients.values() if row["client_name"] == given.get("client")),
            None,
        )
        row = contact_row(desk.tenant, desk.new_id(), given, client, iso(desk.now()))
        desk.contacts[row["contact_name_id"]] = row
        return row

    def _add_comment(self, given: Row) -> Row:
        desk = self._desk
        users = {row["email"]: row["user_id"] for row in desk.users.values()}
        contacts = {row["email"]: row["contact_name_id"] for row in desk.contacts.values()}
        return write_comment(
            desk,
            desk.tickets[given["ticket_id"]]["ticket_id"],
            given["text"],
            user_id=users[given["user"]] if given.get("user") else None,
            contact_id=contacts[given["contact"]] if given.get("contact") else None,
            internal=bool(given.get("internal")),
            publish_at=given.get("publish_at"),
        )

    def _faults(self) -> Row:
        faults = self._app.faults
        return {"seed": faults.seed, "rules": [rule.as_json() for rule in faults.rules]}

    def sums(self) -> Row:
        desk = self._desk
        return {
            "tickets": len(desk.tickets),
            "comments": sum(map(len, desk.comments.values())),
            "documents": sum(map(len, desk.documents.values())),
            "calls": len(desk.calls),
            "counted": desk.limit.counted,
            "limited": desk.limit.refused,
            "refusals": len(desk.refusals),
            "mails": len(desk.mailed),
            "now": iso(desk.now()),
        }

    def state(self) -> Row:
        desk = self._desk
        return {
            "tenant": desk.tenant,
            "sums": self.sums(),
            "boards": list(desk.boards.values()),
            "statuses": list(desk.statuses.values()),
            "priorities": list(desk.priorities.values()),
            "clients": list(desk.clients.values()),
            "contacts": list(desk.contacts.values()),
            "tickets": [
                {
                    **row,
                    "comments": desk.comments.get(row["ticket_id"], []),
                    "documents": [
                        {
                            **document,
                            "sha256": sha256(desk.file_of(document)).hexdigest(),
                            "size": len(desk.file_of(document)),
                        }
                        for document in desk.documents.get(row["ticket_id"], [])
                    ],
                }
                for row in desk.tickets.values()
            ],
            "bundles": desk.bundles,
            "mails": [asdict(mail) for mail in desk.mailed],
            "refusals": [call.as_json() for call in desk.refusals],
        }

    def _document(self, file_id: str) -> Row | None:
        rows = (row for rows in self._desk.documents.values() for row in rows)
        return next((row for row in rows if file_id in (row["file_id"], row["document_id"])), None)

    def _view(self, file_id: str, scope: Scope) -> Answer:
        """A picture as the desk's page loads it, for whoever has a key, or looks at a page here. The desk shows
        everything that calls itself a picture, also one with a script in it (recordings second/252 to 259); here
        nothing of it runs."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("x-api-key") not in self._desk.keys and headers.get("sec-fetch-site") != "same-origin":
            return Answer(401, b"Unauthorized", "text/plain;charset=UTF-8")
        document = self._document(file_id)
        if document is None:
            return Answer(404, b"File not found", "text/plain;charset=UTF-8")
        if not document["mime_type"].startswith(_VIEWED):
            return Answer(400, b"File type not supported for viewing", "text/plain;charset=UTF-8")
        harmless = {"cache-control": "public, max-age=3600", "content-security-policy": "default-src 'none'"}
        return Answer(200, self._desk.file_of(document), document["mime_type"], harmless)

    def _file(self, file_id: str) -> Answer:
        document = self._document(file_id)
        if document is None:
            return Answer(404, b"no such document", "text/plain")
        content = self._desk.file_of(document)
        name = attachment_name(document["document_name"])
        return Answer(
            200,
            content,
            "application/octet-stream",
            {"content-disposition": f'attachment; filename="{name}"', "x-content-type-options": "nosniff"},
        )


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, dumps(value))
