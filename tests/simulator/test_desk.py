"""Surprises of the desk that the recordings do not replay, and what tests may look at."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import blocks as b
from gateway.simulator import Seed, Simulator, persist, timesheet
from gateway.simulator.paging import like
from gateway.simulator.state import Desk
from tests.simulator.conftest import Talk
from tests.waiting import PATIENCE

Start = Callable[..., Talk]


def test_a_ticket_and_its_life(talk: Talk) -> None:
    ticket = talk.ticket(contact_name_id=talk.contacts["alice@acme.example"], tags=["x"])
    assert talk.sim.desk.tickets[ticket]["ticket_number"] == "TIC001001"
    assert "tags" not in talk.sim.desk.tickets[ticket]
    stale = talk.http.put(f"/tickets/{ticket}/status", json={"status_id": talk.statuses["Closed"]}).json()["data"]
    fresh = talk.http.get(f"/tickets/{ticket}").json()["data"]
    assert (stale["is_closed"], fresh["is_closed"]) == (False, True)
    assert fresh["closed_at"] and fresh["status_name"] == "Closed"
    assert talk.comment(ticket).status_code == 201
    assert talk.http.get(f"/tickets/{ticket}").json()["data"]["is_closed"]


def test_the_product_for_tickets_alone(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant that bought nothing else is refused everything else, whatever its user may."""
    ticket = talk.ticket(contact_name_id=talk.contacts["alice@acme.example"])
    monkeypatch.setattr(talk.sim.desk.seed, "product", "algadesk")
    refused = {
        path
        for path in (
            f"/tickets/{ticket}/time-entries", f"/tickets/{ticket}/assets", "/assets/search?query=x", "/categories/ticket",
            "/boards", "/users", "/clients", "/contacts", "/tickets", f"/tickets/{ticket}", f"/tickets/{ticket}/documents",
            f"/tags/entity/ticket/{ticket}", "/tickets/search?query=TIC", "/tickets/priorities",
        )
        if talk.http.get(path).status_code == 403
    }  # fmt: skip
    error = talk.http.get("/categories/ticket").json()["error"]

    assert refused == {
        f"/tickets/{ticket}/time-entries", f"/tickets/{ticket}/assets", "/assets/search?query=x", "/categories/ticket",
    }  # fmt: skip
    assert error == {
        "code": "PRODUCT_ACCESS_DENIED",
        "message": "Product 'algadesk' does not allow API access to '/api/v1/categories/ticket'",
        "details": {"productCode": "algadesk", "path": "/api/v1/categories/ticket"},
    }


def test_a_search_without_fields_is_one_of_titles_and_numbers(talk: Talk) -> None:
    talk.ticket(contact_name_id=talk.contacts["alice@acme.example"])

    def found(**query: str) -> int:
        return len(talk.http.get("/tickets/search", params=query).json()["data"])

    assert (found(query="TIC001001"), found(query="Acme"), found(query="Acme", fields="client_name")) == (1, 0, 1)


def test_contacts_are_found_by_substring_also_inactive(talk: Talk) -> None:
    def found(text: str) -> list[str]:
        return [row["email"] for row in talk.http.get("/contacts", params={"email": text}).json()["data"]]

    assert set(found("bob@acme.example")) == {"bob@acme.example", "oldbob@acme.example"}
    assert found("BOB@PRIVATE.example") == ["bob@acme.example"]
    assert found("greta@acme.example") == ["greta@acme.example"]
    assert found("grace_g@globex.example") == ["grace_g@globex.example"]
    assert found("%") and found("a_ice@acme.example") == ["alice@acme.example"]


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("abc", "B", True),
        ("abc", "a_c", True),
        ("abc", "a%c", True),
        ("abc", "c%a", False),
        ("", "%", True),
        ("aab", "a_b", True),
        ("a%", "%", True),
        ("abc", "____", False),
        ("a" * 5000, "%a" * 500 + "b", False),
    ],
)
def test_like(text: str, pattern: str, expected: bool) -> None:
    assert like(text, pattern) is expected


