"""Each kind of fault: what the client sees, and what the desk has afterwards."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import httpx
import pytest

from gateway.simulator import Faults, Simulator
from tests.simulator.conftest import Talk
from tests.waiting import until

LOST = (httpx.ReadError, httpx.RemoteProtocolError)


@pytest.mark.parametrize(
    ("rule", "stored"),
    [
        ({"do": "refuse"}, 0),
        ({"do": "hang", "seconds": 0.05}, 0),
        ({"do": "drop"}, 1),
        ({"do": "reset"}, 1),
        ({"do": "stall", "seconds": 0.05}, 1),
    ],
)
def test_no_answer(talk: Talk, rule: dict[str, Any], stored: int) -> None:
    ticket = talk.ticket()
    talk.tell("faults", [{"kind": "comment", "times": 1, **rule}])
    with pytest.raises(LOST):
        talk.comment(ticket)
    assert len(talk.sim.desk.comments.get(ticket, [])) == stored
    assert talk.comment(ticket).status_code == 201
    assert talk.sim.desk.refusals == []
    assert talk.look("faults")["rules"][0]["fired"] == 1


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize(("status", "body"), [(500, "json"), (503, "html"), (502, "empty"), (200, "html")])
def test_another_answer(talk: Talk, status: int, body: str, commit: bool) -> None:
    talk.sim.faults.set(
        [{"kind": "create_ticket", "do": "answer", "status": status, "body": body, "commit": commit, "times": 1}]
    )
    answer = talk.new()
    assert answer.status_code == status
    assert answer.headers.get("content-type", "").startswith(
        {"json": "application/json", "html": "text/html", "empty": ""}[body]
    )
    assert len(talk.sim.desk.tickets) == commit
    assert talk.sim.desk.refusals == []


def test_slow_commit_happens_though_the_client_has_left(talk: Talk) -> None:
    talk.sim.faults.set([{"kind": "create_ticket", "do": "slow", "seconds": 3, "times": 1}])
    with (
        pytest.raises(httpx.ReadTimeout),
        httpx.Client(base_url=talk.sim.api, headers={"X-API-Key": talk.sim.key}, timeout=0.3) as client,
    ):
        real, talk.http = talk.http, client
        try:
            talk.new()
        finally:
            talk.http = real
    assert not talk.sim.desk.tickets
    until(lambda: talk.sim.desk.tickets)
    assert len(talk.sim.desk.tickets) == 1


def test_slow_commits_do_not_wait_for_each_other(talk: Talk) -> None:
    ticket = talk.ticket()
    talk.sim.faults.set([{"kind": "comment", "do": "slow", "seconds": 1}])
    started = time.monotonic()
    threads = [threading.Thread(target=talk.comment, args=(ticket,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started < 5
    assert len(talk.sim.desk.comments[ticket]) == 5


def test_one_page_of_a_list_fails(talk: Talk) -> None:
    for _ in range(3):
        talk.ticket()
    talk.sim.faults.set([{"kind": "list_tickets", "do": "answer", "status": 500, "page": 2}])
    pages = [talk.http.get("/tickets", params={"limit": 1, "page": page}).status_code for page in (1, 2, 3)]
    assert pages == [200, 500, 200]


def test_limit_and_database_and_down_end_by_themselves(talk: Talk) -> None:
    def takes_a_ticket() -> bool:
        with contextlib.suppress(httpx.ConnectError, *LOST):
            return talk.new().status_code == 201
        return False

    talk.sim.faults.set([{"do": "limit", "seconds": 7, "times": 1}])
    answer = talk.new()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    talk.sim.faults.set([{"do": "database", "seconds": 2, "times": 1}])
    assert talk.new().status_code == 401
    assert httpx.get(f"{talk.sim.url}/api/readyz").status_code == 503
    until(takes_a_ticket)
    talk.sim.faults.set([{"do": "down", "seconds": 2, "times": 1}])
    with pytest.raises(LOST):
        talk.new()
    with pytest.raises((httpx.ConnectError, *LOST)):
        talk.new()
    with pytest.raises((httpx.ConnectError, *LOST)):
        httpx.get(f"{talk.sim.url}/api/readyz")
    until(takes_a_ticket)
    assert len(talk.sim.desk.tickets) == 2


def test_the_same_seed_gives_the_same_faults() -> None:
    def fired(seed: int) -> list[bool]:
        faults = Faults([{"kind": "write", "do": "drop", "p": 0.3}, {"kind": "readback", "do": "hang"}], seed)
        kinds = ["comment", "read_ticket", "create_ticket", "document"] * 50
        return [faults.choose(kind, 1) is not None for kind in kinds]

    assert fired(1) == fired(1) != fired(2)
    assert 20 < sum(fired(1)) < 70


def test_skip_times_and_order() -> None:
    faults = Faults.of(
        {
            "seed": 5,
            "rules": [
                {"kind": ["comment", "status"], "do": "drop", "skip": 1, "times": 2},
                {"kind": "comment", "do": "hang"},
            ],
        }
    )
    seen = [faults.choose("comment", 1) for _ in range(4)]
    assert [rule.do for rule in seen if rule] == ["hang", "drop", "drop", "hang"]
    assert faults.choose("document", 1) is None


@pytest.mark.parametrize("wrong", [{"do": "explode"}, {"do": "drop", "often": 1}, {}])
def test_a_wrong_rule_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Faults([wrong])
    with pytest.raises(ValueError, match="fault file"):
        Faults.of({"rule": []})


async def test_without_a_server() -> None:
    sim = Simulator(faults=Faults([{"kind": "boards", "do": "drop", "skip": 1}]))
    transport = httpx.ASGITransport(app=sim.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", headers={"X-API-Key": sim.key}) as desk:
        assert (await desk.get("/api/v1/boards")).status_code == 200
        with pytest.raises(ConnectionResetError):
            await desk.get("/api/v1/boards")


def test_the_desk_can_be_stopped_and_started_on_its_port(talk: Talk) -> None:
    ticket, url = talk.ticket(), talk.sim.url
    talk.sim.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/api/readyz")
    talk.sim.start()
    assert talk.sim.url == url
    assert talk.http.get(f"/tickets/{ticket}").status_code == 200
