"""Releasing and moving mail with the commands: the desk is asked before anything changes."""

from __future__ import annotations

import json
from typing import Any

from gateway.simulator import Simulator
from tests.harness import GatewayProcess, mail

NOWHERE = "00000000-0000-4000-8000-000000000000"


def shown(running: GatewayProcess, delivery: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(running.run("queue", "show", delivery, "--json").stdout)
    return found


def test_a_move_asks_the_desk_first_and_a_stranger_is_marked(simulator: Simulator, running: GatewayProcess) -> None:
    first = mail("Operator", sender="alice@acme.example")
    made = running.became(running.send(first))
    raw = mail("Re: Operator", "let me in", sender="eve@evil.example", reply_to=first["Message-ID"]).as_bytes()
    evil = running.became(running.send(raw, "eve@evil.example"))["id"]
    number = simulator.desk.tickets[made["ticket_id"]]["ticket_number"]

    nowhere = running.run("thread", "move", made["id"], "--to", NOWHERE)
    unknown = running.run("queue", "release", evil, "--to", "TIC999999")
    stays = running.run("thread", "move", made["id"], "--to", number.lower())
    before = shown(running, made["id"]), shown(running, evil)
    released = running.run("queue", "release", evil, "--to", number, "--by", "L. Meier")
    running.became(evil)
    comment = simulator.desk.comments[made["ticket_id"]][-1]

    assert (nowhere.returncode, unknown.returncode) == (1, 1)
    assert f"the desk has no ticket {NOWHERE}; nothing was changed" in nowhere.stderr
    assert "the desk has no ticket TIC999999; nothing was changed" in unknown.stderr
    assert (stays.returncode, stays.stdout) == (0, "#1 nothing was changed: it is on this ticket already\n")
    assert (before[0]["stage"], before[0]["ticket_id"]) == ("DONE", made["ticket_id"])
    assert before[1]["stage"] == "QUARANTINED"
    assert released.returncode == 0, released.stderr
    assert comment["is_internal"]
    assert "does not belong to this client" in comment["note"] and "L. Meier released this mail" in comment["note"]


def test_suppressed_and_dropped_mail_comes_back(simulator: Simulator, running: GatewayProcess) -> None:
    note = mail("Automatic reply: read me", sender="alice@acme.example", **{"Auto-Submitted": "auto-replied"})
    absent = running.became(running.send(note))["id"]
    first = mail("Dropped", sender="alice@acme.example")
    running.became(running.send(first))
    raw = mail("Re: Dropped", sender="eve@evil.example", reply_to=first["Message-ID"]).as_bytes()
    evil = running.became(running.send(raw, "eve@evil.example"))["id"]

    released = running.run("queue", "release", absent)
    dropped = running.run("queue", "drop", evil, "--why", "spam", "--by", "L. Meier")
    before = shown(running, evil)
    taken_back = running.run("queue", "release", evil, "--to", "new")

    assert released.returncode == taken_back.returncode == 0
    assert (before["reason"], before["detail"]) == ("dropped", "spam")
    assert "L. Meier: spam" in [event["detail"] for event in before["history"]]
    assert dropped.stdout.endswith(" dropped\n") and "take it back with `gateway queue undo " in dropped.stderr
    assert [running.became(each)["outcome"] for each in (absent, evil)] == ["ticket", "ticket"]