QUIET = {"suppressContactNotifications": True}


def test_mails_that_the_desk_would_send(talk: Talk) -> None:
    alice, info = talk.contacts["alice@acme.example"], "info@acme.example"
    ticket = talk.ticket(
        contact_name_id=alice,
        attributes={
            "watch_list": [{"email": "w@x.example", "active": True}, {"email": "off@x.example", "active": False}]
        },
    )
    assert [(mail.why, mail.to) for mail in talk.sim.desk.mails] == [
        ("ticket created", "alice@acme.example"),
        ("ticket created, watcher", "w@x.example"),
    ]
    talk.sim.desk.mails.clear()
    talk.ticket()
    assert [mail.to for mail in talk.sim.desk.mails] == [info]
    talk.sim.desk.mails.clear()
    talk.comment(ticket, suppressContactNotifications=True)
    talk.comment(ticket, is_internal=True)
    assert talk.look("mails") == []
    talk.comment(ticket, metadata={"closes_ticket": True})
    assert talk.look("mails") == []
    talk.comment(ticket)
    assert [mail.to for mail in talk.sim.desk.mails] == ["alice@acme.example", "w@x.example"]


PLACES = ("client_id", "contact_name_id", "attributes")
MAILED = {"title", "status_id", "priority_id", "assigned_to"}
"""Of these a change is mailed; of the ``PLACES`` alone it is not, in whatever way they are changed."""


@pytest.mark.parametrize("field", [*sorted(MAILED), *PLACES])
def test_whom_the_desk_tells_of_a_change(talk: Talk, field: str) -> None:
    """The contact and those who watch, but for a change of whose ticket it is and of its attributes alone."""
    watched = {"watch_list": [{"email": "w@x.example", "active": True}]}
    ticket = talk.ticket(contact_name_id=talk.contacts["alice@acme.example"], attributes=watched)
    row = talk.sim.desk.tickets[ticket]
    values = {
        "title": "Another", "status_id": talk.statuses["Closed"], "priority_id": list(talk.sim.desk.priorities)[-1],
        "assigned_to": next(iter(talk.sim.desk.users)), "client_id": talk.clients["Globex"], "contact_name_id": None,
        "attributes": {**watched, "description": "[]"},
    }  # fmt: skip
    change = {field: values[field]}
    assert row[field] != values[field] and talk.sim.desk.mails
    talk.sim.desk.mails.clear()

    for same in ({}, {field: row[field]} if row[field] else {}):
        assert talk.http.put(f"/tickets/{ticket}", json=same).status_code == 200
    before = dict(row)
    assert talk.http.put(f"/tickets/{ticket}", json=change | QUIET).status_code == 200
    assert talk.sim.desk.mails == []
    row.update(before)
    assert talk.http.put(f"/tickets/{ticket}", json=change).status_code == 200
    told = ["alice@acme.example", "w@x.example"] if field in MAILED else []
    whys = ["closed", "updated"] if field == "status_id" else ["updated"]
    assert [(mail.why, mail.to) for mail in talk.sim.desk.mails] == [(why, address) for why in whys for address in told]


@pytest.mark.parametrize("suppressed", [False, True])
@pytest.mark.parametrize(
    ("contact", "address"), [("alice@acme.example", "alice@acme.example"), ("", "info@acme.example")]
)
def test_each_way_to_change_a_ticket_tells_the_same_people(
    talk: Talk, contact: str, address: str, suppressed: bool
) -> None:
    """Without a contact the client's own address; of a close twice."""
    user, closed = next(iter(talk.sim.desk.users)), talk.statuses["Closed"]
    ways = [
        ("/assignment", {"assigned_to": user}, ["updated"]), ("", {"assigned_to": user}, ["updated"]),
        ("/status", {"status_id": closed}, ["closed", "updated"]), ("", {"status_id": closed}, ["closed", "updated"]),
    ]  # fmt: skip
    for path, change, whys in ways:
        ticket = talk.ticket(**({"contact_name_id": talk.contacts[contact]} if contact else {}))
        assert talk.sim.desk.mails
        talk.sim.desk.mails.clear()
        told = talk.http.put(f"/tickets/{ticket}{path}", json=change | (QUIET if suppressed else {}))
        assert told.status_code == 200
        wanted = [] if suppressed else [(why, address) for why in whys]
        assert [(mail.why, mail.to) for mail in talk.sim.desk.mails] == wanted


