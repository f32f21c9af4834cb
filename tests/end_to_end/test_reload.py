"""A changed configuration is taken while mail comes in, or refused with the reason while the old one stays."""

from __future__ import annotations

import itertools
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.simulator import Seed, Simulator
from tests.harness import GatewayProcess, config_text, free_port, mail
from tests.waiting import PATIENCE, until

RULE = """
[[rule]]
name = "printers"
when = [{ field = "subject", contains = "printer" }]
board = "%s"
"""


WHATS = itertools.cycle("burns squeaks smokes hums stinks blinks jams leaks shakes waits".split())
"""Mails alike would be held back."""


@pytest.fixture(scope="module")
def desk() -> Iterator[Simulator]:
    with Simulator(Seed(rate_limit={"mode": "off"})) as simulator:
        yield simulator


def served(desk: Simulator, folder: Path) -> Iterator[GatewayProcess]:
    """A gateway with a console, whose key is in a file."""
    (folder / "key").write_text(desk.key)
    smtp, http = free_port(), free_port()
    console = f'[console]\nlisten = "127.0.0.1:{free_port()}"'
    text = config_text(desk.api, "", folder, smtp, http, extra=console)
    text = text.replace('api_key = ""', 'api_key_file = "key"')
    process = GatewayProcess(folder, text, smtp, http).start()
    try:
        yield process
    finally:
        process.kill()


@pytest.fixture(scope="module")
def live(desk: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    yield from served(desk, tmp_path_factory.mktemp("live"))


def board_of(live: GatewayProcess, desk: Simulator) -> str:
    row = live.became(live.send(mail(f"The printer {next(WHATS)}")))
    ticket = desk.desk.tickets[row["ticket_id"]]
    return str(desk.desk.boards[ticket["board_id"]]["board_name"])


def metric(live: GatewayProcess, name: str) -> float:
    return sum(float(line.split()[-1]) for line in live.get("/metrics")[1].splitlines() if line.startswith(name))


def until_logged(live: GatewayProcess, words: str, times: int = 1) -> None:
    until(lambda: live.log.read_text().count(words) >= times, tell=live.tail)


def test_rules_are_taken_or_refused(live: GatewayProcess, desk: Simulator) -> None:
    before = live.config.read_text()
    assert board_of(live, desk) == "Support"
    live.config.write_text(before + RULE % "Sales")
    done = live.run("reload")
    assert (done.returncode, done.stdout) == (0, "taken: rule.printers\n"), done.stderr
    assert board_of(live, desk) == "Sales"

    for wrong, why in (
        (RULE % "Sails", "Sails"),
        (RULE % "Sales" + RULE % "Sales", "can never match"),
        (RULE % "Sales" + "[[mailbox", "brackets"),
        ('[[mailbox]]\naddress = "b@msp.example"\nboard = "Nowhere"\n' + RULE % "Nowhere", "Nowhere"),
    ):
        live.config.write_text(before + wrong)
        done = live.run("reload")
        assert (done.returncode, done.stdout) == (1, "")
        assert why in done.stderr
        assert "the old configuration stays" in done.stderr
        assert metric(live, "gateway_configuration_refused") == 1
    assert board_of(live, desk) == "Sales"

    live.config.write_text(before + "[parser]\nmemory = 200_000_000\n" + RULE % "Alerts")
    done = live.run("reload")
    assert done.stdout == "taken: rule.printers\ntakes a restart: parser.memory\n", done.stderr
    assert metric(live, "gateway_configuration_refused") == 0
    live.config.write_text(before)
    assert live.run("reload").stdout == "taken: rule.printers\n"


def test_a_signal_does_the_same(live: GatewayProcess, desk: Simulator) -> None:
    assert live.process is not None
    before = live.config.read_text()
    live.config.write_text(before + RULE % "Sales")
    taken = live.log.read_text().count("configuration taken")
    os.kill(live.process.pid, signal.SIGHUP)
    until_logged(live, "configuration taken", taken + 1)
    assert board_of(live, desk) == "Sales"
    refused = live.log.read_text().count("configuration refused")
    live.config.write_text("nonsense")
    os.kill(live.process.pid, signal.SIGHUP)
    until_logged(live, "configuration refused, the old one stays", refused + 1)
    assert board_of(live, desk) == "Sales"
    live.config.write_text(before)
    assert live.run("reload").returncode == 0


def test_a_key_is_taken_once_the_desk_knows_it(live: GatewayProcess, desk: Simulator) -> None:
    file = live.folder / "key"
    file.write_text("not-known")
    done = live.run("reload")
    assert done.returncode == 1
    assert "refuses the new key" in done.stderr
    assert board_of(live, desk) == "Support", "with the old one"
    owner = desk.desk.keys[desk.key]
    desk.desk.keys["a-new-key"] = owner
    try:
        file.write_text("a-new-key")
        done = live.run("reload")
        assert (done.returncode, done.stdout) == (0, "taken: key of desk default\n"), done.stderr
        del desk.desk.keys[desk.key]
        assert board_of(live, desk) == "Support"
    finally:
        desk.desk.keys[desk.key] = owner
        file.write_text(desk.key)
        assert live.run("reload").returncode == 0


def test_nobody_else_reloads(live: GatewayProcess) -> None:
    """A page of another site, in a browser of this machine, cannot send our header."""
    import urllib.error
    import urllib.request

    request = urllib.request.Request(f"http://127.0.0.1:{live.http_port}/reload", method="POST")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=PATIENCE)
    request.add_header("x-gateway-command", "reload")
    request.add_header("x-forwarded-for", "192.0.2.1")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=PATIENCE)


