"""Rules as an operator meets them: check, explain, whatif."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.simulator import Simulator
from tests.harness import GatewayProcess, mail

GOOD = """
[[rule]]
name = "printers"
when = [{ field = "subject", regex = "(?P<what>printer|toner)" }]
board = "Sales"
title = "Printing: {what}"
[[rule.example]]
subject = "My PRINTER burns"
title = "Printing: PRINTER"
[[rule.example]]
subject = "Screen"
matches = false
"""
AWAY = """
[desks.away]
url = "http://127.0.0.1:1/api/v1"
api_key = "key"
[[mailbox]]
address = "help@away.example"
desk = "away"
fallback_client = "Unknown Senders"
"""
WRONG = """
[[rule]]
name = "printers"
when = [{ field = "subject", contains = "printer" }]
board = "Sails"
[[rule.example]]
subject = "Screen"
[[rule]]
name = "alerts"
when = [{ field = "from", contains = "alert" }]
client = "Acne"
assignee = "nobody@msp.example"
[[domain]]
domain = "mapped.example"
client = "Nowhere"
"""


def beside(running: GatewayProcess, text: str, folder: Path) -> tuple[str, int]:
    """The running gateway's configuration with more in it: the file, and its lines before that."""
    before = running.config.read_text()
    file = folder / "other.toml"
    file.write_text(before + text)
    return str(file), len(before.splitlines()) + (not before.endswith("\n"))


def test_check_runs_the_examples(running: GatewayProcess, tmp_path: Path) -> None:
    file, _ = beside(running, GOOD, tmp_path)

    assert running.run("check", "--config", file).returncode == 0


def test_check_names_what_the_desk_lacks_with_file_and_line(running: GatewayProcess, tmp_path: Path) -> None:
    file, before = beside(running, WRONG, tmp_path)

    done = running.run("check", "--config", file)

    lines = [line.removeprefix("fault  ") for line in done.stdout.splitlines() if line.startswith("fault  ")]
    assert done.returncode == 1
    for number, words in ((5, "Sails"), (6, "does not match"), (12, "nobody@msp.example"), (11, "Acne"), (15, "Nowhere")):
        assert any(line.startswith(f"{file}:{before + number}:") and words in line for line in lines), (words, lines)


def test_explain_shows_each_condition_and_whatif_each_change(
    running: GatewayProcess, simulator: Simulator, tmp_path: Path
) -> None:
    file, _ = beside(running, GOOD, tmp_path)
    (tmp_path / "mail.eml").write_bytes(mail("My printer burns", sender="alice@acme.example").as_bytes())
    running.became(running.send(mail("My printer burns", sender="alice@acme.example")))
    before = len(simulator.desk.tickets)

    told = json.loads(running.run("explain", str(tmp_path / "mail.eml"), "--config", file, "--json").stdout)
    same = json.loads(running.run("whatif", "--since", "1d", "--json").stdout)
    tried = json.loads(running.run("whatif", "--since", "1d", "--config", file, "--json").stdout)

    assert {"rule": "condition", "result": "yes"}.items() <= next(s for s in told["steps"] if "printers: " in s["found"]).items()
    assert same["mails"] >= 1 and same["changes"] == []
    assert "board Support -> Sales" in tried["changes"][0]["words"]
    assert len(simulator.desk.tickets) == before


def test_a_text_is_checked_and_tried_before_it_is_pasted(
    running: GatewayProcess, simulator: Simulator, tmp_path: Path
) -> None:
    row = running.became(running.send(mail("A printer squeaks", sender="alice@acme.example")))
    good, wrong = tmp_path / "good.toml", tmp_path / "wrong.toml"
    good.write_text(GOOD)
    wrong.write_text(GOOD.replace("Sales", "Sails"))
    before = len(simulator.desk.tickets)

    right, refused = running.run("rules", "check", str(good)), running.run("rules", "check", str(wrong))
    same = running.run("rules", "try", str(row["seq"]))
    other = running.run("rules", "try", str(row["seq"]), "--text", str(good))
    (tmp_path / "two.toml").write_text(running.config.read_text().replace("[desk]", "[desks.default]") + AWAY)
    two = running.run("rules", "try", str(row["seq"]), "--text", str(good), "--config", str(tmp_path / "two.toml"))
    whatif = running.run("whatif", "--since", "1d", "--text", str(good), "--json", "--progress")
    two_if = running.run("whatif", "--since", "1d", "--text", str(good), "--json", "--config", str(tmp_path / "two.toml"))
    listed = json.loads(running.run("rules", "--json").stdout)

    assert (right.returncode, right.stdout.split(";")[0]) == (0, "right"), right.stderr
    assert refused.returncode == 1 and "Sails" in refused.stderr and not refused.stdout
    assert same.stdout.endswith("it would be the same\n"), same.stderr
    assert "board: Support -> Sales" in other.stdout
    assert two.stdout == other.stdout, f"another desk, which is away, is not asked: {two.stderr}"
    assert json.loads(whatif.stdout)["counts"]["board"] >= 1
    assert " of " in whatif.stderr
    assert json.loads(two_if.stdout) == {**json.loads(whatif.stdout), "away": ["away"]}
    assert two_if.stderr == "desk away does not answer: its mail is left out\n"
    assert listed == []
    assert len(simulator.desk.tickets) == before