@pytest.mark.parametrize("field", ["attributes", "client_id", "category_id", "subcategory_id", "location_id", "url"])
def test_only_the_contact_of_a_ticket_can_be_cleared(talk: Talk, field: str) -> None:
    ticket = talk.ticket(contact_name_id=talk.contacts["alice@acme.example"])
    refused = talk.http.put(f"/tickets/{ticket}", json={field: None})
    assert refused.status_code == 400 and "received null" in refused.text
    assert talk.http.put(f"/tickets/{ticket}", json={"contact_name_id": None}).status_code == 200


@pytest.mark.parametrize("seconds", [0.0, 6.0], ids=["at once", "after the mailer"])
def test_whom_a_new_ticket_mails_is_read_when_the_mailer_gets_to_it(start: Start, seconds: float) -> None:
    """Recordings 260 to 273: also an inactive contact, and a contact who watches but once."""
    now = [1_000_000_000.0]
    talk = start(Simulator(Seed(), clock=lambda: now[0]))
    talk.sim.desk.mailer_lag = 0.3
    alice = talk.contacts["alice@acme.example"]
    watching = {
        "watch_list": [{"email": "alice@acme.example", "active": True}, {"email": "w@x.example", "active": True}]
    }
    moved = {"client_id": talk.clients["Globex"]}
    tickets = [
        (talk.ticket(client_id=talk.clients["Unknown Senders"]), moved),
        (talk.ticket(contact_name_id=alice, attributes=watching), {"contact_name_id": None}),
        (talk.ticket(contact_name_id=alice, attributes=watching), {"attributes": {}}),
        (talk.ticket(contact_name_id=talk.contacts["greta@acme.example"]), {}),
    ]
    now[0] += seconds
    for ticket, change in tickets:
        assert talk.http.put(f"/tickets/{ticket}", json=change | QUIET).status_code == 200
    to = [[mail.to for mail in talk.sim.desk.mails if mail.ticket_id == ticket] for ticket, _ in tickets]

    late = [[], ["alice@acme.example", "w@x.example"], ["alice@acme.example", "w@x.example"], ["greta@acme.example"]]
    early = [
        ["office@globex.example"],
        ["info@acme.example", "alice@acme.example", "w@x.example"],
        ["alice@acme.example"],
        ["greta@acme.example"],
    ]
    assert to == (late if seconds else early)


def test_time_that_others_booked_is_counted_and_hidden(talk: Talk) -> None:
    ticket = talk.ticket()
    for email, minutes in (("gateway@msp.example", 15), ("tess@msp.example", 60), ("tom@msp.example", 0)):
        timesheet.book(talk.sim.desk, ticket, email, minutes)
    sheet = talk.http.get(f"/tickets/{ticket}/time-entries").json()["data"]

    assert [entry["user_name"] for entry in sheet["entries"]] == ["Mail Gateway"]
    assert (sheet["ownEntryCount"], sheet["othersEntryCount"], sheet["othersTotalMinutes"]) == (1, 2, 60)
    assert talk.http.get(f"/tickets/{talk.ticket()}/time-entries").json()["data"]["othersEntryCount"] == 0


