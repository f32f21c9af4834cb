"""A simulated desk to talk to, and a plain client for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from gateway.simulator import Seed, Simulator
from tests.waiting import PATIENCE


class Talk:
    """Few words for frequent calls."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.http = httpx.Client(base_url=sim.api, headers={"X-API-Key": sim.key}, timeout=PATIENCE)
        board = next(row for row in sim.desk.boards.values() if row["is_default"])
        self.board: str = board["board_id"]
        self.statuses = {
            row["name"]: row["status_id"] for row in sim.desk.statuses.values() if row["board_id"] == self.board
        }
        self.clients = {row["client_name"]: row["client_id"] for row in sim.desk.clients.values()}
        self.contacts = {row["email"]: row["contact_name_id"] for row in sim.desk.contacts.values()}
        self.priority = next(iter(sim.desk.priorities))

    def new(self, **more: Any) -> httpx.Response:
        body = {
            "title": "Printer",
            "board_id": self.board,
            "client_id": self.clients["Acme"],
            "status_id": self.statuses["New"],
            "priority_id": self.priority,
            **more,
        }
        return self.http.post("/tickets", json=body)

    def ticket(self, **more: Any) -> str:
        answer = self.new(**more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["data"]["ticket_id"])

    def comment(self, ticket: str, text: str = "words", **more: Any) -> httpx.Response:
        return self.http.post(f"/tickets/{ticket}/comments", json={"comment_text": text, **more})

    def upload(self, ticket: str, name: str = "a.txt", content: bytes = b"abc") -> httpx.Response:
        return self.http.post(f"/tickets/{ticket}/documents", files={"file": (name, content, "text/plain")})

    def look(self, path: str) -> Any:
        return httpx.get(f"{self.sim.url}/_sim/{path}").json()

    def tell(self, path: str, body: Any) -> httpx.Response:
        return httpx.post(f"{self.sim.url}/_sim/{path}", json=body)


@pytest.fixture
def start() -> Iterator[Callable[..., Talk]]:
    running: list[Talk] = []

    def begin(sim: Simulator | None = None, **seed: Any) -> Talk:
        sim = sim or Simulator(Seed.of({"rate_limit": {"mode": "off"}, **seed}))
        running.append(Talk(sim.start()))
        return running[-1]

    yield begin
    for talk in running:
        talk.http.close()
        talk.sim.stop()


@pytest.fixture(scope="session")
def kept() -> Iterator[Talk]:
    """One desk for all tests that need no other: starting and stopping takes longer than they do."""
    with Simulator(Seed.of({"rate_limit": {"mode": "off"}})) as sim:
        talk = Talk(sim)
        yield talk
        talk.http.close()


@pytest.fixture
def talk(kept: Talk) -> Talk:
    kept.sim.reset()
    return kept