def test_where_no_gateway_runs(tmp_path: Path, live: GatewayProcess) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(live.config.read_text().replace(f":{live.http_port}", f":{free_port()}"))
    done = live.run("reload", "--config", str(file))
    assert done.returncode == 1
    assert "no gateway answers at 127.0.0.1" in done.stderr


@pytest.fixture
def pages(live: GatewayProcess) -> Iterator[httpx.Client]:
    """The console, as an administrator sees it."""
    link = live.run("console").stdout.strip()
    address, _, value = link.partition("/enter?link=")
    with httpx.Client(base_url=address, headers={"Origin": address}, follow_redirects=True, timeout=PATIENCE) as client:
        client.post("/enter", data={"link": value})
        yield client


@pytest.mark.timeout(600)  # what a page tries runs behind all others, and starts three times
def test_a_text_is_tried_on_the_pages(live: GatewayProcess, desk: Simulator, pages: httpx.Client) -> None:
    number = live.became(live.send(mail("A printer of the pages", text="It is <b>broken</b>")))["seq"]
    before = len(desk.desk.tickets)

    assert "no rules, domains or notices" in pages.get("/rules").text
    wrong = pages.post("/rules", data={"what": "check", "text": RULE % "Sa<b>les"})
    tried = pages.post("/rules", data={"what": "try", "text": RULE % "Sales", "mail": f"#{number}"})
    pages.post("/rules", data={"what": "whatif", "text": RULE % "Sales"})
    whatif = pages.get("/rules/whatif").text
    while 'data-refresh="2"' in whatif:
        time.sleep(0.2)
        whatif = pages.get("/rules/whatif").text

    assert "Sa&lt;b&gt;les" in wrong.text and "Sa<b>les" not in wrong.text
    assert f"#{number} would be different" in tried.text and "<b>Sales</b>" in tried.text
    assert re.search(r"mails were decided again: <b>[1-9]\d* would change", whatif), whatif
    assert f'href="/mail/{number}"' in whatif
    assert len(desk.desk.tickets) == before


def test_what_goes_on_is_stopped(live: GatewayProcess, pages: httpx.Client) -> None:
    pages.post("/rules", data={"what": "whatif", "text": RULE % "Sales"})
    again = pages.post("/rules", data={"what": "whatif", "text": ""})
    stopped = pages.post("/rules/stop")

    assert again.status_code == 409 and "has to end first" in again.text
    assert "it was stopped" in stopped.text


def test_the_file_is_taken_by_a_page(live: GatewayProcess, desk: Simulator, pages: httpx.Client) -> None:
    before = live.config.read_text()
    live.config.write_text(before + RULE % "Sails")
    refused = pages.post("/rules/reload")
    live.config.write_text(before + RULE % "Sales")
    taken = pages.post("/rules/reload")
    board = board_of(live, desk)
    rows = pages.get("/rules").text
    live.config.write_text(before)
    assert pages.post("/rules/reload").status_code == 200

    assert refused.status_code == 409 and "Sails" in refused.text
    assert "The file was taken: rule.printers" in taken.text
    assert board == "Sales"
    assert re.search(r'printers</td><td[^>]*>board Sales</td><td[^>]*>\d+</td>', rows), rows
    assert "reload" in pages.get("/audit").text