def test_time_that_is_booked_by_a_call_counts_as_in_the_pages(talk: Talk) -> None:
    ticket = talk.ticket()
    item = {"work_item_id": ticket, "work_item_type": "ticket", "service_id": ticket}
    period = {"start_time": "2026-11-27T09:00:00Z", "end_time": "2026-11-27T09:15:00Z"}
    timer = talk.http.post("/time-entries/start-tracking", json=item).json()["data"]
    entry = talk.http.post("/time-entries", json={**item, **period}).json()["data"]
    sheet = talk.http.get(f"/tickets/{ticket}/time-entries").json()["data"]

    assert (timer["end_time"], timer["billable_duration"], entry["billable_duration"], entry["duration_hours"]) == (
        None,
        0,
        15,
        "0.25",
    )
    assert (sheet["ownEntryCount"], sheet["ownTotalMinutes"], sheet["othersEntryCount"]) == (2, 15, 0)
    assert (
        talk.http.post("/time-entries", json={"work_item_id": ticket, "work_item_type": "ticket", **period}).status_code
        == 400
    )
    assert {
        row["entry_id"] for row in talk.http.get("/time-entries", params={"work_item_id": ticket}).json()["data"]
    } == {timer["entry_id"], entry["entry_id"]}


def test_rate_limit_counts_before_validation_and_not_comments(start: Start) -> None:
    now = [1_000_000_000.0]
    seed = Seed(rate_limit={"mode": "enforce", "burst": 3, "per_minute": 60})
    talk = start(Simulator(seed, clock=lambda: now[0]))
    ticket = talk.ticket()
    assert talk.comment(ticket).status_code == 201
    assert talk.http.post("/tickets", json={}).status_code == 400
    shown = talk.http.get("/boards")
    assert (shown.headers["x-ratelimit-limit"], shown.headers["x-ratelimit-remaining"]) == ("3", "0")
    refused = talk.new()
    assert refused.status_code == 429 and refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["details"]["retry_after_ms"] == 1000
    assert talk.comment(ticket).status_code == 201
    now[0] += 1.2
    assert talk.new().status_code == 201
    assert talk.sim.desk.counted() == 5
    assert [call.code for call in talk.sim.desk.refusals] == ["VALIDATION_ERROR", "RATE_LIMITED"]


def test_comment_limit_is_the_measure_of_blocks(talk: Talk) -> None:
    ticket = talk.ticket()
    for words, status in (("x" * 4995, 201), ("x" * 4997, 400)):
        made = [b.paragraph(b.text(words, "bold")), b.paragraph()]
        assert (b.measure(made) <= 5000) is (status == 201)
        assert talk.comment(ticket, b.dumps(made)).status_code == status


def test_the_clock_can_be_set(talk: Talk) -> None:
    talk.tell("clock", {"shift": 86400})
    ticket = talk.ticket()
    answer = talk.http.get(f"/tickets/{ticket}")
    assert time.time() + 80000 < talk.sim.desk.now()
    assert answer.json()["data"]["entered_at"] > time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() + 80000))
    assert "GMT" in answer.headers["date"]


def test_database_away(talk: Talk) -> None:
    talk.tell("database", {"up": False})
    assert talk.new().json()["error"] == {"code": "UNAUTHORIZED", "message": "Invalid API key"}
    assert httpx.get(f"{talk.sim.url}/api/readyz").status_code == 503
    assert talk.sim.desk.refusals == []
    talk.tell("database", {"up": True})
    assert talk.new().status_code == 201


def test_inspection_reads_everything(talk: Talk) -> None:
    ticket = talk.ticket(attributes={"description": b.dumps([b.paragraph("hello")])})
    talk.comment(ticket, "a comment", metadata={"email_gateway": {"marker": "m"}})
    file = talk.upload(ticket, "x.txt", b"\x00\xff").json()["data"]
    state = talk.look("state")
    seen = state["tickets"][0]
    assert seen["comments"][0]["metadata"] == {"email_gateway": {"marker": "m"}}
    assert (seen["documents"][0]["sha256"], seen["documents"][0]["size"]) == (sha256(b"\x00\xff").hexdigest(), 2)
    assert httpx.get(f"{talk.sim.url}/_sim/documents/{file['file_id']}").content == b"\x00\xff"
    calls = talk.look("calls?since=1")
    assert [(call["kind"], call["status"]) for call in calls] == [("comment", 201), ("document", 201)]
    assert json.loads(calls[0]["body"])["comment_text"] == "a comment"
    assert talk.look("sums")["comments"] == 1
    assert talk.look("nonsense")["error"].startswith("unknown")
    assert talk.tell("faults", [{"do": "nothing"}]).status_code == 400
    talk.tell("contacts", {"name": "New One", "email": "new@acme.example", "client": "Acme"})
    talk.tell("comments", {"ticket_id": ticket, "text": "by hand", "user": "tess@msp.example"})
    rows = talk.http.get(f"/tickets/{ticket}/comments").json()["data"]
    assert [row["created_by_name"] for row in rows] == ["Mail Gateway", "Tess Technician"]
    assert talk.tell("reset", {}).json()["tickets"] == 0


