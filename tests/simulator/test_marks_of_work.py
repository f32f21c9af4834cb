"""What tells that somebody worked on a ticket: which calls touch `updated_at`, and moves between boards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.simulator.comments import write_comment
from tests.simulator.conftest import Talk

ASSET = {"id": "11111111-1111-4111-8111-111111111111", "tag": "ACME-1", "name": "Server", "serial": "S1", "client": "Acme"}
CALLS: list[tuple[str, Callable[[Talk, str], object], bool]] = [
    ("nothing new", lambda talk, ticket: talk.http.put(f"/tickets/{ticket}", json={}), True),
    ("status", lambda talk, ticket: talk.http.put(f"/tickets/{ticket}/status", json={"status_id": talk.statuses["New"]}), True),
    ("comment", lambda talk, ticket: talk.comment(ticket, is_internal=True), True),
    ("agent", lambda talk, ticket: talk.http.post(f"/tickets/{ticket}/agents", json={"user_id": next(iter(talk.sim.desk.users))}), True),
    ("public answer", lambda talk, ticket: write_comment(talk.sim.desk, ticket, "x"), True),
    ("internal note", lambda talk, ticket: write_comment(talk.sim.desk, ticket, "x", internal=True), False),
    ("file", lambda talk, ticket: talk.upload(ticket), False),
    ("tag", lambda talk, ticket: talk.http.post(f"/tags/entity/ticket/{ticket}", json={"entity_id": ticket, "entity_type": "ticket", "tags": ["a"]}), False),
    ("asset", lambda talk, ticket: talk.http.post(f"/tickets/{ticket}/assets", json={"asset_id": ASSET["id"]}), False),
    ("bundle", lambda talk, ticket: talk.http.post(f"/tickets/{ticket}/bundle", json={"child_ticket_ids": [talk.ticket()]}), False),
]  # fmt: skip


@pytest.mark.parametrize(("call", "touches"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS])
def test_what_touches_a_ticket(start: Callable[..., Talk], call: Callable[[Talk, str], object], touches: bool) -> None:
    talk = start(assets=[ASSET])
    ticket = talk.ticket()
    before = talk.sim.desk.tickets[ticket]["updated_at"]
    talk.tell("clock", {"shift": 60})
    answer = call(talk, ticket)

    assert getattr(answer, "is_success", True), answer
    assert (talk.sim.desk.tickets[ticket]["updated_at"] != before) is touches


def test_the_search_takes_words_only_and_assets_are_linked_to_whomever(start: Callable[..., Talk]) -> None:
    talk = start(assets=[ASSET])
    globex = talk.ticket(client_id=talk.clients["Globex"])
    link = {"asset_id": ASSET["id"]}

    assert [row["asset_tag"] for row in talk.http.get("/assets/search?query=acme-").json()["data"]] == ["ACME-1"]
    assert talk.http.get("/assets/search?query=x&fields=name").status_code == 400
    assert [talk.http.post(f"/tickets/{globex}/assets", json=link).status_code for _ in range(2)] == [201, 409]
    assert [talk.http.delete(f"/tickets/{globex}/assets/{ASSET['id']}").status_code for _ in range(2)] == [204, 404]


def test_one_known_tag_refuses_all(start: Callable[..., Talk]) -> None:
    talk = start()
    ticket = talk.ticket()
    body = {"entity_id": ticket, "entity_type": "ticket"}

    codes = [talk.http.post(f"/tags/entity/ticket/{ticket}", json={**body, "tags": tags}).status_code for tags in (["a"], ["a", "b"], ["b"])]
    assert codes == [201, 409, 201]
    assert [tag["tag_text"] for tag in talk.http.get("/tickets?tags=b&fields=tags").json()["data"][0]["tags"]] == ["a", "b"]
    assert talk.http.post("/tags", json={"tag_text": "c"}).status_code == 500


def test_a_status_that_stays_is_not_looked_at_when_the_board_changes(start: Callable[..., Talk]) -> None:
    talk = start()
    ticket, desk = talk.ticket(), talk.sim.desk
    other = next(row["board_id"] for row in desk.boards.values() if row["board_id"] != talk.board)
    foreign = {"board_id": other, "status_id": talk.statuses["Closed"]}

    assert talk.http.put(f"/tickets/{ticket}", json=foreign).status_code == 400
    assert talk.http.put(f"/tickets/{ticket}", json={**foreign, "status_id": talk.statuses["New"]}).status_code == 200
    assert desk.statuses[desk.tickets[ticket]["status_id"]]["board_id"] != desk.tickets[ticket]["board_id"]
