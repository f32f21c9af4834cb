"""Held files as an operator meets them: listed, counted, explained, let go, given up."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.simulator import Simulator
from tests.harness import GatewayProcess, mail

PROGRAM = b"MZ\x90\0\x03"


def ended(metrics: str) -> int:
    counts = [line for line in metrics.splitlines() if line.startswith(("gateway_deliveries_ended_total{", "gateway_accept_to_end_seconds_count"))]
    first, second = (float(line.rpartition(" ")[2]) for line in counts)
    assert first == second
    return int(first)


def test_files_are_held_and_let_go(running: GatewayProcess, simulator: Simulator, tmp_path: Path) -> None:
    first, second = mail("Setup"), mail("Setup again")
    for message in (first, second):
        message.add_attachment(PROGRAM, maintype="application", subtype="octet-stream", filename="setup.exe")
    (tmp_path / "mail.eml").write_bytes(first.as_bytes())
    told = json.loads(running.run("explain", str(tmp_path / "mail.eml"), "--json").stdout)
    rows = [running.became(running.send(message)) for message in (first, second)]
    let_go, given_up = (row["id"] for row in rows)

    listed = json.loads(running.run("queue", "list", "--held-files", "--json").stdout)
    counted = running.get("/metrics")[1]
    released = running.run("queue", "release-files", let_go)
    running.drained()
    dropped = running.run("queue", "drop-files", given_up)
    then = running.get("/metrics")[1]
    again = running.run("queue", "release-files", let_go)
    history = json.loads(running.run("queue", "show", let_go, "--json").stdout)["history"]

    assert any("held by 'programs'" in step["result"] for step in told["steps"])
    assert {row["id"]: row["held files"] for row in listed} == {let_go: 1, given_up: 1}
    assert 'gateway_files_held{rule="programs"} 2.0' in counted
    assert ended(counted) == ended(then) == 2  # what is done twice is counted once
    assert (released.returncode, dropped.returncode) == (0, 0)
    documents = simulator.desk.documents
    assert [row["document_name"] for row in documents[rows[0]["ticket_id"]]] == ["setup.exe"]
    assert not documents.get(rows[1]["ticket_id"])
    assert any(event["what"] == "held files released" for event in history)
    assert again.returncode == 1
    assert "no file of it is held" in again.stderr
    assert json.loads(running.run("queue", "list", "--held-files", "--json").stdout) == []
