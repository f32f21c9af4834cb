"""What had been done to the desk of the second round between its recorded requests: in its own pages, by its own mail
and by ways that the simulated desk does not have."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.simulator.comments import write_comment
from gateway.simulator.rows import ticket_row
from gateway.simulator.state import Desk

if TYPE_CHECKING:
    from tests.contract.replay import Exchange

HERE = Path(__file__).parent
TICKETS: dict[str, dict[str, Any]] = json.loads((HERE / "tickets-2.json").read_text(encoding="utf-8"))
"""Tickets that were not made by a recorded request, with the time at which they were there."""
MOMENT = re.compile(r"2026-11-28T0[45]:\d\d:\d\d\.\d+Z")
TINMAN, GLINDA = "tinman@emeraldcity.oz", "glinda@emeraldcity.oz"
SCARECROW_KEY, DOROTHY_KEY = "scarecrowkey-000000000000000000000000", "dorothykey-000000000000000000000000"

NOT_SIMULATED = (
    (r"\w+ /api/v1/inbound-webhooks.*", "an API key cannot use it; the gateway does not"),
    (r"POST /api/inbound/.*", "not a way of the API, and no event follows it; the gateway does not use it"),
    (r"POST /alga", "a call from the desk to a webhook; the gateway has none"),
    (r"\w+ /api/v1/webhooks.*", "only their refusal is simulated: no key of a fresh desk has the right to them"),
)
"""Exchanges that have no counterpart, and why. Those of webhooks that were refused are compared all the same."""


def left_out(exchange: Exchange) -> str:
    """Why an exchange is not played, or ""."""
    if exchange.response["status"] == 403:
        return ""
    line = f"{exchange.request['method']} {exchange.request['url']}"
    return next((why for pattern, why in NOT_SIMULATED if re.fullmatch(pattern, line)), "")


class Round:
    """The desk's clock and its history."""

    def __init__(self) -> None:
        self.now = datetime.fromisoformat("2026-11-28T04:18:00Z").timestamp()

    def clock(self) -> float:
        return self.now

    def prepare(self, desk: Desk, exchange: Exchange, ids: dict[str, str]) -> None:
        recorded = json.dumps(exchange.response["body"])
        moments = [datetime.fromisoformat(moment).timestamp() for moment in MOMENT.findall(recorded)]
        self.now = max([self.now + 0.001, *(moment for moment in moments if moment < self.now + 900)])
        for ticket_id, given in TICKETS.items():
            is_there = datetime.fromisoformat(given["entered_at"]).timestamp() <= self.now
            if ticket_id not in desk.tickets and (is_there or ticket_id in exchange.request["url"]):
                self._place(desk, ticket_id, given)
        body = exchange.response["body"]
        if exchange.response["status"] == 201 and exchange.request["url"].endswith("/tickets"):
            desk.next_ticket = int(body["data"]["ticket_number"].removeprefix("TIC"))
        number = exchange.name.split("/")[1].split("-")[0]
        if number in ACTS:
            ACTS[number](desk, ids)

    @staticmethod
    def _place(desk: Desk, ticket_id: str, given: dict[str, Any]) -> None:
        row = ticket_row(desk.tenant, desk.new_id(), given, given["ticket_number"], given["entered_at"], given.get("entered_by", ""))
        desk.tickets[ticket_id] = {**row, "ticket_id": ticket_id}


def _guard(on: bool) -> Any:
    return lambda desk, ids: desk.keys[SCARECROW_KEY].update(guarded=on)


def _written(*ticket_ids: str, contact: str = "") -> Any:
    """A technician writes in the desk's pages, and where there is a contact the contact by the desk's own mail."""

    def act(desk: Desk, ids: dict[str, str]) -> None:
        user = next(row["user_id"] for row in desk.users.values() if row["email"] == TINMAN)
        for ticket_id in ticket_ids:
            here = ids.get(ticket_id, ticket_id)
            write_comment(desk, here, "Please switch it off and on.", user_id=user)
            if contact:
                write_comment(desk, here, "Still dark.", contact_id=contact)

    return act


def _tagged(desk: Desk, ids: dict[str, str]) -> None:
    ticket_id, user = "d2b8bab1-4161-4232-a041-41eb73d6498e", next(iter(desk.users))
    row = {"tag_id": "2f844dc6-ac8d-4a73-a687-51674ce7e2c1", "tag_text": "a", "created_by": user}
    colours = {"background_color": "#e7fcd9", "text_color": "#286105"}
    desk.tags[ticket_id] = {"a": {**row, **colours, "tagged_id": ticket_id, "tagged_type": "ticket"}}


ALICE = "385a5112-c4a3-468b-b653-e1e347490943"
ACTS: dict[str, Any] = {
    "022": _guard(True),
    "058": lambda desk, ids: desk.keys[DOROTHY_KEY].update(state="inactive"),
    "060": lambda desk, ids: desk.keys[DOROTHY_KEY].update(state="active"),
    "063": _written("cb685d7b-6ab5-4e04-a144-0a5d208377cc"),
    "074": _written("c49b4745-3851-4f7b-815d-18e73ca9f658", contact=ALICE),
    "088": _written("07d6b676-dd99-458f-a09d-c09d11b73ef3"),
    "185": _written("9a2c9bcd-1c1a-4c49-80ed-f92d7dd9036a"),
    "188": _written("9a2c9bcd-1c1a-4c49-80ed-f92d7dd9036a", "9a2c9bcd-1c1a-4c49-80ed-f92d7dd9036a"),
    "193": _written("6530b794-1e6c-4b30-81fb-4f80e163ffed"),
    "201": _written("3e06d1bf-bc68-4238-842b-25863a9efdd5"),
    "273": lambda desk, ids: desk.contacts[ALICE].update(is_inactive=True),
    "296": _tagged,
}
