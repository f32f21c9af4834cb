"""The gateway's client against the simulated desk: each method, and what it makes of trouble."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway import blocks as b
from gateway.config.mailbox import MailboxSettings
from gateway.desk import catalog
from gateway.desk.algapsa import bodies, readback
from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.desk.outcome import Good, NotSent, Outcome, Refused, Throttled, Unknown
from gateway.desk.pacing import LocalPacing
from gateway.desk.readback import Aim, NotRead
from gateway.model.effects import DocumentBody
from gateway.simulator import Seed, Simulator
from gateway.simulator.times import iso
from tests.waiting import come

BOX = MailboxSettings(address="support@msp.example", board="support", fallback_client="Unknown Senders")


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(Seed.of({"rate_limit": {"mode": "enforce", "burst": 1000, "per_minute": 60}})) as sim:
        yield sim


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.reset()
    return running


@pytest.fixture
async def desk(sim: Simulator) -> AsyncIterator[Client]:
    client = Client("default", sim.api, sim.key, timeout=2, rate=0)
    yield client
    await client.close()


@pytest.fixture
async def body(desk: Client) -> dict[str, Any]:
    known = await catalog.load(AlgaDesk(desk), [BOX], 0)
    assert known.faults == {}
    place = known.destinations[BOX.address]
    return {
        "title": "Printer",
        "board_id": place.board_id,
        "client_id": place.client_id,
        "status_id": place.status_id,
        "priority_id": place.priority_id,
        "attributes": {"description": b.dumps([b.paragraph("hello")]), "email_gateway": {"marker": "m-1"}},
    }


def good(outcome: Outcome) -> Any:
    assert isinstance(outcome, Good), outcome
    return outcome.data


async def test_names_become_ids(desk: Client) -> None:
    known = await catalog.load(AlgaDesk(desk), [BOX, BOX.model_copy(update={"board": "Nope"})], 0)
    assert all("it has" in str(fault) for fault in next(iter(known.faults.values())))
    assert known.staff["tess@msp.example"].name == "Tess Technician"
    assert {board.name for board in known.boards.values()} == {"Support", "Sales", "Alerts"}


async def test_the_whole_way(desk: Client, sim: Simulator, body: dict[str, Any], tmp_path: Path) -> None:
    started = time.time() - 1
    ticket = good(await desk.create_ticket(body))["ticket_id"]
    assert good(await desk.ticket(ticket))["attributes"] == body["attributes"]
    comment = {
        "comment_text": b.dumps([b.paragraph("reply")]),
        "suppressContactNotifications": True,
        "metadata": {"email_gateway": {"marker": "m-2"}},
    }
    comment_id = good(await desk.add_comment(ticket, comment))["comment_id"]
    file = tmp_path / "x"
    file.write_bytes(b"\x00data")
    document = good(await desk.upload(ticket, file, 'Übersicht "1".pdf', "application/pdf"))
    assert document["document_name"] == 'Übersicht "1".pdf'
    assert good(await desk.document_hash(ticket, document["document_id"], 5)) == sha256(b"\x00data").hexdigest()

    assert [row["ticket_id"] for row in await readback.tickets(desk, "m-1", started)] == [ticket]
    assert await readback.tickets(desk, "m-0", started) == []
    assert [row["comment_id"] for row in await readback.comments(desk, ticket, "m-2", started)] == [comment_id]

    async def nobody(ids: list[str]) -> set[str]:
        return set()

    wanted = DocumentBody(part="1", name="x", content_type="text/plain", size=5, sha256=sha256(b"\x00data").hexdigest())
    assert len(await readback.documents(desk, ticket, wanted, started, nobody)) == 1

    closed = next(row["status_id"] for row in good(await desk.statuses(body["board_id"])) if row["is_closed"])
    good(await desk.set_status(ticket, {"status_id": closed, "suppressContactNotifications": True}))
    assert good(await desk.ticket(ticket))["is_closed"]
    good(await desk.update_ticket(ticket, {"attributes": {"a": 1}, **bodies.QUIET}))
    assert sim.desk.tickets[ticket]["attributes"] == {"a": 1}
    good(await desk.delete_document(ticket, document["document_id"]))
    assert sim.desk.files == {}
    assert sim.desk.refusals == []
    assert sim.desk.mails == []


def marked(body: dict[str, Any], marker: str) -> dict[str, Any]:
    return {**body, "attributes": {"email_gateway": {"marker": marker}}}


async def test_many_pages_are_read(desk: Client, sim: Simulator, body: dict[str, Any]) -> None:
    started = time.time()
    for number in range(205):
        good(await desk.create_ticket(marked(body, f"m-{number}")))
    sim.desk.calls.clear()

    (row,) = await readback.tickets(desk, "m-204", started)
    assert [len(await readback.tickets(desk, f"m-{number}", started)) for number in range(204)] == [1] * 204
    assert len(sim.desk.calls) == 3  # pages, for all of them

    ticket = row["ticket_id"]
    for number in range(201):
        good(await desk.add_comment(ticket, {"comment_text": f"c {number}", "is_internal": True}))
    assert len(good(await desk.comments(ticket, time.time() - 60))) == 201


async def test_a_scan_goes_on_where_it_was_stopped(desk: Client, sim: Simulator, body: dict[str, Any]) -> None:
    """Meanwhile tickets of the first page are deleted: none of those behind is passed over."""
    started = time.time()
    for number in range(250):
        good(await desk.create_ticket(marked(body, f"m-{number}")))
        list(sim.desk.tickets.values())[-1]["entered_at"] = iso(started + number)
    sim.faults.set([{"kind": "list_tickets", "do": "limit", "seconds": 1, "skip": 1, "times": 1}])
    sim.desk.calls.clear()
    with pytest.raises(NotRead):
        await readback.tickets(desk, "m-249", started)
    for ticket in list(sim.desk.tickets)[:30]:
        del sim.desk.tickets[ticket]
    desk.pacing = LocalPacing(0, 1, 0)

    assert len(await readback.tickets(desk, "m-249", started)) == 1
    assert [len(await readback.tickets(desk, f"m-{number}", started)) for number in range(250)] == [1] * 250
    assert len(sim.desk.calls) == 4  # three pages, and the one that was refused


async def test_before_a_ticket_is_made_again_all_users_tickets_are_looked_at(
    desk: Client, sim: Simulator, body: dict[str, Any]
) -> None:
    """The key may have become another user's since."""
    started = time.time()
    good(await desk.create_ticket(marked(body, "m-1")))
    good(await desk.create_ticket(marked(body, "m-2")))
    assert desk.user == next(iter(sim.desk.tickets.values()))["entered_by"]
    next(iter(sim.desk.tickets.values()))["entered_by"] = "22222222-2222-4222-8222-222222222222"

    assert await readback.tickets(desk, "m-1", started) == []
    assert len(await readback.tickets(desk, "m-2", started)) == 1
    assert len(await readback.tickets(desk, "m-1", started, Aim.RESEND, time.time())) == 1