def test_ticket_page_shows_what_the_desk_does_not_escape(talk: Talk) -> None:
    hostile = [
        b.paragraph("<b>escaped</b>"),
        {"type": "codeBlock", "props": {"language": "x"}, "content": [b.text("<i id=raw>")]},
        b.image("/api/documents/view/1", "p.png"),
    ]
    ticket = talk.ticket(title="<u>title</u>", attributes={"description": json.dumps(hostile)})
    file = talk.http.post(f"/tickets/{ticket}/documents", files={"file": ("<p>.png", b"png", "image/png")})
    talk.comment(ticket, "plain <em>")
    page = httpx.get(f"{talk.sim.url}/_sim/tickets/{ticket}")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for piece in (
        "&lt;b&gt;escaped",
        "<i id=raw>",
        '<img src="/api/documents/view/1"',
        "&lt;u&gt;title",
        "&lt;p&gt;.png",
        "plain &lt;em&gt;",
    ):
        assert piece in page.text
    picture = f"{talk.sim.url}/api/documents/view/{file.json()['data']['file_id']}"
    assert httpx.get(picture).status_code == 401
    shown = httpx.get(picture, headers={"Sec-Fetch-Site": "same-origin"})
    assert (shown.content, shown.headers["content-type"]) == (b"png", "image/png")
    assert "TIC001001" in httpx.get(f"{talk.sim.url}/_sim/tickets").text


def test_seed_and_faults_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="unknown key in the seed: board"):
        Seed.of({"board": []})


SEEDED = {"keys", "boards", "statuses", "priorities", "categories", "clients", "client_facts", "users", "assets"}
"""Tables that no call changes."""


def test_all_that_calls_change_survives_a_restart(tmp_path: Path) -> None:
    desk, later = Desk(), Desk()
    changed = {name for name, table in vars(desk).items() if isinstance(table, dict)} - SEEDED
    for name in changed:
        getattr(desk, name)["a"] = b"a" if name == "files" else "b"
    persist.save(desk, tmp_path / "state.json")
    persist.load(later, tmp_path / "state.json")

    assert {name: getattr(later, name) for name in changed} == {name: getattr(desk, name) for name in changed}


