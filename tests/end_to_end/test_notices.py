"""Profiles of notices beside a desk and a store: check and propose."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.simulator import Simulator
from tests.end_to_end.test_rules import beside
from tests.harness import GatewayProcess, mail

GOOD = """
[[notice]]
profile = "veeam"
networks = ["192.0.2.0/24"]
board = "Support"
category = "hardware"
client = "Acme Corporation"
"""
WRONG = """
[[notice]]
profile = "veeam"
networks = ["192.0.2.0/24"]
board = "Alarms"
[[notice]]
profile = "nagios"
networks = ["192.0.2.0/24"]
client = "Nobody"
aliases = { x = "Nowhere" }
priorities = { CRIT = "Horrible" }
[[notice]]
profile = "nagios"
name = "again"
networks = ["192.0.2.0/24"]
[[notice]]
profile = "uptimerobot"
[[notice]]
profile = "own"
senders = ["box.example"]
[[notice]]
profile = "zabbix"
networks = ["192.0.2.0/24"]
board = "Support"
category = "Hardwear"
"""
OWN = """name = "own"
title = "Own"
[[read]]
source = "subject"
regex = '^(?P<state>\\w+) (?P<host>\\S+)$'
[key]
object = ["host"]
[state]
fields = ["state"]
open = ["DOWN"]
close = ["UP"]
[client]
aliases = { HQ = "Nowhere else" }
[policy]
priority = "Dreadful"
[[fixture]]
name = "down"
subject = "DOWN web01"
gives = { state = "close", object = "web01" }
"""


def client(simulator: Simulator) -> str:
    return str(next(iter(simulator.desk.clients.values()))["client_name"])


def test_check_runs_fixtures_and_asks_for_names(running: GatewayProcess, simulator: Simulator, tmp_path: Path) -> None:
    file, _ = beside(running, GOOD.replace("Acme Corporation", client(simulator)), tmp_path)

    done = running.run("check", "--config", file)

    assert (done.returncode, done.stderr) == (0, "")


def test_check_names_what_is_wrong_with_file_and_line(running: GatewayProcess, tmp_path: Path) -> None:
    file, before = beside(running, WRONG, tmp_path)
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "own.toml").write_text(OWN)

    done = running.run("check", "--config", file)

    assert done.returncode == 1
    wrong = {
        5: "'Alarms': the desk does not have it",
        9: "'Nobody': the desk does not have it",
        10: "'Nowhere': the desk does not have it",
        11: "'Horrible': the desk does not have it",
        12: "can never match: notice 'nagios' has the same",
        16: "nothing proves its mail: no verdicts are configured",
        25: "category 'Hardwear': the desk does not have it; it has: 'Hardware'",
    }
    for number, words in wrong.items():
        assert any(line.startswith(f"fault  {file}:{before + number}:") and words in line for line in done.stdout.splitlines()), words
    own = f"{tmp_path}/notices/own.toml"
    assert f"{own}:13: notice 'own': client 'Nowhere else': the desk does not have it" in done.stdout
    assert f"{own}:15: notice 'own': priority 'Dreadful': the desk does not have it" in done.stdout
    assert f"{own}:19: profile 'own', fixture 'down': state is 'open' instead of 'close'" in done.stdout


def test_propose_drafts_a_profile_from_kept_mail(running: GatewayProcess) -> None:
    for number, state in enumerate(("CRITICAL", "OK", "CRITICAL")):
        note = mail(f"Observer message {number}", f"Host: web01\nStatus: {state}", sender="Observer <observer@acme.example>")
        note["Auto-Submitted"] = "auto-generated"
        running.became(running.send(note))

    (draft,) = json.loads(running.run("notices", "propose", "--since", "1d", "--least", "3", "--json").stdout)

    assert draft["sender"] == "observer@acme.example"
    assert (draft["mails"], draft["told"]["open"], draft["told"]["close"]) == (3, 2, 1)