async def test_a_look_for_a_file_goes_on_with_the_next_candidate(
    desk: Client, sim: Simulator, body: dict[str, Any], tmp_path: Path
) -> None:
    ticket = good(await desk.create_ticket(body))["ticket_id"]
    for name, content in (("a", b"1"), ("b", b"2"), ("c", b"3")):
        (tmp_path / name).write_bytes(content)
        good(await desk.upload(ticket, tmp_path / name, name, "text/plain"))
    wanted = DocumentBody(part="1", name="x", content_type="text/plain", size=1, sha256=sha256(b"1").hexdigest())
    sim.desk.calls.clear()

    async def nobody(ids: list[str]) -> set[str]:
        return set()

    for attempt in range(1, 4):
        sim.faults.set([{"kind": "download", "do": "limit", "seconds": 1, "skip": 1 if attempt < 3 else 9, "times": 1}])
        desk.pacing = LocalPacing(0, 1, 0)
        if attempt < 3:
            with pytest.raises(NotRead):
                await readback.documents(desk, ticket, wanted, time.time() - 5, nobody)
    assert len(await readback.documents(desk, ticket, wanted, time.time() - 5, nobody)) == 1
    kinds = [call.kind for call in sim.desk.calls]
    assert kinds.count("list_documents") == 1
    assert kinds.count("download") == 3 + 2