@pytest.mark.slow
def test_as_a_process_with_a_state_file(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text(json.dumps({"rate_limit": {"mode": "off"}}))
    (tmp_path / "faults.json").write_text(
        json.dumps(
            {
                "seed": 3,
                "rules": [
                    {"kind": "comment", "do": "answer", "status": 503, "body": "html", "commit": True, "times": 1}
                ],
            }
        )
    )
    command = [
        sys.executable,
        "-m",
        "gateway.simulator",
        "--listen",
        "127.0.0.1:0",
        "--quiet",
        "--seed-file",
        str(tmp_path / "seed.json"),
        "--faults",
        str(tmp_path / "faults.json"),
        "--state",
        str(tmp_path / "state.json"),
    ]

    def run(work: Callable[[str], Any]) -> Any:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            result = work(process.stdout.readline().split()[-1])
            process.terminate()
            assert process.wait(PATIENCE) == 0
        return result

    def first(url: str) -> str:
        ids = Talk(Simulator(Seed.of({"rate_limit": {"mode": "off"}})))
        ids.http = httpx.Client(base_url=f"{url}/api/v1", headers={"X-API-Key": ids.sim.key})
        with ids.http:
            ticket = ids.ticket()
            assert ids.comment(ticket).status_code == 503
            assert ids.upload(ticket).status_code == 201
        return ticket

    def second(url: str) -> Any:
        return httpx.get(f"{url}/_sim/state").json()["tickets"]

    ticket = run(first)
    [kept] = run(second)
    assert kept["ticket_id"] == ticket
    assert (len(kept["comments"]), kept["documents"][0]["sha256"]) == (1, sha256(b"abc").hexdigest())


NARROWED = {"keys": [{"key": "narrowed", "hidden": ["Globex"]}, {"key": "whole"}]}


def of_globex(talk: Talk) -> str:
    """A ticket that the key may make and does not see."""
    return talk.ticket(client_id=talk.clients["Globex"])


def listed(talk: Talk, **query: str) -> set[str]:
    return {row["ticket_id"] for row in talk.http.get("/tickets", params=query).json()["data"]}


def test_a_narrowed_key_makes_tickets_that_the_list_leaves_out(start: Start) -> None:
    talk = start(**NARROWED)
    shown, hidden = talk.ticket(), of_globex(talk)

    number = talk.sim.desk.tickets[hidden]["ticket_number"]
    assert listed(talk) == {shown}
    assert listed(talk, ticket_number=number) == set()
    assert talk.http.get(f"/tickets/{hidden}").status_code == 200
    assert talk.comment(hidden).status_code == 201
    talk.http.headers["X-API-Key"] = "whole"
    assert listed(talk) == {shown, hidden}


GUARDED = [
    ("GET", "", 403),
    ("PUT", "", 403),
    ("PUT", "/status", 403),
    ("GET", "/comments", 403),
    ("POST", "/comments", 403),
    ("GET", "/documents", 403),
    ("POST", "/documents", 403),
    ("GET", "/time-entries", 403),
    ("GET", "/bundle", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), GUARDED)
def test_a_guarded_desk_refuses_calls_on_what_the_key_does_not_see(
    start: Start, method: str, path: str, status: int
) -> None:
    talk = start(keys=[{"key": "narrowed", "hidden": ["Globex"], "guarded": True}])
    shown, hidden = talk.ticket(), of_globex(talk)

    answer = talk.http.request(method, f"/tickets/{hidden}{path}")
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["error"]["message"] == "Permission denied: Cannot read ticket"
    assert talk.http.request(method, f"/tickets/{shown}{path}").status_code != 403
    assert listed(talk) == {shown}
    assert [row["ticket_id"] for row in talk.http.get("/tickets/search?query=Printer").json()["data"]] == [shown]
    assert talk.http.get(f"/tickets/{NO_TICKET}").status_code == 404


NO_TICKET = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "/tickets?limit=1", "read ticket"),
        ("GET", f"/tickets/{NO_TICKET}", "read ticket"),
        ("POST", f"/tickets/{NO_TICKET}/comments", "update ticket"),
        ("PUT", f"/tickets/{NO_TICKET}/status", "update ticket"),
        ("POST", "/tickets", "create ticket"),
        ("GET", "/boards", "read board"),
        ("GET", "/tickets/priorities", "read ticket"),
        ("GET", "/clients", "read client"),
        ("GET", "/contacts", "read contact"),
        ("GET", "/users", "read user"),
    ],
)
def test_a_role_without_rights_is_refused_before_the_record_is_looked_at(
    start: Start, method: str, path: str, words: str
) -> None:
    users = [{"first": "Nell", "last": "Nobody", "email": "nell@msp.example", "role": "Nobody"}]
    talk = start(users=users, keys=[{"key": "nobody"}])

    answer = talk.http.request(method, path)
    assert answer.json()["error"] == {"code": "FORBIDDEN", "message": f"Permission denied: Cannot {words}"}
    assert answer.status_code == 403
