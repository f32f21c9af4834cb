"""Problems as an operator meets them: a running gateway, its lists, metrics, and who would be mailed."""

from __future__ import annotations

import json
import time
from email.message import EmailMessage
from pathlib import Path

from gateway.simulator import Simulator
from tests.harness import BOX, GatewayProcess, config_text, free_port

NOTICE = """
[[notice]]
profile = "nagios"
networks = ["127.0.0.0/8"]
client = "Acme"
hold = 1
move_after = 0
dedicated = true
fan_out = true
bundle = "link_only"
[[notice.expect]]
name = "daily"
object = "backup*"
by = ["06:00"]
"""


def say(gateway: GatewayProcess, subject: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "nagios@mon.example", BOX, subject
    mail["Message-ID"] = f"<{time.time_ns()}@mon.example>"
    mail.set_content(subject)
    gateway.became(gateway.send(mail))


def letter(folder: Path) -> Path:
    file = folder / "alert.eml"
    file.write_text("From: nagios@mon.example\nSubject: ** PROBLEM Host Alert: web09 is DOWN **\n\nDown.\n")
    return file


def test_a_problem_from_its_first_mail_to_the_closed_ticket(simulator: Simulator, tmp_path: Path) -> None:
    smtp, http = free_port(), free_port()
    text = config_text(simulator.api, simulator.key, tmp_path, smtp, http) + NOTICE
    gateway = GatewayProcess(tmp_path, text, smtp, http).start()
    try:
        say(gateway, "** PROBLEM Service Alert: web01/HTTP is CRITICAL **")
        say(gateway, "Version 9 of our alerts! <web01>")
        (row, unread) = sorted(
            json.loads(gateway.run("notices", "problems", "--json").stdout), key=lambda problem: problem["key"]
        )
        shown = gateway.run("notices", "problems").stdout
        drift = json.loads(gateway.run("notices", "drift", "--json").stdout)
        expected = json.loads(gateway.run("notices", "expected", "--json").stdout)
        review = json.loads(gateway.run("notices", "review", "--json").stdout)
        checked = gateway.run("check").stdout
        say(gateway, "** RECOVERY Service Alert: web01/HTTP is OK **")
        page = gateway.get("/metrics")[1]
        told = gateway.run("explain", str(letter(tmp_path)), "--offline", "--peer", "127.0.0.1").stdout
        tried = gateway.run("whatif").stdout
    finally:
        gateway.kill()

    if unread["object"] == "web01":
        row, unread = unread, row
    assert (row["object"], row["condition"], row["state"], row["count"]) == ("web01", "HTTP", "open", 1)
    assert "web01: HTTP" in shown and row["number"] in shown
    assert drift == [{"profile": "nagios", "notices": 2, "not_read": 1}]
    assert [notice["failed"] for notice in review["notices"]] == ["the product"]
    assert [(series["name"], series["last_at"]) for series in expected] == [("daily", 0)]
    assert "notice nagios fans out" in checked and "nobody at the moment" in checked
    assert 'gateway_problems{state="closed"} 1.0' in page and 'gateway_notices_unread_day{profile="nagios"} 1.0' in page
    assert "web09" in told and "the first notice of the problem" in told and "create ticket" in told
    assert "3 mails decided again, 0 would change" in tried and "closed by recovery" in tried
    assert simulator.desk.statuses[simulator.desk.tickets[row["ticket_id"]]["status_id"]]["is_closed"]
