"""The commands as an operator uses them, and health."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from gateway.cli import app
from gateway.cli.shared import time_before
from gateway.operate.trial import kept
from gateway.simulator import Simulator
from gateway.store.arrivals import ArrivalsFile
from gateway.store.writer import BUSY_WAIT
from tests import commands
from tests.harness import GatewayProcess, config_text, free_port, gateway, mail
from tests.operate.reports import REPORT
from tests.operate.test_arriving import ID, arrival
from tests.scenarios.stage import SUPPORT
from tests.waiting import PATIENCE, until


def test_check_names_the_ids(running: GatewayProcess, simulator: Simulator) -> None:
    done = running.run("check", "--json")

    row = json.loads(done.stdout)[0]
    assert done.returncode == 0
    assert row["result"] == "ok"
    assert row["board"].startswith("Support = ")
    assert row["fallback client"].startswith("Unknown Senders = ")


def test_check_says_what_the_desk_has(running: GatewayProcess, tmp_path: Path) -> None:
    text = running.config.read_text().replace('board = "Support"', 'board = "Suport"')
    (tmp_path / "wrong.toml").write_text(text)

    done = running.run("check", "--config", str(tmp_path / "wrong.toml"), "--json")

    assert done.returncode == 1
    line = text.splitlines().index('board = "Suport"') + 1
    assert f"wrong.toml:{line}: board 'Suport': the desk does not have it; it has: 'Alerts', 'Sales'" in done.stdout


def test_explain_has_no_effect_and_no_need_of_a_desk(
    running: GatewayProcess, simulator: Simulator, tmp_path: Path
) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(mail("Explain me", sender="Alice Archer <alice@acme.example>").as_bytes())
    before = len(simulator.desk.tickets)

    online = json.loads(running.run("explain", str(file), "--json").stdout)
    offline = json.loads(running.run("explain", str(file), "--offline", "--json").stdout)

    assert online["outcome"] == offline["outcome"] == "ticket"
    assert "contact Alice Archer" in json.dumps(online["steps"])
    assert {question["asked"] for question in offline["unanswered"]} == {
        "technician",
        "contacts with this address",
        "clients of this domain",
    }
    assert online["unanswered"] == []
    assert len(simulator.desk.tickets) == before


def bounds(command: Any, name: str = "gateway") -> Iterator[tuple[str, int | None, int | None]]:
    """The bounds of each whole number that the command, or one below it, takes."""
    for below, found in getattr(command, "commands", {}).items():
        yield from bounds(found, f"{name} {below}")
    for taken in command.params:
        if taken.type_descriptor.annotation is int:
            yield f"{name} {taken.name}", taken.min, taken.max


def test_each_number_that_a_command_takes_fits_into_a_database() -> None:
    found = list(bounds(typer.main.get_command(app)))

    assert len(found) >= 10
    assert [name for name, least, most in found if least is None or most is None] == []


def test_a_span_that_is_longer_than_time_leads_to_its_beginning() -> None:
    assert time_before("99999999d") == 0.0
    assert abs(time_before("1h") - (time.time() - 3600)) < 60


def test_explain_asks_the_desk_of_the_mailbox_that_takes_the_recipient(running: GatewayProcess, tmp_path: Path) -> None:
    away = '[desks.away]\nurl = "http://127.0.0.1:1/api/v1"\napi_key = "k"\n\n[desks.here]'
    other = '[[mailbox]]\naddress = "first@elsewhere.example"\ndesk = "away"\n\n'
    box = '[[mailbox]]\ndesk = "here"\naliases = ["help@msp.example"]'
    text = running.config.read_text().replace("[desk]", away).replace("[[mailbox]]", other + box)
    (tmp_path / "gateway.toml").write_text(text)
    file = tmp_path / "mail.eml"
    file.write_bytes(mail("Explain me", sender="Alice Archer <alice@acme.example>").as_bytes())
    config = ("--config", str(tmp_path / "gateway.toml"), "--json")

    by_alias = running.run("explain", str(file), "--rcpt", "help@msp.example", *config)
    unknown = running.run("explain", str(file), "--rcpt", "nobody@msp.example", *config)

    assert "contact Alice Archer" in json.dumps(json.loads(by_alias.stdout)["steps"])
    assert unknown.returncode == 2 and "nobody@msp.example is not a mailbox of the configuration" in unknown.stderr


def test_queue(running: GatewayProcess, simulator: Simulator) -> None:
    first = mail("Queue", sender="alice@acme.example")
    running.became(running.send(first))
    raw = mail("Re: [Queue]", "evil", sender="eve@evil.example", reply_to=first["Message-ID"]).as_bytes()
    delivery_id = running.became(running.send(raw, "eve@evil.example"))["id"]

    listed = json.loads(running.run("queue", "list", "--stage", "quarantined", "--json").stdout)
    shown = json.loads(running.run("queue", "show", delivery_id, "--json").stdout)
    table = running.run("queue", "show", delivery_id).stdout
    lines = running.run("queue", "list").stdout
    finished = running.run("queue", "release", running.became(running.send(first))["id"])
    original = running.run("queue", "show", delivery_id, "--raw").stdout
    dropped = running.run("queue", "drop", delivery_id)
    again = running.run("queue", "drop", delivery_id)

    assert delivery_id in [row["id"] for row in listed]
    assert shown["reason"] == "unverified-sender"
    assert "has nothing to do with ticket" in table
    assert "subject: Re: [Queue]" in table and "Re: [Queue]" in lines
    assert (finished.returncode, finished.stderr.rpartition("is ")[2].strip()) == (1, "released")
    assert original.split() == raw.decode().split()
    assert dropped.returncode == 0
    assert again.returncode == 1
    assert "set aside without a ticket" in again.stderr


def test_looking_waits_for_nobody_and_nobody_for_it(running: GatewayProcess) -> None:
    """Beside a transaction that writes, too: SQLite has one writer."""
    writer = sqlite3.connect(running.folder / "gateway.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    done = [running.run(*command) for command in (("queue", "list"), ("sums",), ("notices", "problems"), ("notices", "propose"))]
    writer.execute("ROLLBACK")
    writer.close()

    assert [command.returncode for command in done] == [0, 0, 0, 0]
    assert time.monotonic() - began < BUSY_WAIT / 1000, "one has waited for the writer"


def test_mail_that_is_not_in_the_store_yet(migrated_file: Path, tmp_path: Path) -> None:
    """No gateway runs, or its worker is away: the mail is in the arrivals."""
    (tmp_path / "gateway.toml").write_text(config_text("http://127.0.0.1:1", "key", tmp_path, free_port(), free_port()))
    database = shutil.copy(migrated_file, tmp_path / "gateway.db")
    with closing(ArrivalsFile(tmp_path / "gateway.db.arrivals")) as file:
        file.append([arrival(1, time.time() - 60)])
    asked = [
        ["show", ID.format(1)], ["show", "boiler1@acme.example", "--json"], ["find", "boiler"], ["today"],
        ["queue", "show", ID.format(1)], ["queue", "hold", ID.format(1)],
    ]  # fmt: skip

    shown, as_json, found, day, in_full, hold = (commands.run(*words, "-c", str(tmp_path / "gateway.toml")) for words in asked)
    database.unlink()
    without = commands.run(*asked[0], "-c", str(tmp_path / "gateway.toml"))

    assert shown.stdout.startswith("accepted, and not in the store yet: no gateway answers at 127.0.0.1")
    assert json.loads(as_json.stdout)[0]["recipient"] == SUPPORT
    assert f"The boiler {ID.format(1)[:18]}" in " ".join(found.stdout.split())
    assert "1 accepted mail is not in the store yet, the oldest for 1 minute" in day.stdout
    for refused in (in_full, hold, without):
        assert refused.returncode == 1
        assert "it was accepted 1 minute ago" in refused.stderr


def test_hold_and_release(simulator: Simulator, tmp_path: Path) -> None:
    """A desk that is away: mail is accepted, held, released, and becomes a ticket when the desk is back."""
    simulator.desk.database_up = False
    with gateway(tmp_path, simulator) as running:
        delivery = running.imported(running.send(mail("Held", sender="alice@acme.example")))
        assert running.run("queue", "hold", delivery).returncode == 0
        assert running.sums()["pending"] == 1
        ready, body = running.get("/readyz")
        assert ready == 200
        assert not json.loads(body)["desks"]["default"]["up"]
        simulator.desk.database_up = True
        assert running.run("queue", "release", delivery).returncode == 0
        assert running.became(delivery)["stage"] == "DONE"


def test_health(running: GatewayProcess) -> None:
    running.became(running.send(mail("Health", sender="alice@acme.example")))

    assert running.get("/healthz") == (200, "ok\n")
    code, body = running.get("/readyz")
    assert (code, json.loads(body)["ready"], json.loads(body)["desks"]["default"]["up"]) == (200, True, True)
    _, metrics = running.get("/metrics")
    assert 'gateway_deliveries_ended_total{mailbox="support@msp.example",reason="",stage="done"}' in metrics


def test_sums(running: GatewayProcess) -> None:
    running.drained()
    sums = running.sums()

    assert set(sums) == {"accepted", "done", "suppressed", "quarantined", "pending", "redelivered", "arriving"}
    assert sums["accepted"] == sums["done"] + sums["suppressed"] + sums["quarantined"] + sums["pending"]


def test_logs_hold_no_bodies_and_no_keys(running: GatewayProcess, simulator: Simulator) -> None:
    running.became(running.send(mail("Subject of the log", "the secret words", sender="alice@acme.example")))

    log = running.log.read_text()
    assert "the secret words" not in log
    assert simulator.key not in log


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("rate = 0", "rate = -1"), "desk.rate: expected 0 or more"),
        (("[smtp]", "[smtp]\nlisten_on = 5"), "smtp.listen_on: no such key"),
        (('board = "Support"', 'borad = "Support"'), "mailbox.1.borad: no such key"),
        (("api_key =", "# api_key ="), "desk: expected exactly one of api_key and api_key_file"),
        (('address = "support@msp.example"', 'address = "support"'), "mailbox.1.address: expected a mail address"),
        (("[desk]", "[desk"), "the brackets of a section do not match: [desk]"),
    ],
)
def test_configuration_errors_name_the_key(
    running: GatewayProcess, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    (tmp_path / "wrong.toml").write_text(running.config.read_text().replace(*change))

    done = running.run("serve", "--config", str(tmp_path / "wrong.toml"))

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_two_gateways_cannot_share_a_sqlite_file(running: GatewayProcess) -> None:
    done = running.run("serve")

    assert done.returncode == 2
    assert "is in use by another process" in done.stderr


def test_trial_of_a_file(running: GatewayProcess, simulator: Simulator, tmp_path: Path) -> None:
    box, folder = tmp_path / "mail.mbox", tmp_path / "trial"
    box.write_bytes(b"From x Mon Jun  1 10:00:00 2026\n" + mail("Printer", sender="alice@acme.example").as_bytes() + b"\n")
    writes = [call for call in simulator.desk.calls if call.method != "GET"]

    done = running.run("trial", str(box), "--folder", str(folder), "--json")
    again = running.run("trial", str(box), "--folder", str(folder))
    refused = running.run("trial", str(tmp_path / "nothing.mbox"), "--folder", str(folder))

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["done"] and report["tickets"] == 1
    assert report["by_client"][0]["name"] == "Acme"
    assert again.returncode == 0 and "1 mail: 1 ticket" in again.stdout
    assert refused.returncode == 2 and "remove the folder" in refused.stderr
    assert "Acme" in (folder / "report.html").read_text() and (folder / "report.html").stat().st_mode & 0o077 == 0
    assert [call for call in simulator.desk.calls if call.method != "GET"] == writes
    assert json.loads((folder / "report.json").read_text())["tickets"] == 1
    assert f"gateway console --trial {folder}" in again.stdout


def test_the_report_of_a_trial_in_a_browser(tmp_path: Path) -> None:
    """One command, without a configuration or a gateway."""
    done = commands.run("console", "--trial", str(tmp_path))
    assert done.returncode == 2 and "has no report of a trial" in done.stderr
    kept.write(REPORT, tmp_path, True, 1.0)
    shown = commands.start("gateway", ["console", "--trial", str(tmp_path)], os.environ, tmp_path / "out", tmp_path / "err")
    try:
        end = time.monotonic() + PATIENCE
        while not (tmp_path / "out").exists() or "Ctrl-C" not in (text := (tmp_path / "out").read_text()):
            assert time.monotonic() < end and shown.poll() is None
            time.sleep(0.02)
        while True:
            try:
                page = httpx.get(text.split()[0])
                break
            except httpx.ConnectError:
                assert time.monotonic() < end
    finally:
        shown.send_signal(signal.SIGINT)
    assert page.status_code == 200 and "1,234 mails" in page.text
    assert shown.wait(PATIENCE) == 0


def test_a_wrong_board_is_said_where_one_looks(simulator: Simulator, tmp_path: Path) -> None:
    """Mail is accepted and waits: /readyz says 200 and why, a metric counts."""
    with gateway(tmp_path, simulator, mailbox='reopen_status = "No such status"') as wrong:
        wrong.send(mail("Waits", sender="alice@acme.example"))
        until(lambda: 'mailbox_faults{mailbox="support@msp.example"} 1.0' in wrong.get("/metrics")[1], tell=wrong.tail)
        code, body = wrong.get("/readyz")

    (waits,) = json.loads(body)["waits"]
    assert code == 200
    assert waits.startswith("mailbox support@msp.example: status 'No such status': the desk does not have it")


def test_serve_says_at_once_what_keeps_it_from_starting(simulator: Simulator, tmp_path: Path) -> None:
    """Before it opens anything: no database is made, no port was open."""
    text = config_text(simulator.api, simulator.key, tmp_path, free_port(), 1, smtp='tls_cert = "no.crt"\ntls_key = "no.key"')
    file = tmp_path / "gateway.toml"
    file.write_text(text.replace("127.0.0.1:1\"", "192.0.2.1:8025\""))
    line = text.splitlines().index('tls_cert = "no.crt"') + 1

    done = commands.run("serve", "--config", str(file))

    assert done.returncode == 2
    assert f"cannot start: {file}:{line}: tls_cert: there is no such file" in done.stderr
    assert "192.0.2.1 is no address of this machine" in done.stderr
    assert list(tmp_path.iterdir()) == [file]