async def test_refusals_are_the_desks_own(desk: Client, body: dict[str, Any]) -> None:
    for change, status in (({"title": " "}, 400), ({"status_id": body["board_id"]}, 400)):
        outcome = await desk.create_ticket({**body, **change})
        assert isinstance(outcome, Refused) and outcome.status == status
    outcome = await desk.ticket("00000000-0000-4000-8000-000000000000")
    assert isinstance(outcome, Refused) and outcome.status == 404
    # a NUL is a 500, and says nothing about what the desk did
    assert isinstance(await desk.create_ticket({**body, "title": "a\x00b"}), Unknown)


@pytest.mark.parametrize(
    ("rule", "stored"),
    [
        ({"do": "drop"}, 1),
        ({"do": "reset"}, 1),
        ({"do": "refuse"}, 0),
        ({"do": "hang", "seconds": 0.1}, 0),
        ({"do": "slow", "seconds": 5}, 1),
        ({"do": "answer", "status": 500, "commit": True}, 1),
        ({"do": "answer", "status": 503, "body": "html"}, 0),
        ({"do": "answer", "status": 200, "body": "html", "commit": True}, 1),
        ({"do": "answer", "status": 502, "body": "empty"}, 0),
    ],
)
async def test_trouble_is_unknown_and_read_back(
    desk: Client, sim: Simulator, body: dict[str, Any], rule: dict[str, Any], stored: int
) -> None:
    sent = time.time()
    sim.faults.set([{"kind": "create_ticket", "times": 1, **rule}])
    outcome = await desk.create_ticket(body)
    assert isinstance(outcome, Unknown), outcome
    if rule["do"] == "slow":
        assert await readback.tickets(desk, "m-1", sent) == []
        await come(lambda: sim.desk.tickets)
    assert len(await readback.tickets(desk, "m-1", sent)) == stored


async def test_a_read_back_counts_only_whole(desk: Client, sim: Simulator, body: dict[str, Any]) -> None:
    for _ in range(101):
        good(await desk.create_ticket(body))
    sim.faults.set([{"kind": "readback", "skip": 1, "do": "answer", "status": 500, "times": 1}])
    with pytest.raises(NotRead):
        await readback.tickets(desk, "m-0", time.time())
    assert await readback.tickets(desk, "m-0", time.time()) == []
    assert len(await readback.tickets(desk, "m-1", time.time())) == 101


async def test_throttled_waits_as_told(desk: Client, sim: Simulator, body: dict[str, Any]) -> None:
    sim.faults.set([{"kind": "create_ticket", "do": "limit", "seconds": 1.5, "times": 1}])
    outcome = await desk.create_ticket(body)
    assert isinstance(outcome, Throttled) and outcome.after == 1.5
    assert not sim.desk.tickets


async def test_a_database_away_is_401_and_not_ready(desk: Client, sim: Simulator, body: dict[str, Any]) -> None:
    sim.desk.database_up = False
    outcome = await desk.create_ticket(body)
    assert isinstance(outcome, Refused) and outcome.status == 401
    assert not await desk.ready()
    sim.desk.database_up = True
    assert await desk.ready()


async def test_a_desk_that_is_gone_was_not_sent_to(desk: Client, sim: Simulator, body: dict[str, Any]) -> None:
    sim.stop()
    desk.breaker.good()
    assert isinstance(await desk.create_ticket(body), Unknown | NotSent)  # a kept connection may be tried first
    assert isinstance(await desk.create_ticket(body), NotSent)
    sim.start()
    good(await desk.create_ticket(body))
