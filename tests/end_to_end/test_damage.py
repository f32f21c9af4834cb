"""Rows that turned to garbage under a gateway that runs on: what becomes of their mails, and of the others."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.simulator import Seed, Simulator
from tests.harness import gateway, mail
from tests.waiting import until

GARBAGE = "CAST(x'c3ff8041fe' AS TEXT)"
# Made, and we do not know: no answer comes before all are made, for after a lost one the desk gets one mail at a time.
LOST = [{"kind": "create_ticket", "do": "stall", "seconds": 10}, {"kind": "readback", "do": "refuse"}]


def test_damaged_rows_are_set_aside_and_nothing_is_posted_twice(tmp_path: Path) -> None:
    names = ("Robbed", "Planned", "Posted", "Known")
    with Simulator(Seed(rate_limit={"mode": "off"})) as desk, gateway(tmp_path, desk, desk="timeout = 2\nsettle = 2\nrate = 0") as running:
        running.became(running.send(mail("Known", message_id="<known@acme.example>")))
        desk.faults.set(LOST)
        ids = {name: running.send(mail(name)).rsplit(" ", 1)[-1] for name in names[:3]}
        until(lambda: len(desk.desk.tickets) == len(names))
        running.kill()
        desk.faults.set([])
        with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection, connection:
            connection.execute(f"UPDATE delivery SET plan = {GARBAGE} WHERE id = ?", (ids["Planned"],))
            connection.execute("UPDATE effect SET body = '{\"request' WHERE delivery_id = ?", (ids["Posted"],))
            connection.execute("DELETE FROM effect WHERE delivery_id = ?", (ids["Robbed"],))
            connection.execute(f"UPDATE thread SET ticket_id = {GARBAGE} WHERE message_id = 'known@acme.example'")
        running.start()
        ids["Reply"] = running.send(mail("Re: Known", reply_to="<known@acme.example>")).rsplit(" ", 1)[-1]
        ids["Later"] = running.send(mail("Later")).rsplit(" ", 1)[-1]
        became = {name: running.became(each) for name, each in ids.items()}
        listed = json.loads(running.run("queue", "list", "--stage", "quarantined", "--json").stdout)
        shown = running.run("queue", "show", ids["Planned"])
        verified = running.run("verify")
        ready, metrics = running.get("/readyz"), running.get("/metrics")[1]
        titles = sorted(ticket["title"] for ticket in desk.desk.tickets.values())

    reasons = {
        "Planned": "delivery.plan cannot be read",
        "Posted": "effect.body cannot be read",
        "Robbed": "effect: rows of the plan are gone",
        "Reply": "thread.ticket_id cannot be read",
    }
    assert {name: row["detail"] for name, row in became.items() if row["reason"] == "damaged"} == reasons
    assert [name for name, row in became.items() if row["stage"] == "DONE"] == ["Later"]
    assert titles == sorted([*names, "Later"])  # each once
    assert {row["id"]: row["detail"] for row in listed} == {ids[name]: text for name, text in reasons.items()}
    assert "QUARANTINED damaged delivery.plan cannot be read" in shown.stdout
    assert all(text in verified.stdout for name, text in reasons.items() if name != "Robbed")
    assert (verified.returncode, ready[0]) == (1, 200)
    assert json.loads(ready[1])["damage"] in reasons.values()
    assert "gateway_store_unreadable_total 3.0" in metrics
    assert "is damaged" in running.tail(200)
    assert "cannot go on" not in running.tail(200)
